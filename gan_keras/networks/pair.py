"""Two networks of a kind that learn as one: a translation between two domains has two of each."""

import keras
from keras import ops

from gan_keras.networks.cyclegan import build_by_call


@keras.saving.register_keras_serializable(package="gan_keras")
class Pair(keras.Model):
    """The first network reads the first half of a batch, the second one the other half: `call(samples, training=False)`.

    So a `CycleGAN` has one generator and one discriminator, one optimizer for each, and every loss, penalty and augmentation of
    a `GAN`: a batch of theirs holds samples of domain a and, after them, as many of domain b.

    Args:
        first: A `keras.Model` for the first half.
        second: Another one, for samples of the same shape.
    """

    latent_dim = 0
    """A translation is made of a sample, not of noise."""

    def __init__(self, first, second, **kwargs):
        super().__init__(**kwargs)
        self.first, self.second = first, second

    @property
    def image_shape(self):
        """The shape of a sample that the first network reads, without the batch."""
        return tuple(getattr(self.first, "image_shape", None) or self.first.input_shape[1:])

    @property
    def networks(self):
        """Both, in their order."""
        return self.first, self.second

    def call(self, samples, training=False):
        halves = zip(self.networks, ops.split(samples, 2), strict=True)
        return ops.concatenate([network(half, training=training) for network, half in halves])

    def build_from_config(self, config):
        build_by_call(self, config)

    def get_config(self):
        first, second = map(keras.saving.serialize_keras_object, self.networks)
        return {**super().get_config(), "first": first, "second": second}

    @classmethod
    def from_config(cls, config):
        first, second = (keras.saving.deserialize_keras_object(config[name]) for name in ("first", "second"))
        return cls(**{**config, "first": first, "second": second})


def halves(samples):
    """The samples of domain a and those of domain b, of a batch that holds both."""
    return ops.split(samples, 2)


def both(of_a, of_b):
    """A batch of samples of domain a and as many of domain b."""
    return ops.concatenate([of_a, of_b])
