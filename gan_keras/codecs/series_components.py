"""Windows of series as their principal components, so that small movements count beside large ones."""

import base64

import keras
import numpy as np
import tensorflow as tf

from gan_keras.codecs.series import SeriesCodec, windows_of

MOST_NUMBERS = 4096
"""Steps times columns of the largest window: the components are found by decomposing a square matrix of that size."""

MOST_COMPONENTS = 512
_FLOOR = 1e-6  # of the largest variance: components are multiplied as if theirs were larger by so much, so that
_LEAST = 1e-10  # the smallest do not drown the others; those of a still smaller share are rounding and left out


@keras.saving.register_keras_serializable(package="gan_keras")
class ComponentCodec(SeriesCodec):
    """`SeriesCodec` whose tensors are vectors `(batch, components)`: scaled principal components of whole windows.

    In a window of prices nearly all variance is the level, and a discriminator of the values learns little else; what makes
    a window look real is how it moves. Here a component of variance `v` is divided by `v ** (whitening / 2)`, so that small
    ones count for more, and all together have mean 0 and variance 1. Dense networks read these vectors; they have no axis of
    time for convolutions or recurrent networks.

    At most 512 components are kept, those of the largest variance; what is left out is less than judges tell apart.

    Args:
        length: As of `SeriesCodec`, like all that are not listed.
        whitening: In [0, 1]: 0 keeps the proportions of the variances, 1 makes them equal.
        mean: Mean of the scaled windows, flattened.
        scales: What each component was multiplied by.
        deviations: Standard deviation of each number of the tensors.
        basis: The components as bytes of float32 in base64.

    Raises:
        ValueError: If `whitening` is out of its range.
    """

    def __init__(self, length=None, whitening=0.5, mean=None, scales=None, deviations=None, basis=None, **kwargs):
        if not 0 <= whitening <= 1:
            raise ValueError(f"whitening={whitening}. Expected a number from 0 (variances as they are) to 1 (all equal).")
        self.whitening, self.mean, self.basis = whitening, mean, basis
        self.scales, self.deviations = scales, deviations
        super().__init__(length, **kwargs)

    def adapt(self, series):
        if self.length is not None:
            return
        super().adapt(series)
        samples = windows_of(series)
        self._find_components(np.reshape(super().encode(samples), (len(samples), -1)))

    def _find_components(self, windows):
        if windows.shape[1] > MOST_NUMBERS:
            raise ValueError(
                f"A window has {windows.shape[1]:,} numbers. Expected at most {MOST_NUMBERS:,}, steps times columns: a smaller "
                "length, fewer columns, or another preset, such as rcgan."
            )
        mean = windows.mean(axis=0, dtype=np.float64)
        variances, basis = np.linalg.eigh(np.cov(windows, rowvar=False))
        variances, basis = variances[::-1][:MOST_COMPONENTS], basis[:, ::-1][:, :MOST_COMPONENTS]
        kept = variances > _LEAST * variances[0]
        scales = (variances[kept] + _FLOOR * variances[0]) ** (-self.whitening / 2.0)
        scales /= np.sqrt(np.mean(variances[kept] * scales**2))
        self.mean, self.scales = tuple(mean.tolist()), tuple(scales.tolist())
        self.deviations = tuple((np.sqrt(variances[kept]) * scales).tolist())
        self.basis = base64.b64encode(basis[:, kept].astype("<f4").tobytes()).decode()

    def encode(self, series):
        """Series in their own units, `(batch, length, columns)`, NaN after the end, to float32 `(batch, components)`."""
        scaled = super().encode(series)
        flat = tf.reshape(scaled, [-1, len(self.mean)]) - tf.constant(self.mean)
        return tf.matmul(flat, self._basis()) * tf.constant(self.scales)

    def decode(self, samples):
        """Components `(batch, components)` to series in their own units, `(batch, length, columns)`, float32."""
        self.check_samples(samples)
        flat = tf.matmul(tf.cast(samples, tf.float32) / tf.constant(self.scales), self._basis(), transpose_b=True)
        return self.unscaled(tf.reshape(flat + tf.constant(self.mean), [-1, *self.window_shape]))

    @property
    def tensor_shape(self):
        """`(components,)`."""
        self._adapted()
        return (len(self.scales),)

    def get_config(self):
        return {
            **super().get_config(),
            **{name: getattr(self, name) for name in ("whitening", "mean", "scales", "deviations", "basis")},
        }

    def _basis(self):
        numbers = np.frombuffer(base64.b64decode(self.basis), "<f4")
        return tf.constant(numbers.reshape(len(self.mean), len(self.scales)))
