"""pix2pix: U-Net and PatchGAN: [Isola et al., 2016](https://arxiv.org/abs/1611.07004), section 3.2."""

import keras
from keras import layers, ops

from gan_keras.networks.base import Discriminator, attributes
from gan_keras.networks.cyclegan import Translator, build_by_call, check_halves, convolution, up_convolution
from gan_keras.networks.dcgan import doubling, leaky
from gan_keras.networks.layers import InstanceNormalization

_KERNEL = 4
_DROPPED = 3  # convolutions on the way up with dropout


@keras.saving.register_keras_serializable(package="gan_keras")
class Pix2PixGenerator(Translator):
    """A U-Net: halves the image `depth` times and doubles it again, with skip connections at each resolution.

    Args:
        image_shape: `(height, width, channels)`, both sides multiples of `2 ** depth`.
        width: Filters of the first convolution; 64 in the paper. They double at each following one, up to 8 times as many.
        depth: Number of halvings, >= 1, to at least 2 pixels, since a single pixel cannot be normalised. 8 in the paper, for
            256 pixels.
        dropout: Rate on the first three convolutions of the way up, during training only; 0.5 in the paper, its only noise.

    Raises:
        ValueError: If the sides cannot be halved `depth` times.
    """

    def __init__(self, image_shape=(64, 64, 3), width=64, depth=5, dropout=0.0, **kwargs):
        super().__init__(image_shape, width, **kwargs)
        check_halves(image_shape, depth)
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
        skipped = [features]
        for layer, normalization in zip(self.downs[1:], self.down_normalizations, strict=True):
            features = normalization(layer(leaky(features)))
            skipped.append(features)
        skipped.pop()
        for layer, normalization, drop in zip(self.ups, self.up_normalizations, self.drops, strict=True):
            features = drop(normalization(layer(ops.relu(features))), training=training)
            features = ops.concatenate([features, skipped.pop()], axis=-1)
        return self.to_image(ops.relu(features))

    def get_config(self):
        return {**super().get_config(), **attributes(self, "depth", "dropout")}


@keras.saving.register_keras_serializable(package="gan_keras")
class PatchGANDiscriminator(Discriminator):
    """Images in [-1, 1], `(batch, *image_shape)`, to one logit per patch, `(batch, height, width, 1)`, float32.

    A logit sees a square of 70 pixels for a `depth` of 3, 34 for 2, 16 for 1, and the rest of the image only through the
    normalisations' means and variances. Losses average over all patches, so that each patch has to be convincing. A loss of the
    mean logit would let one patch make up for another.

    Args:
        image_shape: `(height, width, channels)`; for pairs of images with the channels of both.
        width: Filters of the first convolution; 64 in the paper. They double at each following one, up to 8 times as many.
        depth: Number of halvings, >= 1.

    Raises:
        ValueError: If the sides cannot be halved `depth` times.
    """

    def __init__(self, image_shape=(64, 64, 3), width=64, depth=3, **kwargs):
        super().__init__(**kwargs)
        check_halves(image_shape, depth)
        self.image_shape, self.width, self.depth = tuple(image_shape), width, depth
        # Convolutions accept any size; without this, a generator of other images would go unnoticed.
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
        return {**super().get_config(), **attributes(self, "image_shape", "width", "depth")}
