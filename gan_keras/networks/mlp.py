"""Dense networks for vectors, and two variants that cover separate modes of points.

References: the pair of [Goodfellow et al., 2014](https://arxiv.org/abs/1406.2661); components of the latents as in
[DeLiGAN, Gurumurthy et al., 2017](https://arxiv.org/abs/1706.02071) and
[ClusterGAN, Mukherjee et al., 2018](https://arxiv.org/abs/1809.03627);
[Fourier features, Tancik et al., 2020](https://arxiv.org/abs/2006.10739).
"""

import math

import keras
import numpy as np
from keras import layers, ops

from gan_keras.networks.base import (
    Discriminator,
    Generator,
    append_labels,
    attributes,
    projection,
    require_labels,
)


@keras.saving.register_keras_serializable(package="gan_keras")
class MLPGenerator(Generator):
    """Dense layers from latents to samples of any shape.

    Args:
        sample_shape: Shape of one sample, without the batch.
        latent_dim: Size of the latents.
        units: Widths of the hidden layers.
        activation: Activation of the last layer: `"tanh"` for images in [-1, 1], `"linear"` for unbounded samples.
        num_labels: Number of labels that condition the samples; their embedding is appended to the latents. 0 for none.
    """

    def __init__(self, sample_shape, latent_dim=64, units=(128, 128), activation="linear", num_labels=0, **kwargs):
        super().__init__(latent_dim, **kwargs)
        self.sample_shape, self.units, self.activation = tuple(sample_shape), tuple(units), activation
        self.label_embedding = None
        if num_labels:  # otherwise, a subclass may read labels in its own way, and say how many it knows
            self.num_labels, self.label_embedding = num_labels, layers.Embedding(num_labels, latent_dim)
        self.hidden = [layers.Dense(width, activation="leaky_relu") for width in self.units]
        self.last = layers.Dense(int(ops.prod(self.sample_shape)), activation=activation, dtype="float32")
        self.reshape = layers.Reshape(self.sample_shape, dtype="float32")

    def call(self, latents, labels=None, training=False):
        features = latents
        if self.label_embedding is not None:
            require_labels(labels, self.num_labels)
            features = append_labels(latents, self.label_embedding, labels)
        for layer in self.hidden:
            features = layer(features)
        return self.reshape(self.last(features))

    def get_config(self):
        names = ("sample_shape", "units", "activation", *(["num_labels"] if self.label_embedding is not None else []))
        return {**super().get_config(), **attributes(self, *names)}


