"""What a server does, whatever the protocol: arrays in, arrays out, each refusal a `ServingError`.

The checks and their words are those of TensorFlow Serving's `predict_util.cc`, so that a client meets the same here.
"""

import contextlib
import copy
import time
from concurrent.futures import TimeoutError as FutureTimeoutError

from gan_keras.serving import examples
from gan_keras.serving.batches import Request
from gan_keras.serving.errors import MAX_ROWS, Code, ServingError
from gan_keras.serving.request_checks import check_outputs, find_signature, with_defaults


class Core:
    """All that REST, gRPC and the page ask of a server.

    Args:
        registry: The `Registry` of models.
        queue: The `batches.Queue` that requests go into.
        metrics: The `Metrics` that count them.
        timeout: Seconds for a request that brings no limit of its own.
    """

    def __init__(self, registry, queue, metrics, timeout=30.0):
        self.registry, self.queue, self.metrics, self.timeout = registry, queue, metrics, timeout
        self.entrypoint = "REST"
        self.version, self.statuses, self.reload = registry.version, registry.statuses, registry.reload

    def of_entrypoint(self, entrypoint):
        """This core as REST or GRPC sees it: they are counted apart."""
        other = copy.copy(self)
        other.entrypoint = entrypoint
        return other

    @contextlib.contextmanager
    def counted(self, model, api):
        """Counts what is done within it, with its outcome and its time; REST's word for it is that of its path."""
        api = api if self.entrypoint == "GRPC" else api.lower()
        started, status = time.monotonic(), Code.OK
        try:
            yield
        except ServingError as error:
            status = error.code
            raise
        finally:
            self.metrics.request(model, api, self.entrypoint, status.name, started)

    def names(self):
        """The names of all models."""
        return sorted(self.registry.models)

    def metrics_text(self):
        """The metrics in the text format of Prometheus."""
        return self.metrics.text({"gan_keras:queued_requests": len(self.queue)})

    def predict(self, version, signature_name, inputs, output_names=(), timeout=None):
        """Runs a signature.

        Args:
            version: Of `version`.
            signature_name: "" for `serving_default`.
            inputs: An array by input name; strings are object arrays of `bytes`.
            output_names: Outputs to return; all if empty.
            timeout: Seconds; None for the server's own limit.

        Returns:
            An array by output name.

        Raises:
            ServingError: If the request does not fit the signature, fails in the model, or comes at a bad time.
        """
        with self.counted(version.name, "Predict"):
            signature = find_signature(version.signatures, signature_name)
            inputs = with_defaults(signature, inputs)
            names = check_outputs(signature, output_names)
            return self._run(version, signature, inputs, names, timeout)

    def _run(self, version, signature, inputs, names, timeout):
        """Outputs by name of a signature, run in a worker with whatever else waits for the same."""
        feeds = {signature.inputs[name].name: array for name, array in inputs.items()}
        fetches = [signature.outputs[name].name for name in names]
        return dict(zip(names, self._wait(version, signature, feeds, fetches, timeout), strict=True))

    def _wait(self, version, signature, feeds, fetches, timeout):
        seconds = self.timeout if timeout is None else min(timeout, self.timeout)
        group = group_of(version, signature, feeds, fetches)
        observe = self.metrics.runtime(version.name).observe
        request = Request(version, feeds, fetches, group, time.monotonic() + seconds, observe)
        self.queue.put(request)
        future = request.future
        del request  # an error's frames must not hold it: it would keep the version loaded
        try:
            return future.result(seconds)
        except FutureTimeoutError:
            raise ServingError(Code.DEADLINE_EXCEEDED, f"The request took over {1000 * seconds:.0f} ms.") from None
        finally:
            del future

    def classify(self, version, signature_name, serialized, timeout=None):
        """Classes `(batch, classes)` of bytes and scores of float32 of serialized `tf.Example`s; either may be None."""
        with self.counted(version.name, "Classify"):
            signature = examples.classification_signature(version.signatures, signature_name)
            names, inputs = examples.classification_outputs(signature), {examples.INPUTS: examples.example_batch(serialized)}
            found = self._run(version, signature, inputs, names, timeout)
            return examples.check_classification(found, len(serialized))

    def regress(self, version, signature_name, serialized, timeout=None):
        """A float32 for each of the serialized `tf.Example`s."""
        with self.counted(version.name, "Regress"):
            signature = examples.regression_signature(version.signatures, signature_name)
            inputs = {examples.INPUTS: examples.example_batch(serialized)}
            found = self._run(version, signature, inputs, [examples.OUTPUTS], timeout)
            return examples.check_regression(found, len(serialized))


def group_of(version, signature, feeds, fetches):
    """Requests with the same group may be merged: the signature says that it takes rows, any number of them, and they fit.

    Raises:
        ServingError: If there are more rows than one request may have.
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
    """Whether a `TensorShapeProto` begins with a dimension of any size."""
    return not shape.unknown_rank and len(shape.dim) > 0 and shape.dim[0].size == -1
