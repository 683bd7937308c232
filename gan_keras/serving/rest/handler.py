"""The REST API of TensorFlow Serving as a function of a request: it opens no socket and waits for none.

What is answered, in which order faults are found, and each text follow TensorFlow Serving's `http_server.cc`,
`http_rest_api_handler.cc` and the files that they use; `libevent/libevent: http.c` writes its pages in HTML.
"""

import functools
import logging
import re
import zlib
from http import HTTPStatus
from typing import NamedTuple

from gan_keras.serving.errors import HTTP_STATUS, Code, ServingError
from gan_keras.serving.limits import MAX_JSON_BYTES
from gan_keras.serving.rest.json_answers import write_classes, write_error, write_values
from gan_keras.serving.rest.json_examples import read_examples
from gan_keras.serving.rest.json_reader import read_object
from gan_keras.serving.rest.json_tensors import read_inputs, signature_name
from gan_keras.serving.rest.metadata_json import write_metadata, write_statuses
from gan_keras.serving.rest.paths import find_route, read_target

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
