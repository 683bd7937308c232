"""Images from arrays, `.npz` files and built-in sets: reading and errors."""

import pathlib

import keras
import numpy as np
import pytest
from PIL import Image

from gan_keras import data
from gan_keras.data import describe_images, images_from_arrays, load_images, split_images, stacked_digits
from gan_keras.data.sample_set import without_copies
from refusals import refused

SHARED_DATA = pathlib.Path(__file__).parents[2] / "../shared/data"
RANDOM = np.random.default_rng(0)
LEVELS = RANDOM.integers(0, 256, (10, 6, 8, 3), dtype=np.uint8)
LABELS = np.arange(10) % 4


def save(directory, **arrays):
    np.savez(directory / "images.npz", **arrays)
    return directory / "images.npz"


@pytest.mark.parametrize("keys", [("images", "labels"), ("x_train", "y_train")])
def test_arrays_are_read_from_a_file_with_either_pair_of_names(tmp_path, keys):
    images = load_images(save(tmp_path, **dict(zip(keys, (LEVELS, LABELS[:, None]), strict=True))))
    np.testing.assert_array_equal(images.images, LEVELS)
    np.testing.assert_array_equal(images.labels, LABELS)
    assert (images.name, images.image_shape, images.label_names) == ("images.npz", (6, 8, 3), ("0", "1", "2", "3"))
    assert images.labels.dtype == np.int32 and images.report == {"images": 10, "duplicates": 0, "values": "0 to 255"}


def test_the_test_part_and_the_names_of_classes_are_read(tmp_path):
    arrays = {"x_train": LEVELS, "y_train": LABELS, "x_test": LEVELS[:3], "y_test": LABELS[:3]}
    images = load_images(save(tmp_path, **arrays, class_names=np.array(list("abcd"))), part="test")
    assert (len(images), images.label_names, images.labels.tolist()) == (3, tuple("abcd"), [0, 1, 2])


def test_floats_become_levels_and_images_are_cropped_resized_and_converted_to_grey():
    for floats, words in ((LEVELS / 255, "0 to 1"), (LEVELS / np.float32(127.5) - 1, "-1 to 1")):
        images = images_from_arrays("floats", floats)
        np.testing.assert_array_equal(images.images, LEVELS)
        assert images.report["values"] == words
    images = images_from_arrays("small", LEVELS, size=(3, 3), channels=1)
    assert images.images.shape == (10, 3, 3, 1)
    middle = [Image.fromarray(image).crop((1, 0, 7, 6)).resize((3, 3), Image.Resampling.BILINEAR) for image in LEVELS]
    np.testing.assert_allclose(images.images[..., 0].astype(int), [np.asarray(each.convert("L"), int) for each in middle], atol=2)
    flat = images_from_arrays("flat", np.full((2, 6, 8, 3), 200, np.uint8), size=(3, 3), channels=1)
    np.testing.assert_array_equal(flat.images, 200)


def test_levels_of_any_dtype_become_the_same_images_and_what_was_found_is_told(tmp_path):
    np.save(tmp_path / "lone.npy", LEVELS)
    deep = LEVELS.astype(np.uint16) * 257
    for levels, told in (
        (LEVELS.astype(np.int32), "values 0 to 255 in int32"),
        (LEVELS.astype(np.float32), "values 0 to 255 in float32"),
        (deep, "values 0 to 65,535"),
        (list(LEVELS), "8 x 3, 0 duplicates"),
        ([Image.fromarray(image) for image in LEVELS], "8 x 3, 0 duplicates"),
        (tmp_path / "lone.npy", "lone.npy: 10 images"),
    ):
        images = load_images(levels)
        np.testing.assert_array_equal(images.images, LEVELS)
        assert told in describe_images(images)
    np.testing.assert_array_equal(load_images(LEVELS > 99).images, (LEVELS > 99) * 255)


def test_lists_take_images_of_several_sizes_and_colours_with_labels():
    images = [LEVELS[0], Image.fromarray(LEVELS[1, :, :6]), LEVELS[2, ..., 0]]
    loaded = load_images(images, size=6, labels=[0, 1, 1], label_names=["cat", "dog"])
    assert (loaded.image_shape, loaded.label_names, loaded.report["grey"]) == ((6, 6, 3), ("cat", "dog"), 1)
    np.testing.assert_array_equal(loaded.images[1], LEVELS[1, :, :6])
    refused("2 sizes.*such as size=64", load_images, images)
    refused("Got labels for digits. Expected None", load_images, "digits", labels=[1])
    refused("an empty list", load_images, [])


