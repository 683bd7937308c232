"""Evaluation of a GAN of series, next to a vector autoregression, noised moments if it is private, and real windows.

The judges are trained anew for each sampler (`metrics.series`); real training windows go through the same judges as the control.
"""

import numpy as np

from gan_keras.metrics.protocol import Protocol
from gan_keras.metrics.series import MIN_WINDOWS, Recipe, discriminative_score, predictive_score
from gan_keras.metrics.series_distances import (
    VectorAutoregression,
    autocorrelation_distance,
    correlation_distance,
    marginal_distance,
)
from gan_keras.modalities.image.evaluation import verdict
from gan_keras.modalities.score_table import check_enough, private_line, result_of
from gan_keras.privacy.noised_moments import NoisedMoments

MAX_DEFAULT = 3000  # windows per sampler by default
_BLOCK = 1024  # windows read at once
RECIPE = Recipe()
COLUMNS = {
    "discriminative": "discriminative score",
    "predictive": "predictive score",
    "marginal": "marginal distance",
    "autocorrelation": "autocorrelation distance",
    "correlation": "correlation distance",
}
"""Titles of the scores; lower is better for all."""

TITLES = {"gan": "GAN", "baseline": "vector autoregression", "real": "real training windows"}


def evaluate_series(gan, training, test, num=None, seed=0, progress=print):
    """Scores generated windows, a vector autoregression and real training windows against test windows.

    Next to a private GAN stand windows of `privacy.NoisedMoments` of the same epsilon, which need no network.

    `num` is at least 20, by default the number of test windows, at most 3,000. `seed` also determines the judges. Arguments and
    result are those of `modalities.evaluate`; the result has `protocol` too.
    """
    num = min(MAX_DEFAULT, max(MIN_WINDOWS, len(test))) if num is None else num
    check_enough(num, seed, MIN_WINDOWS, training=training, test=test)
    real = some_windows(test, num, seed)
    known = some_windows(training, max(num, MAX_DEFAULT), seed)
    moves = [np.nanmin(each) < np.nanmax(each) for each in np.moveaxis(known, 2, 0)]  # there is nothing to learn about others
    real, known = real[..., moves], known[..., moves]
    samplers = {
        "gan": gan.generate(num, seed, labels=requested_labels(gan, training, num, seed), as_frame=False)[..., moves],
        "baseline": VectorAutoregression(known).sample(num, seed),
        "real": known[:num],
    }
    privacy, titles, words = getattr(gan, "privacy", None), dict(TITLES), {"baseline": "a vector autoregression"}
    if privacy is not None:
        progress(f"Measuring noised moments for epsilon={privacy.epsilon:g}")
        codec, words["moments"] = gan.codec, "noised moments of the same epsilon"
        ranges = list(zip(codec.minima, codec.maxima, strict=True))
        moments = noised_moments(training, ranges, privacy.epsilon, privacy.delta)
        low, high = np.array(ranges).T
        samplers["moments"] = (low + (moments.sample(num, seed) + 1.0) / 2.0 * (high - low))[..., moves].astype(np.float32)
        titles["moments"] = f"noised moments, epsilon={privacy.epsilon:g}"
    values, signs = {}, dict.fromkeys(COLUMNS, -1)
    for name, windows in samplers.items():
        progress(f"Scoring {len(windows):,} windows: {titles[name]}")
        values[name] = scores(real, windows, seed)
    lines = verdict(values, signs, COLUMNS, words, "windows")
    if privacy is not None:
        others = "The autoregression and real windows"
        lines.append(private_line(values, signs, "moments", "noised moments (`privacy.NoisedMoments`)", others))
    settings = {"num": num, "seed": seed, "columns": list(training.columns)}
    return result_of(values, titles, settings, lines, protocol=protocol(test, real, num, seed))


def noised_moments(series, ranges, epsilon, delta):
    """Returns the `privacy.NoisedMoments` of all windows, scaled from their columns' public ranges to [-1, 1]."""
    low, high = np.array(ranges, np.float64).T

    def blocks():
        for start in range(0, len(series), _BLOCK):
            windows = series.samples(np.arange(start, min(start + _BLOCK, len(series))))
            yield (windows - low) / (high - low) * 2.0 - 1.0, None

    return NoisedMoments(blocks, epsilon, delta)


def some_windows(data, num, seed):
    """At most `num` windows of the data, drawn at random."""
    return data.samples(np.random.default_rng(seed).permutation(len(data))[:num])


def requested_labels(gan, training, num, seed):
    """Labels drawn with their frequency in the training data; None for a GAN without labels."""
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
