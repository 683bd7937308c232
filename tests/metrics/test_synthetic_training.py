"""Train on synthetic, test on real; features of rows; the classifier two-sample test with its control."""

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.neighbors import KNeighborsClassifier

from gan_keras.data.table.columns import CategoryColumn, NumberColumn
from gan_keras.metrics import train_on_synthetic as module
from gan_keras.metrics.table_similarity import TableFeatures
from gan_keras.metrics.train_on_synthetic import classification_accuracy_score, real_control, synthetic_training, two_sample_test
from refusals import refused

COLUMNS = (
    NumberColumn("x", False, -9.0, 9.0, None),
    CategoryColumn("k", False, ("a", "b")),
    NumberColumn("y", False, -9.0, 9.0, None),
    CategoryColumn("rare", False, ("no", "yes")),
)
FEATURES, LABELS = load_iris(return_X_y=True)
ORDER = np.random.default_rng(0).permutation(150)
TRAINING, HELD_OUT = ((FEATURES[rows], LABELS[rows]) for rows in np.split(ORDER, 2))


def rows(seed, num=600):
    random = np.random.default_rng(seed)
    x, k = random.normal(size=num), random.integers(0, 2, num)
    y = 2 * x + 3 * k + random.normal(0, 0.1, num)
    return np.stack([x, k, y, (x + k > 1.3) * 1.0], axis=1)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(module, "CLASSIFIERS", {"logistic": module.CLASSIFIERS["logistic"], "tree": module.CLASSIFIERS["tree"]})


def test_rows_of_the_same_distribution_teach_like_real_ones_and_shuffled_ones_teach_nothing():
    test = rows(1)
    same, shuffled = rows(2), rows(2)
    shuffled[:, 3] = np.random.default_rng(0).permutation(shuffled[:, 3])
    taught, untaught = (synthetic_training(COLUMNS, each, test, target=3) for each in (same, shuffled))
    assert taught["f1"] > 0.9 > 0.6 > untaught["f1"]
    numbers = synthetic_training(COLUMNS, same, test, target=2)
    assert set(numbers) == {"r2", "by_model"} and numbers["r2"] > 0.95


def test_the_score_equals_scikit_learns_f1_of_the_rarer_class():
    real, test = rows(0), rows(1)
    found = synthetic_training(COLUMNS, real, test, target=3)
    scale = real[:, [0, 2]].mean(axis=0), real[:, [0, 2]].std(axis=0)

    def inputs(cells):
        x, y = ((cells[:, [0, 2]] - scale[0]) / scale[1]).T
        flags = np.eye(2)[cells[:, 1].astype(int)]
        return np.stack([x, *flags.T, y], axis=1)

    model = LogisticRegression(class_weight="balanced", max_iter=50).fit(inputs(real), real[:, 3])
    expected = f1_score(test[:, 3] == 1, model.predict(inputs(test)) == 1)
    assert found["by_model"]["logistic"] == pytest.approx(expected, abs=0.01)
    assert found["f1"] == pytest.approx(np.mean(list(found["by_model"].values())))


def test_rows_of_one_class_teach_nothing_and_break_nothing():
    one = rows(0)
    one[:, 3] = 0
    found = synthetic_training(COLUMNS, one, rows(1), target=3)
    assert found["f1"] == 0.0 and found["accuracy"] > 0.5
    one[:, 3] = np.nan
    refused("No row has a value in the column to predict", synthetic_training, COLUMNS, one, rows(1), target=3)


def test_features_are_standardised_numbers_and_indicators_and_constants_are_not_scaled_up():
    cells = np.array([[1.0, 0, 5, 1], [3.0, np.nan, 5, 0], [np.nan, 1, 5, 1]])
    features = TableFeatures(COLUMNS, cells, without=3)(cells)
    np.testing.assert_allclose(features[:, :2], [[-1, 0], [1, 0], [0, 1]])
    assert features[:, 2:].sum(axis=1).tolist() == [1.0, 1.0, 1.0]
    assert len({tuple(row) for row in features[:, 2:-1]}) == 3
    np.testing.assert_array_equal(features[:, -1], 0.0)  # constant
    # The deviation of equal numbers is a little more than 0 where their mean is rounded.
    found = TableFeatures((NumberColumn("x", False, 0.0, 1.0, 1),), np.full((7, 1), 0.1))(np.array([[0.1], [0.3]]))
    np.testing.assert_allclose(found, [[0.0], [0.2]], atol=1e-9)


def test_the_two_sample_test_recognises_only_other_distributions():
    random = np.random.default_rng(0)
    real, same, other = (random.normal(shift, 1, (1200, 3)) for shift in (0.0, 0.0, 1.0))
    assert abs(two_sample_test(real, same).accuracy - 0.5) < 0.06 and abs(real_control(real).area - 0.5) < 0.08
    found = two_sample_test(real, other)
    assert 0.73 < found.accuracy < 0.85 and 0.82 < found.area < 0.93  # at best Phi(sqrt(3) / 2) = .81 and Phi(sqrt(1.5)) = .89
    refused("dimensions", two_sample_test, real, other[:, :2])


@pytest.mark.parametrize("place", [2, 3])
def test_without_other_columns_only_the_mean_or_the_most_frequent_value_is_predicted(place):
    real, test = (rows(seed)[:, [place]] for seed in (0, 1))
    found = synthetic_training(COLUMNS[place : place + 1], real, test, target=0)
    if place == 2:
        assert found["r2"] == pytest.approx(0.0, abs=0.02)
    else:
        shares = np.bincount(test[:, 0].astype(int)) / len(test)
        assert min(abs(found["accuracy"] - share) for share in (*shares, 0.5)) < 1e-6


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
    assert copies.score == copies.control == swapped.control > 0.9 and swapped.score < 0.2
    assert not hasattr(classifier, "coef_")


def test_accuracy_refuses_samples_that_do_not_fit():
    with pytest.raises(ValueError, match="one label for each sample"):
        classification_accuracy_score(KNeighborsClassifier(1), TRAINING, TRAINING, (FEATURES, LABELS[:3]))
    with pytest.raises(ValueError, match="150 generated and 75 real training samples"):
        classification_accuracy_score(KNeighborsClassifier(1), (FEATURES, LABELS), TRAINING, HELD_OUT)
