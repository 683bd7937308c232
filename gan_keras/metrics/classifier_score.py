"""Scores by classifiers: the formula of the Inception score for any classifier, and the accuracy of one trained on fakes.

References: [Salimans et al., 2016](https://arxiv.org/abs/1606.03498) (the Inception score where the classifier is
Inception, and not otherwise), [Ravuri and Vinyals, 2019](https://arxiv.org/abs/1905.10887) (classification accuracy).
"""

from typing import NamedTuple

import numpy as np
from scipy.special import log_softmax
from sklearn.base import clone

from gan_keras.metrics.precision_recall import as_features


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


class ClassificationAccuracy(NamedTuple):
    """Accuracy on held-out real data, in [0, 1], of one classifier trained twice.

    Attributes:
        score: Trained on generated data.
        control: Trained on as many real samples. The score is below it by what the generated data lack.
    """

    score: float
    control: float


def classification_accuracy_score(classifier, fake, training, held_out):
    """Trains a classifier on generated data and tests it on real data: low where a class lacks quality or variety.

    Args:
        classifier: A scikit-learn classifier; fresh copies of it are trained, it stays as it is.
        fake: Pair of generated samples or their features, `(num_fake, dim)`, and the labels that they were generated for,
            `(num_fake,)`.
        training: The same of real samples that the classifier may see. The control learns from the first `num_fake` of
            them: they should be in random order, and as many.
        held_out: The same of other real samples, by which both are tested.

    Returns:
        A `ClassificationAccuracy`.

    Raises:
        ValueError: If there is not one label for each sample, fewer real training samples than generated ones, or from the
            classifier, such as for a single class.
    """
    fake, training, held_out = map(_labelled, (fake, training, held_out))
    num = len(fake[0])
    if len(training[0]) < num:
        raise ValueError(
            f"Got {num} generated and {len(training[0])} real training samples. Expected at least as many real ones, so that "
            "both trainings see equally many: generate fewer."
        )
    score = clone(classifier).fit(*fake).score(*held_out)
    control = clone(classifier).fit(training[0][:num], training[1][:num]).score(*held_out)
    return ClassificationAccuracy(float(score), float(control))


def _labelled(pair):
    features, labels = as_features(pair[0]), np.asarray(pair[1])
    if labels.shape != (len(features),):
        raise ValueError(f"Got {labels.shape} labels for {len(features)} samples. Expected one label for each sample.")
    return features, labels
