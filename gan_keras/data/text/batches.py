"""Lines of text to batches of token ids, of similar length so that little is padding."""

import numpy as np
import tensorflow as tf

_BATCHES_PER_POOL = 50  # lines are sorted by length within pools of this many batches: short enough to stay random


def text_batches(lines, codec, batch_size=64, labels=None, seed=0, shuffle=True):
    """One epoch of length-bucketed batches.

    Args:
        lines: List of str.
        codec: An adapted text codec.
        batch_size: Lines in a batch, >= 1; the last batch may be smaller.
        labels: One integer for each line, or None.
        seed: Of the order of lines and of batches, which changes from epoch to epoch.
        shuffle: False keeps the order of the lines within batches sorted by length alone.

    Returns:
        A `tf.data.Dataset` of int32 `(batch, time)`, `time` the longest line of the batch with its end, or of pairs with
        int32 labels `(batch,)`. Its cardinality is known.

    Raises:
        ValueError: If there is no line, or not as many labels as lines.
    """
    if not len(lines) or batch_size < 1 or (labels is not None and len(labels) != len(lines)):
        raise ValueError(
            f"Got {len(lines)} lines, {None if labels is None else len(labels)} labels and batch_size={batch_size}. "
            "Expected at least one line, a label for each line or none at all, and a batch_size >= 1."
        )
    tokens = np.asarray(codec.encode(list(lines)))
    lengths = (tokens != 0).sum(axis=1)  # 0 is padding
    columns = (tokens,) if labels is None else (tokens, np.asarray(labels, np.int32))
    epochs = iter(range(2**31))

    def batches():
        random = np.random.default_rng([seed, next(epochs)]) if shuffle else None
        for rows in _buckets(lengths, batch_size, random):
            batch = tuple(column[rows] for column in columns)
            yield (batch[0][:, : lengths[rows].max()], *batch[1:])

    specs = (tf.TensorSpec([None, None], tf.int32), tf.TensorSpec([None], tf.int32))[: len(columns)]
    dataset = tf.data.Dataset.from_generator(batches, output_signature=specs)
    dataset = dataset if labels is not None else dataset.map(lambda tokens: tokens)
    return dataset.apply(tf.data.experimental.assert_cardinality(-(-len(lines) // batch_size))).prefetch(4)


def _buckets(lengths, batch_size, random):
    """Rows of each batch. Pools of random lines are sorted by length and cut; the full batches come in random order."""
    order = np.arange(len(lengths)) if random is None else random.permutation(len(lengths))
    pool = batch_size * (_BATCHES_PER_POOL if random is not None else len(lengths))
    batches = []
    for start in range(0, len(order), pool):
        rows = order[start : start + pool]
        rows = rows[np.argsort(lengths[rows], kind="stable")]
        batches += [rows[first : first + batch_size] for first in range(0, len(rows), batch_size)]
    if random is not None:
        random.shuffle(batches)
    return batches
