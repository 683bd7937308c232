"""The networks of pix2pix: U-Net and PatchGAN. [Isola et al., 2016](https://arxiv.org/abs/1611.07004), section 3.2."""

import keras
from keras import layers, ops

from gan_keras.networks.base import Discriminator
from gan_keras.networks.cyclegan import Translator, build_by_call, check_halves, convolution, up_convolution
from gan_keras.networks.layers.normalization import InstanceNormalization

_KERNEL = 4
_WIDEST = 8  # times `width`, at the smallest feature maps
_DROPPED = 3  # convolutions of the way up that have dropout


@keras.saving.register_keras_serializable(package="gan_keras")
class Pix2PixGenerator(Translator):
    """A U-Net: the image is halved `depth` times and doubled again, with what each resolution held on the way down beside it.

    Args:
        image_shape: `(height, width, channels)`, both sides multiples of `2 ** depth`.
        width: Filters of the first convolution; the paper's is 64. They double at each following one, up to 8 times as many.
        depth: How often the image is halved, >= 1, to at least 2 pixels: one alone cannot be normalised. The paper has 8 for
            256 pixels.
        dropout: Rate on the first three convolutions of the way up, in training alone; the paper's is 0.5, its only noise.

    Raises:
        ValueError: If the sides cannot be halved so often.
    """

    def __init__(self, image_shape=(64, 64, 3), width=64, depth=5, dropout=0.0, **kwargs):
        super().__init__(image_shape, width, **kwargs)
        check_halves(image_shape, depth, least=2)
        self.depth, self.dropout = depth, dropout
        filters = doubling(width, depth)
        self.downs = [convolution(each, _KERNEL, strides=2, use_bias=place == 0) for place, each in enumerate(filters)]
        self.down_normalizations = [InstanceNormalization() for _ in filters[1:]]
        self.ups = [up_convolution(each) for each in reversed(filters[:-1])]
        self.up_normalizations = [InstanceNormalization() for _ in filters[1:]]
        self.drops = [layers.Dropout(dropout if place < _DROPPED else 0.0) for place in range(depth - 1)]
        self.to_image = up_convolution(self.image_shape[-1], use_bias=True, activation="tanh", dtype="float32")

    def call(self, images, training=False):
        features = self.downs[0](images)
        beside = [features]
        for layer, normalization in zip(self.downs[1:], self.down_normalizations, strict=True):
            features = normalization(layer(leaky(features)))
            beside.append(features)
        beside.pop()
        for layer, normalization, drop in zip(self.ups, self.up_normalizations, self.drops, strict=True):
            features = drop(normalization(layer(ops.relu(features))), training=training)
            features = ops.concatenate([features, beside.pop()], axis=-1)
        return self.to_image(ops.relu(features))

    def get_config(self):
        return {**super().get_config(), "depth": self.depth, "dropout": self.dropout}


@keras.saving.register_keras_serializable(package="gan_keras")
class PatchGANDiscriminator(Discriminator):
    """Images in [-1, 1], `(batch, *image_shape)`, to a map of logits, `(batch, height, width, 1)`, float32: one for each patch.

    Each logit sees a square of pixels, 70 for a `depth` of 3, 34 for 2, 16 for 1, and of the others no more than goes into
    the means and variances of the normalisations. A loss is the mean over all of them,
    so that each patch has to convince. The mean of the logits first, and then its loss, would let one patch make up for
    another.

    Args:
        image_shape: `(height, width, channels)`; with the channels of both images where it judges pairs.
        width: Filters of the first convolution; the paper's is 64. They double at each following one, up to 8 times as many.
        depth: How often the image is halved, >= 1.

    Raises:
        ValueError: If the sides cannot be halved so often.
    """

    def __init__(self, image_shape=(64, 64, 3), width=64, depth=3, **kwargs):
        super().__init__(**kwargs)
        check_halves(image_shape, depth, least=2)
        self.image_shape, self.width, self.depth = tuple(image_shape), width, depth
        # Convolutions read any size: without this a generator of other images would go unnoticed.
        self.input_spec = layers.InputSpec(shape=(None, *self.image_shape))
        first, *others = doubling(width, depth + 1)
        self.first = convolution(first, _KERNEL, strides=2, use_bias=True)
        strides = [2] * (depth - 1) + [1]
        self.convolutions = [convolution(each, _KERNEL, strides=stride) for each, stride in zip(others, strides, strict=True)]
        self.normalizations = [InstanceNormalization() for _ in others]
        self.logits = convolution(1, _KERNEL, use_bias=True, dtype="float32")

    def call(self, samples, training=False):
        features = leaky(self.first(samples))
        for layer, normalization in zip(self.convolutions, self.normalizations, strict=True):
            features = leaky(normalization(layer(features)))
        return self.logits(features)

    def build_from_config(self, config):
        build_by_call(self, config)

    def get_config(self):
        sizes = {"image_shape": self.image_shape, "width": self.width, "depth": self.depth}
        return {**super().get_config(), **sizes}


def doubling(width, num):
    """Filters of `num` convolutions, from the image inwards."""
    return [width * min(2**index, _WIDEST) for index in range(num)]


def leaky(features):
    return ops.leaky_relu(features, negative_slope=0.2)
