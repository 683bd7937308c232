"""Training by sampling: a condition is drawn first, then a row that meets it.

Reference: [Xu et al., 2019](https://arxiv.org/abs/1907.00503), section 4.3.
"""

import numpy as np
import tensorflow as tf

from gan_keras.data.table.table import allocate


class RowsByCondition:
    """The rows that meet each condition.

    Args:
        num_rows: Rows of the table.
        conditions: For each column of categories an array, int32 `(rows,)`, of the condition that each row meets; an iterable,
            read once, so that there need be but one at a time in memory.
        num_conditions: How many there are.
    """

    def __init__(self, num_rows, conditions, num_conditions):
        self.orders, self.counts, self.owners = [], np.zeros(num_conditions, np.int64), np.zeros(num_conditions, np.int64)
        for column, met in enumerate(conditions):
            order = allocate((num_rows,), np.int64)
            order[:] = np.argsort(met, kind="stable")
            self.orders.append(order)
            counts = np.bincount(met, minlength=num_conditions)
            self.owners[counts > 0] = column
            self.counts += counts
        cumulative = np.cumsum(self.counts)
        self.starts = cumulative - self.counts - self.owners * num_rows  # columns follow each other, each has all rows
        self.likely = [self.chances(column) for column in range(len(self.orders))]

    def chances(self, column):
        """The conditions of a column, and the chance of each: in proportion to the logarithm of how often it is met."""
        own = np.flatnonzero((self.owners == column) & (self.counts > 0))
        weights = np.log1p(self.counts[own])
        return own, weights / weights.sum()

    def draw(self, num, random):
        """Conditions, int32 `(num,)`, of columns that are all as likely, and numbers of rows that meet them, int64 `(num,)`."""
        columns = random.integers(len(self.orders), size=num)
        conditions, rows = np.zeros(num, np.int64), np.zeros(num, np.int64)
        for column, (own, chances) in enumerate(self.likely):
            chosen = np.flatnonzero(columns == column)
            conditions[chosen] = random.choice(own, len(chosen), p=chances)
            places = self.starts[conditions[chosen]] + random.integers(self.counts[conditions[chosen]])
            rows[chosen] = self.orders[column][places]
        return conditions.astype(np.int32), rows


class AllRows:
    """Stands in for `RowsByCondition` in tables without categories: rows are drawn as they come, and there is no condition."""

    def __init__(self, num_rows):
        self.num_rows = num_rows

    def draw(self, num, random):
        return None, random.integers(self.num_rows, size=num)


def table_batches(cells, rows, batch_size, steps, seed=0):
    """One epoch of batches of rows that are drawn at random, with replacement.

    Args:
        cells: float64 `(rows, columns)`, in memory or on the disk.
        rows: A `RowsByCondition` or an `AllRows` of them.
        batch_size: Rows in a batch, >= 1.
        steps: Batches of the epoch, >= 1.
        seed: Of the draws, which change from epoch to epoch.

    Returns:
        A `tf.data.Dataset` of pairs of cells and conditions, int32 `(batch_size,)`; of cells alone where there are none.
    """
    epochs = iter(range(2**31))

    def batches():
        random = np.random.default_rng([seed, next(epochs)])
        for _ in range(steps):
            conditions, chosen = rows.draw(batch_size, random)
            yield np.array(cells[chosen]) if conditions is None else (np.array(cells[chosen]), conditions)

    spec = tf.TensorSpec([batch_size, cells.shape[1]], tf.float64)
    conditional = not isinstance(rows, AllRows)
    specs = (spec, tf.TensorSpec([batch_size], tf.int32)) if conditional else spec
    dataset = tf.data.Dataset.from_generator(batches, output_signature=specs)
    return dataset.apply(tf.data.experimental.assert_cardinality(steps)).prefetch(4)
