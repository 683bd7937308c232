"""Recurrent networks that make and read a series step by step: [Esteban et al., 2017](https://arxiv.org/abs/1706.02633)."""

import keras
from keras import layers, ops

from gan_keras.networks.base import Discriminator, Generator
from gan_keras.networks.image_base import check_labels, projection, require_labels


@keras.saving.register_keras_serializable(package="gan_keras")
class RCGANGenerator(Generator):
    """Latents `(batch, steps * noise_dim)`, noise of its own for each step, to series in [-1, 1], `(batch, *series_shape)`.

    Args:
        series_shape: `(steps, columns)`.
        noise_dim: Numbers of noise for a step.
        width: Units of the LSTM; the paper's is 100.
        num_labels: How many labels condition the series, embedded and put beside the noise of each step; 0 for none.
    """

    def __init__(self, series_shape, noise_dim=5, width=100, num_labels=0, **kwargs):
        super().__init__(series_shape[0] * noise_dim, **kwargs)
        self.series_shape, self.noise_dim, self.width, self.num_labels = tuple(series_shape), noise_dim, width, num_labels
        self.label_embedding = layers.Embedding(num_labels, noise_dim) if num_labels else None
        self.recurrent = layers.LSTM(width, return_sequences=True)
        self.last = layers.Dense(series_shape[1], activation="tanh", dtype="float32")

    def call(self, latents, labels=None, training=False):
        require_labels(labels, self.num_labels)
        noise = noise_of_steps(latents, self.series_shape[0])
        if labels is not None:
            embedded = ops.repeat(self.label_embedding(labels)[:, None], self.series_shape[0], axis=1)
            noise = ops.concatenate([noise, ops.cast(embedded, noise.dtype)], axis=-1)
        return self.last(self.recurrent(noise))

    def build_from_config(self, config):
        # Keras would build a loaded network without labels, which a network made for labels refuses.
        self(ops.zeros((1, self.latent_dim)), ops.zeros((1,), "int32") if self.num_labels else None)

    def get_config(self):
        own = ("series_shape", "noise_dim", "width", "num_labels")
        config = {**super().get_config(), **{name: getattr(self, name) for name in own}}
        del config["latent_dim"]
        return config


@keras.saving.register_keras_serializable(package="gan_keras")
class RCGANDiscriminator(Discriminator):
    """Series `(batch, steps, columns)` to logits `(batch, 1)`, float32: the mean of what an LSTM says at each step.

    Args:
        width: Units of the LSTM; the paper's is 100.
        num_labels: How many labels the series have ([projection](https://arxiv.org/abs/1802.05637)); 0 for none.
    """

    def __init__(self, width=100, num_labels=0, **kwargs):
        super().__init__(**kwargs)
        self.width, self.num_labels = width, num_labels
        self.recurrent = layers.LSTM(width, return_sequences=True)
        self.logit = layers.Dense(1, dtype="float32")
        self.label_embedding = layers.Embedding(num_labels, width, dtype="float32") if num_labels else None

    def call(self, samples, labels=None, training=False):
        check_labels(labels, self.num_labels)
        features = self.features(samples, training=training)
        logits = self.logit(features)  # of the mean of all steps: a linear layer of a mean is the mean of a linear layer
        return logits + projection(features, self.label_embedding, labels, self.num_labels) if self.num_labels else logits

    def features(self, samples, training=False):
        """What the last layer reads: `(batch, width)`."""
        return ops.mean(self.recurrent(samples), axis=1)

    def get_config(self):
        return {**super().get_config(), "width": self.width, "num_labels": self.num_labels}


def noise_of_steps(latents, steps):
    """Latents `(batch, steps * noise_dim)` as noise `(batch, steps, noise_dim)`."""
    return ops.reshape(latents, (-1, steps, latents.shape[1] // steps))
