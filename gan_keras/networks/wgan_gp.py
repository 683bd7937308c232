"""Residual networks without normalisation in the critic: [Gulrajani et al., 2017](https://arxiv.org/abs/1704.00028), appendix.

Made for `losses.Wasserstein` with `penalties.GradientPenalty`, whose gradients of single samples batch normalisation in the
critic would spoil.
"""

import keras
from keras import layers, ops

from gan_keras.networks.image_base import ImageDiscriminator, check_labels, narrowed, resolutions
from gan_keras.networks.residual import DownBlock, FirstDownBlock, PlainBlock
from gan_keras.networks.sngan import SNGANGenerator


@keras.saving.register_keras_serializable(package="gan_keras")
class WGANGPGenerator(SNGANGenerator):
    """The generator that SN-GAN took over, with the half of its filters.

    Args:
        image_shape: `(size, size, channels)`; a size of 28 or a power of two from 16 to 256.
        latent_dim: Numbers of noise for an image.
        width: Filters of the blocks, the paper's is 128; beyond 32 pixels half as many at each doubling.
        num_labels: How many labels condition the batch normalisation; 0 for none.
    """

    def __init__(self, image_shape=(32, 32, 3), latent_dim=128, width=128, num_labels=0, **kwargs):
        super().__init__(image_shape, latent_dim, width, num_labels, **kwargs)


@keras.saving.register_keras_serializable(package="gan_keras")
class WGANGPDiscriminator(ImageDiscriminator):
    """The critic: images in [-1, 1], `(batch, *image_shape)`, to logits `(batch, 1)`, float32.

    Blocks halve the resolution down to 8 pixels (7 for images of 28), then two more keep it.

    Args:
        image_shape: `(size, size, channels)`, as for `WGANGPGenerator`.
        width: Filters of the blocks, the paper's is 128; beyond 32 pixels half as many at each doubling.
        num_labels: How many labels the images have ([projection](https://arxiv.org/abs/1802.05637)); 0 for none.
    """

    def __init__(self, image_shape=(32, 32, 3), width=128, num_labels=0, **kwargs):
        super().__init__(image_shape, width, num_labels, **kwargs)
        first, *rest = [narrowed(width, size) for size in reversed(resolutions(image_shape)) if size > 8]
        downs = [FirstDownBlock(first), *[DownBlock(filters) for filters in rest]]
        self.blocks = [*downs, *[PlainBlock(downs[-1].filters) for _ in range(2)]]
        self.logit = layers.Dense(1, dtype="float32")
        self.label_embedding = layers.Embedding(num_labels, downs[-1].filters, dtype="float32") if num_labels else None

    def call(self, samples, labels=None, training=False):
        check_labels(labels, self.num_labels)
        features = self.features(samples, training=training)
        return self.with_labels(self.logit(features), features, labels)

    def features(self, samples, training=False):
        """What the last layer reads: `(batch, filters)`, float32."""
        features = samples
        for block in self.blocks:
            features = block(features, training=training)
        return ops.mean(ops.cast(ops.relu(features), "float32"), axis=(1, 2))
