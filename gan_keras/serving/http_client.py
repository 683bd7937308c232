"""Requests over HTTP/1.1 connections that are kept and shared between threads."""

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

from gan_keras.serving.errors import HTTP_STATUS, Code, ServingError
from gan_keras.serving.raw_values import Metadata, SignatureInfo, TensorInfo, dtype_from, objects
from gan_keras.serving.version import VersionState

_CLOSED_MEANWHILE = (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError)
_KINDS = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}
_CHUNK = 1 << 16


class Answer(NamedTuple):
    """An HTTP response: its status, its headers (an `email.message.Message`) and its whole body."""

    status: int
    headers: object
    body: bytes


class Connections:
    """Connections to one server. A request takes an idle one or opens another, and gives it back.

    Args:
        url: `http://HOST:PORT` or `https://HOST:PORT`, with a path to put before each request's, if any.
    """

    def __init__(self, url):
        parts = urllib.parse.urlsplit(url)
        self.url, self._prefix, self._address = url, parts.path.rstrip("/"), (parts.hostname, parts.port)
        self._kind = _KINDS[parts.scheme]
        self._idle, self._lock = [], threading.Lock()

    def request(self, method, path, body, timeout):
        """Sends one request and returns its `Answer`, whatever the status is.

        Args:
            method: `GET` or `POST`.
            path: Quoted, with a slash first.
            body: Bytes of JSON, or None.
            timeout: Seconds until the last byte of the body.

        Raises:
            ServingError: `DEADLINE_EXCEEDED`; or, as `TryLater`, `UNAVAILABLE` if the connection is refused or lost.
        """
        deadline = time.monotonic() + timeout
        try:
            return self._on_any_connection(method, path, body, deadline)
        except TimeoutError as error:
            raise ServingError(Code.DEADLINE_EXCEEDED, f"{self.url} did not answer within {timeout:.3g} s.") from error
        except (OSError, http.client.HTTPException) as error:
            raise TryLater(Code.UNAVAILABLE, f"{self.url} cannot be reached: {error or type(error).__name__}.") from error

    def _on_any_connection(self, method, path, body, deadline):
        with self._lock:
            connection = self._idle.pop() if self._idle else None
        if connection:
            with contextlib.suppress(*_CLOSED_MEANWHILE):  # a server may close an idle connection at any time
                return self._on(connection, method, path, body, deadline)
        return self._on(self._kind(*self._address), method, path, body, deadline)

    def _on(self, connection, method, path, body, deadline):
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
    """Returns an `Answer`, and whether the connection can carry another request."""
    connection.timeout = _left(deadline)
    if connection.sock:
        connection.sock.settimeout(connection.timeout)
    connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
    socket = connection.sock
    response = connection.getresponse()
    chunks = []
    socket.settimeout(_left(deadline))
    while chunk := response.read1(_CHUNK):
        chunks.append(chunk)
        socket.settimeout(_left(deadline))
    response.close()
    body = b"".join(chunks)
    if response.length:
        raise http.client.IncompleteRead(body, response.length)
    return Answer(response.status, response.headers, body), not response.will_close


def _left(deadline):
    """Seconds until the deadline; raises `TimeoutError` when it has passed: a socket's own limit starts anew at each byte."""
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise TimeoutError
    return seconds


def seconds_to_wait(headers):
    """What `Retry-After` asks for, a number of seconds or a date; 0 if there is no such header or it makes no sense."""
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdecimal():
        return float(value)
    with contextlib.suppress(ValueError):
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    return 0.0


# --- A client's half of the REST API: arrays to JSON, and JSON to arrays of the dtypes that a signature tells.

# Where several codes share a status, the usual one stands for it.
_CODES = {status: code for code, status in HTTP_STATUS.items()}
_CODES |= {400: Code.INVALID_ARGUMENT, 409: Code.ABORTED, 500: Code.INTERNAL}
_LATER = (429, 503)


