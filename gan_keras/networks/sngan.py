"""SN-GAN: residual networks and a spectrally normalised critic: [Miyato et al., 2018](https://arxiv.org/abs/1802.05957), table 4.

Labels enter as in its companion paper, [Miyato and Koyama, 2018](https://arxiv.org/abs/1802.05637): by conditional batch
normalisation and by projection.
"""

import keras
from keras import layers, ops

from gan_keras.networks.base import require_labels
from gan_keras.networks.image_base import ImageGenerator, narrowed, resolutions
from gan_keras.networks.layers import BatchNormalization
from gan_keras.networks.residual import (
    SpectralDiscriminator,
    SpectralDownBlock,
    SpectralFirstDownBlock,
    SpectralPlainBlock,
    UpBlock,
)


@keras.saving.register_keras_serializable(package="gan_keras")
class SNGANGenerator(ImageGenerator):
    """Latents `(batch, latent_dim)` to images in [-1, 1], `(batch, *image_shape)`, float32.

    Args:
        image_shape: `(size, size, channels)`; the size is 28 or a power of two from 16 to 256.
        latent_dim: Size of the latents.
        width: Filters of the blocks, 256 in the paper; above 32 pixels half as many per doubling.
        num_labels: Number of labels that condition the batch normalisation; 0 for none.
    """

    def __init__(self, image_shape=(32, 32, 3), latent_dim=128, width=256, num_labels=0, **kwargs):
        super().__init__(image_shape, latent_dim, width, num_labels, **kwargs)
        first, *rest = resolutions(image_shape)
        self.project, self.reshape = layers.Dense(first**2 * width), layers.Reshape((first, first, width))
        self.blocks = [UpBlock(narrowed(width, size), num_labels) for size in rest]
        # As in the paper, the last normalisation has no labels.
        self.normalization = BatchNormalization(momentum=0.9, epsilon=1e-5)
        self.to_image = layers.Conv2D(image_shape[-1], 3, padding="same", activation="tanh", dtype="float32")

    def call(self, latents, labels=None, training=False):
        require_labels(labels, self.num_labels)
        features = self.reshape(self.project(latents))
        for block in self.blocks:
            features = block(features, labels, training=training)
        return self.to_image(ops.relu(self.normalization(features, training=training)))


@keras.saving.register_keras_serializable(package="gan_keras")
class SNGANDiscriminator(SpectralDiscriminator):
    """Images in [-1, 1], `(batch, *image_shape)`, to logits `(batch, 1)`, float32. Every layer is spectrally normalised.

    Blocks halve the resolution down to 8 pixels (7 for images of 28), then two more blocks keep it.

    Args:
        image_shape: `(size, size, channels)`, as for `SNGANGenerator`.
        width: Filters of the blocks, 128 in the paper; above 32 pixels half as many per doubling.
        num_labels: Number of labels of the images, read by projection; 0 for none.
    """

    def __init__(self, image_shape=(32, 32, 3), width=128, num_labels=0, **kwargs):
        super().__init__(image_shape, width, num_labels, **kwargs)
        first, *rest = [narrowed(width, size) for size in reversed(resolutions(image_shape)) if size > 8]
        downs = [SpectralFirstDownBlock(first), *[SpectralDownBlock(filters) for filters in rest]]
        self.blocks = [*downs, *[SpectralPlainBlock(downs[-1].filters) for _ in range(2)]]
        self.add_head(downs[-1].filters)

    def feature_map(self, samples, training):
        features = samples
        for block in self.blocks:
            features = block(features, training=training)
        return features
