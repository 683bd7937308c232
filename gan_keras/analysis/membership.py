"""Membership attacks: how well a score orders training rows before other rows, and what the score needs.

An attacker who knows a GAN, or its samples alone, guesses which rows it was trained on. The area under the ROC curve is the share
of pairs of a training row and another row that the score orders rightly; chance is 0.5. A few rows that are found almost without
false alarms weigh more than an average: so the share found at 1 % and at 0.1 % false alarms stands beside it.

References: [Hayes et al., 2019](https://arxiv.org/abs/1705.07663) (LOGAN), [Chen et al., 2020](https://arxiv.org/abs/1909.03935)
(GAN-Leaks), [van Breugel et al., 2023](https://arxiv.org/abs/2302.12580) (DOMIAS), [Carlini et al.,
2022](https://arxiv.org/abs/2112.03570) (rates at few false alarms).
"""

import dataclasses
from typing import NamedTuple

import numpy as np

from gan_keras.metrics.seeds import Interval

RATES = (0.01, 0.001)
"""Shares of false alarms at which the share of found training rows is reported."""

NUM_RESAMPLES = 2000
_BLOCK = 100  # resamples at once


class Kind(NamedTuple):
    """A kind of attack: what its score is, and what an attacker needs for it."""

    title: str
    needs: str


ATTACKS = {
    "logit": Kind("discriminator's logit", "the discriminator, or an exported `score`"),
    "likelihood": Kind("generator's likelihood", "the weights of the generator"),
    "likelihood_ratio": Kind(
        "generator's likelihood less a reference model's", "the weights of the generator, and other rows of the same source"
    ),
    "network": Kind("generator's likelihood without its n-grams", "the weights of the generator"),
    "vocabulary": Kind("number of words that the vocabulary lacks", "the list of known words"),
    "nearest": Kind("distance to the nearest generated sample", "generated samples"),
    "nearest_ratio": Kind(
        "distance to the nearest generated sample less that to the nearest reference",
        "generated samples, and other rows of the same source",
    ),
    "density_ratio": Kind(
        "density of generated samples less that of references", "generated samples, and other rows of the same source"
    ),
    "logit_a": Kind("discriminator's logit of domain a", "the discriminators"),
    "logit_b": Kind("discriminator's logit of domain b", "the discriminators"),
    "cycle_a": Kind("error of the way there and back of domain a", "both generators"),
    "cycle_b": Kind("error of the way there and back of domain b", "both generators"),
    "error": Kind("error of the translation", "the generator, and both images of a pair"),
}
"""All attacks by name; each modality has some of them."""


@dataclasses.dataclass(frozen=True)
class Attack:
    """How well a score tells training rows, members, from other rows.

    Attributes:
        title: What the score is.
        needs: What an attacker needs for it.
        area: Area under the ROC curve: share of pairs of a member and another row in which the member has the higher score.
        low: Lower bound of the area.
        high: Upper bound.
        tpr: Share of the members found, an `Interval`, by the share of false alarms, 0.01 and 0.001: the largest at a threshold
            that no more of the other rows reach. NaN where the rows are too few to measure it: below 1 / share.
        num: Number of members, and of other rows.
        confidence: Probability of each interval, by a percentile bootstrap within members and within others.
    """

    title: str
    needs: str
    area: float
    low: float
    high: float
    tpr: dict
    num: tuple
    confidence: float = 0.95

    @property
    def direction(self):
        """`"higher"` if members have higher scores, `"lower"` if they have lower ones, `"none"` if neither is certain."""
        return "higher" if self.low > 0.5 else "lower" if self.high < 0.5 else "none"

    @property
    def strength(self):
        """Share of pairs that an attacker orders rightly who knows the direction, 0.5 to 1."""
        return max(self.area, 1.0 - self.area)

    @property
    def interval(self):
        """The area and its bounds, an `Interval`."""
        return Interval(self.area, self.low, self.high)

    @property
    def contains_chance(self):
        return self.low <= 0.5 <= self.high

    def sentence(self, noun="training rows"):
        """Returns what the attack achieves in plain words."""
        text = (
            f"An attacker who guesses membership by the {self.title} is right for {percent_of(self.interval)} of pairs; "
            "chance is 50 %."
        )
        if self.direction == "lower":
            text += f" Turned round, the guess is right for {percent(1.0 - self.area)}."
        told = [
            f"{percent_of(found)} at {100 * rate:g} % false alarms" for rate, found in self.tpr.items() if np.isfinite(found.mean)
        ]
        unknown = [
            f"{100 * rate:g} % needs {round(1 / rate):,} other rows" for rate, found in self.tpr.items() if np.isnan(found.mean)
        ]
        text += f" Of the {noun}, it finds {', and '.join(told)}." if told else ""
        return text + (f" ({'; '.join(unknown)}: there are {self.num[1]:,}.)" if unknown else "")

    def to_json(self):
        """Returns all figures, as JSON holds them; what is not defined is None."""
        return {
            "title": self.title,
            "needs": self.needs,
            "auc": interval_json(self.interval),
            "tpr": {f"{rate:g}": interval_json(found) for rate, found in self.tpr.items()},
            "direction": self.direction,
            "members": self.num[0],
            "others": self.num[1],
            "confidence": self.confidence,
        }

    def __str__(self):
        return f"{self.title}: {self.area:.3f} [{self.low:.3f}, {self.high:.3f}]"


