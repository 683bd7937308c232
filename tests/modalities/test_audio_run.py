"""Audio runs: every command on a tiny run, resuming, and one line for wrong input."""

import io
import json
import re

import numpy as np
import pytest
import tensorflow as tf
from scipy.io import wavfile

import whole_runs as runs
from gan_keras.data import load_audio, split_sounds
from gan_keras.media.sounds import to_int16


@pytest.fixture(scope="module")
def run(folder):
    described = "tones: 2,000 sounds of 0.256 s at 4,000 Hz (1,024 samples), 8 classes, 2,000 longer ones cut"
    prints = (described, "epoch 2/2, adversarial: d_loss")
    return runs.trained(folder / "run", "audio", "tones", "--set", "width=2", "--epochs", 2, prints=prints)


def test_an_audio_run_records_where_its_sounds_are_and_writes_sounds_and_pictures(run):
    config = json.loads((run / "config.json").read_text())
    sounds = load_audio("tones", length=1024)
    training, held_out = split_sounds(sounds, seed=0)
    assert (config["modality"], config["labels"]) == ("audio", list(sounds.label_names))
    data = config["data"]
    assert (data["source"], data["fingerprint"], data["sample_rate"], data["length"]) == ("tones", sounds.fingerprint, 4000, 1024)
    assert (data["training_sounds"], data["held_out_sounds"]) == (len(training), len(held_out))
    names = sorted(path.name for path in (run / "samples").iterdir())
    assert names == ["animation.gif", "epoch_001.png", "epoch_001.wav", "epoch_002.png", "epoch_002.wav"]
    rate, samples = wavfile.read(run / "samples" / "epoch_002.wav")
    assert (rate, len(samples)) == (4000, 8 * 4 * (1024 + 600)) and np.abs(samples).max() == 32767


def test_generate_writes_one_sound_pictures_a_directory_or_an_array(loaded, gan, tmp_path):
    expected = to_int16(gan.generate(3, seed=3, labels=[5] * 3))
    assert np.abs(expected.astype(int)).max() == 32767
    for name in ("one.wav", "all.png", "all.npz", "all"):
        num = 1 if name == "one.wav" else 3
        asked = ("-n", num, "--seed", 3, "--label", "string high")
        assert runs.succeeded("generate", loaded, *asked, "--output", tmp_path / name) == ""
    rate, samples = wavfile.read(tmp_path / "one.wav")
    assert rate == 4000 and np.array_equal(samples, expected[0])
    arrays = np.load(tmp_path / "all.npz")
    assert arrays["sample_rate"] == 4000 and np.array_equal(arrays["audio"], expected)
    assert np.array_equal([wavfile.read(path)[1] for path in sorted((tmp_path / "all").iterdir())], expected)
    assert tf.io.decode_png((tmp_path / "all.png").read_bytes()).shape == (128, 3 * 64 + 4, 3)
    assert load_audio(tmp_path / "all.npz").length == 1024  # what was made can be read again


def test_an_exported_version_makes_the_sounds_of_its_run(loaded, gan, version, tmp_path):
    for label in ((), ("--label", "4")):
        asked = [4] * 3 if label else None
        runs.succeeded("generate", version, "-n", 3, "--seed", 5, *label, "--output", tmp_path / "sounds.npz")
        found, expected = np.load(tmp_path / "sounds.npz"), to_int16(gan.generate(3, seed=5, labels=asked)).astype(int)
        assert found["sample_rate"] == 4000 and np.abs(found["audio"] - expected).max() <= 1
    signatures = tf.saved_model.load(str(version)).signatures
    rows = {"seed": tf.constant([5, 6], tf.int64), "label": tf.constant([4, 4])}
    waveform = signatures["generate"](**rows)["waveform"]
    assert waveform.shape == (2, 1024) and waveform.dtype == tf.float32 and np.abs(waveform).max() <= 1
    wav = tf.audio.decode_wav(signatures["encoded"](**rows)["wav_bytes"][0])
    assert int(wav.sample_rate) == 4000
    np.testing.assert_allclose(wav.audio[:, 0], waveform[0], atol=2 / 32768)
    runs.assert_refuses(("generate", version, "--output", tmp_path / "x.npz"), {"--label 8": "label='8'. Expected one of"})


