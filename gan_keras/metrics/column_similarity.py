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
