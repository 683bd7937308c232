"""Copies of training rows among generated ones, and what generated rows disclose; each beside held-out rows, the control.

References: [Meehan et al., 2020](https://arxiv.org/abs/2004.05675) (three-sample test), [Stadler et al.,
2022](https://arxiv.org/abs/2011.07018) (disclosure of a hidden column).
"""

import dataclasses
import math
from typing import NamedTuple

import numpy as np

from gan_keras.analysis.attributes import kind_of, words_of
from gan_keras.analysis.membership import NUM_RESAMPLES, interval_json, percent
from gan_keras.analysis.real_rows import keys_of
from gan_keras.data.table.columns import CategoryColumn
from gan_keras.metrics.precision_recall import nearest
from gan_keras.metrics.seeds import Interval
from gan_keras.metrics.table_similarity import TableFeatures, copied_values

NEAR_QUANTILE = 0.05
"""Share of held-out rows that count as near to a training row."""

NEAR_EDITS = 0.2
"""Share of a line's words that may be changed in a near copy."""

_MAX_TRAINING, _MAX_LINES, _CANDIDATES, _BLOCK = 5000, 1000, 10, 256
_MAX_HIDDEN, _MAX_ROWS, _TOLERANCE = 30, 1000, 0.1


class ThreeSampleTest(NamedTuple):
    """Whether generated rows are nearer to the training rows than held-out rows are.

    Attributes:
        z: Standard normal for equal distances; far below 0 if generated rows are nearer: they are copies.
        p: Probability of such a `z` or a lower one for equal distances.
    """

    z: float
    p: float


def three_sample_test(generated_distances, held_out_distances):
    """Compares distances to the nearest training row by the Mann-Whitney test, with its normal approximation.

    Args:
        generated_distances: Of generated rows, `(num_generated,)`.
        held_out_distances: Of held-out rows, `(num_held_out,)`.

    Returns:
        A `ThreeSampleTest`; 0 and 0.5 if all distances are equal.
    """
    from scipy.stats import norm, rankdata  # slow to import

    num, num_others = len(generated_distances), len(held_out_distances)
    both = np.concatenate([generated_distances, held_out_distances])
    ranks, total = rankdata(both), num + num_others
    wins = ranks[:num].sum() - num * (num + 1) / 2.0
    _, ties = np.unique(both, return_counts=True)
    variance = num * num_others / 12.0 * (total + 1.0 - (ties.astype(np.float64) ** 3 - ties).sum() / (total * (total - 1.0)))
    z = (wins - num * num_others / 2.0) / math.sqrt(variance) if variance > 0 else 0.0
    return ThreeSampleTest(float(z), float(norm.cdf(z)))


@dataclasses.dataclass(frozen=True)
class Copies:
    """Generated rows that equal training rows, or are near to some.

    Attributes:
        noun: Plural noun of the rows.
        num: Number of generated rows.
        num_training: Number of training rows that were searched.
        num_compared: Number of held-out rows, and of training rows of which as many are searched.
        exact: Generated rows that equal a training row.
        exact_compared: Generated rows that equal one of `num_compared` training rows.
        exact_held_out: Generated rows that equal one of as many held-out rows: the control.
        near: Share of generated rows near to a training row; of lines, by words that are changed, of others, by distance.
        near_held_out: The same share of held-out rows.
        distance: Median distance of generated rows to the nearest training row.
        distance_held_out: The same of held-out rows.
        test: The `ThreeSampleTest` of these distances; None where training and held-out rows differ by themselves.
        cells: For tables, by column the share of cells whose value a single training row has, in generated and in held-out rows.
    """

    noun: str
    num: int
    num_training: int
    num_compared: int
    exact: int
    exact_compared: int
    exact_held_out: int
    near: float
    near_held_out: float
    distance: float
    distance_held_out: float
    test: ThreeSampleTest | None
    cells: dict

    @property
    def exact_p(self):
        """Probability that as many or more copies are of training rows rather than of held-out rows, if both are as likely."""
        from scipy.stats import binomtest

        total = self.exact_compared + self.exact_held_out
        return float(binomtest(self.exact_compared, total, alternative="greater").pvalue) if total else 1.0

    @property
    def found(self):
        """Whether copies are more than chance explains, at a probability of 0.1 %."""
        return self.exact_p < 1e-3 or self.test is not None and self.test.p < 1e-3

    def sentences(self):
        """Returns a list of str."""
        told = [
            f"Of {self.num:,} generated {self.noun}, {self.exact:,} equal one of {self.num_training:,} training {self.noun}. "
            f"Of as many training as held-out {self.noun}, {self.num_compared:,} each, they repeat {self.exact_compared:,} "
            f"training and {self.exact_held_out:,} held-out ones."
        ]
        if self.test is not None:
            relation = "are nearer" if self.test.p < 1e-3 else "are not nearer"
            told.append(
                f"Generated {self.noun} {relation} to training {self.noun} than held-out {self.noun} are: median distance "
                f"{self.distance:.3g} against {self.distance_held_out:.3g} (three-sample test: Z {self.test.z:+.1f}, "
                f"p {self.test.p:.2g}). "
                f"{percent(self.near)} are near copies; of the held-out {self.noun} {percent(self.near_held_out)}."
            )
        if self.cells:
            name, (share, control) = max(self.cells.items(), key=lambda each: each[1][0] - each[1][1])
            told.append(
                f"Values that a single training row has: most above held-out rows in the column {name!r}, {percent(share)} of "
                f"the generated cells against {percent(control)} of held-out ones."
            )
        return told

    def to_json(self):
        found = dataclasses.asdict(self)
        test = None if self.test is None else self.test._asdict()
        cells = {name: {"generated": own, "held_out": control} for name, (own, control) in self.cells.items()}
        return {**found, "test": test, "cells": cells, "exact_p": self.exact_p}


