"""Two-sample tests on features: a linear classifier, the maximum mean discrepancy, and the divergence frontier (MAUVE).

Each compares real features with generated ones, `(num, dim)`. Its value for equal distributions depends on the features and on
the number of samples, so compare it with a control: other real samples in the place of the generated ones, as many of them.

References: [Lopez-Paz and Oquab, 2017](https://arxiv.org/abs/1610.06545) (classifier test), [Gretton et al.,
2012](https://jmlr.org/papers/v13/gretton12a.html) (discrepancy, and its median bandwidth), [Pillutla et al.,
2021](https://arxiv.org/abs/2102.01454) (MAUVE).
"""

from typing import NamedTuple

import numpy as np

from gan_keras.metrics.features import as_feature_pair
from gan_keras.metrics.seeds import Interval

NUM_FOLDS = 5
SHRINKAGE = 0.1  # C of the logistic regression: sentence features are many and samples few
MAX_SAMPLES = 2000  # of each kind, where the cost grows faster than the number of samples
SCALE, NUM_MIXTURES, SAMPLES_PER_CLUSTER = 5.0, 25, 10  # of MAUVE, as published


class ClassifierTest(NamedTuple):
    """Result of a linear classifier test.

    Attributes:
        area: Area under the ROC curve on unseen samples: 0.5 if real and generated samples are alike, 1 if they separate.
        low: Lower bound of the 95 % interval.
        high: Upper bound.
        resampled: The areas of the bootstrap, `(num_resamples,)`. Tests with equal seeds and numbers of samples draw the same
            rows, so that their differences are paired.
    """

    area: float
    low: float
    high: float
    resampled: np.ndarray

    def __str__(self):
        return f"{self.area:.3f} [{self.low:.3f}, {self.high:.3f}]"

    def over(self, other):
        """Returns the difference to the area of another test with equal seed and numbers of samples, an `Interval`."""
        low, high = np.quantile(self.resampled - other.resampled, [0.025, 0.975])
        return Interval(self.area - other.area, float(low), float(high))


def linear_two_sample_test(real_features, fake_features, num_resamples=1000, seed=0):
    """Cross-validates a logistic regression that tells real from generated samples, and returns its `ClassifierTest`.

    Features are standardised by the training folds. Only samples of the same fold are compared with each other, so that equal
    distributions have an expected area of exactly 0.5. The interval is a percentile bootstrap over the unseen samples of each
    fold; it does not cover the variation of the training.

    Args:
        real_features: `(num_real, dim)`, at least 10 rows.
        fake_features: `(num_fake, dim)`, at least 10 rows.
        num_resamples: Resamples of the bootstrap, >= 1.
        seed: Seed of the folds and of the bootstrap.

    Raises:
        ValueError: If the dimensions differ, a number is not finite, or there are too few samples.
    """
    from sklearn.linear_model import LogisticRegression  # slow to import
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    kinds = as_feature_pair(real_features, fake_features, min_num=2 * NUM_FOLDS)
    random, areas, resampled = np.random.default_rng(seed), [], []
    fold_of = [random.permutation(len(kind)) % NUM_FOLDS for kind in kinds]
    for fold in range(NUM_FOLDS):
        training = [kind[folds != fold] for kind, folds in zip(kinds, fold_of, strict=True)]
        classifier = make_pipeline(StandardScaler(), LogisticRegression(C=SHRINKAGE, class_weight="balanced", max_iter=1000))
        classifier.fit(np.concatenate(training), np.repeat([1, 0], [len(part) for part in training]))
        scores = [classifier.decision_function(kind[folds == fold]) for kind, folds in zip(kinds, fold_of, strict=True)]
        weights = [random.multinomial(len(each), np.full(len(each), 1 / len(each)), num_resamples) for each in scores]
        areas.append(_areas(*scores, *(np.ones((1, len(each))) for each in scores))[0])
        resampled.append(_areas(*scores, *weights))
    resampled = np.mean(resampled, axis=0)
    return ClassifierTest(float(np.mean(areas)), *np.quantile(resampled, [0.025, 0.975]).tolist(), resampled)


