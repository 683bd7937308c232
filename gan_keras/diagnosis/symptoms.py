"""Symptoms of a failing training: each function takes a `Past` and returns what its last epoch shows, or None.

This is the only place with thresholds; `benchmarks/guards.py rules` measures what they find.
"""

import numpy as np

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
            seen = f"d_accuracy {past['d_accuracy'][-1]:.3f} for {past.steps[sure].sum():.0f} steps"
            return f"{seen}, while {name} fell from {highest:.3g} to {last:.3g}"
    return None


def low_diversity(past, limit=POOR):
    low = past.lasting(past["diversity"] < limit, LONG)
    if low is None or past.has("nll"):
        return None
    values = past["diversity"][low]
    if values[-1] > RISING * values[: -(-len(values) // 3)].mean():
        return None
    return f"diversity {values[-1]:.3g} relative to the data, below {limit:g} for {past.steps[low].sum():.0f} steps"


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
        return f"d_real {real[-1]:.3g} and d_fake {fake[-1]:.3g} did not move apart in {past.steps.sum():.0f} steps"
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