def test_images_show_themselves_in_a_line_and_in_notebooks_as_pictures():
    images = load_images(LEVELS)
    assert repr(images) == "<Images images: 10 images of 6 x 8 x 3, 0 duplicates>"
    assert images._repr_html_().startswith("<p>images: 10 images") and "data:image/png;base64," in images._repr_html_()


def test_copies_are_counted_and_no_held_out_image_stays_in_training():
    copies = np.concatenate([LEVELS, LEVELS[:4]])
    images = images_from_arrays("copies", copies, np.arange(14) % 5)
    assert images.report["duplicates"] == 4
    train, held_out = split_images(images, held_out=5, seed=1)
    kept = {image.tobytes() for image in train.images}
    assert len(held_out) == 5 and not kept & {image.tobytes() for image in held_out.images}
    assert len(train) + len(held_out) + train.report["dropped"] == 14 and train.report["dropped"] > 0
    lookup = {image.tobytes(): [label for other, label in zip(copies, np.arange(14) % 5, strict=True) if (other == image).all()]
              for image in copies}  # fmt: skip
    assert all(label in lookup[image.tobytes()] for image, label in zip(train.images, train.labels, strict=True))
    again, _ = split_images(images, held_out=5, seed=1)
    other, _ = split_images(images, held_out=5, seed=2)
    assert again.fingerprint == train.fingerprint != other.fingerprint
    for held_out in (0, 10):
        refused(f"Got held_out={held_out} for 10 images", split_images, images_from_arrays("ten", LEVELS), held_out)


def test_the_fingerprint_follows_images_labels_and_shape():
    prints = [
        images_from_arrays("a", LEVELS, LABELS).fingerprint,
        images_from_arrays("a", LEVELS, LABELS[::-1]).fingerprint,
        images_from_arrays("a", LEVELS).fingerprint,
        images_from_arrays("a", LEVELS[::-1]).fingerprint,
        images_from_arrays("a", LEVELS.reshape(10, 8, 6, 3)).fingerprint,
    ]
    assert len(set(prints)) == 5 and prints[0] == images_from_arrays("b", LEVELS.copy(), LABELS).fingerprint


def test_labels_of_a_single_class_are_counted_and_left_out():
    images = images_from_arrays("one", LEVELS, np.zeros(10, int))
    assert images.labels is None and images.report["one_class"] == 10
    assert describe_images(images) == "one: 10 images of 6 x 8 x 3, 10 of one class, labels left out, 0 duplicates"


def test_wrong_images_and_labels_are_refused():
    for images, message in (
        (LEVELS[..., :2], "Expected .num, height, width, channels."),
        (np.moveaxis(LEVELS, -1, 1), "Move the channels last"),
        (LEVELS[:0], r"shape \(0, 6, 8, 3\)"),
        (LEVELS[:1], "holds 1 images. Expected at least 2"),
        (LEVELS.astype(int) - 128, r"int64 from -128 to 127. Expected levels from 0 to 255"),
        (LEVELS * 3.0, r"float64 from 0 to 765. Expected levels from 0 to 255, or floats in \[0, 1\] or \[-1, 1\]"),
        ((LEVELS > 99).astype(int), "int64 from 0 to 1"),
        (LEVELS.astype(np.uint16) * 8, "2,040 of 65,535: all would be black"),
        (LEVELS.astype(str), "dtype <U3"),
        (np.where(np.arange(10)[:, None, None, None] == 7, np.nan, LEVELS / 255), "1 images hold NaN .* number 7"),
    ):
        refused(message, images_from_arrays, "wrong", images)
    for labels, message in (
        (LABELS[:9], r"labels of shape \(9,\).* for 10 images"),
        (LABELS.astype(float), "dtype float64"),
        (np.eye(10, dtype=int), "argmax"),
        (LABELS - 1, "3 labels are out of range, the first is -1 of images 0"),
        (np.where(LABELS == 3, 99, LABELS), "the first is 99 of images 3. Expected 0 to 9"),
    ):
        refused(message, images_from_arrays, "wrong", LEVELS, labels)