class RestTransport:
    """Predict, metadata and status over REST.

    Args:
        url: `http://HOST:PORT` or `https://HOST:PORT`.
    """

    def __init__(self, url):
        self._connections = Connections(url)
        self.close = self._connections.close

    def predict(self, target, signature, info, inputs, timeout):
        """The outputs of one batch.

        Args:
            target: A pair: the model's name, and None for its newest version, a number, or a version's label.
            signature: Its name.
            info: Its `SignatureInfo`.
            inputs: Arrays by name.
            timeout: Seconds.

        Returns:
            A dict of arrays by name.
        """
        columns = {name: _to_json(array) for name, array in inputs.items()}
        body = json.dumps({"signature_name": signature, "inputs": columns}).encode()
        answer = self._ask("POST", f"{_path(*target)}:predict", body, timeout)
        with _understood():
            outputs = answer["outputs"]
            values = [outputs] if len(info.outputs) == 1 else [outputs[name] for name in info.outputs]
            return {name: _from_json(value, info.outputs[name].dtype) for name, value in zip(info.outputs, values, strict=True)}

    def metadata(self, target, timeout):
        """The `Metadata` of a version."""
        answer = self._ask("GET", f"{_path(*target)}/metadata", None, timeout)
        with _understood():
            signatures = answer["metadata"]["signature_def"]["signature_def"]
            described = {
                name: SignatureInfo(_infos(each["inputs"]), _infos(each["outputs"])) for name, each in signatures.items()
            }
            return Metadata(int(answer["model_spec"]["version"]), described)

    def status(self, model, timeout):
        """A list of `VersionState` of a model, the newest first."""
        answer = self._ask("GET", _path(model, None), None, timeout)
        with _understood():
            return [_state(each["version"], each["state"], each["status"]) for each in answer["model_version_status"]]

    def _ask(self, method, path, body, timeout):
        answer = self._connections.request(method, path, body, timeout)
        if answer.status != 200:
            raise _error(answer)
        with _understood():
            return json.loads(answer.body.decode(errors="replace"))


@contextlib.contextmanager
def _understood():
    """Within it, what is missing from an answer or of another form is the server's mistake."""
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ServingError(Code.INTERNAL, f"The answer is not of TensorFlow Serving's REST API: {error!r}.") from error


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
    if answer.status in _LATER:
        return TryLater(code, message, seconds_to_wait(answer.headers))
    return ServingError(code, message)


def _infos(tensors):
    return {name: TensorInfo(dtype_from(each["dtype"]), _shape(each["tensor_shape"])) for name, each in tensors.items()}


def _shape(proto):
    if proto["unknown_rank"]:
        return None
    return tuple(None if int(each["size"]) < 0 else int(each["size"]) for each in proto["dim"])


def _state(version, state, status):
    return VersionState(int(version), state, Code[status["error_code"]], status["error_message"])


def _to_json(array):
    """Nested lists. Texts travel as base64, which holds any bytes."""
    if array.dtype != object:
        return array.tolist()
    wrapped = [{"b64": base64.b64encode(value).decode()} for value in array.reshape(-1)]
    return objects(wrapped, array.shape).tolist()


def _from_json(value, dtype):
    """An array. A double that is read from the digits of a float32 becomes that float32 again."""
    if dtype != "string":
        return np.array(value, dtype=dtype)
    array = np.array(value, dtype=object)
    return objects([_bytes(each) for each in array.reshape(-1)], array.shape)


def _bytes(value):
    return value.encode() if isinstance(value, str) else base64.b64decode(value["b64"], validate=True)


# --- Asking again: a server that is full or away may answer in a moment.


class TryLater(ServingError):
    """A refusal that may soon be over, `RESOURCE_EXHAUSTED` or `UNAVAILABLE`.

    Args:
        code: A `Code`.
        message: The server's words.
        seconds: What the server asks to wait at least, 0 or more.
    """

    def __init__(self, code, message, seconds=0.0):
        super().__init__(code, message)
        self.seconds = seconds


@dataclasses.dataclass(frozen=True)
class Retries:
    """Exponential back-off with full jitter: clients that were refused together do not come back together.

    Args:
        attempts: How often to ask in all, 1 or more.
        first: Seconds that the first pause lasts at most; each further one may last twice as long.
        most: Seconds that no pause exceeds, unless the server asks for more.
    """

    attempts: int = 6
    first: float = 0.1
    most: float = 5.0

    def __post_init__(self):
        if self.attempts < 1 or self.first < 0 or self.most < 0:
            raise ValueError(f"{self}. Expected one attempt at least, and pauses of 0 seconds or more.")

    def call(self, request, timeout):
        """Returns `request(seconds_left)`, asked again after each `TryLater` as far as attempts and time allow.

        Args:
            request: A function of the seconds that are left to it.
            timeout: Seconds for all attempts and the pauses between them.

        Raises:
            ServingError: The last refusal, or what else `request` raises.
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
        """Seconds to wait after a number of attempts, drawn anew each time."""
        return random.uniform(0.0, min(self.most, self.first * 2 ** (attempt - 1)))
