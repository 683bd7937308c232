"""gRPC transport of the client: arrays to `TensorProto`s and back."""

import contextlib

from gan_keras.serving.errors import Code, ServingError
from gan_keras.serving.http_client import TryLater
from gan_keras.serving.raw_values import Metadata, SignatureInfo, VersionState
from gan_keras.serving.tensor_protos import describe

try:
    import grpc
    import tensorflow as tf
    from tensorflow_serving.apis import (
        get_model_metadata_pb2,
        get_model_status_pb2,
        model_service_pb2_grpc,
        predict_pb2,
        prediction_service_pb2_grpc,
    )
except ImportError as error:
    raise ImportError(
        'gRPC needs the packages grpcio and tensorflow-serving-api. Install them: pip install "gan_keras[serving]"'
    ) from error

_RETRIED = (Code.RESOURCE_EXHAUSTED, Code.UNAVAILABLE)
_PUSHBACK = "grpc-retry-pushback-ms"  # gRPC's counterpart of Retry-After
_OPTIONS = (
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
    ("grpc.enable_http_proxy", 0),
    # While a channel backs off after losing its server, calls fail at once. Short back-offs leave the pauses to `Retries`.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),
)


class GrpcTransport:
    """Predict, metadata and status over gRPC, without encryption, from a server at `HOST:PORT`."""

    def __init__(self, address):
        channel = grpc.insecure_channel(address, options=_OPTIONS)
        self.close = channel.close
        self._predictions = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        self._models = model_service_pb2_grpc.ModelServiceStub(channel)

    def predict(self, target, signature, info, inputs, timeout):
        """See `http_client.RestTransport.predict`."""
        request = predict_pb2.PredictRequest()
        _set_target(request.model_spec, target)
        request.model_spec.signature_name = signature
        for name, array in inputs.items():
            request.inputs[name].CopyFrom(tf.make_tensor_proto(array, dtype=info.inputs[name].dtype))
        outputs = _ask(self._predictions.Predict, request, timeout).outputs
        missing = set(info.outputs) - set(outputs)
        if missing:
            raise ServingError(Code.INTERNAL, f"The answer lacks {', '.join(sorted(missing))}.")
        return {name: tf.make_ndarray(outputs[name]) for name in info.outputs}

    def metadata(self, target, timeout):
        """Returns the `Metadata` of a version."""
        request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
        _set_target(request.model_spec, target)
        answer = _ask(self._predictions.GetModelMetadata, request, timeout)
        signatures = get_model_metadata_pb2.SignatureDefMap()
        answer.metadata["signature_def"].Unpack(signatures)
        described = {
            name: SignatureInfo(describe(each.inputs), describe(each.outputs)) for name, each in signatures.signature_def.items()
        }
        return Metadata(answer.model_spec.version.value, described)

    def status(self, model, timeout):
        """Returns a list of a model's `VersionState`s, newest first."""
        request = get_model_status_pb2.GetModelStatusRequest()
        _set_target(request.model_spec, (model, None))
        states = get_model_status_pb2.ModelVersionStatus.State
        return [
            VersionState(each.version, states.Name(each.state), Code(each.status.error_code), each.status.error_message)
            for each in _ask(self._models.GetModelStatus, request, timeout).model_version_status
        ]


def _set_target(model_spec, target):
    model_spec.name, version = target
    if isinstance(version, str):
        model_spec.version_label = version
    elif version is not None:
        model_spec.version.value = version


def _ask(method, request, timeout):
    try:
        return method(request, timeout=timeout)
    except grpc.RpcError as error:
        code = Code(error.code().value[0])
        if code in _RETRIED:
            raise TryLater(code, error.details(), _seconds_to_wait(error.trailing_metadata())) from error
        raise ServingError(code, error.details()) from error


def _seconds_to_wait(metadata):
    with contextlib.suppress(KeyError, ValueError):
        return max(0, int(dict(metadata or ())[_PUSHBACK])) / 1000
    return 0.0
