"""TensorFlow Serving's REST API as a function of a request, without sockets.

Answers, the order of checks and all messages follow TensorFlow Serving's `http_server.cc`, `http_rest_api_handler.cc`,
`http_rest_api_util.cc` and the files that they use. `libevent/libevent: http.c` writes its HTML pages.
"""

import functools
import json
import logging
import re
import urllib.parse
import zlib
from http import HTTPStatus
from typing import NamedTuple

from google.protobuf import json_format

from gan_keras.serving.errors import HTTP_STATUS, MAX_JSON_BYTES, PREDICT_ONLY, Code, ServingError
from gan_keras.serving.rest.json_in import read_inputs, read_object, signature_name
from gan_keras.serving.rest.json_out import to_bytes, write_error
from gan_keras.serving.version import DEFAULT_SIGNATURE

LOGGER = logging.getLogger(__name__)
METRICS_PATH = "/monitoring/prometheus/metrics"
_METHODS = ("GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH")
_JSON = [("Content-Type", "application/json")]
_PLAIN = [("Content-Type", "text/plain")]
_HTML = [("Content-Type", "text/html"), ("Connection", "close")]
_GZIP = 16 + zlib.MAX_WBITS


class Response(NamedTuple):
    """An answer: an HTTP status, headers as pairs (the front adds the body's length), and the body's bytes."""

    status: int
    headers: list
    body: bytes


def rest(core, method, target, headers, body, max_body=MAX_JSON_BYTES):
    """Answers a request.

    Args:
        core: The `Core`.
        method: `GET`, `POST`, ...
        target: The target in the request line, as sent.
        headers: The request's headers; only `get` is used, which must ignore case.
        body: Bytes.
        max_body: Maximum size of a compressed body after decompression.

    Returns:
        A `Response`, for any request and any error.
    """
    try:
        return _respond(core, method, target, headers, functools.partial(_unpacked, headers, body, max_body))
    except ServingError as error:
        return error_response(error)
    except Exception:  # the client learns only that the server failed; the log has the details
        LOGGER.exception("A request failed.")
        return error_response(ServingError(Code.INTERNAL, "Internal error."))


def error_response(error):
    """Returns the `Response` for a `ServingError`."""
    return Response(HTTP_STATUS[error.code], _JSON, write_error(error.message))


def _respond(core, method, target, headers, read_body):
    if method not in _METHODS:
        return _page(HTTPStatus.NOT_IMPLEMENTED)
    target = read_target(target)
    if target is None:
        return _page(HTTPStatus.BAD_REQUEST)
    if target.path == METRICS_PATH:
        return _metrics(core, target)
    if not target.is_of_api():
        return _page(HTTPStatus.NOT_FOUND)
    if method == "OPTIONS":
        return Response(200 if re.search("https?://", headers.get("Origin") or "") else 400, [], b"")
    route = find_route(method, target)
    return Response(200, _JSON, _ACTIONS[route.action](core, route, read_body))


def _page(status):
    reason = status.phrase
    html = f"<HTML><HEAD>\n<TITLE>{status.value} {reason}</TITLE>\n</HEAD><BODY>\n<H1>{reason}</H1>\n</BODY></HTML>\n"
    return Response(status.value, _HTML, html.encode())


def _metrics(core, target):
    if target.full_path != METRICS_PATH:
        return Response(400, _PLAIN, f"Unexpected path: {target.full_path}. Should be {METRICS_PATH}".encode())
    return Response(200, _PLAIN, core.metrics_text().encode())


def _unpacked(headers, body, max_body):
    """Returns the decompressed body; an empty one, as TensorFlow Serving does, if it claims to be gzip and is not."""
    if "gzip" not in (headers.get("Content-Encoding") or ""):
        return body
    unpacker = zlib.decompressobj(_GZIP)
    try:
        unpacked = unpacker.decompress(body, max_body + 1)
    except zlib.error:
        return b""
    if len(unpacked) > max_body:
        raise ServingError(Code.OUT_OF_RANGE, f"The unpacked body has over {max_body:,} bytes. Expected less.")
    return unpacked if unpacker.eof and not unpacker.unused_data else b""


