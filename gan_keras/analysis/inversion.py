"""Inversion: the latents that come nearest to a real sample, and the nearest of other samples for comparison.

What a GAN cannot make is thereby seen: even its nearest sample is far away.

Reference: [Creswell and Bharath, 2018](https://arxiv.org/abs/1611.05644).
"""

import dataclasses
import math
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from gan_keras.analysis.attributes import kind_of
from gan_keras.analysis.units import mean_interval, plain_of
from gan_keras.data.table.load import read_like
from gan_keras.gans import inputs
from gan_keras.gans.sampling import check_samples, seeds_from
from gan_keras.metrics.features import as_feature_pair
from gan_keras.metrics.precision_recall import distance_blocks

_BLOCK = 256  # samples per call of a graph
_BETA_1, _BETA_2, _EPSILON = 0.9, 0.999, 1e-8  # of Adam


class Nearest(NamedTuple):
    """The nearest references of each sample, the nearest first.

    Attributes:
        indices: int64 `(n, num)`.
        distances: Root mean square difference of values or features, float64 `(n, num)`.
    """

    indices: np.ndarray
    distances: np.ndarray


@dataclasses.dataclass(frozen=True)
class Inversion:
    """Reconstructions of samples by a generator.

    All distances are root mean square differences in the codec's tensors, such as pixels in [-1, 1], or in features.

    Attributes:
        latents: float32 `(n, latent_dim)`; latents beyond the style are 0.
        labels: Label of each reconstruction, int32 `(n,)`; None for a GAN without labels.
        reconstructions: Generated samples, in the form of `samples_of`.
        distances: Distance of each sample to its reconstruction, float64 `(n,)`.
        nearest_generated: `Nearest` of `num_generated` samples that the GAN made of random latents, with the same label if labels
            are given.
        nearest_training: `Nearest` of the training samples; None if none are given.
        control: Distances of other samples that the GAN did make, inverted in the same way: what remains is due to the search.
        style_dim: Number of leading latents that were searched.
    """

    latents: np.ndarray
    labels: np.ndarray | None
    reconstructions: object
    distances: np.ndarray
    nearest_generated: Nearest
    nearest_training: Nearest | None
    control: np.ndarray
    style_dim: int

    @property
    def lengths(self):
        """Root mean square of each sample's style latents, `(n,)`: about 1 is typical, more is unlikely."""
        return np.sqrt(np.mean(np.square(self.latents[:, : self.style_dim]), axis=1))

    @property
    def intervals(self):
        """Mean distances with 95 % intervals over samples, a dictionary of `metrics.Interval`."""
        found = {
            "reconstruction": self.distances,
            "nearest_generated": self.nearest_generated.distances[:, 0],
            "control": self.control,
        }
        if self.nearest_training is not None:
            found["nearest_training"] = self.nearest_training.distances[:, 0]
        return {name: mean_interval(distances) for name, distances in found.items()}


