"""What rows of a table can be asked for, and how often the data have it."""

import functools
import warnings
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import BayesianGaussianMixture

from gan_keras import noise
from gan_keras.data.table.table import labels_of


class Labels:
    """A label for each value of each column of categories, and one for the missing cells of each that has some.

    Args:
        columns: All `table_columns.Column`s.
        slots: `table_slots.Slots` of each column of categories.
        counts: For each of them how often each value comes, and last the number of missing cells.

    Attributes:
        names: `column=value`, `column=` for a missing cell; a list in the columns' and values' order.
        places: The column of each, int32.
        cells: The cell that a row gets, float64; NaN is missing.
        conditions: What the networks are told, int32: all rare values of a column are one condition.
        cumulative: Chance of all labels up to each, float32: of columns that are all as likely, values as often as they come.
    """

    def __init__(self, columns, slots, counts):
        found, conditions, chances, first = labels_of(columns), [], [], 0
        for each, numbers in zip(slots, counts, strict=True):
            chosen = range(len(numbers) if each.has_missing else len(numbers) - 1)
            conditions += [first + each.slot_of_value[value] for value in chosen]
            chances += [numbers[value] / sum(numbers) / len(slots) for value in chosen]
            first += each.num
        self.names = [f"{columns[place].name}={text}" for place, _, text in found]
        self.places = np.array([place for place, _, _ in found], np.int32)
        self.cells = np.array([cell for _, cell, _ in found], np.float64)
        self.conditions, self.cumulative = np.array(conditions, np.int32), np.cumsum(chances).astype(np.float32)

    def __len__(self):
        return len(self.names)


# --- Mode-specific normalisation of a column of numbers: which mode a number belongs to, and where in that mode it lies.
#
# Reference: [Xu et al., 2019](https://arxiv.org/abs/1907.00503), section 4.2.

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


# --- Slots of a column of categories: what a softmax chooses among.
#
# A frequent value has a slot of its own. Rare values of a column with many share one, the pool: networks learn how often it
# comes and with what, and which of its values it is follows from their frequencies alone. So a column of thousands of values
# takes no more slots than `most`.


class Slots:
    """Slots of one column: those of values in the values' order, then the pool if there is one, then that of missing cells.

    Args:
        counts: How often each value comes, a list of int.
        num_missing: Missing cells.
        most: Slots of values, the pool's included, >= 2.
        has_missing: Whether missing cells have a slot though none was counted, as they may be in another part of the table.
    """

    def __init__(self, counts, num_missing, most, has_missing=False):
        self.counts, self.num_missing = np.asarray(counts, np.int64), int(num_missing)
        num = len(self.counts)
        frequent = np.argsort(-self.counts, kind="stable")[: num if num <= most else most - 1]
        self.own = np.sort(frequent)
        self.pooled = np.setdiff1d(np.arange(num), self.own)
        self.has_pool, self.has_missing = len(self.pooled) > 0, has_missing or self.num_missing > 0
        self.num = len(self.own) + self.has_pool + self.has_missing

    @functools.cached_property
    def slot_of_value(self):
        """int32, a slot for each value, and last the one of a missing cell: -1, no slot at all, where none is known."""
        slots = np.full(len(self.counts) + 1, len(self.own), np.int32)
        slots[self.own] = np.arange(len(self.own))
        slots[-1] = self.num - 1 if self.has_missing else -1
        return slots

    @functools.cached_property
    def frequencies(self):
        """How often each slot comes, int64 `(num,)`."""
        pool = [self.counts[self.pooled].sum()] * self.has_pool
        return np.concatenate([self.counts[self.own], pool, [self.num_missing] * self.has_missing]).astype(np.int64)

    def of_cells(self, cells):
        """The slot of each cell, float64 `(batch,)`, as int32, in a graph too."""
        missing = tf.math.is_nan(cells)
        values = tf.where(missing, tf.fill(tf.shape(cells), tf.constant(float(len(self.counts)), tf.float64)), cells)
        return tf.gather(tf.constant(self.slot_of_value), tf.cast(values, tf.int32))

    def to_cells(self, slots, uniform):
        """The cell of each slot, int32 `(batch,)`, as float64; `uniform` in (0, 1) draws a value of the pool."""
        table = np.concatenate([self.own, [np.nan] * (self.has_pool + self.has_missing)]).astype(np.float64)
        cells = tf.gather(tf.constant(table), slots)
        if not self.has_pool:
            return cells
        cumulative = np.cumsum(self.counts[self.pooled]) / max(1, self.counts[self.pooled].sum())
        drawn = tf.searchsorted(tf.constant(cumulative[:-1], tf.float32), uniform, side="right")
        return tf.where(slots == len(self.own), tf.gather(tf.constant(self.pooled, tf.float64), drawn), cells)
