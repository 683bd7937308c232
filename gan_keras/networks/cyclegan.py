"""CycleGAN: the residual generator of an image translation, and pairs of networks for two domains.

Reference: [Zhu et al., 2017](https://arxiv.org/abs/1703.10593), appendix; [Johnson et al., 2016](https://arxiv.org/abs/1603.08155).
"""

import keras
from keras import layers, ops

from gan_keras.networks.base import OnePrecision, attributes
from gan_keras.networks.dcgan import initializer
from gan_keras.networks.layers import InstanceNormalization
from gan_keras.networks.residual import ResidualBlock

_HALVINGS = 2


class Translator(OnePrecision, keras.Model):
    """Base class of image translators: `call(images, training=False)`, from images in [-1, 1] to images of the same shape."""

    latent_dim = 0
    """A translation starts from an image, not from noise."""

    def __init__(self, image_shape, width, **kwargs):
        super().__init__(**kwargs)
        self.image_shape, self.width = tuple(image_shape), width
        self.input_spec = layers.InputSpec(shape=(None, *self.image_shape))

    def build_from_config(self, config):
        build_by_call(self, config)

    def get_config(self):
        return {**super().get_config(), **attributes(self, "image_shape", "width")}


@keras.saving.register_keras_serializable(package="gan_keras")
class CycleGANGenerator(Translator):
    """Two convolutions that halve the image, residual blocks at a quarter of its size, two convolutions that double it.

    Args:
        image_shape: `(height, width, channels)`, both sides multiples of 4.
        width: Filters of the first and the second-to-last convolution; 64 in the paper.
        blocks: Number of residual blocks; in the paper 6 for 128 pixels, 9 for 256.

    Raises:
        ValueError: If the sides cannot be halved twice.
    """

    def __init__(self, image_shape=(64, 64, 3), width=64, blocks=6, **kwargs):
        super().__init__(image_shape, width, **kwargs)
        check_halves(image_shape, _HALVINGS)
        self.blocks = blocks
        self.first = convolution(width, 7, padding="valid")
        self.downs = [convolution(width * 2**index, 3, strides=2) for index in (1, 2)]
        self.residual_blocks = [MirroredBlock(4 * width) for _ in range(blocks)]
        self.ups = [up_convolution(width * 2**index) for index in (1, 0)]
        self.normalizations = [InstanceNormalization() for _ in range(5)]
        self.to_image = convolution(self.image_shape[-1], 7, padding="valid", use_bias=True, activation="tanh", dtype="float32")

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
    """Convolution, ReLU, convolution, each instance-normalised, added to the input, which must have `filters` channels."""

    def __init__(self, filters, **kwargs):
        super().__init__(filters, **kwargs)
        self.convolutions = [convolution(filters, 3, padding="valid") for _ in range(2)]
        self.normalizations = [InstanceNormalization() for _ in range(2)]

    def call(self, inputs):
        features = ops.relu(self.normalizations[0](self.convolutions[0](mirrored(inputs, 1))))
        return inputs + self.normalizations[1](self.convolutions[1](mirrored(features, 1)))


@keras.saving.register_keras_serializable(package="gan_keras")
class Pair(keras.Model):
    """Two networks as one: the first reads the first half of a batch, the second the other: `call(samples, training=False)`.

    So a `CycleGAN` has one generator, one discriminator and one optimizer for each, and works with every loss, penalty and
    augmentation of a `GAN`. Its batches hold samples of domain a, followed by equally many of domain b.

    Args:
        first: A `keras.Model` for the first half.
        second: Another one, for samples of the same shape.
    """

    latent_dim = 0
    """A translation starts from a sample, not from noise."""

    def __init__(self, first, second, **kwargs):
        super().__init__(**kwargs)
        self.first, self.second = first, second

    @property
    def image_shape(self):
        """Shape of the first network's samples, without the batch."""
        return tuple(getattr(self.first, "image_shape", None) or self.first.input_shape[1:])

    @property
    def networks(self):
        """The first and the second network."""
        return self.first, self.second

    def call(self, samples, training=False):
        return both(*[network(half, training=training) for network, half in zip(self.networks, halves(samples), strict=True)])

    def build_from_config(self, config):
        build_by_call(self, config)

    def get_config(self):
        first, second = map(keras.saving.serialize_keras_object, self.networks)
        return {**super().get_config(), "first": first, "second": second}

    @classmethod
    def from_config(cls, config):
        first, second = (keras.saving.deserialize_keras_object(config[name]) for name in ("first", "second"))
        return cls(**{**config, "first": first, "second": second})


def halves(samples):
    """Splits a batch into its samples of domain a and of domain b."""
    return ops.split(samples, 2)


def both(of_a, of_b):
    """Joins samples of domain a and equally many of domain b to a batch."""
    return ops.concatenate([of_a, of_b])


def build_by_call(network, config):
    """Builds a loaded network by calling it. Keras would infer shapes only, and leave nested layers without weights."""
    network(ops.zeros([size or 2 for size in config["input_shape"]]))


def check_halves(image_shape, halvings):
    """Raises `ValueError` unless an image's sides can be halved `halvings` times, >= 1, down to at least 2 pixels."""
    if halvings < 1:
        raise ValueError(f"Got {halvings} halvings of an image. Expected at least 1.")
    factor = 2**halvings
    if any(side % factor or side // factor < 2 for side in image_shape[:2]):
        raise ValueError(
            f"image_shape={tuple(image_shape)}. Expected sides that are multiples of {factor}, at least {2 * factor}, to be "
            f"halved {halvings} times."
        )


def convolution(filters, size, **options):
    """A convolution, without a bias unless `options` say so, as the next normalisation would remove it."""
    options = {"padding": "same", "use_bias": False, "kernel_initializer": initializer(), **options}
    return layers.Conv2D(filters, size, **options)


def up_convolution(filters, **options):
    """Repeated pixels, which double height and width, and a 3x3 convolution.

    The papers' transposed convolutions leave a checkerboard of dots ([Odena et al., 2016](https://distill.pub/2016/deconv-checkerboard/)).
    """
    return keras.Sequential([layers.UpSampling2D(), convolution(filters, 3, **options)])


def mirrored(features, margin):
    """Pads feature maps by reflection; zeros would look like the edge of an object."""
    return ops.pad(features, ((0, 0), (margin, margin), (margin, margin), (0, 0)), mode="reflect")
