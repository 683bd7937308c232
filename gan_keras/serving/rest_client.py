"""A client's half of the REST API: arrays to JSON, and JSON to arrays of the dtypes that a signature tells."""

import base64
import contextlib
import json
import urllib.parse

import numpy as np

from gan_keras.serving.errors import HTTP_STATUS, Code, ServingError
from gan_keras.serving.http_connections import Connections, seconds_to_wait
from gan_keras.serving.raw_values import Metadata, SignatureInfo, TensorInfo, dtype_from, objects
from gan_keras.serving.retries import TryLater
from gan_keras.serving.version_state import VersionState

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
