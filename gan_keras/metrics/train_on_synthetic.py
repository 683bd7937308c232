"""Train on synthetic, test on real: for tables, and for features of any samples; and the classifier two-sample test.

If models trained on generated samples predict real ones as well as models trained on real samples, what they learn holds.

References: [Esteban et al., 2017](https://arxiv.org/abs/1706.02633), section 4.2; [Xu et al.,
2019](https://arxiv.org/abs/1907.00503), section 5 (the mean over simple models); [Ravuri and Vinyals,
2019](https://arxiv.org/abs/1905.10887) (classification accuracy score); [Lopez-Paz and Oquab,
2017](https://arxiv.org/abs/1610.06545) (two-sample test).
"""

import importlib
import warnings
from typing import NamedTuple

import numpy as np

from gan_keras.data.table.columns import CategoryColumn
from gan_keras.metrics.features import as_feature_pair, as_features, as_labels
from gan_keras.metrics.table_similarity import TableFeatures


def _sklearn(module):
    """Imports a module of scikit-learn on first use, because this takes long."""
    return importlib.import_module(f"sklearn.{module}")


CLASSIFIERS = {
    "tree": lambda seed: _sklearn("tree").DecisionTreeClassifier(max_depth=15, class_weight="balanced", random_state=seed),
    "boosting": lambda seed: _sklearn("ensemble").AdaBoostClassifier(random_state=seed),
    "logistic": lambda seed: _sklearn("linear_model").LogisticRegression(class_weight="balanced", max_iter=50),
    "network": lambda seed: _sklearn("neural_network").MLPClassifier((50,), max_iter=50, random_state=seed),
}
"""Models that predict a category: functions from a seed to a scikit-learn classifier."""

REGRESSORS = {
    "linear": lambda seed: _sklearn("linear_model").Ridge(),
    "tree": lambda seed: _sklearn("tree").DecisionTreeRegressor(max_depth=15, min_samples_leaf=5, random_state=seed),
}
"""Models that predict a number: functions from a seed to a scikit-learn regressor."""

NUM_TREES, MAX_SAMPLES = 100, 5000  # of the forest; samples of each kind, enough to recognise a weak generator


def synthetic_training(columns, synthetic, test, target, seed=0):
    """Trains simple models to predict a column of synthetic rows, and tests them on real rows.

    Features are scaled by the training rows, so that no information about the real rows leaks. Rows without a target are ignored.

    Args:
        columns: Columns of the table, see `gan_keras.data`.
        synthetic: float64 cells `(rows, columns)` to train on.
        test: Real cells to test on.
        target: Index of the column to predict.
        seed: Seed of the models.

    Returns:
        Dictionary of means over the models: `f1` (of the rarer class in the test rows if there are two, otherwise the mean over
        classes) and `accuracy` for a category, `r2` for a number. And `by_model`, a dictionary with the first of these per model.

    Raises:
        ValueError: If no row has a target.
    """
    features = TableFeatures(columns, synthetic, without=target)
    training, tested = (_with_target(cells, target) for cells in (synthetic, test))
    is_category = isinstance(columns[target], CategoryColumn)
    measure, models = (_classification_scores, CLASSIFIERS) if is_category else (_regression_scores, REGRESSORS)
    inputs, targets = (features(training), features(tested)), (training[:, target], tested[:, target])
    found = {name: measure(targets[1], _predictions(make(seed), inputs, targets)) for name, make in models.items()}
    scores = {name: float(np.mean([each[name] for each in found.values()])) for name in next(iter(found.values()))}
    first = next(iter(scores))
    return {**scores, "by_model": {name: each[first] for name, each in found.items()}}


def _with_target(cells, target):
    known = cells[~np.isnan(cells[:, target])]
    if not len(known):
        raise ValueError("No row has a value in the column to predict. Expected some that are not missing.")
    return known


def _classification_scores(real, predicted):
    accuracy = float(_sklearn("metrics").accuracy_score(real, predicted))
    return {"f1": f1_score(real, predicted), "accuracy": accuracy}


def f1_score(real, predicted):
    """F1 of the rarer class in `real` if there are two classes, otherwise the mean over classes."""
    values, counts = np.unique(real, return_counts=True)
    if len(values) != 2:
        return float(_sklearn("metrics").f1_score(real, predicted, average="macro", zero_division=0.0))
    rarer = values[np.argmin(counts)]
    return float(_sklearn("metrics").f1_score(real == rarer, predicted == rarer, zero_division=0.0))


