"""Objectives beside the adversarial one: what a discriminator can tell of a sample besides whether it is real.

An objective has two methods, `discriminator(gan, batch)` and `generator(gan, batch)`. Each returns a scalar that is added to the
loss of that network, for a `Batch` of real and freshly generated samples. It goes with any adversarial loss and penalty:
`GAN.compile(auxiliary=[...])`. What an objective has to learn beside the networks is a head of the discriminator:
`networks.TwoHeaded`.
"""

from typing import Any, NamedTuple

import keras
from keras import ops

from gan_keras import replicas
from gan_keras.losses import two_sided
from gan_keras.networks.image_base import features_of


class Batch(NamedTuple):
    """What both networks have at hand in a step. Labels are `(batch,)`, or None."""

    real_data: Any
    fake_data: Any
    latents: Any
    labels: Any


class Objective:
    """Base: a subclass adds to the loss of one network or of both.

    Args:
        weight: Of the objective beside the adversarial loss, >= 0.

    Raises:
        ValueError: If the weight is negative.
    """

    def __init__(self, weight=1.0):
        if weight < 0:
            raise ValueError(f"weight={weight}. Expected a weight >= 0: a negative one would reward what it has to punish.")
        self.weight = float(weight)

    def prepare(self, gan):
        """Called by `GAN.compile`. Raises `ValueError` if the networks lack what the objective needs."""

    def discriminator(self, gan, batch):
        return 0.0

    def generator(self, gan, batch):
        return 0.0

    def get_config(self):
        return {"weight": self.weight}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


@keras.saving.register_keras_serializable(package="gan_keras")
class AuxiliaryClassifier(Objective):
    """Both networks lose `weight` times the cross-entropy of the labels that the discriminator's second head gives samples.

    The discriminator is `networks.TwoHeaded(discriminator, num_labels)`: it learns the labels of real and of generated
    samples; the generator makes samples that are told to be of their label.

    Reference: [AC-GAN, Odena et al., 2016](https://arxiv.org/abs/1610.09585), section 3.

    Args:
        weight: Of the cross-entropy, >= 0; the paper's is 1.
    """

    def prepare(self, gan):
        check_second_head(self, gan, getattr(gan.generator, "num_labels", 0), "AuxiliaryClassifier needs one for each label")

    def discriminator(self, gan, batch):
        return self.cross_entropy(gan, batch.real_data, batch.labels) + self.generator(gan, batch)

    def generator(self, gan, batch):
        return self.cross_entropy(gan, batch.fake_data, batch.labels)

    def cross_entropy(self, gan, samples, labels):
        if labels is None:
            raise ValueError("AuxiliaryClassifier got no labels. Expected a data set of (samples, labels).")
        logits = second_head(gan, samples)
        return self.weight * ops.mean(ops.sparse_categorical_crossentropy(labels, logits, from_logits=True))


@keras.saving.register_keras_serializable(package="gan_keras")
class MutualInformation(Objective):
    """Both networks lose what the discriminator's second head does not know of the codes that a sample was made of.

    The generator is `networks.Coded`, the discriminator `networks.TwoHeaded(discriminator, generator.code_dim)`. The second
    head gives logits of each categorical code and the mean of each continuous one, whose variance is taken to be 1. The
    loss is their negative log-likelihood without its constants, summed over the codes: a bound on the mutual information of
    codes and samples.

    Reference: [InfoGAN, Chen et al., 2016](https://arxiv.org/abs/1606.03657), equation 5.

    Args:
        weight: Of all codes, >= 0; the paper's is 1.
        continuous_weight: Of the continuous codes beside the categorical ones, >= 0. The paper takes less than 1, so that
            neither drowns the other.

    Raises:
        ValueError: If a weight is negative.
    """

    def __init__(self, weight=1.0, continuous_weight=1.0):
        super().__init__(weight)
        if continuous_weight < 0:
            raise ValueError(f"continuous_weight={continuous_weight}. Expected a weight >= 0.")
        self.continuous_weight = float(continuous_weight)

    def prepare(self, gan):
        if not hasattr(gan.generator, "codes"):
            raise ValueError(
                f"MutualInformation needs a generator with codes, and got {gan.generator.name!r}. "
                "Expected `gan_keras.networks.Coded(generator, categorical=(10,), continuous=2)`."
            )
        check_second_head(self, gan, gan.generator.code_dim, "MutualInformation needs one for each number of the codes")

    def discriminator(self, gan, batch):
        return self.generator(gan, batch)

    def generator(self, gan, batch):
        found = second_head(gan, batch.fake_data)
        *chosen, values = gan.generator.parts(gan.generator.codes(batch.latents))
        *logits, means = gan.generator.parts(found)
        losses = [ops.categorical_crossentropy(*each, from_logits=True) for each in zip(chosen, logits, strict=True)]
        distance = ops.sum(ops.square(values - means), axis=-1) / 2.0
        return self.weight * ops.mean(sum(losses) + self.continuous_weight * distance)

    def get_config(self):
        return {**super().get_config(), "continuous_weight": self.continuous_weight}


@keras.saving.register_keras_serializable(package="gan_keras")
class FeatureMatching(Objective):
    """The generator loses `weight * ||mean(f(real)) - mean(f(fake))||^2`; f are the features of `networks.features_of`.

    The paper has it in the place of the generator's adversarial loss, here it stands beside it. The discriminator learns as
    it would without.

    Reference: [Salimans et al., 2016](https://arxiv.org/abs/1606.03498), section 3.1.

    Args:
        weight: >= 0. The sum is over all features: with many of them, take less than 1.
    """

    def prepare(self, gan):
        features_of(gan.discriminator)

    def generator(self, gan, batch):
        features = features_of(gan.discriminator)
        real, fake = (features(gan.augmented(samples), training=True) for samples in (batch.real_data, batch.fake_data))
        means = (replicas.mean(ops.mean(ops.cast(each, "float32"), axis=0)) for each in (real, fake))
        return self.weight * ops.sum(ops.square(ops.subtract(*means)))


def second_head(gan, samples):
    """The second head's view of samples, which it reads augmented as the first one does: `(batch, outputs)`, float32."""
    return ops.cast(gan.discriminator.second(gan.augmented(samples), training=True), "float32")


def check_second_head(objective, gan, num, what):
    """Raises `ValueError` unless the discriminator's second head has `num` outputs."""
    found = getattr(gan.discriminator, "num_outputs", 0)
    if not found or (num and found != num):
        raise ValueError(
            f"The second head of the discriminator has {found} outputs, and {what}. "
            f"Expected `gan_keras.networks.TwoHeaded(discriminator, {num or 'num_labels'})`."
        )


def get(identifier):
    """An objective from its serialised config, or itself.

    Raises:
        ValueError: If it has not the two methods of an objective.
    """
    return two_sided(
        identifier,
        f"auxiliary={identifier!r}. Expected an object such as `gan_keras.auxiliary.FeatureMatching()`, with the methods "
        "`discriminator(gan, batch)` and `generator(gan, batch)`.",
    )
