"""Adversarial losses: pure functions of logits, one small class each.

A loss has two methods, `discriminator(real_logits, fake_logits)` and `generator(real_logits, fake_logits)`. Logits are floats
before any sigmoid, `(batch, 1)` or, for a discriminator of patches, `(batch, height, width, 1)`. Each method returns a scalar to
minimise, the mean over all logits.
"""

import keras
from keras import ops

from gan_keras import replicas
from gan_keras.diagnosis.names import choice_of

__all__ = [
    "Hinge",
    "LeastSquares",
    "Loss",
    "Minimax",
    "NonSaturating",
    "RelativisticAverage",
    "RelativisticPaired",
    "Wasserstein",
    "get",
]


class Loss:
    """Base class of losses. Subclasses implement `discriminator` and `generator`."""

    def discriminator(self, real_logits, fake_logits):
        raise NotImplementedError

    def generator(self, real_logits, fake_logits):
        raise NotImplementedError

    def get_config(self):
        return {}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


@keras.saving.register_keras_serializable(package="gan_keras")
class NonSaturating(Loss):
    """Cross-entropy, with a generator that maximises the probability of being classified as real.

    Reference: [Goodfellow et al., 2014](https://arxiv.org/abs/1406.2661), section 3.
    """

    def discriminator(self, real_logits, fake_logits):
        return ops.mean(ops.softplus(-real_logits)) + ops.mean(ops.softplus(fake_logits))

    def generator(self, real_logits, fake_logits):
        return ops.mean(ops.softplus(-fake_logits))


@keras.saving.register_keras_serializable(package="gan_keras")
class Minimax(NonSaturating):
    """The original two-player game: the generator minimises `log(1 - D(x))`.

    Its gradient vanishes when the discriminator is confident, which is when the generator needs it most.

    Reference: [Goodfellow et al., 2014](https://arxiv.org/abs/1406.2661), equation 1.
    """

    def generator(self, real_logits, fake_logits):
        return -ops.mean(ops.softplus(fake_logits))


@keras.saving.register_keras_serializable(package="gan_keras")
class Hinge(Loss):
    """Hinge loss: zero for the discriminator once real logits are >= 1 and fake logits <= -1.

    Reference: [Geometric GAN](https://arxiv.org/abs/1705.02894).
    """

    def discriminator(self, real_logits, fake_logits):
        return ops.mean(ops.relu(1.0 - real_logits)) + ops.mean(ops.relu(1.0 + fake_logits))

    def generator(self, real_logits, fake_logits):
        return -ops.mean(fake_logits)


@keras.saving.register_keras_serializable(package="gan_keras")
class LeastSquares(Loss):
    """Half the squared distance of real logits to 1 and of fake logits to 0.

    Reference: [LSGAN](https://arxiv.org/abs/1611.04076), equation 9.
    """

    def discriminator(self, real_logits, fake_logits):
        return (ops.mean(ops.square(real_logits - 1.0)) + ops.mean(ops.square(fake_logits))) / 2.0

    def generator(self, real_logits, fake_logits):
        return ops.mean(ops.square(fake_logits - 1.0)) / 2.0


@keras.saving.register_keras_serializable(package="gan_keras")
class Wasserstein(Loss):
    """Difference of mean logits. Needs a Lipschitz critic, for example by `penalties.GradientPenalty`.

    Reference: [WGAN](https://arxiv.org/abs/1701.07875).
    """

    def discriminator(self, real_logits, fake_logits):
        return ops.mean(fake_logits) - ops.mean(real_logits)

    def generator(self, real_logits, fake_logits):
        return -ops.mean(fake_logits)


@keras.saving.register_keras_serializable(package="gan_keras")
class RelativisticPaired(Loss):
    """Compares each fake sample with a real one: only the difference of their logits counts.

    Its landscape has no bad local minima ([Sun et al., 2020](https://arxiv.org/abs/2011.04926)), so
    [R3GAN](https://arxiv.org/abs/2501.05441) builds on it.

    Reference: [Jolicoeur-Martineau, 2018](https://arxiv.org/abs/1807.00734).
    """

    def discriminator(self, real_logits, fake_logits):
        return ops.mean(ops.softplus(fake_logits - real_logits))

    def generator(self, real_logits, fake_logits):
        return ops.mean(ops.softplus(real_logits - fake_logits))


@keras.saving.register_keras_serializable(package="gan_keras")
class RelativisticAverage(Loss):
    """Cross-entropy of each logit's distance from the mean logit of the other side.

    The generator's loss is the discriminator's with the sides swapped, so it lowers real logits too.

    Reference: [Jolicoeur-Martineau, 2018](https://arxiv.org/abs/1807.00734), the relativistic average GAN (RaSGAN).
    """

    def discriminator(self, real_logits, fake_logits):
        real_lead = real_logits - replicas.mean(ops.mean(fake_logits))
        fake_lead = fake_logits - replicas.mean(ops.mean(real_logits))
        return ops.mean(ops.softplus(-real_lead)) + ops.mean(ops.softplus(fake_lead))

    def generator(self, real_logits, fake_logits):
        return self.discriminator(fake_logits, real_logits)


_BY_NAME = {
    "non_saturating": NonSaturating,
    "minimax": Minimax,
    "hinge": Hinge,
    "least_squares": LeastSquares,
    "wasserstein": Wasserstein,
    "relativistic_paired": RelativisticPaired,
    "relativistic_average": RelativisticAverage,
}


def get(identifier):
    """Returns a loss from its name, its serialised config or the loss itself.

    Raises:
        ValueError: If the name is unknown, or the object lacks one of the two methods.
    """
    if isinstance(identifier, str) and identifier in _BY_NAME:
        return _BY_NAME[identifier]()
    return two_sided(
        identifier,
        f"loss={identifier!r}. {choice_of(identifier, _BY_NAME)}, or an object with the methods "
        "`discriminator(real_logits, fake_logits)` and `generator(real_logits, fake_logits)`.",
    )


def two_sided(identifier, message):
    """Returns an object that has a method for each player, from its config or itself; otherwise raises `ValueError(message)`."""
    if isinstance(identifier, dict):
        identifier = keras.saving.deserialize_keras_object(identifier)
    has_both_sides = hasattr(identifier, "discriminator") and hasattr(identifier, "generator")
    if has_both_sides and not isinstance(identifier, type):
        return identifier
    raise ValueError(message)
