"""Networks of time series: dense layers for whole windows, and recurrent ones that work step by step (RCGAN).

Reference: RCGAN is [Esteban et al., 2017](https://arxiv.org/abs/1706.02633).
"""

import math

import keras
from keras import layers, ops

from gan_keras.networks.base import Generator, ProjectionDiscriminator, append_labels, attributes, require_labels
from gan_keras.networks.dcgan import leaky


@keras.saving.register_keras_serializable(package="gan_keras")
class DenseSeriesGenerator(Generator):
    """Latents `(batch, latent_dim)` to samples `(batch, *sample_shape)`, float32, unbounded.

    Args:
        sample_shape: Shape of one sample, such as `codec.tensor_shape`.
        latent_dim: Size of the latents.
        width: Units of each hidden layer.
        depth: Number of hidden layers, >= 1.
        num_labels: Number of labels that condition the samples; their embedding is appended to the latents. 0 for none.
    """

    def __init__(self, sample_shape, latent_dim=32, width=256, depth=3, num_labels=0, **kwargs):
        super().__init__(latent_dim, **kwargs)
        self.sample_shape, self.width, self.depth, self.num_labels = tuple(sample_shape), width, depth, num_labels
        self.label_embedding = layers.Embedding(num_labels, latent_dim) if num_labels else None
        self.hidden = [layers.Dense(width) for _ in range(depth)]
        self.last = layers.Dense(math.prod(self.sample_shape), dtype="float32")
        self.reshape = layers.Reshape(self.sample_shape, dtype="float32")

    def call(self, latents, labels=None, training=False):
        require_labels(labels, self.num_labels)
        features = append_labels(latents, self.label_embedding, labels)
        for layer in self.hidden:
            features = leaky(layer(features))
        return self.reshape(self.last(features))

    def get_config(self):
        return {**super().get_config(), **attributes(self, "sample_shape", "width", "depth", "num_labels")}


@keras.saving.register_keras_serializable(package="gan_keras")
class GaussianSeriesGenerator(DenseSeriesGenerator):
    """`DenseSeriesGenerator` with additional noise for each number of a sample, so that samples start as Gaussian.

    Dense layers make a sample from few latents, but a window of many columns has more independent noise than that. The first
    latents, one per number of the sample, are multiplied by learned deviations and added to the layers' output. For principal
    components, which are uncorrelated, this is the windows' Gaussian from the start, and the layers learn the rest.

    Args:
        sample_shape: `(numbers,)`. Arguments that are not listed are those of `DenseSeriesGenerator`.
        latent_dim: Size of the layers' latents, in addition to one latent per number of the sample.
        deviations: Initial deviations of the numbers; None for 1.
    """

    def __init__(self, sample_shape, latent_dim=32, width=256, depth=3, num_labels=0, deviations=None, **kwargs):
        super().__init__(sample_shape, latent_dim + math.prod(sample_shape), width, depth, num_labels, **kwargs)
        self.deviations = None if deviations is None else [float(each) for each in deviations]
        first = [1.0] * math.prod(self.sample_shape) if deviations is None else self.deviations
        options = {"shape": (len(first),), "initializer": lambda *_, **__: ops.array(first, "float32")}
        self.scales = self.add_weight(name="scales", **options)

    def call(self, latents, labels=None, training=False):
        noise = ops.cast(latents[:, : self.scales.shape[0]], "float32") * self.scales
        return super().call(latents, labels, training) + self.reshape(noise)

    def get_config(self):
        config = {**super().get_config(), "deviations": self.deviations}
        return {**config, "latent_dim": config["latent_dim"] - math.prod(self.sample_shape)}


@keras.saving.register_keras_serializable(package="gan_keras")
class DenseSeriesDiscriminator(ProjectionDiscriminator):
    """Samples of any shape to logits `(batch, 1)`, float32.

    Args:
        width: Units of each hidden layer.
        depth: Number of hidden layers, >= 1.
        num_labels: Number of labels of the samples ([projection](https://arxiv.org/abs/1802.05637)); 0 for none.
    """

    def __init__(self, width=256, depth=3, num_labels=0, **kwargs):
        super().__init__(num_labels, **kwargs)
        self.width, self.depth = width, depth
        self.flatten, self.hidden = layers.Flatten(), [layers.Dense(width) for _ in range(depth)]
        self.add_head(width)

    def features(self, samples, training=False):
        """Inputs of the last layer: `(batch, width)`."""
        features = self.flatten(samples)
        for layer in self.hidden:
            features = leaky(layer(features))
        return features

    def get_config(self):
        return {**super().get_config(), **attributes(self, "width", "depth", "num_labels")}


@keras.saving.register_keras_serializable(package="gan_keras")
class RCGANGenerator(Generator):
    """Latents `(batch, steps * noise_dim)`, separate noise for each step, to series in [-1, 1], `(batch, *series_shape)`.

    Args:
        series_shape: `(steps, columns)`.
        noise_dim: Size of the noise of a step.
        width: Units of the LSTM; 100 in the paper.
        num_labels: Number of labels that condition the series; their embedding is appended to the noise of each step. 0 for
            none.
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

    def get_config(self):
        config = {**super().get_config(), **attributes(self, "series_shape", "noise_dim", "width", "num_labels")}
        del config["latent_dim"]  # follows from the others
        return config


@keras.saving.register_keras_serializable(package="gan_keras")
class RCGANDiscriminator(ProjectionDiscriminator):
    """Series `(batch, steps, columns)` to logits `(batch, 1)`, float32: the mean of an LSTM's logits at all steps.

    Args:
        width: Units of the LSTM; 100 in the paper.
        num_labels: Number of labels of the series ([projection](https://arxiv.org/abs/1802.05637)); 0 for none.
    """

    def __init__(self, width=100, num_labels=0, **kwargs):
        super().__init__(num_labels, **kwargs)
        self.width = width
        self.recurrent = layers.LSTM(width, return_sequences=True)
        self.add_head(width)

    def features(self, samples, training=False):
        """Inputs of the last layer: `(batch, width)`, the mean over steps. Its logit is the mean of the steps' logits."""
        return ops.mean(self.recurrent(samples), axis=1)

    def get_config(self):
        return {**super().get_config(), **attributes(self, "width", "num_labels")}


def noise_of_steps(latents, steps):
    """Reshapes latents `(batch, steps * noise_dim)` to noise `(batch, steps, noise_dim)`."""
    return ops.reshape(latents, (-1, steps, latents.shape[1] // steps))
