"""`ImageTranslation`: the base of `CycleGAN` and `Pix2Pix`, which turn images of one domain into images of another."""

import keras
import numpy as np
import tensorflow as tf

from gan_keras import noise
from gan_keras.gans.gan import GAN
from gan_keras.gans.signature import Signature, expect
from gan_keras.networks.base import call_network

DIRECTIONS = ("a_to_b", "b_to_a")  # between the domains a and b; the first is a server's default
_ROUNDING = 1e-3  # tolerance for images in [0, 1]


class ImageTranslation(GAN):
    """A GAN of images made from images instead of latents: `translate`, `reconstruct` and the signatures of an export."""

    reads_pairs = True

    @property
    def translators(self):
        """The averaged generators by direction."""
        raise NotImplementedError

    def read_batch(self, data):
        """Returns samples of domain a and as many of domain b, from a batch `(images of a, images of b)`."""
        images_a, images_b, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        if images_b is None:
            raise ValueError("Got batches of images. Expected pairs of batches: images of domain a, and as many of domain b.")
        samples_a, _ = super().read_batch((images_a, None, sample_weight))
        samples_b, _ = super().read_batch((images_b, None))
        sizes = tf.shape(samples_a)[0], tf.shape(samples_b)[0]
        check = tf.debugging.assert_equal(*sizes, "Expected as many images of a as of b.")
        with tf.control_dependencies([] if check is None else [check]):  # None in eager execution, which raises at once
            return tf.identity(samples_a), samples_b

    def latents_from(self, seeds):
        """Returns an image of noise per seed, in [-1, 1]; networks are built with it, as others are with latents."""
        reader = self.generator if self.codec is None else self.codec
        shape = reader.image_shape if hasattr(reader, "image_shape") else reader.input_shape[1:]
        return tf.reshape(2.0 * noise.uniform(seeds, int(np.prod(shape))) - 1.0, [-1, *shape])

    # --- Use. ---

    def translate(self, images, direction="a_to_b"):
        """Translates images of one domain into images of the other, with the averaged generator.

        Args:
            images: `(num, height, width, channels)` of any size, with 1 or 3 channels: uint8 levels or floats in [0, 1]. The
                codec crops and resizes them. Without a codec, samples of the networks' shape.
            direction: `"a_to_b"` or `"b_to_a"`.

        Returns:
            float32 in [0, 1], `(num, height, width, channels)`; samples without a codec. Each translation depends on its own
            image only.

        Raises:
            ValueError: If the direction is unknown, or images have another shape, are not finite or are out of range.
        """
        self.translator(direction)
        images = checked_images(images, is_pixels=self.codec is not None)
        return self.in_blocks(lambda block: self.translate_samples(self.encode(block), direction), images)

    def reconstruct(self, images, direction="a_to_b"):
        """Translates images in a direction and back again; arguments, result and errors are those of `translate`."""
        back = dict(zip(DIRECTIONS, reversed(DIRECTIONS), strict=True)).get(direction, direction)
        self.translator(back)
        return self.translate(self.translate(images, direction), back)

    def translator(self, direction):
        """Returns the averaged generator of a direction; raises `ValueError` if there is none."""
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
        """Raises `TypeError`: translations are made from images."""
        raise TypeError(f"{type(self).__name__} makes no images from noise. Expected `translate(images, direction='a_to_b')`.")

    def score(self, *args, **kwargs):
        """Raises `TypeError`: the score of a translation depends on its domain or its source."""
        raise TypeError(f"{type(self).__name__} scores no images. Expected a GAN that makes them from noise.")

    # --- Export: see `gan_keras.export`. ---

    def signatures(self, score=False, edit=False):
        """Returns a graph function per direction, `image` -> `image`; raises `ValueError` if `score` or `edit` is True."""
        if score:
            raise ValueError(f"score=True for a {type(self).__name__}, whose discriminators are not exported. Expected False.")
        if edit:
            raise ValueError(f"edit=True for a {type(self).__name__}, which has no latents to edit. Expected False.")
        examples = {"image": self.decode(self.latents_from(np.arange(3))).numpy()}
        found = {direction: Signature(self.serve(direction), examples) for direction in self.translators}
        return {"serving_default": found[DIRECTIONS[0]], **found}

    def serve(self, direction):
        return lambda image: {"image": self.translated(self.encode(self.expect_image(image)), direction)}

    def expect_image(self, image):
        """Returns the images, in a graph that raises if a number is not finite or, with a codec, not in [0, 1]."""
        image = expect(image, tf.math.is_finite(image), "image: expected finite numbers, got")
        if self.codec is None:
            return image
        return expect(image, (image >= 0) & (image <= 1), "image: expected numbers from 0 to 1, got")

    def get_compile_config(self):
        config = super().get_compile_config()
        return config and {name: value for name, value in config.items() if name not in ("history_pool", "auxiliary")}

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


def checked_images(images, is_pixels):
    """Returns images as an array; raises `ValueError` unless they are a batch of finite numbers, and pixels if needed."""
    images = np.asarray(images)
    images = images if images.dtype == np.uint8 else images.astype(np.float32)  # the networks' dtype
    if images.ndim not in (3, 4) or not len(images) or not np.isfinite(images).all():
        raise ValueError(
            f"Got images of shape {images.shape} and dtype {images.dtype}. Expected (num, height, width, channels), at least "
            "one image, all numbers finite."
        )
    if is_pixels and images.dtype != np.uint8 and not -_ROUNDING <= images.min() <= images.max() <= 1.0 + _ROUNDING:
        raise ValueError(f"Got images from {images.min():g} to {images.max():g}. Expected uint8 levels, or floats in [0, 1].")
    return images
