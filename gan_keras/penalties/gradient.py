"""Penalties on the discriminator's gradient, computed in float32.

Training with them takes gradients of gradients, in which Keras' normalisations treat means as constants: see
`networks.layers.BatchNormalization`.
"""

import keras
import tensorflow as tf
from keras import ops

from gan_keras import replicas
from gan_keras.penalties.base import Penalty


@keras.saving.register_keras_serializable(package="gan_keras")
class R1(Penalty):
    """`gamma / 2 * mean(||dD(x)/dx||^2)` on real data ([Mescheder et al., 2018](https://arxiv.org/abs/1801.04406)).

    Args:
        gamma: Strength, >= 0. Its right value depends on the range and the resolution of the data.
    """

    takes_gradients = True

    def __init__(self, gamma=1.0):
        super().__init__(gamma)

    def __call__(self, discriminator, real_data, fake_data):
        return self.strength / 2.0 * ops.mean(squared_gradient_norm(discriminator, real_data))


@keras.saving.register_keras_serializable(package="gan_keras")
class R2(R1):
    """`R1` on generated data ([Mescheder et al., 2018](https://arxiv.org/abs/1801.04406))."""

    def __call__(self, discriminator, real_data, fake_data):
        return super().__call__(discriminator, fake_data, real_data)


@keras.saving.register_keras_serializable(package="gan_keras")
class GradientPenalty(Penalty):
    """`gamma * mean((||dD(x)/dx|| - target)^2)` at random points between real and fake.

    Reference: [WGAN-GP](https://arxiv.org/abs/1704.00028), section 4.

    Args:
        gamma: Strength, >= 0; 10 in the paper.
        seed: Seed of the random points, an integer. The random state is saved with the `GAN`.
        target: Target of the norm, >= 0; 1 in the paper.

    Raises:
        ValueError: If gamma or target is negative.
    """

    takes_gradients = True

    def __init__(self, gamma=10.0, seed=0, target=1.0):
        super().__init__(gamma)
        if target < 0:
            raise ValueError(f"target={target}. Expected a norm >= 0.")
        self.seed, self.target = seed, float(target)
        self.seed_generator = keras.random.SeedGenerator(seed)

    @property
    def variables(self):
        return [self.seed_generator.state]

    def __call__(self, discriminator, real_data, fake_data):
        # The small number keeps the gradient of the square root finite at 0.
        norm = ops.sqrt(squared_gradient_norm(discriminator, self.points(real_data, fake_data)) + 1e-12)
        return self.strength * ops.mean(ops.square(self.excess(norm)))

    def points(self, real_data, fake_data):
        """Points at which the gradient is taken: one on the line between each real sample and its fake one."""
        mix = self.uniform([ops.shape(real_data)[0]] + [1] * (len(real_data.shape) - 1), real_data.dtype)
        return mix * real_data + (1 - mix) * fake_data

    def excess(self, norm):
        """Deviation of the norm that is penalised."""
        return norm - self.target

    def uniform(self, shape, dtype):
        num, *rest = shape
        draw = replicas.rows_of_all(lambda num: keras.random.uniform((num, *rest), seed=self.seed_generator), num)
        return ops.cast(draw, dtype)

    def get_config(self):
        return {**super().get_config(), "seed": self.seed, "target": self.target}


@keras.saving.register_keras_serializable(package="gan_keras")
class OneSidedGradientPenalty(GradientPenalty):
    """`gamma * mean(max(0, ||dD(x)/dx|| - target)^2)`: `GradientPenalty` that does not punish small gradients. Same arguments.

    Reference: [WGAN-GP](https://arxiv.org/abs/1704.00028), section 4, which mentions the variant.
    """

    def excess(self, norm):
        return ops.relu(norm - self.target)


@keras.saving.register_keras_serializable(package="gan_keras")
class DRAGAN(GradientPenalty):
    """`GradientPenalty` around real data only, at `x + 0.5 * std(x) * u` with u uniform in [0, 1), drawn for each number of x.

    `std` is one number for the whole batch. The arguments are those of `GradientPenalty`.

    Reference: [DRAGAN](https://arxiv.org/abs/1705.07215).
    """

    def points(self, real_data, fake_data):
        noise = self.uniform(ops.shape(real_data), real_data.dtype)
        return real_data + 0.5 * replicas.std(real_data) * noise


def squared_gradient_norm(discriminator, samples):
    """`||dD(x)/dx||^2` of each sample: shape `(batch,)`, float32.

    A discriminator that computes in float16 has a `gradient_scale`, which keeps small gradients from underflowing.
    """
    scale = getattr(discriminator, "gradient_scale", 1.0)
    with tf.GradientTape() as tape:
        tape.watch(samples)
        logits = discriminator(samples)
    gradient = tape.gradient(logits, samples, output_gradients=scale * ops.ones_like(logits))
    gradient = ops.cast(gradient, "float32") / scale
    return ops.sum(ops.square(gradient), axis=tuple(range(1, len(gradient.shape))))
