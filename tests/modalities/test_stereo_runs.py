"""Stereo through the command line: training, generation, evaluation, report and export, on spectrograms and on waveforms."""

import json

import numpy as np
import pytest
import tensorflow as tf
from scipy.io import wavfile

import whole_runs as runs
from command_line import call

RATE, LENGTH = 8000, 1024
RANDOM = np.random.default_rng(0)


def write(folder, num, pieces, stereo=True):
    """Writes recordings whose left channel is a low tone and whose right one is a softer, high one."""
    folder.mkdir()
    seconds = np.arange(pieces * LENGTH) / RATE
    for index in range(num):
        tones = [
            loudness * np.sin(2 * np.pi * (hertz + 20 * index) * seconds) for hertz, loudness in ((200, 20000), (1500, 9000))
        ]
        sound = np.stack(tones, axis=1) + RANDOM.normal(scale=100, size=(len(seconds), 2))
        wavfile.write(folder / f"{index}.wav", RATE, (sound if stereo else sound[:, 0]).astype(np.int16))
    return folder


@pytest.fixture(scope="module")
def recordings(folder):
    return write(folder / "band", 4, pieces=15)


@pytest.fixture(scope="module")
def run(folder, recordings):
    prints = ("band: 60 sounds of 0.128 s at 8,000 Hz (1,024 samples), stereo", "recordings cut into pieces: 4", "val_frechet")
    settings = ("--set", "channels=2", "--set", "width=2", "--epochs", 2)
    return runs.trained(folder / "run", "audio", recordings, *settings, prints=prints)


def test_a_stereo_run_writes_both_channels_everywhere(run, tmp_path):
    config = json.loads((run / "config.json").read_text())
    assert config["data"]["channels"] == config["preset"]["channels"] == 2
    assert wavfile.read(run / "samples" / "epoch_002.wav")[1].shape == (10 * 4 * (LENGTH + 1200), 2)
    runs.succeeded("generate", run, "-n", 1, "--output", tmp_path / "one.wav")
    rate, sound = wavfile.read(tmp_path / "one.wav")
    assert (rate, sound.shape) == (RATE, (LENGTH, 2)) and (sound[:, 0] != sound[:, 1]).any()
    runs.succeeded("generate", run, "-n", 2, "--output", tmp_path / "two.npz")
    assert np.load(tmp_path / "two.npz")["audio"].shape == (2, LENGTH, 2)
    assert "audio/wav;base64" in runs.reported(run)


def test_an_exported_version_of_a_stereo_run_serves_both_channels(run, tmp_path):
    version = runs.exported(run, tmp_path / "models")
    runs.succeeded("generate", version, "-n", 1, "--seed", 5, "--output", tmp_path / "served.wav")
    runs.succeeded("generate", run, "-n", 1, "--seed", 5, "--output", tmp_path / "own.wav")
    (rate, served), (_, own) = (wavfile.read(tmp_path / name) for name in ("served.wav", "own.wav"))
    assert rate == RATE and served.shape == (LENGTH, 2) and np.abs(served.astype(int) - own).max() <= 2
    signatures, seeds = tf.saved_model.load(str(version)).signatures, tf.constant([5, 6], tf.int64)
    waveform = signatures["serving_default"](seed=seeds)["waveform"]
    assert waveform.shape == (2, LENGTH, 2) and waveform.dtype == tf.float32
    wav = tf.audio.decode_wav(signatures["encoded"](seed=seeds)["wav_bytes"][1])
    np.testing.assert_allclose(wav.audio, waveform[1], atol=2 / 32768)


def test_a_stereo_run_is_evaluated_mixed_down_and_its_test_sounds_become_stereo(run, tmp_path):
    others = write(tmp_path / "others", 8, pieces=2, stereo=False)
    printed = call("evaluate", run, "--data", others, "--num", 10).output
    assert "(1,024 samples), stereo" in printed and "8 of one channel doubled" in printed
    assert "scoring 10 sounds, mixed down to mono" in printed and "Verdict: " in printed


def test_waveforms_are_trained_and_scored_in_stereo(recordings, tmp_path):
    settings = ("--set", "channels=2", "--set", "width=2", "--set", "network=wavegan", "--set", "codec_options={}")
    run = runs.trained(tmp_path / "run", "audio", recordings, *settings, "--epochs", 2, prints=("stereo", "val_frechet"))
    runs.succeeded("generate", run, "-n", 1, "--output", tmp_path / "one.wav")
    assert wavfile.read(tmp_path / "one.wav")[1].shape == (LENGTH, 2)
    version = runs.exported(run, tmp_path / "models")
    served = tf.saved_model.load(str(version)).signatures["serving_default"](seed=tf.constant([1], tf.int64))
    assert served["waveform"].shape == (1, LENGTH, 2)
