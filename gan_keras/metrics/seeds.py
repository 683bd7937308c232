"""Means over seeds: paired gains of one method over another, and scores averaged over training runs, with their errors."""

import dataclasses
from typing import NamedTuple

import numpy as np
from scipy import stats

from gan_keras.metrics.protocol import Score


class Interval(NamedTuple):
    """A mean and its confidence bounds; as text `+0.0123 [+0.0040, +0.0206]`."""

    mean: float
    low: float
    high: float

    def __str__(self):
        return f"{self.mean:+.4f} [{self.low:+.4f}, {self.high:+.4f}]"


def paired_interval(scores, others, confidence=0.95):
    """Returns the mean gain of one method over another as `Interval`: Student's interval of the paired differences.

    It assumes normal differences, and covers only what varies between the pairs: the seeds alone, if all share one test set.

    Args:
        scores: Scores of the method, one per seed, at least two.
        others: Scores of the other method with the same seeds in the same order.
        confidence: Probability that such an interval contains the true mean, in (0, 1).

    Raises:
        ValueError: If their numbers differ, or there are fewer than two.
    """
    scores, others = np.asarray(scores, np.float64), np.asarray(others, np.float64)
    if scores.shape != others.shape or scores.ndim != 1 or len(scores) < 2:
        raise ValueError(
            f"Got scores of shapes {scores.shape} and {others.shape}. Expected one of each per seed, and at least "
            "two seeds: one tells nothing about chance."
        )
    differences = scores - others
    error = differences.std(ddof=1) / np.sqrt(len(differences))
    reach = error * stats.t.ppf((1.0 + confidence) / 2.0, len(differences) - 1)
    mean = differences.mean()
    return Interval(float(mean), float(mean - reach), float(mean + reach))


class Estimate(NamedTuple):
    """A mean over runs and its standard error; as text `12.30 ± 0.41`."""

    mean: float
    standard_error: float

    def __str__(self):
        return f"{self.mean:.4g} ± {self.standard_error:.2g}"


def summarise(scores):
    """Averages the scores of training runs that differ only in their seeds.

    Args:
        scores: List of `Score`, one per run, at least two. Include the runs that went badly.

    Returns:
        A `Score` with an `Estimate` per name. The standard error is `deviation / sqrt(runs)`, with the unbiased deviation. The
        protocol lists the seeds of all runs.

    Raises:
        ValueError: If there are fewer than two scores, or protocols differ in more than their seeds.
    """
    if len(scores) < 2:
        raise ValueError(f"Got {len(scores)} scores. Expected at least 2: one run tells nothing about its error.")
    first, *others = (Score(score.values, dataclasses.replace(score.protocol, seeds=None)) for score in scores)
    for other in others:
        first - other  # raises if the two are not comparable
    runs = {name: np.array([score.values[name] for score in scores], np.float64) for name in first.values}
    values = {name: Estimate(float(run.mean()), float(run.std(ddof=1) / np.sqrt(len(run)))) for name, run in runs.items()}
    seeds = tuple(seed for score in scores for seed in score.protocol.seeds or ())
    return Score(values, dataclasses.replace(first.protocol, seeds=seeds or None))