def invert(
    gan,
    samples,
    labels=None,
    starts=4,
    steps=200,
    learning_rate=0.05,
    prior=1e-3,
    training=None,
    features=None,
    num_generated=1000,
    num_controls=8,
    seed=0,
):
    """Finds the latents whose samples come nearest to given ones, by gradient descent from several starts.

    Adam minimizes `mean((G(z) - x)^2) + prior * mean(z^2)` with a learning rate that falls to 0 along a cosine. Half of the
    starts, rounded down, are random; the others are the latents of the nearest of `num_generated` generated samples, and the code
    of the encoder if the GAN has one. The nearest result counts.

    For tables, only latents of the style move. The others are 0, so that each choice is the likeliest. Rows keep the condition
    that the networks read in them.

    Example:

        found = gan_keras.analysis.invert(gan, images[:16], training=images[1000:])
        print(found.intervals)

    Args:
        gan: A `gan_keras.GAN` that makes samples of numbers from latents.
        samples: Raw samples as `gan.score` takes them, `n` in all.
        labels: Their labels, as for `gan.generate`. None tries those of the nearest generated samples.
        starts: Number of starts per sample, >= 1.
        steps: Number of updates, >= 1. The time is that of about `3 * n * starts * steps` samples.
        learning_rate: Initial learning rate in deviations of a latent, > 0.
        prior: Weight of the latents' squares, >= 0. It is the density of the prior for values with a variance of half the weight,
            and mild by default: it holds back latents that have hardly any effect.
        training: Raw training samples, for `nearest_training`; None for none.
        features: A differentiable function from tensors `(batch, ...)` to features, or to a dictionary with `features`, such as
            an `metrics.Extractor`. None compares the tensors themselves.
        num_generated: Number of generated samples to start from and compare with, >= `starts` per label.
        num_controls: Number of other generated samples to invert as a control, >= 0.
        seed: Seed of the generated samples.

    Returns:
        An `Inversion`.

    Raises:
        ValueError: If an argument is out of its range, samples do not fit, or the GAN writes text or translates images.
    """
    check_invertible(gan)
    if starts < 1 or steps < 1 or not learning_rate > 0 or not prior >= 0 or num_controls < 0:
        raise ValueError(
            f"starts={starts}, steps={steps}, learning_rate={learning_rate}, prior={prior}, num_controls={num_controls}. "
            "Expected starts and steps >= 1, a learning rate > 0, and neither of the others below 0."
        )
    gan.follow_generator()
    targets, given = tensors_of(gan, samples), None
    if labels is not None:
        if kind_of(gan) == "table":
            raise ValueError("Got labels for rows, which hold their conditions. Expected `labels=None`.")
        given = gan.labels_for(labels, len(targets))
    search = _Search(gan, features, prior, starts, num_generated, given, seed)
    search.prepare(steps, learning_rate)
    latents, chosen, distances, found = search.run(targets, search.labels_of(targets) if given is None else given)
    control = np.zeros(0)
    if num_controls:
        seeds = seeds_from(num_controls, seed + 2 * num_generated)
        made_with = search.labels_like(given, seeds)
        rows, _ = search.make(gan.latents_from(seeds), made_with)
        control = search.run(rows, search.labels_of(rows) if given is None else made_with)[2]
    near_training = None if training is None else nearest(targets, tensors_of(gan, training), features)
    reconstructions = plain_of(gan, search.make(latents, chosen)[1])
    return Inversion(latents, chosen, reconstructions, distances, found, near_training, control, gan.style_dim)


