"""Similarity of two tables by columns and pairs of columns, copied rows, features of rows, and a baseline of independent columns.

Similarities are 1 for equal distributions and at least 0. The formulas are those [documented by
SDMetrics](https://docs.sdv.dev/sdmetrics): Kolmogorov-Smirnov complement and correlation similarity for numbers, total variation
complement and contingency similarity for categories.
"""

import itertools

import numpy as np
from scipy import stats

from gan_keras.data.table.columns import CategoryColumn

BINS = 10
"""Number of bins, of equal width over the range of the real numbers, to compare numbers with categories."""

MAX_VALUES = 50
"""Number of values of a category that get a feature of their own; rarer ones share one."""


def column_similarities(columns, real, fake):
    """Returns the similarity of each column.

    Args:
        columns: Columns of the table, see `gan_keras.data`.
        real: float64 cells `(rows, columns)`.
        fake: Cells of other rows.

    Returns:
        Dictionary from column names to numbers in [0, 1]. Missing numbers are ignored; a missing category counts as a category.
        NaN if either side has no numbers.
    """
    return {
        column.name: (_total_variation if isinstance(column, CategoryColumn) else _kolmogorov_smirnov)(real[:, i], fake[:, i])
        for i, column in enumerate(columns)
    }


def missing_similarity(real, fake):
    """Mean over columns of 1 - the difference of the shares of missing cells."""
    return float(1.0 - np.abs(np.isnan(real).mean(axis=0) - np.isnan(fake).mean(axis=0)).mean())


def pair_similarities(columns, real, fake):
    """Returns the similarity of each pair of columns: of correlations for two numbers, otherwise of joint frequencies.

    Takes the arguments of `column_similarities`.

    Returns:
        Dictionary from pairs of names to numbers in [0, 1]; NaN if a correlation is not defined.
    """
    found, codes = {}, [_binned_codes(column, real[:, i], fake[:, i]) for i, column in enumerate(columns)]
    for i, j in itertools.combinations(range(len(columns)), 2):
        if any(isinstance(columns[each], CategoryColumn) for each in (i, j)):
            score = _contingency(codes[i], codes[j])
        else:
            score = 1.0 - abs(_correlation(real[:, [i, j]]) - _correlation(fake[:, [i, j]])) / 2.0
        found[columns[i].name, columns[j].name] = score
    return found


def _contingency(first, second):
    """Similarity of the joint frequencies of two columns, each a pair of code arrays (real, fake)."""
    size = 1 + max(each.max() for each in second)
    pairs = [one * size + other for one, other in zip(first, second, strict=True)]
    found, places = np.unique(np.concatenate(pairs), return_inverse=True)  # most pairs of many values never occur
    parts = np.split(places, [len(pairs[0])])
    return _frequency_similarity(*parts, len(found))


def _frequency_similarity(real, fake, size):
    """1 - total variation distance of the frequencies of two code arrays, codes from 0 to size - 1."""
    shares = [np.bincount(each, minlength=size) / len(each) for each in (real, fake)]
    return float(1.0 - np.abs(shares[0] - shares[1]).sum() / 2.0)


def _kolmogorov_smirnov(real, fake):
    real, fake = real[~np.isnan(real)], fake[~np.isnan(fake)]
    return float(1.0 - stats.ks_2samp(real, fake).statistic) if len(real) and len(fake) else np.nan


def _total_variation(real, fake):
    real, fake = _codes(real), _codes(fake)
    return _frequency_similarity(real, fake, 1 + max(real.max(), fake.max()))


def _codes(cells):
    """Category cells as integers from 1, 0 if missing."""
    return np.where(np.isnan(cells), -1, cells).astype(np.int64) + 1


def _binned_codes(column, real, fake):
    """Both sides of a column as codes of categories, or of the bins of numbers."""
    if not isinstance(column, CategoryColumn):
        known = real[~np.isnan(real)]
        edges = np.linspace(*((known.min(), known.max()) if len(known) else (0.0, 1.0)), BINS + 1)[1:-1]
        real, fake = (np.where(np.isnan(each), np.nan, np.digitize(each, edges)) for each in (real, fake))
    return _codes(real), _codes(fake)


