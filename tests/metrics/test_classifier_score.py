import numpy as np
import pytest
from scipy.stats import entropy
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from gan_keras.metrics.classifier_score import classification_accuracy_score, classifier_score


def test_the_score_equals_the_formula_with_scipys_divergences():
    logits = np.random.default_rng(0).normal(size=(21, 4)) * 2
    scores = []
    for part in np.array_split(np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True), 3):
        scores.append(np.exp(np.mean([entropy(row, part.mean(axis=0)) for row in part])))
    found = classifier_score(logits, splits=3)
    assert found.mean == pytest.approx(np.mean(scores))
    assert found.deviation == pytest.approx(np.std(scores))


def test_the_score_is_the_number_of_classes_for_sure_and_even_samples_and_one_for_a_single_class():
    sure = 1e4 * np.eye(5)
    assert classifier_score(np.tile(sure, (4, 1)), splits=4).mean == pytest.approx(5)
    assert classifier_score(np.tile(sure[:1], (20, 1)), splits=2).mean == pytest.approx(1)


def test_large_logits_do_not_overflow():
    assert classifier_score([[1e30, -1e30], [-1e30, 1e30]], splits=1).mean == pytest.approx(2)


def test_more_splits_than_samples_are_refused():
    with pytest.raises(ValueError, match="splits=10 for 3 samples"):
        classifier_score(np.zeros((3, 2)))


def test_a_classifier_trained_on_a_copy_of_the_real_data_is_as_good_and_one_trained_on_swapped_labels_is_bad():
    features, labels = load_iris(return_X_y=True)
    classifier = LogisticRegression(max_iter=1000)
    expected = LogisticRegression(max_iter=1000).fit(features[::2], labels[::2]).score(features[1::2], labels[1::2])
    data = features[1::2], labels[1::2]
    assert classification_accuracy_score(classifier, features[::2], labels[::2], *data) == pytest.approx(expected)
    assert classification_accuracy_score(classifier, features[::2], (labels[::2] + 1) % 3, *data) < 0.2
    assert not hasattr(classifier, "coef_")


def test_accuracy_refuses_labels_that_do_not_fit():
    with pytest.raises(ValueError, match="one for each sample"):
        classification_accuracy_score(KNeighborsClassifier(1), [[0.0], [1.0]], [0, 1], [[0.0], [1.0]], [0])
