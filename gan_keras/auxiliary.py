"""Auxiliary objectives: terms added to the adversarial losses, such as classifying samples or matching features.

An objective has two methods, `discriminator(gan, batch)` and `generator(gan, batch)`. Each returns a scalar that is added to that
network's loss, for a `Batch` of real and freshly generated samples. Objectives work with any adversarial loss and penalty:
`GAN.compile(auxiliary=[...])`. Weights that an objective has to learn are a second head of the discriminator,
`networks.TwoHeaded`.
"""

from typing import Any, NamedTuple

import keras
from keras import ops

from gan_keras import replicas
from gan_keras.losses import two_sided
from gan_keras.networks.base import features_of

__all__ = ["AuxiliaryClassifier", "Batch", "FeatureMatching", "MutualInformation", "Objective", "get"]


class Batch(NamedTuple):
    """Tensors of one training step. Labels have shape `(batch,)` or are None."""

    real_data: Any
    fake_data: Any
    latents: Any
    labels: Any


class Objective:
    """Base class of objectives. Subclasses override `discriminator`, `generator` or both.

    Args:
        weight: Factor of the objective, relative to the adversarial loss, >= 0.

    Attributes:
        reads_real: Whether the generator's part reads real samples; a private training refuses these.

    Raises:
        ValueError: If the weight is negative.
    """

    reads_real = True

    def __init__(self, weight=1.0):
        if weight < 0:
            raise ValueError(f"weight={weight}. Expected a weight >= 0: a negative weight rewards what it should punish.")
        self.weight = float(weight)

    def prepare(self, gan):
        """Checks the networks; called by `GAN.compile`. Raises `ValueError` if they lack what the objective needs."""

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
    """Adds `weight` x the classifier head's cross-entropy to both losses (AC-GAN).

    The discriminator is `networks.TwoHeaded(discriminator, num_labels)`. It learns to classify real and generated samples; the
    generator learns to make samples that are classified as their label.

    Reference: [AC-GAN, Odena et al., 2016](https://arxiv.org/abs/1610.09585), section 3.

    Args:
        weight: Factor of the cross-entropy, >= 0; 1 in the paper.
    """

    def prepare(self, gan):
        check_second_head(gan, getattr(gan.generator, "num_labels", 0), "AuxiliaryClassifier needs one per label")

    def discriminator(self, gan, batch):
        return self.cross_entropy(gan, batch.real_data, batch.labels) + self.generator(gan, batch)

    def generator(self, gan, batch):
        return self.cross_entropy(gan, batch.fake_data, batch.labels)

    def cross_entropy(self, gan, samples, labels):
        if labels is None:
            raise ValueError("AuxiliaryClassifier got no labels. Expected a dataset of (samples, labels).")
        logits = second_head(gan, samples)
        return self.weight * ops.mean(ops.sparse_categorical_crossentropy(labels, logits, from_logits=True))


@keras.saving.register_keras_serializable(package="gan_keras")
class MutualInformation(Objective):
    """InfoGAN's mutual-information term: the second head must recover each sample's codes.

    The generator is `networks.Coded`, the discriminator `networks.TwoHeaded(discriminator, generator.code_dim)`. The second
    head returns logits of each categorical code and the mean of each continuous code, with a fixed variance of 1. The loss is
    the negative log-likelihood of the codes without constants, summed over the codes. It bounds the mutual information of codes
    and samples and is added to both losses.

    Reference: [InfoGAN, Chen et al., 2016](https://arxiv.org/abs/1606.03657), equation 5.

    Args:
        weight: Factor of all codes, >= 0; 1 in the paper.
        continuous_weight: Factor of the continuous codes relative to the categorical ones, >= 0. The paper uses less than 1
            to keep both terms on a similar scale.

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
                f"MutualInformation needs a generator with codes, but got {gan.generator.name!r}. "
                "Expected `gan_keras.networks.Coded(generator, categorical=(10,), continuous=2)`."
            )
        check_second_head(gan, gan.generator.code_dim, "MutualInformation needs one per number of the codes")

    def discriminator(self, gan, batch):
        return self.generator(gan, batch)

    def generator(self, gan, batch):
        outputs = second_head(gan, batch.fake_data)
        *categories, values = gan.generator.parts(gan.generator.codes(batch.latents))
        *logits, means = gan.generator.parts(outputs)
        losses = [ops.categorical_crossentropy(*each, from_logits=True) for each in zip(categories, logits, strict=True)]
        distance = ops.sum(ops.square(values - means), axis=-1) / 2.0
        return self.weight * ops.mean(sum(losses) + self.continuous_weight * distance)

    def get_config(self):
        return {**super().get_config(), "continuous_weight": self.continuous_weight}


@keras.saving.register_keras_serializable(package="gan_keras")
class FeatureMatching(Objective):
    """Adds `weight * ||mean(f(real)) - mean(f(fake))||^2` to the generator's loss; f is `networks.features_of(discriminator)`.

    In the paper it replaces the generator's adversarial loss; here it is added to it. The discriminator's loss is unchanged.

    Reference: [Salimans et al., 2016](https://arxiv.org/abs/1606.03498), section 3.1.

    Args:
        weight: Factor of the distance, >= 0. The distance sums over all features: use less than 1 if there are many.
    """

    def prepare(self, gan):
        features_of(gan.discriminator)

    def generator(self, gan, batch):
        features = features_of(gan.discriminator)
        real, fake = (features(gan.augmented(samples), training=True) for samples in (batch.real_data, batch.fake_data))
        means = (replicas.mean(ops.mean(ops.cast(each, "float32"), axis=0)) for each in (real, fake))
        return self.weight * ops.sum(ops.square(ops.subtract(*means)))


def second_head(gan, samples):
    """The second head's outputs for samples, which are augmented as for the first head: `(batch, outputs)`, float32."""
    return ops.cast(gan.discriminator.second(gan.augmented(samples), training=True), "float32")


def check_second_head(gan, num, need):
    """Raises `ValueError` unless the discriminator's second head has `num` outputs, or any outputs if `num` is 0."""
    num_outputs = getattr(gan.discriminator, "num_outputs", 0)
    if not num_outputs or (num and num_outputs != num):
        raise ValueError(
            f"The discriminator's second head has {num_outputs} outputs, but {need}. "
            f"Expected `gan_keras.networks.TwoHeaded(discriminator, {num or 'num_labels'})`."
        )


def get(identifier):
    """Returns an objective from its serialised config or itself.

    Raises:
        ValueError: If it lacks one of the two methods.
    """
    return two_sided(
        identifier,
        f"auxiliary={identifier!r}. Expected an object such as `gan_keras.auxiliary.FeatureMatching()`, with the methods "
        "`discriminator(gan, batch)` and `generator(gan, batch)`.",
    )
