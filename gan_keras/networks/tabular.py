"""Networks of table rows: packing, and the conditional tabular GAN (CTGAN).

A row starts with `num_numbers` numbers in [-1, 1], followed by one-hot choices of the given `sizes`. Labels are conditions: the
index of a value of some column, which the networks read one-hot.

References: PacGAN is [Lin et al., 2017](https://arxiv.org/abs/1712.04086); CTGAN is
[Xu et al., 2019](https://arxiv.org/abs/1907.00503), sections 4.3 and 4.4.
"""

import keras
import tensorflow as tf
from keras import layers, ops

from gan_keras.networks.base import Discriminator, Generator, attributes, require_labels
from gan_keras.networks.layers import BatchNormalization, GumbelSoftmaxSampling


@keras.saving.register_keras_serializable(package="gan_keras")
class Packed(Discriminator):
    """Concatenates `num` neighbours of a batch along their last axis and judges them as one pack (PacGAN).

    A generator that loses modes is exposed, because its samples resemble each other more than real ones do. Shuffle the batches,
    so that a pack consists of independent samples.

    A pack's logit is repeated for each of its samples, so the mean of a loss is that over packs. The gradient of these logits
    with respect to one sample is `num` times that of the pack's logit. So `R1` and `R2` are `num` times as strong as on packs
    (divide their gamma), and `GradientPenalty` keeps the norm of a pack near 1 with `target=num**0.5`.

    During training, batches must be a multiple of `num`. Otherwise the last pack is filled up from the start of the batch, so a
    logit, including `GAN.score`, depends on the other samples.

    Args:
        discriminator: A `keras.Model` from packs `(batch / num, ..., num * channels)` to logits `(batch / num, 1)`, without a
            sigmoid and without labels.
        num: Samples per pack, >= 1; 2 to 4 in the paper.

    Raises:
        ValueError: If `num` is below 1.
        tf.errors.InvalidArgumentError: During training, if the batch is not a multiple of `num`.
    """

    def __init__(self, discriminator, num=2, **kwargs):
        super().__init__(**kwargs)
        if num < 1:
            raise ValueError(f"num={num}. Expected at least one sample per pack.")
        self.discriminator, self.num = discriminator, num

    def call(self, samples, training=False):
        logits = self.discriminator(pack(samples, self.num, training), training=training)
        return unpack(logits, self.num, samples)

    def get_config(self):
        discriminator = keras.saving.serialize_keras_object(self.discriminator)
        return {**super().get_config(), "discriminator": discriminator, "num": self.num}

    @classmethod
    def from_config(cls, config):
        return cls(**{**config, "discriminator": keras.saving.deserialize_keras_object(config["discriminator"])})


def pack(samples, num, training):
    """`(batch, ..., channels)` -> `(batch / num, ..., num * channels)`, with the channels of neighbours concatenated.

    Fills up the last pack from the start of the batch. During training, raises `tf.errors.InvalidArgumentError` instead.
    """
    if training:  # the size of the batch may be known to the graph only
        batch = tf.shape(samples)[0]
        message = (
            f"The batch is not a multiple of num={num}. Expected whole packs: batch(..., drop_remainder=True). The batch is:"
        )
        with tf.control_dependencies([tf.debugging.Assert(tf.equal(batch % num, 0), [message, batch])]):
            samples = tf.identity(samples)
    else:
        batch = ops.shape(samples)[0]
        samples = ops.take(samples, ops.arange(batch + (-batch) % num) % batch, axis=0)
    shape = ops.shape(samples)
    neighbours = ops.moveaxis(ops.reshape(samples, (-1, num, *shape[1:])), 1, -2)
    return ops.reshape(neighbours, (-1, *shape[1:-1], num * shape[-1]))


def unpack(logits, num, samples):
    """Repeats the logits of packs for each of the samples: `(batch, 1)`."""
    return ops.repeat(logits, num, axis=0)[: ops.shape(samples)[0]]


