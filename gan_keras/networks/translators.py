"""What generators of translations have in common: an image comes in, an image of the same shape goes out."""

import keras
from keras import layers, ops

from gan_keras.networks.precision import OnePrecision


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