@keras.saving.register_keras_serializable(package="gan_keras")
class MomentsGenerator(Generator):
    """Draws samples from a Gaussian per label, as `privacy.NoisedMoments` does, and corrects the draws by dense layers.

    The layers read a draw in [-1, 1], further latents and the label, and shift each number of the draw. The last layer begins as
    zeros, so that the first samples are the draws; later ones may leave the range, which the discriminator can see. Means and
    factors are weights that are not trained: see `from_moments`.

    Args:
        sample_shape: Shape of one sample, without the batch.
        rank: Number of latents that a draw is made of, the largest rank of a covariance.
        noise_dim: Number of latents besides, >= 1.
        units: Widths of the hidden layers.
        num_labels: Number of labels; 0 for none.
    """

    def __init__(self, sample_shape, rank, noise_dim=16, units=(256, 256), num_labels=0, **kwargs):
        super().__init__(noise_dim + rank, **kwargs)
        self.sample_shape, self.rank, self.noise_dim = tuple(sample_shape), rank, noise_dim
        self.units, self.num_labels = tuple(units), num_labels
        size, classes = math.prod(self.sample_shape), max(1, num_labels)
        options = {"trainable": False, "initializer": "zeros"}
        self.means = self.add_weight(name="means", shape=(classes, size), **options)
        self.factors = self.add_weight(name="factors", shape=(classes * rank, size), **options)
        self.label_embedding = layers.Embedding(num_labels, noise_dim) if num_labels else None
        self.hidden = [layers.Dense(width, activation="leaky_relu") for width in self.units]
        self.last = layers.Dense(size, kernel_initializer="zeros", dtype="float32")
        self.reshape = layers.Reshape(self.sample_shape, dtype="float32")

    @classmethod
    def from_moments(cls, moments, **options):
        """Returns a generator whose first samples are draws from `privacy.NoisedMoments`, without the remainder's noise.

        `options` are further arguments, such as `units`.
        """
        num_labels = moments.num_classes if moments.num_classes > 1 else 0
        generator = cls(moments.sample_shape, moments.factors.shape[1], num_labels=num_labels, **options)
        generator.means.assign(moments.means)
        generator.factors.assign(moments.factors.reshape(-1, moments.size))
        return generator

    def call(self, latents, labels=None, training=False):
        require_labels(labels, self.num_labels)
        draw = ops.clip(self.draw(latents[:, self.noise_dim :], labels), -1.0, 1.0)
        features = append_labels(ops.concatenate([latents[:, : self.noise_dim], draw], axis=-1), self.label_embedding, labels)
        for layer in self.hidden:
            features = layer(features)
        return self.reshape(draw + self.last(features))

    def draw(self, latents, labels):
        """Returns draws from the Gaussian of each label, `(batch, numbers)`."""
        num_classes = self.means.shape[0]
        classes = ops.zeros_like(latents[:, 0], "int32") if labels is None else labels
        one_hot = ops.one_hot(classes, num_classes, dtype="float32")
        # The rank is 0 where noise leaves nothing of a covariance, so that the number of rows cannot be inferred.
        shape = (ops.shape(latents)[0], num_classes * self.rank)
        chosen = ops.reshape(one_hot[:, :, None] * latents[:, None, :], shape)
        return one_hot @ self.means + chosen @ self.factors

    def get_config(self):
        config = {**super().get_config(), **attributes(self, "sample_shape", "rank", "noise_dim", "units", "num_labels")}
        del config["latent_dim"]  # follows from the others
        return config


@keras.saving.register_keras_serializable(package="gan_keras")
class MLPDiscriminator(Discriminator):
    """Dense layers from samples of any shape to logits `(batch, 1)`, float32.

    Args:
        units: Widths of the hidden layers.
        num_labels: Number of labels of the samples ([projection](https://arxiv.org/abs/1802.05637)); 0 for none.
    """

    def __init__(self, units=(128, 128), num_labels=0, **kwargs):
        super().__init__(**kwargs)
        self.units, self.label_embedding = tuple(units), None
        self.flatten = layers.Flatten()
        self.hidden = [layers.Dense(width, activation="leaky_relu") for width in self.units]
        self.last = layers.Dense(1, dtype="float32")
        if num_labels:
            self.num_labels = num_labels
            self.label_embedding = layers.Embedding(num_labels, self.units[-1], dtype="float32")

    def call(self, samples, labels=None, training=False):
        features = self.features(samples)
        logits = self.last(features)
        if self.label_embedding is None:
            return logits
        return logits + projection(features, self.label_embedding, labels, self.num_labels)

    def features(self, samples, training=False):
        """Inputs of the last layer: `(batch, units)`."""
        features = self.flatten(samples)
        for layer in self.hidden:
            features = layer(features)
        return features

    def get_config(self):
        names = ("units", *(["num_labels"] if self.label_embedding is not None else []))
        return {**super().get_config(), **attributes(self, *names)}


