"""How sure a gain is that was measured in pairs: two methods with the same seeds."""

import dataclasses
from typing import NamedTuple

import numpy as np
from scipy import stats

from gan_keras.metrics.protocol import Score


class Interval(NamedTuple):
    """A mean and the bounds that hold it with some confidence; as text `+0.0123 [+0.0040, +0.0206]`."""

    mean: float
    low: float
    high: float

    def __str__(self):
        return f"{self.mean:+.4f} [{self.low:+.4f}, {self.high:+.4f}]"


def paired_interval(scores, others, confidence=0.95):
    """The mean gain of one method over another, with Student's interval of the differences of each pair.

    It holds as far as the differences are normal, and covers what differs between the pairs: seeds alone, if the test
    set is the same in all.

    Args:
        scores: Scores of the method, one for each seed, at least two.
        others: Those of the other, with the same seeds in the same order.
        confidence: How often such an interval holds the true mean, in (0, 1).

    Returns:
        An `Interval`, in the scores' unit.

    Raises:
        ValueError: If there are not as many of both, or fewer than two.
    """
    scores, others = np.asarray(scores, np.float64), np.asarray(others, np.float64)
    if scores.shape != others.shape or scores.ndim != 1 or len(scores) < 2:
        raise ValueError(
            f"Got scores of shapes {scores.shape} and {others.shape}. Expected one of both for each seed, and two seeds at "
            "least: one tells nothing about chance."
        )
    differences = scores - others
    error = differences.std(ddof=1) / np.sqrt(len(differences))
    reach = error * stats.t.ppf((1.0 + confidence) / 2.0, len(differences) - 1)
    mean = differences.mean()
    return Interval(float(mean), float(mean - reach), float(mean + reach))


# --- The mean of a score over training runs that differ in their seeds alone, and how sure it is.


class Estimate(NamedTuple):
    """A mean over runs and its standard error; as text `12.30 ± 0.41`."""

    mean: float
    standard_error: float

    def __str__(self):
        return f"{self.mean:.4g} ± {self.standard_error:.2g}"


def summarise(scores):
    """Averages the scores of several runs.

    Args:
        scores: List of `Score`, one a run, at least two. No run is left out because it went badly.

    Returns:
        A `Score` with an `Estimate` for each name: the standard error is `deviation / sqrt(runs)`, the deviation with
        `runs - 1`. Its protocol names the seeds of all runs.

    Raises:
        ValueError: For fewer than two scores, or where protocols differ in more than their seeds.
    """
    if len(scores) < 2:
        raise ValueError(f"Got {len(scores)} scores. Expected at least 2: one run tells nothing about its error.")
    first, *others = (Score(score.values, dataclasses.replace(score.protocol, seeds=None)) for score in scores)
    for other in others:
        first - other  # raises where the two do not compare
    runs = {name: np.array([score.values[name] for score in scores], np.float64) for name in first.values}
    values = {name: Estimate(float(run.mean()), float(run.std(ddof=1) / np.sqrt(len(run)))) for name, run in runs.items()}
    seeds = tuple(seed for score in scores for seed in score.protocol.seeds or ())
    return Score(values, dataclasses.replace(first.protocol, seeds=seeds or None))
