"""The parts of `TableCodec`: modes of number columns, slots of category columns, and labels that condition rows.

Reference: [Xu et al., 2019](https://arxiv.org/abs/1907.00503), section 4.2.
"""

import functools
import warnings
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from gan_keras import noise
from gan_keras.data.table.table import labels_of


class Labels:
    """A label for each value of each category column, and for the missing cells of columns that have some.

    Arguments are all `Column`s, and for each category column its `Slots` and its counts, as in `TableCodec`.

    Attributes:
        names: `column=value`, `column=` for a missing cell; a list in the order of columns and values.
        places: Index of each label's column, int32.
        cells: Cell of a row with the label, float64; NaN is missing.
        conditions: Conditions of the networks, int32: all rare values of a column are one condition.
        cumulative: Cumulative probability of the labels, float32: columns are equally likely, values by their frequency.
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
        self.chances = np.array(chances)

    def rarest(self, conditions):
        """Returns the label of the rarest of some `data.table.conditions.Condition`s of a single value; None without any."""
        found = [
            label
            for each in conditions
            if len(each.cells) == 1
            for label in np.flatnonzero(self.places == each.place)
            if np.array_equal(self.cells[label], each.cells[0], equal_nan=True)
        ]
        return min(found, key=lambda label: self.chances[label], default=None)

    def __len__(self):
        return len(self.names)


# --- Mode-specific normalisation: the mode that a number belongs to, and its position in that mode.

MAX_FITTED = 10_000
"""Random sample that a mixture is fitted to: more numbers change nothing that a network could learn."""

SPAN = 4.0
"""Deviations of a mode that are mapped to 1."""

MAX_POSITION = 0.99  # tanh reaches it easily
MIN_WEIGHT = 0.005  # of modes that are kept
MIN_SHARE = 0.05  # of a number that is a mode by itself
MAX_OVERLAP = 2.0  # deviations around a mean that belong to a mode
MIN_DEVIATION = 1e-9  # in deviations of the column, for a mode that is a single number: rounding restores the number


class Modes(NamedTuple):
    """Gaussian modes of a column: lists of weights (summing to 1), means and deviations (above 0)."""

    weights: list
    means: list
    deviations: list


def fit_modes(numbers, most_modes=10, seed=0, separate_below=0):
    """Finds at most `most_modes` `Modes` of finite numbers; a single one for a column that is constant or empty.

    Of fewer numbers than `separate_below`, modes that overlap become one: in few rows, they hide how a number depends on others.
    Frequent numbers are modes by themselves, a mixture is fitted to the others. Otherwise, a column that is mostly 0 would be
    nearly 0 most of the time, but never 0.
    """
    numbers = np.asarray(numbers, np.float64)
    scale = numbers.std() if len(numbers) else 0.0
    if not scale > 0:
        return Modes([1.0], [float(numbers.mean()) if len(numbers) else 0.0], [1.0])
    frequent, shares = _frequent(numbers, most_modes)
    others = numbers[~np.isin(numbers, frequent)]
    weights, means, deviations = _mixture(others, most_modes - len(frequent), seed) if len(others) else ([], [], [])
    if len(numbers) < separate_below and len(means) > 1:
        weights, means, deviations = _merged(others, means, deviations) or (weights, means, deviations)
    weights = np.concatenate([shares, np.multiply(weights, len(others) / len(numbers))])
    means = np.concatenate([frequent, means])
    deviations = np.maximum(np.concatenate([np.zeros(len(frequent)), deviations]), MIN_DEVIATION * scale)
    order = np.argsort(means)
    return Modes(weights[order].tolist(), means[order].tolist(), deviations[order].tolist())


def _merged(numbers, means, deviations):
    """Weights, means and deviations of modes that do not overlap: each takes in the overlapping ones of a mixture.

    None for numbers with a long tail, which one mode would squeeze.
    """
    order = np.argsort(means)
    lows, highs = (np.asarray(means)[order] + sign * MAX_OVERLAP * np.asarray(deviations)[order] for sign in (-1.0, 1.0))
    borders = [
        (highs[: place + 1].max() + lows[place + 1 :].min()) / 2.0
        for place in range(len(order) - 1)
        if highs[: place + 1].max() < lows[place + 1 :].min()
    ]
    parts = [part for part in np.split(np.sort(numbers), np.searchsorted(np.sort(numbers), borders)) if len(part)]
    spans = [max(part.std(), np.abs(part - part.mean()).max() / SPAN) for part in parts]
    if any(span > 2 * part.std() > 0 for span, part in zip(spans, parts, strict=True)):
        return None
    return [len(part) / len(numbers) for part in parts], [part.mean() for part in parts], spans


def _frequent(numbers, most_modes):
    """The most frequent numbers, which are modes, and their shares; one mode is left for the other numbers, if there are any."""
    values, counts = np.unique(numbers, return_counts=True)
    most = most_modes if len(values) <= most_modes else most_modes - 1
    chosen = np.argsort(-counts, kind="stable")[:most]
    chosen = chosen[counts[chosen] >= MIN_SHARE * len(numbers)]
    return values[chosen], counts[chosen] / len(numbers)


def _mixture(numbers, most_modes, seed):
    """Weights, means and deviations of a variational Gaussian mixture, without modes that it does not need."""
    centre, scale = numbers.mean(), numbers.std() or 1.0
    part = np.random.default_rng(seed).permutation(len(numbers))[:MAX_FITTED]
    standard = ((numbers[part] - centre) / scale)[:, np.newaxis]
    if len(standard) == 1:
        return [1.0], [centre], [0.0]
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import BayesianGaussianMixture

    mixture = BayesianGaussianMixture(
        n_components=min(most_modes, len(np.unique(standard))),
        weight_concentration_prior_type="dirichlet_process",
        weight_concentration_prior=0.001,
        random_state=seed,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # an almost converged mixture is as good
        mixture.fit(standard)
    kept = mixture.weights_ >= min(MIN_WEIGHT, mixture.weights_.max())
    weights = mixture.weights_[kept] / mixture.weights_[kept].sum()
    return weights, mixture.means_[kept, 0] * scale + centre, np.sqrt(mixture.covariances_[kept, 0, 0]) * scale


class NumberModes:
    """`Modes` of all `NumberColumn`s, as arrays for a graph; missing numbers are an additional choice, the last one."""

    def __init__(self, columns, modes):
        self.columns, self.modes = columns, modes
        self.sizes = [len(each.weights) + column.has_missing for column, each in zip(columns, modes, strict=True)]
        self.missing = np.array([size - 1 if each.has_missing else -1 for each, size in zip(columns, self.sizes, strict=True)])
        width, unused = max(self.sizes, default=1), Modes(0.0, 0.0, 1.0)  # a mode of weight 0 contains no number at all
        self.tables = [
            np.array([values + [fill] * (width - len(values)) for values in (each[part] for each in modes)]).reshape(-1, width)
            for part, fill in enumerate(unused)
        ]

    def encode(self, numbers, seeds=None):
        """Positions of numbers in their modes, float32 in [-1, 1], and the modes, int32, both `(batch, columns)`.

        Args:
            numbers: float64 `(batch, columns)`, NaN if missing; their mode is -1 in a column without missing numbers.
            seeds: int64 `(batch,)`, to draw modes by their probabilities; None takes the likeliest.
        """
        weights, means, deviations = map(tf.constant, self.tables)
        missing = tf.math.is_nan(numbers)
        known = tf.where(missing, tf.broadcast_to(means[:, 0], tf.shape(numbers)), numbers)
        distances = (known[:, :, None] - means) / deviations
        scores = tf.math.log(weights) - tf.math.log(deviations) - tf.square(distances) / 2.0
        if seeds is not None:  # with Gumbel noise, the largest score is a draw
            uniform = tf.cast(noise.uniform(seeds, scores.shape[1] * scores.shape[2]), scores.dtype)
            scores -= tf.math.log(-tf.math.log(tf.reshape(uniform, tf.shape(scores))))
        modes = tf.argmax(scores, axis=2, output_type=tf.int32)
        inside = tf.gather(distances, modes, batch_dims=2) / SPAN
        inside = tf.where(missing, tf.zeros_like(inside), tf.clip_by_value(inside, -MAX_POSITION, MAX_POSITION))
        no_mode = tf.broadcast_to(tf.constant(self.missing, tf.int32), tf.shape(modes))
        return tf.cast(inside, tf.float32), tf.where(missing, no_mode, modes)

    def decode(self, index, inside, mode):
        """Inverse of `encode` for one column: float64 `(batch,)`, NaN for missing numbers."""
        _, means, deviations = self.modes[index]
        mean, deviation = (tf.gather(tf.constant([*values, np.nan], tf.float64), mode) for values in (means, deviations))
        inside = tf.cast(tf.clip_by_value(inside, -1.0, 1.0), tf.float64)
        return self.columns[index].rounded(mean + SPAN * deviation * inside)


class Intervals(NamedTuple):
    """Intervals of a column in the place of modes, such as those of public bins: lists of starts and ends, equal for points."""

    starts: list
    ends: list


class NumberIntervals:
    """`Intervals` of all `NumberColumn`s in the place of `NumberModes`: a number is in the narrowest one that holds it."""

    def __init__(self, columns, intervals):
        self.columns, self.intervals = columns, intervals
        self.sizes = [len(each.starts) + column.has_missing for column, each in zip(columns, intervals, strict=True)]

    def encode(self, numbers, seeds=None):
        """Positions in intervals, float32 in [-1, 1], and intervals, int32, both `(batch, columns)`; see `NumberModes`."""
        num = tf.shape(numbers)[0]
        positions, choices = [tf.zeros([num, 0])], [tf.zeros([num, 0], tf.int32)]
        for index, (column, each) in enumerate(zip(self.columns, self.intervals, strict=True)):
            number, starts, ends = numbers[:, index, None], *(tf.constant(part, tf.float64) for part in each)
            outside = tf.maximum(tf.maximum(starts - number, number - ends), 0.0)
            widest = tf.reduce_max(ends) - tf.reduce_min(starts)
            scores = tf.where(outside > 0.0, widest + outside, ends - starts)
            missing = tf.math.is_nan(numbers[:, index])
            choice = tf.argmin(tf.where(missing[:, None], tf.zeros_like(scores), scores), axis=1, output_type=tf.int32)
            start, end = tf.gather(starts, choice), tf.gather(ends, choice)
            position = tf.clip_by_value(numbers[:, index], start, end) - start
            position = 2.0 * tf.math.divide_no_nan(position, end - start) - 1.0
            position = tf.where(missing | (start == end), tf.zeros_like(position), position)
            positions.append(tf.cast(position, tf.float32)[:, None])
            choices.append(tf.where(missing, len(each.starts) if column.has_missing else -1, choice)[:, None])
        return tf.concat(positions, axis=1), tf.concat(choices, axis=1)

    def decode(self, index, inside, mode):
        """Inverse of `encode` for one column: float64 `(batch,)`, NaN for missing numbers."""
        starts, ends = (tf.gather(tf.constant([*part, np.nan], tf.float64), mode) for part in self.intervals[index])
        inside = tf.cast(tf.clip_by_value(inside, -1.0, 1.0), tf.float64)
        return self.columns[index].rounded(starts + (inside + 1.0) / 2.0 * (ends - starts))


class Slots:
    """The choices of a category column's softmax: slots of values in their order, then the pool, then missing cells.

    A frequent value has its own slot. The rare values of a column with many share one, the pool: networks learn its frequency
    and its context; the frequencies of its values alone determine which of them it becomes. A column of thousands of values
    thus takes no more than `most` >= 2 slots of values. With `has_missing`, missing cells have a slot even if none was
    counted, since another part of the table may have some.
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
        """Slot of each value, int32; the last entry is for missing cells, -1 if the column has none."""
        slots = np.full(len(self.counts) + 1, len(self.own), np.int32)
        slots[self.own] = np.arange(len(self.own))
        slots[-1] = self.num - 1 if self.has_missing else -1
        return slots

    @functools.cached_property
    def frequencies(self):
        """Frequency of each slot, int64 `(num,)`."""
        pool = [self.counts[self.pooled].sum()] * self.has_pool
        return np.concatenate([self.counts[self.own], pool, [self.num_missing] * self.has_missing]).astype(np.int64)

    def of_cells(self, cells):
        """Slots, int32, of cells, float64 `(batch,)`."""
        missing = tf.math.is_nan(cells)
        values = tf.where(missing, tf.fill(tf.shape(cells), tf.constant(float(len(self.counts)), tf.float64)), cells)
        return tf.gather(tf.constant(self.slot_of_value), tf.cast(values, tf.int32))

    def to_cells(self, slots, uniform):
        """Cells, float64, of slots, int32 `(batch,)`; `uniform` in (0, 1) draws a value of the pool."""
        table = np.concatenate([self.own, [np.nan] * (self.has_pool + self.has_missing)]).astype(np.float64)
        cells = tf.gather(tf.constant(table), slots)
        if not self.has_pool:
            return cells
        cumulative = np.cumsum(self.counts[self.pooled]) / max(1, self.counts[self.pooled].sum())
        drawn = tf.searchsorted(tf.constant(cumulative[:-1], tf.float32), uniform, side="right")
        return tf.where(slots == len(self.own), tf.gather(tf.constant(self.pooled, tf.float64), drawn), cells)
