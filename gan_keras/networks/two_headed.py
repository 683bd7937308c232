"""A discriminator that says more of a sample than whether it is real."""

import keras
from keras import layers

from gan_keras.networks.base import Discriminator
from gan_keras.networks.features import features_of
from gan_keras.pairing import call_network


@keras.saving.register_keras_serializable(package="gan_keras")
class TwoHeaded(Discriminator):
    """Puts a second head on the features of a discriminator: `second(samples)` -> `(batch, num_outputs)`.

    The second head tells labels for `auxiliary.AuxiliaryClassifier` and codes for `auxiliary.MutualInformation`. Its features
    are those of `networks.features_of`, flattened; so a step reads each sample twice.

    Labels are handed on to a discriminator with `num_labels` only: another has to judge without them.

    Args:
        discriminator: A `keras.Model` from samples to logits `(batch, 1)`, without a sigmoid.
        num_outputs: Of the second head, >= 1: the number of labels, or the generator's `code_dim`.
        units: Widths of dense layers between the features and the outputs.

    Raises:
        ValueError: If `num_outputs` is below 1, or the features of the discriminator are not known.

    Reference: [AC-GAN](https://arxiv.org/abs/1610.09585), [InfoGAN](https://arxiv.org/abs/1606.03657).
    """

    def __init__(self, discriminator, num_outputs, units=(), **kwargs):
        super().__init__(**kwargs)
        if num_outputs < 1:
            raise ValueError(f"num_outputs={num_outputs}. Expected at least 1: a head without outputs says nothing.")
        self.discriminator, self.num_outputs, self.units = discriminator, num_outputs, tuple(units)
        self.num_labels = getattr(discriminator, "num_labels", 0)
        hidden = [layers.Dense(width, activation="leaky_relu") for width in self.units]
        self.head = [layers.Flatten(), *hidden, layers.Dense(num_outputs, dtype="float32")]

    def call(self, samples, labels=None, training=False):
        logits = call_network(self.discriminator, samples, labels if self.num_labels else None, training=training)
        if not self.head[-1].built:
            self.second(samples)
        return logits

    def second(self, samples, training=False):
        """What the second head says: logits or means, as its objective reads them."""
        outputs = self.features(samples, training=training)
        for layer in self.head:
            outputs = layer(outputs)
        return outputs

    def features(self, samples, training=False):
        return features_of(self.discriminator)(samples, training=training)

    def get_config(self):
        discriminator = keras.saving.serialize_keras_object(self.discriminator)
        return {**super().get_config(), "discriminator": discriminator, "num_outputs": self.num_outputs, "units": self.units}

    @classmethod
    def from_config(cls, config):
        return cls(**{**config, "discriminator": keras.saving.deserialize_keras_object(config["discriminator"])})
