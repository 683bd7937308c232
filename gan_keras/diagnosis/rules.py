"""What the curves of a training tell, in plain words: findings with their numbers, what they mean, what to try.

The rules are here and nowhere else: `callbacks.Watch` asks them at the end of each epoch, `GAN.diagnose` and the report when
training is over.
"""

from typing import NamedTuple

import numpy as np

from gan_keras.diagnosis import symptoms
from gan_keras.diagnosis.history import Past, columns_of


class Finding(NamedTuple):
    """What a rule has found.

    Attributes:
        kind: Of the failure, a word or two.
        epoch: The first epoch that shows it, counted from 1.
        last: The last of these epochs in a row.
        seen: What the last one shows, with its numbers.
        meaning: What that means.
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
    """What is asked of each epoch: `see` is a function from a `Past` to what is seen, or None."""

    kind: str
    see: callable
    meaning: str
    advice: str


RULES = (
    Rule(
        "divergence",
        symptoms.divergence,
        "The steps are too large for these networks, or the data hold numbers that are not finite.",
        "Try a tenth of both learning rates, a penalty such as R1, and a look at the data.",
    ),
    Rule(
        "saturation",
        symptoms.saturation,
        "The discriminator tells every pair apart, and the generator learns little from it.",
        "Try a stronger penalty (R1, R2), augmentation, a lower discriminator_learning_rate or fewer discriminator_steps.",
    ),
    Rule(
        "collapse",
        symptoms.collapse,
        "The generator makes nearly the same samples over and over.",
        "Try a penalty on the discriminator (R1, R2), relativistic_paired, lower learning rates, or a packed discriminator.",
    ),
    Rule(
        "low diversity",
        symptoms.low_diversity,
        "The generator makes only a part of what the data hold.",
        "Try a penalty on the discriminator (R1, R2), lower learning rates, or relativistic_paired.",
    ),
    Rule(
        "vanishing gradients",
        symptoms.vanishing,
        "Almost nothing reaches the generator.",
        "Try the loss non_saturating or relativistic_paired in the place of minimax, or a penalty on the discriminator.",
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
        "The discriminator has not begun to tell real from fake.",
        "Try learning rates ten times as high, and look whether the data are as the networks expect them.",
    ),
    Rule(
        "late collapse",
        symptoms.late_collapse,
        "Training was better before, and goes on in the wrong direction.",
        "The best weights are kept where quality is scored; try fewer epochs, learning rates that fall, or augmentation.",
    ),
)

TOO_SHORT = Rule("too short", symptoms.short, "That is too little to tell anything from the curves.", "Try more epochs.")


def findings(history):
    """All findings of a history, in the order of their first epochs: a list of `Finding`.

    Args:
        history: See `past.columns_of`.
    """
    columns = columns_of(history)
    pasts = [Past(columns, num + 1) for num in range(len(columns["epoch"]))]
    found = [finding for rule in RULES for finding in spans(rule, pasts)]
    if pasts and (seen := TOO_SHORT.see(pasts[-1])):
        found.append(Finding(TOO_SHORT.kind, 1, len(pasts), seen, TOO_SHORT.meaning, TOO_SHORT.advice))
    return sorted(found, key=lambda finding: finding.epoch)


def spans(rule, pasts):
    """A finding for each run of epochs that shows what a rule looks for."""
    seen = [rule.see(past) for past in pasts]
    for last, text in enumerate(seen):
        if text and (last + 1 == len(seen) or not seen[last + 1]):
            first = next(index for index in range(last, -1, -1) if index == 0 or not seen[index - 1])
            yield Finding(rule.kind, first + 1, last + 1, text, rule.meaning, rule.advice)


def seen_now(history):
    """What the last epoch of a history shows: what is seen, by the `Rule`."""
    past = Past(columns_of(history))
    return {rule: text for rule in RULES if (text := rule.see(past))}


def diagnose(history):
    """The findings as lines of text; a line that says so, with what was looked at, where there is nothing to find.

    Raises:
        ValueError: If it is no history.
    """
    lines = [str(finding) for finding in findings(history)]
    return lines or [healthy(Past(columns_of(history)))]


def healthy(past):
    names = ("d_accuracy", "diversity", "d_norm", "g_norm", "val_frechet", "val_recall", "val_gain", "val_self_bleu5")
    last = [f"{name} {past[name][np.isfinite(past[name])][-1]:.3g}" for name in names if np.isfinite(past[name]).any()]
    kinds = ", ".join(rule.kind for rule in RULES)
    return f"Nothing unusual in {len(past)} epochs: looked for {kinds}; at the end {', '.join(last) or 'nothing was measured'}."
