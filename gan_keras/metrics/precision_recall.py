"""Metrics of nearest neighbours in feature space: precision, recall, density, coverage and memorisation.

References: [Kynkaanniemi et al., 2019](https://arxiv.org/abs/1904.06991) (improved precision and recall), [Naeem et al.,
2020](https://arxiv.org/abs/2002.09797) (density and coverage), [Meehan et al., 2020](https://arxiv.org/abs/2004.05675)
(memorisation, by comparison with held-out data).
"""

from typing import NamedTuple

import numpy as np

from gan_keras.metrics.features import as_feature_pair, as_features

_MAX_PAIRS = 2**21  # distances per block: 16 MiB of float64
_TOLERANCE = 1e-12  # squared distance, relative to the squared norms, below which two float32 features are equal


def distance_blocks(rows, columns):
    """Computes the Euclidean distances of each row to all columns, in blocks of rows: memory stays bounded.

    Args:
        rows: float64 `(num_rows, dim)`.
        columns: float64 `(num_columns, dim)`.

    Yields:
        A slice of rows and float64 `(rows of the slice, num_columns)`. Distances below a millionth of the norms are 0, because
        float64 products do not tell them from rounding: a copy has distance 0.
    """
    centre = columns.mean(axis=0)  # distances do not depend on it, but rounding does
    rows, columns = rows - centre, columns - centre
    column_norms = np.einsum("ij,ij->i", columns, columns)
    step = max(1, _MAX_PAIRS // len(columns))
    for start in range(0, len(rows), step):
        block = rows[start : start + step]
        norms = np.einsum("ij,ij->i", block, block)[:, np.newaxis] + column_norms
        squared = norms - 2.0 * block @ columns.T
        squared[squared <= _TOLERANCE * norms] = 0.0
        yield slice(start, start + len(block)), np.sqrt(squared, out=squared)


def nearest(rows, columns):
    """Returns the index and the distance of each row's nearest column, two arrays `(num_rows,)`."""
    indices, distances = np.empty(len(rows), np.int64), np.empty(len(rows))
    for chosen, block in distance_blocks(rows, columns):
        indices[chosen] = block.argmin(axis=1)
        distances[chosen] = block.min(axis=1)
    return indices, distances


def neighbour_radii(features, num_neighbours):
    """Returns each sample's distance to its `num_neighbours`-th nearest other sample, float64 `(num,)`.

    Raises:
        ValueError: Unless `1 <= num_neighbours < num`.
    """
    if not 1 <= num_neighbours < len(features):
        raise ValueError(
            f"Got num_neighbours={num_neighbours} for {len(features)} samples. Expected 1 to {len(features) - 1}: "
            "a sample is not its own neighbour."
        )
    radii = np.empty(len(features))
    for chosen, block in distance_blocks(features, features):
        block[np.arange(len(block)), np.arange(chosen.start, chosen.stop)] = np.inf
        radii[chosen] = np.partition(block, num_neighbours - 1, axis=1)[:, num_neighbours - 1]
    return radii


class Memorisation(NamedTuple):
    """Distances of generated samples to the training data, compared with those of held-out samples.

    Attributes:
        share: Fraction of generated samples within `threshold` of a training sample. Above `held_out_share`: copies.
        held_out_share: The same fraction of held-out samples: the requested quantile, or more if distances are equal.
        threshold: That quantile of the held-out samples' distances to their nearest training samples.
        ratio: Median distance of generated samples / median distance of held-out ones. Below 1: nearer than real data.
        distances: Distance of each generated sample to its nearest training sample, float64 `(num_fake,)`.
        nearest: Index of that training sample, int64 `(num_fake,)`.
    """

    share: float
    held_out_share: float
    threshold: float
    ratio: float
    distances: np.ndarray
    nearest: np.ndarray


def memorisation(fake_features, train_features, held_out_features, quantile=0.05):
    """Tests whether a generator copies: its samples must not be nearer to the training data than held-out samples are.

    Args:
        fake_features: Generated samples, `(num_fake, dim)`.
        train_features: The generator's training data, `(num_train, dim)`.
        held_out_features: Real samples of the same distribution that it never saw, `(num_held_out, dim)`.
        quantile: Quantile of the held-out distances below which a sample counts as near, in (0, 1).

    Returns:
        A `Memorisation`. Its `ratio` is infinite if half of the held-out samples are copies of training samples.

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
    held_out_median = np.median(held_out_distances)
    return Memorisation(
        share=float((distances <= threshold).mean()),
        held_out_share=float((held_out_distances <= threshold).mean()),
        threshold=float(threshold),
        ratio=float(np.median(distances) / held_out_median) if held_out_median > 0 else float("inf"),
        distances=distances,
        nearest=indices,
    )


class RealNeighbourhoods:
    """Closed balls around the real samples, prepared once to score many sets of generated samples.

    A ball's radius is the distance to the sample's `num_neighbours`-th nearest other sample.

    Args:
        real_features: `(num_real, dim)`.
        num_neighbours: 1 to num_real - 1. The papers use 3 (precision, recall) and 5 (density, coverage).

    Raises:
        ValueError: If the features are not a matrix of finite numbers, or there are too few.
    """

    def __init__(self, real_features, num_neighbours=5):
        self.features = as_features(real_features)
        self.num_neighbours = num_neighbours
        self.radii = neighbour_radii(self.features, num_neighbours)

    def scores(self, fake_features):
        """Scores generated samples.

        Args:
            fake_features: `(num_fake, dim)`, more than `num_neighbours` of them.

        Returns:
            Dictionary of floats: `precision`, the fraction of generated samples within a real ball; `recall`, the fraction of
            real samples within a generated ball; `density`, the mean number of real balls that contain a generated sample,
            divided by `num_neighbours` (may exceed 1); `coverage`, the fraction of real balls that contain a generated sample.

        Raises:
            ValueError: If the dimensions differ or there are too few samples.
        """
        real, fake = as_feature_pair(self.features, fake_features)
        fake_radii = neighbour_radii(fake, self.num_neighbours)
        num_balls, recalled = np.zeros(len(fake)), np.zeros(len(real), bool)
        covered = np.zeros(len(real), bool)
        for chosen, distances in distance_blocks(real, fake):
            inside = distances <= self.radii[chosen, np.newaxis]
            num_balls += inside.sum(axis=0)
            covered[chosen] = inside.any(axis=1)
            recalled[chosen] = (distances <= fake_radii).any(axis=1)
        return {
            "precision": float((num_balls > 0).mean()),
            "recall": float(recalled.mean()),
            "density": float(num_balls.mean() / self.num_neighbours),
            "coverage": float(covered.mean()),
        }


def precision_recall(real_features, fake_features, num_neighbours=5):
    """Scores a single set: `RealNeighbourhoods(real_features, num_neighbours).scores(fake_features)`."""
    return RealNeighbourhoods(real_features, num_neighbours).scores(fake_features)
