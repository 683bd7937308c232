"""A dense pair for points of a space: latents in components, which need no bridges, against a discriminator of waves.

References: [DeLiGAN, Gurumurthy et al., 2017](https://arxiv.org/abs/1706.02071) and
[ClusterGAN, Mukherjee et al., 2018](https://arxiv.org/abs/1809.03627) for the components;
[Fourier features, Tancik et al., 2020](https://arxiv.org/abs/2006.10739) for the waves.
"""

import keras
import numpy as np
from keras import layers, ops

from gan_keras.networks.base import Discriminator, Generator
from gan_keras.networks.mlp import MLPDiscriminator, MLPGenerator


@keras.saving.register_keras_serializable(package="gan_keras")
class ComponentGenerator(Generator):
    """`MLPGenerator` on latents of which the first chooses one of `components` learned vectors, all equally likely.

    A continuous map of latents of one piece joins all its samples: between separate modes lie bridges, and samples on them.
    Components are many pieces, each of which goes where it is wanted as a whole. Their number is no number of modes:
    several share a mode, and one may be spread over several by the rest of the latents.

    Args:
        sample_shape: Shape of one sample, without the batch.
        latent_dim: Numbers of noise for a sample, the one that chooses among them, >= 2.
        units: Widths of the hidden layers.
        components: How many vectors, >= 1.
        embedding_dim: Width of these vectors.

    Raises:
        ValueError: If `latent_dim` or `components` is too small.
    """

    def __init__(self, sample_shape, latent_dim=3, units=(64, 64, 64), components=64, embedding_dim=8, **kwargs):
        super().__init__(latent_dim, autocast=False, **kwargs)  # rounded latents choose some components more often
        if latent_dim < 2 or components < 1:
            raise ValueError(
                f"latent_dim={latent_dim}, components={components}. Expected at least 2, one to choose and one for what is "
                "within a component, and at least one component."
            )
        self.sample_shape, self.units = tuple(sample_shape), tuple(units)
        self.components, self.embedding_dim = components, embedding_dim
        self.vectors = layers.Embedding(components, embedding_dim, keras.initializers.RandomNormal(stddev=1.0))
        self.dense = MLPGenerator(sample_shape, embedding_dim + latent_dim - 1, units)

    def call(self, latents, labels=None, training=False):
        chosen = self.vectors(self.component_of(latents))
        return self.dense(ops.concatenate([ops.cast(chosen, latents.dtype), latents[:, 1:]], axis=-1))

    def component_of(self, latents):
        """The component that each row of latents chooses: int32 `(batch,)`. The normal distribution is cut in equal parts."""
        quantile = (1.0 + ops.erf(latents[:, 0] / np.sqrt(2.0))) / 2.0
        return ops.minimum(ops.cast(quantile * self.components, "int32"), self.components - 1)

    def get_config(self):
        own = ("sample_shape", "units", "components", "embedding_dim")
        return {**super().get_config(), **{name: getattr(self, name) for name in own}}


@keras.saving.register_keras_serializable(package="gan_keras")
class FourierDiscriminator(Discriminator):
    """`MLPDiscriminator` that reads a sample beside sines of it, so that it learns coarse and fine differences alike.

    Dense layers learn slowly what changes quickly. The sines have learned directions and frequencies, which start between 1
    and `highest_frequency`, as many in each octave.

    Args:
        units: Widths of the hidden layers.
        waves: Number of sines, >= 1.
        highest_frequency: Of the first sines, in radians for each unit of the samples, > 1: about one by the finest
            distance that counts.

    Raises:
        ValueError: If `waves` or `highest_frequency` is out of its range.
    """

    def __init__(self, units=(64, 64, 64), waves=32, highest_frequency=10.0, **kwargs):
        super().__init__(autocast=False, **kwargs)  # of rounded numbers fine waves make coarse ones
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
        """A random direction for each sine, with a length that is uniform in its logarithm."""
        directions = keras.initializers.RandomNormal()(shape, dtype)
        lengths = ops.exp(keras.initializers.RandomUniform(0.0, np.log(self.highest_frequency))((1, shape[1]), dtype))
        return lengths * directions / ops.norm(directions, axis=0, keepdims=True)

    def get_config(self):
        return {**super().get_config(), **{name: getattr(self, name) for name in ("units", "waves", "highest_frequency")}}
