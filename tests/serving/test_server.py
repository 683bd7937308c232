"""A server over sockets: crashing and looping models, new versions, dying processes, misbehaving clients."""

import concurrent.futures
import http.client
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

import grpc
import numpy as np
import psutil
import pytest
import tensorflow as tf
import tensorflow_text
from tensorflow_serving.apis import model_management_pb2, model_service_pb2_grpc

from gan_keras.serving import Client, Code, Retries, ServingError
from gan_keras.serving.errors import MAX_ROWS
from gan_keras.serving.model_config import ModelConfig
from gan_keras.serving.server import Server, announce

VERSION = tf.TensorSpec([None], tf.float32, name="x")


class Half(tf.Module):
    """`y = x / 2 + offset` per row for x >= 0, an endless loop, and a crash for a text that is no list."""

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

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="x")])
    def crash(self, x):
        return {"y": tensorflow_text.WhitespaceTokenizer().tokenize(x).to_tensor()}


def write_version(folder, number, offset=2.0):
    """Writes a version as an export does: to a temporary directory, then renamed."""
    model, hidden = Half(offset), folder / f".tmp-{number}"
    signatures = {"serving_default": model.half, "endless": model.endless, "crash": model.crash}
    tf.saved_model.save(model, str(hidden), signatures)
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


def test_a_request_that_kills_its_worker_is_tried_once_more_there_and_fails_while_others_are_answered(server, client):
    first, second = server.pool.workers
    with concurrent.futures.ThreadPoolExecutor(1) as thread:
        poison = thread.submit(post, server, json.dumps({"signature_name": "crash", "inputs": "a"}))
        num_answers = 0
        while not poison.done():
            assert half(client, 2.0) == [3.0]
            num_answers += 1
    status, answer = poison.result()
    assert status == 500 and "ended, and so did the next one" in answer["error"] and num_answers > 3
    assert sum(worker in server.pool.workers for worker in (first, second)) == 1


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
    with Server(tmp_path, port=0, grpc_port=0, workers=1, poll_seconds=0.05, allow_reload=True) as server:
        with pytest.raises(ServingError, match=r"1 model\(s\) did not become available: {{name: b}}") as caught:
            server.core.reload(configs)
        assert caught.value.code == Code.UNKNOWN and server.core.version("a").number == 1
        shutil.copytree(original, tmp_path / "b" / "7")
        until(lambda: server.registry.models["b"].latest() is not None)


def reload(server, **models):
    """Asks over gRPC to serve these base paths by name."""
    request = model_management_pb2.ReloadConfigRequest()
    for name, path in models.items():
        request.config.model_config_list.config.add(name=name, base_path=str(path), model_platform="tensorflow")
    with grpc.insecure_channel(f"127.0.0.1:{server.grpc_port}") as channel:
        return model_service_pb2_grpc.ModelServiceStub(channel).HandleReloadConfigRequest(request, timeout=60)


def test_a_reload_over_grpc_stays(original, tmp_path):
    for name in ("a", "b"):
        shutil.copytree(original, tmp_path / name / "1")
    with Server(tmp_path, port=0, grpc_port=0, workers=1, poll_seconds=0.05, allow_reload=True) as server:
        assert reload(server, b=tmp_path / "b").status.error_code == 0
        with pytest.raises(grpc.RpcError, match=r"1 model\(s\) did not become available"):
            reload(server, b=tmp_path / "b", c=tmp_path / "c")
        time.sleep(0.5)
        assert server.core.names() == ["b", "c"]


def test_a_reload_has_to_be_allowed_and_stays_below_the_folder(server, original, tmp_path):
    with pytest.raises(grpc.RpcError, match="(?s)PERMISSION_DENIED.*--allow-reload"):
        reload(server, half=tmp_path)
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "link").symlink_to(original.parent)
    with Server(tmp_path / "models", port=0, grpc_port=0, workers=1, allow_reload=True) as other:
        for path in (original.parent, tmp_path / "models", tmp_path / "models/../..", tmp_path / "models" / "link"):
            with pytest.raises(grpc.RpcError, match="(?s)PERMISSION_DENIED.*Expected a directory below the served folder"):
                reload(other, half=path)
    with pytest.raises(ValueError, match="allow_reload without a folder"):
        Server(config_file="models.config", allow_reload=True)


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
