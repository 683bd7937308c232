"""Smoothness and disentanglement of latents: perceptual path length, and DCI of directions.

References: [Karras et al., 2019](https://arxiv.org/abs/1812.04948), section 4.1 (path length);
[Eastwood and Williams, 2018](https://openreview.net/forum?id=By-7dz-AZ) (disentanglement, completeness, informativeness).
"""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from gan_keras import noise
from gan_keras.analysis.attributes import attributes_of, samples_of
from gan_keras.analysis.inversion import check_invertible, features_in_graph
from gan_keras.analysis.units import groups_of, mean_interval
from gan_keras.gans.sampling import seeds_from
from gan_keras.metrics.seeds import Interval, paired_interval
from gan_keras.networks.base import call_network

_BLOCK = 256  # pairs per call of a graph
_MIN_SINE = 1e-4  # of an angle below which an arc is straight
_FOLDS = 3  # of the cross-validation that chooses the penalty
_HELD_OUT = 0.25


class PathLength(NamedTuple):
    """Perceptual path length, as `metrics.Interval` over paths.

    Attributes:
        length: Mean squared difference per step of 1 along the path, in the units of the features: for comparisons in the same
            features.
        relative: `length` relative to the mean squared difference of the paths' ends. At least 1, and about 1.2 for a linear
            generator: comparable between features and scales.
        placebo: `relative` of the same architecture with weights that are shuffled within each array: no structure, and the same
            scale.
    """

    length: Interval
    relative: Interval
    placebo: Interval


def path_length(gan, n=500, seed=0, epsilon=1e-2, features=None):
    """Measures how evenly samples change along arcs between random latents; short and even is smooth.

    `length` is the mean of `mean((f(G(slerp(a, b; t + epsilon))) - f(G(slerp(a, b; t))))^2) / epsilon^2` over `t` in [0, 1) and
    latents `a`, `b`. Only latents of the style move, and a label stays.

    Example:

        found = gan_keras.analysis.path_length(gan, features=extractor)
        print(found.relative, "placebo", found.placebo)

    Args:
        gan: A `gan_keras.GAN` that makes samples of numbers from latents.
        n: Number of paths, >= 2.
        seed: Seed of the paths, and of the shuffled weights.
        epsilon: Step, in (0, 0.1]. The paper uses 1e-4; float32 samples of small networks need more.
        features: A function from tensors `(batch, ...)` to features, or to a dictionary with `features`, such as a
            `metrics.Extractor`; None for the tensors themselves.

    Raises:
        ValueError: If an argument is out of its range, or the GAN writes text or translates images.
    """
    check_invertible(gan)
    seeds = seeds_from(n, seed)
    if n < 2 or not 0 < epsilon <= 0.1:
        raise ValueError(f"n={n}, epsilon={epsilon}. Expected at least 2 paths, and a step in (0, 0.1].")
    gan.follow_generator()
    labels = gan.labels_from(seeds)
    starts = gan.latents_from(seeds)
    ends = gan.latents_from(noise.split(seeds, 1))
    shares = noise.uniform(noise.split(seeds, 2), 1) * (1.0 - epsilon)
    steps, whole = _squared_differences(gan, gan.ema_generator, features, starts, ends, shares, epsilon, labels)
    shuffled = _squared_differences(gan, shuffled_copy(gan, seed), features, starts, ends, shares, epsilon, labels)
    return PathLength(mean_interval(steps), ratio_interval(steps, whole), ratio_interval(*shuffled))


def _squared_differences(gan, network, features, starts, ends, shares, epsilon, labels):
    """Mean squared differences `(n,)` of each step, divided by `epsilon^2`, and of the two ends."""

    def measure(starts, ends, shares, labels):
        def values(share):
            return features_in_graph(features, call_network(network, along(starts, ends, share, gan.style_dim), labels))

        step = tf.reduce_mean(tf.square(values(shares + epsilon) - values(shares)), axis=1) / epsilon**2
        zeros = tf.zeros_like(shares)
        return step, tf.reduce_mean(tf.square(values(zeros + 1.0) - values(zeros)), axis=1)

    rows = tf.TensorSpec([None, gan.latent_dim])
    specs = [rows, rows, tf.TensorSpec([None, 1]), None if labels is None else tf.TensorSpec([None], tf.int32)]
    graph, parts = tf.function(measure, autograph=False).get_concrete_function(*specs), []
    for start in range(0, len(starts), _BLOCK):
        block = slice(start, start + _BLOCK)
        given = {} if labels is None else {"labels": labels[block]}
        parts.append([each.numpy() for each in graph(starts=starts[block], ends=ends[block], shares=shares[block], **given)])
    return [np.concatenate(each).astype(np.float64) for each in zip(*parts, strict=True)]


