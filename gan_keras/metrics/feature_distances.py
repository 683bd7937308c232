"""Distances between two sets of features: Frechet, kernel (maximum mean discrepancy) and sliced Wasserstein.

The Frechet distance is the FID, and the kernel distance the KID, only for the features of the papers' Inception network. With
any other extractor the numbers are on another scale and are never called so here.

References: [Heusel et al., 2017](https://arxiv.org/abs/1706.08500) (FID), [Miyato and Koyama,
2018](https://arxiv.org/abs/1802.05637) (within classes), [Binkowski et al., 2018](https://arxiv.org/abs/1801.01401) (KID),
[Deshpande et al., 2018](https://arxiv.org/abs/1803.11188) (sliced Wasserstein).
"""

from typing import NamedTuple

import numpy as np

from gan_keras.metrics.features import as_feature_pair

_DIRECTIONS = 16  # directions sorted together


def frechet_distance(real_moments, fake_moments):
    """`|m - n|^2 + trace(C + D - 2 (C D)^(1/2))`: squared 2-Wasserstein distance of the Gaussians N(m, C) and N(n, D).

    It is biased upwards, more so for fewer samples: compare only scores of equal sample counts. Singular covariances, from fewer
    samples than dimensions, are handled exactly.

    Args:
        real_moments: `Moments` of real features.
        fake_moments: `Moments` of generated features.

    Returns:
        float, >= 0, 0 for equal moments.

    Raises:
        ValueError: If the dimensions differ or either has fewer than two samples.
    """
    if real_moments.mean.shape != fake_moments.mean.shape:
        raise ValueError(
            f"Got moments of {len(real_moments.mean)} and of {len(fake_moments.mean)} dimensions. "
            "Expected equal dimensions: use one extractor for both."
        )
    real_covariance, fake_covariance = real_moments.covariance, fake_moments.covariance
    # The trace of (C D)^(1/2) is the sum of the singular values of C^(1/2) D^(1/2). Unlike the square root of the product, which
    # is not symmetric, these also exist for singular covariances and are never complex.
    roots = _symmetric_root(real_covariance) @ _symmetric_root(fake_covariance)
    overlap = np.linalg.svd(roots, compute_uv=False).sum()
    offset = real_moments.mean - fake_moments.mean
    distance = offset @ offset + np.trace(real_covariance) + np.trace(fake_covariance) - 2.0 * overlap
    return float(max(distance, 0.0))


