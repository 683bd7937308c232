"""Series whose columns are turned to normal scores first: a value counts by its rank."""

import keras
import numpy as np
import tensorflow as tf
from scipy.special import ndtri

from gan_keras.codecs.series_components import ComponentCodec

_LEAST_SHARE = 1e-4  # the score of the least and the largest value: about 3.7 deviations


@keras.saving.register_keras_serializable(package="gan_keras")
class NormalScoreCodec(ComponentCodec):
    """`ComponentCodec` of columns that are normally distributed, whatever they were: for sensors, counts and skewed columns.

    A value that a share `p` of the values is below of becomes the normal quantile of `p`. Between a few quantiles of the data
    the curve is straight, so that small movements stay smooth. Of a column of few values, such as counts, each value has one
    score in the middle of its share, and what is decoded is again one of them, as often as in the data where scores are normal.

    Args:
        length: As of `ComponentCodec`, like all that are not listed.
        knots: Straight pieces of a curve, >= 1.
        curves: For each column a list of values, one of their scores, and of columns of few values one of the scores that
            part them (else empty).

    Raises:
        ValueError: If `knots` is below 1.
    """

    def __init__(self, length=None, knots=16, curves=None, **kwargs):
        if knots < 1:
            raise ValueError(f"knots={knots}. Expected at least 1.")
        self.knots, self.curves = knots, curves
        super().__init__(length, **kwargs)

    def _find_scales(self, values):
        super()._find_scales(values)
        curves = [self._curve(values[:, column], levels) for column, levels in enumerate(self.levels)]
        self.curves = tuple(tuple(tuple(map(float, part)) for part in curve) for curve in curves)

    def _curve(self, values, levels):
        if levels:
            ends = np.cumsum(np.unique(values, return_counts=True)[1]) / len(values)
            return levels, score(ends - np.diff(ends, prepend=0.0) / 2.0), score(ends[:-1])
        shares = np.linspace(0.0, 1.0, self.knots + 1)
        quantiles, rows = np.unique(np.quantile(values, shares), return_index=True)
        return quantiles, score(shares[rows]), ()

    def scale(self, series):
        columns = tf.unstack(series, axis=2)
        return tf.stack([interpolate(*pair[:2], column) for pair, column in zip(self.curves, columns, strict=True)], axis=2)

    def unscale(self, scaled):
        columns = tf.unstack(scaled, axis=2)
        return tf.stack([self._unscaled(*curve, column) for curve, column in zip(self.curves, columns, strict=True)], axis=2)

    def _unscaled(self, values, scores, borders, column):
        if not borders:
            return interpolate(scores, values, column)
        places = tf.searchsorted(tf.constant(borders, tf.float32), tf.reshape(column, [-1]))
        return tf.reshape(tf.gather(tf.constant(values, tf.float32), places), tf.shape(column))

    def get_config(self):
        return {**super().get_config(), "knots": self.knots, "curves": self.curves}


def score(shares):
    """Normal quantiles of shares in [0, 1], within those of the least and the largest score."""
    return ndtri(np.clip(shares, _LEAST_SHARE, 1.0 - _LEAST_SHARE))


def interpolate(before, after, numbers):
    """Numbers through the straight pieces that lead from the points `before` to the points `after`, both rising.

    Args:
        before: Two points at least, in order.
        after: As many.
        numbers: Tensor of any shape; what is beyond the points is moved to the last of them. NaN stays NaN.
    """
    before, after = tf.constant(before, tf.float32), tf.constant(after, tf.float32)
    flat = tf.reshape(numbers, [-1])
    right = tf.clip_by_value(tf.searchsorted(before, flat, side="right"), 1, before.shape[0] - 1)
    low, high = tf.gather(before, right - 1), tf.gather(before, right)
    share = tf.clip_by_value((flat - low) / (high - low), 0.0, 1.0)
    share = tf.where(tf.math.is_nan(flat), flat, share)
    values = tf.gather(after, right - 1) * (1.0 - share) + tf.gather(after, right) * share
    return tf.reshape(values, tf.shape(numbers))
