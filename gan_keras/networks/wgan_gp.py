"""WGAN-GP: residual networks, without normalisation in the critic: [Gulrajani et al., 2017](https://arxiv.org/abs/1704.00028).

Made for `losses.Wasserstein` with `penalties.GradientPenalty`. The penalty needs the gradient of each sample alone, which batch
normalisation in the critic would mix.
"""

import keras
from keras import ops

from gan_keras.networks.image_base import ImageDiscriminator, narrowed, resolutions
from gan_keras.networks.residual import DownBlock, FirstDownBlock, PlainBlock
from gan_keras.networks.sngan import SNGANGenerator


@keras.saving.register_keras_serializable(package="gan_keras")
class WGANGPGenerator(SNGANGenerator):
    """The generator that SN-GAN adopted, with half as many filters.

    Args:
        image_shape: `(size, size, channels)`; the size is 28 or a power of two from 16 to 256.
        latent_dim: Size of the latents.
        width: Filters of the blocks, 128 in the paper; above 32 pixels half as many per doubling.
        num_labels: Number of labels that condition the batch normalisation; 0 for none.
    """

    def __init__(self, image_shape=(32, 32, 3), latent_dim=128, width=128, num_labels=0, **kwargs):
        super().__init__(image_shape, latent_dim, width, num_labels, **kwargs)


@keras.saving.register_keras_serializable(package="gan_keras")
class WGANGPDiscriminator(ImageDiscriminator):
    """The critic: images in [-1, 1], `(batch, *image_shape)`, to logits `(batch, 1)`, float32.

    Blocks halve the resolution down to 8 pixels (7 for images of 28), then two more blocks keep it.

    Args:
        image_shape: `(size, size, channels)`, as for `WGANGPGenerator`.
        width: Filters of the blocks, 128 in the paper; above 32 pixels half as many per doubling.
        num_labels: Number of labels of the images ([projection](https://arxiv.org/abs/1802.05637)); 0 for none.
    """

    def __init__(self, image_shape=(32, 32, 3), width=128, num_labels=0, **kwargs):
        super().__init__(image_shape, width, num_labels, **kwargs)
        first, *rest = [narrowed(width, size) for size in reversed(resolutions(image_shape)) if size > 8]
        downs = [FirstDownBlock(first), *[DownBlock(filters) for filters in rest]]
        self.blocks = [*downs, *[PlainBlock(downs[-1].filters) for _ in range(2)]]
        self.add_head(downs[-1].filters)

    def features(self, samples, training=False):
        """Inputs of the last layer: `(batch, filters)`, float32."""
        features = samples
        for block in self.blocks:
            features = block(features, training=training)
        return ops.mean(ops.cast(ops.relu(features), "float32"), axis=(1, 2))