def percent(share, form=".1f"):
    """Returns a share as text: `51.3 %`."""
    return f"{100.0 * share:{form}} %"


def percent_of(interval):
    """Returns an `Interval` of shares as text: `51.3 % [48.0, 54.6]`."""
    return f"{percent(interval.mean)} [{100.0 * interval.low:.1f}, {100.0 * interval.high:.1f}]"


def interval_json(interval):
    """Returns an `Interval` as JSON holds it; None for numbers that are not finite."""
    return {name: float(value) if np.isfinite(value) else None for name, value in interval._asdict().items()}


def attack_of(kind, member_scores, other_scores, confidence=0.95, seed=0):
    """Measures an attack by its scores.

    Args:
        kind: Its `Kind`.
        member_scores: Scores of training rows, `(num,)`: higher means rather a training row.
        other_scores: Scores of other rows, `(num,)`.
        confidence: Probability of each interval, in (0, 1).
        seed: Seed of the bootstrap.

    Returns:
        An `Attack`.

    Raises:
        ValueError: If a score is not finite, or there are fewer than two of a kind.
    """
    sides = [np.asarray(each, np.float64) for each in (member_scores, other_scores)]
    if any(each.ndim != 1 or len(each) < 2 or not np.isfinite(each).all() for each in sides):
        raise ValueError(
            f"Got scores of shapes {sides[0].shape} and {sides[1].shape} for the {kind.title}. Expected at least two finite "
            "numbers of each kind: a network may have diverged."
        )
    found = np.array(rates(*sides, *(np.ones((1, len(each))) for each in sides)))[:, 0]
    random, resampled = np.random.default_rng(seed), []
    for _ in range(NUM_RESAMPLES // _BLOCK):
        weights = [random.multinomial(len(each), np.full(len(each), 1.0 / len(each)), _BLOCK) for each in sides]
        resampled.append(rates(*sides, *weights))
    reach = (1.0 - confidence) / 2.0
    low, high = np.quantile(np.concatenate(resampled, axis=1), [reach, 1.0 - reach], axis=1)
    intervals = [Interval(*map(float, each)) for each in zip(found, low, high, strict=True)]
    few = Interval(np.nan, np.nan, np.nan)
    tpr = {rate: each if len(sides[1]) * rate >= 1.0 else few for rate, each in zip(RATES, intervals[1:], strict=True)}
    return Attack(*kind, *intervals[0], tpr, tuple(map(len, sides)), confidence)


def rates(member_scores, other_scores, member_weights, other_weights):
    """Area under the ROC curve and share of members found at each of `RATES`, for rows that count several times.

    Args:
        member_scores: `(num,)`.
        other_scores: `(num_others,)`.
        member_weights: Whole numbers, how often each row counts, `(resamples, num)`.
        other_weights: `(resamples, num_others)`.

    Returns:
        A list of arrays `(resamples,)`: the area, in which a tie counts half, then a share per rate.
    """
    scores = np.concatenate([member_scores, other_scores])
    order = np.argsort(-scores, kind="stable")
    ends = np.flatnonzero(np.r_[np.diff(scores[order]) != 0.0, True])  # of rows with equal scores
    num = len(member_scores)
    is_member = order < num
    hits = np.zeros((len(member_weights), len(scores)))
    alarms = np.zeros_like(hits)
    hits[:, is_member] = member_weights[:, order[is_member]]
    alarms[:, ~is_member] = other_weights[:, order[~is_member] - num]
    hits, alarms = (np.cumsum(each, axis=1)[:, ends] for each in (hits, alarms))
    totals = hits[:, -1], alarms[:, -1]
    before = np.concatenate([np.zeros((len(hits), 1)), hits[:, :-1]], axis=1)
    steps = np.diff(alarms, axis=1, prepend=0.0)
    found = [(steps * (before + hits)).sum(axis=1) / (2.0 * totals[0] * totals[1])]
    for rate in RATES:
        last = (alarms <= rate * totals[1][:, np.newaxis] + 1e-9).sum(axis=1)
        shares = np.concatenate([np.zeros((len(hits), 1)), hits], axis=1)
        found.append(np.take_along_axis(shares, last[:, np.newaxis], axis=1)[:, 0] / totals[0])
    return found
