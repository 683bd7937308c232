"""Does the generator copy its training data? Its samples must not lie nearer to them than other real samples do.

Reference: [Meehan et al., 2020](https://arxiv.org/abs/2004.05675), the comparison with held-out data.
"""

from typing import NamedTuple

import numpy as np

from gan_keras.metrics.distances import as_feature_pair, nearest


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
