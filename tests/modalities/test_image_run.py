"""Image runs: every command on a tiny run, resuming, and one line for wrong input."""

import json

import numpy as np
import pytest
import tensorflow as tf

import gan_keras.modalities.image.evaluation
import whole_runs as runs
from command_line import call, refused
from gan_keras.callbacks.history import read_history
from gan_keras.data import load_images, split_images
from gan_keras.media.images import to_levels
from gan_keras.runs.train import train

SETTINGS = {"width": "2"}


@pytest.fixture(scope="module")
def run(folder):
    prints = ("digits: 1,797 images of 16 x 16 x 1, 10 classes", "epoch 4/4, adversarial: d_loss", "val_frechet")
    return runs.trained(folder / "run", "image", "digits", *runs.as_options(SETTINGS), prints=prints)


def decoded(path):
    return tf.io.decode_png(path.read_bytes()).numpy()


def test_an_image_run_records_where_its_images_are_and_does_not_copy_them(run):
    config = json.loads((run / "config.json").read_text())
    assert config["modality"] == "image" and config["labels"] == [str(digit) for digit in range(10)]
    images = load_images("digits")
    training, held_out = split_images(images, seed=0)
    assert (config["data"]["source"], config["data"]["fingerprint"]) == ("digits", images.fingerprint)
    assert (config["data"]["training_images"], config["data"]["held_out_images"]) == (len(training), len(held_out))
    assert not (run / "data").exists()
    rows = read_history(run / "history.csv")
    assert [bool(row["val_frechet"]) for row in rows] == [False, True, False, True]
    assert sorted(path.name for path in (run / "samples").iterdir()) == [
        "animation.gif",
        *[f"epoch_00{epoch}.png" for epoch in (1, 2, 3, 4)],
        "interpolation.png",
    ]


def test_generate_writes_one_image_a_grid_a_directory_or_an_array(loaded, gan, tmp_path):
    expected = to_levels(gan.generate(5, seed=3, labels=[7] * 5))
    for name in ("one.png", "grid.png", "all.npz", "all"):
        num = 1 if name == "one.png" else 5
        assert runs.succeeded("generate", loaded, "-n", num, "--seed", 3, "--label", "7", "--output", tmp_path / name) == ""
    np.testing.assert_array_equal(decoded(tmp_path / "one.png"), expected[0])
    np.testing.assert_array_equal(np.load(tmp_path / "all.npz")["images"], expected)
    np.testing.assert_array_equal([decoded(path) for path in sorted((tmp_path / "all").iterdir())], expected)
    assert decoded(tmp_path / "grid.png").shape == (2 * 64 + 2, 3 * 64 + 4, 1)


def test_an_exported_version_makes_the_images_of_its_run(loaded, gan, version, tmp_path):
    for label in ((), ("--label", "4")):
        asked = [4] * 3 if label else None
        runs.succeeded("generate", version, "-n", 3, "--seed", 5, *label, "--output", tmp_path / "images.npz")
        expected = to_levels(gan.generate(3, seed=5, labels=asked)).astype(int)
        assert np.abs(np.load(tmp_path / "images.npz")["images"] - expected).max() <= 1
    encoded = tf.saved_model.load(str(version)).signatures["encoded"]
    png = encoded(seed=tf.constant([5], tf.int64), label=tf.constant([4]))["png_bytes"].numpy()[0]
    assert tf.io.decode_png(png).shape == (16, 16, 1)
    wrong = {"--label 99999999999": "label='99999999999'", "--label 11": "label='11'. Did you mean"}
    runs.assert_refuses(("generate", version, "--output", tmp_path / "images.npz"), wrong)


def test_evaluate_and_report_write_into_the_run(run, folder):
    scores = runs.evaluated(run, "--num", 40, "--json", folder / "scores.json")
    assert scores == json.loads((folder / "scores.json").read_text())
    assert scores["samplers"].keys() == {"gan", "baseline"}
    assert scores["protocol"]["num_fake"] == 40 and scores["protocol"]["split"] == "test"
    assert scores["real"]["values"]["frechet"] < scores["samplers"]["gan"]["values"]["frechet"]
    page = runs.reported(run)
    assert "Frechet distance to test images" in page and "Epoch 4" in page
    assert page.count("data:image/png;base64,") >= 4


