"""Poisson samples: each row is in each batch by chance of its own, as the accounting of a private training assumes."""

import secrets

import numpy as np
import tensorflow as tf


def poisson_batches(rows, privacy, steps_per_epoch=None):
    """Batches of a private training: each row is in a batch with the probability `privacy.sampling_rate`, whatever others do.

    Batches differ in size, and may be empty. Their randomness comes from the operating system: no seed repeats it.

    Args:
        rows: An array of samples, a tuple of arrays such as samples and labels, or a function from row numbers, an int64 array,
            to a batch of them as a tuple of arrays, for data that are not in memory.
        privacy: The `privacy.DifferentialPrivacy` of `GAN.compile`.
        steps_per_epoch: Batches per epoch; None for all of `privacy.train_steps`.

    Returns:
        A `tf.data.Dataset` for `GAN.fit`.

    Raises:
        ValueError: If the number of rows is not `privacy.train_size`.
    """
    columns = None if callable(rows) else rows if isinstance(rows, tuple) else (rows,)
    read = rows if columns is None else lambda chosen: tuple(column[chosen] for column in columns)
    sizes = {len(column) for column in columns or ()}
    if sizes - {privacy.train_size}:
        raise ValueError(
            f"Got {', '.join(map(str, sorted(sizes)))} rows, and the privacy is that of train_size={privacy.train_size}. "
            "Expected equal numbers: the accounting depends on it."
        )
    num = steps_per_epoch or privacy.train_steps
    example = read(np.arange(0))
    specs = tuple(tf.TensorSpec([None, *part.shape[1:]], part.dtype) for part in map(np.asarray, example))

    def batches():
        random = np.random.Generator(np.random.Philox(secrets.randbits(128)))
        for _ in range(num):
            chosen = np.flatnonzero(random.random(privacy.train_size) < privacy.sampling_rate)
            batch = read(chosen)
            yield batch if len(batch) > 1 else batch[0]

    dataset = tf.data.Dataset.from_generator(batches, output_signature=specs if len(specs) > 1 else specs[0])
    dataset = dataset.apply(tf.data.experimental.assert_cardinality(num)).prefetch(2)
    dataset.privacy = privacy
    return dataset
