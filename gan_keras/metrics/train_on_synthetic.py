"""Train on synthetic rows, test on real ones: what is learned from them holds of the real world, or it does not.

References: [Esteban et al., 2017](https://arxiv.org/abs/1706.02633), section 4.2; [Xu et al.,
2019](https://arxiv.org/abs/1907.00503), section 5, whose benchmark takes the mean over simple models.
"""

import warnings
from typing import NamedTuple

import numpy as np
from sklearn.ensemble import AdaBoostClassifier, RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, f1_score, r2_score, roc_auc_score
from sklearn.neural_network import MLPClassifier
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from gan_keras.data.table.columns import CategoryColumn
from gan_keras.metrics.precision_recall import as_feature_pair
from gan_keras.metrics.table_similarity import TableFeatures

CLASSIFIERS = {
    "tree": lambda seed: DecisionTreeClassifier(max_depth=15, class_weight="balanced", random_state=seed),
    "boosting": lambda seed: AdaBoostClassifier(random_state=seed),
    "logistic": lambda seed: LogisticRegression(class_weight="balanced", max_iter=50),
    "network": lambda seed: MLPClassifier((50,), max_iter=50, random_state=seed),
}
"""What learns a category: functions from a seed to a model of scikit-learn."""

REGRESSORS = {
    "linear": lambda seed: Ridge(),
    "tree": lambda seed: DecisionTreeRegressor(max_depth=15, min_samples_leaf=5, random_state=seed),
}
"""What learns a number."""


def synthetic_training(columns, synthetic, test, target, seed=0):
    """Trains simple models to predict a column on some rows, and tests them on others.

    Features are scaled by the rows that are trained on, so that real rows leave no trace in what was learned. Rows whose
    target is missing are left out.

    Args:
        columns: `table_columns.Column`s.
        synthetic: float64 cells `(rows, columns)` to train on.
        test: Real cells, to test on.
        target: The place of the column to predict.
        seed: Of the models.

    Returns:
        Dictionary of means over the models: of a category `f1` (of two classes that of the rarer one in the test rows, of more
        the mean over classes) and `accuracy`, of a number `r2`. And `by_model`, a dictionary of the first of these by model.

    Raises:
        ValueError: If no row has a target.
    """
    features = TableFeatures(columns, synthetic, without=target)
    training, tested = (_with_target(cells, target) for cells in (synthetic, test))
    is_category = isinstance(columns[target], CategoryColumn)
    measure, models = (_classified, CLASSIFIERS) if is_category else (_regressed, REGRESSORS)
    inputs = features(training), features(tested)
    targets = training[:, target], tested[:, target]
    found = {name: measure(make(seed), inputs, targets) for name, make in models.items()}
    scores = {name: float(np.mean([each[name] for each in found.values()])) for name in next(iter(found.values()))}
    first = next(iter(scores))
    return {**scores, "by_model": {name: each[first] for name, each in found.items()}}


def _with_target(cells, target):
    known = cells[~np.isnan(cells[:, target])]
    if not len(known):
        raise ValueError("No row has the column to predict. Expected some that are not missing.")
    return known


def _classified(model, inputs, targets):
    predicted = _predicted(model, inputs, targets)
    return {"f1": _f1(targets[1], predicted), "accuracy": float(accuracy_score(targets[1], predicted))}


def _f1(real, predicted):
    values, counts = np.unique(real, return_counts=True)
    if len(values) != 2:
        return float(f1_score(real, predicted, average="macro", zero_division=0.0))
    rarer = values[np.argmin(counts)]
    return float(f1_score(real == rarer, predicted == rarer, zero_division=0.0))


def _regressed(model, inputs, targets):
    return {"r2": float(r2_score(targets[1], _predicted(model, inputs, targets)))}


def _predicted(model, inputs, targets):
    """What the model, trained on the first, says of the second; where all targets are the same, that one."""
    if len(np.unique(targets[0])) == 1:
        return np.full(len(targets[1]), targets[0][0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the protocol ends the training of models early
        return model.fit(inputs[0], targets[0]).predict(inputs[1])


# --- Classifier two-sample test: are real and generated samples told apart by a classifier that has seen others of both?
#
# Reference: [Lopez-Paz and Oquab, 2017](https://arxiv.org/abs/1610.06545).

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