def _regression_scores(real, predicted):
    return {"r2": float(_sklearn("metrics").r2_score(real, predicted))}


def _predictions(model, inputs, targets):
    """Fits a model on the first of both and predicts the second; predicts a constant if all training targets are equal."""
    if len(np.unique(targets[0])) == 1:
        return np.full(len(targets[1]), targets[0][0])
    with warnings.catch_warnings():
        # The protocol stops the training of some models early.
        warnings.simplefilter("ignore", _sklearn("exceptions").ConvergenceWarning)
        return model.fit(inputs[0], targets[0]).predict(inputs[1])


class ClassificationAccuracy(NamedTuple):
    """Accuracy on held-out real data of a classifier trained on generated data, and of the control trained on real data."""

    score: float
    control: float


def classification_accuracy_score(classifier, fake, training, held_out):
    """Returns the `ClassificationAccuracy` of a classifier: its score is low if a class lacks quality or variety.

    Args:
        classifier: A scikit-learn classifier. Copies are trained; the classifier itself does not change.
        fake: Pair of generated samples or their features, `(num_fake, dim)`, and their requested labels, `(num_fake,)`.
        training: The same for the real training samples, in random order and at least as many. The control learns from the first
            `num_fake` of them.
        held_out: The same for other real samples, to test both on.

    Raises:
        ValueError: If there is not one label for each sample, there are fewer real training samples than generated ones, or the
            classifier refuses the data, such as a single class.
    """
    fake, training, held_out = ((as_features(each), as_labels(labels, len(each))) for each, labels in (fake, training, held_out))
    num = len(fake[0])
    if len(training[0]) < num:
        raise ValueError(
            f"Got {num} generated and {len(training[0])} real training samples. Expected at least as many real ones, so that "
            "both trainings see the same number: generate fewer."
        )
    pairs = fake, (training[0][:num], training[1][:num])
    return ClassificationAccuracy(*(float(_sklearn("base").clone(classifier).fit(*pair).score(*held_out)) for pair in pairs))


class TwoSampleTest(NamedTuple):
    """Result of a classifier two-sample test.

    Attributes:
        accuracy: Accuracy on unseen samples: 0.5 if real and generated samples are alike, 1 if the classifier separates them.
        area: Area under the ROC curve: the probability that a real sample looks more real than a generated one; also 0.5 to 1.
    """

    accuracy: float
    area: float


def two_sample_test(real_features, fake_features, seed=0, max_samples=MAX_SAMPLES):
    """Trains a random forest on half of the samples to tell real from generated, and returns its `TwoSampleTest` on the others.

    The result depends on the number of samples: compare it with the control, `real_control`.

    Args:
        real_features: `(num_real, dim)`.
        fake_features: `(num_fake, dim)`.
        seed: Seed of the halves and of the forest.
        max_samples: Maximum number of samples of each kind; both kinds are reduced to the same number.

    Raises:
        ValueError: If the dimensions differ, a number is not finite, or there are fewer than 4 samples of a kind.
    """
    real_features, fake_features = as_feature_pair(real_features, fake_features, min_num=4)
    random, num = np.random.default_rng(seed), min(len(real_features), len(fake_features), max_samples)
    kinds = [each[random.permutation(len(each))[:num]] for each in (real_features, fake_features)]
    halves = [
        (np.concatenate([each[part] for each in kinds]), np.repeat([1, 0], [len(each[part]) for each in kinds]))
        for part in (slice(0, num // 2), slice(num // 2, None))
    ]
    forest = _sklearn("ensemble").RandomForestClassifier(NUM_TREES, min_samples_leaf=3, random_state=seed).fit(*halves[0])
    features, is_real = halves[1]
    area = _sklearn("metrics").roc_auc_score(is_real, forest.predict_proba(features)[:, 1])
    return TwoSampleTest(float(np.mean(forest.predict(features) == is_real)), float(area))


def real_control(real_features, seed=0, max_samples=MAX_SAMPLES):
    """Control of `two_sample_test`: tests two random halves of at least 8 real samples against each other."""
    order = np.random.default_rng([seed, 1]).permutation(len(real_features))
    half = len(order) // 2
    real_features = np.asarray(real_features)
    return two_sample_test(real_features[order[:half]], real_features[order[half:]], seed, max_samples)
