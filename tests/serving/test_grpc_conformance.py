"""gRPC answers compared with TensorFlow Serving's: the cases of `grpc_*_cases.py`, and tests that do not fit a table."""

import collections
import random

import grpc_model_cases
import grpc_predict_cases
import grpc_tensor_cases
import pytest
from fixture_models import write_more
from google.protobuf import message_factory, text_format
from grpc_cases import Error, floats, spec, tensor

grpc = pytest.importorskip("grpc")
pytest.importorskip("tensorflow_serving.apis")

from tensorflow_serving.apis import (  # noqa: E402
    get_model_metadata_pb2,
    model_service_pb2,
    predict_pb2,
    prediction_service_pb2,
)

from gan_keras.serving.model_config import All, ModelConfig  # noqa: E402
from gan_keras.serving.server import Server  # noqa: E402

CASES = [*grpc_predict_cases.CASES, *grpc_tensor_cases.CASES, *grpc_model_cases.CASES]


class Client:
    """Calls methods of both services with requests and responses in text format."""

    def __init__(self, port):
        self.channel = grpc.insecure_channel(f"127.0.0.1:{port}")
        services = [*prediction_service_pb2.DESCRIPTOR.services_by_name.values()]
        services += model_service_pb2.DESCRIPTOR.services_by_name.values()
        self.methods = {method.name: method for service in services for method in service.methods}

    def call(self, method, request, timeout=60.0):
        """Returns the response message; raises `grpc.RpcError`."""
        descriptor = self.methods[method]
        response = message_factory.GetMessageClass(descriptor.output_type)
        path = f"/{descriptor.containing_service.full_name}/{method}"
        return self.channel.unary_unary(path, None, response.FromString)(self.request(method, request), timeout=timeout)

    def request(self, method, text):
        """Returns the bytes of a request."""
        return self._parsed(text, self.methods[method].input_type).SerializeToString()

    def response(self, method, text):
        return self._parsed(text, self.methods[method].output_type)

    def _parsed(self, text, descriptor):
        return text_format.Parse(text, message_factory.GetMessageClass(descriptor)())

    def refusal(self, method, request, timeout=60.0):
        """Returns the code's name and the message."""
        with pytest.raises(grpc.RpcError) as raised:
            self.call(method, request, timeout)
        return raised.value.code().name, raised.value.details()


@pytest.fixture(scope="module")
def config(fixture_configs, tmp_path_factory):
    """The models of `fixture_models` and one more, as text for a server's configuration."""
    more = tmp_path_factory.mktemp("more")
    write_more(more / "00000123")
    entries = "".join(entry(config) for config in [*fixture_configs, ModelConfig("more", str(more), All())])
    return f"model_config_list {{\n{entries}}}\n"


def entry(config):
    labels = "".join(f'version_labels {{ key: "{label}" value: {number} }} ' for label, number in config.labels.items())
    fields = f'name: "{config.name}" base_path: "{config.base_path}" model_platform: "tensorflow"'
    return f"config {{ {fields} model_version_policy {{ all {{ }} }} {labels}}}\n"


@pytest.fixture(scope="module")
def server(config, tmp_path_factory):
    path = tmp_path_factory.mktemp("config") / "models.config"
    path.write_text(config)
    access = {"folder": tmp_path_factory.getbasetemp(), "allow_reload": True}
    with Server(config_file=path, port=0, grpc_port=0, workers=1, **access) as server:
        yield server


@pytest.fixture(scope="module")
def client(server):
    return Client(server.grpc_port)


def test_answers_are_those_of_tensorflow_serving(client):
    for case in CASES:
        if isinstance(case.expected, Error):
            code, message = client.refusal(case.method, case.request)
            length = len(case.expected.message) if case.expected.is_beginning else None
            assert (code, message[:length]) == (case.expected.code, case.expected.message), case.name
        else:
            assert client.call(case.method, case.request) == client.response(case.method, case.expected), case.name


def test_no_two_cases_are_alike():
    assert len({(case.method, case.request) for case in CASES}) == len(CASES) >= 30


def test_metadata_contains_all_signatures_as_saved(client, server):
    """Reference: get_model_metadata_impl_test.cc, ReturnsSignaturesForValidModel."""
    response = client.call("GetModelMetadata", spec("half") + 'metadata_field: "signature_def"')
    signatures = get_model_metadata_pb2.SignatureDefMap()
    assert response.metadata["signature_def"].Unpack(signatures)
    assert dict(signatures.signature_def) == server.core.version("half").signatures
    assert len(signatures.signature_def) == 3
    assert (response.model_spec.name, response.model_spec.version.value) == ("half", 2)
    assert response.model_spec.signature_name == ""


def test_a_long_message_is_cut(client):
    """Reference: grpc_status_util.cc, kErrorMessageLimit."""
    code, message = client.refusal("Predict", spec("half", "s" * 2000) + floats("x", 1))
    assert code == "FAILED_PRECONDITION" and len(message) == 1024 + len("...TRUNCATED")
    assert message == ('Serving signature key "' + "s" * 2000)[:1024] + "...TRUNCATED"


