"""REST transport of the client: retries, kept HTTP/1.1 connections, arrays to JSON and back.

JSON has fewer types than the API: the arrays of an answer get their dtypes from the signature.
"""

import base64
import contextlib
import dataclasses
import email.utils
import http.client
import json
import random
import threading
import time
import urllib.parse
from typing import NamedTuple

import numpy as np

from gan_keras.export.loader import objects
from gan_keras.serving.errors import HTTP_STATUS, Code, ServingError
from gan_keras.serving.raw_values import Metadata, SignatureInfo, TensorInfo, VersionState, dtype_from

_CLOSED_MEANWHILE = (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError)
_KINDS = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}
_CHUNK = 1 << 16
_CODES = {status: code for code, status in HTTP_STATUS.items()}
_CODES |= {400: Code.INVALID_ARGUMENT, 409: Code.ABORTED, 500: Code.INTERNAL}  # the usual one of several codes
_RETRIED = (429, 503)


class TryLater(ServingError):
    """A refusal that may be temporary: `RESOURCE_EXHAUSTED` or `UNAVAILABLE`.

    Args:
        code: A `Code`.
        message: The server's message.
        seconds: Minimum pause that the server requests, 0 or more.
    """

    def __init__(self, code, message, seconds=0.0):
        super().__init__(code, message)
        self.seconds = seconds


@dataclasses.dataclass(frozen=True)
class Retries:
    """Exponential back-off with full jitter, so that clients that were refused together do not retry together.

    Args:
        attempts: Maximum number of attempts, 1 or more.
        first: Upper limit of the first pause in seconds; it doubles for each further pause.
        most: Upper limit of all pauses in seconds, unless the server requests more.
    """

    attempts: int = 6
    first: float = 0.1
    most: float = 5.0

    def __post_init__(self):
        if self.attempts < 1 or self.first < 0 or self.most < 0:
            raise ValueError(f"{self}. Expected at least one attempt and pauses of 0 seconds or more.")

    def call(self, request, timeout):
        """Returns `request(seconds_left)`, repeated after each `TryLater` while attempts and time are left.

        Args:
            request: A function of the seconds that are left.
            timeout: Time limit in seconds for all attempts and pauses.

        Raises:
            ServingError: The last refusal, or any other error of `request`.
        """
        deadline = time.monotonic() + timeout
        attempt = 0
        while True:
            attempt += 1
            try:
                return request(deadline - time.monotonic())
            except TryLater as refusal:
                pause = max(refusal.seconds, self.pause(attempt))
                if attempt == self.attempts or time.monotonic() + pause >= deadline:
                    raise
            time.sleep(pause)

    def pause(self, attempt):
        """Draws the seconds to wait after a number of attempts."""
        return random.uniform(0.0, min(self.most, self.first * 2 ** (attempt - 1)))


class Answer(NamedTuple):
    """An HTTP response: its status, its headers (an `email.message.Message`) and its whole body."""

    status: int
    headers: object
    body: bytes


class Connections:
    """Kept connections to one server. A request takes an idle one, or opens another, and returns it.

    Args:
        url: `http://HOST:PORT` or `https://HOST:PORT`, optionally with a path that precedes each request's path.
    """

    def __init__(self, url):
        parts = urllib.parse.urlsplit(url)
        self.url, self._prefix, self._address = url, parts.path.rstrip("/"), (parts.hostname, parts.port)
        self._kind = _KINDS[parts.scheme]
        self._idle, self._lock = [], threading.Lock()

    def request(self, method, path, body, timeout):
        """Sends a request and returns its `Answer`, whatever its status.

        Args:
            method: `GET` or `POST`.
            path: Quoted, with a leading slash.
            body: Bytes of JSON, or None.
            timeout: Time limit in seconds until the last byte of the body.

        Raises:
            ServingError: `DEADLINE_EXCEEDED`; or, as `TryLater`, `UNAVAILABLE` if the connection is refused or lost.
        """
        deadline = time.monotonic() + timeout
        try:
            return self._send(method, path, body, deadline)
        except TimeoutError as error:
            raise ServingError(Code.DEADLINE_EXCEEDED, f"{self.url} did not answer within {timeout:.3g} s.") from error
        except (OSError, http.client.HTTPException) as error:
            raise TryLater(Code.UNAVAILABLE, f"{self.url} cannot be reached: {error or type(error).__name__}.") from error

    def _send(self, method, path, body, deadline):
        with self._lock:
            connection = self._idle.pop() if self._idle else None
        if connection:
            with contextlib.suppress(*_CLOSED_MEANWHILE):  # a server may close an idle connection at any time
                return self._send_on(connection, method, path, body, deadline)
        return self._send_on(self._kind(*self._address), method, path, body, deadline)

    def _send_on(self, connection, method, path, body, deadline):
        kept = False
        try:
            answer, kept = _exchange(connection, method, self._prefix + path, body, deadline)
        finally:
            if not kept:
                connection.close()
        with self._lock:
            self._idle += [connection] * kept
        return answer

    def close(self):
        """Closes the idle connections."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()


def _exchange(connection, method, path, body, deadline):
    """Returns an `Answer`, and True if the connection can be reused."""
    connection.timeout = _seconds_left(deadline)
    if connection.sock:
        connection.sock.settimeout(connection.timeout)
    connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
    socket = connection.sock
    response = connection.getresponse()
    chunks = []
    socket.settimeout(_seconds_left(deadline))
    while chunk := response.read1(_CHUNK):
        chunks.append(chunk)
        socket.settimeout(_seconds_left(deadline))
    response.close()
    body = b"".join(chunks)
    if response.length:
        raise http.client.IncompleteRead(body, response.length)
    return Answer(response.status, response.headers, body), not response.will_close


def _seconds_left(deadline):
    """Returns the seconds until a deadline; raises `TimeoutError` after it. A socket's own limit restarts at each byte."""
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise TimeoutError
    return seconds


