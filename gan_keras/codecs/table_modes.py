"""Mode-specific normalisation of a column of numbers: which mode a number belongs to, and where in that mode it lies.

Reference: [Xu et al., 2019](https://arxiv.org/abs/1907.00503), section 4.2.
"""

import warnings
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import BayesianGaussianMixture

from gan_keras import noise

MOST_FITTED = 10_000
"""Numbers that a mixture is fitted to, a random part of them all: more change nothing that a network could learn."""

SPAN = 4.0
"""Deviations of a mode that are mapped to 1."""

OUTERMOST = 0.99  # what tanh reaches without effort
LEAST_WEIGHT = 0.005  # of a mode that is kept
LEAST_SHARE = 0.05  # of a number that is a mode by itself
LEAST_DEVIATION = 1e-9  # in deviations of the column: that of a mode that is one number, which it gives back when rounded


class Modes(NamedTuple):
    """The modes of a column, each a Gaussian: lists of their weights (their sum is 1), means and deviations (above 0)."""

    weights: list
    means: list
    deviations: list


def fit_modes(numbers, most_modes=10, seed=0):
    """Finds the modes of a column: numbers that are met again and again are modes by themselves, the others get a mixture.

    Without that a column that is mostly 0 would be nearly 0 most of the time, and never 0.

    Args:
        numbers: Finite numbers, `(num,)`.
        most_modes: >= 1.
        seed: Of the mixture.

    Returns:
        `Modes`: one for a column that is constant or has no number.
    """
    numbers = np.asarray(numbers, np.float64)
    scale = numbers.std() if len(numbers) else 0.0
    if not scale > 0:
        return Modes([1.0], [float(numbers.mean()) if len(numbers) else 0.0], [1.0])
    frequent, shares = _frequent(numbers, most_modes)
    others = numbers[~np.isin(numbers, frequent)]
    weights, means, deviations = _mixture(others, most_modes - len(frequent), seed) if len(others) else ([], [], [])
    weights = np.concatenate([shares, np.multiply(weights, len(others) / len(numbers))])
    means = np.concatenate([frequent, means])
    deviations = np.maximum(np.concatenate([np.zeros(len(frequent)), deviations]), LEAST_DEVIATION * scale)
    order = np.argsort(means)
    return Modes(weights[order].tolist(), means[order].tolist(), deviations[order].tolist())


def _frequent(numbers, most_modes):
    """The numbers that have a mode of their own, and their shares: the most frequent ones, if others are left one mode less."""
    values, counts = np.unique(numbers, return_counts=True)
    most = most_modes if len(values) <= most_modes else most_modes - 1
    chosen = np.argsort(-counts, kind="stable")[:most]
    chosen = chosen[counts[chosen] >= LEAST_SHARE * len(numbers)]
    return values[chosen], counts[chosen] / len(numbers)


def _mixture(numbers, most_modes, seed):
    """Weights, means and deviations of a variational mixture of Gaussians, which leaves modes out that it does not need."""
    centre, scale = numbers.mean(), numbers.std() or 1.0
    part = np.random.default_rng(seed).permutation(len(numbers))[:MOST_FITTED]
    standard = ((numbers[part] - centre) / scale)[:, np.newaxis]
    if len(standard) == 1:
        return [1.0], [centre], [0.0]
    mixture = BayesianGaussianMixture(
        n_components=min(most_modes, len(np.unique(standard))),
        weight_concentration_prior_type="dirichlet_process",
        weight_concentration_prior=0.001,
        random_state=seed,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a mixture that is nearly fitted serves as well
        mixture.fit(standard)
    kept = mixture.weights_ >= min(LEAST_WEIGHT, mixture.weights_.max())
    weights = mixture.weights_[kept] / mixture.weights_[kept].sum()
    return weights, mixture.means_[kept, 0] * scale + centre, np.sqrt(mixture.covariances_[kept, 0, 0]) * scale


class NumberModes:
    """The modes of all columns of numbers, as tables that a graph reads.

    Args:
        columns: `table_columns.NumberColumn`s.
        modes: `Modes` of each. A column with missing numbers has one more choice, the last.
    """

    def __init__(self, columns, modes):
        self.columns, self.modes = columns, modes
        self.sizes = [len(each.weights) + column.has_missing for column, each in zip(columns, modes, strict=True)]
        self.missing = np.array(
            [size - 1 if column.has_missing else -1 for column, size in zip(columns, self.sizes, strict=True)]
        )
        most, unused = max(self.sizes, default=1), Modes(0.0, 0.0, 1.0)  # of no weight: no number lies in it, however far out
        self.tables = [
            np.array([values + [fill] * (most - len(values)) for values in (each[part] for each in modes)]).reshape(-1, most)
            for part, fill in enumerate(unused)
        ]

    def encode(self, numbers, seeds=None):
        """Where numbers lie in their modes, and in which.

        Args:
            numbers: float64 `(batch, columns)`, NaN where they are missing.
            seeds: int64 `(batch,)`: modes are drawn by their probabilities; None takes the likeliest.

        Returns:
            float32 in [-1, 1] and int32, both `(batch, columns)`; mode -1 is a missing number of a column that had none.
        """
        weights, means, deviations = map(tf.constant, self.tables)
        missing = tf.math.is_nan(numbers)
        known = tf.where(missing, tf.broadcast_to(means[:, 0], tf.shape(numbers)), numbers)
        distances = (known[:, :, None] - means) / deviations
        scores = tf.math.log(weights) - tf.math.log(deviations) - tf.square(distances) / 2.0
        modes = tf.argmax(scores if seeds is None else scores + _gumbel(seeds, scores), axis=2, output_type=tf.int32)
        inside = tf.gather(distances, modes, batch_dims=2) / SPAN
        inside = tf.where(missing, tf.zeros_like(inside), tf.clip_by_value(inside, -OUTERMOST, OUTERMOST))
        no_mode = tf.broadcast_to(tf.constant(self.missing, tf.int32), tf.shape(modes))
        return tf.cast(inside, tf.float32), tf.where(missing, no_mode, modes)

    def decode(self, index, inside, mode):
        """The numbers of one column, float64 `(batch,)`, NaN for missing ones: the other way round."""
        _, means, deviations = self.modes[index]
        mean, deviation = (tf.gather(tf.constant([*values, np.nan], tf.float64), mode) for values in (means, deviations))
        inside = tf.cast(tf.clip_by_value(inside, -1.0, 1.0), tf.float64)
        return self.columns[index].rounded(mean + SPAN * deviation * inside)


def _gumbel(seeds, scores):
    """Noise that makes the largest of scores, logarithms of probabilities, a draw: in their shape."""
    num = scores.shape[1] * scores.shape[2]
    uniform = tf.reshape(tf.cast(noise.uniform(seeds, num), scores.dtype), tf.shape(scores))
    return -tf.math.log(-tf.math.log(uniform))
