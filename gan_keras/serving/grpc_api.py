"""TensorFlow Serving's gRPC API: its two services over a `Core`, and the server that runs them.

Codes and messages are TensorFlow Serving's (`prediction_service_impl.cc`, `model_service_impl.cc` and what they call).
"""

import functools
import logging
import re
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor

from google.protobuf.message import DecodeError

from gan_keras.serving.errors import MAX_MESSAGE_BYTES, PREDICT_ONLY, REQUEST_SECONDS, Code, ServingError
from gan_keras.serving.model_config import from_proto
from gan_keras.serving.tensor_protos import read_tensors, write_tensor
from gan_keras.serving.version import DEFAULT_SIGNATURE

try:
    import grpc
    from tensorflow_serving.apis import (
        get_model_metadata_pb2,
        get_model_status_pb2,
        model_management_pb2,
        model_service_pb2_grpc,
        predict_pb2,
        prediction_service_pb2_grpc,
    )
except ImportError as error:
    raise ImportError(
        "gRPC needs the packages grpcio and tensorflow-serving-api. Install them: pip install 'gan_keras[serving]'."
    ) from error

LOGGER = logging.getLogger(__name__)
MAX_ERROR_BYTES = 1024  # of an error message
CHECK_SECONDS = 0.5  # between two checks for late requests
SIGNATURE_DEF = "signature_def"
_NO_DEADLINE = 1e9  # seconds; gRPC reports at least this much time if the client set no deadline
_STATUS = {status.value[0]: status for status in grpc.StatusCode}


def with_status(method):
    """Turns exceptions of a method into the status of its call. An unexpected one is logged and hidden from the client."""

    @functools.wraps(method)
    def call(self, request, context):
        try:
            return method(self, request, context)
        except ServingError as error:
            code, message = error.code, error.message
        except Exception:
            LOGGER.exception("%s failed.", method.__name__)
            code, message = Code.INTERNAL, "Internal error of the server."
        return context.abort(_STATUS[code], shortened(message))

    return call


def shortened(message):
    """Returns an error message cut to 1024 bytes."""
    content = message.encode(errors="replace")
    if len(content) <= MAX_ERROR_BYTES:
        return content.decode()
    return content[:MAX_ERROR_BYTES].decode(errors="ignore") + "...TRUNCATED"


class PredictionService(prediction_service_pb2_grpc.PredictionServiceServicer):
    """Predictions and metadata of a `Core`. A call takes no longer than its deadline allows."""

    def __init__(self, core):
        self.core = core

    @with_status
    def Predict(self, request, context):
        version = self._version(given_spec(request))
        signature_name, output_names = request.model_spec.signature_name, tuple(request.output_filter)
        inputs = read_tensors(request.inputs)
        outputs = self.core.predict(version, signature_name, inputs, output_names, timeout=seconds_left(context))
        response = predict_pb2.PredictResponse()
        response.model_spec.name, response.model_spec.version.value = version.name, version.number
        response.model_spec.signature_name = signature_name or DEFAULT_SIGNATURE
        for name, array in outputs.items():
            write_tensor(array, response.outputs[name])
        return response

    @with_status
    def GetModelMetadata(self, request, context):
        spec = given_spec(request)
        if not request.metadata_field:
            raise invalid("GetModelMetadataRequest must specify at least one metadata_field")
        for field in request.metadata_field:
            if field != SIGNATURE_DEF:
                raise invalid(f"Metadata field {field} is not supported")
        version = self._version(spec)
        response = get_model_metadata_pb2.GetModelMetadataResponse()
        response.model_spec.name, response.model_spec.version.value = version.name, version.number
        signatures = get_model_metadata_pb2.SignatureDefMap(signature_def=version.signatures)
        response.metadata[SIGNATURE_DEF].Pack(signatures)
        return response

    @with_status
    def Classify(self, request, context):
        raise ServingError(Code.UNIMPLEMENTED, PREDICT_ONLY)

    Regress = MultiInference = Classify

    def _version(self, spec):
        choice = spec.WhichOneof("version_choice")
        number = spec.version.value if choice == "version" else None
        return self.core.version(spec.name, number, spec.version_label if choice == "version_label" else None)


class ModelService(model_service_pb2_grpc.ModelServiceServicer):
    """The state of a `Core`'s models, and the list of models to serve."""

    def __init__(self, core):
        self.core = core

    @with_status
    def GetModelStatus(self, request, context):
        """Ignores a label in the request, as TensorFlow Serving does, and reports all versions."""
        spec = given_spec(request)
        response = get_model_status_pb2.GetModelStatusResponse()
        for status in self.core.statuses(spec.name, spec.version.value if spec.HasField("version") else None):
            entry = response.model_version_status.add(version=status.number, state=status.state)
            entry.status.error_code, entry.status.error_message = int(status.code), status.message
        return response

    @with_status
    def HandleReloadConfigRequest(self, request, context):
        """Returns when the new models are served; reports the increase of the metrics that the request names."""
        before = self._metrics(request.metric_names)
        self.core.reload(from_proto(request.config))
        response = model_management_pb2.ReloadConfigResponse()
        response.status.SetInParent()
        for name, value in self._metrics(request.metric_names).items():
            response.metric.add(name=name, int64_value_increase=value - before[name])
        return response

    def _metrics(self, names):
        return first_values(self.core.metrics_text(), names) if names else {}


