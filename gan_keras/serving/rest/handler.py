"""TensorFlow Serving's REST API as a function of a request, without sockets.

Addresses, methods, status codes and the order of checks follow TensorFlow Serving's `http_server.cc`,
`http_rest_api_handler.cc` and `http_rest_api_util.cc`.
"""

import json
import logging
import re
import urllib.parse
import zlib
from typing import NamedTuple

from google.protobuf import json_format

from gan_keras.serving.errors import HTTP_STATUS, MAX_BODY_BYTES, PREDICT_ONLY, Code, ServingError
from gan_keras.serving.playground.pages import page
from gan_keras.serving.rest.json_in import read_inputs, read_object, signature_name
from gan_keras.serving.rest.json_out import write_error
from gan_keras.serving.version import DEFAULT_SIGNATURE

LOGGER = logging.getLogger(__name__)
METRICS_PATH = "/monitoring/prometheus/metrics"
_GZIP = 16 + zlib.MAX_WBITS
_JSON, _PLAIN = {"Content-Type": "application/json"}, {"Content-Type": "text/plain"}

# As in TensorFlow Serving, the case of letters counts only in names and in the verb, a query is part of what is matched, and
# names are matched before they are decoded.
_VERSION = r"(?:/versions/(?P<number>[0-9]+)|/labels/(?P<label>[^/:]+))?"
_ROUTES = {
    "POST": re.compile(rf"(?i:/v1/models)/(?P<model>[^/:]+)(?i:{_VERSION}):(?P<action>classify|regress|predict)"),
    "GET": re.compile(rf"(?i:/v1/models(?:/(?P<model>[^/:]+))?{_VERSION})(?:/(?P<action>(?i:metadata)))?"),
}
_MAX_VERSION = 2**63 - 1


class Response(NamedTuple):
    """An answer: an HTTP status, headers as a dict (the front adds the body's length), and the body's bytes."""

    status: int
    headers: dict
    body: bytes


class Route(NamedTuple):
    """A request's operation (`predict`, `metadata`, ...), model (`""` if there is none), and version number or label, if any."""

    action: str
    model: str
    number: int | None
    label: str | None


def rest(core, method, target, headers, body, max_body=MAX_BODY_BYTES):
    """Answers a request.

    Args:
        core: The `Core`.
        method: `GET`, `POST`, ...
        target: Path and query, as sent.
        headers: The request's headers; only `get` is used, which must ignore case.
        body: Bytes.
        max_body: Maximum size of a compressed body after decompression.

    Returns:
        A `Response`, for any request and any error.
    """
    try:
        if method in ("GET", "HEAD") and (found := page(core, target)):
            return Response(200, {"Content-Type": found.content_type, **found.headers}, found.body)
        if target == METRICS_PATH:
            return Response(200, _PLAIN, core.metrics_text().encode())
        if method == "OPTIONS" and headers.get("Origin", "").startswith(("http://", "https://")):
            return Response(200, {}, b"")
        return Response(200, _JSON, _answer(core, find_route(method, target), headers, body, max_body))
    except ServingError as error:
        return Response(HTTP_STATUS[error.code], _JSON, write_error(error.message))
    except Exception:  # the client learns only that the server failed; the log has the details
        LOGGER.exception("A request failed.")
        return Response(500, _JSON, write_error("Internal error."))


def find_route(method, target):
    """Returns the `Route` of a request; raises `ServingError` NOT_FOUND or INVALID_ARGUMENT if there is none."""
    if not target.lower().startswith("/v1/"):
        code = Code.INVALID_ARGUMENT if target.startswith(METRICS_PATH) else Code.NOT_FOUND
        raise ServingError(code, f"There is nothing at {target}. Expected /v1/models/..., {METRICS_PATH} or /.")
    match = _ROUTES[method].fullmatch(target) if method in _ROUTES else None
    if match is None:
        raise ServingError(Code.INVALID_ARGUMENT, f"Malformed request: {method} {target}")
    model, number, label, action = (match[name] for name in ("model", "number", "label", "action"))
    if number is not None and (len(number.lstrip("0")) > len(str(_MAX_VERSION)) or int(number) > _MAX_VERSION):
        raise ServingError(Code.INVALID_ARGUMENT, f"Failed to convert version: {number} to numeric.")
    if method == "GET":
        action = "metadata" if action == "metadata" else "status"
        if not model:
            raise ServingError(Code.INVALID_ARGUMENT, "Missing model name in request.")
    return Route(action, _decoded(model), number and int(number), label and _decoded(label))


def _decoded(name):
    return urllib.parse.unquote(name, errors="replace")


def _answer(core, route, headers, body, max_body):
    """Returns the body of an answer of the API. A status reports all versions even if the request names a label."""
    match route.action:
        case "predict":
            return _predict(core, route, unpacked(headers, body, max_body))
        case "status":
            return write_statuses(core.statuses(route.model, route.number))
        case "metadata":
            return write_metadata(core.version(route.model, route.number, route.label))
    raise ServingError(Code.UNIMPLEMENTED, PREDICT_ONLY)


def unpacked(headers, body, max_body):
    """Returns the decompressed body; an empty one, as TensorFlow Serving does, if it claims to be gzip and is not."""
    if "gzip" not in headers.get("Content-Encoding", ""):
        return body
    unpacker = zlib.decompressobj(_GZIP)
    try:
        content = unpacker.decompress(body, max_body + 1)
    except zlib.error:
        return b""
    if len(content) > max_body:
        raise ServingError(Code.OUT_OF_RANGE, f"The unpacked body has over {max_body:,} bytes. Expected less.")
    return content if unpacker.eof and not unpacker.unused_data else b""


def _predict(core, route, body):
    document = read_object(body)
    name = signature_name(document)
    version = core.version(route.model, route.number, route.label)
    signature = version.signatures.get(name or DEFAULT_SIGNATURE)
    if signature is None:
        message = f'Serving signature name: "{name or DEFAULT_SIGNATURE}" not found in signature def'
        raise ServingError(Code.INVALID_ARGUMENT, message)
    if not signature.inputs:
        raise ServingError(Code.INVALID_ARGUMENT, f"Failed to get input map for signature: {name or 'DEFAULT'}")
    inputs, write = read_inputs(document, signature)
    return write(core.predict(version, name, inputs))


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
    return json.dumps({"model_version_status": entries}, indent=1).encode()


def write_metadata(version):
    """Returns the JSON of a `Version`'s signatures, including those that TensorFlow adds for itself, as bytes."""
    signatures = {
        name: json_format.MessageToDict(signature, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)
        for name, signature in version.signatures.items()
    }
    spec = {"name": version.name, "signature_name": "", "version": str(version.number)}
    metadata = {"signature_def": {"signature_def": signatures}}
    return json.dumps({"model_spec": spec, "metadata": metadata}, indent=1).encode()
