"""How alike the columns of two tables are, and their pairs: 1 is as alike as can be, 0 is not at all.

The formulas are those that [SDMetrics documents](https://docs.sdv.dev/sdmetrics): Kolmogorov-Smirnov complement and
correlation similarity of numbers, total variation complement and contingency similarity of categories.
"""

import itertools

import numpy as np
from scipy import stats

from gan_keras.data.table.columns import CategoryColumn

BINS = 10
"""Bins of equal width, over the range of the real numbers, by which a number is compared with a category."""


def column_similarities(columns, real, fake):
    """The similarity of each column.

    Args:
        columns: `table_columns.Column`s.
        real: float64 cells `(rows, columns)`.
        fake: The same of other rows.

    Returns:
        Dictionary from a column's name to a number in [0, 1]. Of numbers those that are missing do not count; a missing
        category is one more category. NaN where a side has no number at all.
    """
    return {
        column.name: (_total_variation if isinstance(column, CategoryColumn) else _kolmogorov_smirnov)(real[:, i], fake[:, i])
        for i, column in enumerate(columns)
    }


def missing_similarity(real, fake):
    """1 less the difference of the shares of missing cells, the mean over the columns."""
    return float(1.0 - np.abs(np.isnan(real).mean(axis=0) - np.isnan(fake).mean(axis=0)).mean())


def pair_similarities(columns, real, fake):
    """The similarity of each pair of columns: of numbers by their correlation, of others by how often values come together.

    Arguments as of `column_similarities`.

    Returns:
        Dictionary from a pair of names to a number in [0, 1]; NaN where a correlation is not defined.
    """
    found, whole = {}, [_whole(column, real[:, i], fake[:, i]) for i, column in enumerate(columns)]
    for i, j in itertools.combinations(range(len(columns)), 2):
        if any(isinstance(columns[each], CategoryColumn) for each in (i, j)):
            score = contingency(*((of_real, of_fake) for of_real, of_fake in (whole[i], whole[j])))
        else:
            score = 1.0 - abs(_correlation(real[:, [i, j]]) - _correlation(fake[:, [i, j]])) / 2.0
        found[columns[i].name, columns[j].name] = score
    return found


def contingency(first, second):
    """1 less half the sum of the differences of the shares of all pairs of values.

    Args:
        first: Whole numbers >= 0 of the real and of the other rows, a pair of arrays.
        second: The same of another column.
    """
    size = 1 + max(each.max() for each in second)
    pairs = [one * size + other for one, other in zip(first, second, strict=True)]
    found, places = np.unique(np.concatenate(pairs), return_inverse=True)  # most pairs of many values never come
    parts = np.split(places, [len(pairs[0])])
    shares = [np.bincount(part, minlength=len(found)) / len(part) for part in parts]
    return float(1.0 - np.abs(shares[0] - shares[1]).sum() / 2.0)


def _kolmogorov_smirnov(real, fake):
    real, fake = real[~np.isnan(real)], fake[~np.isnan(fake)]
    return float(1.0 - stats.ks_2samp(real, fake).statistic) if len(real) and len(fake) else np.nan


def _total_variation(real, fake):
    real, fake = (np.where(np.isnan(each), -1, each).astype(np.int64) + 1 for each in (real, fake))
    size = 1 + max(real.max(), fake.max())
    shares = [np.bincount(each, minlength=size) / len(each) for each in (real, fake)]
    return float(1.0 - np.abs(shares[0] - shares[1]).sum() / 2.0)


def _whole(column, real, fake):
    """Both sides of a column as whole numbers from 0, which is missing: the categories, or the bins of numbers."""
    if not isinstance(column, CategoryColumn):
        known = real[~np.isnan(real)]
        edges = np.linspace(*((known.min(), known.max()) if len(known) else (0.0, 1.0)), BINS + 1)[1:-1]
        real, fake = (np.where(np.isnan(each), np.nan, np.digitize(each, edges)) for each in (real, fake))
    return tuple(np.where(np.isnan(each), -1, each).astype(np.int64) + 1 for each in (real, fake))


def _correlation(pairs):
    """Pearson's correlation of two columns, over the rows that have both; NaN where one of them does not vary."""
    pairs = pairs[~np.isnan(pairs).any(axis=1)]
    if len(pairs) < 2 or (pairs.min(axis=0) == pairs.max(axis=0)).any():
        return np.nan
    return float(np.corrcoef(pairs.T)[0, 1])


# --- Does a table hold rows of the table that it was learned from?


def copied_share(rows, training):
    """Share of rows all of whose cells are those of some training row.

    Rows of a few coarse columns are copies by chance: compare with the share of held-out real rows.

    Args:
        rows: float64 cells `(num, columns)`; missing cells are equal.
        training: float64 cells `(num_training, columns)`.
    """
    return float(np.isin(_as_bytes(rows), _as_bytes(training)).mean())


def _as_bytes(cells):
    """Each row as one value; of NaN and of zero there is more than one form."""
    plain = np.ascontiguousarray(np.where(np.isnan(cells), np.inf, cells) + 0.0)
    return plain.view(np.dtype((np.void, plain.itemsize * plain.shape[1])))[:, 0]


# --- The baseline of tables: each column by itself is right, and nothing that holds between columns.


class IndependentColumns:
    """Draws each cell from its column, whatever the other cells of the row are.

    Args:
        cells: float64 `(rows, columns)` of the training part.
    """

    def __init__(self, cells):
        self.cells = cells

    def sample(self, num, seed=0):
        """float64 cells `(num, columns)`; the same seed draws the same."""
        random = np.random.default_rng(seed)
        return np.stack([column[random.integers(len(column), size=num)] for column in np.asarray(self.cells).T], axis=1)


# --- Rows of a table as features: what classifiers, and distances, read.

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
