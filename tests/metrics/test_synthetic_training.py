"""Train on synthetic, test on real; features of rows; the classifier two-sample test with its control."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score

from gan_keras.data.table.columns import CategoryColumn, NumberColumn
from gan_keras.metrics import train_on_synthetic as module
from gan_keras.metrics.table_similarity import TableFeatures
from gan_keras.metrics.train_on_synthetic import real_control, synthetic_training, two_sample_test

COLUMNS = (
    NumberColumn("x", False, -9.0, 9.0, None),
    CategoryColumn("k", False, ("a", "b")),
    NumberColumn("y", False, -9.0, 9.0, None),
    CategoryColumn("rare", False, ("no", "yes")),
)


def rows(seed, num=600):
    random = np.random.default_rng(seed)
    x, k = random.normal(size=num), random.integers(0, 2, num)
    y = 2 * x + 3 * k + random.normal(0, 0.1, num)
    return np.stack([x, k, y, (x + k > 1.3) * 1.0], axis=1)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(module, "CLASSIFIERS", {"logistic": module.CLASSIFIERS["logistic"], "tree": module.CLASSIFIERS["tree"]})


def test_rows_of_the_same_law_teach_as_well_as_real_ones_and_shuffled_ones_teach_nothing():
    test = rows(1)
    same, shuffled = rows(2), rows(2)
    shuffled[:, 3] = np.random.default_rng(0).permutation(shuffled[:, 3])
    taught, untaught = (synthetic_training(COLUMNS, each, test, target=3) for each in (same, shuffled))
    assert taught["f1"] > 0.9 > 0.6 > untaught["f1"]
    numbers = synthetic_training(COLUMNS, same, test, target=2)
    assert set(numbers) == {"r2", "by_model"} and numbers["r2"] > 0.95


def test_the_score_is_f1_of_the_rarer_class_by_scikit_learn():
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
    with pytest.raises(ValueError, match="No row has the column to predict"):
        synthetic_training(COLUMNS, one, rows(1), target=3)


def test_features_are_standardised_numbers_and_flags_of_values_and_of_missing_cells():
    cells = np.array([[1.0, 0, 5, 1], [3.0, np.nan, 5, 0], [np.nan, 1, 5, 1]])
    features = TableFeatures(COLUMNS, cells, without=3)(cells)
    np.testing.assert_allclose(features[:, :2], [[-1, 0], [1, 0], [0, 1]])
    assert features[:, 2:].sum(axis=1).tolist() == [1.0, 1.0, 1.0]
    assert len({tuple(row) for row in features[:, 2:-1]}) == 3
    np.testing.assert_array_equal(features[:, -1], 0.0)  # constant


def test_a_classifier_tells_other_samples_apart_and_not_those_of_the_same_law():
    random = np.random.default_rng(0)
    real, same, other = (random.normal(shift, 1, (1200, 3)) for shift in (0.0, 0.0, 1.0))
    assert abs(two_sample_test(real, same).accuracy - 0.5) < 0.06
    assert abs(real_control(real).area - 0.5) < 0.08
    found = two_sample_test(real, other)
    assert 0.73 < found.accuracy < 0.85 and 0.82 < found.area < 0.93  # at best Phi(sqrt(3) / 2) = .81 and Phi(sqrt(1.5)) = .89
    with pytest.raises(ValueError, match="dimensions"):
        two_sample_test(real, other[:, :2])


def test_a_number_that_never_changes_in_the_reference_is_not_blown_up():
    """The deviation of equal numbers is a little more than 0 where their mean is rounded."""
    found = TableFeatures((NumberColumn("x", False, 0.0, 1.0, 1),), np.full((7, 1), 0.1))(np.array([[0.1], [0.3]]))
    np.testing.assert_allclose(found, [[0.0], [0.2]], atol=1e-9)


@pytest.mark.parametrize("place", [2, 3])
def test_of_a_column_alone_only_what_is_most_frequent_or_its_mean_can_be_told(place):
    real, test = (rows(seed)[:, [place]] for seed in (0, 1))
    found = synthetic_training(COLUMNS[place : place + 1], real, test, target=0)
    if place == 2:
        assert found["r2"] == pytest.approx(0.0, abs=0.02)
    else:
        shares = np.bincount(test[:, 0].astype(int)) / len(test)
        assert min(abs(found["accuracy"] - share) for share in (*shares, 0.5)) < 1e-6