def along(starts, ends, shares, style_dim):
    """Latents at shares `(n, 1)` of the arcs between two; latents beyond the style are those of the starts.

    Reference: [White, 2016](https://arxiv.org/abs/1609.04468).
    """
    first, second = starts[:, :style_dim], ends[:, :style_dim]
    cosines = tf.reduce_sum(tf.math.l2_normalize(first, 1) * tf.math.l2_normalize(second, 1), axis=1, keepdims=True)
    angles = tf.acos(tf.clip_by_value(cosines, -1.0, 1.0))
    sines = tf.sin(angles)
    straight = sines < _MIN_SINE
    safe = tf.where(straight, 1.0, sines)
    of_first = tf.where(straight, 1.0 - shares, tf.sin((1.0 - shares) * angles) / safe)
    of_second = tf.where(straight, shares, tf.sin(shares * angles) / safe)
    return tf.concat([of_first * first + of_second * second, starts[:, style_dim:]], axis=1)


def shuffled_copy(gan, seed):
    """Returns a copy of the averaged generator whose weights are shuffled within each array: equal scales, nothing learned."""
    copy, generator = gan.copy_generator("shuffled"), np.random.default_rng(seed)
    weights = gan.ema_generator.get_weights()
    copy.set_weights([generator.permutation(each.reshape(-1)).reshape(each.shape) for each in weights])
    return copy


def ratio_interval(numerators, denominators):
    """Returns the ratio of two means over samples as `metrics.Interval`, by the jackknife."""
    numerators, denominators = np.asarray(numerators, np.float64), np.asarray(denominators, np.float64)
    num, ratio = len(numerators), numerators.sum() / denominators.sum()
    without = (numerators.sum() - numerators) / (denominators.sum() - denominators)
    return paired_interval(num * ratio - (num - 1) * without, np.zeros(num))


# --- DCI. ---


class Scores(NamedTuple):
    """DCI of one basis of the latents, each in [0, 1] and 1 at best.

    Attributes:
        disentanglement: 1 if each direction has an effect on one attribute only.
        completeness: 1 if each attribute depends on one direction only.
        informativeness: Mean share of the attributes' variance that is predicted on held-out samples (R squared, at least 0).
        importances: float64 `(style_dim, attributes)`.
    """

    disentanglement: float
    completeness: float
    informativeness: float
    importances: np.ndarray


class DCI(NamedTuple):
    """`Scores` of the directions, and for comparison of the latents' own axes and of a random basis; `names` of attributes."""

    directions: Scores
    axes: Scores
    random: Scores
    names: tuple


def dci(gan, directions, attributes=None, n=4000, seed=0, model=None):
    """Measures how well single directions stand for single attributes.

    Codes are projections of the latents on the directions. A regression predicts each attribute from all codes, and its weights
    tell their importances. The directions are completed by random orthogonal ones to a basis of all style latents, so that each
    basis holds the same information. Categories, and attributes that do not vary, are left out. For a GAN with labels, the mean
    of each label is subtracted from the attributes.

    Example:

        found = gan_keras.analysis.dci(gan, gan_keras.analysis.Directions.fit(gan).directions)
        print(found.directions.completeness, "axes", found.axes.completeness)

    Args:
        gan: A `gan_keras.GAN` whose samples follow from their latents.
        directions: `(num, latent_dim)`, linearly independent, such as `Directions.directions`.
        attributes: See `attributes_of`; at least two that vary.
        n: Number of samples, >= 100.
        seed: Seed of the samples and the random directions.
        model: A scikit-learn regressor that has `coef_` or `feature_importances_` once fitted, such as a
            `sklearn.ensemble.RandomForestRegressor`; None for a lasso whose penalty is chosen by cross-validation.

    Raises:
        ValueError: If directions have another shape or depend on each other, or fewer than two attributes vary.
    """
    check_invertible(gan)
    seeds, dim = seeds_from(n, seed), gan.style_dim
    if n < 100:
        raise ValueError(f"n={n}. Expected at least 100 samples.")
    directions = np.asarray(directions, np.float64)
    if directions.ndim != 2 or directions.shape[1] != gan.latent_dim or not 1 <= len(directions) <= dim:
        raise ValueError(f"Got directions of shape {directions.shape}. Expected (1 to {dim}, {gan.latent_dim}).")
    given = directions[:, :dim]
    if np.linalg.matrix_rank(given) < len(given):
        raise ValueError(
            "The directions depend on each other. Expected linearly independent ones, such as `Directions.fit` finds."
        )
    measured = {name: each(samples_of(gan, n, seed)) for name, each in attributes_of(gan, attributes).items()}
    factors = factors_of(measured, np.broadcast_to(groups_of(gan, gan.labels_from(seeds)), [n]))
    if len(factors) < 2:
        raise ValueError(f"The attributes {list(measured)} have {len(factors)} that vary. Expected at least two numbers that do.")
    styles = gan.latents_from(seeds).numpy()[:, :dim].astype(np.float64)
    generator = np.random.default_rng(seed)
    bases = (completed(given, generator), np.eye(dim), completed(np.zeros((0, dim)), generator))
    return DCI(*(scores_of(styles @ basis.T, factors, model, seed) for basis in bases), tuple(factors))


