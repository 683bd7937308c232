"""Findings in the curves of a training: what they show, with numbers, what that means and what to try.

This is the only place with rules: `callbacks.Watch` applies them after each epoch, `GAN.diagnose` and the report after training.
"""

from typing import NamedTuple

import numpy as np

from gan_keras.diagnosis import symptoms
from gan_keras.diagnosis.history import Past, columns_of


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


RULES = (
    Rule(
        "divergence",
        symptoms.divergence,
        "The learning rates are too high for these networks, or the data contain numbers that are not finite.",
        "Try a tenth of both learning rates and a penalty such as R1, and check the data.",
    ),
    Rule(
        "saturation",
        symptoms.saturation,
        "The discriminator is nearly always right, and the generator learns little from it.",
        "Try a stronger penalty (R1, R2), augmentation, a lower discriminator_learning_rate or fewer discriminator_steps.",
    ),
    Rule(
        "collapse",
        symptoms.collapse,
        "The generator produces nearly identical samples.",
        "Try a penalty on the discriminator (R1, R2), relativistic_paired, lower learning rates, or a packed discriminator.",
    ),
    Rule(
        "low diversity",
        symptoms.low_diversity,
        "The generator covers only part of the data.",
        "Try a penalty on the discriminator (R1, R2), lower learning rates, or relativistic_paired.",
    ),
    Rule(
        "vanishing gradients",
        symptoms.vanishing,
        "The generator receives almost no gradient.",
        "Try the loss non_saturating or relativistic_paired instead of minimax, or a penalty on the discriminator.",
    ),
    Rule(
        "oscillation",
        symptoms.oscillation,
        "The networks chase each other in circles.",
        "Try lower learning rates, beta_1=0, a penalty on the discriminator, or a history pool.",
    ),
    Rule(
        "no learning",
        symptoms.no_learning,
        "The discriminator has not started to separate real and generated samples.",
        "Try learning rates ten times as high, and check that the data are in the range that the networks expect.",
    ),
    Rule(
        "late collapse",
        symptoms.late_collapse,
        "Training was better earlier and is getting worse.",
        "Runs that score quality keep the best weights. Try fewer epochs, decaying learning rates, or augmentation.",
    ),
)

TOO_SHORT = Rule("too short", symptoms.short, "That is too few to diagnose the curves.", "Try more epochs.")


def findings(history):
    """Returns a list of `Finding`, in the order of their first epochs.

    Args:
        history: See `diagnosis.history.columns_of`.
    """
    columns = columns_of(history)
    pasts = [Past(columns, num + 1) for num in range(len(columns["epoch"]))]
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


def diagnose(history):
    """Returns the findings as lines of text, or one line that lists what was checked if there are none.

    Raises:
        ValueError: If `history` is not a history.
    """
    lines = [str(finding) for finding in findings(history)]
    if lines:
        return lines
    past = Past(columns_of(history))
    names = ("d_accuracy", "diversity", "d_norm", "g_norm", "val_frechet", "val_recall", "val_gain", "val_self_bleu5")
    last = [f"{name} {past[name][np.isfinite(past[name])][-1]:.3g}" for name in names if np.isfinite(past[name]).any()]
    kinds = ", ".join(rule.kind for rule in RULES)
    values = ", ".join(last) or "nothing was measured"
    return [f"Nothing unusual in {len(past)} epochs. Checked: {kinds}. Final values: {values}."]
