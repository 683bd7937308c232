"""Two worker processes on one machine train as one device does."""

import json
import os
import pathlib
import socket
import subprocess
import sys

import numpy as np
import pytest

import gan_keras

SCRIPT = pathlib.Path(__file__).with_name("one_worker.py")


def free_ports(num):
    sockets = [socket.create_server(("localhost", 0)) for _ in range(num)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def start(arguments, **environment):
    root = str(SCRIPT.parents[1])
    variables = {**os.environ, "PYTHONPATH": root, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1", **environment}
    return subprocess.Popen([sys.executable, *map(str, arguments)], env=variables, stderr=subprocess.PIPE, text=True)


def start_workers(arguments_of_each):
    addresses = [f"localhost:{port}" for port in free_ports(2)]
    for index, arguments in enumerate(arguments_of_each):
        config = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
        yield start(arguments, TF_CONFIG=json.dumps(config))


def finish(processes):
    try:
        for process in processes:
            _, errors = process.communicate(timeout=600)
            assert process.returncode == 0, errors[-4000:]
    finally:
        for process in processes:
            process.kill()


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """What one device and two workers end with."""
    paths = [tmp_path_factory.mktemp("workers") / f"{name}.npz" for name in ("alone", "first", "second")]
    workers = start_workers([SCRIPT, path, "worker"] for path in paths[1:])
    finish([start([SCRIPT, paths[0]]), *workers])
    return [dict(np.load(path)) for path in paths]


@pytest.mark.parametrize("name", ["GradientPenalty", "LeCam", "text"])
def test_two_workers_train_as_one_device(outcomes, name):
    alone, first, second = (outcome[name] for outcome in outcomes)
    known = np.isfinite(alone)
    assert np.abs(first - alone)[known].max() < 1e-5
    np.testing.assert_array_equal(first[known], second[known])


def test_only_the_first_worker_writes_the_run(tmp_path):
    options = ["--preset", "tiny", "--set", "width=2", "--epochs", "2", "--strategy", "multi_worker"]
    command = ["-m", "gan_keras", "train", "image", "--data", "digits", "--out", tmp_path / "run", *options]
    finish(list(start_workers([command] * 2)))
    assert json.loads((tmp_path / "run" / "config.json").read_text())["strategy"] == "multi_worker"
    assert len((tmp_path / "run" / "history.csv").read_text().splitlines()) == 3
    assert gan_keras.load(tmp_path / "run").generate(2).shape == (2, 16, 16, 1)
