"""Arrays to batches in an order that follows from a seed."""

import numpy as np
import tensorflow as tf


def array_batches(columns, batch_size, seed=0, first_epoch=0):
    """One epoch of batches of the rows of arrays, in random order; the last batch may be smaller.

    Args:
        columns: Arrays of numbers with as many rows, such as samples and labels.
        batch_size: Rows in a batch, >= 1.
        seed: Of the order, which changes from epoch to epoch.
        first_epoch: The epoch that begins, counted from 0.

    Returns:
        A `tf.data.Dataset` of arrays for one column, of tuples for more. Its cardinality is known.

    Raises:
        ValueError: If the columns have not as many rows, or the batch size is below 1.
    """
    num = len(columns[0])
    if batch_size < 1 or any(len(column) != num for column in columns):
        rows = ", ".join(str(len(column)) for column in columns)
        raise ValueError(f"Got arrays of {rows} rows and batch_size={batch_size}. Expected as many rows, and batch_size >= 1.")
    epochs = iter(range(first_epoch, 2**31))

    def batches():
        order = np.random.default_rng([seed % 2**64, next(epochs)]).permutation(num)
        for start in range(0, num, batch_size):
            batch = tuple(column[order[start : start + batch_size]] for column in columns)
            yield batch if len(batch) > 1 else batch[0]

    specs = tuple(tf.TensorSpec([None, *column.shape[1:]], column.dtype) for column in columns)
    dataset = tf.data.Dataset.from_generator(batches, output_signature=specs if len(specs) > 1 else specs[0])
    return dataset.apply(tf.data.experimental.assert_cardinality(-(-num // batch_size))).prefetch(2)
