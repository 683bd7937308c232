"""What the target of an HTTP request asks for: which model, which version, and what to do with it.

Reference: `ParseModelInfo` of `http_rest_api_util.cc`, whose expressions ignore case, take a `?` as a character of a name, and
find names before these are decoded; and `libevent/libevent: http.c` (version 2.1.12), which refuses a target that is no URI.
"""

import re
import urllib.parse
from typing import NamedTuple

from gan_keras.serving.errors import Code, ServingError

_CHARACTERS = r"(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/{more}]|%[0-9A-Fa-f]{{2}})*"
_PATH, _QUERY = _CHARACTERS.format(more=""), _CHARACTERS.format(more="?")
_TARGET = re.compile(rf"(?:[A-Za-z][A-Za-z0-9+\-.]*:)?(?://[^/?#]*)?(?P<path>{_PATH})(?P<rest>(?:\?{_QUERY})?(?:#{_QUERY})?)")
_API = re.compile(r"/v1/.*", re.IGNORECASE)
_VERSION = r"(?:/versions/(?P<number>[0-9]+)|/labels/(?P<label>[^/:]+))?"
_ROUTES = {
    "POST": re.compile(rf"/v1/models/(?P<model>[^/:]+){_VERSION}:(?P<action>classify|regress|predict)", re.IGNORECASE),
    "GET": re.compile(rf"/v1/models(?:/(?P<model>[^/:]+))?{_VERSION}(?:/(?P<action>metadata))?", re.IGNORECASE),
}
_LARGEST_VERSION = 2**63 - 1


class Target(NamedTuple):
    """The target of a request without scheme and host: its path, and the same with query and fragment."""

    path: str
    whole: str

    def is_of_api(self):
        """Whether the REST API answers, if only to refuse."""
        return _API.fullmatch(self.whole) is not None


class Route(NamedTuple):
    """What a request asks for.

    Args:
        action: `predict`, `classify`, `regress`, `metadata` or `status`.
        model: A name, `""` if there is none.
        number: Of a version, or None.
        label: Of a version, or None.
    """

    action: str
    model: str
    number: int | None
    label: str | None


def read_target(text):
    """The `Target` of a request line; None if it is no URI."""
    match = _TARGET.fullmatch(text)
    return Target(match["path"], match["path"] + match["rest"]) if match else None


def find_route(method, target):
    """The `Route` of a request to the API.

    Args:
        method: Of HTTP.
        target: A `Target`.

    Raises:
        ServingError: INVALID_ARGUMENT if there is none.
    """
    match = _ROUTES[method].fullmatch(target.whole) if method in _ROUTES else None
    if match is None:
        raise _malformed(method, target)
    number, label = match["number"], match["label"]
    number = None if number is None else _version_number(number)
    action = match["action"]  # found without regard to case, but then compared with it
    if method == "GET":
        action = action if action == "metadata" else "status"
    elif action != action.lower():
        raise _malformed(method, target)
    return Route(action, _decoded(match["model"] or ""), number, None if label is None else _decoded(label))


def _version_number(digits):
    significant = digits.lstrip("0") or "0"
    if len(significant) > len(str(_LARGEST_VERSION)) or int(significant) > _LARGEST_VERSION:
        raise ServingError(Code.INVALID_ARGUMENT, f"Failed to convert version: {digits} to numeric.")
    return int(significant)


def _decoded(text):
    return urllib.parse.unquote(text, errors="replace")


def _malformed(method, target):
    return ServingError(Code.INVALID_ARGUMENT, f"Malformed request: {method} {target.whole}")
