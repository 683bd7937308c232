"""Batches of images: contents and order, from memory and from files."""

import os

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from gan_keras.data import image_batches, images_from_arrays, load_images, split_images
from refusals import refused

LEVELS = np.random.default_rng(0).integers(0, 256, (11, 4, 4, 3), dtype=np.uint8)
LABELS = np.arange(11) % 3


@pytest.fixture
def in_memory():
    return images_from_arrays("memory", LEVELS, LABELS)


@pytest.fixture
def in_files(tmp_path):
    for number, (image, label) in enumerate(zip(LEVELS, LABELS, strict=True)):
        path = tmp_path / str(label) / f"{number:02d}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(image).save(path)
    return load_images(tmp_path)


def epoch(batches):
    """Pixels and labels of one epoch, batch by batch."""
    return [(images.numpy(), labels.numpy()) for images, labels in batches]


def numbers(batches):
    """Index in `LEVELS` of every image of one epoch."""
    places = {image.tobytes(): place for place, image in enumerate(LEVELS)}
    return [places[image.tobytes()] for images, _ in epoch(batches) for image in images]


def test_files_with_any_name_are_read(tmp_path):
    try:
        folders = [os.fsencode(tmp_path / "a b"), os.fsencode(tmp_path) + b"/caf\xe9", os.fsencode(tmp_path / "\u56fe")]
        for folder, level in zip(folders, LEVELS, strict=False):
            os.mkdir(folder)
            Image.fromarray(level).save(os.fsdecode(folder + b"/1.png"))
    except OSError:
        pytest.skip("this file system takes names of UTF-8 alone")
    [(images, labels)] = epoch(image_batches(load_images(tmp_path), 3, shuffle=False))
    assert sorted(images.tobytes() for images in images) == sorted(level.tobytes() for level in LEVELS[:3])
    assert labels.tolist() == [0, 1, 2]


@pytest.mark.parametrize("source", ["in_memory", "in_files"])
def test_training_batches_are_full_and_hold_distinct_images_with_their_labels(source, request):
    batches = image_batches(request.getfixturevalue(source), batch_size=4, seed=1)
    assert batches.cardinality() == 2
    found = epoch(batches)
    assert [(images.shape, images.dtype, labels.dtype) for images, labels in found] == [((4, 4, 4, 3), np.uint8, np.int32)] * 2
    order = numbers(batches)
    assert len(set(order)) == 8
    for images, labels in epoch(batches):
        for image, label in zip(images, labels, strict=True):
            assert label == LABELS[[place for place in range(11) if (LEVELS[place] == image).all()][0]]


@pytest.mark.parametrize("source", ["in_memory", "in_files"])
def test_the_order_depends_on_the_seed_and_the_epoch(source, request):
    images = request.getfixturevalue(source)
    first, again = image_batches(images, 4, seed=1), image_batches(images, 4, seed=1)
    epochs = [numbers(first) for _ in range(3)]
    assert epochs == [numbers(again) for _ in range(3)]
    assert len({tuple(order) for order in [*epochs, numbers(image_batches(images, 4, seed=2))]}) == 4
    assert set(sum(epochs, [])) == set(range(11))  # images left over by one epoch come in another


def test_without_shuffling_all_images_come_in_order_and_without_labels_they_come_alone(in_memory):
    batches = image_batches(in_memory, 4, shuffle=False)
    assert numbers(batches) == numbers(batches) == list(range(11)) and batches.cardinality() == 3
    batches = image_batches(images_from_arrays("memory", LEVELS), 5)
    assert batches.element_spec == tf.TensorSpec([None, 4, 4, 3], tf.uint8) and len(list(batches)) == 2


def test_files_are_resized_on_demand_and_split_like_arrays(in_files):
    files = load_images(in_files.images[0].rsplit("/", 2)[0], size=2, channels=1)
    images = tf.concat([images for images, _ in image_batches(files, 4, shuffle=False)], axis=0)
    in_order = np.concatenate([LEVELS[label == LABELS] for label in range(3)])
    np.testing.assert_array_equal(images, images_from_arrays("memory", in_order, size=(2, 2), channels=1).images)
    train, held_out = split_images(in_files, held_out=3)
    assert len(train.images) == 8 and not set(train.images) & set(held_out.images)
    assert len(epoch(image_batches(train, 4))) == 2


def test_fewer_images_than_a_batch_are_refused(in_memory):
    for batch_size in (0, 12):
        refused(f"Got batch_size={batch_size} for 11 images. Expected from 1 to 11", image_batches, in_memory, batch_size)
