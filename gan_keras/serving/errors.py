"""What a server says when it does not answer: a code of gRPC, a message, and the number of HTTP that goes with it."""

import enum


class Code(enum.IntEnum):
    """Codes of gRPC and of TensorFlow (`tsl/protobuf/error_codes.proto`)."""

    OK = 0
    CANCELLED = 1
    UNKNOWN = 2
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    ABORTED = 10
    OUT_OF_RANGE = 11
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    DATA_LOSS = 15
    UNAUTHENTICATED = 16


# `ToHTTPStatusCode` of tensorflow_serving/model_servers/http_server.cc
_HTTP = {
    200: [Code.OK],
    400: [Code.INVALID_ARGUMENT, Code.FAILED_PRECONDITION, Code.OUT_OF_RANGE],
    401: [Code.UNAUTHENTICATED],
    403: [Code.PERMISSION_DENIED],
    404: [Code.NOT_FOUND],
    409: [Code.ALREADY_EXISTS, Code.ABORTED],
    429: [Code.RESOURCE_EXHAUSTED],
    499: [Code.CANCELLED],
    500: [Code.UNKNOWN, Code.INTERNAL, Code.DATA_LOSS],
    501: [Code.UNIMPLEMENTED],
    503: [Code.UNAVAILABLE],
    504: [Code.DEADLINE_EXCEEDED],
}
HTTP_STATUS = {code: status for status, codes in _HTTP.items() for code in codes}


class ServingError(Exception):
    """An answer that is an error.

    Args:
        code: A `Code`.
        message: For the client: no path of this machine, no traceback.
    """

    def __init__(self, code, message):
        super().__init__(message)
        self.code, self.message = Code(code), message


# --- What one client may ask of a server, and how long it may take.

MAX_JSON_BYTES = 4 * 2**20
"""Of a request's body over HTTP, also after decompression: Python reads it, and all others wait for that."""

MAX_MESSAGE_BYTES = 16 * 2**20
"""Of a gRPC message."""

MAX_ROWS = 1024
"""Of one request to a signature whose rows are independent: more is split by the client."""

MAX_QUEUED = 1000
"""Requests that wait for a worker; the next one is told to come again later."""

MAX_CONNECTIONS = 500
"""Of HTTP at the same time."""

HEAD_SECONDS = 30.0
"""For a request's head to come, the wait for it on an open connection included."""

BODY_SECONDS = 30.0
"""For its body to come, and for the answer to be taken."""
