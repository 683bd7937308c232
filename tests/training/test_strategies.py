"""Training on two devices or by two workers is training on one; strategies by name, and the memory of GPUs."""

import json

import numpy as np
import pytest
import tensorflow as tf

from command_line import refused
from gan_keras.training import devices
from processes import FOLDER, finish, start, start_workers

CLOSE = 1e-5


@pytest.fixture(scope="module")
def found(folder):
    """What `two_devices.py` finds, and its output; what one device alone ends with is in `alone.npz` of the folder."""
    [(output, errors)] = finish([start([FOLDER / "two_devices.py", folder / "alone.npz"])])
    lines = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    return {name: value for line in lines for name, value in line.items()}, errors


@pytest.fixture(scope="module")
def outcomes(found, folder):
    """What one device alone and each of two workers end with."""
    workers = [folder / f"{name}.npz" for name in ("first", "second")]
    finish(list(start_workers([FOLDER / "one_worker.py", path] for path in workers)))
    return [dict(np.load(path)) for path in (folder / "alone.npz", *workers)]


@pytest.mark.parametrize(
    "name",
    ["R1, R2, Consistency", "GradientPenalty", "OneSided, HistoryPool, Clip", "DRAGAN", "LeCam", "Lazy, FeatureMatching"]
    + ["images", "text cooperative", "text policy_gradient"],
)
def test_two_devices_end_with_the_weights_and_logs_of_one(found, name):
    differences = found[0][name]
    assert differences["weights"] < CLOSE and differences["logs"] < CLOSE, differences


@pytest.mark.parametrize("name", ["GradientPenalty", "LeCam", "text cooperative"])
def test_two_workers_train_as_one_device(outcomes, name):
    alone, first, second = (outcome[name] for outcome in outcomes)
    known = np.isfinite(alone)
    assert np.abs(first - alone)[known].max() < CLOSE
    np.testing.assert_array_equal(first[known], second[known])


def test_two_devices_scale_losses_for_float16_as_one_does(found):
    assert max(found[0]["mixed_float16"].values()) < 1e-4  # sums of float16 numbers, in another order


def test_two_replicas_draw_the_noise_of_one_device_and_never_the_same(found):
    assert found[0]["noise"] == {"equal": True, "different": True}


@pytest.mark.parametrize("direction", ["one to two", "two to one"])
def test_a_checkpoint_goes_on_with_another_number_of_devices(found, direction):
    differences = found[0][direction]
    assert differences["model"] < CLOSE and differences["weights"] == 0.0, differences


@pytest.mark.parametrize(
    ("mistake", "said"),
    [
        ("outside", "made outside of the scope of the MirroredStrategy"),
        ("optimizer", "made outside of the scope of the MirroredStrategy"),
        ("accumulation", "Got gradient_accumulation_steps"),
        ("generator", "Got data of type generator for 2 replicas. Expected a tf.data.Dataset"),
        ("single", "Got a single batch for 2 replicas. Expected `fit` or `evaluate`"),
        ("odd", "Got batches of 5 samples for 2 replicas. Expected a multiple of 2."),
    ],
)
def test_mistakes_are_told_before_training(found, mistake, said):
    assert said in found[0]["mistakes"][mistake]


def test_a_batch_that_cannot_be_shared_is_left_out_with_a_word(found):
    result, errors = found
    assert result["uneven"] == 2
    assert "Dropped a batch of 5 samples" in errors
    assert "steps_per_execution=4 is ignored" in errors


@pytest.mark.parametrize("name", ["none", None])
def test_no_strategy_is_one_device(name):
    strategy = devices.get(name)
    assert strategy.num_replicas_in_sync == 1
    assert devices.name_of(strategy) == "none"
    assert devices.writes(strategy)


@pytest.mark.parametrize(
    ("strategy", "said"),
    [
        ("tpu", "strategy='tpu'. Expected one of none, mirrored, multi_worker."),
        ("mirrored", "strategy='mirrored' needs two devices of a kind. This machine has CPU:0: train with 'none'."),
        ("multi_worker", "strategy='multi_worker' got TF_CONFIG=None. Expected it to be set on each machine"),
    ],
)
def test_a_strategy_that_cannot_be_is_one_line(tmp_path, monkeypatch, strategy, said):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    monkeypatch.setattr(
        tf.config, "list_logical_devices", lambda kind: [tf.config.LogicalDevice("/device:CPU:0", "CPU")] * (kind == "CPU")
    )
    assert said in refused("train", "image", "--data", "digits", "--out", tmp_path / "run", "--strategy", strategy)
    assert not (tmp_path / "run").exists()


def test_all_gpus_grow_their_memory(monkeypatch):
    grown, said = [], []
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: ["first", "second"] * (kind == "GPU"))
    monkeypatch.setattr(tf.config.experimental, "set_memory_growth", lambda device, grows: grown.append((device, grows)))
    devices.grow_memory(said.append)
    assert grown == [("first", True), ("second", True)] and not said


def test_devices_that_have_started_keep_their_memory_and_that_is_said(monkeypatch):
    def refuse(device, grows):
        raise RuntimeError("Physical devices cannot be modified after being initialized")

    said = []
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: ["first"])
    monkeypatch.setattr(tf.config.experimental, "set_memory_growth", refuse)
    devices.grow_memory(said.append)
    assert len(said) == 1 and "devices have already started: Physical devices cannot be modified" in said[0]
