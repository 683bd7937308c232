"""Points of a space as tensors: columns of any unit <-> float32 columns of mean 0 and deviation 1."""

import keras
import numpy as np
import tensorflow as tf


@keras.saving.register_keras_serializable(package="gan_keras")
class PointCodec:
    """Invertible map between points and standardised points, so that one recipe fits data of any place and scale.

    Args:
        means: Mean of each column. `None`: that of the points seen by `adapt`.
        deviations: Standard deviation of each column, > 0; `None` as before.

    Raises:
        ValueError: If only one of the two is given, or a deviation is not above 0.
    """

    raw_dtype = tf.float32
    output_name = "point"

    def __init__(self, means=None, deviations=None):
        if (means is None) != (deviations is None):
            raise ValueError(f"means={means}, deviations={deviations}. Expected both, or neither to find them with `adapt`.")
        self.means, self.deviations = means, deviations
        if means is not None:
            self._set(means, deviations)

    def adapt(self, points):
        """Takes mean and deviation of each column from `(num, columns)` points, unless they were given.

        Raises:
            ValueError: If the points are not finite, or all the same in a column.
        """
        if self.means is not None:
            return
        points = np.asarray(points, np.float64)
        if points.ndim != 2 or len(points) < 2 or not np.isfinite(points).all():
            raise ValueError(f"Got points of shape {points.shape}. Expected (num, columns), two points or more, all finite.")
        self._set(points.mean(axis=0), points.std(axis=0))

    def _set(self, means, deviations):
        if len(means) != len(deviations) or not all(deviation > 0 for deviation in deviations):
            raise ValueError(f"deviations={list(deviations)}. Expected one above 0 a column: leave constant columns out.")
        self.means, self.deviations = (tuple(float(value) for value in values) for values in (means, deviations))

    def encode(self, points):
        """Points in their own units, `(batch, columns)`, to standardised ones, float32."""
        means, deviations = self._adapted()
        points = tf.cast(points, tf.float32)
        self.check_samples(points)  # a single column would be repeated
        return (points - means) / deviations

    def decode(self, samples):
        """Standardised points, `(batch, columns)`, to points in their own units, float32."""
        means, deviations = self._adapted()
        return tf.cast(samples, tf.float32) * deviations + means

    def check_samples(self, samples):
        """Raises `ValueError` unless samples have the codec's columns."""
        num = len(self._adapted()[0])
        if not samples.shape.is_compatible_with([None, num]):
            raise ValueError(f"The samples have the shape {tuple(samples.shape)}. Expected (batch, {num}): a number a column.")

    @property
    def trackables(self):
        """What a SavedModel must track beside its variables: nothing."""
        return []

    def get_config(self):
        """The constructor's arguments; what `adapt` found is among them."""
        return {"means": self.means, "deviations": self.deviations}

    @classmethod
    def from_config(cls, config):
        return cls(**config)

    def _adapted(self):
        if self.means is None:
            raise ValueError("The codec knows no means. Expected a call of `adapt(points)`, or means and deviations at once.")
        return self.means, self.deviations
