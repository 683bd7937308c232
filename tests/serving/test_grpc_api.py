"""The gRPC server: its limits, its errors, and clients that misbehave."""

import logging
import socket
import struct
import threading
import types

import numpy as np
import pytest

grpc = pytest.importorskip("grpc")
pytest.importorskip("tensorflow_serving.apis")

from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc  # noqa: E402

from gan_keras.serving.errors import MAX_MESSAGE_BYTES, PREDICT_ONLY, Code, ServingError  # noqa: E402
from gan_keras.serving.grpc_api import first_values, make_server, shortened  # noqa: E402
from gan_keras.serving.tensor_protos import write_tensor  # noqa: E402

PREDICT = b"/tensorflow.serving.PredictionService/Predict"


class EchoCore:
    """Returns the inputs, or behaves as the model's name says."""

    def __init__(self):
        self.timeouts, self.entered, self.release = [], threading.Semaphore(0), threading.Event()

    def version(self, name, number=None, label=None):
        return types.SimpleNamespace(name=name, number=1, signatures={})

    def predict(self, version, signature_name, inputs, output_names=(), timeout=None):
        self.timeouts.append(timeout)
        if version.name == "broken":
            raise ZeroDivisionError("/secret/path")
        if version.name == "full":
            raise ServingError(Code.RESOURCE_EXHAUSTED, "Try again later.")
        if version.name == "slow":
            self.entered.release()
            self.release.wait(30)
        return inputs


@pytest.fixture
def core():
    return EchoCore()


@pytest.fixture
def start(core):
    """Starts a server over `core` and returns its port."""
    servers = []

    def run(**settings):
        server, port = make_server(core, "127.0.0.1", 0, **settings)
        server.start()
        servers.append(server)
        return port

    yield run
    core.release.set()
    for server in servers:
        server.stop(None)


def stub(port):
    options = [("grpc.max_receive_message_length", -1)]
    return prediction_service_pb2_grpc.PredictionServiceStub(grpc.insecure_channel(f"127.0.0.1:{port}", options))


def request(name="m", array=None):
    message = predict_pb2.PredictRequest(model_spec={"name": name})
    if array is not None:
        write_tensor(array, message.inputs["x"])
    return message


def refusal(call, *arguments, **keywords):
    with pytest.raises(grpc.RpcError) as raised:
        call(*arguments, **keywords)
    return raised.value.code(), raised.value.details()


def test_an_internal_error_is_logged_and_hidden_from_the_client(start, caplog):
    with caplog.at_level(logging.ERROR, "gan_keras.serving.grpc_api"):
        code, message = refusal(stub(start()).Predict, request("broken"))
    assert (code, message) == (grpc.StatusCode.INTERNAL, "Internal error of the server.")
    assert "ZeroDivisionError: /secret/path" in caplog.text and "Predict failed." in caplog.text


def test_a_refusal_keeps_its_code_and_message(start):
    expected = (grpc.StatusCode.RESOURCE_EXHAUSTED, "Try again later.")
    assert refusal(stub(start()).Predict, request("full")) == expected


def test_a_call_may_have_a_time_limit(start, core):
    predict = stub(start()).Predict
    predict(request(), timeout=20)
    predict(request())
    assert 15 < core.timeouts[0] < 21 and core.timeouts[1] is None


def test_bytes_that_are_not_a_message_are_refused_and_not_logged(start, caplog):
    call = grpc.insecure_channel(f"127.0.0.1:{start()}").unary_unary(PREDICT.decode())
    assert refusal(call, b"\xff\xff\xff") == (grpc.StatusCode.INTERNAL, "The request cannot be parsed.")
    assert not caplog.records


def test_methods_other_than_predict_are_unimplemented(start):
    channel = grpc.insecure_channel(f"127.0.0.1:{start()}")
    for method, words in {
        **dict.fromkeys(["Classify", "Regress", "MultiInference"], PREDICT_ONLY),
        "Train": "Method not found!",
    }.items():
        call = channel.unary_unary(f"/tensorflow.serving.PredictionService/{method}")
        assert refusal(call, b"") == (grpc.StatusCode.UNIMPLEMENTED, words)


def test_a_call_without_a_message_is_unimplemented(start):
    call = grpc.insecure_channel(f"127.0.0.1:{start()}").stream_unary(PREDICT.decode())
    expected = (grpc.StatusCode.UNIMPLEMENTED, "The method requires exactly one request message.")
    assert refusal(call, iter([])) == expected


def test_a_request_that_is_too_large_is_refused_and_one_that_just_fits_is_not(start):
    predict = stub(start()).Predict
    fits = np.zeros(MAX_MESSAGE_BYTES - 100, bool)
    assert len(predict(request(array=fits)).outputs["x"].bool_val) == len(fits)
    too_large = request(array=np.zeros(MAX_MESSAGE_BYTES, bool))
    assert refusal(predict, too_large)[0] == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert refusal(predict, too_large, compression=grpc.Compression.Gzip)[0] == grpc.StatusCode.RESOURCE_EXHAUSTED


def test_calls_beyond_the_maximum_are_refused_at_once(start, core):
    predict = stub(start(num_threads=2, max_rpcs=2)).Predict
    pending = [predict.future(request("slow")) for _ in range(2)]
    assert all(core.entered.acquire(timeout=20) for _ in pending)
    assert refusal(predict, request(), timeout=20)[0] == grpc.StatusCode.RESOURCE_EXHAUSTED
    core.release.set()
    assert [future.result(20).model_spec.name for future in pending] == ["slow", "slow"]


def frame(kind, flags, stream, payload):
    """A frame of HTTP/2."""
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def begin_call(port):
    """Opens a connection and starts a call of Predict without sending its request."""
    headers = {b":method": b"POST", b":scheme": b"http", b":path": PREDICT, b":authority": b"x"}
    headers |= {b"content-type": b"application/grpc", b"te": b"trailers"}
    block = b"".join(b"\0" + bytes([len(name)]) + name + bytes([len(text)]) + text for name, text in headers.items())
    connection = socket.create_connection(("127.0.0.1", port))
    settings, end_of_headers = 4, 4
    connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(settings, 0, 0, b"") + frame(1, end_of_headers, 1, block))
    return connection


def test_clients_that_never_send_their_request_do_not_occupy_threads(start):
    port = start(num_threads=2, body_seconds=1.0)
    connections = [begin_call(port) for _ in range(4)]
    assert stub(port).Predict(request(), timeout=20).model_spec.name == "m"
    for connection in connections:
        connection.close()


def test_a_busy_port_is_an_error_at_once(start, core):
    port = start()
    with pytest.raises(OSError, match=f"gRPC cannot listen at 127.0.0.1:{port}. Expected an address"):
        make_server(core, "127.0.0.1", port)


def test_a_message_is_cut_after_1024_bytes_at_the_end_of_a_character():
    assert shortened("x" * 1024) == "x" * 1024
    assert shortened("x" * 1025) == "x" * 1024 + "...TRUNCATED"
    assert shortened("x" + "ä" * 600) == "x" + "ä" * 511 + "...TRUNCATED"
    assert shortened("\ud800") == "?"


def test_metrics_are_found_by_the_names_of_tensorflow_serving():
    text = '# TYPE :a:b counter\n:a:b{model_name="m n",status="OK"} 3\n:a:b{status="NOT_FOUND"} 4\n:c{} 1.5\n:d 7\n'
    assert first_values(text, ["/a/b", "/c", "/d", "/none"]) == {"/a/b": 3, "/c": 1, "/d": 7, "/none": 0}
