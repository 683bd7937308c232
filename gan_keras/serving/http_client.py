"""REST transport of the client: retries, arrays to JSON and back.

JSON has fewer types than the API: the arrays of an answer get their dtypes from the signature.
"""

import base64
import contextlib
import dataclasses
import json
import random
import time
import urllib.parse

import numpy as np
import urllib3

from gan_keras.export.loader import objects
from gan_keras.serving.errors import HTTP_STATUS, Code, ServingError
from gan_keras.serving.json_bytes import to_bytes
from gan_keras.serving.raw_values import Metadata, SignatureInfo, TensorInfo, VersionState, dtype_from

_CHUNK = 1 << 16
_CODES = {status: code for code, status in HTTP_STATUS.items()}
# The usual one of several codes.
_CODES |= {400: Code.INVALID_ARGUMENT, 409: Code.ABORTED, 413: Code.OUT_OF_RANGE, 500: Code.INTERNAL}
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


class RestTransport:
    """Predict, metadata and status over REST, from a server at `http://HOST:PORT` or `https://HOST:PORT`."""

    def __init__(self, url):
        self._url, self._prefix = url, urllib.parse.urlsplit(url).path.rstrip("/")
        self._pool = urllib3.connection_from_url(url, maxsize=64, retries=False)  # idle connections kept for threads
        self.close = self._pool.close

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
        body = to_bytes({"signature_name": signature, "inputs": columns})
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
        deadline = time.monotonic() + timeout
        headers = {"Content-Type": "application/json"} if body else {}
        options = {"timeout": max(timeout, 1e-3), "redirect": False, "preload_content": False}
        try:
            response = self._pool.urlopen(method, self._prefix + path, body, headers, **options)
            chunks = []
            while chunk := response.read1(_CHUNK):
                chunks.append(chunk)
                if time.monotonic() > deadline:  # urllib3's limit restarts at each byte
                    response.close()
                    raise urllib3.exceptions.TimeoutError
            response.release_conn()
        except urllib3.exceptions.NewConnectionError as error:
            raise TryLater(Code.UNAVAILABLE, f"{self._url} cannot be reached: {error}.") from error
        except urllib3.exceptions.TimeoutError as error:
            raise ServingError(Code.DEADLINE_EXCEEDED, f"{self._url} did not answer within {timeout:.3g} s.") from error
        except urllib3.exceptions.HTTPError as error:
            raise TryLater(Code.UNAVAILABLE, f"{self._url} cannot be reached: {error or type(error).__name__}.") from error
        text = b"".join(chunks).decode(errors="replace")
        if response.status != 200:
            raise _error(response.status, response.headers, text)
        with _checking_answer():
            return json.loads(text)


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


def _error(status, headers, text):
    try:
        message = json.loads(text)["error"]
    except (KeyError, TypeError, ValueError):  # a proxy's page, for instance
        message = f"HTTP status {status}: {text[:200]}"
    code = _CODES.get(status, Code.UNKNOWN)
    if status not in _RETRIED:
        return ServingError(code, message)
    pause = 0.0
    with contextlib.suppress(urllib3.exceptions.InvalidHeader):
        pause = urllib3.Retry().parse_retry_after(headers.get("Retry-After", "0"))
    return TryLater(code, message, pause)


def _infos(tensors):
    return {name: TensorInfo(dtype_from(each["dtype"]), _shape(each["tensor_shape"])) for name, each in tensors.items()}


def _shape(proto):
    if proto["unknown_rank"]:
        return None
    return tuple(None if int(each["size"]) < 0 else int(each["size"]) for each in proto["dim"])


def _to_json(array):
    """Returns numbers as they are. Strings become base64, which can hold any bytes, in nested lists."""
    if array.dtype != object:
        return array
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
