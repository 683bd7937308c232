"""Video runs: every command on a tiny run, resuming, and one line for wrong input."""

import json

import numpy as np
import pytest
import tensorflow as tf

import whole_runs as runs
from gan_keras.data import load_videos, split_videos
from gan_keras.media.clips import clip_levels, read_gif

SETTINGS = {"frames": "4", "size": "12"}


@pytest.fixture(scope="module")
def run(folder):
    prints = ("moving_digits: 3,594 clips of 4 frames of 12 x 12 x 1, 10 classes", "epoch 2/2, adversarial: d_loss")
    return runs.trained(folder / "run", "video", "moving_digits", *runs.as_options(SETTINGS), prints=prints)


def test_a_video_run_records_where_its_clips_are_and_writes_animations(run):
    config = json.loads((run / "config.json").read_text())
    assert config["modality"] == "video" and config["labels"] == list("0123456789")
    videos = load_videos("moving_digits", 4, 12)
    training, held_out = split_videos(videos, seed=0)
    assert (config["data"]["source"], config["data"]["fingerprint"]) == ("moving_digits", videos.fingerprint)
    assert (config["data"]["training_clips"], config["data"]["held_out_clips"]) == (len(training), len(held_out))
    assert sorted(path.name for path in (run / "samples").iterdir()) == ["epoch_001.gif", "epoch_002.gif", "film.png"]
    pictures = {  # 12 pixels become 72, and 2 lie between; next to the clips are their labels, and above a film its frames
        (0, 1): (read_gif(run / "samples" / "epoch_002.gif").shape[1:3], (10 * 74 - 2, 5 * 74 - 2)),
        (1, 1): (tf.io.decode_png((run / "samples" / "film.png").read_bytes()).shape[:2], (10 * 74 - 2, 4 * 74 - 2)),
    }
    for has_labels, (size, bare) in pictures.items():
        for is_wider, of_picture, of_clips in zip(has_labels, size, bare, strict=True):
            assert of_clips + is_wider <= of_picture < of_clips + 1 + 40 * is_wider


def test_generate_writes_one_clip_a_grid_a_directory_or_an_array(loaded, gan, tmp_path):
    expected = clip_levels(gan.generate(4, seed=3, labels=[7] * 4))
    for name in ("one.gif", "grid.gif", "all.npz", "all"):
        num = 1 if name == "one.gif" else 4
        assert runs.succeeded("generate", loaded, "-n", num, "--seed", 3, "--label", "7", "--output", tmp_path / name) == ""
    np.testing.assert_array_equal(np.load(tmp_path / "all.npz")["videos"], expected)
    assert read_gif(tmp_path / "one.gif").shape[1:] == (12, 12, 3)
    assert read_gif(tmp_path / "grid.gif").shape[1:] == (146, 146, 3)
    assert len(list((tmp_path / "all").glob("0000?.gif"))) == 4


def test_an_exported_version_makes_the_clips_of_its_run_and_is_served(loaded, gan, version, tmp_path):
    for label in ((), ("--label", "4")):
        asked = [4] * 3 if label else None
        runs.succeeded("generate", version, "-n", 3, "--seed", 5, *label, "--output", tmp_path / "clips.npz")
        expected = clip_levels(gan.generate(3, seed=5, labels=asked)).astype(int)
        assert np.abs(np.load(tmp_path / "clips.npz")["videos"] - expected).max() <= 1
    card = json.loads((version / "assets.extra" / "model_card.json").read_text())
    assert card["signatures"]["serving_default"]["outputs"] == {"video": "float32"}
    assert "encoded" not in card["signatures"] and card["signatures"]["latents"]["inputs"].keys() == {"latents", "label"}
    with runs.served(version) as client:
        clips = client.generate("model", n=3, seed=5, label=4)
    np.testing.assert_allclose(clips, gan.generate(3, seed=5, labels=[4] * 3), atol=1e-5)
    runs.assert_refuses(("generate", version, "--output", tmp_path / "clips.npz"), {"--label 11": "Expected one of 0, 1, 2"})