def test_files_without_images_and_wrong_choices_are_refused(tmp_path):
    (tmp_path / "text.npz").write_text("no archive")
    (tmp_path / "images.zip").write_bytes(b"PK")
    Image.fromarray(LEVELS[0]).save(tmp_path / "one.png")
    mixed = np.array([LEVELS[0], LEVELS[0, :3]], dtype=object)
    for path, message in (
        (tmp_path / "text.npz", "cannot be read as arrays"),
        (tmp_path / "images.zip", "is an archive. Expected what it holds: unpack it"),
        (tmp_path / "one.png", "is a single image. Expected a folder of images"),
        (save(tmp_path, pictures=LEVELS), r"arrays \['pictures'\]. Expected x_train or images"),
    ):
        refused(message, load_images, path)
    refused("'images' .* several sizes go into a folder", load_images, save(tmp_path, images=mixed))
    refused("Did you mean .*text.npz.*digits, stacked_digits, mnist", load_images, tmp_path / "test.npz", error=FileNotFoundError)
    for choice in ({"size": 0}, {"size": (8, 8, 3)}, {"channels": 4}, {"part": "validation"}):
        refused("Expected", load_images, "digits", **choice)


def test_every_built_in_set_loads_and_the_digits_are_the_scikit_learn_ones_enlarged():
    digits = load_images("digits")
    assert digits.images.shape == (1797, 16, 16, 1) and digits.images.max() == 255
    assert digits.label_names == tuple("0123456789") and digits.report["enlarged"] == 1797
    small = load_images("digits", size=8)
    from sklearn.datasets import load_digits

    np.testing.assert_allclose(small.images[..., 0], load_digits().images * 255 / 16, atol=0.51)
    for name in data.IMAGE_DATASETS:
        assert load_images(name).name == name


def test_stacked_digits_have_the_digit_of_each_channel_in_their_label():
    digits = load_images("digits")
    stacked = stacked_digits(digits, num=50, seed=3)
    assert stacked.image_shape == (16, 16, 3) and len(stacked.label_names) == 1000
    known = {image.tobytes(): label for image, label in zip(digits.images[..., 0], digits.labels, strict=True)}
    for image, label in zip(stacked.images, stacked.labels, strict=True):
        channels = [known[np.ascontiguousarray(image[..., channel]).tobytes()] for channel in range(3)]
        assert label == 100 * channels[0] + 10 * channels[1] + channels[2]
    assert stacked_digits(digits, 50, seed=3).fingerprint == stacked.fingerprint
    refused("Expected grey images in memory", stacked_digits, stacked)


def test_a_data_set_of_keras_is_downloaded_or_the_error_says_that_this_failed(monkeypatch):
    monkeypatch.setattr(keras.datasets.mnist, "load_data", lambda: ((LEVELS[..., 0], LABELS), (LEVELS[:4, ..., 0], LABELS[:4])))
    assert load_images("mnist", part="test", size=4).images.shape == (4, 4, 4, 1)

    def fail():
        raise Exception("URL fetch failure")

    monkeypatch.setattr(keras.datasets.mnist, "load_data", fail)
    refused("^mnist cannot be downloaded .URL fetch failure.. Expected a network.*$", load_images, "mnist", error=ConnectionError)


@pytest.mark.skipif(not SHARED_DATA.is_dir(), reason="the shared data sets are not here")
def test_real_files_load():
    cifar = load_images(SHARED_DATA / "cifar10_subset.npz", part="test")
    assert cifar.images.shape == (2500, 32, 32, 3) and cifar.label_names[0] == "airplane"
    assert cifar.report["duplicates"] == 0
    mnist = load_images(SHARED_DATA / "mnist.npz", size=32, part="test")
    assert mnist.images.shape == (10000, 32, 32, 1) and len(mnist.label_names) == 10


def test_test_images_that_were_trained_on_are_left_out_and_counted():
    images = load_images("digits")
    training, held_out = split_images(images, held_out=200)
    left = without_copies(images, training)
    assert not np.isin(left.hashes, training.hashes).any()
    assert (len(left), left.report["copies"]) == (len(held_out), len(images) - len(held_out))
    assert without_copies(held_out, training) is held_out
    refused("trained on", without_copies, training, training)
