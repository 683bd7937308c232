"""Findings in the curves of a training: what they show, with numbers, what that means and what to try.

This is the only place with rules: `callbacks.Watch` applies them after each epoch, `GAN.diagnose` and the report after training.
"""

import csv
import os
from typing import NamedTuple

import numpy as np

# --- A training's history up to an epoch, read from any of its forms.

UNKNOWN_STEPS = 100
"""Assumed steps per epoch, to judge how long a state lasts, if a history tells none; texts then count epochs."""


class Past:
    """The first epochs of a history.

    `past["d_loss"]` is an array with one number per epoch, NaN where nothing was logged. A column that was never logged is NaN
    throughout.

    Args:
        columns: Result of `columns_of`.
        num: Number of epochs; None for all.
        ranges: Text about data that are not in the range of the generator's samples; None if they are, or it is not known.
    """

    def __init__(self, columns, num=None, ranges=None):
        self.columns, self.num, self.ranges = columns, len(columns["epoch"]) if num is None else num, ranges

    def __len__(self):
        return self.num

    def __getitem__(self, name):
        values = self.columns[name][: self.num] if name in self.columns else [None] * self.num
        return np.array([np.nan if value is None else float(value) for value in values], float)

    def has(self, name):
        """Returns True if the last epoch logged the column."""
        return self.num > 0 and name in self.columns and self.columns[name][self.num - 1] is not None

    def scores(self, name):
        """Returns epochs (indices) and values of a column that is not logged every epoch; both empty unless the last one did."""
        found = np.flatnonzero([value is not None for value in self.columns.get(name, ())[: self.num]]) if self.has(name) else []
        return found, self[name][found]

    @property
    def is_adversarial(self):
        """Boolean array: epochs in which both networks trained."""
        stages = self.columns.get("stage")
        if stages is not None:
            return np.array([stage == "adversarial" for stage in stages[: self.num]], bool) & ~np.isnan(self["d_accuracy"])
        trained = [np.nan_to_num(self[name], nan=0.0 if name in self.columns else 1.0) != 0 for name in ("d_norm", "g_loss")]
        return trained[0] & trained[1] & ~np.isnan(self["d_accuracy"])

    @property
    def steps(self):
        """Array of the steps of both networks in each epoch."""
        return np.where(self.is_adversarial, np.nan_to_num(self["steps"], nan=UNKNOWN_STEPS), 0.0)

    def length(self, epochs=slice(None)):
        """Returns the training of both networks in these epochs as text: in steps, or in epochs where steps are not known."""
        if np.isnan(self["steps"][epochs]).any():
            num = int(self.is_adversarial[epochs].sum())
            return f"{num} epoch{'s' if num > 1 else ''}"
        return f"{self.steps[epochs].sum():.0f} steps"

    def lasting(self, holds, steps):
        """Returns the last epochs in which `holds` is true throughout, as a slice; None if they have fewer than `steps` steps."""
        breaks = np.flatnonzero(~(holds & self.is_adversarial))
        first = int(breaks[-1]) + 1 if len(breaks) else 0
        return slice(first, self.num) if self.num > first and self.steps[first:].sum() >= steps else None


def columns_of(history):
    """Returns a history as lists by column name, None where an epoch logged nothing; `epoch` counts from 1.

    Args:
        history: Result of `fit`, its `history`, the rows of a `history.csv`, or its path. A list shorter than the others
            is assumed to be logged at regular intervals, ending with the last epoch.

    Raises:
        ValueError: If `history` is none of these.
    """
    steps = (getattr(history, "params", None) or {}).get("steps")
    history = getattr(history, "logged", getattr(history, "history", history))  # `GAN.fit` tells what each epoch has logged
    if isinstance(history, str | os.PathLike):
        with open(history, newline="", encoding="utf-8") as file:
            history = list(csv.DictReader(file))
    if isinstance(history, list) and all(isinstance(row, dict) for row in history):
        names = dict.fromkeys(name for row in history for name in row)
        columns = {name: [None if row.get(name) == "" else row.get(name) for row in history] for name in names}
    elif isinstance(history, dict):
        columns = {name: list(values) for name, values in history.items()}
    else:
        raise ValueError(f"Got a history of type {type(history).__name__}. Expected the result of `fit`, a dict, rows or a path.")
    num = max(map(len, columns.values()), default=0)
    columns = {name: _spread(values, num) for name, values in columns.items()}
    if steps and "steps" not in columns:
        columns["steps"] = [steps] * num
    return {"epoch": list(range(1, num + 1)), **columns}