class _Search:
    """The pool of generated samples, and the compiled descent from several starts for each target."""

    def __init__(self, gan, features, prior, starts, num_generated, given, seed):
        self.gan, self.features, self.prior, self.starts, self.seed = gan, features, prior, starts, seed + num_generated
        self.is_table, self.has_given = kind_of(gan) == "table", given is not None
        num_labels = len(np.unique(given)) if self.has_given else 1
        if num_generated < starts * num_labels:
            raise ValueError(
                f"num_generated={num_generated}. Expected at least {starts * num_labels}: {starts} starts for each of "
                f"{num_labels} labels."
            )
        seeds = seeds_from(num_generated, seed)
        self.pool_latents, self.pool_labels = gan.latents_from(seeds).numpy(), self.labels_like(given, seeds)
        self.make_in_graph = tf.function(self.made, autograph=False).get_concrete_function(*self.specs(gan.latent_dim))
        self.pool = vectors(self.make(self.pool_latents, self.pool_labels)[0], features)

    def specs(self, *widths):
        """Specs of rows of these widths, and of labels."""
        has_labels = self.pool_labels is not None
        return [*(tf.TensorSpec([None, each]) for each in widths), tf.TensorSpec([None], tf.int32) if has_labels else None]

    def labels_like(self, given, seeds):
        """Labels for generated samples: those that are given in turn, or as `generate` draws them."""
        if self.has_given:
            kinds = np.unique(given)
            return kinds[np.arange(len(seeds)) % len(kinds)]
        labels = self.gan.labels_from(seeds)
        return None if labels is None else labels.numpy()

    def labels_of(self, targets):
        """Conditions that rows of a table meet; None for samples whose label is unknown."""
        if not self.is_table:
            return None
        cells = self.gan.codec.decode(tf.constant(targets))
        conditions = self.gan.codec.last_condition(cells)
        return None if conditions is None else conditions.numpy().astype(np.int32)

    # --- Samples of latents. ---

    def made(self, latents, labels):
        samples = self.gan(latents, labels)
        raw = self.gan.decode(samples)
        # Probabilities could come nearer to a row than any row does: rows are compared as they are written.
        return (self.gan.codec.encode(raw) if self.is_table else samples), raw

    def make(self, latents, labels):
        """Tensors and decoded samples of latents `(n, latent_dim)`, as arrays."""
        parts = []
        for start in range(0, len(latents), _BLOCK):
            rows = slice(start, start + _BLOCK)
            given = {} if labels is None else {"labels": tf.constant(labels[rows])}
            parts.append([each.numpy() for each in self.make_in_graph(latents=tf.constant(latents[rows]), **given)])
        return [np.concatenate(each) for each in zip(*parts, strict=True)]

    def whole(self, styles):
        """Latents whose style is given and whose further latents are 0."""
        missing = self.gan.latent_dim - self.gan.style_dim
        return tf.concat([styles, tf.zeros([tf.shape(styles)[0], missing])], axis=1)

    # --- Descent. ---

    def prepare(self, steps, learning_rate):
        self.steps, self.rate = steps, learning_rate
        specs = self.specs(self.gan.style_dim, self.pool.shape[1])
        self.descend = tf.function(self.descended, autograph=False).get_concrete_function(*specs)

    def descended(self, styles, targets, labels):
        """Adam's result for each row, which does not depend on the other rows."""

        def update(step, styles, mean, square):
            with tf.GradientTape() as tape:
                tape.watch(styles)
                values = features_in_graph(self.features, self.gan(self.whole(styles), labels))
                error = tf.reduce_mean(tf.square(values - targets), axis=1)
                loss = tf.reduce_sum(error + self.prior * tf.reduce_mean(tf.square(styles), axis=1))
            gradient = tape.gradient(loss, styles)
            mean, square = (
                decay * old + (1.0 - decay) * new
                for decay, old, new in ((_BETA_1, mean, gradient), (_BETA_2, square, tf.square(gradient)))
            )
            past = tf.cast(step, tf.float32)
            rate = self.rate * 0.5 * (1.0 + tf.cos(math.pi * past / self.steps))
            step_size = rate * tf.sqrt(1.0 - _BETA_2 ** (past + 1.0)) / (1.0 - _BETA_1 ** (past + 1.0))
            return step + 1, styles - step_size * mean / (tf.sqrt(square) + _EPSILON), mean, square

        zeros = tf.zeros_like(styles)
        return tf.while_loop(lambda step, *_: step < self.steps, update, [0, styles, zeros, zeros])[1]

    def run(self, targets, labels):
        """Returns latents, labels and distances of the best results, and the `Nearest` of the pool."""
        wanted = vectors(targets, self.features)
        matches = None if not self.has_given else lambda rows: labels[rows, None] == self.pool_labels
        found = ranked(wanted, self.pool, self.starts, matches)
        styles, start_labels = self.first_styles(targets, labels, found)
        latents, chosen, distances = [], [], []
        step = max(1, _BLOCK // self.starts)
        for start in range(0, len(targets), step):
            rows = slice(start, start + step)
            own = None if start_labels is None else start_labels[rows].reshape(-1)
            repeated = np.repeat(wanted[rows], self.starts, axis=0)
            given = {} if own is None else {"labels": tf.constant(own)}
            results = self.descend(
                styles=tf.constant(styles[rows].reshape(-1, styles.shape[-1])),
                targets=tf.constant(repeated, tf.float32),
                **given,
            )
            ends = self.whole(results).numpy()
            errors = rms(vectors(self.make(ends, own)[0], self.features) - repeated).reshape(-1, self.starts)
            best = errors.argmin(axis=1) + np.arange(len(errors)) * self.starts
            latents.append(ends[best])
            distances.append(errors.min(axis=1))
            chosen.append(None if own is None else own[best])
        labels = None if start_labels is None else np.concatenate(chosen)
        return np.concatenate(latents), labels, np.concatenate(distances), found

    def first_styles(self, targets, labels, found):
        """The starts of each target, `(n, starts, style_dim)`, and their labels `(n, starts)`."""
        num, dim = len(targets), self.gan.style_dim
        if labels is not None:
            start_labels = np.repeat(labels[:, None], self.starts, axis=1).astype(np.int32)
        else:
            start_labels = None if self.pool_labels is None else self.pool_labels[found.indices].astype(np.int32)
        styles = self.pool_latents[found.indices][..., :dim].copy()
        num_random = self.starts // 2
        if num_random:
            seeds = np.arange(num * num_random, dtype=np.int64) + self.seed
            drawn = self.gan.latents_from(seeds).numpy()[:, :dim]
            styles[:, -num_random:] = drawn.reshape(num, num_random, dim)
        encoder = encoder_of(self.gan)
        if encoder is not None:
            styles[:, 0] = encoder.code(tf.constant(targets), None if start_labels is None else start_labels[:, 0])[0].numpy()
        return styles, start_labels


def encoder_of(gan):
    """Returns the network with a method `code` that maps samples to latents: a generator's encoder, or that of a VAE."""
    networks = getattr(gan.ema_generator, "encoder", None), gan.discriminator
    return next((each for each in networks if hasattr(each, "code")), None)


def check_invertible(gan):
    """Raises `ValueError` unless samples have gradients with respect to latents."""
    if gan.reads_pairs:
        raise ValueError(
            f"Got a {type(gan).__name__}, which makes images from images and has no latents. Expected a GAN that makes samples "
            "from latents; see `translate` and `reconstruct`."
        )
    if not gan.makes_floats:
        raise ValueError(
            f"Got a {type(gan).__name__}, whose tokens have no gradients. Expected a GAN that makes samples of numbers. For "
            "text, `gan.negative_log_likelihood` tells how likely a line is, and `analysis.attribute` what the discriminator "
            "rejects in it."
        )


# --- Distances. ---


def nearest(samples, references, features=None, num=1):
    """Returns the `Nearest` references of each sample, by values or by features. Memory stays bounded.

    Example:

        found = gan_keras.analysis.nearest(gan.generate(8), images, features=lambda pixels: extractor(2 * pixels - 1))

    Args:
        samples: Array of numbers, `(n, ...)`.
        references: Array of numbers of the same shape but for their number, `num` or more.
        features: A function from a block of such arrays, as float tensors, to features `(block, ...)`, or to a dictionary with
            `features`. None compares the values.
        num: Number of references per sample, >= 1.

    Raises:
        ValueError: If shapes differ, numbers are not finite, or there are fewer than `num` references.
    """
    samples, references = np.asarray(samples), np.asarray(references)
    if samples.shape[1:] != references.shape[1:] or not len(samples) or not 1 <= num <= len(references):
        raise ValueError(
            f"Got samples of shape {samples.shape}, references of shape {references.shape}, and num={num}. Expected equal shapes "
            "after the first axis, at least one sample, and num from 1 to the number of references."
        )
    return ranked(vectors(samples, features), vectors(references, features), num)


def ranked(rows, columns, num, matches=None):
    """Returns the `num` nearest columns of each row; `matches` tells for a slice of rows which columns count."""
    rows, columns = as_feature_pair(rows, columns)
    indices, distances = np.empty((len(rows), num), np.int64), np.empty((len(rows), num))
    for chosen, block in distance_blocks(rows, columns):
        if matches is not None:
            block[~matches(chosen)] = np.inf
        indices[chosen] = np.argsort(block, axis=1, kind="stable")[:, :num]
        distances[chosen] = np.take_along_axis(block, indices[chosen], axis=1)
    return Nearest(indices, distances / np.sqrt(rows.shape[1]))


def rms(differences):
    return np.sqrt(np.mean(np.square(differences), axis=1))


def features_in_graph(features, tensors):
    """Returns the features of tensors as vectors, `(batch, dim)`; the tensors themselves for None."""
    values = tensors if features is None else features(tensors)
    values = values["features"] if isinstance(values, dict) else values
    return tf.reshape(values, [tf.shape(values)[0], -1])


def vectors(values, features):
    """Returns the features of an array as vectors, float64 `(num, dim)`, computed in blocks."""
    if features is None:
        return np.asarray(values, np.float64).reshape(len(values), -1)
    blocks = (tf.constant(values[start : start + _BLOCK]) for start in range(0, len(values), _BLOCK))
    return np.concatenate([np.asarray(features_in_graph(features, block), np.float64) for block in blocks])


def tensors_of(gan, samples):
    """Returns raw samples, as `gan.score` takes them, as the tensors of the networks, float32."""
    if kind_of(gan) == "table":
        if hasattr(samples, "iloc"):
            values = read_like(samples, gan.codec.columns).cells
        else:
            values = gan.codec.from_columns(samples).numpy() if isinstance(samples, dict) else np.asarray(samples, np.float64)
    else:
        values = inputs.as_array(samples)
        if inputs.needs_a_look(gan, values) and (scale := inputs.Source(gan).look(values)) is not None:
            values = inputs.decoded(values, scale)
    tensors = gan.in_blocks(gan.encode, values).astype(np.float32)
    check_samples(gan, tf.constant(tensors[:1]))
    return tensors