def test_a_server_returns_wav_files(gan, version):
    with runs.served(version) as client:
        files = client.generate("model", n=2, seed=5, signature="encoded", label=4)
    rate, samples = wavfile.read(io.BytesIO(files[1]))
    expected = to_int16(gan.generate(2, seed=5, labels=[4, 4]))[1].astype(int)
    assert rate == 4000 and np.abs(samples - expected).max() <= 2


def test_evaluate_and_report_write_into_the_run(run):
    scores = runs.evaluated(run, "--num", 30)
    assert scores["samplers"].keys() == {"gan", "baseline"}
    assert (scores["protocol"]["num_fake"], scores["protocol"]["split"]) == (30, "test")
    assert scores["real"]["values"]["frechet"] < scores["samplers"]["gan"]["values"]["frechet"]
    assert 0 <= scores["samplers"]["gan"]["values"]["agreement"] <= 1
    page = runs.reported(run)
    assert "Frechet distance" in page and "sample_rate" in page
    players = re.findall(r'<audio controls preload="none" aria-label="([^"]*)" src="data:audio/wav;base64,UklGR', page)
    names = json.loads((run / "config.json").read_text())["labels"]
    assert players == [name for name in names for _ in range(2)] + names  # of the last epoch, and of the first


def test_a_test_set_is_cut_to_length_and_must_have_the_rate_of_the_run(loaded, tmp_path):
    sounds = load_audio("tones")
    arrays = {"x_test": sounds.samples[:20] // 2, "y_test": sounds.labels[:20], "label_names": sounds.label_names}
    np.savez(tmp_path / "test.npz", sample_rate=4000, **arrays)
    scores = runs.evaluated(loaded, "--data", tmp_path / "test.npz", "--num", 20)
    assert (scores["settings"]["test"], scores["protocol"]["num_real"]) == ("test.npz", 20)
    np.savez(tmp_path / "test.npz", sample_rate=8000, **arrays)
    wrong = {f"--data {tmp_path}/test.npz": "8,000 Hz, not the wanted 4,000 Hz", "--data tones": "trained on"}
    runs.assert_refuses(("evaluate", loaded), wrong)


def test_wrong_options_for_sounds_are_refused(loaded, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    wrong = {
        "": "Standard output shows text alone",
        "--output a.mp3": "ends in .mp3. Expected --output and NAME.wav",
        "--output a.wav -n 2": "Got 2 sounds",
        "--output a.wav --label tuba": "label='tuba'. Expected one of flute low",
        "--output a.wav --temperature 0.5": "Got --temperature for a model of the modality audio",
    }
    runs.assert_refuses(("generate", loaded), wrong)
    assert not list(tmp_path.iterdir())


def test_wrong_options_are_refused_before_training(tmp_path):
    wrong = {
        "--labels a.txt": "labels come with the data",
        "--set length=1000": "Expected a multiple of 16",
    }
    runs.assert_refuses(("train", "audio", "--data", "tones", "--out", tmp_path / "run", "--preset", "tiny"), wrong)
    assert not (tmp_path / "run").exists()


def test_a_resumed_run_equals_an_uninterrupted_one(folder, run):
    options = {"settings": {"width": "2"}, "epochs": 2}
    runs.assert_resumes(run, folder / "interrupted", "audio", "tones", runs.StopAfterSteps(2), **options)


def test_every_suggested_command_runs_as_it_stands(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    further = ["explain", "audit", "export", "generate"]  # with directions
    assert sorted(runs.assert_suggestions_run(run)) == sorted(["generate", "evaluate", "export", "report", "generate", *further])
