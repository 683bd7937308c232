"""Rows of a table as features: what classifiers, and distances, read."""

import numpy as np

from gan_keras.data.table.columns import CategoryColumn

MOST_VALUES = 50
"""Values of a category that get a feature each; the rarer ones share one."""


class TableFeatures:
    """Numbers in deviations from their mean, categories one-hot; what is missing has features of its own.

    Args:
        columns: `table_columns.Column`s.
        cells: float64 `(rows, columns)` of a reference, from which means, deviations and frequent values are taken.
        without: The place of a column that is left out, such as the one to predict; None leaves none out.
    """

    def __init__(self, columns, cells, without=None):
        self.places = [index for index in range(len(columns)) if index != without]
        self.parts = [
            _Categories(column, cells[:, index]) if isinstance(column, CategoryColumn) else _Numbers(cells[:, index])
            for index, column in enumerate(columns)
        ]

    def __call__(self, cells):
        """Cells `(rows, columns)` as float64 features `(rows, dim)`."""
        features = [self.parts[index](cells[:, index]) for index in self.places]
        return np.concatenate(features or [np.zeros((len(cells), 1))], axis=1)  # of no column nothing can be told


class _Numbers:
    def __init__(self, cells):
        known = cells[~np.isnan(cells)]
        varies = len(known) and known.min() < known.max()  # the deviation of equal numbers can be a little more than 0
        self.mean, self.deviation = (known.mean() if len(known) else 0.0), (known.std() if varies else 1.0)
        self.has_missing = len(known) < len(cells)

    def __call__(self, cells):
        missing = np.isnan(cells)
        numbers = np.where(missing, 0.0, (cells - self.mean) / (self.deviation or 1.0))
        return np.stack([numbers, missing.astype(np.float64)][: 1 + self.has_missing], axis=1)


class _Categories:
    def __init__(self, column, cells):
        counts = np.bincount(cells[~np.isnan(cells)].astype(np.int64), minlength=len(column.values))
        frequent = np.argsort(-counts, kind="stable")[:MOST_VALUES]
        self.feature_of = np.full(len(column.values) + 1, len(frequent))  # rare ones share a feature
        self.feature_of[frequent] = np.arange(len(frequent))
        self.feature_of[-1] = self.last = len(frequent) + 1  # and missing ones

    def __call__(self, cells):
        values = np.where(np.isnan(cells), len(self.feature_of) - 1, cells).astype(np.int64)
        return np.eye(self.last + 1)[self.feature_of[values]]
