"""Kernel distance: the squared maximum mean discrepancy of features, without the bias of small samples.

Reference: [Binkowski et al., 2018](https://arxiv.org/abs/1801.01401), the KID where the features are Inception's.
"""

from typing import NamedTuple

import numpy as np

from gan_keras.metrics.distances import as_feature_pair


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
