"""Arrays as batches, in an order that a seed determines, and labels of arrays."""

import itertools

import numpy as np
import tensorflow as tf


def array_batches(columns, batch_size, seed=0, first_epoch=0):
    """One epoch of batches of the rows of arrays, in random order; the last batch may be smaller.

    Args:
        columns: Numeric arrays with the same number of rows, such as samples and labels.
        batch_size: Rows per batch, >= 1.
        seed: Seed of the order, which changes from epoch to epoch.
        first_epoch: Index of the first epoch, counted from 0.

    Returns:
        A `tf.data.Dataset` of arrays for one column, of tuples for more. Its cardinality is known.

    Raises:
        ValueError: If the columns differ in rows, or the batch size is below 1.
    """
    num = len(columns[0])
    if batch_size < 1 or any(len(column) != num for column in columns):
        rows = ", ".join(str(len(column)) for column in columns)
        raise ValueError(f"Got arrays of {rows} rows and batch_size={batch_size}. Expected equal rows, and batch_size >= 1.")

    def epoch(number):
        order = np.random.default_rng([seed % 2**64, number]).permutation(num)
        return rows_of(columns, [order[start : start + batch_size] for start in range(0, num, batch_size)])

    return epochs_of(epoch, specs_of(columns), -(-num // batch_size), first_epoch=first_epoch, buffer=2)


def sample_batches(columns, batch_size, seed=0, shuffle=True, transform=None, noun="samples"):
    """One epoch of full batches in random order or, without `shuffle`, of all rows in order; see `array_batches`.

    The `transform`, if any, is applied to the `tf.data.Dataset` of batches; `noun` is the name of the samples in messages.
    """
    num = len(columns[0])
    if batch_size < 1 or (shuffle and batch_size > num):
        raise ValueError(f"Got batch_size={batch_size} for {num} {noun}. Expected from 1 to {num}.")
    end = num - num % batch_size if shuffle else num

    def epoch(number):
        order = np.random.default_rng([seed, number]).permutation(num) if shuffle else np.arange(num)
        return rows_of(columns, [order[start : start + batch_size] for start in range(0, end, batch_size)])

    return epochs_of(epoch, specs_of(columns), -(-end // batch_size), transform)


def rows_of(columns, batches):
    """Yields, for each array of row numbers, these rows of all columns."""
    return (tuple(column[rows] for column in columns) for rows in batches)


def specs_of(columns):
    """`tf.TensorSpec`s of batches of the columns."""
    return tuple(tf.TensorSpec([None, *column.shape[1:]], column.dtype) for column in columns)


def epochs_of(epoch, specs, num_batches, transform=None, first_epoch=0, buffer=4):
    """A `tf.data.Dataset` that yields the batches of the next epoch each time it is iterated.

    Args:
        epoch: Function from the number of an epoch to an iterable of batches, each a tuple.
        specs: Tuple of the `tf.TensorSpec`s of a batch; a single part is not wrapped in a tuple.
        num_batches: Batches per epoch.
        transform: Function applied to the dataset, or None.
        first_epoch: Number of the first epoch.
        buffer: Batches to prefetch.
    """
    numbers = itertools.count(first_epoch)

    def batches():
        for batch in epoch(next(numbers)):
            yield batch if len(batch) > 1 else batch[0]

    dataset = tf.data.Dataset.from_generator(batches, output_signature=specs if len(specs) > 1 else specs[0])
    dataset = dataset if transform is None else transform(dataset)
    return dataset.apply(tf.data.experimental.assert_cardinality(num_batches)).prefetch(buffer)


def check_labels(name, labels, label_names, num, noun):
    """Returns int32 labels `(num,)` of `num` samples and their names, or `(None, None)`; raises `ValueError` if they do not fit.

    Labels are integers `(num,)` or `(num, 1)`, or `None`; `label_names` are those of labels 0, 1, ..., or `None` for numbers.
    """
    if labels is None:
        return None, None
    labels = np.asarray(labels)
    labels = labels[:, 0] if labels.ndim == 2 and labels.shape[1] == 1 else labels
    if labels.shape != (num,) or labels.dtype.kind not in "iu":
        hint = " One-hot labels become numbers with `labels.argmax(axis=1)`." if labels.ndim == 2 else ""
        raise ValueError(
            f"{name} holds labels of shape {labels.shape} and dtype {labels.dtype} for {num} {noun}. Expected an integer for "
            f"each.{hint}"
        )
    num_labels = num if label_names is None else len(label_names)
    wrong = np.flatnonzero((labels < 0) | (labels >= num_labels))
    if len(wrong):
        raise ValueError(
            f"{name}: {len(wrong)} labels are out of range, the first is {labels[wrong[0]]} of {noun} {wrong[0]}. "
            f"Expected 0 to {num_labels - 1}, counted from 0 without a gap."
        )
    return labels.astype(np.int32), label_names or [str(label) for label in range(int(labels.max()) + 1)]