@keras.saving.register_keras_serializable(package="gan_keras")
class ComponentGenerator(Generator):
    """`MLPGenerator` whose first latent selects one of `components` learned vectors, all equally likely.

    A continuous map of connected latents connects all its samples, so there are samples on bridges between separate modes.
    Components are separate pieces, each free to move to a mode as a whole. There need not be as many as modes: several can share
    a mode, and the other latents can spread one over several modes.

    Args:
        sample_shape: Shape of one sample, without the batch.
        latent_dim: Size of the latents, including the one that selects, >= 2.
        units: Widths of the hidden layers.
        components: Number of vectors, >= 1.
        embedding_dim: Width of the vectors.

    Raises:
        ValueError: If `latent_dim` or `components` is too small.
    """

    def __init__(self, sample_shape, latent_dim=3, units=(64, 64, 64), components=64, embedding_dim=8, **kwargs):
        super().__init__(latent_dim, autocast=False, **kwargs)  # rounded latents would select some components more often
        if latent_dim < 2 or components < 1:
            raise ValueError(
                f"latent_dim={latent_dim}, components={components}. Expected at least 2 latents, one to select a component and "
                "one to vary within it, and at least one component."
            )
        self.sample_shape, self.units = tuple(sample_shape), tuple(units)
        self.components, self.embedding_dim = components, embedding_dim
        self.vectors = layers.Embedding(components, embedding_dim, keras.initializers.RandomNormal(stddev=1.0))
        self.dense = MLPGenerator(sample_shape, embedding_dim + latent_dim - 1, units)

    def call(self, latents, labels=None, training=False):
        vectors = self.vectors(self.component_of(latents))
        return self.dense(ops.concatenate([ops.cast(vectors, latents.dtype), latents[:, 1:]], axis=-1))

    def component_of(self, latents):
        """Component of each row of latents, int32 `(batch,)`: the normal distribution is cut into equally likely parts."""
        quantile = (1.0 + ops.erf(latents[:, 0] / np.sqrt(2.0))) / 2.0
        return ops.minimum(ops.cast(quantile * self.components, "int32"), self.components - 1)

    def get_config(self):
        return {**super().get_config(), **attributes(self, "sample_shape", "units", "components", "embedding_dim")}


@keras.saving.register_keras_serializable(package="gan_keras")
class FourierDiscriminator(Discriminator):
    """`MLPDiscriminator` that also reads sines of a sample, so that it learns coarse and fine differences alike.

    Dense layers are slow to learn functions that change quickly. The sines' directions and frequencies are learned; the
    frequencies start between 1 and `highest_frequency`, equally many per octave.

    Args:
        units: Widths of the hidden layers.
        waves: Number of sines, >= 1.
        highest_frequency: Highest initial frequency, in radians per unit of the samples, > 1: about 1 over the finest distance
            that matters.

    Raises:
        ValueError: If `waves` or `highest_frequency` is out of range.
    """

    def __init__(self, units=(64, 64, 64), waves=32, highest_frequency=10.0, **kwargs):
        super().__init__(autocast=False, **kwargs)  # sines of high frequency amplify rounding
        if waves < 1 or not highest_frequency > 1:
            raise ValueError(f"waves={waves}, highest_frequency={highest_frequency}. Expected waves >= 1 and a frequency > 1.")
        self.units, self.waves, self.highest_frequency = tuple(units), waves, float(highest_frequency)
        phases = keras.initializers.RandomUniform(-np.pi, np.pi)
        self.flatten = layers.Flatten(dtype="float32")
        options = {"kernel_initializer": self.first_frequencies, "bias_initializer": phases}
        self.angles = layers.Dense(waves, dtype="float32", **options)
        self.dense = MLPDiscriminator(units)

    def call(self, samples, labels=None, training=False):
        numbers = self.flatten(samples)
        return self.dense(ops.concatenate([numbers, ops.sin(self.angles(numbers))], axis=-1))

    def first_frequencies(self, shape, dtype=None):
        """Initial kernel: a random direction per sine, with a log-uniform length."""
        directions = keras.initializers.RandomNormal()(shape, dtype)
        lengths = ops.exp(keras.initializers.RandomUniform(0.0, np.log(self.highest_frequency))((1, shape[1]), dtype))
        return lengths * directions / ops.norm(directions, axis=0, keepdims=True)

    def get_config(self):
        return {**super().get_config(), **attributes(self, "units", "waves", "highest_frequency")}
