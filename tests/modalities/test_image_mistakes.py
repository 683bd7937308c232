"""Wrong images on the command line: one clear line, exit code 2, no files; what can be mended is reported and counted."""

import numpy as np
import pytest
import tensorflow as tf

import command_line
from command_line import call
from gan_keras.modalities.image.modality import ImageModality

RANDOM = np.random.default_rng(0)


def levels(num, size=16, channels=3):
    return RANDOM.integers(0, 256, (num, size, size, channels), dtype=np.uint8)


def write_folder(folder, images, name="{:03d}.png"):
    for index, image in enumerate(images):
        path = folder / name.format(index)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(tf.io.encode_png(image).numpy())
    return folder


def train(data, out, *more, by=call):
    return by("train", "image", "--data", data, "--out", out, "--preset", "tiny", "--epochs", 1, *more)


def refused(data, out, *more):
    """Expects a refused training; returns its one line of error."""
    line = train(data, out, *more, by=command_line.refused)
    assert not out.exists()
    return line


@pytest.fixture
def planned(monkeypatch):
    """Stops a training after its report about the data."""

    def stop(self, *arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(ImageModality, "build", stop)


def test_images_of_mixed_sizes_are_refused_until_a_size_is_given(tmp_path, planned):
    folder = write_folder(tmp_path / "images", [*levels(60), *levels(40, 20)])
    assert "16 x 16 (60), 20 x 20 (40)" in refused(folder, tmp_path / "run")
    result = train(folder, tmp_path / "run", "--set", "size=16")
    assert "100 images of 16 x 16 x 3" in result.stdout


def test_grey_images_among_colour_are_reported_and_counted(tmp_path, planned):
    folder = write_folder(tmp_path / "images", [*levels(90), *levels(10, channels=1)])
    assert "100 images of 16 x 16 x 3, 10 grey among colour" in train(folder, tmp_path / "run").stdout


def test_fewer_images_than_a_batch_make_the_batches_smaller_and_it_is_told(tmp_path, planned):
    folder = write_folder(tmp_path / "images", levels(12))
    assert "leaves 11 images to train on, fewer than batch_size=64: batches are of 5." in train(folder, tmp_path / "run").stdout


def test_corrupt_files_are_named_skipped_and_counted_up_to_a_tenth(tmp_path, planned):
    folder = write_folder(tmp_path / "images", levels(120))
    whole = (folder / "007.png").read_bytes()
    (folder / "007.png").write_bytes(whole[: len(whole) // 2])
    result = train(folder, tmp_path / "run")
    assert "119 images" in result.stdout and "1 corrupt skipped" in result.stdout and "007.png" in result.stdout
    for number in range(8, 20):
        (folder / f"{number:03d}.png").write_bytes(b"no image")
    assert "13 of the 120 images" in refused(folder, tmp_path / "run")
    assert "007.png, 008.png" in refused(folder, tmp_path / "run")


def test_a_single_class_trains_without_labels_and_never_into_the_folder_of_its_images(tmp_path, planned):
    folder = write_folder(tmp_path / "images", levels(80), "only/{:03d}.png")
    assert "80 of one class, labels left out" in train(folder, tmp_path / "run").stdout
    assert "lies in" in refused(folder, folder / "run")


def test_wrong_arrays_are_refused_before_anything_is_written(tmp_path):
    for arrays, words in (
        ({"images": levels(80).astype(np.int32) * 300}, "int32 from 0 to 76500"),
        ({"images": levels(80).astype(np.float32) - 50}, "float32 from -50 to 205"),
        ({"images": np.full((80, 16, 16, 3), np.nan)}, "80 images hold NaN"),
        ({"images": np.zeros((80, 16, 16, 2), np.uint8)}, "shape (80, 16, 16, 2)"),
        ({"pictures": levels(80)}, "holds the arrays ['pictures']"),
        ({"images": levels(80), "labels": np.arange(80) - 1}, "1 labels are out of range, the first is -1"),
        ({"images": levels(80), "labels": np.arange(79)}, "labels of shape (79,)"),
        ({"images": levels(80), "labels": np.arange(80) % 4, "label_names": ["a", "b", "c"]}, "20 labels are out of range"),
        ({"images": levels(80), "labels": np.arange(80) % 3 + 1}, "no images to train on for 1 of 4 classes: 0"),
        ({"images": levels(80), "labels": np.arange(80) % 4, "label_names": "cats"}, "labels are out of range"),
        ({"images": levels(1)}, "1 images. Expected at least 2"),
        ({"images": levels(80, 20)}, "`--set size=32`"),
    ):
        np.savez(tmp_path / "images.npz", **arrays)
        assert words in refused(tmp_path / "images.npz", tmp_path / "run"), words


def test_unknown_names_and_wrong_choices_are_refused_before_anything_is_written(tmp_path):
    assert "digits, stacked_digits, mnist" in refused("digit", tmp_path / "run")
    for arguments, words in (
        (["--preset", "nope"], "default, mlp, dcgan"),
        (["--labels", "labels.txt"], "labels come with the data"),
        (["--set", "network=vae"], "one of mlp, dcgan"),
        (["--set", "loss=praise"], "hinge"),
        (["--set", "generator_optimizer=sgd"], "one of adam, adagrad"),
        (["--set", "generator_options.speed=1"], "arguments of Adam"),
        (["--set", "penalties.0.gamma=1"], "NUMBER below 0"),
        (["--set", "penalties=[{'class_name': 'R9', 'config': {}}]"], "R9"),
        (["--set", "network_options={[]: 1}"], "type dict"),
        (["--set", "augmentation=noise"], "none, diff, adaptive"),
        (["--set", "network=moments"], "--preset private --epsilon 10"),
        (["--set", "size=-1"], "at least 0"),
        (["--resume"], "does not exist"),
    ):
        assert words in refused("digits", tmp_path / "run", *arguments), arguments
