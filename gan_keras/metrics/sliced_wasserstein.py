"""Sliced Wasserstein distance: how far samples must move, seen from random directions, where it costs only a sort.

Reference: [Deshpande et al., 2018](https://arxiv.org/abs/1803.11188).
"""

import numpy as np

from gan_keras.metrics.precision_recall import as_feature_pair

_BLOCK = 16  # directions sorted together


def sliced_wasserstein_distance(real_features, fake_features, num_projections=128, seed=0):
    """Mean over random directions of the 1-Wasserstein distance of the projected samples.

    Args:
        real_features: Features, or samples flattened, `(num_real, dim)`.
        fake_features: `(num_fake, dim)`; their number may be another.
        num_projections: Directions, >= 1.
        seed: Of the directions.

    Returns:
        float, >= 0, in the units of the features.

    Raises:
        ValueError: If the dimensions differ or `num_projections` is below 1.
    """
    real_features, fake_features = as_feature_pair(real_features, fake_features)
    if num_projections < 1:
        raise ValueError(f"Got num_projections={num_projections}. Expected at least 1.")
    return float(
        projected_distances(real_features, fake_features, directions(num_projections, real_features.shape[1], seed)).mean()
    )


def directions(num, dim, seed):
    """Unit vectors drawn evenly from the sphere, float64 `(num, dim)`."""
    vectors = np.random.default_rng(seed).standard_normal((num, dim))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def projected_distances(real_features, fake_features, vectors):
    """1-Wasserstein distance along each of the vectors `(num, dim)`: float64 `(num,)`."""
    blocks = [vectors[start : start + _BLOCK].T for start in range(0, len(vectors), _BLOCK)]
    return np.concatenate([_distances(real_features @ block, fake_features @ block) for block in blocks])


def _distances(real, fake):
    """Area between the two distribution functions of each column."""
    values = np.concatenate([real, fake])
    order = values.argsort(axis=0)
    values = np.take_along_axis(values, order, axis=0)
    gaps = np.cumsum(np.where(order < len(real), 1 / len(real), -1 / len(fake)), axis=0)[:-1]
    return (np.abs(gaps) * np.diff(values, axis=0)).sum(axis=0)
