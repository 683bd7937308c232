"""Points as tensors: columns in any unit <-> float32 columns of mean 0 and standard deviation 1."""

import keras
import numpy as np
import tensorflow as tf

from gan_keras.codecs.base import Codec, check_shape


@keras.saving.register_keras_serializable(package="gan_keras")
class PointCodec(Codec):
    """Invertible standardisation of points, so that one recipe fits data of any location and scale.

    Args:
        means: Mean of each column. `None`: the means of the points passed to `adapt`.
        deviations: Standard deviation of each column, > 0. `None`: as for `means`.

    Raises:
        ValueError: If only one of the two is given, or a deviation is not above 0.
    """

    raw_dtype, output_name, arguments, checks_values = tf.float32, "point", ("means", "deviations"), True

    def __init__(self, means=None, deviations=None):
        if (means is None) != (deviations is None):
            raise ValueError(f"means={means}, deviations={deviations}. Expected both, or neither to find them with `adapt`.")
        self.means, self.deviations = means, deviations
        if means is not None:
            self._set(means, deviations)

    def adapt(self, points):
        """Takes mean and deviation of each column from points `(num, columns)`, unless the constructor set them."""
        if self.means is not None:
            return
        points = np.asarray(points, np.float64)
        if points.ndim != 2 or len(points) < 2 or not np.isfinite(points).all():
            raise ValueError(f"Got points of shape {points.shape}. Expected (num, columns), two points or more, all finite.")
        self._set(points.mean(axis=0), points.std(axis=0))
        self.has_read_rows = True

    def _set(self, means, deviations):
        if len(means) != len(deviations) or not all(deviation > 0 for deviation in deviations):
            raise ValueError(f"deviations={list(deviations)}. Expected one above 0 per column: leave constant columns out.")
        self.means, self.deviations = (tuple(float(value) for value in values) for values in (means, deviations))

    def encode(self, points):
        """Points in their own units, `(batch, columns)`, to standardised points, float32."""
        points = tf.cast(points, tf.float32)
        self.check_samples(points)  # a single column would be broadcast
        return (points - self.means) / self.deviations

    def decode(self, samples):
        """Standardised points, `(batch, columns)`, to points in their own units, float32."""
        self._check_adapted()
        return tf.cast(samples, tf.float32) * self.deviations + self.means

    def check_samples(self, samples):
        """Raises `ValueError` unless samples have the codec's columns."""
        self._check_adapted()
        check_shape(samples, [len(self.means)], f"(batch, {len(self.means)}): a number a column")

    def _check_adapted(self):
        if self.means is None:
            raise ValueError("The codec knows no means. Expected a call of `adapt(points)` or the constructor's arguments.")
