"""Training on two devices or by two workers is training on one; strategies by name, and the memory of GPUs."""

import functools
import json

import numpy as np
import pytest
import tensorflow as tf

import gan_keras
from gan_keras.training import devices
from processes import FOLDER, finish, start, start_workers
from whole_runs import assert_refuses

SCRIPT = FOLDER / "two_devices.py"
QUICK = ("GradientPenalty", "noise", "mistakes", "uneven")
CASES = (
    *("R1, R2, Consistency", "OneSided, HistoryPool, Clip", "DRAGAN", "LeCam", "Lazy, FeatureMatching", "mixed_float16"),
    *("images", "text cooperative", "text policy_gradient"),
)
SLOW = (*CASES, "GradientPenalty", "one to two", "two to one")
CLOSE = 1e-5
TOLERANCES = {"mixed_float16": (1e-4, 1e-4)}  # sums of float16 numbers, in another order
# oneDNN sums in another order for another batch size: images then end 1e-4 apart on processors with wide vectors.
SAME_KERNELS = {"TF_ENABLE_ONEDNN_OPTS": "0"}


@pytest.fixture(scope="module")
def found(folder):
    """Looks up a check of `two_devices.py` and returns its result and the standard error of its process: one process runs the
    quick checks, another one the slow ones."""

    @functools.cache
    def run(names):
        [(output, errors)] = finish([start([SCRIPT, folder / f"alone {len(names)}.npz", *names], **SAME_KERNELS)])
        results = {}
        for line in output.splitlines():
            results.update(json.loads(line) if line.startswith("{") else {})
        return results, errors

    def look_up(name):
        results, errors = run(QUICK if name in QUICK else SLOW)
        return results[name], errors

    return look_up


@pytest.mark.parametrize("name", ["GradientPenalty", *(pytest.param(name, marks=pytest.mark.slow) for name in CASES)])
def test_two_devices_end_with_the_weights_and_logs_of_one(found, name):
    differences, (weights, logs) = found(name)[0], TOLERANCES.get(name, (CLOSE, CLOSE))
    assert differences["weights"] < weights and differences["logs"] < logs, differences


@pytest.mark.slow
def test_two_workers_train_as_one_device(found, folder):
    names, files = ("GradientPenalty", "LeCam", "text cooperative"), [folder / f"worker {index}.npz" for index in range(2)]
    found(SLOW[0])  # its process also writes what one device ends with
    finish(list(start_workers(([SCRIPT, file, *names] for file in files), **SAME_KERNELS)))
    alone, first, second = (np.load(file) for file in (folder / f"alone {len(SLOW)}.npz", *files))
    for name in names:
        known = np.isfinite(alone[name])
        assert np.abs(first[name] - alone[name])[known].max() < CLOSE, name
        np.testing.assert_array_equal(first[name][known], second[name][known])


@pytest.mark.slow
def test_only_the_first_worker_writes_the_run(tmp_path):
    options = ["--preset", "tiny", "--set", "width=2", "--epochs", "2", "--strategy", "multi_worker"]
    command = ["-m", "gan_keras", "train", "image", "--data", "digits", "--out", tmp_path / "run", *options]
    finish(list(start_workers([command] * 2)))
    assert json.loads((tmp_path / "run" / "config.json").read_text())["strategy"] == "multi_worker"
    assert len((tmp_path / "run" / "history.csv").read_text().splitlines()) == 3
    assert gan_keras.load(tmp_path / "run").generate(2).shape == (2, 16, 16, 1)


def test_two_replicas_draw_the_noise_of_one_device_and_never_the_same(found):
    assert found("noise")[0] == {"equal": True, "different": True}


@pytest.mark.slow
@pytest.mark.parametrize("direction", ["one to two", "two to one"])
def test_a_checkpoint_resumes_on_another_number_of_devices(found, direction):
    differences = found(direction)[0]
    assert differences["model"] < CLOSE and differences["weights"] == 0.0, differences


def test_mistakes_are_reported_before_training(found):
    for mistake, words in {
        "outside": "made outside of the scope of the MirroredStrategy",
        "optimizer": "made outside of the scope of the MirroredStrategy",
        "accumulation": "Got gradient_accumulation_steps",
        "generator": "Got data of type generator for 2 replicas. Expected a tf.data.Dataset",
        "single": "Got a single batch for 2 replicas. Expected `fit` or `evaluate`",
        "odd": "Got batches of 5 samples for 2 replicas. Expected a multiple of 2.",
    }.items():
        assert words in found("mistakes")[0][mistake], mistake


def test_a_batch_that_cannot_be_shared_is_dropped_with_a_warning(found):
    steps, errors = found("uneven")
    assert steps == 2
    assert "Dropped a batch of 5 samples" in errors
    assert "steps_per_execution=4 is ignored" in errors


def test_no_strategy_is_one_device():
    for name in ("none", None):
        strategy = devices.get(name)
        assert strategy.num_replicas_in_sync == 1
        assert devices.name_of(strategy) == "none"
        assert devices.writes(strategy)


def test_an_impossible_strategy_is_an_error_of_one_line(tmp_path, monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    monkeypatch.setattr(
        tf.config, "list_logical_devices", lambda kind: [tf.config.LogicalDevice("/device:CPU:0", "CPU")] * (kind == "CPU")
    )
    wrong = {
        "--strategy tpu": "strategy='tpu'. Expected one of none, mirrored, multi_worker.",
        "--strategy mirrored": "strategy='mirrored' needs two devices of a kind. This machine has CPU:0: train with 'none'.",
        "--strategy multi_worker": "strategy='multi_worker' got TF_CONFIG=None. Expected it to be set on each machine",
    }
    assert_refuses(("train", "image", "--data", "digits", "--out", tmp_path / "run"), wrong)
    assert not (tmp_path / "run").exists()


def test_gpus_grow_their_memory_unless_they_have_started_and_that_is_said(monkeypatch):
    grown, said = [], []
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: ["first", "second"] * (kind == "GPU"))
    monkeypatch.setattr(tf.config.experimental, "set_memory_growth", lambda device, grows: grown.append((device, grows)))
    devices.grow_memory(said.append)
    assert grown == [("first", True), ("second", True)] and not said

    def refuse(device, grows):
        raise RuntimeError("Physical devices cannot be modified after being initialized")

    monkeypatch.setattr(tf.config.experimental, "set_memory_growth", refuse)
    devices.grow_memory(said.append)
    assert len(said) == 1 and "devices have already started: Physical devices cannot be modified" in said[0]