def test_a_run_ends_at_the_deadline_of_its_call(client):
    """Reference: prediction_service_impl.cc, enforce_session_run_timeout_. One worker runs everything here."""
    request = spec("more", "slow") + tensor("n", "DT_INT64", [1], "int64_val: 1000000000000")
    assert client.refusal("Predict", request, timeout=0.5)[0] == "DEADLINE_EXCEEDED"
    assert client.call("Predict", spec("half") + floats("x", 2), timeout=5).outputs["y"].float_val == [4]


def test_a_new_configuration_is_served_when_its_call_returns(client, config):
    """References: tensorflow_model_server_test.py, testModelConfigReload; model_service_impl.cc, RecordMetricsIncrease."""
    renamed, metrics = config.replace('name: "more"', 'name: "new"'), 'metric_names: "/tensorflow/serving/request_count"'
    response = client.call("HandleReloadConfigRequest", f"config {{ {renamed} }} {metrics}")
    metric = 'metric { name: "/tensorflow/serving/request_count" int64_value_increase: 0 }'
    assert response == client.response("HandleReloadConfigRequest", "status { } " + metric)
    assert client.call("GetModelStatus", spec("new")) == client.response("GetModelStatus", grpc_model_cases.status(123))
    assert client.refusal("Predict", spec("more"))[0] == "NOT_FOUND"
    client.call("HandleReloadConfigRequest", f"config {{ {config} }}")
    assert client.call("Predict", spec("more") + floats("a", 1, 2)).outputs["sum"].float_val == [11, 22]


def test_a_label_does_not_move_to_a_missing_version(client, config):
    """Reference: server_core.cc, UpdateModelVersionLabelMap."""
    moved = config.replace('key: "stable" value: 1', 'key: "stable" value: 7')
    code, message = client.refusal("HandleReloadConfigRequest", f"config {{ {moved} }}")
    assert code == "FAILED_PRECONDITION"
    assert message == "Request to assign label to version 7 of model half, which is not currently available for inference"
    assert client.call("Predict", spec("half", label="stable") + floats("x", 2)).model_spec.version.value == 1


DOCUMENTED = {"OK", "INVALID_ARGUMENT", "NOT_FOUND", "FAILED_PRECONDITION", "INTERNAL"}  # the last: bytes that are no message


def altered(content, generator):
    """Returns a request with one field changed: still a message, and nearly always an invalid one."""
    request = predict_pb2.PredictRequest.FromString(content)
    tensor = request.inputs[generator.choice(sorted(request.inputs) or ["x"])]
    changes = [
        lambda: setattr(tensor, "dtype", generator.choice([*range(26), 101, 107, 2**31 - 1, -1])),
        lambda: setattr(tensor, "tensor_content", generator.randbytes(generator.randint(0, 12))),
        lambda: setattr(tensor.tensor_shape.dim.add(), "size", generator.choice([0, 1, 2, 3, -1, 2**31, 2**63 - 1])),
        lambda: tensor.tensor_shape.ClearField("dim"),
        lambda: tensor.float_val.extend([float("nan")] * generator.randint(1, 100)),
        lambda: setattr(tensor.tensor_shape, "unknown_rank", True),
        lambda: request.output_filter.append(generator.choice(["y", "", "\0", "z" * 3000])),
        lambda: setattr(request.model_spec, "name", generator.choice(["dtypes", "../half", "\n", "half/1"])),
        lambda: setattr(request.model_spec, "signature_name", generator.choice(["regress_x_to_y", "__saved_model_init_op"])),
        lambda: setattr(request.model_spec.version, "value", generator.choice([0, 1, 2, -1, 2**63 - 1])),
    ]
    generator.choice(changes)()
    return request.SerializeToString()


def mutated(content, generator):
    """Returns bytes with some of them changed, removed, inserted, doubled or cut off: rarely still a message."""
    content = bytearray(content or b"\0")
    place, length = generator.randrange(len(content)), generator.randint(1, 8)
    change = generator.choice(["flip", "set", "insert", "delete", "double", "cut"])
    if change == "flip":
        content[place] ^= 1 << generator.randrange(8)
    elif change == "set":
        content[place] = generator.choice([0, 1, 2, 7, 127, 128, 255])
    elif change == "cut":
        del content[place:]
    else:
        doubled = content[place : place + length] * 2
        content[place : place + length] = {"insert": generator.randbytes(length), "double": doubled}.get(change, b"")
    return bytes(content)


@pytest.mark.slow
def test_three_hundred_mutated_requests_get_documented_codes_and_the_server_lives(client):
    generator, codes = random.Random(7), collections.Counter()
    predict = client.channel.unary_unary("/tensorflow.serving.PredictionService/Predict")
    requests = [client.request(case.method, case.request) for case in CASES if case.method == "Predict"]
    for _ in range(300):
        mutate = generator.choice([altered, altered, mutated])
        try:
            predict(mutate(generator.choice(requests), generator), timeout=20)
            codes["OK"] += 1
        except grpc.RpcError as error:
            codes[error.code().name] += 1
            assert error.code() != grpc.StatusCode.INTERNAL or error.details() == "The request cannot be parsed."
    assert set(codes) == DOCUMENTED and codes["INTERNAL"] < 150, codes
    assert client.call("Predict", spec("half") + floats("x", 2)).outputs["y"].float_val == [4]