def seconds_to_wait(headers):
    """Returns the pause that `Retry-After` requests in seconds; 0 if the header is missing or invalid."""
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdecimal():
        return float(value)
    with contextlib.suppress(ValueError):
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    return 0.0


class RestTransport:
    """Predict, metadata and status over REST, from a server at `http://HOST:PORT` or `https://HOST:PORT`."""

    def __init__(self, url):
        self._connections = Connections(url)
        self.close = self._connections.close

    def predict(self, target, signature, info, inputs, timeout):
        """Returns the outputs of one batch.

        Args:
            target: A pair: the model's name, and None for its newest version, a number, or a version's label.
            signature: The signature's name.
            info: Its `SignatureInfo`.
            inputs: Arrays by name.
            timeout: Time limit in seconds.

        Returns:
            A dict of arrays by name.
        """
        columns = {name: _to_json(array) for name, array in inputs.items()}
        body = json.dumps({"signature_name": signature, "inputs": columns}).encode()
        answer = self._ask("POST", f"{_path(*target)}:predict", body, timeout)
        with _checking_answer():
            outputs = answer["outputs"]
            values = [outputs] if len(info.outputs) == 1 else [outputs[name] for name in info.outputs]
            return {name: _from_json(value, info.outputs[name].dtype) for name, value in zip(info.outputs, values, strict=True)}

    def metadata(self, target, timeout):
        """Returns the `Metadata` of a version."""
        answer = self._ask("GET", f"{_path(*target)}/metadata", None, timeout)
        with _checking_answer():
            signatures = answer["metadata"]["signature_def"]["signature_def"]
            described = {
                name: SignatureInfo(_infos(each["inputs"]), _infos(each["outputs"])) for name, each in signatures.items()
            }
            return Metadata(int(answer["model_spec"]["version"]), described)

    def status(self, model, timeout):
        """Returns a list of a model's `VersionState`s, newest first."""
        answer = self._ask("GET", _path(model, None), None, timeout)
        with _checking_answer():
            entries = [(int(each["version"]), each["state"], each["status"]) for each in answer["model_version_status"]]
            return [VersionState(*entry, Code[status["error_code"]], status["error_message"]) for *entry, status in entries]

    def _ask(self, method, path, body, timeout):
        answer = self._connections.request(method, path, body, timeout)
        if answer.status != 200:
            raise _error(answer)
        with _checking_answer():
            return json.loads(answer.body.decode(errors="replace"))


@contextlib.contextmanager
def _checking_answer():
    """Turns errors in reading an answer into a `ServingError`: a missing or malformed part is the server's fault."""
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ServingError(Code.INTERNAL, f"The answer does not follow TensorFlow Serving's REST API: {error!r}.") from error


def _path(model, version):
    place = f"/v1/models/{urllib.parse.quote(model, safe='')}"
    if version is None:
        return place
    kind = "labels" if isinstance(version, str) else "versions"
    return f"{place}/{kind}/{urllib.parse.quote(str(version), safe='')}"


def _error(answer):
    text = answer.body.decode(errors="replace")
    try:
        message = json.loads(text)["error"]
    except (KeyError, TypeError, ValueError):  # a proxy's page, for instance
        message = f"HTTP status {answer.status}: {text[:200]}"
    code = _CODES.get(answer.status, Code.UNKNOWN)
    if answer.status in _RETRIED:
        return TryLater(code, message, seconds_to_wait(answer.headers))
    return ServingError(code, message)


def _infos(tensors):
    return {name: TensorInfo(dtype_from(each["dtype"]), _shape(each["tensor_shape"])) for name, each in tensors.items()}


def _shape(proto):
    if proto["unknown_rank"]:
        return None
    return tuple(None if int(each["size"]) < 0 else int(each["size"]) for each in proto["dim"])


def _to_json(array):
    """Converts an array to nested lists. Strings become base64, which can hold any bytes."""
    if array.dtype != object:
        return array.tolist()
    wrapped = [{"b64": base64.b64encode(value).decode()} for value in array.reshape(-1)]
    return objects(wrapped, array.shape).tolist()


def _from_json(value, dtype):
    """Converts JSON to an array. The digits of a float32, read as a double, give the same float32 again."""
    if dtype != "string":
        return np.array(value, dtype=dtype)
    array = np.array(value, dtype=object)
    return objects([_bytes(each) for each in array.reshape(-1)], array.shape)


def _bytes(value):
    return value.encode() if isinstance(value, str) else base64.b64decode(value["b64"], validate=True)
