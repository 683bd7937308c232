"""Folders of recordings as users bring them: the default command trains on them."""

import numpy as np
import pytest
from scipy.io import wavfile

from command_line import call
from gan_keras.modalities.audio.modality import AudioModality

RANDOM = np.random.default_rng(0)


def write(folder, lengths, rate=8000):
    folder.mkdir()
    for index, length in enumerate(lengths):
        wavfile.write(folder / f"{index:02d}.wav", rate, RANDOM.integers(-9999, 9999, length).astype(np.int16))
    return folder


@pytest.fixture
def planned(monkeypatch):
    """Stops a training before its networks are built."""

    def stop(self, *arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(AudioModality, "build", stop)


def printed(data, out, *more):
    return call("train", "audio", "--data", data, "--out", out, "--epochs", 1, *more).stdout


def test_recordings_of_any_lengths_get_one_that_the_codec_takes_and_batches_that_they_fill(tmp_path, planned):
    lines = printed(write(tmp_path / "calls", range(2400, 2860, 40)), tmp_path / "run").splitlines()
    assert lines == [
        "calls: 12 sounds of 0.36 s at 8,000 Hz (2,880 samples), 12 shorter ones padded with silence, 0 duplicates",
        "calls leaves 11 sounds to train on, fewer than batch_size=64: batches are of 5. More sounds would train better.",
    ]


def test_a_single_long_recording_and_several_become_as_many_sounds_as_they_hold(tmp_path, planned):
    folder = write(tmp_path / "three", [80_000] * 3)
    given = printed(folder, tmp_path / "run", "--set", "length=8192")
    assert "three: 27 sounds of 1.02 s" in given and "recordings cut into pieces: 3, too few to hold whole ones out" in given
    assert "ends shorter than a piece left out: 3" in given
    assert "00.wav: 10 sounds of 1 s" in printed(folder / "00.wav", tmp_path / "run")
    assert "batches are of 4" in printed(folder / "00.wav", tmp_path / "run")


@pytest.mark.slow
def test_a_run_on_pieces_is_evaluated_on_recordings_of_another_rate(tmp_path):
    folder = write(tmp_path / "long", [40_000] * 12)
    assert "Written" in printed(folder, tmp_path / "run", "--preset", "tiny")
    other = write(tmp_path / "other", [20_000] * 8, rate=16_000)
    assert "8 resampled, from 16,000 Hz" in call("evaluate", tmp_path / "run", "--data", other).stdout
