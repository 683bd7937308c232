"""Oversampling of rare classes, the classical augmentation of tables.

Reference: [SMOTE, Chawla et al., 2002](https://arxiv.org/abs/1106.1813).
"""

import numpy as np
from sklearn.neighbors import NearestNeighbors

NEIGHBOURS = 5
MOST_VALUES = 100
"""Values of a category that count in distances; rarer ones are far from these and not from each other."""


def oversampled(samples, labels, is_category, seed):
    """Fills rare classes up to the size of the largest: each new row lies between a row and one of its neighbours.

    Numbers are drawn evenly between the two, each category and each missing cell is one of theirs. Neighbours are near
    in numbers, in units of their deviations, and differ in few categories.

    Args:
        samples: float64 `(num, columns)`, NaN is missing.
        labels: int `(num,)`.
        is_category: bool `(columns,)`.
        seed: Of the draws.

    Returns:
        Pair of samples and labels, the given ones first.
    """
    random = np.random.default_rng(seed)
    names, counts = np.unique(labels, return_counts=True)
    new = [
        _between(samples[labels == name], is_category, counts.max() - num, random)
        for name, num in zip(names, counts, strict=True)
    ]
    new_labels = np.repeat(names, counts.max() - counts)
    return np.concatenate([samples, *new]), np.concatenate([labels, new_labels])


def _between(rows, is_category, num, random):
    """`num` rows between neighbours."""
    if not num:
        return rows[:0]
    num_neighbours = min(NEIGHBOURS, len(rows) - 1)
    first = random.integers(len(rows), size=num)
    if not num_neighbours:
        return rows[first]
    places = _coordinates(rows, is_category)
    neighbours = NearestNeighbors(n_neighbors=num_neighbours + 1).fit(places).kneighbors(places, return_distance=False)
    second = neighbours[first, random.integers(1, num_neighbours + 1, size=num)]
    share = random.random((num, 1))
    mixed = rows[first] + share * (rows[second] - rows[first])
    chosen = np.where(random.random(mixed.shape) < share, rows[second], rows[first])
    return np.where(is_category | np.isnan(mixed), chosen, mixed)


def _coordinates(rows, is_category):
    """Numbers in deviations, categories as they are one-hot: two that differ are as far apart as the deviations' median."""
    numbers = rows[:, ~is_category]
    deviations = np.nanstd(numbers, axis=0) if numbers.size else np.ones(0)
    scaled = np.nan_to_num((numbers - np.nanmean(numbers, axis=0)) / np.where(deviations > 0, deviations, 1.0))
    one_hot = [column[:, None] == _frequent(column) for column in np.nan_to_num(rows[:, is_category], nan=-1.0).T]
    return np.concatenate([scaled, *[each / np.sqrt(2.0) for each in one_hot]], axis=1)


def _frequent(column):
    """The values that come most often, sorted."""
    values, counts = np.unique(column, return_counts=True)
    return np.sort(values[np.argsort(-counts, kind="stable")[:MOST_VALUES]])
