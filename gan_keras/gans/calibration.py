"""From what a discriminator knows of a line to a weight: a logistic regression, calibrated on held-out lines against drafts.

With features f(x) and a logit z(x) that tells real lines from drafts of a generator q, p(x) = q(x) exp(beta z(x)) / Z is a better
model of the text than q, by the `metrics.likelihood_gain` in nats per line. Choosing among drafts with these weights samples p.

Reference: [Deng et al., 2020](https://arxiv.org/abs/2004.11714) (residual energy-based models of text).
"""

import itertools

import keras
import numpy as np
from keras import ops

from gan_keras.metrics.likelihood_gain import best_beta, likelihood_gain
from gan_keras.metrics.seeds import Interval

MIN_LINES = 200
"""Held-out lines below which there is no calibration: its error would exceed what a discriminator adds."""
MAX_LINES = 4000  # held-out lines, and drafts: more resolve no more
_FOLDS = 5
_INVERSE_PENALTY = 0.2
_LIMIT = 3.0  # deviations: squares of what few lines show would outweigh everything
_CEILING = 0.99  # quantile of the real lines' logits, which bounds all: few odd drafts would outweigh the rest
_CANDIDATES = (2, 4, 8, 16, 32, 64)  # numbers of drafts with a slope of their own; between them it is interpolated
_GROUPS = 4000  # of drafts, that slopes are found on
_MAX_BETA = 2.0  # a balanced regression has a beta of about 1; of separable lines the best would grow without bound


