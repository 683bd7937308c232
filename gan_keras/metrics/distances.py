"""Euclidean distances between many features, a block at a time: memory does not grow with the number of pairs."""

import numpy as np

_MOST_PAIRS = 2**21  # of one block: 16 MiB of float64
_SMALLEST = 1e-12  # squared distance, relative to the squared norms, below which two float32 features are equal


def as_features(features, least=1):
    """Features as float64 `(num, dim)`.

    Args:
        features: Finite numbers, `(num, dim)`.
        least: The smallest `num` that will do.

    Raises:
        ValueError: If the rank is another, a number is not finite or there are too few rows.
    """
    features = np.asarray(features, np.float64)
    if features.ndim != 2 or len(features) < least:
        raise ValueError(f"Got features of shape {features.shape}. Expected (num, dim) with num >= {least}: one row a sample.")
    if not np.isfinite(features).all():
        raise ValueError("Some features are not finite. Expected numbers: the generator may have diverged.")
    return features


def as_feature_pair(real_features, fake_features, least=1):
    """Two sets of features as float64; raises `ValueError` as `as_features`, and where their dimensions differ."""
    real_features, fake_features = as_features(real_features, least), as_features(fake_features, least)
    if real_features.shape[1] != fake_features.shape[1]:
        raise ValueError(
            f"Got features of {real_features.shape[1]} and of {fake_features.shape[1]} dimensions. "
            "Expected equal dimensions: use one extractor for both."
        )
    return real_features, fake_features


def distance_blocks(rows, columns):
    """Yields the distances of each row to all columns, in blocks of rows.

    Args:
        rows: float64 `(num_rows, dim)`.
        columns: float64 `(num_columns, dim)`.

    Yields:
        A slice of rows and float64 `(rows of the slice, num_columns)`. Distances below a millionth of the norms are 0,
        as products of float64 do not tell them from rounding: a copy has distance 0.
    """
    centre = columns.mean(axis=0)  # distances do not depend on it, but rounding does
    rows, columns = rows - centre, columns - centre
    column_norms = np.einsum("ij,ij->i", columns, columns)
    step = max(1, _MOST_PAIRS // len(columns))
    for start in range(0, len(rows), step):
        block = rows[start : start + step]
        norms = np.einsum("ij,ij->i", block, block)[:, np.newaxis] + column_norms
        squared = norms - 2.0 * block @ columns.T
        squared[squared <= _SMALLEST * norms] = 0.0
        yield slice(start, start + len(block)), np.sqrt(squared, out=squared)


def nearest(rows, columns):
    """The nearest column of each row: its index and its distance, two arrays `(num_rows,)`."""
    indices, distances = np.empty(len(rows), np.int64), np.empty(len(rows))
    for chosen, block in distance_blocks(rows, columns):
        indices[chosen] = block.argmin(axis=1)
        distances[chosen] = block.min(axis=1)
    return indices, distances


def neighbour_radii(features, num_neighbours):
    """Distance of each sample to its `num_neighbours`-th nearest other sample, float64 `(num,)`.

    Raises:
        ValueError: Unless `1 <= num_neighbours < num`.
    """
    if not 1 <= num_neighbours < len(features):
        raise ValueError(
            f"Got num_neighbours={num_neighbours} for {len(features)} samples. Expected 1 to {len(features) - 1}: "
            "a sample is no neighbour of itself."
        )
    radii = np.empty(len(features))
    for chosen, block in distance_blocks(features, features):
        block[np.arange(len(block)), np.arange(chosen.start, chosen.stop)] = np.inf
        radii[chosen] = np.partition(block, num_neighbours - 1, axis=1)[:, num_neighbours - 1]
    return radii
