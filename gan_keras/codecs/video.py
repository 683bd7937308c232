"""Clips as tensors: uint8 pixels <-> float32 in [-1, 1], inside the TensorFlow graph."""

import keras
import numpy as np
import tensorflow as tf

from gan_keras.media.clips import clip_grid, write_gif
from gan_keras.media.images import CHANNELS, LEVELS


@keras.saving.register_keras_serializable(package="gan_keras")
class VideoCodec:
    """Invertible map between clips and tensors of one shape: level 0 is -1, level 255 is 1.

    Every method on tensors works eagerly, in a `tf.function` and in a SavedModel.

    Args:
        video_shape: `(frames, height, width, channels)` of a clip, 1 channel for grey or 3 for colour. `None`: that of the
            clips seen by `adapt`.

    Raises:
        ValueError: If `video_shape` is no such shape.
    """

    raw_dtype = tf.uint8
    output_name = "video"

    def __init__(self, video_shape=None):
        self.video_shape = None if video_shape is None else _checked_shape(video_shape)

    def adapt(self, videos):
        """Takes the shape from data, unless it was given.

        Args:
            videos: Array `(num, frames, height, width, channels)`, or an object with a `video_shape`, such as
                `gan_keras.data.Videos`.
        """
        if self.video_shape is None:
            self.video_shape = _checked_shape(getattr(videos, "video_shape", None) or np.shape(videos)[1:])

    def encode(self, videos):
        """Clips to tensors: uint8 levels, or floats in [0, 1] as `decode` makes them, to float32 in [-1, 1].

        Raises:
            ValueError: If the clips have another shape: nothing is cut or resized here, see `gan_keras.data.load_videos`.
        """
        videos = tf.convert_to_tensor(videos)
        self.check_samples(videos)
        scale = LEVELS if videos.dtype == tf.uint8 else 1.0
        return tf.cast(videos, tf.float32) * (2.0 / scale) - 1.0

    def decode(self, samples):
        """Tensors to clips: floats `(batch, *video_shape)` -> float32 in [0, 1]; what is beyond [-1, 1] is clipped."""
        self.check_samples(samples)
        return tf.clip_by_value((tf.cast(samples, tf.float32) + 1.0) / 2.0, 0.0, 1.0)

    def check_samples(self, samples):
        """Raises `ValueError` unless samples have the codec's shape."""
        expected = [None, *self._adapted_shape()]
        if not samples.shape.is_compatible_with(expected):
            raise ValueError(
                f"The clips have the shape {tuple(samples.shape)}. Expected (batch, frames, height, width, channels) with "
                f"{self.video_shape}: give the codec's video_shape, the data and the generator's last layer one shape."
            )

    def write_samples(self, path, videos):
        """Writes clips in [0, 1] as the animation of a grid, `path` with the ending `.gif`."""
        write_gif(path.with_suffix(".gif"), clip_grid(videos))

    @property
    def trackables(self):
        """What a SavedModel must track beside its variables: nothing."""
        return []

    def get_config(self):
        """The constructor's arguments; the shape that `adapt` found is among them."""
        return {"video_shape": self.video_shape}

    @classmethod
    def from_config(cls, config):
        return cls(**config)

    def _adapted_shape(self):
        if self.video_shape is None:
            raise ValueError("The codec knows no video_shape. Expected a call of `adapt(videos)`, or the shape given at once.")
        return self.video_shape


def _checked_shape(video_shape):
    shape = tuple(int(size) for size in video_shape)
    if len(shape) != 4 or min(shape) < 1 or shape[3] not in CHANNELS:
        raise ValueError(f"video_shape={shape}. Expected (frames, height, width, channels), 1 channel for grey or 3 for colour.")
    return shape