def copies_of(gan, features, training, held_out, generated, noun, seed=0, compares=True):
    """Searches generated rows for training rows.

    Args:
        gan: The `gan_keras.GAN`.
        features: Function from samples to vectors whose distances count.
        training: Training `Rows`.
        held_out: Held-out `Rows`.
        generated: Generated `Rows`.
        noun: Plural noun of the rows.
        seed: Seed of the choices.
        compares: Whether held-out rows are like training rows but for training, so that their distances compare.

    Returns:
        `Copies`.
    """
    random, is_text = np.random.default_rng([seed, 3]), kind_of(gan) == "text" and not gan.reads_pairs
    keys = [keys_of(gan, rows.samples) for rows in (training, held_out, generated)]
    num = min(len(training), len(held_out))
    some = [{own[row] for row in random.permutation(len(own))[:num]} for own in keys[:2]]
    whole = set(keys[0])
    exact, compared, of_held_out = (sum(key in known for key in keys[2]) for known in (whole, *some))
    near, distances, test = (np.nan, np.nan), (np.nan, np.nan), None
    if compares:
        known = training.take(np.sort(random.permutation(len(training))[:_MAX_TRAINING]))
        if is_text:  # generated lines have no unknown words: held-out ones that have some are far for this reason alone
            held_out = held_out.take(np.flatnonzero(gan.known(held_out.samples)))
        of_known = features(known.samples)
        own, control = (features(rows.samples) for rows in (generated, held_out))
        if is_text:
            edits = (edits_to_nearest(rows.samples[:_MAX_LINES], known.samples) for rows in (generated, held_out))
            near = tuple(float((each <= NEAR_EDITS).mean()) for each in edits)
        of_generated, of_control = (nearest(vectors, of_known)[1] for vectors in (own, control))
        if not is_text:
            limit = np.quantile(of_control, NEAR_QUANTILE)
            near = tuple(float((each <= limit).mean()) for each in (of_generated, of_control))
        distances = tuple(float(np.median(each)) for each in (of_generated, of_control))
        test = three_sample_test(of_generated, of_control)
    cells = {}
    if kind_of(gan) == "table" and not gan.reads_pairs:
        places = [index for index, column in enumerate(gan.codec.columns) if column.kind != "id"]
        columns = [gan.codec.columns[place] for place in places]
        shares = [copied_values(columns, rows.samples[:, places], training.samples[:, places]) for rows in (generated, held_out)]
        cells = {name: (shares[0][name], shares[1][name]) for name in shares[0]}
    sizes = len(generated), len(training), num
    return Copies(noun, *sizes, exact, compared, of_held_out, *near, *distances, test, cells)


def edits_to_nearest(lines, known):
    """Normalised edit distance of each line to the nearest known line, float64 `(num,)`, among those with most words in common.

    A near copy has most words of its line: upper and lower case and punctuation do not count.
    """
    from sklearn.feature_extraction.text import CountVectorizer  # slow to import

    num = min(_CANDIDATES, len(known))
    counter = CountVectorizer(tokenizer=words_of, token_pattern=None, lowercase=False, binary=True)
    of_known = counter.fit_transform(known)
    of_lines, found = counter.transform(lines), np.empty(len(lines))
    own, words = ([words_of(line) for line in side] for side in (lines, known))
    lengths = [np.array([len(each) for each in side]) for side in (own, words)]
    for start in range(0, len(lines), _BLOCK):
        rows = slice(start, start + _BLOCK)
        common = (of_lines[rows] @ of_known.T).toarray() / np.maximum(1, np.maximum(lengths[0][rows, None], lengths[1]))
        places = np.argpartition(-common, num - 1, axis=1)[:, :num]
        pairs = [(first, words[place]) for first, row in zip(own[rows], places, strict=True) for place in row]
        found[rows] = edit_distances(*zip(*pairs, strict=True)).reshape(-1, num).min(axis=1)
    return found


