"""A server over sockets: crashing and looping models, new versions, dying processes, misbehaving clients."""

import concurrent.futures
import contextlib
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import time

import grpc
import numpy as np
import psutil
import pytest
import tensorflow as tf
from tensorflow_serving.apis import model_management_pb2, model_service_pb2_grpc

from gan_keras.serving import Client, Code, Retries, ServingError, http_front
from gan_keras.serving.errors import MAX_JSON_BYTES, MAX_ROWS
from gan_keras.serving.model_config import ModelConfig
from gan_keras.serving.server import Server, announce

VERSION = tf.TensorSpec([None], tf.float32, name="x")


class Half(tf.Module):
    """`y = x / 2 + offset` per row for x >= 0, and an endless loop."""

    def __init__(self, offset):
        super().__init__()
        self.offset = tf.Variable(offset)

    @tf.function(input_signature=[VERSION])
    def half(self, x):
        with tf.control_dependencies([tf.debugging.assert_non_negative(x, message="x: expected 0 or more, got")]):
            return {"y": x / 2 + self.offset}

    @tf.function(input_signature=[VERSION])
    def endless(self, x):
        return {"y": tf.while_loop(lambda y: tf.reduce_all(y > -1.0), lambda y: [tf.abs(y) + 1.0], [x])[0]}


def write_version(folder, number, offset=2.0):
    """Writes a version as an export does: to a temporary directory, then renamed."""
    model, hidden = Half(offset), folder / f".tmp-{number}"
    tf.saved_model.save(model, str(hidden), {"serving_default": model.half, "endless": model.endless})
    os.rename(hidden, folder / str(number))


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    folder = tmp_path_factory.mktemp("original")
    write_version(folder, 1)
    return folder / "1"


