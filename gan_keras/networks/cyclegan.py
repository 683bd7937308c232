"""The residual generator of CycleGAN: [Zhu et al., 2017](https://arxiv.org/abs/1703.10593), appendix;
[Johnson et al., 2016](https://arxiv.org/abs/1603.08155).
"""

import keras
from keras import layers, ops

from gan_keras.networks.layers.normalization import InstanceNormalization
from gan_keras.networks.precision import OnePrecision
from gan_keras.networks.residual import ResidualBlock

# --- What generators of translations have in common: an image comes in, an image of the same shape goes out.


class Translator(OnePrecision, keras.Model):
    """Base of the generators: `call(images, training=False)`, images in [-1, 1], `(batch, *image_shape)`, to such images.

    Args:
        image_shape: `(height, width, channels)`.
        width: Scales the filters of all layers, >= 1.
        **kwargs: Of `keras.Model`. `dtype="mixed_bfloat16"` is the precision of all layers but the last, which is float32.
    """

    latent_dim = 0
    """A translation is made of an image, not of noise."""

    def __init__(self, image_shape, width, **kwargs):
        super().__init__(**kwargs)
        self.image_shape, self.width = tuple(image_shape), width
        self.input_spec = layers.InputSpec(shape=(None, *self.image_shape))

    def build_from_config(self, config):
        build_by_call(self, config)

    def get_config(self):
        return {**super().get_config(), "image_shape": self.image_shape, "width": self.width}


def build_by_call(network, config):
    """Builds a network that was loaded. Keras would take a shape alone, which leaves layers inside of layers without weights."""
    network(ops.zeros([size or 2 for size in config["input_shape"]]))


def check_halves(image_shape, halvings, least=1):
    """Raises `ValueError` unless the sides of an image can be halved so often, >= 1, down to at least `least` pixels."""
    if halvings < 1:
        raise ValueError(f"Got {halvings} halvings of an image. Expected at least 1.")
    factor = 2**halvings
    if any(side % factor or side // factor < least for side in image_shape[:2]):
        raise ValueError(
            f"image_shape={tuple(image_shape)}. Expected sides that are multiples of {factor}, at least {factor * least}, to be "
            f"halved {halvings} times."
        )


def initializer():
    """The papers'; one for each layer, for an initializer with a seed of its own repeats itself."""
    return keras.initializers.RandomNormal(stddev=0.02)


def convolution(filters, size, **options):
    """A convolution without a bias, which a normalisation behind it would take away."""
    options = {"padding": "same", "use_bias": False, "kernel_initializer": initializer(), **options}
    return layers.Conv2D(filters, size, **options)


def up_convolution(filters, **options):
    """The same after every pixel is repeated, which doubles height and width.

    The papers have transposed convolutions, which leave a grid of dots: [Odena et al., 2016](https://distill.pub/2016/deconv-checkerboard/).
    """
    return keras.Sequential([layers.UpSampling2D(), convolution(filters, 3, **options)])


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
