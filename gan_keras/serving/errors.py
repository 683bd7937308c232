"""Errors of a server, their HTTP statuses, and the limits that requests have to keep."""

import enum


class Code(enum.IntEnum):
    """Status codes of gRPC and of TensorFlow (`tsl/protobuf/error_codes.proto`)."""

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
    """A server's refusal of a request.

    Args:
        code: A `Code`.
        message: Text for the client, without paths of the server's machine and without a traceback.
    """

    def __init__(self, code, message):
        super().__init__(message)
        self.code, self.message = Code(code), message


PREDICT_ONLY = "Classify, Regress and MultiInference are not implemented. Expected Predict, which runs every signature."
"""Message for the calls that read `tf.train.Example`s, which no exported signature does."""

MAX_HEAD_BYTES = 64 * 2**10
"""Maximum size of the head of an HTTP request, and of each line between its chunks."""

MAX_BODY_BYTES = 4 * 2**20
"""Maximum size of an HTTP body, also after decompression: Python parses it while other requests wait."""

MAX_LOCAL_BODY_BYTES = 64 * 2**20
"""The same for a server that only its own machine can reach."""

MAX_MESSAGE_BYTES = 16 * 2**20
"""Maximum size of a gRPC message."""

MAX_ROWS = 1024
"""Maximum number of rows per request to a signature with independent rows; clients split larger requests."""

MAX_QUEUED = 1000
"""Maximum number of requests that wait for a worker; more are refused with UNAVAILABLE."""

MAX_CONNECTIONS = 500
"""Maximum number of simultaneous HTTP connections."""

REQUEST_SECONDS = 30.0
"""Time limit for a request to arrive, including the time that a kept connection is idle, and for its answer to be read."""
