"""Time series as tensors: columns of any unit <-> float32 in [-1, 1], inside the TensorFlow graph."""

import keras
import numpy as np
import tensorflow as tf

from gan_keras.media.series import write_series

MOST_WINDOWS, MOST_CELLS = 50_000, 2**26
"""Of more windows, or cells of windows, than about twice as many not all are looked at."""

MOST_LEVELS, VALUES_OF_A_LEVEL = 256, 20
"""A column has few values if they are no more than so many, and each comes so often in the mean."""


@keras.saving.register_keras_serializable(package="gan_keras")
class SeriesCodec:
    """Invertible map between windows of series and tensors: the least value of a column is -1, the largest 1.

    A column that repeats another one value by value is left out of the tensors and comes back as its copy. A column of few
    different values, such as counts, gets only such values back: what is decoded is moved to the nearest. Where windows end
    at different steps, a last column of the tensors tells it: 1 up to the end, -1 after it, where the others are 0. Raw values
    after the end are NaN.

    Every method on tensors works eagerly, in a `tf.function` and in a SavedModel.

    Args:
        length: Steps of the longest window. `None`: what `adapt` finds, as for the others.
        columns: Names of the columns.
        minima: Least value of each column.
        maxima: Largest value of each column, larger than the least.
        sources: For each column the number of the first column with the same values; its own if there is none before it.
        levels: For each column its values in order, if they are few; else an empty list.
        varying: Whether windows may end early.

    Raises:
        ValueError: If minima and maxima do not fit together.
    """

    raw_dtype = tf.float32
    output_name = "series"

    def __init__(self, length=None, columns=None, minima=None, maxima=None, sources=None, levels=None, varying=False):
        self.length, self.columns, self.varying = length, None if columns is None else tuple(columns), varying
        self.minima, self.maxima, self.sources, self.levels = minima, maxima, sources, levels
        if length is not None:
            self._set()

    def adapt(self, series):
        """Takes names, ranges and length from data, unless they were given.

        Args:
            series: `gan_keras.data.Series`, or an array `(num, steps, columns)` in its own units, NaN after the end.

        Raises:
            ValueError: If a column is constant, or values are not finite.
        """
        if self.length is not None:
            return
        samples = windows_of(series)
        if samples.ndim != 3 or not samples.size:
            raise ValueError(f"Got series of shape {samples.shape}. Expected (num, steps, columns).")
        after_end = np.isnan(samples).all(axis=2)
        values = samples[~after_end]
        self.length, self.varying = samples.shape[1], bool(after_end.any())
        self.columns = tuple(getattr(series, "columns", None) or (f"column_{number + 1}" for number in range(samples.shape[2])))
        self._find_scales(values)
        self._set()

    def _find_scales(self, values):
        """What `scale` needs to know of the values `(num, columns)`."""
        self.minima, self.maxima = values.min(axis=0).tolist(), values.max(axis=0).tolist()
        self.sources = [_first_alike(values, column) for column in range(values.shape[1])]
        self.levels = [_few(values[:, column]) for column in range(values.shape[1])]

    def _set(self):
        self.minima, self.maxima, self.sources = (tuple(each) for each in (self.minima, self.maxima, self.sources))
        self.levels = tuple(tuple(each) for each in self.levels)
        fit = len(self.minima) == len(self.maxima) == len(self.sources) == len(self.levels) == len(self.columns)
        if not fit or not all(low < high for low, high in zip(self.minima, self.maxima, strict=True)):
            raise ValueError(
                f"minima={self.minima}, maxima={self.maxima} of the columns {self.columns}. Expected finite numbers, one of each "
                "for a column, the least below the largest: leave out columns that never change."
            )
        self._kept = [column for column, source in enumerate(self.sources) if source == column]

    @property
    def window_shape(self):
        """`(length, columns)` of a scaled window: without columns that repeat others, with the one that tells the end."""
        return (self._adapted(), len(self._kept) + self.varying)

    @property
    def tensor_shape(self):
        """Shape of a tensor, without the batch: that of a scaled window."""
        return self.window_shape

    def encode(self, series):
        """Series in their own units, `(batch, length, columns)`, NaN after the end, to float32 `(batch, *tensor_shape)`."""
        expected = [None, self._adapted(), len(self.columns)]
        series = tf.cast(series, tf.float32)
        if not series.shape.is_compatible_with(expected):
            raise ValueError(f"Got series of shape {tuple(series.shape)}. Expected (batch, {expected[1]}, {expected[2]}).")
        scaled = tf.gather(self.scale(series), self._kept, axis=2)
        if not self.varying:
            return scaled
        going_on = tf.reduce_all(tf.math.is_finite(scaled), axis=2, keepdims=True)
        return tf.concat([tf.where(going_on, scaled, 0.0), tf.where(going_on, 1.0, -1.0)], axis=2)

    def decode(self, samples):
        """Tensors `(batch, *tensor_shape)` to series in their own units, `(batch, length, columns)`, float32.

        Values are kept within the range of each column; after the end, which the last column tells, they are NaN. No series
        ends before its first step.
        """
        samples = tf.cast(samples, tf.float32)
        self.check_samples(samples)
        return self.unscaled(samples)

    def unscaled(self, samples):
        """`decode` of scaled windows, `(batch, *window_shape)`."""
        places = [self._kept.index(source) for source in self.sources]
        series = self.unscale(tf.gather(samples, places, axis=2))
        if not self.varying:
            return series
        goes_on = tf.cast(samples[:, :, -1:] > 0.0, tf.float32)
        goes_on = tf.concat([tf.ones_like(goes_on[:, :1]), goes_on[:, 1:]], axis=1)
        return tf.where(tf.math.cumprod(goes_on, axis=1) > 0.0, series, float("nan"))

    def scale(self, series):
        """Values of all columns in their own units to [-1, 1]."""
        low, high = tf.constant(self.minima), tf.constant(self.maxima)
        return (series - low) / (high - low) * 2.0 - 1.0

    def unscale(self, scaled):
        """Scaled values of all columns to values that the columns can have, in their own units."""
        low, high = tf.constant(self.minima), tf.constant(self.maxima)
        shares = (tf.clip_by_value(scaled, -1.0, 1.0) + 1.0) / 2.0
        return self.nearest_levels(low + shares * (high - low))

    def nearest_levels(self, series):
        """Series in their own units with the columns of few values moved to the nearest of them."""
        columns = tf.unstack(series, axis=2)
        for number, levels in enumerate(self.levels):
            if levels:
                middles = (np.array(levels[1:]) + np.array(levels[:-1])) / 2.0
                places = tf.searchsorted(tf.constant(middles, tf.float32), tf.reshape(columns[number], [-1]))
                columns[number] = tf.reshape(tf.gather(tf.constant(levels, tf.float32), places), tf.shape(columns[number]))
        return tf.stack(columns, axis=2)

    def lengths(self, series):
        """Steps of each decoded series before its end: int32 `(batch,)`."""
        return tf.reduce_sum(tf.cast(~tf.math.is_nan(series[:, :, 0]), tf.int32), axis=1)

    def check_samples(self, samples):
        """Raises `ValueError` unless samples have the codec's shape."""
        if not samples.shape.is_compatible_with([None, *self.tensor_shape]):
            raise ValueError(
                f"The samples have the shape {tuple(samples.shape)}. Expected (batch, *{self.tensor_shape}): the codec's "
                "`tensor_shape`, which the generator's last layer must make."
            )

    def write_samples(self, path, series):
        """Writes series as rows of text, `path` with the ending `.csv`."""
        write_series(path.with_suffix(".csv"), series, self.columns)

    @property
    def encodings(self):
        """Further forms that an exported model serves: series of different lengths come with their `length`."""
        return {"series": tf.identity, "length": self.lengths} if self.varying else {}

    @property
    def card(self):
        """What users of an exported model must know to read its series."""
        return {"columns": list(self.columns), "steps": self.length}

    @property
    def trackables(self):
        """What a SavedModel must track beside its variables: nothing."""
        return []

    def get_config(self):
        """The constructor's arguments; what `adapt` found is among them."""
        names = ("length", "columns", "minima", "maxima", "sources", "levels", "varying")
        return {name: getattr(self, name) for name in names}

    @classmethod
    def from_config(cls, config):
        return cls(**config)

    def _adapted(self):
        if self.length is None:
            raise ValueError("The codec knows no columns. Expected a call of `adapt(series)`, or all arguments at once.")
        return self.length


def windows_of(series):
    """Windows to adapt to, float32 `(num, steps, columns)`: all, or of very many fewer, which still hold nearly every step.

    Args:
        series: As for `SeriesCodec.adapt`.
    """
    if not hasattr(series, "samples"):
        return np.asarray(series, np.float32)
    cells = len(series) * series.window * len(series.columns)
    apart = min(max(len(series) // MOST_WINDOWS, cells // MOST_CELLS), series.window // 2)
    return series.samples(slice(None, None, max(1, apart)))


def _few(values):
    """The different values, in order, if they are few: a list of float."""
    levels = np.unique(values)
    return levels.tolist() if len(levels) <= MOST_LEVELS and len(levels) * VALUES_OF_A_LEVEL <= len(values) else []


def _first_alike(values, column):
    """The number of the first of the columns up to `column` with the same values."""
    return next(other for other in range(column + 1) if np.array_equal(values[:, other], values[:, column]))
