"""Frechet distance between two sets of features, each taken for a Gaussian.

It is the FID only where the features are those of the Inception network of the paper: of any other extractor the number
is on another scale, and is never called so here.

References: [Heusel et al., 2017](https://arxiv.org/abs/1706.08500); within classes,
[Miyato and Koyama, 2018](https://arxiv.org/abs/1802.05637).
"""

from typing import NamedTuple

import numpy as np

from gan_keras.metrics.precision_recall import as_feature_pair


def frechet_distance(real_moments, fake_moments):
    """`|m - n|^2 + trace(C + D - 2 (C D)^(1/2))`: the squared 2-Wasserstein distance of the Gaussians N(m, C), N(n, D).

    It is biased upwards, the more the fewer the samples: compare only scores of equally many. Fewer samples than
    dimensions, whose covariance is singular, are computed as exactly as others.

    Args:
        real_moments: `Moments` of real features.
        fake_moments: `Moments` of generated features.

    Returns:
        float, >= 0, 0 for equal moments.

    Raises:
        ValueError: If the dimensions differ or one of the two has fewer than two samples.
    """
    if real_moments.mean.shape != fake_moments.mean.shape:
        raise ValueError(
            f"Got moments of {len(real_moments.mean)} and of {len(fake_moments.mean)} dimensions. "
            "Expected equal dimensions: use one extractor for both."
        )
    real_covariance, fake_covariance = real_moments.covariance, fake_moments.covariance
    # The trace of (C D)^(1/2) is the sum of the singular values of C^(1/2) D^(1/2). Unlike the square root of the product,
    # which is not symmetric, these exist for singular covariances too and are never complex.
    roots = symmetric_root(real_covariance) @ symmetric_root(fake_covariance)
    overlap = np.linalg.svd(roots, compute_uv=False).sum()
    offset = real_moments.mean - fake_moments.mean
    distance = offset @ offset + np.trace(real_covariance) + np.trace(fake_covariance) - 2.0 * overlap
    return float(max(distance, 0.0))


def symmetric_root(covariance):
    """The symmetric square root of a positive semi-definite matrix; eigenvalues that rounding made negative count as 0."""
    values, vectors = np.linalg.eigh(covariance)
    return (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T


def intra_class_frechet_distance(real_moments, fake_moments):
    """Mean over labels of the Frechet distance between the real and the generated samples of that label.

    A generator that ignores its labels can have a small distance over all, never within classes.

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


# --- Kernel distance: the squared maximum mean discrepancy of features, without the bias of small samples.
#
# Reference: [Binkowski et al., 2018](https://arxiv.org/abs/1801.01401), the KID where the features are Inception's.


class KernelDistance(NamedTuple):
    """Attributes:
    mean: Mean over subsets; its expectation is 0 for equal distributions, so that it may be negative.
    standard_error: Of that mean, by the spread of the subsets. Subsets that overlap vary less than fresh samples would,
        so where `num_subsets * subset_size` exceeds the number of samples it is too small.
    """

    mean: float
    standard_error: float


def kernel_distance(real_features, fake_features, num_subsets=100, subset_size=1000, seed=0):
    """Mean over random subsets of the unbiased squared MMD with the kernel `(x . y / dim + 1)^3`.

    Args:
        real_features: `(num_real, dim)`.
        fake_features: `(num_fake, dim)`.
        num_subsets: How many, >= 2.
        subset_size: Samples of each kind in a subset, drawn without replacement: 2 to the smaller number of samples.
        seed: Of the subsets.

    Returns:
        A `KernelDistance`.

    Raises:
        ValueError: If the dimensions differ or a number is out of its range.
    """
    real_features, fake_features = as_feature_pair(real_features, fake_features, least=2)
    most = min(len(real_features), len(fake_features))
    if num_subsets < 2 or not 2 <= subset_size <= most:
        raise ValueError(
            f"Got num_subsets={num_subsets} and subset_size={subset_size}. Expected num_subsets >= 2 and subset_size from 2 "
            f"to {most}, the smaller number of samples."
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
    """The unbiased estimate by all pairs of different samples: float."""
    between = _cubic_kernel(real_features, fake_features).mean()
    return _mean_of_pairs(real_features) + _mean_of_pairs(fake_features) - 2.0 * between


def _cubic_kernel(first, second):
    return (first @ second.T / first.shape[1] + 1.0) ** 3


def _mean_of_pairs(features):
    """Mean kernel of a sample and another one: the diagonal, each with itself, is the bias that is left out."""
    kernel, num = _cubic_kernel(features, features), len(features)
    return (kernel.sum() - np.trace(kernel)) / (num * (num - 1))
