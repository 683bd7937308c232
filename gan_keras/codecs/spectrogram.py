"""Spectrograms: sounds as square pictures of loudness by pitch and time, and back to waveforms.

Reference: [Donahue et al., 2019](https://arxiv.org/abs/1802.04208), SpecGAN. Unlike there, frequencies are pooled into mel
bands, as wide as the ear's, so that a 64 x 64 picture is enough for speech.
"""

import math
import operator

import keras
import numpy as np
import tensorflow as tf

from gan_keras.codecs.base import check_shape
from gan_keras.codecs.griffin_lim import ShortTimeFourier, griffin_lim
from gan_keras.codecs.waveform import SoundCodec, at_full_volume

MIN_HERTZ = 40.0
"""Lower edge of the lowest band, in Hz."""

_FRAME_SECONDS = 0.032  # two or three periods of a low voice


@keras.saving.register_keras_serializable(package="gan_keras")
class SpectrogramCodec(SoundCodec):
    """Map between sounds and spectrograms in [-1, 1], `(batch, size, size, channels)`: rows are bands from low to high, columns
    time.

    1 is the loudest cell of a sound; cells that are quieter by `decibels` or more are -1. Spectrograms hold no phases:
    `decode` estimates them with the Griffin-Lim algorithm, so that a decoded sound is similar but not the same waveform. Two
    channels start from the same phases: what they share stays in the middle.

    Args:
        sample_rate: See `SoundCodec`.
        length: See `SoundCodec`; a multiple of `size`.
        size: Number of bands and of frames, >= 4.
        decibels: Range from the softest to the loudest cell, > 0.
        iterations: Griffin-Lim iterations of `decode`, >= 0: more are better and slower.
        channels: See `SoundCodec`.

    Raises:
        TypeError: If `size` or `iterations` is not a whole number.
        ValueError: If an argument is out of range, or sounds of this rate and length do not fill such a picture.
    """

    arguments = (*SoundCodec.arguments, "size", "decibels", "iterations")

    def __init__(self, sample_rate=None, length=None, size=64, decibels=60.0, iterations=16, channels=None):
        super().__init__(sample_rate, length, channels)
        if size < 4 or not 0 < decibels < math.inf or iterations < 0:
            raise ValueError(
                f"size={size}, decibels={decibels}, iterations={iterations}. Expected size >= 4, decibels > 0, iterations >= 0."
            )
        # Without `index`, only the first `decode`, after an epoch of training, would notice half an iteration.
        self.size, self.decibels, self.iterations = operator.index(size), float(decibels), operator.index(iterations)
        if sample_rate is not None and length is not None:
            self.check_adapted()

    @property
    def image_shape(self):
        """`(height, width, channels)` of the spectrograms."""
        return (self.size, self.size, self.channels)

    def check_adapted(self):
        super().check_adapted()
        window = self.window
        if self.length % self.size or 2 * self.length > self.size * window:
            most = self.size * window // 2
            raise ValueError(
                f"length={self.length} for spectrograms of {self.size} frames at {self.sample_rate} Hz. Expected a multiple of "
                f"{self.size}, at most {most}, so that frames of {window} samples overlap by half: choose another length or size."
            )
        if not self.weights.any(axis=0).all():
            raise ValueError(
                f"size={self.size}: some bands contain no frequency of frames of {window} samples at {self.sample_rate} Hz. "
                "Expected fewer bands: choose a smaller size."
            )

    @property
    def window(self):
        """Samples per frame, see `window_of`."""
        return window_of(self.sample_rate)

    @property
    def transform(self):
        """Fourier transform of the codec's waveforms."""
        return ShortTimeFourier(self.length, self.length // self.size, self.window)

    @property
    def weights(self):
        """Weights of frequencies in bands, see `bands`."""
        return bands(self.size, self.sample_rate, self.window)

    def encode(self, sounds):
        """Sounds, as for `waveforms`, to spectrograms, float32 in [-1, 1]."""
        waveforms = tf.transpose(self.waveforms(sounds), [0, 2, 1])
        levels = loudness_levels(waveforms, self.transform, self.weights, self.decibels)
        return tf.transpose(levels, [0, 3, 2, 1])

    def decode(self, samples):
        """Spectrograms, clipped to [-1, 1], to waveforms, float32 `(batch, length)`, whose loudest sample is 1 or -1.

        Stereo sounds are `(batch, length, 2)`.
        """
        samples = tf.cast(samples, tf.float32)
        self.check_samples(samples)
        samples = tf.transpose(tf.clip_by_value(samples, -1.0, 1.0), [0, 3, 2, 1])
        samples = tf.reshape(samples, [-1, self.size, self.size])  # each channel for itself
        # Subtracting the softest loudness turns cells of -1, which would hum, into silence without a jump.
        loudness = 10.0 ** ((samples - 1.0) * (self.decibels / 40.0)) - 10.0 ** (-self.decibels / 20.0)
        magnitudes = tf.nn.relu(loudness @ np.linalg.pinv(self.weights))
        waveforms = griffin_lim(magnitudes, self.transform, self.iterations)
        waveforms = tf.reshape(waveforms, [-1, self.channels, self.length])
        return self.as_sounds(at_full_volume(tf.transpose(waveforms, [0, 2, 1])))

    def check_samples(self, samples):
        """Raises `ValueError` unless samples have the codec's shape."""
        self.check_adapted()
        fix = "give the codec's size and the generator's last layer the same"
        check_shape(samples, self.image_shape, f"(batch, {self.size}, {self.size}, {self.channels}): {fix}")


def window_of(sample_rate):
    """Samples per frame at a rate in Hz: the power of two nearest to 32 ms."""
    return 2 ** max(3, round(math.log2(_FRAME_SECONDS * sample_rate)))


def loudness_levels(waveforms, transform, weights, decibels):
    """Loudness of each band in each frame, relative to a sound's loudest cell: float32, `(batch, channels, frames, bands)`.

    A `ShortTimeFourier` transforms the waveforms, float32 `(batch, channels, length)`; `weights` are those of `bands`; the levels
    are in [-1, 1], -1 from `decibels` below the loudest cell on.
    """
    loudness = tf.abs(transform(tf.reshape(waveforms, [-1, transform.length]))) @ weights
    loudness = tf.reshape(loudness, [-1, waveforms.shape[1], *loudness.shape[1:]])
    loudest = tf.reduce_max(loudness, axis=(1, 2, 3), keepdims=True)
    below = 20.0 * log10(tf.math.divide_no_nan(loudness, loudest))
    return tf.clip_by_value(below * (2.0 / decibels) + 1.0, -1.0, 1.0)


def bands(num, sample_rate, window):
    """Weights of frequencies in bands, float32 `(window + 1, num)`: triangles of equal width in mel that each sum to 1.

    A band too narrow to contain a frequency is 0.
    """
    edges = to_hertz(np.linspace(to_mel(MIN_HERTZ), to_mel(sample_rate / 2), num + 2))
    low, centre, high = edges[:-2], edges[1:-1], edges[2:]
    frequencies = np.linspace(0.0, sample_rate / 2, window + 1)[:, np.newaxis]
    weights = np.maximum(0.0, np.minimum((frequencies - low) / (centre - low), (high - frequencies) / (high - centre)))
    sums = weights.sum(axis=0)
    return np.divide(weights, sums, out=np.zeros_like(weights), where=sums > 0).astype(np.float32)


def to_mel(hertz):
    """Perceived pitch: [Stevens et al., 1937](https://doi.org/10.1121/1.1915893), in O'Shaughnessy's formula."""
    return 2595.0 * np.log10(1.0 + hertz / 700.0)


def to_hertz(mel):
    """The inverse of `to_mel`."""
    return 700.0 * (10.0 ** (mel / 2595.0) - 1.0)


def log10(numbers):
    """Logarithm of numbers >= 0; finite for 0, but far below all others."""
    return tf.math.log(tf.maximum(numbers, 1e-12)) / math.log(10.0)
