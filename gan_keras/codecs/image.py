"""Images as tensors: uint8 pixels <-> float32 in [-1, 1], inside the TensorFlow graph."""

import keras
import numpy as np
import tensorflow as tf

from gan_keras.media.images import LEVELS, checked_shape, convert_colour, fit_to, image_grid, write_png


@keras.saving.register_keras_serializable(package="gan_keras")
class ImageCodec:
    """Invertible map between images and tensors of one shape: level 0 is -1, level 255 is 1.

    Every method on tensors works eagerly, in a `tf.function` and in a SavedModel.

    Args:
        image_shape: `(height, width, channels)` of the tensors, 1 channel for grey or 3 for colour. `None`: that of the
            images seen by `adapt`.

    Raises:
        ValueError: If `image_shape` is no such triple.
    """

    raw_dtype = tf.uint8
    output_name = "image"

    def __init__(self, image_shape=None):
        self.image_shape = None if image_shape is None else checked_shape(image_shape)

    def adapt(self, images):
        """Takes the shape from data, unless it was given.

        Args:
            images: Array `(num, height, width, channels)`, or `(num, height, width)` for grey; or an object with an
                `image_shape`, such as `gan_keras.data.Images`.
        """
        if self.image_shape is None:
            self.image_shape = checked_shape(getattr(images, "image_shape", None) or _channels_last(np.shape(images))[1:])

    def encode(self, images):
        """Images to tensors: cropped around the centre to the proportions wanted, resized, turned to colour or grey.

        Args:
            images: Shape `(batch, any height, any width, 1 or 3)`, or `(batch, height, width)` for grey: uint8 levels,
                or floats in [0, 1] as `decode` makes them.

        Returns:
            float32 in [-1, 1], shape `(batch, *image_shape)`.
        """
        height, width, channels = self._adapted_shape()
        images = tf.convert_to_tensor(images)
        scale = LEVELS if images.dtype == tf.uint8 else 1.0
        images = tf.cast(images, tf.float32) * (2.0 / scale)
        images = images[..., tf.newaxis] if images.shape.rank == 3 else images
        return convert_colour(fit_to(images, height, width), channels) - 1.0

    def decode(self, samples):
        """Tensors to images: floats `(batch, *image_shape)` -> float32 in [0, 1]; what is beyond [-1, 1] is clipped."""
        self.check_samples(samples)
        return tf.clip_by_value((tf.cast(samples, tf.float32) + 1.0) / 2.0, 0.0, 1.0)

    def check_samples(self, samples):
        """Raises `ValueError` unless samples have the codec's shape."""
        expected = [None, *self._adapted_shape()]
        if not samples.shape.is_compatible_with(expected):
            raise ValueError(
                f"The samples have the shape {tuple(samples.shape)}. Expected (batch, height, width, channels) with "
                f"{self.image_shape}: give the codec's image_shape and the generator's last layer the same shape."
            )

    def to_uint8(self, images):
        """Images in [0, 1] to the nearest of the levels 0 to 255, uint8 of the same shape."""
        return tf.cast(tf.round(tf.clip_by_value(images, 0.0, 1.0) * LEVELS), tf.uint8)

    def encode_png(self, images):
        """Images in [0, 1], `(batch, height, width, channels)`, to the bytes of a PNG file each: string `(batch,)`."""
        return tf.image.encode_png(self.to_uint8(images))

    def write_samples(self, path, images):
        """Writes images in [0, 1] as one grid, `path` with the ending `.png`."""
        write_png(path.with_suffix(".png"), image_grid(images))

    @property
    def encodings(self):
        """Further forms that an exported model serves decoded images in: a function by output name."""
        return {"png_bytes": self.encode_png}

    @property
    def trackables(self):
        """What a SavedModel must track beside its variables: nothing."""
        return []

    def get_config(self):
        """The constructor's arguments; the shape that `adapt` found is among them."""
        return {"image_shape": self.image_shape}

    @classmethod
    def from_config(cls, config):
        return cls(**config)

    def _adapted_shape(self):
        if self.image_shape is None:
            raise ValueError("The codec knows no image_shape. Expected a call of `adapt(images)`, or the shape given at once.")
        return self.image_shape


def _channels_last(shape):
    """The shape of a batch of images, with an axis for channels where grey images have none."""
    return (*shape, 1) if len(shape) == 3 else shape