@pytest.fixture(scope="module")
def folder(original, tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved_models")
    shutil.copytree(original, folder / "half" / "1")
    return folder


@pytest.fixture(scope="module")
def server(folder):
    with Server(folder, port=0, grpc_port=0, workers=2, poll_seconds=0.1) as server:
        yield server


@pytest.fixture
def client(server):
    with Client(f"http://127.0.0.1:{server.port}", models=["half"], retries=Retries(1)) as client:
        yield client


def half(client, *values, **options):
    return client.predict("half", {"x": np.array(values, np.float32)}, **options).tolist()


def exchange(server, raw):
    """The bytes that the server answers to raw bytes, until it ends the connection."""
    with socket.create_connection(("127.0.0.1", server.port), 20) as connection:
        connection.sendall(raw)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def post(server, body, path="/v1/models/half:predict", **headers):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.request("POST", path, body, headers)
    response = connection.getresponse()
    return response.status, json.loads(response.read())


def test_rest_and_grpc_answer_the_same(server, client):
    assert half(client, 1.0, 2.0) == [2.5, 3.0]
    with Client(f"grpc://127.0.0.1:{server.grpc_port}") as other:
        assert half(other, 1.0, 2.0) == [2.5, 3.0]


@pytest.mark.slow
def test_many_clients_at_once_get_their_own_rows_and_their_own_errors(client):
    def ask(value):
        if value % 7:
            return half(client, float(value)) == [value / 2 + 2]
        with pytest.raises(ServingError, match="x: expected 0 or more") as caught:
            half(client, -1.0 - value)
        return caught.value.code == Code.INVALID_ARGUMENT

    with concurrent.futures.ThreadPoolExecutor(32) as threads:
        assert all(threads.map(ask, range(300)))


def test_a_request_that_takes_too_long_ends_without_harm_to_the_server(server, client):
    with Client(f"http://127.0.0.1:{server.port}", timeout=60.0) as patient:
        server.core.timeout = 0.5
        try:
            with pytest.raises(ServingError) as caught:
                patient.predict("half", {"x": np.ones(1, np.float32)}, signature="endless")
        finally:
            server.core.timeout = 30.0
    assert caught.value.code == Code.DEADLINE_EXCEEDED
    assert half(client, 4.0) == [4.0]


@pytest.mark.parametrize("num", [1, 2])
def test_after_workers_were_killed_requests_are_answered_and_the_workers_come_back(server, client, num):
    before = {child.process.pid for child in server.pool.workers}
    for pid in list(before)[:num]:
        os.kill(pid, signal.SIGKILL)
    assert [half(client, float(value)) for value in range(8)] == [[value / 2 + 2] for value in range(8)]
    until(lambda: len({child.process.pid for child in server.pool.workers} - before) >= num)


def until(condition, seconds=60.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.slow
def test_versions_are_swapped_under_load_without_a_failed_request_a_broken_one_left_out(original, tmp_path):
    folder = tmp_path / "saved_models" / "half"
    shutil.copytree(original, folder / "1")
    with Server(folder.parent, port=0, grpc_port=0, workers=2, poll_seconds=0.1) as server:
        client = Client(f"http://127.0.0.1:{server.port}", models=["half"], retries=Retries(1))
        answers, is_over = [], False

        def ask():
            while not is_over:
                answers.append(half(client, 2.0)[0])

        with concurrent.futures.ThreadPoolExecutor(4) as threads, client:
            asking = [threads.submit(ask) for _ in range(4)]
            for number, offset in ((2, 20.0), (4, 40.0)):
                write_version(folder, number, offset)
                until(lambda number=number: client.models() == {"half": [number]})
                (folder / str(number + 1)).mkdir()  # a version without a model
                until(lambda number=number: len(client.status("half")) == number + 1)
            is_over = True
            assert [each.result() for each in asking] == [None] * 4
        assert set(answers) == {3.0, 21.0, 41.0} and answers == sorted(answers)
        until(lambda: len(server.pool.loaded) == 1)
        states = {each.number: each.state for each in server.core.statuses("half")}
        assert states == {5: "END", 4: "AVAILABLE", 3: "END", 2: "END", 1: "END"}


def test_a_request_may_have_many_rows_but_not_any_number(server):
    assert post(server, json.dumps({"instances": [1.0] * MAX_ROWS}))[0] == 200
    status, answer = post(server, json.dumps({"instances": [1.0] * (MAX_ROWS + 1)}))
    assert (status, answer["error"]) == (400, "Task size 1025 is larger than maximum input batch size 1024")


def test_a_body_that_is_too_long_is_refused_before_it_is_read(server):
    head = f"POST /v1/models/half:predict HTTP/1.1\r\nHost: x\r\nContent-Length: {MAX_JSON_BYTES + 1}\r\n\r\n"
    answer = exchange(server, head.encode())
    assert answer.startswith(b"HTTP/1.1 400 ") and b"The body has over 4,194,304 bytes" in answer


def test_a_body_in_chunks_is_read_and_an_endless_one_is_not(server):
    head = b"POST /v1/models/half:predict HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    answer = exchange(server, head + b'10;x=y\r\n{"instances": [2\r\n4\r\n.0]}\r\n0\r\nA: b\r\n\r\n')
    assert answer.startswith(b"HTTP/1.1 200 ") and b"3.0" in answer
    answer = exchange(server, head + b"400000\r\n" + b" " * 2**22 + b"\r\n1\r\n \r\n0\r\n\r\n")
    assert b"The body has over 4,194,304 bytes" in answer


POST, CHUNKED = b"POST /v1/models/half:predict HTTP/1.1\r\n", b"Transfer-Encoding: chunked\r\n"
MALFORMED = [
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    b"GET\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\nA: " + b"b" * 70_000 + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 200 + b"\r\n",
    POST + b"Content-Length: -1\r\n\r\n",
    POST + CHUNKED + b"\r\nno number\r\n",
    POST + CHUNKED + b"\r\n0x1\r\n{\r\n0\r\n\r\n",
    POST + CHUNKED + b"\r\n1\r\n{}\r\n0\r\n\r\n",
    POST + b"Transfer-Encoding: gzip\r\n\r\n",
    POST + CHUNKED + b"Content-Length: 2\r\n\r\n0\r\n\r\n",
    POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    POST + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n",
]


def test_malformed_http_gets_a_status_and_a_reason_in_json(server):
    for raw in MALFORMED:
        head, _, body = exchange(server, raw).partition(b"\r\n\r\n")
        assert head.split()[1] in (b"400", b"414", b"431") and json.loads(body)["error"], raw[:100]


def test_a_client_that_sends_too_slowly_is_cut_off(server, monkeypatch):
    monkeypatch.setattr(http_front, "HEAD_SECONDS", 0.3)
    with socket.create_connection(("127.0.0.1", server.port), 20) as connection:
        started = time.monotonic()
        with contextlib.suppress(ConnectionError):
            for byte in b"GET / HTTP/1.1\r\nHost: slow, slower, slowest":
                connection.sendall(bytes([byte]))
                time.sleep(0.05)
        assert connection.recv(1) == b"" and time.monotonic() - started < 10.0


@pytest.mark.slow
def test_a_connection_beyond_the_maximum_is_told_to_retry(original, tmp_path, monkeypatch):
    monkeypatch.setattr(http_front, "MAX_CONNECTIONS", 2)
    shutil.copytree(original, tmp_path / "half" / "1")
    with Server(tmp_path, port=0, grpc_port=0, workers=1) as server:
        kept = [http.client.HTTPConnection("127.0.0.1", server.port, timeout=20) for _ in range(3)]
        for connection, expected in zip(kept, (200, 200, 503), strict=True):
            connection.request("GET", "/v1/models/half")
            response = connection.getresponse()
            assert response.status == expected and (response.read() or response.getheader("Retry-After") == "1")
        kept[0].close()
        with Client(f"http://127.0.0.1:{server.port}") as client:  # which asks again after 503
            assert half(client, 1.0) == [2.5]


def test_the_page_and_the_metrics_are_there(server, client):
    half(client, 1.0)
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.request("GET", "/")
    page = connection.getresponse()
    assert page.status == 200 and b"<html" in page.read() and "default-src 'none'" in page.getheader("Content-Security-Policy")
    connection.request("GET", "/monitoring/prometheus/metrics")
    metrics = connection.getresponse().read().decode()
    assert ':tensorflow:serving:request_count{model_name="half",status="OK"}' in metrics
    assert ':tensorflow:serving:request_latency_count{model_name="half",API="predict",entrypoint="REST"}' in metrics


def test_a_changed_file_of_models_is_applied_unless_it_is_wrong(original, tmp_path):
    shutil.copytree(original, tmp_path / "half" / "1")
    file = tmp_path / "models.config"

    def write(text):
        file.with_suffix(".new").write_text(f"model_config_list {{ {text} }}", encoding="utf-8")
        file.with_suffix(".new").replace(file)

    model = f'config {{ name: "%s" base_path: "{tmp_path}/half" model_platform: "tensorflow" %s }}'
    write(model % ("a", ""))
    with Server(config_file=file, port=0, grpc_port=0, workers=1, poll_seconds=0.05) as server:
        assert server.core.names() == ["a"]
        write("nonsense")
        until(lambda: server.registry.fault)
        assert server.core.names() == ["a"] and server.core.version("a").number == 1
        write(model % ("b", 'version_labels { key: "stable" value: 1 }'))
        until(lambda: server.core.names() == ["b"] and server.registry.fault is None)
        assert server.core.version("b", label="stable").number == 1


def test_a_reload_reports_a_model_without_a_version_and_serves_the_others(original, tmp_path):
    shutil.copytree(original, tmp_path / "a" / "1")
    configs = [ModelConfig(name, str(tmp_path / name)) for name in ("a", "b")]
    with Server(tmp_path, port=0, grpc_port=0, workers=1, poll_seconds=0.05) as server:
        with pytest.raises(ServingError, match=r"1 model\(s\) did not become available: {{name: b}}") as caught:
            server.core.reload(configs)
        assert caught.value.code == Code.UNKNOWN and server.core.version("a").number == 1
        shutil.copytree(original, tmp_path / "b" / "7")
        until(lambda: server.registry.models["b"].latest() is not None)


def test_a_reload_over_grpc_stays(original, tmp_path):
    for name in ("a", "b"):
        shutil.copytree(original, tmp_path / name / "1")
    with Server(tmp_path, port=0, grpc_port=0, workers=1, poll_seconds=0.05) as server:
        request = model_management_pb2.ReloadConfigRequest()
        request.config.model_config_list.config.add(name="b", base_path=str(tmp_path / "b"), model_platform="tensorflow")
        with grpc.insecure_channel(f"127.0.0.1:{server.grpc_port}") as channel:
            stub = model_service_pb2_grpc.ModelServiceStub(channel)
            assert stub.HandleReloadConfigRequest(request, timeout=60).status.error_code == 0
            request.config.model_config_list.config.add(name="c", base_path=str(tmp_path / "c"), model_platform="tensorflow")
            with pytest.raises(grpc.RpcError, match=r"1 model\(s\) did not become available"):
                stub.HandleReloadConfigRequest(request, timeout=60)
        time.sleep(0.5)
        assert server.core.names() == ["b", "c"]


def test_a_signature_without_a_tensor_does_not_end_a_process(server):
    before = [child.process.pid for child in server.pool.workers]
    with pytest.raises(ServingError):
        server.core.predict(server.core.version("half"), "__saved_model_init_op", {})
    assert [child.process.pid for child in server.pool.workers] == before


@pytest.mark.slow
def test_a_worker_killed_repeatedly_loses_no_version(server, client):
    worker = server.pool.workers[0]
    for _ in range(2):
        os.kill(worker.process.pid, signal.SIGKILL)
        until(lambda worker=worker: half(client, 1.0) == [2.5] and server.pool.workers[0] is not worker)
        worker = server.pool.workers[0]
    until(lambda: half(client, 1.0) == [2.5])
    assert {each.state for each in client.status("half")} == {"AVAILABLE"}


@pytest.mark.slow
def test_a_worker_killed_while_loading_loads_again(original, tmp_path):
    shutil.copytree(original, tmp_path / "half" / "1")
    with Server(tmp_path, port=0, grpc_port=0, workers=2, poll_seconds=60.0) as server:
        write_version(tmp_path / "half", 2)
        with concurrent.futures.ThreadPoolExecutor(1) as thread:
            swap = thread.submit(server.registry.follow_disk)
            os.kill(server.pool.workers[0].process.pid, signal.SIGKILL)
            swap.result(60)
        assert server.core.version("half").number == 2


def test_a_stop_waits_for_answers_but_not_for_kept_connections(original, tmp_path):
    shutil.copytree(original, tmp_path / "half" / "1")
    server = Server(tmp_path, port=0, grpc_port=0, workers=1)
    answers, failures = [], []

    def ask():
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        while True:
            try:
                connection.request("POST", "/v1/models/half:predict", '{"instances": [1.0]}')
                answers.append(connection.getresponse().read())
            except (OSError, http.client.HTTPException) as error:
                return failures.append(error)

    with concurrent.futures.ThreadPoolExecutor(4) as threads:
        asking = [threads.submit(ask) for _ in range(4)]
        until(lambda: len(answers) > 20)
        started = time.monotonic()
        server.close()
        assert time.monotonic() - started < 10.0
        for each in asking:
            each.result(10)
    assert all(b"2.5" in answer for answer in answers)


def test_a_request_after_the_stop_gets_no_answer_so_that_its_client_repeats_it(original, tmp_path):
    shutil.copytree(original, tmp_path / "half" / "1")
    server = Server(tmp_path, port=0, grpc_port=0, workers=1)
    kept = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    request = ("POST", "/v1/models/half:predict", '{"instances": [1.0]}')
    kept.request(*request)
    assert b"2.5" in kept.getresponse().read()
    server.close()
    with pytest.raises((ConnectionError, http.client.RemoteDisconnected)):
        kept.request(*request)
        kept.getresponse()


def test_a_busy_port_and_a_server_without_models_are_errors(server, folder):
    for ports in ({"port": server.port, "grpc_port": 0}, {"port": 0, "grpc_port": server.grpc_port}):
        with pytest.raises(OSError, match=r"cannot listen at 127.0.0.1:\d+"):
            Server(folder, **ports)
    with pytest.raises(ValueError, match="neither a folder nor a file of models"):
        Server()


def test_a_folder_replaces_the_official_images(folder, tmp_path):
    file = tmp_path / "models.config"
    models = [("a", "/models/half"), ("b", "half"), ("c", str(folder / "half")), ("d", "/models/none")]
    entries = (f'config {{ name: "{name}" base_path: "{path}" model_platform: "tensorflow" }}' for name, path in models)
    file.write_text(f"model_config_list {{ {' '.join(entries)} }}", encoding="utf-8")
    with Server(folder, config_file=file, port=0, grpc_port=0, workers=1) as server:
        assert {name for name in server.core.names() if server.registry.models[name].latest()} == {"a", "b", "c"}
        lines = []
        announce(server, lines.append)
        assert lines[0] == "a version 1: AVAILABLE" and "d has no version yet" in lines[3]
    with pytest.raises(ValueError, match="models.config, line 1: Expected model b to have an absolute path"):
        Server(config_file=file)


@pytest.mark.slow
def test_the_command_serves_until_sigterm_and_leaves_no_process(folder):
    command = [sys.executable, "-m", "gan_keras", "serve", str(folder), "--port", "0", "--grpc-port", "0", "--workers", "1"]
    environment = {**os.environ, "PYTHONPATH": str(pathlib.Path(__file__).parents[2]), "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
    try:
        assert process.stdout.readline() == "half version 1: AVAILABLE\n"
        address = process.stdout.readline().split()[1].removesuffix("/v1/models")
        with Client(address) as client:
            assert half(client, 1.0) == [2.5]
        children = psutil.Process(process.pid).children(recursive=True)
        assert len(children) == 1
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
        assert not [child for child in children if child.is_running()]
    finally:
        process.kill()
