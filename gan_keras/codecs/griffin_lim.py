"""Short-time Fourier transforms, and waveforms from magnitudes alone (Griffin-Lim).

A spectrogram does not hold phases. They start as noise; then a waveform is synthesised and analysed repeatedly, and each
time its phases fit the magnitudes and each other better. The faster variant with momentum is not used: it amplifies rounding
errors into audible differences, and a server rounds differently from a notebook.

Reference: [Griffin and Lim, 1984](https://doi.org/10.1109/TASSP.1984.1164317).
"""

import math

import tensorflow as tf

from gan_keras import noise

_SILENCE = 1e-6  # relative to a loudest sample of 1; smaller numbers have no phase


class ShortTimeFourier:
    """Short-time Fourier transform of waveforms of one length, and its inverse.

    Silence on both sides makes `length / hop` overlapping frames; frame `i` is centred at sample `(i + 1/2) * hop`. A frame is
    weighted by a Hann window and padded to twice its length.

    Args:
        length: Samples per waveform, a multiple of `hop`.
        hop: Samples from one frame to the next, at most half of `window`.
        window: Samples per frame.
    """

    def __init__(self, length, hop, window):
        self.length, self.hop, self.window = length, hop, window
        self.frames, self.before = length // hop, (window - hop) // 2
        self.weights = tf.signal.hann_window(window)

    @property
    def bins(self):
        """Number of frequencies, from 0 to half the sample rate."""
        return self.window + 1

    def __call__(self, waveforms):
        """float32 `(batch, length)` to complex64 `(batch, frames, bins)`."""
        padded = tf.pad(waveforms, [[0, 0], [self.before, self.window - self.hop - self.before]])
        frames = tf.signal.frame(padded, self.window, self.hop)
        return tf.signal.rfft(frames * self.weights, [2 * self.window])

    def inverse(self, spectra):
        """Waveforms with the nearest spectra in least squares: complex64 to float32 `(batch, length)`."""
        frames = tf.signal.irfft(spectra, [2 * self.window])[..., : self.window]
        waveforms = tf.signal.overlap_and_add(frames * self.weights, self.hop)
        squares = tf.signal.overlap_and_add(tf.tile(self.weights[tf.newaxis] ** 2, [self.frames, 1]), self.hop)
        return tf.math.divide_no_nan(waveforms, squares)[:, self.before : self.before + self.length]


def griffin_lim(magnitudes, transform, iterations):
    """Waveforms, float32 `(batch, length)`, with given magnitudes, float32 `(batch, frames, bins)` >= 0.

    The initial phases are the same noise for each waveform and call: a row's result depends on the row alone. Each of the
    `iterations` >= 0 updates them with the `ShortTimeFourier` transform.
    """
    turns = noise.uniform(tf.range(transform.frames, dtype=tf.int64), transform.bins) * (2.0 * math.pi)
    phases = tf.complex(tf.cos(turns), tf.sin(turns)) + tf.zeros_like(magnitudes, tf.complex64)
    magnitudes = tf.cast(magnitudes, tf.complex64)

    def update(iteration, phases):
        spectra = transform(transform.inverse(magnitudes * phases))
        return iteration + 1, spectra / tf.cast(tf.abs(spectra) + _SILENCE, tf.complex64)

    _, phases = tf.while_loop(lambda iteration, _: iteration < iterations, update, (tf.constant(0), phases))
    return transform.inverse(magnitudes * phases)