def factors_of(measured, groups):
    """Returns the attributes that are numbers and vary, less the means of their groups, by name; NaN where there is none."""
    factors = {}
    for name, values in measured.items():
        if values.dtype == object:
            continue
        centred = values.copy()
        for group in np.unique(groups):
            own = np.isfinite(values) & (groups == group)
            centred[own] -= values[own].mean() if own.any() else 0.0
        known = np.isfinite(centred)
        if known.sum() >= len(values) // 2 and centred[known].std() > 1e-9 * (1.0 + np.abs(values[known]).max()):
            factors[name] = centred
    return factors


def completed(directions, generator):
    """Returns the directions as unit rows, followed by random orthonormal rows that are orthogonal to them: `(dim, dim)`."""
    num, dim = directions.shape
    units = directions / np.linalg.norm(directions, axis=1, keepdims=True)
    others = generator.standard_normal((dim, dim - num))
    basis = np.linalg.qr(np.concatenate([units.T, others], axis=1))[0]
    return np.concatenate([units, basis[:, num:].T])


def scores_of(codes, factors, model=None, seed=0):
    """Returns the `Scores` of codes `(n, dim)` for factors, a dictionary of `(n,)` with NaN where a sample has none."""
    from sklearn.base import clone
    from sklearn.linear_model import LassoCV

    model = LassoCV(cv=_FOLDS, alphas=30, random_state=seed) if model is None else model
    codes = (codes - codes.mean(axis=0)) / codes.std(axis=0)
    is_test = np.random.default_rng(seed).permutation(len(codes)) < _HELD_OUT * len(codes)
    columns, shares = [], []
    for values in factors.values():
        known = np.isfinite(values)
        train, test = known & ~is_test, known & is_test
        scale = values[train].std()
        fitted = clone(model).fit(codes[train], values[train] / scale)
        importances = fitted.feature_importances_ if hasattr(fitted, "feature_importances_") else fitted.coef_
        columns.append(np.abs(importances).reshape(-1))
        shares.append(max(0.0, fitted.score(codes[test], values[test] / scale)))
    importances = np.stack(columns, axis=1)
    return Scores(disentanglement(importances), completeness(importances), float(np.mean(shares)), importances)


def disentanglement(importances):
    """Mean over codes of 1 - the entropy of a code's importances over factors, weighted by the code's total importance."""
    totals = importances.sum(axis=1)
    return float(np.sum((1.0 - entropies(importances)) * totals) / totals.sum()) if totals.sum() else 0.0


def completeness(importances):
    """Mean over factors of 1 - the entropy of a factor's importances over codes; 0 for a factor that nothing predicts."""
    known = importances.sum(axis=0) > 0
    return float(np.where(known, 1.0 - entropies(importances.T), 0.0).mean())


def entropies(rows):
    """Entropy of each row of weights, normalized to sum 1, relative to the largest that is possible: `(rows,)`, in [0, 1]."""
    if rows.shape[1] < 2:
        return np.zeros(len(rows))
    shares = rows / np.maximum(rows.sum(axis=1, keepdims=True), np.finfo(np.float64).tiny)
    logs = np.log(np.where(shares > 0, shares, 1.0))
    return -(shares * logs).sum(axis=1) / np.log(rows.shape[1])