class TabularGenerator(Generator):
    """Base class of generators of rows. Subclasses implement `logits(latents, labels, training)` -> `(batch, width)`.

    Numbers are tanh of their logits. Choices are sampled by Gumbel-softmax, with reserved latents as its noise, so that a row is
    a function of its latents.

    Args:
        num_numbers: Numbers at the start of a row, >= 0.
        sizes: Number of options of each choice, each >= 1.
        noise_dim: Latents that the network reads, >= 2. `sum(sizes)` more latents are the noise of the choices.
        num_labels: Number of conditions; 0 for none.
        temperature: Temperature of the Gumbel-softmax, > 0.

    Raises:
        ValueError: If `noise_dim` is below 2.
    """

    def __init__(self, num_numbers, sizes, noise_dim=128, num_labels=0, temperature=0.2, **kwargs):
        super().__init__(noise_dim + sum(sizes), **kwargs)
        if noise_dim < 2:
            raise ValueError(f"noise_dim={noise_dim}. Expected at least 2.")
        self.num_numbers, self.sizes, self.noise_dim, self.num_labels = num_numbers, tuple(sizes), noise_dim, num_labels
        self.temperature = temperature
        self.choose = GumbelSoftmaxSampling(temperature)

    @property
    def style_dim(self):
        """Number of leading latents that the network reads; the others are the noise of the choices."""
        return self.noise_dim

    @property
    def width(self):
        """Size of a row."""
        return self.num_numbers + sum(self.sizes)

    def call(self, latents, labels=None, training=False):
        require_labels(labels, self.num_labels)
        return self.activate(self.logits(latents[:, : self.noise_dim], labels, training), latents[:, self.noise_dim :])

    def activate(self, logits, normals):
        """Turns logits `(batch, width)` into rows. `normals` is the noise of the choices, `(batch, sum(sizes))`."""
        parts, start = [ops.tanh(logits[:, : self.num_numbers])], self.num_numbers
        for size in self.sizes:
            own, noise = logits[:, start : start + size], normals[:, start - self.num_numbers :][:, :size]
            parts.append(self.choose(own, noise) if size > 1 else ops.ones_like(own))
            start += size
        return ops.concatenate(parts, axis=1)

    def get_config(self):
        names = ("num_numbers", "sizes", "noise_dim", "num_labels", "temperature")
        config = {**super().get_config(), **attributes(self, *names)}
        del config["latent_dim"]  # follows from the others
        return config


@keras.saving.register_keras_serializable(package="gan_keras")
class ResidualTableGenerator(TabularGenerator):
    """CTGAN's generator. Each layer passes on its inputs with its outputs, so that condition and noise reach the last layer.

    Args:
        num_numbers: Numbers at the start of a row. Arguments that are not listed are those of `TabularGenerator`.
        sizes: Number of options of each choice.
        units: Widths of the layers; 256 and 256 in the paper.
    """

    def __init__(self, num_numbers, sizes, noise_dim=128, num_labels=0, units=(256, 256), **kwargs):
        super().__init__(num_numbers, sizes, noise_dim, num_labels, **kwargs)
        self.units = tuple(units)
        self.hidden = [layers.Dense(width) for width in self.units]
        self.normalizations = [BatchNormalization(momentum=0.9) for _ in self.units]
        self.last = layers.Dense(self.width, dtype="float32")

    def logits(self, latents, labels=None, training=False):
        features = append_condition(latents, labels, self.num_labels)
        for dense, normalization in zip(self.hidden, self.normalizations, strict=True):
            outputs = ops.relu(normalization(dense(features), training=training))
            features = ops.concatenate([outputs, features], axis=1)
        return self.last(features)

    def get_config(self):
        return {**super().get_config(), "units": self.units}


class RowReader(Discriminator):
    """Base class of networks that read rows. Subclasses set `num_labels`."""

    def build_from_config(self, config):
        # Keras would build a loaded network without labels, which a network with labels refuses.
        self(ops.zeros((2, config["input_shape"][-1])), ops.zeros((2,), "int32") if self.num_labels else None)


@keras.saving.register_keras_serializable(package="gan_keras")
class PackedTableDiscriminator(RowReader):
    """CTGAN's discriminator: judges packs of rows with their conditions, to expose a generator that repeats itself.

    A pack's logit is repeated for each of its rows: see `networks.Packed`, also for the strength of penalties.

    Args:
        num_labels: Number of conditions; 0 for none.
        units: Widths of the layers; 256 and 256 in the paper.
        num: Rows per pack, >= 1; 10 in the paper.
        dropout: Rate in [0, 1); 0.5 in the paper.

    Raises:
        ValueError: If `num` is below 1.
        tf.errors.InvalidArgumentError: During training, if the batch is not a multiple of `num`.
    """

    def __init__(self, num_labels=0, units=(256, 256), num=10, dropout=0.5, **kwargs):
        super().__init__(**kwargs)
        if num < 1:
            raise ValueError(f"num={num}. Expected at least one row per pack.")
        self.num_labels, self.units, self.num, self.dropout = num_labels, tuple(units), num, dropout
        self.hidden = [layers.Dense(width, activation="leaky_relu") for width in self.units]
        self.dropouts = [layers.Dropout(dropout, seed=index) for index, _ in enumerate(self.units)]
        self.last = layers.Dense(1, dtype="float32")

    def call(self, samples, labels=None, training=False):
        features = pack(append_condition(samples, labels, self.num_labels), self.num, training)
        for dense, dropout in zip(self.hidden, self.dropouts, strict=True):
            features = dropout(dense(features), training=training)
        return unpack(self.last(features), self.num, samples)

    def get_config(self):
        return {**super().get_config(), **attributes(self, "num_labels", "units", "num", "dropout")}


def append_condition(inputs, labels, num_labels):
    """Returns inputs `(batch, width)` with the one-hot condition appended; the inputs alone if `num_labels` is 0."""
    require_labels(labels, num_labels)
    return ops.concatenate([inputs, ops.one_hot(labels, num_labels, dtype=inputs.dtype)], axis=1) if num_labels else inputs
