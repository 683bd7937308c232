"""Checkpoints: which stay, what is refused, damage, full disks, and a process that is killed."""

import errno
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from broken_off import IMAGES, furthest, image_gan, state_of, train
from gan_keras import GAN
from gan_keras.callbacks import Checkpoint
from gan_keras.media.safe_files import check_writable
from gan_keras.networks import MLPDiscriminator, MLPGenerator
from gan_keras.training import checkpoint_files

POINTS = np.random.default_rng(0).normal(size=(16, 2)).astype("float32")


def small_gan(seed=1, rate=0.25):
    gan = GAN(MLPGenerator((2,), latent_dim=4, units=(4,)), MLPDiscriminator((4,)), seed=seed)
    gan.compile({"class_name": "SGD", "config": {"learning_rate": rate}}, "sgd")
    return gan


def fit(gan, directory, epochs=2, points=POINTS, **options):
    return gan.fit(points, batch_size=8, epochs=epochs, verbose=0, callbacks=[Checkpoint(directory, **{"seconds": 0, **options})])


def files_of(directory):
    return {path: path.read_bytes() for path in directory.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A directory with two checkpoints."""
    directory = tmp_path_factory.mktemp("checkpoints")
    fit(small_gan(), directory)
    return directory


def test_the_last_two_stay_and_each_says_where_it_was_written(trained):
    assert checkpoint_files.names(trained) == ["epoch_000001_batch_00000002", "epoch_000002_batch_00000000"]
    state = json.loads((trained / "epoch_000001_batch_00000002" / "state.json").read_text())
    assert (state["epoch"], state["batch"], state["seed"], state["stage"]) == (1, 2, 1, None)
    assert [row["epoch"] for row in state["rows"]] == [0]
    lines = (trained / "epoch_000002_batch_00000000" / "SHA256SUMS").read_text().splitlines()
    assert [line.split()[1] for line in lines] == ["model.keras", "state.json", "arrays.npz"]


def test_in_little_time_only_the_end_is_written_and_costly_checkpoints_more_seldom(tmp_path):
    (tmp_path / f".{32 * 'a'}").mkdir()  # left by a killed write
    fit(small_gan(), tmp_path, seconds=1000.0)
    assert [path.name for path in tmp_path.iterdir()] == ["epoch_000002_batch_00000000"]
    checkpoint = Checkpoint(tmp_path, seconds=10.0)
    checkpoint.last, checkpoint.cost = time.monotonic() - 11.0, 0.1
    assert checkpoint.is_due()
    checkpoint.cost = 1.0  # 1 % of 100 s
    assert not checkpoint.is_due()


def test_a_state_of_lists_arrays_and_single_numbers_comes_back(tmp_path):
    kept = {"best": -np.inf, "weights": [np.arange(6.0).reshape(2, 3), np.float32(0.5), np.int64(7)], "none": None}
    checkpoint_files.write(tmp_path, small_gan(), {"epoch": 1, "batch": 0, "kept": kept}, keep=1)
    read = checkpoint_files.newest(tmp_path, pytest.fail)[1]["kept"]
    assert (read["best"], read["none"], read["weights"][1:]) == (-np.inf, None, [0.5, 7])
    np.testing.assert_array_equal(read["weights"][0], kept["weights"][0])


def test_a_damaged_checkpoint_is_named_and_the_one_before_is_used(trained):
    cases = [(name, share) for name in ("model.keras", "state.json") for share in (0.0, 0.3, 0.7, 0.999)]
    for name, share in [*cases, ("arrays.npz", 0.5), ("SHA256SUMS", 0.5)]:
        path = trained / "epoch_000002_batch_00000000" / name
        whole = path.read_bytes()
        place = int(share * len(whole))
        truncated, flipped = whole[:place], whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]
        for content in (truncated, flipped):
            lines = []
            path.write_bytes(content)
            used, state = checkpoint_files.newest(trained, lines.append)
            assert (used.name, state["epoch"], state["batch"]) == ("epoch_000001_batch_00000002", 1, 2), (name, share)
            assert len(lines) == 1 and "epoch_000002_batch_00000000 is damaged" in lines[0]
        path.write_bytes(whole)


def test_a_training_resumes_from_the_one_before_and_replaces_the_damaged_one(tmp_path):
    gan = small_gan()
    fit(gan, tmp_path)
    newest, before = (tmp_path / name for name in reversed(checkpoint_files.names(tmp_path)))
    (newest / "state.json").unlink()
    with pytest.warns(UserWarning, match="state.json missing"):
        fit(small_gan(), tmp_path)
    assert checkpoint_files.newest(tmp_path, None)[0] == newest
    for each in (newest, before):
        (each / "model.keras").write_bytes(b"")
    with pytest.warns(UserWarning), pytest.raises(ValueError, match="All 2 checkpoints in .* are damaged"):
        fit(small_gan(), tmp_path)


def test_another_training_or_version_is_refused_by_what_differs(trained, monkeypatch):
    before = files_of(trained)
    for gan, points, message in (
        (small_gan(seed=2), POINTS, "gan.seed is 1 in the checkpoint and 2 here"),
        (small_gan(rate=0.5), POINTS, r"compile.generator_optimizer.\S*rate is 0.25 in the checkpoint and 0.5"),
        (small_gan(), POINTS + 1, r"data.samples is float32 \(16, 2\), crc32 \w+ in the checkpoint and float32"),
    ):
        weights = gan.get_weights()
        pytest.raises(ValueError, fit, gan, trained, points=points).match(message)
        assert files_of(trained) == before
        assert all((a == b).all() for a, b in zip(weights, gan.get_weights(), strict=True))
    monkeypatch.setattr("gan_keras.training.fingerprint.version_of", lambda package: "9.9.1")
    with pytest.raises(ValueError, match=r"versions.gan_keras is 0.1 in the checkpoint and 9.9 here; versions.keras is 3.\d+ "):
        fit(small_gan(), trained)


def test_a_gan_of_the_same_structure_resumes_whatever_the_names_of_its_layers(trained):
    assert fit(small_gan(), trained).epoch == [0, 1]


def test_a_full_disk_ends_training_with_the_reason_and_leaves_the_last_checkpoint(tmp_path, monkeypatch):
    save, calls = np.savez, []

    def full(path, **arrays):
        calls.append(path)
        if len(calls) == 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        save(path, **arrays)

    monkeypatch.setattr(np, "savez", full)
    message = r"epoch_000001_batch_00000000 was not written: No space left on device; [\d,]+ bytes are free, about [\d,]+ are"
    pytest.raises(OSError, fit, small_gan(), tmp_path).match(message)
    left = ["epoch_000000_batch_00000001", "epoch_000000_batch_00000002"]
    assert sorted(path.name for path in tmp_path.iterdir()) == left
    monkeypatch.undo()
    assert checkpoint_files.load_model(checkpoint_files.newest(tmp_path, None)[0]).generate(2).shape == (2, 2)
    assert fit(small_gan(), tmp_path).epoch == [0, 1]


def test_a_place_that_cannot_be_written_is_reported_before_training(tmp_path, monkeypatch):
    def read_only(path, content):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(pathlib.Path, "write_bytes", read_only)
    with pytest.raises(OSError, match="runs was not written: Read-only file system; .* bytes are free"):
        check_writable(tmp_path / "runs")


def test_numbers_out_of_range_are_errors():
    for name, value in (("seconds", -1), ("seconds", float("nan")), ("keep", 0)):
        pytest.raises(ValueError, Checkpoint, "a", **{name: value}).match(name)


CHILD = """
import sys
from broken_off import IMAGES, image_gan, train
train(image_gan(), sys.argv[1], IMAGES, epochs=100, batch_size=8)
"""


@pytest.mark.slow
def test_a_training_resumes_with_the_same_bits_after_its_process_was_killed(tmp_path):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "TF_CPP_MIN_LOG_LEVEL": "3"}
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(tmp_path / "killed")], env=environment)
    while len(checkpoint_files.names(tmp_path / "killed")) < 2 and child.poll() is None:
        time.sleep(0.01)
    time.sleep(0.3)
    child.send_signal(signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL
    path, state = checkpoint_files.newest(tmp_path / "killed", None)
    epochs = state["epoch"] + 2
    straight, resumed = image_gan(), None
    train(straight, tmp_path / "straight", IMAGES, epochs=epochs, batch_size=8)
    resumed = image_gan()
    history = train(resumed, tmp_path / "killed", IMAGES, epochs=epochs, batch_size=8)
    assert furthest(resumed, straight) == 0.0
    assert history.epoch == list(range(epochs))
    assert len(state_of(resumed)) > 30
