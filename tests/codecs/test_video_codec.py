"""`VideoCodec` against NumPy, in a graph, and from its configuration."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from gan_keras.codecs import VideoCodec
from gan_keras.media.clips import read_gif
from refusals import refused

SHAPE = (2, 16, 8, 1)
LEVELS = np.arange(256, dtype=np.uint8).reshape(1, *SHAPE)


def test_every_level_round_trips_and_samples_outside_the_range_are_clipped():
    codec = VideoCodec(SHAPE)
    samples = tf.function(codec.encode)(LEVELS)
    assert samples.dtype == tf.float32
    np.testing.assert_allclose(samples, LEVELS / 127.5 - 1, atol=1e-6)
    np.testing.assert_allclose(codec.decode(samples), LEVELS / 255, atol=1e-6)
    np.testing.assert_allclose(codec.encode(codec.decode(samples)), samples, atol=1e-6)
    video = VideoCodec((2, 1, 1, 1)).decode(tf.constant([-7.0, 7.0], tf.float16, [1, 2, 1, 1, 1]))
    assert video.dtype == tf.float32
    np.testing.assert_array_equal(video[0, :, 0, 0, 0], [0, 1])


def test_adapt_takes_the_shape_of_data_and_the_configuration_keeps_it():
    codec = VideoCodec()
    refused("knows no video_shape", codec.encode, LEVELS)
    codec.adapt(LEVELS)
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(codec))
    assert copy.video_shape == SHAPE and copy.output_name == "video"


def test_clips_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r"Expected \(batch, frames, height, width, channels\) with \(2, 16, 8, 1\)"):
        VideoCodec(SHAPE).encode(LEVELS[:, :, :8])
    for shape in ((2, 16, 8), (2, 16, 8, 2), (0, 16, 8, 1)):
        refused("video_shape=", VideoCodec, shape)


def test_samples_are_written_as_an_animation(tmp_path):
    clips = np.random.default_rng(0).uniform(0, 1, (4, *SHAPE)).astype("float32")
    VideoCodec(SHAPE).write_samples(tmp_path / "epoch_001", clips)
    assert len(read_gif(tmp_path / "epoch_001.gif")) == 2
