"""Two domains to pairs of batches, from memory or straight from files."""

import os

import numpy as np
import tensorflow as tf

from gan_keras.data.image_folders import decode_file


def domain_batches(domains, batch_size=1, seed=0, flip=False):
    """One epoch of pairs of batches of uint8 images: of domain a, and of domain b.

    An epoch is one pass over the longer domain; the shorter one begins again where it ends. Each domain has an order of its
    own, which changes from epoch to epoch; pairs stay together.

    Args:
        domains: `Domains` or `PairedDomains`.
        batch_size: Images of each domain in a batch, >= 1; every batch is full.
        seed: Of the orders.
        flip: Whether images are mirrored, left for right, at random: half of them.

    Returns:
        A `tf.data.Dataset` of two uint8 `(batch, height, width, channels)`. Its cardinality is known.

    Raises:
        ValueError: If the images do not fill one batch.
    """
    if not 1 <= batch_size <= len(domains):
        raise ValueError(f"Got batch_size={batch_size} for {len(domains)} images. Expected from 1 to {len(domains)}.")
    num_batches, epochs, columns = len(domains) // batch_size, iter(range(2**31)), [pixels_of(domains.a), pixels_of(domains.b)]

    def batches():
        epoch = next(epochs)
        drawn = [drawing(len(column), num_batches * batch_size, [seed, stream, epoch]) for column, stream in streams]
        for start in range(0, num_batches * batch_size, batch_size):
            part = slice(start, start + batch_size)
            yield tuple((column[rows[part]], coins[part] & flip) for column, (rows, coins) in zip(columns, drawn, strict=True))

    streams = list(zip(columns, domains.streams, strict=True))
    spec = tuple((tf.TensorSpec([None, *column.shape[1:]], column.dtype), tf.TensorSpec([None], tf.bool)) for column in columns)
    dataset = tf.data.Dataset.from_generator(batches, output_signature=spec)

    def decode(*parts):
        return tuple(mirrored(decoded(pixels, domains.image_shape), coins) for pixels, coins in parts)

    dataset = dataset.map(decode, num_parallel_calls=tf.data.AUTOTUNE)
    return dataset.apply(tf.data.experimental.assert_cardinality(num_batches)).prefetch(4)


def pixels_of(images):
    """The images as an array: of pixels, or of paths."""
    in_memory = isinstance(images.images, np.ndarray)
    return images.images if in_memory else np.array([os.fsencode(path) for path in images.images])


def drawing(num, wanted, seed):
    """So many rows, each once before any comes again, and a coin for each."""
    random = np.random.default_rng(seed)
    rows = np.concatenate([random.permutation(num) for _ in range(-(-wanted // num))])
    return rows[:wanted], random.random(wanted) < 0.5


def decoded(pixels, image_shape):
    if pixels.dtype != tf.string:
        return pixels
    return tf.map_fn(
        lambda path: decode_file(path, image_shape), pixels, fn_output_signature=tf.TensorSpec(image_shape, tf.uint8)
    )


def mirrored(images, coins):
    """The images, left for right where the coin is True."""
    return tf.where(coins[:, None, None, None], images[:, :, ::-1], images)
