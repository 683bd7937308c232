"""A client of `gan-keras serve` and of TensorFlow Serving: raw values in, raw values out, over REST or gRPC."""

import urllib.parse

import numpy as np

from gan_keras.serving.errors import Code, ServingError
from gan_keras.serving.http_client import RestTransport, Retries
from gan_keras.serving.raw_values import Metadata, raw_values, rows_of, seeds_from

MOST_ROWS = 64
"""The rows of one request: more travel in several, one after the other."""

_NEUTRAL = {"prompt": "", "temperature": 1.0, "top_p": 1.0}  # what `generate` takes where a choice is left out
_REFUSED = (Code.INVALID_ARGUMENT, Code.FAILED_PRECONDITION, Code.NOT_FOUND)


class Client:
    """Calls the models of a server. Threads may share it; it keeps its connections until `close`, or the end of a `with`.

    Args:
        url: `http://HOST:PORT` or `https://HOST:PORT` for REST (TensorFlow Serving's port is 8501), `grpc://HOST:PORT`
            for gRPC (8500).
        models: Names of models, for `models`: the API has no call that tells them.
        timeout: Seconds for each request with all of its attempts.
        retries: A `Retries`: how often, and after which pauses, what failed with `RESOURCE_EXHAUSTED` or `UNAVAILABLE`
            is asked again. Asking again is safe: a sample follows from its seed.

    Raises:
        ValueError: If `url` is of another form.
        ImportError: For `grpc://` where the packages for it are missing.

    Each method raises `ServingError` when the server does not answer or answers with an error, and `ValueError` for
    arguments that do not fit the signature, before they are sent. `version` is None for the newest, a number, or a
    version's label such as "canary".
    """

    def __init__(self, url, models=(), timeout=30.0, retries=None):
        self._names, self._timeout, self._retries = tuple(models), timeout, retries or Retries()
        self._transport = _transport(url)
        self._known = {}

    def models(self):
        """The versions that are available of each of the `models` that the client was made with.

        Returns:
            A dict: for each name a list of numbers, the newest first, empty where the server does not have the model.
        """
        if not self._names:
            raise ValueError('No server tells its models. Expected their names: Client(url, models=["text", "digits"]).')
        return {name: self._available(name) for name in self._names}

    def _available(self, name):
        try:
            return [each.number for each in self.status(name) if each.state == "AVAILABLE"]
        except ServingError as error:
            if error.code != Code.NOT_FOUND:
                raise
            return []

    def status(self, model):
        """A list of `VersionState`, `(number, state, code, message)`, of the versions of a model, the newest first."""
        return self._retries.call(lambda seconds: self._transport.status(model, seconds), self._timeout)

    def metadata(self, model, version=None):
        """The `Metadata`, `(version, signatures)`, of a version: what it can be asked for.

        `signatures` is a dict by name of `SignatureInfo`, `(inputs, outputs)`: dicts by name of `TensorInfo`,
        `(dtype, shape)`, in which None stands for any size.
        """
        target = (model, version)
        number, signatures = self._retries.call(lambda left: self._transport.metadata(target, left), self._timeout)
        found = Metadata(number, {name: info for name, info in signatures.items() if not name.startswith("__")})
        self._known[target] = found
        return found

    def generate(self, model, n=1, seed=0, signature=None, version=None, **choices):
        """Samples, each made of its own seed.

        Args:
            model: The model's name.
            n: How many, 1 or more.
            seed: Sample `i` is made from `seed + i`.
            signature: None takes `serving_default`, or `generate` where there are choices; others are `guided` and
                `encoded`.
            version: See the class.
            **choices: Further inputs of the signature, such as `prompt`, `temperature`, `top_p` and `label`: one value
                for all, or one for each sample. None, and for the first three nothing, leave a choice to the model.

        Returns:
            Text: a list of str. Images and other numbers: an array with one row a sample. `encoded`: a list of bytes,
            each a PNG or a WAV file. A dict of these by name where a signature has several outputs.
        """
        choices = {name: value for name, value in choices.items() if value is not None}
        signature = signature or ("generate" if choices else "serving_default")
        inputs = {"seed": seeds_from(n, seed), **choices}
        return self._call((model, version), signature, lambda info: _rows(info, {**_neutral(info), **inputs}, n))

    def score(self, model, samples, version=None):
        """The discriminator's logit for each raw sample, where a model was exported with `score`.

        Args:
            model: The model's name.
            samples: Text or arrays such as `generate` returns, 1 or more.
            version: See the class.

        Returns:
            Array `(len(samples),)`, float32: the higher, the more like the training data.
        """
        return self._call((model, version), "score", lambda info: _rows(info, dict.fromkeys(info.inputs, samples)))

    def predict(self, model, inputs, signature="serving_default", version=None):
        """The outputs of any signature, as `generate` returns them.

        Args:
            model: The model's name.
            inputs: Text, numbers or arrays by name, all with the same number of rows, 1 or more.
            signature: Its name, such as `latents` or `a_to_b`.
            version: See the class.
        """
        return self._call((model, version), signature, lambda info: _rows(info, inputs))

    def _call(self, target, signature, rows):
        """Sends what `rows` makes of a signature's description; once more if that is out of date, after a hot swap."""
        known = self._known.get(target) or self.metadata(*target)
        try:
            return self._send(target, signature, _described(known, signature), rows)
        except (ServingError, ValueError) as error:
            if isinstance(error, ServingError) and error.code not in _REFUSED:
                raise
            fresh = self.metadata(*target)
            if fresh == known:
                raise
        return self._send(target, signature, _described(fresh, signature), rows)

    def _send(self, target, signature, info, rows):
        inputs = rows(info)
        num_rows = len(next(iter(inputs.values())))
        blocks = []
        for start in range(0, num_rows, MOST_ROWS):
            block = {name: array[start : start + MOST_ROWS] for name, array in inputs.items()}
            answer = self._retries.call(
                lambda left, block=block: self._transport.predict(target, signature, info, block, left), self._timeout
            )
            blocks.append(_checked(answer, min(MOST_ROWS, num_rows - start)))
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
    raise ValueError(f"{url!r} is no server. Expected http://HOST:PORT, https://HOST:PORT or grpc://HOST:PORT.")


def _described(metadata, signature):
    try:
        return metadata.signatures[signature]
    except KeyError as error:
        found = ", ".join(sorted(metadata.signatures))
        message = f'Serving signature name: "{signature}" not found in signature def: version {metadata.version} has {found}.'
        raise ServingError(Code.INVALID_ARGUMENT, message) from error


def _neutral(info):
    return {name: value for name, value in _NEUTRAL.items() if name in info.inputs}


def _rows(info, inputs, num_rows=None):
    if set(inputs) != set(info.inputs):
        read, got = (", ".join(sorted(names)) for names in (info.inputs, inputs))
        raise ValueError(f"Got {got}. Expected the inputs of the signature: {read}.")
    rows = {name: rows_of(name, value, info.inputs[name], num_rows) for name, value in inputs.items()}
    sizes = {name: len(array) for name, array in rows.items()}
    if len(set(sizes.values())) != 1 or 0 in sizes.values():
        raise ValueError(f"Got as many rows as {sizes}. Expected one at least, and the same number for each input.")
    return rows


def _checked(outputs, num_rows):
    for name, array in outputs.items():
        if array.ndim == 0 or len(array) != num_rows:
            raise ServingError(Code.INTERNAL, f"{name} has shape {array.shape} for {num_rows} rows. Expected one a row.")
    return outputs