def test_evaluate_and_report_write_into_the_run(run):
    scores = runs.evaluated(run, "--num", 20)
    assert scores["samplers"].keys() == {"gan", "baseline", "still"}
    assert scores["protocol"]["num_fake"] == 20 and scores["protocol"]["split"] == "test"
    assert scores["real"]["values"]["frechet"] < scores["samplers"]["gan"]["values"]["frechet"]
    assert scores["samplers"]["still"]["values"]["speed"] == 0 < scores["real"]["values"]["speed"]
    assert scores["real"]["values"]["speed_distance"] < scores["samplers"]["still"]["values"]["speed_distance"]
    page = runs.reported(run)
    assert "distance of speeds" in page
    assert page.count("data:image/gif;base64,") == 2 and "Frame by frame" in page


def test_a_test_set_is_cut_to_size_and_its_labels_are_those_of_the_run(loaded, tmp_path):
    videos = load_videos("moving_digits", 5, 14)
    chosen = np.flatnonzero(videos.labels >= 5)[:40]
    np.savez(tmp_path / "test.npz", x_train=videos.videos[:9], x_test=videos.videos[chosen], y_test=videos.labels[chosen])
    scores = runs.evaluated(loaded, "--data", tmp_path / "test.npz", "--num", 30)
    assert (scores["settings"]["test"], scores["protocol"]["num_real"]) == ("test.npz", 40)
    runs.assert_refuses(("evaluate", loaded), {"--data moving_digits": "trained on"})


def test_wrong_options_for_videos_are_refused(loaded, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    wrong = {
        "": "Standard output shows text alone",
        "--output clips.png": "ends in .png",
        "--output none/clips.gif": "no directory",
        "--output a.gif --temperature 0.5": "Got --temperature for a model of the modality video",
        "--output a.gif --label ten": "label='ten'. Expected one of 0, 1, 2",
    }
    runs.assert_refuses(("generate", loaded), wrong)
    assert list(tmp_path.iterdir()) == []


def test_settings_that_cannot_work_are_refused_before_training(tmp_path):
    wrong = {
        "--set frames=4 --set size=20": "size=24",
        "--set frames=1": "frames=1. Expected 0 (those of the data) or at least 2",
        "--set network_options={'units':3}": "network_options={'units': 3}",
        "--set augmentation=diff": "Expected none",
        "--set network=dcgan": "Expected one of vgan, mocogan",
    }
    runs.assert_refuses(("train", "video", "--data", "moving_digits", "--out", tmp_path / "run", "--preset", "tiny"), wrong)


def test_clips_shorter_than_asked_and_classes_without_clips_are_refused(tmp_path):
    clips = np.zeros((40, 4, 12, 12, 1), np.uint8) + np.arange(40, dtype=np.uint8)[:, None, None, None, None]
    np.savez(tmp_path / "a.npz", videos=clips, labels=np.arange(40) % 2 * 2)
    wrong = {
        "--set frames=8": "40 of the 40 clips of a.npz have fewer than 8 frames",
        "": "no clips to train on for 1 of 3 classes: 1",
        "--labels a.txt": "Expected none: a file of labels is for text",
    }
    runs.assert_refuses(("train", "video", "--data", tmp_path / "a.npz", "--out", tmp_path / "run", "--preset", "tiny"), wrong)


def test_a_resumed_run_equals_an_uninterrupted_one(folder, run):
    runs.assert_resumes(run, folder / "interrupted", "video", "moving_digits", runs.StopAfterEpochs(1), settings=SETTINGS)


def test_every_suggested_command_runs_as_it_stands(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    further = ["explain", "audit", "export", "generate"]  # with directions
    assert sorted(runs.assert_suggestions_run(run)) == sorted(["generate", "evaluate", "export", "report", "generate", *further])
