"""The mean of a score over training runs that differ in their seeds alone, and how sure it is."""

import dataclasses
from typing import NamedTuple

import numpy as np

from gan_keras.metrics.protocol import Score


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
