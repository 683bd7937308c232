"""Symptoms of a training that goes wrong: each function reads the epochs up to one and says what it sees there, or None.

Their thresholds are here and nowhere else; `benchmarks/guards.py rules` measures what they find. See `diagnosis`.
"""

import numpy as np

LONG = 500
"""Steps of both networks that a state has to last before it is a finding; a shorter training tells nothing at all."""

SURE = 0.95
"""Accuracy of a discriminator that is nearly always right. A healthy start may look so for hundreds of steps, while diversity
rises and gradients grow: only with one of them falling it is a finding."""

LESS_DIVERSE, LESS_GRADIENT = 0.5, 0.1
"""What is then left of the highest `diversity` or `g_norm`."""

POOR, ALIKE, RISING = 0.6, 0.1, 1.25
"""Diversities that are low, and those of samples that are nearly the same, in shares of that of real ones; and how many times
its first third the last epoch of a span has to be for diversity to be on its way up, as it is at a healthy start."""

SENTENCES_ALIKE = 0.5
"""The same of text: the share of distinct drafts of a batch, which begins near 1."""

REPEATING = 0.2
"""How far Self-BLEU-5 may be above that of the supervised baseline at the same temperature."""

UNCOVERED, COVERED = 0.02, 0.1
"""Recall or coverage of a generator that has lost the data, and what it must have had to be able to lose them."""

FADED, EXPLODED = 1e-3, 100.0
"""Norms that have vanished or exploded, in shares of their median before."""

SWING, SWINGS, SWING_EPOCHS = 0.15, 6, 10
"""An oscillation: so many turns of `d_accuracy`, each so far, in so many epochs."""

EQUAL, STILL = 1e-3, 0.01
"""How little the mean logits differ, or logits and diversity move, where nothing is learned."""

WORSE, LOSS, SCORES = 2.0, 0.05, 3
"""How many times the best Frechet distance, and how far below the best gain, the last so many scores have to be."""


def divergence(past):
    strange = [name for name in ("d_loss", "g_loss", "nll", "d_norm", "g_norm") if past.has(name) and is_strange(past[name][-1])]
    if strange:
        return ", ".join(f"{name} is {past[name][-1]:g}" for name in strange)
    for name in ("d_norm", "g_norm"):
        before = past[name][:-1][past.is_adversarial[:-1]]
        if past.num and past.is_adversarial[-1] and len(before) >= 3 and past[name][-1] > EXPLODED * np.median(before) > 0:
            return f"{name} is {past[name][-1]:.3g}, {past[name][-1] / np.median(before):.0f} times its median before"
    return None


def is_strange(number):
    return not np.isfinite(number)


def saturation(past):
    sure = past.lasting(past["d_accuracy"] > SURE, LONG)
    for name, share in (("diversity", LESS_DIVERSE), ("g_norm", LESS_GRADIENT)) if sure else ():
        last, highest = past[name][-1], np.nanmax(past[name][past.is_adversarial])
        if last < share * highest:
            seen = f"d_accuracy {past['d_accuracy'][-1]:.3f} for {past.steps[sure].sum():.0f} steps"
            return f"{seen}, while {name} has fallen from {highest:.3g} to {last:.3g}"
    return None


def low_diversity(past, limit=POOR):
    low = past.lasting(past["diversity"] < limit, LONG)
    if low is None or past.has("nll"):
        return None
    values = past["diversity"][low]
    if values[-1] > RISING * values[: -(-len(values) // 3)].mean():
        return None
    return f"diversity {values[-1]:.3g} of that of the data, below {limit:g} for {past.steps[low].sum():.0f} steps"


def collapse(past):
    if past.has("nll") and past.lasting(past["diversity"] < SENTENCES_ALIKE, 1):
        return f"diversity {past['diversity'][-1]:.3g}: so many drafts of a batch differ"
    if seen := low_diversity(past, ALIKE):
        return seen
    for name in ("val_recall", "val_coverage"):
        values = past.scores(name)[1]
        if len(values) and values[-1] <= UNCOVERED and values.max() >= COVERED:
            return f"{name} has fallen from {values.max():.2f} to {values[-1]:.2f}"
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
        return f"d_accuracy has turned {turns} times in {len(values)} epochs, between {values.min():.2f} and {values.max():.2f}"
    return None


def no_learning(past):
    adversarial = past.is_adversarial
    if adversarial.sum() < 3 or not adversarial[-1] or past.steps.sum() < LONG:
        return None
    real, fake = past["d_real"][adversarial], past["d_fake"][adversarial]
    if np.abs(real - fake).max() < EQUAL or max(map(np.ptp, (real, fake, past["diversity"][adversarial]))) < STILL:
        return f"d_real {real[-1]:.3g} and d_fake {fake[-1]:.3g} have not moved apart in {past.steps.sum():.0f} steps"
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


def short(past):
    if 0 < past.steps.sum() < LONG:
        return f"{past.steps.sum():.0f} steps of both networks"
    return None