def _symmetric_root(covariance):
    """Symmetric square root of a positive semi-definite matrix; negative eigenvalues from rounding count as 0."""
    values, vectors = np.linalg.eigh(covariance)
    return (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T


def intra_class_frechet_distance(real_moments, fake_moments):
    """Mean over labels of the Frechet distance between real and generated samples of the same label.

    A generator that ignores its labels can have a small overall distance but not a small one within classes.

    Args:
        real_moments: `LabelMoments` of real features.
        fake_moments: `LabelMoments` of generated features.

    Raises:
        ValueError: If the labels differ or a label has fewer than two samples.
    """
    real, fake = real_moments.by_label, fake_moments.by_label
    if not real or real.keys() != fake.keys():
        raise ValueError(f"Got real labels {sorted(real)} and generated labels {sorted(fake)}. Expected the same, at least one.")
    return float(np.mean([frechet_distance(real[label], fake[label]) for label in real]))


class KernelDistance(NamedTuple):
    """Squared maximum mean discrepancy (MMD) over random subsets.

    Attributes:
        mean: Mean over subsets. Its expectation is 0 for equal distributions, so it can be negative.
        standard_error: Standard error of the mean over subsets. Overlapping subsets vary less than fresh samples: it is too small
            if `num_subsets * subset_size` exceeds the number of samples.
    """

    mean: float
    standard_error: float


def kernel_distance(real_features, fake_features, num_subsets=100, subset_size=1000, seed=0):
    """Returns the `KernelDistance`: the mean over random subsets of the unbiased squared MMD with kernel `(x . y / dim + 1)^3`.

    Args:
        real_features: `(num_real, dim)`.
        fake_features: `(num_fake, dim)`.
        num_subsets: Number of subsets, >= 2.
        subset_size: Samples of each kind per subset, drawn without replacement: 2 to the smaller number of samples.
        seed: Seed of the subsets.

    Raises:
        ValueError: If the dimensions differ or a number is out of its range.
    """
    real_features, fake_features = as_feature_pair(real_features, fake_features, min_num=2)
    max_size = min(len(real_features), len(fake_features))
    if num_subsets < 2 or not 2 <= subset_size <= max_size:
        raise ValueError(
            f"Got num_subsets={num_subsets} and subset_size={subset_size}. Expected num_subsets >= 2 and subset_size from 2 "
            f"to {max_size}, the smaller number of samples."
        )
    generator = np.random.default_rng(seed)
    distances = []
    for _ in range(num_subsets):
        real, fake = (
            features[generator.choice(len(features), subset_size, replace=False)] for features in (real_features, fake_features)
        )
        distances.append(squared_discrepancy(real, fake))
    return KernelDistance(float(np.mean(distances)), float(np.std(distances, ddof=1) / np.sqrt(num_subsets)))


def squared_discrepancy(real_features, fake_features):
    """Unbiased squared MMD, estimated from all pairs of different samples."""
    between = _cubic_kernel(real_features, fake_features).mean()
    return _mean_of_pairs(real_features) + _mean_of_pairs(fake_features) - 2.0 * between


def _cubic_kernel(first, second):
    return (first @ second.T / first.shape[1] + 1.0) ** 3


def _mean_of_pairs(features):
    """Mean kernel over pairs of different samples; the diagonal would be a bias."""
    kernel, num = _cubic_kernel(features, features), len(features)
    return (kernel.sum() - np.trace(kernel)) / (num * (num - 1))


def sliced_wasserstein_distance(real_features, fake_features, num_projections=128, seed=0):
    """Mean over random directions of the 1-Wasserstein distance of the projected samples, which costs only a sort.

    Args:
        real_features: Features, or flattened samples, `(num_real, dim)`.
        fake_features: `(num_fake, dim)`; the number of samples may differ.
        num_projections: Number of directions, >= 1.
        seed: Seed of the directions.

    Returns:
        float, >= 0, in the units of the features.

    Raises:
        ValueError: If the dimensions differ or `num_projections` is below 1.
    """
    real_features, fake_features = as_feature_pair(real_features, fake_features)
    if num_projections < 1:
        raise ValueError(f"Got num_projections={num_projections}. Expected at least 1.")
    vectors = directions(num_projections, real_features.shape[1], seed)
    return float(projected_distances(real_features, fake_features, vectors).mean())


def directions(num, dim, seed):
    """Samples unit vectors uniformly from the sphere, float64 `(num, dim)`."""
    vectors = np.random.default_rng(seed).standard_normal((num, dim))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def projected_distances(real_features, fake_features, vectors):
    """Returns the 1-Wasserstein distance along each of the vectors `(num, dim)`, float64 `(num,)`."""
    blocks = [vectors[start : start + _DIRECTIONS].T for start in range(0, len(vectors), _DIRECTIONS)]
    return np.concatenate([_column_distances(real_features @ block, fake_features @ block) for block in blocks])


def _column_distances(real, fake):
    """Area between the two distribution functions of each column."""
    values = np.concatenate([real, fake])
    order = values.argsort(axis=0)
    values = np.take_along_axis(values, order, axis=0)
    gaps = np.cumsum(np.where(order < len(real), 1 / len(real), -1 / len(fake)), axis=0)[:-1]
    return (np.abs(gaps) * np.diff(values, axis=0)).sum(axis=0)
