"""How sure a gain is that was measured in pairs: two methods with the same seeds."""

from typing import NamedTuple

import numpy as np
from scipy import stats


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