def _predict(core, route, read_body):
    document = read_object(read_body())
    name = signature_name(document)
    version = core.version(route.model, route.number, route.label)
    inputs, write = read_inputs(document, _signature(version, name))
    return write(core.predict(version, name, inputs))


def _signature(version, name):
    found = version.signatures.get(name or DEFAULT_SIGNATURE)
    if found is None:
        message = f'Serving signature name: "{name or DEFAULT_SIGNATURE}" not found in signature def'
        raise ServingError(Code.INVALID_ARGUMENT, message)
    if not found.inputs:
        raise ServingError(Code.INVALID_ARGUMENT, f"Failed to get input map for signature: {name or 'DEFAULT'}")
    return found


def _not_implemented(core, route, read_body):
    raise ServingError(Code.UNIMPLEMENTED, PREDICT_ONLY)


def _status(core, route, read_body):
    """Reports all versions even if the request names a label."""
    _check_model(route)
    return write_statuses(core.statuses(route.model, route.number))


def _metadata(core, route, read_body):
    _check_model(route)
    return write_metadata(core.version(route.model, route.number, route.label))


def _check_model(route):
    if not route.model:
        raise ServingError(Code.INVALID_ARGUMENT, "Missing model name in request.")


_ACTIONS = {"predict": _predict, "status": _status, "metadata": _metadata}
_ACTIONS |= {"classify": _not_implemented, "regress": _not_implemented}


def write_statuses(statuses):
    """Returns the JSON of a list of `VersionState`, as bytes."""
    entries = [
        {
            "version": str(status.number),
            "state": status.state,
            "status": {"error_code": status.code.name, "error_message": status.message},
        }
        for status in statuses
    ]
    return _printed({"model_version_status": entries})


def write_metadata(version):
    """Returns the JSON of a `Version`'s signatures, including those that TensorFlow adds for itself, as bytes."""
    signatures = {
        name: json_format.MessageToDict(signature, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)
        for name, signature in version.signatures.items()
    }
    return _printed(
        {
            "model_spec": {"name": version.name, "signature_name": "", "version": str(version.number)},
            "metadata": {"signature_def": {"signature_def": signatures}},
        }
    )


def _printed(value):
    return to_bytes(json.dumps(value, indent=1, ensure_ascii=False) + "\n")


# Routes follow `ParseModelInfo` of `http_rest_api_util.cc`, whose expressions ignore case, accept `?` as a character of a name
# and match names before they are decoded. `libevent/libevent: http.c` (version 2.1.12) refuses a target that is not a URI.
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
    """The target of a request without scheme and host: its path, and the path with query and fragment."""

    path: str
    full_path: str

    def is_of_api(self):
        """Returns True if the REST API answers this target, possibly with an error."""
        return _API.fullmatch(self.full_path) is not None


class Route(NamedTuple):
    """A request's operation (`predict`, `metadata`, ...), model (`""` if there is none), and version number or label, if any."""

    action: str
    model: str
    number: int | None
    label: str | None


def read_target(text):
    """Parses the target of a request line into a `Target`; None if it is not a URI."""
    match = _TARGET.fullmatch(text)
    return Target(match["path"], match["path"] + match["rest"]) if match else None


def find_route(method, target):
    """Returns the `Route` of a request to the API; raises `ServingError` INVALID_ARGUMENT if there is none."""
    match = _ROUTES[method].fullmatch(target.full_path) if method in _ROUTES else None
    if match is None:
        raise _malformed(method, target)
    number, label = match["number"], match["label"]
    number = None if number is None else _version_number(number)
    action = match["action"]  # matched without regard to case, but compared with it
    if method == "GET":
        action = action if action == "metadata" else "status"
    elif action != action.lower():
        raise _malformed(method, target)
    decode = functools.partial(urllib.parse.unquote, errors="replace")
    return Route(action, decode(match["model"] or ""), number, None if label is None else decode(label))


def _version_number(digits):
    significant = digits.lstrip("0") or "0"
    if len(significant) > len(str(_LARGEST_VERSION)) or int(significant) > _LARGEST_VERSION:
        raise ServingError(Code.INVALID_ARGUMENT, f"Failed to convert version: {digits} to numeric.")
    return int(significant)


def _malformed(method, target):
    return ServingError(Code.INVALID_ARGUMENT, f"Malformed request: {method} {target.full_path}")
