"""Networks of the conditional tabular GAN: [Xu et al., 2019](https://arxiv.org/abs/1907.00503), sections 4.3 and 4.4.

A sample begins with `num_numbers` numbers in [-1, 1]; then come one-hot choices, `sizes` of them. Labels are conditions: the
number of a value of some column, which the networks read as one-hot.
"""

import keras
import tensorflow as tf
from keras import layers, ops

from gan_keras.networks.base import Discriminator, Generator
from gan_keras.networks.image_base import require_labels
from gan_keras.networks.layers import BatchNormalization, GumbelSoftmaxSampling

# --- A discriminator that judges several samples at once: [PacGAN, Lin et al., 2017](https://arxiv.org/abs/1712.04086).


@keras.saving.register_keras_serializable(package="gan_keras")
class Packed(Discriminator):
    """Joins `num` neighbours of a batch along their last axis and asks a discriminator about the whole pack.

    Samples that resemble each other more than real ones do give a generator away that loses modes. Batches have to be
    shuffled, so that a pack is a draw of independent samples.

    A pack's logit is repeated for each of its samples: the mean of a loss stays that over the packs. The gradient of these
    logits with respect to one sample is `num` times that of the pack's logit. So `R1` and `R2` are `num` times as strong as
    on packs (divide their gamma), and `GradientPenalty` holds the norm over a pack near 1 with `target=num**0.5`.

    In training every batch is a multiple of `num`. Elsewhere the last pack is filled up from the beginning of the batch,
    so that a logit, also that of `GAN.score`, depends on the samples beside it.

    Args:
        discriminator: A `keras.Model` from packs `(batch / num, ..., num * channels)` to logits `(batch / num, 1)`, without a
            sigmoid. It takes no labels.
        num: Samples in a pack, >= 1; the paper's are 2 to 4.

    Raises:
        ValueError: If num is below 1.
        tf.errors.InvalidArgumentError: In training, if the batch is not a multiple of `num`.
    """

    def __init__(self, discriminator, num=2, **kwargs):
        super().__init__(**kwargs)
        if num < 1:
            raise ValueError(f"num={num}. Expected at least one sample in a pack.")
        self.discriminator, self.num = discriminator, num

    def call(self, samples, training=False):
        whole = require_multiple(samples, self.num) if training else fill_up(samples, self.num)
        logits = self.discriminator(pack(whole, self.num), training=training)
        return ops.repeat(logits, self.num, axis=0)[: ops.shape(samples)[0]]

    def get_config(self):
        return {
            **super().get_config(),
            "discriminator": keras.saving.serialize_keras_object(self.discriminator),
            "num": self.num,
        }

    @classmethod
    def from_config(cls, config):
        return cls(**{**config, "discriminator": keras.saving.deserialize_keras_object(config["discriminator"])})


def pack(samples, num):
    """`(batch, ..., channels)` -> `(batch / num, ..., num * channels)`, one neighbour's channels after the other's."""
    shape = ops.shape(samples)
    neighbours = ops.moveaxis(ops.reshape(samples, (-1, num, *shape[1:])), 1, -2)
    return ops.reshape(neighbours, (-1, *shape[1:-1], num * shape[-1]))


def fill_up(samples, num):
    """Repeats samples from the first one on until their number is a multiple of `num`."""
    batch = ops.shape(samples)[0]
    return ops.take(samples, ops.arange(batch + (-batch) % num) % batch, axis=0)


def require_multiple(samples, num):
    """The samples, once their number is known to be a multiple of `num`: the batch may be known to the graph only."""
    batch = tf.shape(samples)[0]
    message = f"The batch is not a multiple of num={num}. Expected whole packs: batch(..., drop_remainder=True). The batch is:"
    with tf.control_dependencies([tf.debugging.Assert(tf.equal(batch % num, 0), [message, batch])]):
        return tf.identity(samples)


# --- Networks of the conditional tabular GAN: [Xu et al., 2019](https://arxiv.org/abs/1907.00503), sections 4.3 and 4.4.
#
# A sample begins with `num_numbers` numbers in [-1, 1]; then come one-hot choices, `sizes` of them. Labels are conditions: the
# number of a value of some column, which the networks read as one-hot.