def _spread(values, num):
    """Returns a column with None for epochs that did not log it."""
    if len(values) in (0, num):
        return values or [None] * num
    places = np.linspace(0, num, len(values) + 1)[1:].round().astype(int) - 1
    spread = [None] * num
    for place, value in zip(places, values, strict=True):
        spread[place] = value
    return spread


# --- Symptoms of a failing training: each function takes a `Past` and returns what its last epoch shows, or None.
#
# This is the only place with thresholds; `benchmarks/guards.py rules` measures what they find.

LONG = 500
"""Steps of both networks that a state must last to be a finding. A shorter training is not diagnosed."""

SURE = 0.95
"""Accuracy of a discriminator that is nearly always right. A healthy start can look like this for hundreds of steps while
diversity and gradients grow; it is a finding only if one of them falls."""

LESS_DIVERSE, LESS_GRADIENT = 0.5, 0.1
"""Share of the highest `diversity` or `g_norm` below which it has fallen."""

POOR, ALIKE, RISING = 0.6, 0.1, 1.25
"""Diversities, relative to real samples, that are low and that mean nearly identical samples; and the ratio of the last epoch
of a span to its first third above which diversity is recovering, as in a healthy start."""

SENTENCES_ALIKE = 0.5
"""The same for text: share of distinct drafts in a batch, which starts near 1."""

REPEATING = 0.2
"""Maximum excess of Self-BLEU-5 over the supervised baseline's at the same temperature."""

UNCOVERED, COVERED = 0.02, 0.1
"""Recall or coverage at which a generator has lost the data, and the value it must have reached before."""

FADED, EXPLODED = 1e-3, 100.0
"""Norms that have vanished or exploded, relative to their previous median."""

SWING, SWINGS, SWING_EPOCHS = 0.15, 6, 10
"""An oscillation: minimum change of `d_accuracy` per turn, number of turns, and number of epochs in which they happen."""

EQUAL, STILL = 1e-3, 0.01
"""If nothing is learned: maximum difference of mean logits, and maximum change of logits and diversity."""

WORSE, LOSS, SCORES = 2.0, 0.05, 3
"""A late collapse: multiple of the best Frechet distance, distance below the best gain, and number of scores in a row."""


def divergence(past):
    strange = [
        name for name in ("d_loss", "g_loss", "nll", "d_norm", "g_norm") if past.has(name) and not np.isfinite(past[name][-1])
    ]
    if strange:
        return ", ".join(f"{name} is {past[name][-1]:g}" for name in strange)
    for name in ("d_norm", "g_norm"):
        before = past[name][:-1][past.is_adversarial[:-1]]
        if past.num and past.is_adversarial[-1] and len(before) >= 3 and past[name][-1] > EXPLODED * np.median(before) > 0:
            return f"{name} is {past[name][-1]:.3g}, {past[name][-1] / np.median(before):.0f} times its previous median"
    return None


def saturation(past):
    sure = past.lasting(past["d_accuracy"] > SURE, LONG)
    for name, share in (("diversity", LESS_DIVERSE), ("g_norm", LESS_GRADIENT)) if sure else ():
        last, highest = past[name][-1], np.nanmax(past[name][past.is_adversarial])
        if last < share * highest:
            seen = f"d_accuracy {past['d_accuracy'][-1]:.3f} for {past.length(sure)}"
            return f"{seen}, while {name} fell from {highest:.3g} to {last:.3g}"
    return None


