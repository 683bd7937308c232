"""Slots of a column of categories: what a softmax chooses among.

A frequent value has a slot of its own. Rare values of a column with many share one, the pool: networks learn how often it
comes and with what, and which of its values it is follows from their frequencies alone. So a column of thousands of values
takes no more slots than `most`.
"""

import functools

import numpy as np
import tensorflow as tf


class Slots:
    """Slots of one column: those of values in the values' order, then the pool if there is one, then that of missing cells.

    Args:
        counts: How often each value comes, a list of int.
        num_missing: Missing cells.
        most: Slots of values, the pool's included, >= 2.
        has_missing: Whether missing cells have a slot though none was counted, as they may be in another part of the table.
    """

    def __init__(self, counts, num_missing, most, has_missing=False):
        self.counts, self.num_missing = np.asarray(counts, np.int64), int(num_missing)
        num = len(self.counts)
        frequent = np.argsort(-self.counts, kind="stable")[: num if num <= most else most - 1]
        self.own = np.sort(frequent)
        self.pooled = np.setdiff1d(np.arange(num), self.own)
        self.has_pool, self.has_missing = len(self.pooled) > 0, has_missing or self.num_missing > 0
        self.num = len(self.own) + self.has_pool + self.has_missing

    @functools.cached_property
    def slot_of_value(self):
        """int32, a slot for each value, and last the one of a missing cell: -1, no slot at all, where none is known."""
        slots = np.full(len(self.counts) + 1, len(self.own), np.int32)
        slots[self.own] = np.arange(len(self.own))
        slots[-1] = self.num - 1 if self.has_missing else -1
        return slots

    @functools.cached_property
    def frequencies(self):
        """How often each slot comes, int64 `(num,)`."""
        pool = [self.counts[self.pooled].sum()] * self.has_pool
        return np.concatenate([self.counts[self.own], pool, [self.num_missing] * self.has_missing]).astype(np.int64)

    def of_cells(self, cells):
        """The slot of each cell, float64 `(batch,)`, as int32, in a graph too."""
        missing = tf.math.is_nan(cells)
        values = tf.where(missing, tf.fill(tf.shape(cells), tf.constant(float(len(self.counts)), tf.float64)), cells)
        return tf.gather(tf.constant(self.slot_of_value), tf.cast(values, tf.int32))

    def to_cells(self, slots, uniform):
        """The cell of each slot, int32 `(batch,)`, as float64; `uniform` in (0, 1) draws a value of the pool."""
        table = np.concatenate([self.own, [np.nan] * (self.has_pool + self.has_missing)]).astype(np.float64)
        cells = tf.gather(tf.constant(table), slots)
        if not self.has_pool:
            return cells
        cumulative = np.cumsum(self.counts[self.pooled]) / max(1, self.counts[self.pooled].sum())
        drawn = tf.searchsorted(tf.constant(cumulative[:-1], tf.float32), uniform, side="right")
        return tf.where(slots == len(self.own), tf.gather(tf.constant(self.pooled, tf.float64), drawn), cells)
