"""Client of `gan-keras serve` and TensorFlow Serving: raw values in, raw values out, over REST or gRPC."""

import math
import urllib.parse

import numpy as np

from gan_keras.serving.errors import Code, ServingError
from gan_keras.serving.http_client import RestTransport, Retries
from gan_keras.serving.raw_values import Metadata, raw_values, rows_of, seeds_from

BLOCK_ROWS, BLOCK_BYTES = 64, 4 * 2**20
"""Maximum number of rows per request, and of bytes of JSON in it and in its answer: more are sent in several requests, one after
another. A single row is sent whatever its size; `gan-keras serve` takes 4 MiB, and 64 MiB from its own machine."""

# Bytes of JSON at most: of a number, by the bytes of its dtype, with a comma and brackets of its own; around a text in base64;
# around the inputs.
_NUMBER_BYTES, _TEXT_BYTES, _FRAME_BYTES = {1: 18, 2: 18, 4: 18, 8: 28}, 20, 2**10

_NEUTRAL = {"prompt": "", "temperature": 1.0, "top_p": 1.0}  # values that change nothing
_REFUSED = (Code.INVALID_ARGUMENT, Code.FAILED_PRECONDITION, Code.NOT_FOUND)


class Client:
    """Calls the models of a server. Threads may share a client.

    It keeps its connections until `close` is called or its `with` block ends.

    Args:
        url: `http://HOST:PORT` or `https://HOST:PORT` for REST (TensorFlow Serving's port is 8501), `grpc://HOST:PORT`
            for gRPC (8500).
        models: Names of models for the method `models`; the API has no call to list them.
        timeout: Time limit in seconds for each request, including all of its attempts.
        retries: A `Retries`: how often, and after which pauses, a request is repeated that failed with
            `RESOURCE_EXHAUSTED` or `UNAVAILABLE`. Repeating is safe: a sample depends only on its seed.

    Raises:
        ValueError: If `url` has another form.
        ImportError: For `grpc://` if its packages are missing.

    Every method raises `ServingError` if the server does not answer or answers with an error, and `ValueError` for
    arguments that do not fit the signature, before it sends them. `version` is None for the newest version, a number, or
    a version's label such as "canary".
    """

    def __init__(self, url, models=(), timeout=30.0, retries=None):
        self._names, self._timeout, self._retries = tuple(models), timeout, retries or Retries()
        self._transport = _transport(url)
        self._known = {}

    def models(self):
        """Returns the available versions of the `models` that the client was created with.

        Returns:
            A dict: for each name a list of version numbers, newest first, empty if the server does not have the model.
        """
        if not self._names:
            raise ValueError('A server cannot list its models. Expected their names: Client(url, models=["text", "digits"]).')
        return {name: self._available(name) for name in self._names}

    def _available(self, name):
        try:
            return [each.number for each in self.status(name) if each.state == "AVAILABLE"]
        except ServingError as error:
            if error.code != Code.NOT_FOUND:
                raise
            return []

    def status(self, model):
        """Returns the `VersionState`s, `(number, state, code, message)`, of a model's versions, newest first."""
        return self._retries.call(lambda seconds: self._transport.status(model, seconds), self._timeout)

    def metadata(self, model, version=None):
        """Returns the `Metadata`, `(version, signatures)`, of a version.

        `signatures` is a dict by name of `SignatureInfo`, `(inputs, outputs)`: dicts by name of `TensorInfo`,
        `(dtype, shape)`, where None stands for any size.
        """
        target = (model, version)
        number, signatures = self._retries.call(lambda left: self._transport.metadata(target, left), self._timeout)
        found = Metadata(number, {name: info for name, info in signatures.items() if not name.startswith("__")})
        self._known[target] = found
        return found

    def generate(self, model, n=1, seed=0, signature=None, version=None, **choices):
        """Generates samples, each from its own seed.

        Args:
            model: The model's name.
            n: Number of samples, 1 or more.
            seed: Sample `i` is generated from `seed + i`.
            signature: None selects `serving_default`, or `generate` if there are choices; others are `guided`, `encoded`
                and `edit`.
            version: See the class.
            **choices: Further inputs of the signature, such as `prompt`, `temperature`, `top_p`, `label`, and for `edit`
                `direction` and `strength`: one value for all samples, or one per sample. None leaves a choice out; the
                first three may be left out.

        Returns:
            Text: a list of str. Images and other numbers: an array with one row per sample. `encoded`: a list of bytes,
            each a PNG or WAV file. If a signature has several outputs, a dict of these by name.
        """
        choices = {name: value for name, value in choices.items() if value is not None}
        signature = signature or ("generate" if choices else "serving_default")
        inputs = {"seed": seeds_from(n, seed), **choices}

        def rows(info):
            neutral = {name: value for name, value in _NEUTRAL.items() if name in info.inputs}
            return _rows(info, {**neutral, **inputs}, n)

        return self._call((model, version), signature, rows)

    def score(self, model, samples, version=None):
        """Returns the discriminator's logit of each raw sample, if the model was exported with `score`.

        Args:
            model: The model's name.
            samples: Text or arrays as returned by `generate`, 1 or more.
            version: See the class.

        Returns:
            Array `(len(samples),)`, float32; higher values are more like the training data.
        """
        return self._call((model, version), "score", lambda info: _rows(info, dict.fromkeys(info.inputs, samples)))

    def predict(self, model, inputs, signature="serving_default", version=None):
        """Returns the outputs of any signature, in the form that `generate` returns.

        Args:
            model: The model's name.
            inputs: Text, numbers or arrays by name, all with the same number of rows, 1 or more.
            signature: The signature's name, such as `latents` or `a_to_b`.
            version: See the class.
        """
        return self._call((model, version), signature, lambda info: _rows(info, inputs))

    def _call(self, target, signature, rows):
        """Sends `rows(info)`. If the server refuses it and the signature has changed, after a hot swap, sends it once more."""
        known = self._known.get(target) or self.metadata(*target)
        try:
            return self._send(target, signature, _signature_info(known, signature), rows)
        except (ServingError, ValueError) as error:
            if isinstance(error, ServingError) and error.code not in _REFUSED:
                raise
            fresh = self.metadata(*target)
            if fresh == known:
                raise
        return self._send(target, signature, _signature_info(fresh, signature), rows)

    def _send(self, target, signature, info, rows):
        inputs = rows(info)
        num_rows = len(next(iter(inputs.values())))
        blocks, size = [], max(1, min(BLOCK_ROWS, BLOCK_BYTES // _row_bytes(inputs, info)))
        for start in range(0, num_rows, size):
            block = {name: array[start : start + size] for name, array in inputs.items()}
            answer = self._retries.call(
                lambda left, block=block: self._transport.predict(target, signature, info, block, left), self._timeout
            )
            blocks.append(_check_rows(answer, min(size, num_rows - start)))
        outputs = {name: raw_values(name, np.concatenate([block[name] for block in blocks])) for name in info.outputs}
        return outputs if len(outputs) > 1 else next(iter(outputs.values()))

    def close(self):
        """Closes the connections."""
        self._transport.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def _transport(url):
    parts = urllib.parse.urlsplit(url)
    if parts.scheme in ("http", "https") and parts.hostname:
        return RestTransport(url)
    if parts.scheme == "grpc" and parts.hostname and not parts.path.strip("/"):
        from gan_keras.serving.grpc_client import GrpcTransport  # its packages are an extra

        return GrpcTransport(parts.netloc)
    raise ValueError(f"{url!r} is not a server's address. Expected http://HOST:PORT, https://HOST:PORT or grpc://HOST:PORT.")


def _signature_info(metadata, signature):
    try:
        return metadata.signatures[signature]
    except KeyError as error:
        found = ", ".join(sorted(metadata.signatures))
        message = f'Serving signature name: "{signature}" not found in signature def: version {metadata.version} has {found}.'
        raise ServingError(Code.INVALID_ARGUMENT, message) from error


def _rows(info, inputs, num_rows=None):
    if set(inputs) != set(info.inputs):
        read, got = (", ".join(sorted(names)) for names in (info.inputs, inputs))
        raise ValueError(f"Got {got}. Expected the inputs of the signature: {read}.")
    rows = {name: rows_of(name, value, info.inputs[name], num_rows) for name, value in inputs.items()}
    sizes = {name: len(array) for name, array in rows.items()}
    if len(set(sizes.values())) != 1 or 0 in sizes.values():
        raise ValueError(f"Got {sizes} rows. Expected at least one, and the same number for each input.")
    return rows


def _row_bytes(inputs, info):
    """Returns the bytes of JSON that a row's inputs and outputs have at most; axes of unknown size, and text, count once."""
    total = _FRAME_BYTES
    for array in inputs.values():
        if array.dtype == object:
            longest = max(map(len, array.reshape(-1)), default=0)
            total += array[0:1].size * (longest * 4 // 3 + _TEXT_BYTES)
        else:
            total += array[0:1].size * _NUMBER_BYTES[array.itemsize]
    for output in info.outputs.values():
        size = 1 if output.dtype == "string" else np.dtype(output.dtype).itemsize
        total += _NUMBER_BYTES[size] * math.prod(axis or 1 for axis in (output.shape or ())[1:])
    return total


def _check_rows(outputs, num_rows):
    for name, array in outputs.items():
        if array.ndim == 0 or len(array) != num_rows:
            raise ServingError(Code.INTERNAL, f"{name} has shape {array.shape} for {num_rows} rows. Expected one per row.")
    return outputs
