"""Images and clips as tensors: uint8 pixels <-> float32 in [-1, 1], inside the TensorFlow graph."""

import keras
import numpy as np
import tensorflow as tf

from gan_keras.codecs.base import ROUNDING, Codec, Scale, check_shape
from gan_keras.media.clips import clip_grid, write_gif
from gan_keras.media.images import CHANNELS, LEVELS, checked_shape, convert_colour, fit_to, image_grid, write_png


class PixelCodec(Codec):
    """Base of the codecs of pixels of one shape, whose `axes` it names: level 0 is -1, level 255 is 1."""

    raw_dtype, checks_values = tf.uint8, True
    axes = None

    def scale_of(self, values):
        """Returns the `Scale` of pixels by their type and range: see `SCALES`."""
        kind, low, high = values.dtype.kind, values.low, values.high
        if kind == "u" and values.dtype.itemsize == 1:
            if high == 1:
                raise ValueError(
                    f"Got {self.output_name}s as {values.text}, all nearly black. Expected levels from 0 to 255: `255 * x`."
                )
            return None
        if kind == "b":
            return SCALES["unit"]
        # Dark pixels on one scale look like bright ones on another: a range that fits two scales is refused.
        if kind in "iu":
            fits = {"levels": low >= 0 and 1 < high <= LEVELS}
        else:
            fits = {
                "unit": low >= 0 and 0 < high <= 1 + ROUNDING,
                "signed": -1 - ROUNDING <= low < -0.2 and high <= 1 + ROUNDING and max(-low, high) > 0.5,
                "levels": high > 16 and SCALES["levels"].has(values),
            }
        found = [name for name, is_so in fits.items() if is_so]
        if not found:
            raise ValueError(
                f"Got {self.output_name}s as {values.text}. Expected uint8 levels from 0 to 255, or floats that show their "
                "scale: [0, 1], [-1, 1] or [0, 255]. Convert them, such as `(255 * x).astype('uint8')` for x in [0, 1]."
            )
        return SCALES[found[0]]

    def decode(self, samples):
        """Tensors of the codec's shape to pixels, float32 in [0, 1]; values outside [-1, 1] are clipped."""
        self.check_samples(samples)
        return tf.clip_by_value((tf.cast(samples, tf.float32) + 1.0) / 2.0, 0.0, 1.0)

    def check_samples(self, samples):
        """Raises `ValueError` unless samples have the codec's shape."""
        (name,), shape = self.arguments, self._adapted_shape()
        fix = f"give the codec's {name}, the data and the generator's last layer the same shape"
        check_shape(samples, shape, f"(batch, {self.axes}) with {shape}: {fix}")

    def _adapted_shape(self):
        (name,) = self.arguments
        if getattr(self, name) is None:
            raise ValueError(f"The codec knows no {name}. Expected a call of `adapt(data)` or the constructor's {name}.")
        return getattr(self, name)


SCALES = {
    "unit": Scale("in [0, 1], 0 for black and 1 for white", 0.0, 1.0),
    "signed": Scale("in [-1, 1], -1 for black and 1 for white", -1.0, 1.0, 0.5, 0.5, is_encoded=True),
    # Bicubic resizing exceeds the range that it is given.
    "levels": Scale("from 0 to 255, 0 for black and 255 for white", 0.0, LEVELS, 1.0 / LEVELS, slack=0.15),
}
"""Scales of pixels besides uint8 levels."""


def _doubled(pixels):
    """Whole levels from 0 to 255, or floats in [0, 1], to float32 in [0, 2]; checks the range of eager values."""
    kind, pixels, high = pixels.dtype, tf.cast(pixels, tf.float32), LEVELS if pixels.dtype.is_integer else 1.0
    if tf.executing_eagerly() and kind not in (tf.uint8, tf.bool):
        lowest, highest = float(tf.reduce_min(pixels)), float(tf.reduce_max(pixels))
        if lowest < -ROUNDING * high or highest > high * (1 + ROUNDING):
            raise ValueError(
                f"Got pixels as {kind.name} from {lowest:g} to {highest:g}. Expected whole levels from 0 to 255, or floats in "
                "[0, 1]."
            )
    return pixels * (2.0 / high)