def given_spec(request):
    """Returns the `ModelSpec` of a request; raises `ServingError` if it has none."""
    if not request.HasField("model_spec"):
        raise invalid("Missing ModelSpec")
    return request.model_spec


def first_values(text, names):
    """Returns the first value of each metric as int, 0 if missing; names are like `/tensorflow/serving/request_count`."""
    values = {}
    for line in text.splitlines():
        name, value = re.split(r"[ {]", line, maxsplit=1)[0], line.rpartition(" ")[2]
        values.setdefault(name, value)
    return {name: int(float(values.get(name.replace("/", ":"), 0))) for name in names}


def seconds_left(context):
    """Returns the seconds until a call's deadline; None if its client set none."""
    seconds = context.time_remaining()
    return None if seconds is None or seconds > _NO_DEADLINE else seconds


def invalid(message):
    return ServingError(Code.INVALID_ARGUMENT, message)


class RequestReader(grpc.ServerInterceptor):
    """Reads the request of each call, cancels calls with a late request, and refuses requests that cannot be parsed.

    gRPC assigns a thread to a call at its first bytes. For a method with a single request message, that thread waits for
    the message without a limit. Methods therefore run as if they took a stream, which is the same on the wire, and their
    only message is read here, at most `seconds` long. It is parsed here too: gRPC would log a traceback for every
    malformed message.
    """

    def __init__(self, seconds):
        self.seconds, self.waiting, stopped = seconds, {}, threading.Event()
        weakref.finalize(self, stopped.set)
        arguments = [weakref.ref(self), stopped]
        threading.Thread(target=_cancel_late_calls, args=arguments, name="grpc-requests", daemon=True).start()

    def intercept_service(self, continuation, handler_call_details):
        handler = continuation(handler_call_details)
        if handler is None:
            return None

        def call(messages, context):
            return handler.unary_unary(self._read(handler.request_deserializer, messages, context), context)

        return grpc.stream_unary_rpc_method_handler(call, None, handler.response_serializer)

    def _read(self, parse, messages, context):
        self.waiting[context] = time.monotonic()
        try:
            content = next(messages, None)
        finally:
            del self.waiting[context]
        if content is None:
            context.abort(grpc.StatusCode.UNIMPLEMENTED, "The method requires exactly one request message.")
        try:
            return parse(content)
        except DecodeError:
            return context.abort(grpc.StatusCode.INTERNAL, "The request cannot be parsed.")

    def cancel_late(self):
        """Cancels the calls that have waited too long for their request."""
        late = time.monotonic() - self.seconds
        for context, since in list(self.waiting.items()):
            if since < late:
                context.cancel()


def _cancel_late_calls(reference, stopped):
    while not stopped.wait(CHECK_SECONDS):
        if (reader := reference()) is not None:
            reader.cancel_late()
        del reader


def make_server(core, host, port, num_threads=128, max_rpcs=256, body_seconds=REQUEST_SECONDS):
    """Creates a gRPC server without starting it.

    Args:
        core: The `Core` to serve.
        host: Address to listen on.
        port: Port to listen on; 0 takes a free one.
        num_threads: Maximum number of requests that are processed at the same time.
        max_rpcs: Maximum number of requests that are processed or wait for a thread; more are refused with
            RESOURCE_EXHAUSTED.
        body_seconds: Time limit for a request to arrive; a call that takes longer is cancelled.

    Returns:
        A pair: the `grpc.Server` and its port.

    Raises:
        OSError: If the port is not available.
    """
    options = [
        ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),  # larger ones are refused with RESOURCE_EXHAUSTED
        ("grpc.max_send_message_length", -1),
        ("grpc.so_reuseport", 0),  # a second server on the port fails instead of taking every other connection
    ]
    threads = ThreadPoolExecutor(num_threads, thread_name_prefix="grpc")
    interceptors = [RequestReader(body_seconds)]
    server = grpc.server(threads, interceptors=interceptors, options=options, maximum_concurrent_rpcs=max_rpcs)
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(PredictionService(core), server)
    model_service_pb2_grpc.add_ModelServiceServicer_to_server(ModelService(core), server)
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    try:
        return server, server.add_insecure_port(address)
    except RuntimeError as error:
        raise OSError(f"gRPC cannot listen at {address}. Expected an address of this machine and a free port.") from error
