"""The residual generator of CycleGAN: [Zhu et al., 2017](https://arxiv.org/abs/1703.10593), appendix;
[Johnson et al., 2016](https://arxiv.org/abs/1603.08155).
"""

import keras
from keras import ops

from gan_keras.networks.layers.instance_normalization import InstanceNormalization
from gan_keras.networks.residual import ResidualBlock
from gan_keras.networks.translators import Translator, check_halves, convolution, up_convolution

_HALVINGS = 2


@keras.saving.register_keras_serializable(package="gan_keras")
class CycleGANGenerator(Translator):
    """Two convolutions that halve the image, residual blocks at a quarter of its size, two that double it again.

    Args:
        image_shape: `(height, width, channels)`, both sides multiples of 4.
        width: Filters of the first and the last but one convolution; the paper's is 64.
        blocks: Residual blocks; the paper has 6 for 128 pixels, 9 for 256.

    Raises:
        ValueError: If the sides cannot be halved twice.
    """

    def __init__(self, image_shape=(64, 64, 3), width=64, blocks=6, **kwargs):
        super().__init__(image_shape, width, **kwargs)
        check_halves(image_shape, _HALVINGS, least=2)
        self.blocks, self.channels = blocks, self.image_shape[-1]
        self.first = convolution(width, 7, padding="valid")
        self.downs = [convolution(width * 2**index, 3, strides=2) for index in (1, 2)]
        self.residual_blocks = [MirroredBlock(4 * width) for _ in range(blocks)]
        self.ups = [up_convolution(width * 2**index) for index in (1, 0)]
        self.normalizations = [InstanceNormalization() for _ in range(5)]
        self.to_image = convolution(self.channels, 7, padding="valid", use_bias=True, activation="tanh", dtype="float32")

    def call(self, images, training=False):
        features = mirrored(images, 3)
        convolutions = [self.first, *self.downs, *self.residual_blocks, *self.ups]
        normalizations = [*self.normalizations[:3], *[None] * self.blocks, *self.normalizations[3:]]
        for layer, normalization in zip(convolutions, normalizations, strict=True):
            features = layer(features) if normalization is None else ops.relu(normalization(layer(features)))
        return self.to_image(mirrored(features, 3))

    def get_config(self):
        return {**super().get_config(), "blocks": self.blocks}


@keras.saving.register_keras_serializable(package="gan_keras")
class MirroredBlock(ResidualBlock):
    """Convolution, ReLU, convolution, each normalised by itself, added to the input, which must have as many channels."""

    def __init__(self, filters, **kwargs):
        super().__init__(filters, **kwargs)
        self.convolutions = [convolution(filters, 3, padding="valid") for _ in range(2)]
        self.normalizations = [InstanceNormalization() for _ in range(2)]

    def call(self, inputs):
        features = ops.relu(self.normalizations[0](self.convolutions[0](mirrored(inputs, 1))))
        return inputs + self.normalizations[1](self.convolutions[1](mirrored(features, 1)))


def mirrored(features, margin):
    """Feature maps continued by their mirror image beyond each edge: zeros there would look like an edge of an object."""
    return ops.pad(features, ((0, 0), (margin, margin), (margin, margin), (0, 0)), mode="reflect")