def _areas(real_scores, fake_scores, real_weights, fake_weights):
    """Areas under the ROC curve of weighted samples, a row of weights each: the share of pairs in order, ties counted half."""
    order = np.argsort(fake_scores)
    cumulative = np.cumsum(fake_weights[:, order], axis=1)
    cumulative = np.concatenate([np.zeros_like(cumulative[:, :1]), cumulative], axis=1)
    below, up_to = (cumulative[:, np.searchsorted(fake_scores[order], real_scores, side)] for side in ("left", "right"))
    pairs = (real_weights * (below + up_to)).sum(axis=1) / 2
    return pairs / (real_weights.sum(axis=1) * fake_weights.sum(axis=1))


def mean_discrepancy(real_features, fake_features, max_samples=MAX_SAMPLES):
    """Unbiased squared maximum mean discrepancy with a Gaussian kernel, as wide as the median distance of different real samples.

    Its expectation is 0 for equal distributions, so it may be negative. Only the real features set the kernel: values of several
    generators against the same real samples compare.

    Args:
        real_features: `(num_real, dim)`.
        fake_features: `(num_fake, dim)`.
        max_samples: Samples of each kind to compare; the first are taken.

    Raises:
        ValueError: If the dimensions differ, a number is not finite, there are fewer than 2 samples of a kind, or all real
            samples are equal.
    """
    from scipy.spatial.distance import cdist, pdist  # slow to import

    real, fake = (kind[:max_samples] for kind in as_feature_pair(real_features, fake_features, min_num=2))
    within = pdist(real, "sqeuclidean")
    if not within.any():
        raise ValueError("All real samples have equal features. Expected different ones: the kernel takes its width from them.")
    width = np.median(within[within > 0.0])
    parts = within, pdist(fake, "sqeuclidean"), cdist(real, fake, "sqeuclidean")
    of_real, of_fake, between = (np.exp(-part / (2.0 * width)).mean() for part in parts)
    return float(of_real + of_fake - 2.0 * between)


def mauve(real_features, fake_features, seed=0, max_samples=MAX_SAMPLES):
    """Area under the divergence frontier of the two distributions over clusters, in (0, 1]; 1 if they are equal.

    k-means puts all samples together into a cluster per ten samples of a kind. The frontier weighs the two errors of a
    generator: text that is not real, and real text that it does not write.

    Args:
        real_features: `(num_real, dim)`, at least 10 rows.
        fake_features: `(num_fake, dim)`, at least 10 rows.
        seed: Seed of the clusters.
        max_samples: Samples of each kind to compare; the first are taken.

    Raises:
        ValueError: If the dimensions differ, a number is not finite, or there are too few samples.
    """
    from sklearn.cluster import KMeans  # slow to import

    real, fake = (kind[:max_samples] for kind in as_feature_pair(real_features, fake_features, min_num=SAMPLES_PER_CLUSTER))
    together = np.concatenate([real, fake])
    num_clusters = max(2, min(len(real), len(fake)) // SAMPLES_PER_CLUSTER)
    num_clusters = min(num_clusters, len(np.unique(together, axis=0)))
    clusters = KMeans(num_clusters, n_init=1, random_state=seed).fit_predict(together)
    parts = np.split(clusters, [len(real)])
    return frontier_area(*(np.bincount(part, minlength=num_clusters) / len(part) for part in parts))


def frontier_area(real_shares, fake_shares, scale=SCALE):
    """Area under the curve of `exp(-scale * KL)` of both distributions from their mixtures.

    Args:
        real_shares: Distribution over clusters, `(clusters,)`.
        fake_shares: Another distribution over the same clusters.
        scale: Factor of the divergences, > 0.
    """
    weights = np.linspace(1e-6, 1.0 - 1e-6, NUM_MIXTURES)[:, np.newaxis]
    mixtures = weights * real_shares + (1.0 - weights) * fake_shares
    fake, real = (np.exp(-scale * _divergences(shares, mixtures)) for shares in (fake_shares, real_shares))
    # From the generator alone to real text alone, one falls and the other rises.
    return float(np.trapezoid(np.r_[0.0, real, 1.0][::-1], np.r_[1.0, fake, 0.0][::-1]))


def _divergences(shares, mixtures):
    """KL divergences of a distribution from each mixture, `(mixtures,)`."""
    present = shares > 0
    return (shares[present] * np.log(shares[present] / mixtures[:, present])).sum(axis=1)
