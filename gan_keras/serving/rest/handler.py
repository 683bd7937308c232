"""The REST API of TensorFlow Serving as a function of a request: it opens no socket and waits for none.

What is answered, in which order faults are found, and each text follow TensorFlow Serving's `http_server.cc`,
`http_rest_api_handler.cc` and the files that they use; `libevent/libevent: http.c` writes its pages in HTML.
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

from gan_keras.serving.errors import HTTP_STATUS, MAX_JSON_BYTES, Code, ServingError
from gan_keras.serving.rest.json_examples import read_examples
from gan_keras.serving.rest.json_in import read_inputs, read_object, signature_name
from gan_keras.serving.rest.json_out import to_bytes, write_classes, write_error, write_values

LOGGER = logging.getLogger(__name__)
METRICS_PATH = "/monitoring/prometheus/metrics"
DEFAULT_SIGNATURE = "serving_default"
_METHODS = ("GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH")
_JSON = [("Content-Type", "application/json")]
_PLAIN = [("Content-Type", "text/plain")]
_HTML = [("Content-Type", "text/html"), ("Connection", "close")]
_GZIP = 16 + zlib.MAX_WBITS


class Response(NamedTuple):
    """An answer: a number of HTTP, headers as pairs (the front adds the body's length), and the body's bytes."""

    status: int
    headers: list
    body: bytes


def rest(core, method, target, headers, body, max_body=MAX_JSON_BYTES):
    """Answers a request.

    Args:
        core: The `Core`.
        method: `GET`, `POST`, ...
        target: Of the request line, as it was sent.
        headers: Of the request; only its `get` is used, which has to find names in any case.
        body: Bytes.
        max_body: Most bytes of a body that comes compressed, once it is unpacked.

    Returns:
        A `Response`, whatever the request is and whatever goes wrong.
    """
    try:
        return _respond(core, method, target, headers, functools.partial(_unpacked, headers, body, max_body))
    except ServingError as error:
        return error_response(error)
    except Exception:  # a fault of the server: the client learns that, the log learns which
        LOGGER.exception("A request failed.")
        return error_response(ServingError(Code.INTERNAL, "Internal error."))


def error_response(error):
    """The `Response` to a request that ended with a `ServingError`."""
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
    if target.whole != METRICS_PATH:
        return Response(400, _PLAIN, f"Unexpected path: {target.whole}. Should be {METRICS_PATH}".encode())
    return Response(200, _PLAIN, core.metrics_text().encode())


def _unpacked(headers, body, max_body):
    """The body as the client meant it; like an empty one, as in TensorFlow Serving, if it says gzip and is not."""
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


def _classify(core, route, read_body):
    return write_classes(*_with_examples(core.classify, core, route, read_body))


def _regress(core, route, read_body):
    return write_values(_with_examples(core.regress, core, route, read_body))


def _with_examples(run, core, route, read_body):
    document = read_object(read_body())
    name, examples = signature_name(document), read_examples(document)
    return run(core.version(route.model, route.number, route.label), name, examples)


def _status(core, route, read_body):
    """Of all versions, also of those that a label does not mean."""
    _check_model(route)
    return write_statuses(core.statuses(route.model, route.number))


def _metadata(core, route, read_body):
    _check_model(route)
    return write_metadata(core.version(route.model, route.number, route.label))


def _check_model(route):
    if not route.model:
        raise ServingError(Code.INVALID_ARGUMENT, "Missing model name in request.")


_ACTIONS = {"predict": _predict, "classify": _classify, "regress": _regress, "status": _status, "metadata": _metadata}


# --- Answers to GET: the status of a model's versions, and the signatures of one version.
#
# Reference: `ToJsonString` of `http_rest_api_util.cc`, which prints protocol messages with their fields' own names.


def write_statuses(statuses):
    """The JSON of a list of `VersionState`, as bytes."""
    return _printed({"model_version_status": [_status_json(status) for status in statuses]})


def write_metadata(version):
    """The JSON of the signatures of a `Version`, those that TensorFlow adds for itself included, as bytes."""
    signatures = {name: _message(signature) for name, signature in version.signatures.items()}
    return _printed(
        {
            "model_spec": {"name": version.name, "signature_name": "", "version": str(version.number)},
            "metadata": {"signature_def": {"signature_def": signatures}},
        }
    )


def _status_json(status):
    error = {"error_code": status.code.name, "error_message": status.message}
    return {"version": str(status.number), "state": status.state, "status": error}


def _message(message):
    return json_format.MessageToDict(message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)


def _printed(value):
    return to_bytes(json.dumps(value, indent=1, ensure_ascii=False) + "\n")


# --- What the target of an HTTP request asks for: which model, which version, and what to do with it.
#
# Reference: `ParseModelInfo` of `http_rest_api_util.cc`, whose expressions ignore case, take a `?` as a character of a name, and
# find names before these are decoded; and `libevent/libevent: http.c` (version 2.1.12), which refuses a target that is no URI.

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