@keras.saving.register_keras_serializable(package="gan_keras")
class Calibration(keras.layers.Layer):
    """A bounded logit z of real lines against drafts, quadratic in standardized features, and the beta that makes it a weight.

    All numbers are weights, so that they are saved and exported. Before `fit` they are 0: every draft weighs the same.

    Args:
        feature_names: Names of the features.

    Raises:
        ValueError: If features have another width than the names.
    """

    def __init__(self, feature_names, **kwargs):
        super().__init__(**{"trainable": False, "dtype": "float32", **kwargs})
        self.feature_names = tuple(feature_names)
        width = len(self.feature_names)
        self.pairs = list(itertools.combinations_with_replacement(range(width), 2))
        shapes = {"mean": (width,), "deviation": (width,), "kernel": (width + len(self.pairs),)}
        shapes |= {"bias": (), "ceiling": (), "beta": (), "estimate": (3,), "num_lines": (), "slopes": (len(_CANDIDATES),)}
        for name, shape in shapes.items():
            setattr(self, name, self.add_weight(name=name, shape=shape, initializer="zeros", trainable=False))
        self.built = True

    @property
    def is_fitted(self):
        return float(ops.convert_to_numpy(self.num_lines)) > 0

    @property
    def gain(self):
        """The cross-fitted gain in nats per line, an `Interval`; None before `fit`."""
        return Interval(*map(float, ops.convert_to_numpy(self.estimate))) if self.is_fitted else None

    def fit(self, real, drafts, seed=0):
        """Calibrates on the features of held-out lines and of drafts, `(num, width)`. Keeps and returns the `gain`."""
        energies, logits = self.cross_fit(real, drafts, seed)
        self.estimate.assign(likelihood_gain(*energies, seed=seed))
        self.regress(self.checked(real), self.checked(drafts))
        self.beta.assign(best_beta(*logits, _MAX_BETA))
        self.slopes.assign(self.fitted_slopes(self.checked(real), self.checked(drafts), seed))
        self.num_lines.assign(len(real))
        return self.gain

    def cross_fit(self, real, drafts, seed=0):
        """Returns cross-fitted energies of lines and of drafts, and their logits: two pairs of arrays, `(num,)` each.

        Each logit is that of a regression, and each beta that of logits, which saw neither the line nor the draft.
        """
        from sklearn.model_selection import KFold  # slow to import

        real, drafts = self.checked(real), self.checked(drafts)
        folds = [list(KFold(_FOLDS, shuffle=True, random_state=seed).split(rows)) for rows in (real, drafts)]
        logits = [np.zeros(len(rows)) for rows in (real, drafts)]
        for (real_fit, real_held), (draft_fit, draft_held) in zip(*folds, strict=True):
            self.regress(real[real_fit], drafts[draft_fit])
            for found, rows, held in zip(logits, (real, drafts), (real_held, draft_held), strict=True):
                found[held] = ops.convert_to_numpy(self(rows[held].astype(np.float32)))
        energies = [np.zeros_like(found) for found in logits]
        for (real_fit, real_held), (draft_fit, draft_held) in zip(*folds, strict=True):
            beta = best_beta(logits[0][real_fit], logits[1][draft_fit], _MAX_BETA)
            energies[0][real_held], energies[1][draft_held] = beta * logits[0][real_held], beta * logits[1][draft_held]
        return energies, logits

    def regress(self, real, drafts):
        """Assigns the features' scales and the coefficients of a logistic regression in which both kinds weigh the same."""
        from sklearn.linear_model import LogisticRegression

        rows = np.concatenate([real, drafts])
        deviation = rows.std(axis=0)
        self.mean.assign(rows.mean(axis=0))
        # A feature that does not vary, such as the number of tokens of a fixed form, tells nothing: its deviation is 0.
        self.deviation.assign(np.where(deviation > 1e-6 * np.abs(rows).max(axis=0), deviation, 0.0))
        columns = ops.convert_to_numpy(self.columns(rows.astype(np.float32)))
        regression = LogisticRegression(C=_INVERSE_PENALTY, class_weight="balanced", max_iter=1000)
        regression.fit(columns, np.arange(len(rows)) < len(real))
        self.kernel.assign(regression.coef_[0])
        self.bias.assign(regression.intercept_[0])
        self.ceiling.assign(np.quantile(regression.decision_function(columns[: len(real)]), _CEILING))

    def columns(self, features):
        """Standardized features and their products: `(batch, width of the kernel)`."""
        standard = ops.clip(ops.divide_no_nan(features - self.mean, self.deviation), -_LIMIT, _LIMIT)
        products = [standard[:, first] * standard[:, second] for first, second in self.pairs]
        return ops.concatenate([standard, ops.stack(products, axis=1)], axis=1)

    def call(self, features):
        """Logit z of each line, from its features `(batch, width)`: `(batch,)`, float32."""
        if features.shape[-1] != len(self.feature_names):
            raise ValueError(
                f"Got {features.shape[-1]} features. Expected {len(self.feature_names)}: {', '.join(self.feature_names)}."
            )
        return ops.minimum(ops.sum(self.columns(features) * self.kernel, axis=1) + self.bias, self.ceiling)

    def fitted_slopes(self, real, drafts, seed):
        """Slopes with which drafts resampled among 2, 4, 8, ... have the mean length of the real lines: see `log_weights`."""
        if "tokens" not in self.feature_names or not float(self.beta):
            return np.zeros(len(_CANDIDATES))
        column, energies = self.feature_names.index("tokens"), ops.convert_to_numpy(self.log_weights(drafts.astype(np.float32)))
        lengths, wanted, slopes = drafts[:, column], real[:, column].mean(), []
        for num in _CANDIDATES:
            groups = np.random.default_rng(seed).integers(len(drafts), size=(_GROUPS, num))
            low, high = -1.0, 1.0
            for _ in range(20):
                slope = (low + high) / 2
                weights = energies[groups] + slope * lengths[groups]
                weights = np.exp(weights - weights.max(axis=1, keepdims=True))
                mean = np.mean(np.sum(weights * lengths[groups], axis=1) / weights.sum(axis=1))
                low, high = (slope, high) if mean < wanted else (low, slope)
            slopes.append(slope if np.ptp(lengths) else 0.0)
        return slopes

    def log_weights(self, features, candidates=None):
        """Log of the weight of each draft among its `candidates`, `(batch,)`: beta z, plus a slope times its number of tokens.

        Long lines are good more rarely than short ones, and then weigh more. Among few drafts there is often no good long one, so
        that resampled lines would come out short. The slope makes up for that: it vanishes as the number of candidates grows.
        None is for infinitely many.
        """
        energies = self.beta * self(features)
        if candidates is None or "tokens" not in self.feature_names:
            return energies
        place = np.log2(candidates) - 1
        first = min(int(place), len(_CANDIDATES) - 2)
        slope = self.slopes[first] + (place - first) * (self.slopes[first + 1] - self.slopes[first])
        return energies + slope * features[:, self.feature_names.index("tokens")]

    def checked(self, features):
        features = np.asarray(features, np.float64)
        if features.ndim != 2 or features.shape[1] != len(self.feature_names):
            raise ValueError(f"Got features of shape {features.shape}. Expected a row per line: {', '.join(self.feature_names)}.")
        if not np.isfinite(features).all():
            raise ValueError("Some features are not finite. Expected numbers: a network has diverged.")
        return features

    def load_own_variables(self, store):
        if store.keys():  # files of version 0.1 have none
            super().load_own_variables(store)

    def get_config(self):
        return {**super().get_config(), "feature_names": list(self.feature_names)}
