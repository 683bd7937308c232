"""Evaluation of a GAN of series: never alone, beside a vector autoregression and real windows.

The judges are trained for the occasion (`metrics.discriminative_score`, `metrics.predictive_score`); real training windows go
through the same judges as the control.
"""

import numpy as np

from gan_keras.gans.sampling import seeds_from
from gan_keras.metrics.protocol import Protocol
from gan_keras.metrics.series import LEAST, Recipe, discriminative_score, predictive_score
from gan_keras.metrics.series_distances import (
    VectorAutoregression,
    autocorrelation_distance,
    correlation_distance,
    marginal_distance,
)
from gan_keras.modalities.score_table import outcome

MOST = 3000  # windows of each sampler, where nothing else is asked for
RECIPE = Recipe()
COLUMNS = {
    "discriminative": "discriminative score",
    "predictive": "predictive score",
    "marginal": "marginal distance",
    "autocorrelation": "autocorrelation distance",
    "correlation": "correlation distance",
}
"""Titles of the scores; lower is better in all."""

TITLES = {"gan": "GAN", "baseline": "vector autoregression", "real": "real training windows"}


def evaluate_series(gan, training, test, num=None, seed=0, progress=print):
    """Scores generated windows, a vector autoregression and real training windows against test windows.

    Args:
        gan: A trained `GAN` with a codec of series.
        training: `Series` that it was trained on: they are the control.
        test: `Series` that took no part in training.
        num: Windows of each sampler, >= 20; by default as many as test windows, at most 3,000.
        seed: Of the samples and the judges: window i is made from `seed + i`.
        progress: Called with a line of text at each step.

    Returns:
        Dictionary that JSON holds as it is: `samplers` (by name `gan` and `baseline`: `title`, `values`), `real` (as one such
        sampler), `protocol`, `verdict` (lines of text) and `settings`.

    Raises:
        ValueError: For fewer windows than the judges need.
    """
    num = min(MOST, max(LEAST, len(test))) if num is None else num
    seeds_from(num, seed)
    if min(num, len(test), len(training)) < LEAST or seed < 0:
        raise ValueError(
            f"Got num={num}, seed={seed}, {len(training)} training and {len(test)} test windows. Expected at least {LEAST} of "
            "each, and a seed >= 0."
        )
    real = some_windows(test, num, seed)
    known = some_windows(training, max(num, MOST), seed)
    samplers = {
        "gan": gan.generate(num, seed, labels=asked_labels(gan, training, num, seed)),
        "baseline": VectorAutoregression(known).sample(num, seed),
        "real": known[:num],
    }
    scored = {}
    for name, windows in samplers.items():
        progress(f"Scoring {len(windows):,} windows: {TITLES[name]}")
        scored[name] = {"title": TITLES[name], "values": scores(real, windows, seed)}
    control = scored.pop("real")
    return {
        "settings": {"num": num, "seed": seed, "columns": list(training.columns)},
        "samplers": scored,
        "real": control,
        "protocol": protocol(test, real, num, seed),
        "verdict": verdict(*(each["values"] for each in (*scored.values(), control))),
    }


def some_windows(data, num, seed):
    """At most `num` windows of the data, drawn at random."""
    return data.samples(np.random.default_rng(seed).permutation(len(data))[:num])


def asked_labels(gan, training, num, seed):
    """Labels drawn as often as they are in the training data; None of a GAN without labels."""
    if not gan.num_labels:
        return None
    return np.random.default_rng(seed).choice(training.labels, size=num)


def scores(real, windows, seed):
    """All scores of one sampler, by name."""
    return {
        "discriminative": discriminative_score(real, windows, seed, RECIPE),
        "predictive": predictive_score(windows, real, seed, RECIPE),
        "marginal": marginal_distance(real, windows),
        "autocorrelation": autocorrelation_distance(real, windows),
        "correlation": correlation_distance(real, windows),
    }


def protocol(test, real, num, seed):
    judge = f"GRU, {RECIPE.depth} layers of {RECIPE.units}, stopped early, at most {RECIPE.epochs} epochs"
    what = Protocol(
        "discriminative and predictive score", test.fingerprint, "test", len(real), num, seeds=(seed,), extractor=judge
    )
    return {**what.as_dict(), "seeds": [seed]}


def verdict(gan, baseline, real):
    """The outcome in plain words: one line for the whole, then one for each score.

    Args:
        gan: Values by the names of `COLUMNS`.
        baseline: The same of the baseline.
        real: The same of real windows.

    Returns:
        List of strings.
    """
    whole = "; ".join(outcome(gan, baseline, dict.fromkeys(COLUMNS, -1), COLUMNS))  # of all of them less is better
    lines = [
        f"{title}: GAN {gan[name]:.4g}, baseline {baseline[name]:.4g}, real windows {real[name]:.4g}."
        for name, title in COLUMNS.items()
    ]
    return [f"Over a vector autoregression, the GAN {whole} (one set of samples, no interval).", *lines]
