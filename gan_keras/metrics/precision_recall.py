"""Precision and recall, density and coverage: fidelity and variety apart, by neighbours in feature space.

References: [Kynkaanniemi et al., 2019](https://arxiv.org/abs/1904.06991) (improved precision and recall),
[Naeem et al., 2020](https://arxiv.org/abs/2002.09797) (density and coverage).
"""

from typing import NamedTuple

import numpy as np

# --- Euclidean distances between many features, a block at a time: memory does not grow with the number of pairs.

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


# --- Does the generator copy its training data? Its samples must not lie nearer to them than other real samples do.
#
# Reference: [Meehan et al., 2020](https://arxiv.org/abs/2004.05675), the comparison with held-out data.


class Memorisation(NamedTuple):
    """Attributes:
    share: Fraction of generated samples at most `threshold` away from a training sample. Above `held_out_share`: copies.
    held_out_share: The same fraction of held-out samples: the quantile that was asked for, or more with equal distances.
    threshold: That quantile of the distances of held-out samples to their nearest training sample.
    ratio: Median distance of generated samples / median distance of held-out ones. Below 1: nearer than real data.
    distances: Of each generated sample to its nearest training sample, float64 `(num_fake,)`.
    nearest: Index of that training sample, int64 `(num_fake,)`.
    """

    share: float
    held_out_share: float
    threshold: float
    ratio: float
    distances: np.ndarray
    nearest: np.ndarray


def memorisation(fake_features, train_features, held_out_features, quantile=0.05):
    """Compares the distances from generated samples to the training data with those from held-out real samples.

    Args:
        fake_features: `(num_fake, dim)`.
        train_features: What the generator was trained on, `(num_train, dim)`.
        held_out_features: Real samples of the same distribution that it never saw, `(num_held_out, dim)`.
        quantile: Of the held-out distances, in (0, 1): what counts as near.

    Returns:
        A `Memorisation`; its `ratio` is infinite where half of the held-out samples are copies of training samples.

    Raises:
        ValueError: If the dimensions differ or `quantile` is out of its range.
    """
    if not 0 < quantile < 1:
        raise ValueError(f"Got quantile={quantile}. Expected a number between 0 and 1.")
    train_features, fake_features = as_feature_pair(train_features, fake_features)
    train_features, held_out_features = as_feature_pair(train_features, held_out_features)
    indices, distances = nearest(fake_features, train_features)
    _, held_out_distances = nearest(held_out_features, train_features)
    threshold = np.quantile(held_out_distances, quantile)
    half = np.median(held_out_distances)
    return Memorisation(
        share=float((distances <= threshold).mean()),
        held_out_share=float((held_out_distances <= threshold).mean()),
        threshold=float(threshold),
        ratio=float(np.median(distances) / half) if half > 0 else float("inf"),
        distances=distances,
        nearest=indices,
    )


# --- Precision and recall, density and coverage: fidelity and variety apart, by neighbours in feature space.
#
# References: [Kynkaanniemi et al., 2019](https://arxiv.org/abs/1904.06991) (improved precision and recall),
# [Naeem et al., 2020](https://arxiv.org/abs/2002.09797) (density and coverage).


class RealNeighbourhoods:
    """Balls around the real samples, prepared once to judge many sets of generated samples.

    Each ball reaches to the sample's `num_neighbours`-th nearest other sample, its surface included.

    Args:
        real_features: `(num_real, dim)`.
        num_neighbours: 1 to num_real - 1. The papers take 3 (precision, recall) and 5 (density, coverage).

    Raises:
        ValueError: For features that are not finite or not a matrix, or too few of them.
    """

    def __init__(self, real_features, num_neighbours=5):
        self.features = as_features(real_features)
        self.num_neighbours = num_neighbours
        self.radii = neighbour_radii(self.features, num_neighbours)

    def scores(self, fake_features):
        """Judges generated samples, a block of distances at a time.

        Args:
            fake_features: `(num_fake, dim)`, more than `num_neighbours` of them.

        Returns:
            Dictionary of floats: `precision`, the fraction of generated samples in some ball of a real one; `recall`, the
            fraction of real samples in some ball of a generated one; `density`, the mean number of real balls that hold a
            generated sample, over `num_neighbours` (it may exceed 1); `coverage`, the fraction of real balls that hold a
            generated sample.

        Raises:
            ValueError: If the dimensions differ or there are too few samples.
        """
        real, fake = as_feature_pair(self.features, fake_features)
        fake_radii = neighbour_radii(fake, self.num_neighbours)
        in_balls, recalled = np.zeros(len(fake)), np.zeros(len(real), bool)
        covered = np.zeros(len(real), bool)
        for chosen, distances in distance_blocks(real, fake):
            inside = distances <= self.radii[chosen, np.newaxis]
            in_balls += inside.sum(axis=0)
            covered[chosen] = inside.any(axis=1)
            recalled[chosen] = (distances <= fake_radii).any(axis=1)
        return {
            "precision": float((in_balls > 0).mean()),
            "recall": float(recalled.mean()),
            "density": float(in_balls.mean() / self.num_neighbours),
            "coverage": float(covered.mean()),
        }


def precision_recall(real_features, fake_features, num_neighbours=5):
    """`RealNeighbourhoods(real_features, num_neighbours).scores(fake_features)`, where one set is judged."""
    return RealNeighbourhoods(real_features, num_neighbours).scores(fake_features)