def edit_distances(firsts, seconds):
    """Levenshtein distances of pairs of sequences, divided by the length of the longer one: float64 `(num,)` in [0, 1].

    Args:
        firsts: List of lists of words.
        seconds: As many lists.
    """
    numbers = {}
    lengths = [np.array([len(each) for each in side]) for side in (firsts, seconds)]
    padded = []
    for side, size, padding in zip((firsts, seconds), lengths, (-1, -2), strict=True):
        rows = np.full((len(side), max(1, size.max())), padding)
        for row, sequence in zip(rows, side, strict=True):
            row[: len(sequence)] = [numbers.setdefault(word, len(numbers)) for word in sequence]
        padded.append(rows)
    first, second = padded
    places = np.arange(second.shape[1] + 1)
    costs = np.tile(places, (len(first), 1))
    found = np.where(lengths[0] == 0, lengths[1], 0)
    for step in range(1, lengths[0].max(initial=0) + 1):
        replaced = costs[:, :-1] + (first[:, step - 1 : step] != second)
        best = np.minimum(replaced, costs[:, 1:] + 1)
        costs = np.concatenate([np.full((len(first), 1), step), best], axis=1)
        costs = np.minimum.accumulate(costs - places, axis=1) + places  # insertions
        ended = lengths[0] == step
        found[ended] = costs[ended, lengths[1][ended]]
    return found / np.maximum(1, np.maximum(*lengths))


# --- Disclosure. ---


@dataclasses.dataclass(frozen=True)
class Disclosure:
    """How well hidden cells are guessed by the nearest generated row, for members and for other rows.

    Attributes:
        members: Share of the cells that are guessed rightly, of rows that were trained on.
        others: The same of other rows.
        difference: `members - others`, an `Interval`.
        columns: The shares of members and of others by hidden column.
    """

    members: float
    others: float
    difference: Interval
    columns: dict

    def sentences(self):
        points = [100.0 * each for each in self.difference]
        told = (
            "Whoever knows all cells of a row but one guesses it from the nearest generated row: right for "
            f"{percent(self.members)} of the cells of training rows and for {percent(self.others)} of those of other rows, a "
            "difference of "
            f"{points[0]:+.1f} points [{points[1]:+.1f}, {points[2]:+.1f}]."
        )
        name, (own, other) = max(self.columns.items(), key=lambda each: each[1][0] - each[1][1])
        return [f"{told} The largest difference is that of {name!r}: {percent(own)} against {percent(other)}."]

    def to_json(self):
        columns = {name: {"members": own, "others": other} for name, (own, other) in self.columns.items()}
        return {**dataclasses.asdict(self), "difference": interval_json(self.difference), "columns": columns}


def disclosure_of(columns, members, others, generated, confidence=0.95, seed=0):
    """Hides each column in turn, and guesses it from the nearest generated row by all other columns.

    A category is guessed rightly if it is equal, a number if it is off by a tenth of the column's deviation at most.

    Args:
        columns: Columns of the table, without identifiers.
        members: float64 cells of training rows, `(num, columns)`.
        others: Cells of other rows.
        generated: Cells of generated rows.
        confidence: Probability of the interval, in (0, 1).
        seed: Seed of the bootstrap.

    Returns:
        A `Disclosure`; at most 30 columns are hidden.
    """
    members, others, generated = members[:_MAX_ROWS], others[:_MAX_ROWS], generated[: 2 * _MAX_ROWS]
    right = [np.zeros((len(cells), 0)) for cells in (members, others)]
    hidden = columns[:_MAX_HIDDEN]
    for place, column in enumerate(hidden):
        reader = TableFeatures(columns, generated, without=place)
        known = reader(generated)
        for side, cells in enumerate((members, others)):
            guessed, wanted = generated[nearest(reader(cells), known)[0], place], cells[:, place]
            reach = 0.0 if isinstance(column, CategoryColumn) else _TOLERANCE * np.nanstd(generated[:, place])
            is_right = (np.abs(guessed - wanted) <= reach) | (np.isnan(guessed) & np.isnan(wanted))
            right[side] = np.column_stack([right[side], is_right])
    means = [each.mean(axis=1) for each in right]
    random = np.random.default_rng(seed)
    resampled = [
        random.multinomial(len(each), np.full(len(each), 1 / len(each)), NUM_RESAMPLES) @ each / len(each) for each in means
    ]
    reach = (1.0 - confidence) / 2.0
    low, high = np.quantile(resampled[0] - resampled[1], [reach, 1.0 - reach])
    shares = [float(each.mean()) for each in means]
    by_column = {column.name: tuple(float(each[:, i].mean()) for each in right) for i, column in enumerate(hidden)}
    return Disclosure(*shares, Interval(shares[0] - shares[1], float(low), float(high)), by_column)