def test_a_test_set_is_cut_to_size_and_its_labels_are_those_of_the_run(loaded, tmp_path):
    images = load_images("digits", size=20)
    chosen = images.labels >= 5  # only five of the classes
    np.savez(tmp_path / "test.npz", x_train=images.images[:9], x_test=images.images[chosen], y_test=images.labels[chosen])
    scores = runs.evaluated(loaded, "--data", tmp_path / "test.npz", "--num", 30)
    assert (scores["settings"]["test"], scores["protocol"]["num_real"]) == ("test.npz", int(chosen.sum()))
    wrong = {"--data digits": "trained on", "--seed -1": "seed=-1", "--num 2000000": "n=2000000"}
    runs.assert_refuses(("evaluate", loaded), wrong)


def test_no_more_images_are_held_in_memory_than_a_gigabyte(monkeypatch):
    images = load_images("digits")
    assert gan_keras.modalities.image.evaluation.in_memory_part(images) is images
    monkeypatch.setattr(gan_keras.modalities.image.evaluation, "MAX_BYTES", 600 * 4 * 16 * 16)
    assert len(gan_keras.modalities.image.evaluation.in_memory_part(images)) == 600


def test_wrong_options_for_images_are_refused(loaded, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "precious.txt").write_text("mine")
    wrong = {
        "": "Standard output shows text alone",
        "--output images.jpg": "ends in .jpg",
        "--output none/images.png": "no directory",
        "--output full": "is not empty",
        "--output a.png --temperature 0.5": "Got --temperature for a model of the modality image",
        "--output a.png --prompt the --top-p 1": "Got --top-p, --prompt",
        "--output a.png --label ten": "label='ten'. Expected one of 0, 1, 2",
        "--output a.png --label 3 -n 0": "n=0",
    }
    runs.assert_refuses(("generate", loaded), wrong)
    assert [path.name for path in tmp_path.rglob("*")] == ["full", "precious.txt"]


@pytest.mark.slow
def test_a_resumed_run_equals_an_uninterrupted_one(folder, run):
    runs.assert_resumes(run, folder / "interrupted", "image", "digits", runs.StopAfterEpochs(2), settings=SETTINGS)
    runs.assert_trained_alike(run, folder / "interrupted", ("checkpoints/epoch_000004_batch_00000000/model.keras",))


@pytest.mark.slow
def test_steps_and_scores_that_are_timed_before_a_training_do_not_change_it(run, tmp_path, monkeypatch):
    monkeypatch.setattr("gan_keras.runs.train.LONG_STEPS", 0)
    lines = []
    train("image", "digits", tmp_path / "run", "tiny", settings=SETTINGS, progress=lines.append)
    assert any(line.startswith("about ") for line in lines)
    runs.assert_trained_alike(run, tmp_path / "run")


def test_resuming_needs_the_same_data_and_the_same_modality(run):
    with pytest.raises(ValueError, match="not what .* was trained on"):
        train("image", "stacked_digits", run, resume=True, progress=runs.silent)
    pytest.raises(ValueError, train, "text", "docstrings", run, resume=True, progress=runs.silent).match("modality image")


def test_data_that_are_gone_or_changed_are_reported(tmp_path):
    path, images = tmp_path / "a.npz", load_images("digits")
    np.savez(path, images=images.images[:80])
    train("image", path, tmp_path / "run", "tiny", epochs=1, settings=SETTINGS, progress=runs.silent)
    np.savez(path, images=images.images[1:81])
    assert "have changed" in refused("evaluate", tmp_path / "run")
    path.unlink()
    assert "are gone" in refused("evaluate", tmp_path / "run")
    assert call("report", tmp_path / "run").exit_code == 0


def test_minutes_determine_the_number_and_the_length_of_epochs():
    modality, training = gan_keras.modalities.get("image"), load_images("digits")
    preset = gan_keras.presets.get("image", "dcgan")  # 14 steps an epoch of 128 images
    cheap, seconds = modality.fit_into(preset, training, {"adversarial": 1.4, "score": 1.0}, 100.0)
    assert (cheap.epochs, cheap.steps_per_epoch, cheap.quality_every) == (71, 14, 0)
    assert seconds == {"adversarial": pytest.approx(1.4)}
    dear, _ = modality.fit_into(preset, training, {"adversarial": 140.0, "score": 8.0}, 400.0)  # 360 s to train, 40 to score
    assert (dear.epochs, dear.steps_per_epoch, dear.quality_every) == (12, 3, 5)


@pytest.mark.slow
def test_every_suggested_command_runs_as_it_stands(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    further = ["explain", "audit", "export", "generate"]  # with directions
    assert sorted(runs.assert_suggestions_run(run)) == sorted(["generate", "evaluate", "export", "report", "generate", *further])
