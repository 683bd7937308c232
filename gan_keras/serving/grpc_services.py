"""The two services of TensorFlow Serving's gRPC API over a `Core`, with its codes and its words.

References: `prediction_service_impl.cc`, `model_service_impl.cc` and what they call.
"""

import functools
import logging
import re

import grpc
import numpy as np
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    inference_pb2,
    model_management_pb2,
    model_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
    regression_pb2,
)

from gan_keras.serving import examples
from gan_keras.serving.errors import Code, ServingError
from gan_keras.serving.model_config import from_proto
from gan_keras.serving.tensor_protos import read_tensors, write_tensor

LOGGER = logging.getLogger(__name__)
MAX_MESSAGE_LENGTH = 1024  # of an error, in bytes
SIGNATURE_DEF = "signature_def"
_NEVER = 1e9  # seconds: how long gRPC says is left where the client set no deadline, or more
_STATUS = {status.value[0]: status for status in grpc.StatusCode}


def answering(method):
    """Turns what a method raises into the status of its call; the client of an error of ours learns nothing of it."""

    @functools.wraps(method)
    def answer(self, request, context):
        try:
            return method(self, request, context)
        except ServingError as error:
            code, message = error.code, error.message
        except Exception:
            LOGGER.exception("%s failed.", method.__name__)
            code, message = Code.INTERNAL, "Internal error of the server."
        return context.abort(_STATUS[code], shortened(message))

    return answer


def shortened(message):
    """An error's message as it travels: cut after 1024 bytes."""
    content = message.encode(errors="replace")
    if len(content) <= MAX_MESSAGE_LENGTH:
        return content.decode()
    return content[:MAX_MESSAGE_LENGTH].decode(errors="ignore") + "...TRUNCATED"


class PredictionService(prediction_service_pb2_grpc.PredictionServiceServicer):
    """Inference and metadata. A call takes no longer than its deadline allows.

    Args:
        core: The `Core` to ask.
    """

    def __init__(self, core):
        self.core = core

    @answering
    def Predict(self, request, context):
        version = self._version(given_spec(request))
        signature_name, output_names = request.model_spec.signature_name, tuple(request.output_filter)
        inputs = read_tensors(request.inputs)
        outputs = self.core.predict(version, signature_name, inputs, output_names, timeout=seconds_left(context))
        response = predict_pb2.PredictResponse()
        fill_spec(response.model_spec, version, signature_name)
        for name, array in outputs.items():
            write_tensor(array, response.outputs[name])
        return response

    @answering
    def Classify(self, request, context):
        version = self._version(given_spec(request))
        response = classification_pb2.ClassificationResponse()
        fill_spec(response.model_spec, version, request.model_spec.signature_name)
        self._classify(version, request, request.model_spec, context, response.result)
        return response

    @answering
    def Regress(self, request, context):
        version = self._version(given_spec(request))
        response = regression_pb2.RegressionResponse()
        fill_spec(response.model_spec, version, request.model_spec.signature_name)
        self._regress(version, request, request.model_spec, context, response.result)
        return response

    @answering
    def MultiInference(self, request, context):
        """All tasks are of the version that the first one names."""
        version = self._version(request.tasks[0].model_spec if request.tasks else model_pb2.ModelSpec())
        examples.check_tasks(request.tasks, version.signatures)
        response = inference_pb2.MultiInferenceResponse()
        for task in request.tasks:
            result = response.results.add()
            fill_spec(result.model_spec, version, task.model_spec.signature_name)
            if task.method_name == examples.CLASSIFY:
                self._classify(version, request, task.model_spec, context, result.classification_result)
            else:
                self._regress(version, request, task.model_spec, context, result.regression_result)
        return response

    @answering
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

    def _version(self, spec):
        choice = spec.WhichOneof("version_choice")
        number = spec.version.value if choice == "version" else None
        return self.core.version(spec.name, number, spec.version_label if choice == "version_label" else None)

    def _classify(self, version, request, spec, context, result):
        batch = examples.serialized_examples(request.input)
        classes, scores = self.core.classify(version, spec.signature_name, batch, timeout=seconds_left(context))
        fill_classifications(result, classes, scores)

    def _regress(self, version, request, spec, context, result):
        batch = examples.serialized_examples(request.input)
        for value in self.core.regress(version, spec.signature_name, batch, timeout=seconds_left(context)).tolist():
            result.regressions.add(value=value)


class ModelService(model_service_pb2_grpc.ModelServiceServicer):
    """The state of models, and which of them to serve.

    Args:
        core: The `Core` to ask.
    """

    def __init__(self, core):
        self.core = core

    @answering
    def GetModelStatus(self, request, context):
        """A label in the request is left out of account, as in TensorFlow Serving: the answer is of all versions."""
        spec = given_spec(request)
        response = get_model_status_pb2.GetModelStatusResponse()
        for status in self.core.statuses(spec.name, spec.version.value if spec.HasField("version") else None):
            entry = response.model_version_status.add(version=status.number, state=status.state)
            entry.status.error_code, entry.status.error_message = int(status.code), status.message
        return response

    @answering
    def HandleReloadConfigRequest(self, request, context):
        """Returns when the new models are served; tells by how much the metrics grew that the request names."""
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
    """The `ModelSpec` of a request; raises `ServingError` if it has none."""
    if not request.HasField("model_spec"):
        raise invalid("Missing ModelSpec")
    return request.model_spec


def fill_spec(spec, version, signature_name):
    """Tells a client which version and which signature it was that answered."""
    spec.name, spec.version.value = version.name, version.number
    spec.signature_name = signature_name or examples.DEFAULT_SIGNATURE


def fill_classifications(result, classes, scores):
    """Fills a `ClassificationResult` from arrays of shape `(batch, num_classes)`, either of which may be None."""
    num_rows, num_classes = (scores if classes is None else classes).shape
    labels = np.full((num_rows, num_classes), b"", object) if classes is None else classes
    values = np.zeros((num_rows, num_classes)) if scores is None else scores
    for row_of_labels, row_of_values in zip(labels.tolist(), values.tolist(), strict=True):
        row = result.classifications.add()
        for label, value in zip(row_of_labels, row_of_values, strict=True):
            row.classes.add(label=label.decode(errors="replace"), score=value)


def first_values(text, names):
    """Of each named metric the first value, in whole numbers, in a text for Prometheus; 0 if there is none.

    Args:
        text: Of `Core.metrics_text`.
        names: TensorFlow Serving's, as `/tensorflow/serving/request_count`.
    """
    values = {}
    for line in text.splitlines():
        name, value = re.split(r"[ {]", line, maxsplit=1)[0], line.rpartition(" ")[2]
        values.setdefault(name, value)
    return {name: int(float(values.get(name.replace("/", ":"), 0))) for name in names}


def seconds_left(context):
    """Seconds until the deadline of a call; None if its client set none."""
    seconds = context.time_remaining()
    return None if seconds is None or seconds > _NEVER else seconds


def invalid(message):
    """An INVALID_ARGUMENT to raise."""
    return ServingError(Code.INVALID_ARGUMENT, message)