def low_diversity(past, limit=POOR):
    low = past.lasting(past["diversity"] < limit, LONG)
    if low is None or past.has("nll"):
        return None
    values = past["diversity"][low]
    if values[-1] > RISING * values[: -(-len(values) // 3)].mean():
        return None
    return f"diversity {values[-1]:.3g} relative to the data, below {limit:g} for {past.length(low)}"


def collapse(past):
    if past.has("nll") and past.lasting(past["diversity"] < SENTENCES_ALIKE, 1):
        return f"diversity {past['diversity'][-1]:.3g}, the share of distinct drafts in a batch"
    if seen := low_diversity(past, ALIKE):
        return seen
    for name in ("val_recall", "val_coverage"):
        values = past.scores(name)[1]
        if len(values) and values[-1] <= UNCOVERED and values.max() >= COVERED:
            return f"{name} fell from {values.max():.2f} to {values[-1]:.2f}"
    above = past["val_self_bleu5"][-1:] - past["val_baseline_self_bleu5"][-1:]
    if past.num and above[0] > REPEATING:
        return f"val_self_bleu5 {past['val_self_bleu5'][-1]:.2f}, {above[0]:.2f} above the baseline's"
    return None


def vanishing(past):
    norms = past["g_norm"][past.is_adversarial]
    if len(norms) and past.is_adversarial[-1] and norms[-1] < FADED * np.median(norms):
        return f"g_norm is {norms[-1]:.3g}, its median was {np.median(norms):.3g}"
    return None


def oscillation(past):
    values = past["d_accuracy"][past.is_adversarial][-SWING_EPOCHS:]
    moves = np.diff(values)
    far = moves[np.abs(moves) > SWING]
    turns = int((np.sign(far[1:]) != np.sign(far[:-1])).sum())
    if past.num and past.is_adversarial[-1] and turns >= SWINGS:
        return f"d_accuracy turned {turns} times in {len(values)} epochs, between {values.min():.2f} and {values.max():.2f}"
    return None


def no_learning(past):
    adversarial = past.is_adversarial
    if adversarial.sum() < 3 or not adversarial[-1] or past.steps.sum() < LONG:
        return None
    real, fake = past["d_real"][adversarial], past["d_fake"][adversarial]
    if np.abs(real - fake).max() < EQUAL or max(map(np.ptp, (real, fake, past["diversity"][adversarial]))) < STILL:
        return f"d_real {real[-1]:.3g} and d_fake {fake[-1]:.3g} did not move apart in {past.length()}"
    return None


def late_collapse(past):
    for name in ("val_frechet", "val_fid"):
        epochs, values = past.scores(name)
        if len(values) > SCORES and values[-SCORES:].min() > WORSE * np.nanmin(values):
            return f"{name} {values[-1]:.3g}, after {np.nanmin(values):.3g} in epoch {epochs[np.nanargmin(values)] + 1}"
    epochs, values = past.scores("val_gain")
    if len(values) > SCORES and values[-SCORES:].max() < np.nanmax(values) - LOSS:
        return f"val_gain {values[-1]:.3g}, after {np.nanmax(values):.3g} in epoch {epochs[np.nanargmax(values)] + 1}"
    return None


def unlike_ranges(past):
    return past.ranges


def short(past):
    if 0 < past.steps.sum() < LONG:
        return f"{past.length()} of both networks"
    return None


class Finding(NamedTuple):
    """A failure found by a rule.

    Attributes:
        kind: Kind of failure, in a word or two.
        epoch: First epoch that shows it, counted from 1.
        last: Last consecutive epoch that shows it.
        seen: Observation in the last epoch, with numbers.
        meaning: Interpretation.
        advice: What to try.
    """

    kind: str
    epoch: int
    last: int
    seen: str
    meaning: str
    advice: str

    def __str__(self):
        epochs = f"epoch {self.epoch}" if self.epoch == self.last else f"epochs {self.epoch} to {self.last}"
        return f"{self.kind}, {epochs}: {self.seen}. {self.meaning} {self.advice}"


class Rule(NamedTuple):
    """A check of each epoch: `see` maps a `Past` to an observation, or to None."""

    kind: str
    see: callable
    meaning: str
    advice: str


SCALING = "Expected one range: scale the data (levels by x / 127.5 - 1 for tanh, x / 255 for sigmoid), or change the activation."

RULES = (
    Rule("ranges", unlike_ranges, "The generator cannot make such samples, or half of its range is empty.", SCALING),
    Rule(
        "divergence",
        divergence,
        "The learning rates are too high for these networks, or the data contain numbers that are not finite.",
        "Try a tenth of both learning rates and a penalty such as R1, and check the data.",
    ),
    Rule(
        "saturation",
        saturation,
        "The discriminator is nearly always right, and the generator learns little from it.",
        "Try a stronger penalty (R1, R2), augmentation, a lower discriminator_learning_rate or fewer discriminator_steps.",
    ),
    Rule(
        "collapse",
        collapse,
        "The generator produces nearly identical samples.",
        "Try a penalty on the discriminator (R1, R2), relativistic_paired, lower learning rates, or a packed discriminator.",
    ),
    Rule(
        "low diversity",
        low_diversity,
        "The generator covers only part of the data.",
        "Try a penalty on the discriminator (R1, R2), lower learning rates, or relativistic_paired.",
    ),
    Rule(
        "vanishing gradients",
        vanishing,
        "The generator receives almost no gradient.",
        "Try the loss non_saturating or relativistic_paired instead of minimax, or a penalty on the discriminator.",
    ),
    Rule(
        "oscillation",
        oscillation,
        "The networks chase each other in circles.",
        "Try lower learning rates, beta_1=0, a penalty on the discriminator, or a history pool.",
    ),
    Rule(
        "no learning",
        no_learning,
        "The discriminator has not started to separate real and generated samples.",
        "Try learning rates ten times as high, and check that the data are in the range that the networks expect.",
    ),
    Rule(
        "late collapse",
        late_collapse,
        "Training was better earlier and is getting worse.",
        "Runs that score quality keep the best weights. Try fewer epochs, decaying learning rates, or augmentation.",
    ),
)

TOO_SHORT = Rule("too short", short, "That is too few to diagnose the curves.", "Try more epochs.")


def findings(history, ranges=None):
    """Returns a list of `Finding`, in the order of their first epochs.

    Args:
        history: See `diagnosis.history.columns_of`.
        ranges: See `Past`.
    """
    columns = columns_of(history)
    pasts = [Past(columns, num + 1, ranges) for num in range(len(columns["epoch"]))]
    found = [finding for rule in RULES for finding in _spans(rule, pasts)]
    if pasts and (seen := TOO_SHORT.see(pasts[-1])):
        found.append(Finding(TOO_SHORT.kind, 1, len(pasts), seen, TOO_SHORT.meaning, TOO_SHORT.advice))
    return sorted(found, key=lambda finding: finding.epoch)


def _spans(rule, pasts):
    """Yields a finding for each run of consecutive epochs in which a rule applies."""
    seen = [rule.see(past) for past in pasts]
    for last, text in enumerate(seen):
        if text and (last + 1 == len(seen) or not seen[last + 1]):
            first = next(index for index in range(last, -1, -1) if index == 0 or not seen[index - 1])
            yield Finding(rule.kind, first + 1, last + 1, text, rule.meaning, rule.advice)


def seen_now(history):
    """Returns the observations in the last epoch of a history, by `Rule`."""
    past = Past(columns_of(history))
    return {rule: text for rule in RULES if (text := rule.see(past))}


def diagnose(history, ranges=None):
    """Returns the findings as lines of text, or one line that lists what was checked if there are none.

    Raises:
        ValueError: If `history` is not a history.
    """
    lines = [str(finding) for finding in findings(history, ranges)]
    if lines:
        return lines
    past = Past(columns_of(history))
    names = ("d_accuracy", "diversity", "d_norm", "g_norm", "val_frechet", "val_recall", "val_gain", "val_self_bleu5")
    last = [f"{name} {past[name][np.isfinite(past[name])][-1]:.3g}" for name in names if np.isfinite(past[name]).any()]
    kinds = ", ".join(rule.kind for rule in RULES)
    values = ", ".join(last) or "nothing was measured"
    return [f"Nothing unusual in {len(past)} epochs. Checked: {kinds}. Final values: {values}."]
