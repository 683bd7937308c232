"""Translation runs: every command on a tiny run, resuming, and one line for wrong input."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

import gan_keras.modalities.translation.evaluation
import whole_runs as runs
from command_line import refused
from gan_keras import presets
from gan_keras.callbacks.history import read_history
from gan_keras.data import load_domains, split_domains
from gan_keras.media.images import to_levels
from gan_keras.metrics.extractor import Recipe
from gan_keras.modalities import TranslationModality

SETTINGS = {"width": "2", "patch_width": "2", "identity_weight": "0", "epochs": "3", "steps_per_epoch": "2"}


@pytest.fixture(scope="module", autouse=True)
def extractors(folder):
    with runs.small_extractors(folder, gan_keras.modalities.translation.evaluation, Recipe((4, 8), 30, 32, 1e-2)):
        yield


@pytest.fixture(scope="module")
def run(folder):
    prints = ("inverted_digits, unpaired; a: 899 images of 16 x 16 x 1", "epoch 3/3, adversarial: d_loss")
    return runs.trained(folder / "run", "translation", "inverted_digits", *runs.as_options(SETTINGS), prints=prints)


@pytest.fixture(scope="module")
def held_out():
    return split_domains(load_domains("inverted_digits"), seed=0)[1]


def decoded(path):
    return tf.io.decode_png(path.read_bytes()).numpy()


def test_a_run_records_where_its_domains_are_and_writes_a_row_and_a_picture_per_epoch(run, held_out):
    config = json.loads((run / "config.json").read_text())
    assert (config["modality"], config["labels"], config["data"]["source"]) == ("translation", None, "inverted_digits")
    assert (config["data"]["images_a"], config["data"]["images_b"]) == (899, 898)
    assert config["data"]["held_out_images"] == len(held_out) == 89
    rows = read_history(run / "history.csv")
    assert len(rows) == 3 and all(float(row[name]) >= 0 for row in rows for name in ("cycle", "d_norm"))
    assert "identity" not in rows[0]  # its weight is 0
    pictures = sorted(path.name for path in (run / "samples").iterdir())
    assert pictures == ["animation.gif", *[f"epoch_00{epoch}.png" for epoch in (1, 2, 3)]]
    assert decoded(run / "samples" / "epoch_003.png").shape[0] == 6 * 66 - 2


def test_generate_translates_held_out_images_from_a_place_on(loaded, gan, held_out, tmp_path):
    expected = to_levels(gan.translate(held_out.a.images[3:8]))
    for name in ("one.png", "grid.png", "all.npz", "all"):
        num = 1 if name == "one.png" else 5
        assert runs.succeeded("generate", loaded, "-n", num, "--seed", 3, "--output", tmp_path / name) == ""
    np.testing.assert_array_equal(decoded(tmp_path / "one.png"), expected[0])
    np.testing.assert_array_equal(np.load(tmp_path / "all.npz")["images"], expected)
    np.testing.assert_array_equal([decoded(path) for path in sorted((tmp_path / "all").iterdir())], expected)
    runs.succeeded("generate", loaded, "-n", 2, "--direction", "b_to_a", "--output", tmp_path / "back.npz")
    np.testing.assert_array_equal(
        np.load(tmp_path / "back.npz")["images"], to_levels(gan.translate(held_out.b.images[:2], "b_to_a"))
    )


def test_generate_translates_a_file_a_folder_and_an_array(loaded, gan, version, held_out, tmp_path):
    images = held_out.a.images[:4]
    np.savez(tmp_path / "images.npz", images=images)
    (tmp_path / "folder").mkdir()
    for index, image in enumerate(images):
        (tmp_path / "folder" / f"{index}.png").write_bytes(tf.io.encode_png(image).numpy())
    for direction in ("a_to_b", "b_to_a"):
        expected = gan.translate(images, direction)
        for source, rows in (("images.npz", slice(0, 4)), ("folder", slice(0, 4)), ("folder/2.png", slice(2, 3))):
            for made_by in (loaded, version):
                place = ("--input", tmp_path / source, "--direction", direction)
                runs.succeeded("generate", made_by, *place, "--output", tmp_path / "out.npz")
                found = np.load(tmp_path / "out.npz")["images"].astype(int)
                assert np.abs(found - to_levels(expected[rows])).max() <= (made_by == version)


def test_all_images_of_a_folder_are_translated_and_keep_their_names_and_sizes(loaded, gan, held_out, tmp_path):
    folder, images = tmp_path / "photos", held_out.a.images
    (folder / "more").mkdir(parents=True)
    for index in range(12):
        (folder / f"cat_{index:02d}.png").write_bytes(tf.io.encode_png(images[index]).numpy())
    wide = np.repeat(np.repeat(images[20], 2, axis=0), 3, axis=1)
    Image.fromarray(wide[..., 0]).save(folder / "more" / "wide.JPG", quality=100)
    (folder / "broken.png").write_bytes(b"no image")
    told = runs.succeeded("generate", loaded, "--input", folder, "--output", tmp_path / "out")
    assert "13 images translated, 1 resized to the models' 16 x 16 pixels, and their translations back" in told
    assert "1 that cannot be read left out: broken.png" in told
    found = sorted(str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.*"))
    assert found == [*(f"cat_{index:02d}.png" for index in range(12)), "more/wide.JPG"]
    expected = to_levels(gan.translate(images[:12]))
    np.testing.assert_array_equal([decoded(tmp_path / "out" / name) for name in found[:12]], expected)
    with Image.open(tmp_path / "out/more/wide.JPG") as picture:
        assert (picture.size, picture.format) == ((48, 32), "JPEG")
        small = to_levels(gan.translate(images[20:21]))[0, ..., 0]
        reduced = np.asarray(picture.convert("L").resize((16, 16), Image.Resampling.BOX)).astype(int)
        assert np.corrcoef(reduced.ravel(), small.ravel())[0, 1] > 0.9


def test_evaluate_and_report_write_into_the_run(run, folder):
    scores = runs.evaluated(run, "--num", 12, "--json", folder / "scores.json")
    assert scores == json.loads((folder / "scores.json").read_text())
    assert scores["samplers"].keys() == {"gan", "baseline", "unchanged"} and scores["settings"]["num"] == [12, 12]
    of_real, of_unchanged = (each["values"]["convinced_a_to_b"] for each in (scores["real"], scores["samplers"]["unchanged"]))
    assert of_real > 0.9 > 0.1 > of_unchanged and scores["samplers"]["gan"]["values"]["cycle_a_to_b"] > 0
    assert decoded(run / "translations.png").ndim == 3
    page = runs.reported(run)
    assert "matched colours" in page and "Epoch 3" in page


def test_a_server_translates_an_image(version, gan, held_out):
    image = held_out.a.images[:2] / np.float32(255)
    with runs.served(version) as client:
        found = client.predict("model", {"image": image}, signature="b_to_a")
    np.testing.assert_allclose(found, gan.translate(image, "b_to_a"), atol=1e-5)


def test_a_resumed_run_equals_an_uninterrupted_one(folder, run):
    # After three steps: in the middle of the second epoch.
    runs.assert_resumes(run, folder / "interrupted", "translation", "inverted_digits", runs.StopAfterSteps(3), settings=SETTINGS)


def test_wrong_options_are_refused(loaded, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "words.txt").write_text("no image")
    (tmp_path / "broken.png").write_text("no image")
    (tmp_path / "empty").mkdir()
    np.savez(tmp_path / "other.npz", pictures=np.zeros(3))
    np.savez(tmp_path / "one.npz", images=np.zeros((1, 8, 8, 3), np.uint8))
    wrong = {
        "--direction back": "direction='back'. Expected 'a_to_b' or 'b_to_a'",
        "--seed 85": "Got -n 10 from image 85 on. The held-out part of",
        "--seed -1": "number of the first image",
        "-n 0": "n=0",
        "--label 3": "for a translation, which has no labels",
        "--prompt the": "Got --prompt for a model of the modality translation",
        "--input none.png": "There is no none.png",
        "--input words.txt": "ends in .txt",
        "--input broken.png": "cannot be read as an image",
        "--input empty": "holds no image",
        "--input other.npz": "Expected an array `images`",
        "--input one.npz --seed 1": "one.npz holds 1 images",
    }
    runs.assert_refuses(("generate", loaded), {"": "Standard output shows text alone"})
    runs.assert_refuses(("generate", loaded, "--output", "a.png"), wrong)
    assert not (tmp_path / "a.png").exists()


def test_the_test_part_of_pairs_is_used_for_the_test(tmp_path):
    pixels = np.arange(20, dtype=np.uint8)[:, None, None, None] * np.ones((1, 8, 8, 1), np.uint8)
    parts = dict(zip(("a_train", "b_train", "a_test", "b_test"), np.split(pixels, 4), strict=True))
    np.savez(tmp_path / "other.npz", **parts, paired=True)
    np.savez(tmp_path / "own.npz", a=parts["a_test"][:2], b=parts["b_train"][:2], paired=True)
    config = {"preset": presets.get("translation", "pix2pix").to_config(), "data": {"fingerprint": "another"}}
    run, training = SimpleNamespace(config=config, path=tmp_path), load_domains(tmp_path / "own.npz", paired=True)
    test = TranslationModality().test_part(run, tmp_path / "other.npz", training)
    np.testing.assert_array_equal(test.a.images, parts["a_test"][2:])  # what was trained on is left out
    np.testing.assert_array_equal(test.b.images, parts["b_test"][2:])


def test_a_version_needs_images(version, tmp_path):
    assert "Expected --input" in refused("generate", version, "--output", tmp_path / "a.png")
    np.savez(tmp_path / "images.npz", images=np.zeros((1, 16, 16, 1), np.uint8))
    place = ("--input", tmp_path / "images.npz", "--output", tmp_path / "a.png")
    assert "direction='up'" in refused("generate", version, *place, "--direction", "up")


def test_a_run_is_refused_before_it_trains(loaded, folder, tmp_path):
    np.savez(tmp_path / "small.npz", a=np.zeros((4, 16, 16, 1), np.uint8), b=np.ones((9, 16, 16, 1), np.uint8))
    np.savez(tmp_path / "odd.npz", a=np.zeros((9, 18, 18, 1), np.uint8), b=np.ones((9, 18, 18, 1), np.uint8))
    for data, preset, words in (
        (tmp_path / "odd.npz", "tiny", "multiples of 4"),
        (tmp_path / "small.npz", "pix2pix", "holds domains without pairs"),
        ("inverted_digits", "pix2pix", "inverted_digits holds domains without pairs"),
        (tmp_path / "absent", "tiny", "inverted_digits, outlined_digits"),
    ):
        assert words in refused("train", "translation", "--data", data, "--out", tmp_path / "run", "--preset", preset)
        assert not (tmp_path / "run").exists()
    assert "trained on" in refused("evaluate", loaded, "--data", "inverted_digits")
    assert "not exported" in refused("export", loaded, "--to", tmp_path / "models", "--score")


def test_every_suggested_command_runs_as_it_stands(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # too few photos are held out for an audit
    assert sorted(runs.assert_suggestions_run(run)) == sorted(["generate", "evaluate", "explain", "export", "report", "export"])