def _correlation(pairs):
    """Pearson correlation of two columns over the rows that have both; NaN if either is constant."""
    pairs = pairs[~np.isnan(pairs).any(axis=1)]
    if len(pairs) < 2 or (pairs.min(axis=0) == pairs.max(axis=0)).any():
        return np.nan
    return float(np.corrcoef(pairs.T)[0, 1])


def copied_share(rows, training):
    """Fraction of rows that equal a training row in all cells.

    Rows of a few coarse columns can be equal by chance: compare with the share of held-out real rows.

    Args:
        rows: float64 cells `(num, columns)`; missing cells count as equal.
        training: float64 cells `(num_training, columns)`.
    """
    return float(np.isin(_as_bytes(rows), _as_bytes(training)).mean())


def copied_values(columns, rows, training):
    """Share of cells, by column, whose value exactly one training row has: such a value tells who was in the data.

    Some occur by chance, above all in columns of whole numbers: compare with the shares of held-out real rows.

    Args:
        columns: Columns of the table, see `gan_keras.data`.
        rows: float64 cells `(num, columns)`.
        training: float64 cells `(num_training, columns)`.

    Returns:
        Dictionary from column names to numbers in [0, 1].
    """
    found = {}
    for index, column in enumerate(columns):
        values, counts = np.unique(training[:, index][~np.isnan(training[:, index])], return_counts=True)
        found[column.name] = float(np.isin(rows[:, index], values[counts == 1]).mean())
    return found


def _as_bytes(cells):
    """Each row as a single value, with one representation of NaN and of zero."""
    plain = np.ascontiguousarray(np.where(np.isnan(cells), np.inf, cells) + 0.0)
    return plain.view(np.dtype((np.void, plain.itemsize * plain.shape[1])))[:, 0]


class IndependentColumns:
    """A baseline for tables: samples each cell from its column, independently of the row's other cells.

    Args:
        cells: Training cells, float64 `(rows, columns)`.
    """

    def __init__(self, cells):
        self.cells = cells

    def sample(self, num, seed=0):
        """Samples float64 cells `(num, columns)`; the same seed gives the same cells."""
        random = np.random.default_rng(seed)
        return np.stack([column[random.integers(len(column), size=num)] for column in np.asarray(self.cells).T], axis=1)


class TableFeatures:
    """Converts table rows to features: standardised numbers, one-hot categories, and indicators of missing cells.

    Args:
        columns: Columns of the table, see `gan_keras.data`.
        cells: Reference cells, float64 `(rows, columns)`, which set means, deviations and frequent values.
        without: Index of a column to leave out, such as the target; None keeps all.
    """

    def __init__(self, columns, cells, without=None):
        self.places = [index for index in range(len(columns)) if index != without]
        self.parts = [
            _Categories(column, cells[:, index]) if isinstance(column, CategoryColumn) else _Numbers(cells[:, index])
            for index, column in enumerate(columns)
        ]

    def __call__(self, cells):
        """Converts cells `(rows, columns)` to float64 features `(rows, dim)`."""
        features = [self.parts[index](cells[:, index]) for index in self.places]
        return np.concatenate(features or [np.zeros((len(cells), 1))], axis=1)  # without columns, a constant


class _Numbers:
    def __init__(self, cells):
        known = cells[~np.isnan(cells)]
        varies = len(known) and known.min() < known.max()  # rounding can make the deviation of equal numbers > 0
        self.mean, self.deviation = (known.mean() if len(known) else 0.0), (known.std() if varies else 1.0)
        self.has_missing = len(known) < len(cells)

    def __call__(self, cells):
        missing = np.isnan(cells)
        numbers = np.where(missing, 0.0, (cells - self.mean) / (self.deviation or 1.0))
        return np.stack([numbers, missing.astype(np.float64)][: 1 + self.has_missing], axis=1)


class _Categories:
    def __init__(self, column, cells):
        counts = np.bincount(cells[~np.isnan(cells)].astype(np.int64), minlength=len(column.values))
        frequent = np.argsort(-counts, kind="stable")[:MAX_VALUES]
        self.feature_of = np.full(len(column.values) + 1, len(frequent))  # rare values share a feature
        self.feature_of[frequent] = np.arange(len(frequent))
        self.feature_of[-1] = self.last = len(frequent) + 1  # missing ones have their own

    def __call__(self, cells):
        values = np.where(np.isnan(cells), len(self.feature_of) - 1, cells).astype(np.int64)
        return np.eye(self.last + 1)[self.feature_of[values]]
