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


FEATURES, LABELS = load_iris(return_X_y=True)
ORDER = np.random.default_rng(0).permutation(150)
TRAINING, HELD_OUT = ((FEATURES[rows], LABELS[rows]) for rows in np.split(ORDER, 2))


def nearest_neighbour_accuracy(training, held_out):
    guesses = [training[1][np.argmin(((training[0] - row) ** 2).sum(axis=1))] for row in held_out[0]]
    return np.mean(guesses == held_out[1])


def test_score_and_control_are_the_accuracies_of_a_nearest_neighbour_by_hand():
    fake = TRAINING[0][:40] + 0.8 * np.random.default_rng(1).normal(size=(40, 4)), TRAINING[1][:40]
    found = classification_accuracy_score(KNeighborsClassifier(1), fake, TRAINING, HELD_OUT)
    as_many = TRAINING[0][:40], TRAINING[1][:40]
    assert found.score == pytest.approx(nearest_neighbour_accuracy(fake, HELD_OUT))
    assert found.control == pytest.approx(nearest_neighbour_accuracy(as_many, HELD_OUT))
    assert found.score < found.control


def test_swapped_labels_score_badly_and_leave_the_control_and_the_classifier_alone():
    classifier = LogisticRegression(max_iter=1000)
    copies = classification_accuracy_score(classifier, TRAINING, TRAINING, HELD_OUT)
    swapped = classification_accuracy_score(classifier, (TRAINING[0], (TRAINING[1] + 1) % 3), TRAINING, HELD_OUT)
    assert copies.score == copies.control == swapped.control > 0.9
    assert swapped.score < 0.2
    assert not hasattr(classifier, "coef_")


def test_accuracy_refuses_samples_that_do_not_fit():
    with pytest.raises(ValueError, match="one label for each sample"):
        classification_accuracy_score(KNeighborsClassifier(1), TRAINING, TRAINING, (FEATURES, LABELS[:3]))
    with pytest.raises(ValueError, match="150 generated and 75 real training samples"):
        classification_accuracy_score(KNeighborsClassifier(1), (FEATURES, LABELS), TRAINING, HELD_OUT)
