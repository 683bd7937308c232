"""Windows of series to batches, cut as they are needed."""

import numpy as np
import tensorflow as tf


def series_batches(data, batch_size=128, seed=0):
    """One epoch of full batches in random order; the windows left over come in other epochs.

    Args:
        data: `Series`.
        batch_size: Windows in a batch, >= 1.
        seed: Of the order, which changes from epoch to epoch.

    Returns:
        A `tf.data.Dataset` of float32 `(batch, window, columns)` in the data's own units, NaN after the end, or of pairs with
        int32 labels `(batch,)`. Its cardinality is known.

    Raises:
        ValueError: If the windows do not fill one batch.
    """
    if not 1 <= batch_size <= len(data):
        raise ValueError(f"Got batch_size={batch_size} for {len(data)} windows. Expected from 1 to {len(data)}.")
    num_batches, epochs = len(data) // batch_size, iter(range(2**31))

    def batches():
        order = np.random.default_rng([seed, next(epochs)]).permutation(len(data))
        for start in range(0, num_batches * batch_size, batch_size):
            rows = order[start : start + batch_size]
            yield data.samples(rows) if data.labels is None else (data.samples(rows), data.labels[rows])

    spec = tf.TensorSpec([batch_size, data.window, len(data.columns)], tf.float32)
    specs = spec if data.labels is None else (spec, tf.TensorSpec([batch_size], tf.int32))
    dataset = tf.data.Dataset.from_generator(batches, output_signature=specs)
    return dataset.apply(tf.data.experimental.assert_cardinality(num_batches)).prefetch(4)
