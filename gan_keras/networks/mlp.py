"""The dense pair of the first GAN: [Goodfellow et al., 2014](https://arxiv.org/abs/1406.2661)."""

import keras
from keras import layers, ops

from gan_keras.networks.base import Discriminator, Generator


@keras.saving.register_keras_serializable(package="gan_keras")
class MLPGenerator(Generator):
    """Dense layers from latents to a sample of any shape.

    Args:
        sample_shape: Shape of one sample, without the batch.
        latent_dim: Numbers of noise for a sample.
        units: Widths of the hidden layers.
        activation: Of the last layer: `"tanh"` for images in [-1, 1], `"linear"` for anything unbounded.
    """

    def __init__(self, sample_shape, latent_dim=64, units=(128, 128), activation="linear", **kwargs):
        super().__init__(latent_dim, **kwargs)
        self.sample_shape, self.units, self.activation = tuple(sample_shape), tuple(units), activation
        self.hidden = [layers.Dense(width, activation="leaky_relu") for width in self.units]
        self.last = layers.Dense(int(ops.prod(self.sample_shape)), activation=activation, dtype="float32")
        self.reshape = layers.Reshape(self.sample_shape, dtype="float32")

    def call(self, latents, labels=None, training=False):
        for layer in self.hidden:
            latents = layer(latents)
        return self.reshape(self.last(latents))

    def get_config(self):
        config = {"sample_shape": self.sample_shape, "units": self.units, "activation": self.activation}
        return {**super().get_config(), **config}


@keras.saving.register_keras_serializable(package="gan_keras")
class MLPDiscriminator(Discriminator):
    """Dense layers from a sample of any shape to its logit.

    Args:
        units: Widths of the hidden layers.
    """

    def __init__(self, units=(128, 128), **kwargs):
        super().__init__(**kwargs)
        self.units = tuple(units)
        self.flatten = layers.Flatten()
        self.hidden = [layers.Dense(width, activation="leaky_relu") for width in self.units]
        self.last = layers.Dense(1, dtype="float32")

    def call(self, samples, labels=None, training=False):
        return self.last(self.features(samples))

    def features(self, samples, training=False):
        """What the last layer reads: `(batch, units)`."""
        features = self.flatten(samples)
        for layer in self.hidden:
            features = layer(features)
        return features

    def get_config(self):
        return {**super().get_config(), "units": self.units}
