"""Scores by classifiers: the formula of the Inception score for any classifier, and the accuracy of one trained on fakes.

References: [Salimans et al., 2016](https://arxiv.org/abs/1606.03498) (the Inception score where the classifier is
Inception, and not otherwise), [Ravuri and Vinyals, 2019](https://arxiv.org/abs/1905.10887) (classification accuracy).
"""

from typing import NamedTuple

import numpy as np
from scipy.special import log_softmax
from sklearn.base import clone

from gan_keras.metrics.distances import as_features


class ClassifierScore(NamedTuple):
    """Mean and standard deviation over splits, the mean in [1, classes]."""

    mean: float
    deviation: float


def classifier_score(logits, splits=10):
    """`exp(mean KL(p(y|x) || p(y)))`: high where each sample is sure of its class and all classes occur.

    It never looks at real data. Samples of a sorted data set must be shuffled first, as splits are neighbours.

    Args:
        logits: Outputs of a classifier for generated samples, before any softmax, `(num, classes)`.
        splits: Number of parts, each scored by itself: 1 to num.

    Returns:
        A `ClassifierScore`.

    Raises:
        ValueError: If the logits are no finite matrix, or there are fewer samples than splits.
    """
    logits = as_features(logits)
    if not 1 <= splits <= len(logits):
        raise ValueError(f"Got splits={splits} for {len(logits)} samples. Expected 1 to {len(logits)}.")
    scores = [_score(part) for part in np.array_split(log_softmax(logits, axis=1), splits)]
    return ClassifierScore(float(np.mean(scores)), float(np.std(scores)))


def _score(log_probabilities):
    probabilities = np.exp(log_probabilities)
    marginal = probabilities.mean(axis=0)
    log_marginal = np.log(np.where(marginal > 0, marginal, 1.0))  # a class that never occurs adds nothing
    return np.exp((probabilities * (log_probabilities - log_marginal)).sum(axis=1).mean())


def classification_accuracy_score(classifier, fake_features, fake_labels, real_features, real_labels):
    """Accuracy on real data of a classifier trained on generated data: low where a class lacks quality or variety.

    Hold it against the accuracy of the same classifier trained on as many real samples.

    Args:
        classifier: A scikit-learn classifier; a fresh copy of it is trained, it stays as it is.
        fake_features: Generated samples or their features, `(num_fake, dim)`.
        fake_labels: The labels that they were generated for, `(num_fake,)`.
        real_features: Real held-out samples or their features, `(num_real, dim)`.
        real_labels: Their labels, `(num_real,)`.

    Returns:
        float in [0, 1].

    Raises:
        ValueError: If shapes do not fit, or from the classifier, such as for a single class.
    """
    predictions = clone(classifier).fit(fake_features, fake_labels).predict(real_features)
    real_labels = np.asarray(real_labels)
    if predictions.shape != real_labels.shape:
        raise ValueError(f"Got {real_labels.shape} labels for {predictions.shape} predictions. Expected one for each sample.")
    return float((predictions == real_labels).mean())
