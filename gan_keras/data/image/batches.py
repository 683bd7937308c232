"""Images to batches, from memory or straight from files."""

import os

import numpy as np
import tensorflow as tf

from gan_keras.data.image.folders import decode_file


def image_batches(images, batch_size=64, seed=0, shuffle=True):
    """One epoch of batches of uint8 images; files are read, cropped and resized several at a time, as they are needed.

    Args:
        images: `Images`.
        batch_size: Images in a batch, >= 1.
        seed: Of the order of images, which changes from epoch to epoch.
        shuffle: True for training: every batch is full, and the images left over come in other epochs. False keeps the
            order and every image, so that the last batch may be smaller.

    Returns:
        A `tf.data.Dataset` of uint8 `(batch, height, width, channels)`, or of pairs with int32 labels `(batch,)`. Its
        cardinality is known.

    Raises:
        ValueError: If the images do not fill one batch for training.
    """
    if batch_size < 1 or (shuffle and batch_size > len(images)):
        raise ValueError(f"Got batch_size={batch_size} for {len(images)} images. Expected from 1 to {len(images)}.")
    from_files = not isinstance(images.images, np.ndarray)
    pixels = np.array([os.fsencode(path) for path in images.images]) if from_files else images.images
    columns = [pixels] + ([] if images.labels is None else [images.labels])
    epochs = iter(range(2**31))

    def batches():
        random = np.random.default_rng([seed, next(epochs)]) if shuffle else None
        for rows in _rows(len(images), batch_size, random):
            yield tuple(column[rows] for column in columns)

    spec = tf.TensorSpec([None], tf.string) if from_files else tf.TensorSpec([None, *images.image_shape], tf.uint8)
    specs = (spec, tf.TensorSpec([None], tf.int32))[: len(columns)]
    dataset = tf.data.Dataset.from_generator(batches, output_signature=specs)
    dataset = dataset if images.labels is not None else dataset.map(lambda pixels: pixels)
    dataset = _decoded(dataset, images.image_shape, batch_size) if from_files else dataset
    num_batches = len(images) // batch_size if shuffle else -(-len(images) // batch_size)
    return dataset.apply(tf.data.experimental.assert_cardinality(num_batches)).prefetch(4)


def _rows(num, batch_size, random):
    """The rows of each batch; only full ones if the order is random."""
    order = np.arange(num) if random is None else random.permutation(num)
    last = num if random is None else num - num % batch_size
    return [order[start : start + batch_size] for start in range(0, last, batch_size)]


def _decoded(dataset, image_shape, batch_size):
    def decode(path, *label):
        image = decode_file(path, image_shape)
        return (image, *label) if label else image

    return dataset.unbatch().map(decode, num_parallel_calls=tf.data.AUTOTUNE).batch(batch_size)