class TabularGenerator(Generator):
    """Base of the generators of rows: a subclass has `logits(latents, labels, training)` -> `(batch, width)`.

    Numbers are tanh of their logits; choices are drawn by Gumbel-softmax, whose noise are latents kept for it, so that a row is
    a function of its latents.

    Args:
        num_numbers: Numbers that begin a sample, >= 0.
        sizes: Of the choices, each >= 1.
        noise_dim: Latents that the network reads, >= 2; it has as many more as there are choices to draw among.
        num_labels: How many conditions there are; 0 for none.
        temperature: Of the Gumbel-softmax, > 0.
    """

    def __init__(self, num_numbers, sizes, noise_dim=128, num_labels=0, temperature=0.2, **kwargs):
        super().__init__(noise_dim + sum(sizes), **kwargs)
        if noise_dim < 2:
            raise ValueError(f"noise_dim={noise_dim}. Expected at least 2.")
        self.num_numbers, self.sizes, self.noise_dim, self.num_labels = num_numbers, tuple(sizes), noise_dim, num_labels
        self.temperature = temperature
        self.choose = GumbelSoftmaxSampling(temperature)

    @property
    def width(self):
        """Numbers of a sample."""
        return self.num_numbers + sum(self.sizes)

    def call(self, latents, labels=None, training=False):
        require_labels(labels, self.num_labels)
        return self.activate(self.logits(latents[:, : self.noise_dim], labels, training), latents[:, self.noise_dim :])

    def activate(self, logits, normals):
        """Logits `(batch, width)` as a sample; `normals` is the noise of the choices, `(batch, sum(sizes))`."""
        parts, start = [ops.tanh(logits[:, : self.num_numbers])], self.num_numbers
        for size in self.sizes:
            own, noise = logits[:, start : start + size], normals[:, start - self.num_numbers :][:, :size]
            parts.append(self.choose(own, noise) if size > 1 else ops.ones_like(own))
            start += size
        return ops.concatenate(parts, axis=1)

    def build_from_config(self, config):
        # Keras would build a loaded network without conditions, which a network made for some refuses.
        self(ops.zeros((2, self.latent_dim)), ops.zeros((2,), "int32") if self.num_labels else None)

    def get_config(self):
        config = super().get_config()
        del config["latent_dim"]  # follows from the rest
        own = ("num_numbers", "sizes", "noise_dim", "num_labels", "temperature")
        return {**config, **{name: getattr(self, name) for name in own}}


@keras.saving.register_keras_serializable(package="gan_keras")
class ResidualTableGenerator(TabularGenerator):
    """Each layer hands on what it read beside what it made of it, so that the condition and the noise reach the last one.

    Args:
        num_numbers: See `TabularGenerator`, as for all that is not listed.
        sizes: See there.
        units: Widths of the layers; the paper's are 256 and 256.
    """

    def __init__(self, num_numbers, sizes, noise_dim=128, num_labels=0, units=(256, 256), **kwargs):
        super().__init__(num_numbers, sizes, noise_dim, num_labels, **kwargs)
        self.units = tuple(units)
        self.hidden = [layers.Dense(width) for width in self.units]
        self.normalizations = [BatchNormalization(momentum=0.9) for _ in self.units]
        self.last = layers.Dense(self.width, dtype="float32")

    def logits(self, latents, labels=None, training=False):
        features = with_condition(latents, labels, self.num_labels)
        for dense, normalization in zip(self.hidden, self.normalizations, strict=True):
            made = ops.relu(normalization(dense(features), training=training))
            features = ops.concatenate([made, features], axis=1)
        return self.last(features)

    def get_config(self):
        return {**super().get_config(), "units": self.units}


class RowReader(Discriminator):
    """Base of the networks that read rows: a subclass has `num_labels`."""

    def build_from_config(self, config):
        # As of the generator.
        self(ops.zeros((2, config["input_shape"][-1])), ops.zeros((2,), "int32") if self.num_labels else None)


@keras.saving.register_keras_serializable(package="gan_keras")
class PackedTableDiscriminator(RowReader):
    """Judges several rows, each beside its condition, at once: a generator that repeats itself is found out.

    A pack's logit is repeated for each of its rows: see `networks.Packed`, also for the strength of penalties.

    Args:
        num_labels: How many conditions there are; 0 for none.
        units: Widths of the layers; the paper's are 256 and 256.
        num: Rows of a pack, >= 1; the paper's are 10.
        dropout: Share of the features that training leaves out, in [0, 1); the paper's is .5.
    """

    def __init__(self, num_labels=0, units=(256, 256), num=10, dropout=0.5, **kwargs):
        super().__init__(**kwargs)
        if num < 1:
            raise ValueError(f"num={num}. Expected at least one row in a pack.")
        self.num_labels, self.units, self.num, self.dropout = num_labels, tuple(units), num, dropout
        self.hidden = [layers.Dense(width, activation="leaky_relu") for width in self.units]
        self.dropouts = [layers.Dropout(dropout, seed=index) for index, _ in enumerate(self.units)]
        self.last = layers.Dense(1, dtype="float32")

    def call(self, samples, labels=None, training=False):
        rows = with_condition(samples, labels, self.num_labels)
        whole = require_multiple(rows, self.num) if training else fill_up(rows, self.num)
        features = pack(whole, self.num)
        for dense, dropout in zip(self.hidden, self.dropouts, strict=True):
            features = dropout(dense(features), training=training)
        return ops.repeat(self.last(features), self.num, axis=0)[: ops.shape(samples)[0]]

    def get_config(self):
        own = ("num_labels", "units", "num", "dropout")
        return {**super().get_config(), **{name: getattr(self, name) for name in own}}


def with_condition(inputs, labels, num_labels):
    """Inputs `(batch, width)` with the condition beside them, one-hot; the inputs alone where there are no conditions.

    Raises:
        ValueError: If labels are missing or not expected.
    """
    require_labels(labels, num_labels)
    return ops.concatenate([inputs, ops.one_hot(labels, num_labels, dtype=inputs.dtype)], axis=1) if num_labels else inputs