@keras.saving.register_keras_serializable(package="gan_keras")
class ImageCodec(PixelCodec):
    """Invertible map between images and tensors of one shape: level 0 is -1, level 255 is 1.

    Args:
        image_shape: `(height, width, channels)` of the tensors, 1 channel for grey or 3 for colour. `None`: the shape of
            the images passed to `adapt`.
    """

    output_name, arguments, axes = "image", ("image_shape",), "height, width, channels"

    def __init__(self, image_shape=None):
        self.image_shape = None if image_shape is None else checked_shape(image_shape)

    def adapt(self, images):
        """Takes the shape from data with an `image_shape`, or from an array, unless the constructor set it."""
        if self.image_shape is None:
            shape = getattr(images, "image_shape", None) or np.shape(images)[1:]
            self.image_shape = checked_shape((*shape, 1) if len(shape) == 2 else shape)

    def encode(self, images):
        """Images to float32 in [-1, 1], cropped around the centre, resized, and converted to colour or grey.

        Args:
            images: Shape `(batch, any height, any width, 1 or 3)`, or `(batch, height, width)` for grey: uint8 levels,
                or floats in [0, 1] as `decode` returns them.
        """
        height, width, channels = self._adapted_shape()
        images = _doubled(tf.convert_to_tensor(images))
        images = images[..., tf.newaxis] if images.shape.rank == 3 else images
        return convert_colour(fit_to(images, height, width), channels) - 1.0

    def to_uint8(self, images):
        """Images in [0, 1] to the nearest levels from 0 to 255, uint8 of the same shape."""
        return tf.cast(tf.round(tf.clip_by_value(images, 0.0, 1.0) * LEVELS), tf.uint8)

    def encode_png(self, images):
        """Images in [0, 1], `(batch, height, width, channels)`, to the bytes of PNG files: string `(batch,)`."""
        return tf.image.encode_png(self.to_uint8(images))

    def write_samples(self, path, images):
        """Writes images in [0, 1] as one grid to `path` with the suffix `.png`."""
        write_png(path.with_suffix(".png"), image_grid(images))

    @property
    def encodings(self):
        """Further outputs of an exported model: a function of decoded images by output name."""
        return {"png_bytes": self.encode_png}


@keras.saving.register_keras_serializable(package="gan_keras")
class VideoCodec(PixelCodec):
    """Invertible map between clips and tensors of one shape: level 0 is -1, level 255 is 1.

    Args:
        video_shape: `(frames, height, width, channels)` of a clip, 1 channel for grey or 3 for colour. `None`: the shape
            of the clips passed to `adapt`.
    """

    output_name, arguments, axes = "video", ("video_shape",), "frames, height, width, channels"

    def __init__(self, video_shape=None):
        self.video_shape = None if video_shape is None else _checked_video_shape(video_shape)

    def adapt(self, videos):
        """Takes the shape from data with a `video_shape`, or from an array, unless the constructor set it."""
        if self.video_shape is None:
            self.video_shape = _checked_video_shape(getattr(videos, "video_shape", None) or np.shape(videos)[1:])

    def encode(self, videos):
        """Clips of the codec's shape, uint8 levels or floats in [0, 1] as `decode` returns them, to float32 in [-1, 1]."""
        videos = tf.convert_to_tensor(videos)
        self.check_samples(videos)
        return _doubled(videos) - 1.0

    def write_samples(self, path, videos):
        """Writes clips in [0, 1] as an animated grid to `path` with the suffix `.gif`."""
        write_gif(path.with_suffix(".gif"), clip_grid(videos))


def _checked_video_shape(video_shape):
    shape = tuple(int(size) for size in video_shape)
    if len(shape) != 4 or min(shape) < 1 or shape[3] not in CHANNELS:
        raise ValueError(f"video_shape={shape}. Expected (frames, height, width, channels), 1 channel for grey or 3 for colour.")
    return shape
