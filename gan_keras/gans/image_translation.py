"""The half of a translating GAN that is left when training is over: images of one domain to images of another."""

import keras
import numpy as np
import tensorflow as tf

from gan_keras import noise
from gan_keras.gans.gan import GAN
from gan_keras.gans.signature import Signature, expect
from gan_keras.networks.base import call_network

DIRECTIONS = ("a_to_b", "b_to_a")
"""The two directions of a translation between the domains a and b; the first is what a server does by default."""

_BACK = dict(zip(DIRECTIONS, reversed(DIRECTIONS), strict=True))
_ROUNDING = 1e-3  # that an image in [0, 1] may be beyond


class ImageTranslation(GAN):
    """`translate`, `reconstruct` and what `gan_keras.export` offers to a server; `CycleGAN` and `Pix2Pix` are such.

    Images take the place of latents.
    """

    @property
    def translators(self):
        """The averaged generator of each direction that there is."""
        raise NotImplementedError

    # --- Data. ---

    def read_batch(self, data):
        """Samples of domain a and as many of domain b, of a batch `(images of a, images of b)`."""
        images_a, images_b, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        if images_b is None:
            raise ValueError("Got batches of images. Expected pairs of batches: images of domain a, and as many of domain b.")
        samples_a, _ = super().read_batch((images_a, None, sample_weight))
        samples_b, _ = super().read_batch((images_b, None))
        as_many = tf.debugging.assert_equal(
            tf.shape(samples_a)[0], tf.shape(samples_b)[0], "Expected as many images of a as of b."
        )
        with tf.control_dependencies([as_many] if as_many is not None else []):  # None in eager execution, which raised
            return tf.identity(samples_a), samples_b

    def latents_from(self, seeds):
        """An image of noise for each seed, in [-1, 1]: what networks are built with, as others are with latents."""
        shape = image_shape_of(self.generator) if self.codec is None else self.codec.image_shape
        return tf.reshape(2.0 * noise.uniform(seeds, int(np.prod(shape))) - 1.0, [-1, *shape])

    # --- Use. ---

    def translate(self, images, direction="a_to_b"):
        """Images of one domain as images of the other, by the averaged generator.

        Args:
            images: Shape `(num, any height, any width, 1 or 3)`: uint8 levels or floats in [0, 1], cropped and resized as
                the codec does. Without a codec, samples of the networks' shape.
            direction: `"a_to_b"` or `"b_to_a"`.

        Returns:
            float32 in [0, 1], `(num, height, width, channels)`; without a codec samples. An image is translated alike
            whatever others stand beside it.

        Raises:
            ValueError: If there is no such direction, or images are of another shape, not finite or out of their range.
        """
        self.translator(direction)
        images = checked(images) if self.codec is None else checked_pixels(images)
        return self.in_blocks(lambda block: self.translate_samples(self.encode(block), direction), images)

    def reconstruct(self, images, direction="a_to_b"):
        """Images there and back again: what `direction` and then the other one make of them. As `translate`."""
        self.translator(_BACK.get(direction, direction))
        return self.translate(self.translate(images, direction), _BACK[direction])

    def translator(self, direction):
        """The averaged generator of a direction.

        Raises:
            ValueError: If there is none.
        """
        if direction not in self.translators:
            raise ValueError(f"direction={direction!r}. Expected {' or '.join(map(repr, self.translators))}.")
        return self.translators[direction]

    @tf.function(reduce_retracing=True)
    def translate_samples(self, samples, direction):
        return self.translated(samples, direction)

    def translated(self, samples, direction):
        translations = call_network(self.translator(direction), noise.pad_rows(samples))
        return self.decode(translations)[: tf.shape(samples)[0]]

    def generate(self, *args, **kwargs):
        """Raises `TypeError`: a translation makes nothing of noise."""
        raise TypeError(f"{type(self).__name__} makes no images of noise. Expected `translate(images, direction='a_to_b')`.")

    def score(self, *args, **kwargs):
        """Raises `TypeError`: what discriminators say of a translation depends on the domain, or on the image before it."""
        raise TypeError(f"{type(self).__name__} scores no images. Expected a GAN that makes them of noise.")

    # --- Export: see `gan_keras.export`. ---

    def signatures(self, score=False):
        """A graph function for each direction, `image` -> `image`.

        Raises:
            ValueError: If `score` is asked for.
        """
        if score:
            raise ValueError(f"score=True for a {type(self).__name__}, whose discriminators are not exported. Expected False.")
        examples = {"image": self.decode(self.latents_from(np.arange(3))).numpy()}
        found = {direction: Signature(self.serve(direction), examples) for direction in self.translators}
        return {"serving_default": found[DIRECTIONS[0]], **found}

    def serve(self, direction):
        return lambda image: {"image": self.translated(self.encode(self.expect_image(image)), direction)}

    def expect_image(self, image):
        """The images, in a graph that refuses what is no image: a network would make something of it."""
        image = expect(image, tf.math.is_finite(image), "image: expected finite numbers, got")
        if self.codec is None:
            return image
        return expect(image, (image >= 0) & (image <= 1), "image: expected numbers from 0 to 1, got")

    def model_card(self):
        return {
            "modality": "translation",
            "class": type(self).__name__,
            "directions": list(self.translators),
            "generators": [type(translator).__name__ for translator in self.translators.values()],
            "codec": None if self.codec is None else type(self.codec).__name__,
            "generator_parameters": self.generator.count_params(),
            "training_seed": self.seed,
        }


def image_shape_of(network):
    """The shape of the images that a network reads, without the batch."""
    return network.image_shape if hasattr(network, "image_shape") else network.input_shape[1:]


def checked(images):
    """Images as an array; raises `ValueError` unless there are some, with finite numbers."""
    images = np.asarray(images)
    images = images if images.dtype == np.uint8 else images.astype(np.float32)  # what networks compute in
    if images.ndim not in (3, 4) or not len(images) or not np.isfinite(images).all():
        raise ValueError(
            f"Got images of shape {images.shape} and dtype {images.dtype}. Expected (num, height, width, channels), at least "
            "one image, all numbers finite."
        )
    return images


def checked_pixels(images):
    """Likewise; raises `ValueError` for floats beyond [0, 1] too: levels in floats would all be white."""
    images = checked(images)
    if images.dtype != np.uint8 and not -_ROUNDING <= images.min() <= images.max() <= 1.0 + _ROUNDING:
        raise ValueError(f"Got images from {images.min():g} to {images.max():g}. Expected uint8 levels, or floats in [0, 1].")
    return images
