"""A discriminator that judges several samples at once: [PacGAN, Lin et al., 2017](https://arxiv.org/abs/1712.04086)."""

import keras
import tensorflow as tf
from keras import ops

from gan_keras.networks.base import Discriminator


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
