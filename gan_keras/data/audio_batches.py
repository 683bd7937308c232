"""Sounds to batches, from memory."""

import numpy as np
import tensorflow as tf


def audio_batches(sounds, batch_size=64, seed=0, shuffle=True):
    """One epoch of batches of int16 sounds.

    Args:
        sounds: `Sounds`.
        batch_size: Sounds in a batch, >= 1.
        seed: Of the order of sounds, which changes from epoch to epoch.
        shuffle: True for training: every batch is full, and the sounds left over come in other epochs. False keeps the
            order and every sound, so that the last batch may be smaller.

    Returns:
        A `tf.data.Dataset` of int16 `(batch, length)`, or of pairs with int32 labels `(batch,)`. Its cardinality is known.

    Raises:
        ValueError: If the sounds do not fill one batch for training.
    """
    num = len(sounds)
    if batch_size < 1 or (shuffle and batch_size > num):
        raise ValueError(f"Got batch_size={batch_size} for {num} sounds. Expected from 1 to {num}.")
    columns = [sounds.samples] + ([] if sounds.labels is None else [sounds.labels])
    epochs, last = iter(range(2**31)), num - num % batch_size if shuffle else num

    def batches():
        order = np.random.default_rng([seed, next(epochs)]).permutation(num) if shuffle else np.arange(num)
        for start in range(0, last, batch_size):
            rows = order[start : start + batch_size]
            yield tuple(column[rows] for column in columns)

    specs = (tf.TensorSpec([None, sounds.length], tf.int16), tf.TensorSpec([None], tf.int32))[: len(columns)]
    dataset = tf.data.Dataset.from_generator(batches, output_signature=specs)
    dataset = dataset if sounds.labels is not None else dataset.map(lambda samples: samples)
    return dataset.apply(tf.data.experimental.assert_cardinality(-(-last // batch_size))).prefetch(4)
