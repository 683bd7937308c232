"""Classifier two-sample test: are real and generated samples told apart by a classifier that has seen others of both?

Reference: [Lopez-Paz and Oquab, 2017](https://arxiv.org/abs/1610.06545).
"""

from typing import NamedTuple

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import roc_auc_score

from gan_keras.metrics.distances import as_feature_pair

NUM_TREES, MOST = 100, 5000  # of the forest; samples of each kind, which are enough to tell a weak generator


class TwoSampleTest(NamedTuple):
    """Attributes:
    accuracy: Share of unseen samples that the classifier gets right: .5 where both kinds are alike, 1 where none is.
    area: Area under its ROC curve: the chance that a real sample looks more real than a generated one; .5 to 1 alike.
    """

    accuracy: float
    area: float


def two_sample_test(real_features, fake_features, seed=0, most=MOST):
    """Trains a random forest on half of the samples and tests them on the other half.

    What it can reach depends on the number of samples, so it means something beside a control: `real_control`.

    Args:
        real_features: `(num_real, dim)`.
        fake_features: `(num_fake, dim)`.
        seed: Of the halves and of the forest.
        most: Samples of each kind; as many of both are taken.

    Returns:
        A `TwoSampleTest`.

    Raises:
        ValueError: If the dimensions differ, a number is not finite, or there are fewer than 4 samples of a kind.
    """
    real_features, fake_features = as_feature_pair(real_features, fake_features, least=4)
    random, num = np.random.default_rng(seed), min(len(real_features), len(fake_features), most)
    kinds = [each[random.permutation(len(each))[:num]] for each in (real_features, fake_features)]
    halves = [
        (np.concatenate([each[part] for each in kinds]), np.repeat([1, 0], [len(each[part]) for each in kinds]))
        for part in (slice(0, num // 2), slice(num // 2, None))
    ]
    classifier = RandomForestClassifier(NUM_TREES, min_samples_leaf=3, random_state=seed).fit(*halves[0])
    features, is_real = halves[1]
    area = roc_auc_score(is_real, classifier.predict_proba(features)[:, 1])
    return TwoSampleTest(float(np.mean(classifier.predict(features) == is_real)), float(area))


def real_control(real_features, seed=0, most=MOST):
    """`two_sample_test` of the real samples' two halves: what chance alone makes of it; at least 8 samples."""
    order = np.random.default_rng([seed, 1]).permutation(len(real_features))
    half = len(order) // 2
    real_features = np.asarray(real_features)
    return two_sample_test(real_features[order[:half]], real_features[order[half:]], seed, most)
