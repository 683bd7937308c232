"""Dense layers for whole windows of series, with labels: what reads vectors of principal components."""

import math

import keras
from keras import layers, ops

from gan_keras.networks.base import Discriminator, Generator
from gan_keras.networks.image_base import beside, check_labels, projection, require_labels

_SLOPE = 0.2


@keras.saving.register_keras_serializable(package="gan_keras")
class DenseSeriesGenerator(Generator):
    """Latents `(batch, latent_dim)` to samples `(batch, *sample_shape)`, float32, not bounded.

    Args:
        sample_shape: Shape of one sample, such as `codec.tensor_shape`.
        latent_dim: Numbers of noise for a sample.
        width: Units of each hidden layer.
        depth: Hidden layers, >= 1.
        num_labels: How many labels condition the samples, embedded and put beside the latents; 0 for none.
    """

    def __init__(self, sample_shape, latent_dim=32, width=256, depth=3, num_labels=0, **kwargs):
        super().__init__(latent_dim, **kwargs)
        self.sample_shape, self.width, self.depth, self.num_labels = tuple(sample_shape), width, depth, num_labels
        self.label_embedding = layers.Embedding(num_labels, latent_dim) if num_labels else None
        self.hidden = hidden_layers(width, depth)
        self.last = layers.Dense(math.prod(self.sample_shape), dtype="float32")
        self.reshape = layers.Reshape(self.sample_shape, dtype="float32")

    def call(self, latents, labels=None, training=False):
        require_labels(labels, self.num_labels)
        features = beside(latents, self.label_embedding, labels)
        for layer in self.hidden:
            features = ops.leaky_relu(layer(features), negative_slope=_SLOPE)
        return self.reshape(self.last(features))

    def build_from_config(self, config):
        # Keras would build a loaded network without labels, which a network made for labels refuses.
        self(ops.zeros((1, self.latent_dim)), ops.zeros((1,), "int32") if self.num_labels else None)

    def get_config(self):
        own = ("sample_shape", "width", "depth", "num_labels")
        return {**super().get_config(), **{name: getattr(self, name) for name in own}}


@keras.saving.register_keras_serializable(package="gan_keras")
class GaussianSeriesGenerator(DenseSeriesGenerator):
    """`DenseSeriesGenerator` plus noise of its own for each number of a sample, so that it begins as a Gaussian.

    Dense layers turn few numbers of noise into a sample; a window of many columns has more independent noise than that. The
    first latents, one for each number of the sample, are multiplied by learned deviations and added to what the layers make.
    For principal components, which do not correlate, that is the Gaussian of the windows at once, and the layers learn the rest.

    Args:
        sample_shape: As of `DenseSeriesGenerator`, like all that are not listed; `(numbers,)`.
        latent_dim: Numbers of noise for the layers, beside those for the numbers of the sample.
        deviations: Those of the numbers at the beginning; None for 1.
    """

    def __init__(self, sample_shape, latent_dim=32, width=256, depth=3, num_labels=0, deviations=None, **kwargs):
        super().__init__(sample_shape, latent_dim + math.prod(sample_shape), width, depth, num_labels, **kwargs)
        self.deviations = None if deviations is None else [float(each) for each in deviations]
        first = [1.0] * math.prod(self.sample_shape) if deviations is None else self.deviations
        self.scales = self.add_weight(
            name="scales", shape=(len(first),), initializer=lambda *_, **__: ops.array(first, "float32")
        )

    def call(self, latents, labels=None, training=False):
        noise = ops.cast(latents[:, : self.scales.shape[0]], "float32") * self.scales
        return super().call(latents, labels, training) + self.reshape(noise)

    def get_config(self):
        config = {**super().get_config(), "deviations": self.deviations}
        return {**config, "latent_dim": config["latent_dim"] - math.prod(self.sample_shape)}


@keras.saving.register_keras_serializable(package="gan_keras")
class DenseSeriesDiscriminator(Discriminator):
    """Samples of any shape to logits `(batch, 1)`, float32.

    Args:
        width: Units of each hidden layer.
        depth: Hidden layers, >= 1.
        num_labels: How many labels the samples have ([projection](https://arxiv.org/abs/1802.05637)); 0 for none.
    """

    def __init__(self, width=256, depth=3, num_labels=0, **kwargs):
        super().__init__(**kwargs)
        self.width, self.depth, self.num_labels = width, depth, num_labels
        self.flatten, self.hidden = layers.Flatten(), hidden_layers(width, depth)
        self.logit = layers.Dense(1, dtype="float32")
        self.label_embedding = layers.Embedding(num_labels, width, dtype="float32") if num_labels else None

    def call(self, samples, labels=None, training=False):
        check_labels(labels, self.num_labels)
        features = self.features(samples, training=training)
        logits = self.logit(features)
        return logits + projection(features, self.label_embedding, labels, self.num_labels) if self.num_labels else logits

    def features(self, samples, training=False):
        """What the last layer reads: `(batch, width)`."""
        features = self.flatten(samples)
        for layer in self.hidden:
            features = ops.leaky_relu(layer(features), negative_slope=_SLOPE)
        return features

    def get_config(self):
        return {**super().get_config(), **{name: getattr(self, name) for name in ("width", "depth", "num_labels")}}


def hidden_layers(width, depth):
    return [layers.Dense(width) for _ in range(depth)]
