"""Principal components of series windows, so that small movements count next to large ones."""

import base64

import keras
import numpy as np
import tensorflow as tf
from scipy.special import ndtri

from gan_keras.codecs.series import SeriesCodec, nearest, windows_of

MAX_NUMBERS = 4096
"""Maximum of steps times columns of a window: `adapt` decomposes a square matrix of this size."""

MAX_COMPONENTS = 512
_FLOOR = 1e-6  # share of the largest variance added to each, so that the smallest components do not drown the others
_MIN_VARIANCE = 1e-10  # share of the largest variance; components below it are rounding errors and left out
_MIN_SHARE = 1e-4  # normal scores are those of shares from here to 1 minus this: about 3.7 deviations


@keras.saving.register_keras_serializable(package="gan_keras")
class ComponentCodec(SeriesCodec):
    """`SeriesCodec` whose tensors are vectors `(batch, components)`: scaled principal components of whole windows.

    In a window of prices, nearly all variance is the level, and a discriminator of values learns little else; but its
    movement makes a window look real. Here, a component of variance `v` is divided by `v ** (whitening / 2)`, so that small
    components count for more; together they have mean 0 and variance 1. The vectors are for dense networks: they have no time
    axis for convolutions or recurrent networks. At most 512 components are kept, those of largest variance; judges cannot
    tell the difference.

    Args:
        length: See `SeriesCodec`, as for arguments that are not listed.
        whitening: In [0, 1]: 0 keeps the proportions of the variances, 1 makes them equal.
        mean: Mean of the scaled windows, flattened.
        scales: Factor of each component.
        deviations: Standard deviation of each number of the tensors.
        basis: Components as float32 bytes in base64.
    """

    arguments = (*SeriesCodec.arguments, "whitening", "mean", "scales", "deviations", "basis")

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

    @classmethod
    def from_moments(cls, columns, ranges, length, moments, whitening=0.5):
        """Returns a codec that has read no data: of public ranges, and the `privacy.NoisedMoments` of scaled windows.

        Args:
            columns: See `SeriesCodec.of_ranges`.
            ranges: As there.
            length: As there.
            moments: Noised moments of a single class.
            whitening: See the class.

        Raises:
            ValueError: If the moments' noise leaves no component.
        """
        factors = moments.factors[0][::-1]
        variances = (factors**2).sum(axis=1)
        if not len(variances):
            raise ValueError(
                f"The noise for epsilon={moments.epsilon:.3g} hides how windows of {length} steps vary. Expected more windows, "
                "shorter ones, fewer columns, or a larger epsilon."
            )
        codec = cls.of_ranges(columns, ranges, length, whitening=whitening)
        codec._set_components(moments.means[0], variances, (factors / np.sqrt(variances)[:, None]).T)
        return codec

    def _find_components(self, windows):
        if windows.shape[1] > MAX_NUMBERS:
            raise ValueError(
                f"A window has {windows.shape[1]:,} numbers. Expected at most {MAX_NUMBERS:,}, steps times columns: a smaller "
                "length, fewer columns, or another preset, such as rcgan."
            )
        self._set_components(windows.mean(axis=0, dtype=np.float64), *np.linalg.eigh(np.cov(windows, rowvar=False)))

    def _set_components(self, mean, variances, basis):
        """Sets the components from the mean of scaled windows, flattened, ascending variances and their directions in columns."""
        variances, basis = variances[::-1][:MAX_COMPONENTS], basis[:, ::-1][:, :MAX_COMPONENTS]
        kept = variances > _MIN_VARIANCE * variances[0]
        scales = (variances[kept] + _FLOOR * variances[0]) ** (-self.whitening / 2.0)
        scales /= np.sqrt(np.mean(variances[kept] * scales**2))
        self.mean, self.scales = tuple(mean.tolist()), tuple(scales.tolist())
        self.deviations = tuple((np.sqrt(variances[kept]) * scales).tolist())
        self.basis = base64.b64encode(basis[:, kept].astype("<f4").tobytes()).decode()

    def encode(self, series):
        """Series in their own units, `(batch, length, columns)`, NaN after the end, to float32 `(batch, components)`."""
        return self.components_of(self.scaled_windows(series))

    def scaled_windows(self, series):
        """Series in their own units to scaled windows, `(batch, length, columns)`, of which components are taken."""
        return super().encode(series)

    def components_of(self, scaled):
        """Scaled windows to components, a linear function of them."""
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

    def _basis(self):
        numbers = np.frombuffer(base64.b64decode(self.basis), "<f4")
        return tf.constant(numbers.reshape(len(self.mean), len(self.scales)))


@keras.saving.register_keras_serializable(package="gan_keras")
class NormalScoreCodec(ComponentCodec):
    """`ComponentCodec` of normal scores: turns sensors, counts and skewed columns into normally distributed ones first.

    A value with a share `p` of the values below it becomes the normal quantile of `p`. The curve is linear between a few
    quantiles of the data, so that small movements stay smooth. In a column of few values, such as counts, each value has one
    score, in the middle of its share; `decode` returns these values again, as often as in the data if scores are normal.

    Args:
        length: See `ComponentCodec`, as for arguments that are not listed.
        knots: Number of linear pieces of a curve, >= 1.
        curves: For each column a list of values, a list of their scores and, if its values are few, a list of the scores
            that separate them (otherwise empty).
    """

    arguments = (*ComponentCodec.arguments, "knots", "curves")

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

        def unscaled(values, scores, borders, column):
            return nearest(values, borders, column) if borders else interpolate(scores, values, column)

        return tf.stack([unscaled(*curve, column) for curve, column in zip(self.curves, columns, strict=True)], axis=2)


def score(shares):
    """Normal quantiles of shares in [0, 1], limited to about 3.7 deviations."""
    return ndtri(np.clip(shares, _MIN_SHARE, 1.0 - _MIN_SHARE))


def interpolate(before, after, numbers):
    """Piecewise linear map of a tensor that takes the points `before` to the points `after`, both ascending.

    Numbers outside the points are clipped to them; NaN stays NaN. A single point takes all numbers.
    """
    if len(before) == 1:
        return tf.fill(tf.shape(numbers), tf.cast(after[0], tf.float32))
    before, after = tf.constant(before, tf.float32), tf.constant(after, tf.float32)
    flat = tf.reshape(numbers, [-1])
    right = tf.clip_by_value(tf.searchsorted(before, flat, side="right"), 1, before.shape[0] - 1)
    low, high = tf.gather(before, right - 1), tf.gather(before, right)
    share = tf.clip_by_value((flat - low) / (high - low), 0.0, 1.0)
    share = tf.where(tf.math.is_nan(flat), flat, share)
    values = tf.gather(after, right - 1) * (1.0 - share) + tf.gather(after, right) * share
    return tf.reshape(values, tf.shape(numbers))
