"""Penalties on the discriminator's gradient: `(discriminator, real_data, fake_data)` -> scalar, added to its loss.

`discriminator` is a function from samples to logits of shape `(batch, 1)`. Gradients are taken and squared in float32.
"""

import keras
import tensorflow as tf
from keras import ops


class Penalty:
    """Base of the penalties. A subclass implements `__call__(discriminator, real_data, fake_data)`.

    Args:
        gamma: Strength, >= 0. Its right value changes with the range and the resolution of the data.
    """

    def __init__(self, gamma):
        if gamma < 0:
            raise ValueError(f"gamma={gamma}. Expected a strength >= 0: a negative one would reward steep discriminators.")
        self.gamma = float(gamma)

    def __call__(self, discriminator, real_data, fake_data):
        raise NotImplementedError

    def get_config(self):
        return {"gamma": self.gamma}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


@keras.saving.register_keras_serializable(package="gan_keras")
class R1(Penalty):
    """`gamma / 2 * mean(||dD(x)/dx||^2)` on real data ([Mescheder et al., 2018](https://arxiv.org/abs/1801.04406)).

    Args:
        gamma: Strength, >= 0. Its right value changes with the range and the resolution of the data.
    """

    def __init__(self, gamma=1.0):
        super().__init__(gamma)

    def __call__(self, discriminator, real_data, fake_data):
        return self.gamma / 2.0 * ops.mean(squared_gradient_norm(discriminator, real_data))


@keras.saving.register_keras_serializable(package="gan_keras")
class R2(R1):
    """`R1` on generated data ([Mescheder et al., 2018](https://arxiv.org/abs/1801.04406))."""

    def __call__(self, discriminator, real_data, fake_data):
        return super().__call__(discriminator, fake_data, real_data)


@keras.saving.register_keras_serializable(package="gan_keras")
class GradientPenalty(Penalty):
    """`gamma * mean((||dD(x)/dx|| - 1)^2)` at random points between real and fake ([WGAN-GP](https://arxiv.org/abs/1704.00028)).

    Args:
        gamma: Strength, >= 0; the paper's is 10.
        seed: Of the random points, an integer. The state of `seed_generator` is saved with the `GAN`.
    """

    def __init__(self, gamma=10.0, seed=0):
        super().__init__(gamma)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def __call__(self, discriminator, real_data, fake_data):
        shape = [ops.shape(real_data)[0]] + [1] * (len(real_data.shape) - 1)
        mix = ops.cast(keras.random.uniform(shape, seed=self.seed_generator), real_data.dtype)
        norm = ops.sqrt(squared_gradient_norm(discriminator, mix * real_data + (1 - mix) * fake_data) + 1e-12)
        return self.gamma * ops.mean(ops.square(norm - 1.0))

    def get_config(self):
        return {**super().get_config(), "seed": self.seed}


def squared_gradient_norm(discriminator, samples):
    """`||dD(x)/dx||^2` of each sample: shape `(batch,)`, float32."""
    with tf.GradientTape() as tape:
        tape.watch(samples)
        logits = discriminator(samples)
    gradient = ops.cast(tape.gradient(logits, samples), "float32")
    return ops.sum(ops.square(gradient), axis=tuple(range(1, len(gradient.shape))))


def get(identifier):
    """A penalty from its serialised config, or itself.

    Raises:
        ValueError: If it cannot be called.
    """
    if isinstance(identifier, dict):
        identifier = keras.saving.deserialize_keras_object(identifier)
    if callable(identifier) and not isinstance(identifier, type):
        return identifier
    raise ValueError(
        f"penalty={identifier!r}. Expected an object such as `gan_keras.penalties.R1(gamma=1.0)`, "
        "callable as (discriminator, real_data, fake_data) -> scalar."
    )
