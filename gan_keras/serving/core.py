"""The server without a protocol: arrays in, arrays out, every refusal a `ServingError`."""

import contextlib
import copy
import functools
import pathlib
import time
from concurrent.futures import TimeoutError as FutureTimeoutError

from gan_keras.serving.batches import Request
from gan_keras.serving.errors import MAX_ROWS, Code, ServingError
from gan_keras.serving.version import check_outputs, find_signature, with_defaults


class Core:
    """Everything that REST, gRPC and the page ask of a server.

    Args:
        registry: The `Registry` of models.
        queue: The `batches.Queue` for requests.
        metrics: The `Metrics` that count them.
        timeout: Time limit in seconds of a request without a limit of its own.
        reload_folder: Directory of the models that clients may load with `reload`; None refuses it.
    """

    def __init__(self, registry, queue, metrics, timeout=30.0, reload_folder=None):
        self.registry, self.queue, self.metrics, self.timeout = registry, queue, metrics, timeout
        self.entrypoint, self.reload_folder = "REST", reload_folder
        self.version, self.statuses = registry.version, registry.statuses

    def for_entrypoint(self, entrypoint):
        """Returns a copy whose requests are counted under `entrypoint`, "REST" or "GRPC"."""
        other = copy.copy(self)
        other.entrypoint = entrypoint
        return other

    def names(self):
        """Returns the names of all models."""
        return sorted(self.registry.models)

    def reload(self, configs):
        """Serves exactly these models, a list of `ModelConfig`, from now on: see `Registry.reload`.

        Raises:
            ServingError: PERMISSION_DENIED if the server does not allow it, or a model is not below its folder.
        """
        if self.reload_folder is None:
            raise ServingError(Code.PERMISSION_DENIED, "Reloads are off. To allow them, start the server with --allow-reload.")
        folder = pathlib.Path(self.reload_folder).resolve()
        for config in configs:
            if folder not in pathlib.Path(config.base_path).resolve().parents:
                message = f"Model {config.name}: got base_path {config.base_path}. Expected a directory below the served folder."
                raise ServingError(Code.PERMISSION_DENIED, message)
        self.registry.reload(configs)

    def metrics_text(self):
        """Returns the metrics in the text format of Prometheus."""
        return self.metrics.text({"gan_keras:queued_requests": len(self.queue)})

    def predict(self, version, signature_name, inputs, output_names=(), timeout=None):
        """Runs a signature, batched with other waiting requests for it.

        Args:
            version: From `version`.
            signature_name: "" for `serving_default`.
            inputs: An array by input name; strings are object arrays of `bytes`.
            output_names: Outputs to return; all if empty.
            timeout: Seconds; None for the server's own limit.

        Returns:
            An array by output name.

        Raises:
            ServingError: If the request does not fit the signature, fails in the model, or the server cannot take it now.
        """
        with self._counted(version.name):
            signature = find_signature(version.signatures, signature_name)
            inputs = with_defaults(signature, inputs)
            names = check_outputs(signature, output_names)
            feeds = {signature.inputs[name].name: array for name, array in inputs.items()}
            fetches = [signature.outputs[name].name for name in names]
            return dict(zip(names, self._run(version, signature, feeds, fetches, timeout), strict=True))

    @contextlib.contextmanager
    def _counted(self, model):
        """Counts a predict request with its outcome and its duration. REST names the API as in its path."""
        api = "Predict" if self.entrypoint == "GRPC" else "predict"
        started, status = time.monotonic(), Code.OK
        try:
            yield
        except ServingError as error:
            status = error.code
            raise
        finally:
            self.metrics.request(model, api, self.entrypoint, status.name, started)

    def _run(self, version, signature, feeds, fetches, timeout):
        seconds = self.timeout if timeout is None else min(timeout, self.timeout)
        group = group_of(version, signature, feeds, fetches)
        observe = functools.partial(self.metrics.run, version.name)
        request = Request(version, feeds, fetches, group, time.monotonic() + seconds, observe)
        self.queue.put(request)
        future = request.future
        del request  # the traceback of an error must not hold it: it would keep the version loaded
        try:
            return future.result(seconds)
        except FutureTimeoutError:
            raise ServingError(Code.DEADLINE_EXCEEDED, f"The request took over {1000 * seconds:.0f} ms.") from None
        finally:
            del future


def group_of(version, signature, feeds, fetches):
    """Returns a key that requests share if they may run as one batch; None if the request must run alone.

    Requests may be merged if the signature takes any number of rows and their rows have equal dtypes and shapes.

    Raises:
        ServingError: If the request has more than `MAX_ROWS` rows.
    """
    tensors = [*signature.inputs.values(), *signature.outputs.values()]
    if not feeds or not all(takes_rows(tensor.tensor_shape) for tensor in tensors):
        return None
    nums = {len(array) if array.ndim else 0 for array in feeds.values()}
    if max(nums) > MAX_ROWS:
        message = f"Task size {max(nums)} is larger than maximum input batch size {MAX_ROWS}"
        raise ServingError(Code.INVALID_ARGUMENT, message)
    if len(nums) > 1 or nums == {0}:
        return None
    rows = tuple((name, array.dtype.str, array.shape[1:]) for name, array in sorted(feeds.items()))
    return version.key, tuple(fetches), rows


def takes_rows(shape):
    """Returns True if the first dimension of a `TensorShapeProto` may have any size."""
    return not shape.unknown_rank and len(shape.dim) > 0 and shape.dim[0].size == -1
