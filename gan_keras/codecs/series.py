"""Time series as tensors: columns in any unit <-> float32 in [-1, 1], inside the TensorFlow graph."""

import keras
import numpy as np
import tensorflow as tf

from gan_keras.codecs.base import Codec, check_shape
from gan_keras.data.series.layout import Layout, plain_layout
from gan_keras.media.series import write_series

MAX_WINDOWS, MAX_CELLS = 50_000, 2**26
"""`adapt` skips windows from about twice as many windows, or cells of windows, on."""

MAX_LEVELS, VALUES_PER_LEVEL = 256, 20
"""A column has few values if at most `MAX_LEVELS` differ, and each occurs `VALUES_PER_LEVEL` times on average."""


@keras.saving.register_keras_serializable(package="gan_keras")
class SeriesCodec(Codec):
    """Invertible map between windows of series and tensors: the smallest value of a column is -1, the largest 1.

    A column that equals an earlier one in every value is left out of the tensors, and `decode` copies it. In a column of few
    different values, such as counts, `decode` moves each number to the nearest of these values. A column that never changes is
    left out of the tensors, and `decode` puts it back. If windows differ in length,
    a last column of the tensors marks the end: 1 up to the end and -1 after it, where the other columns are 0. Raw values
    after the end are NaN.

    Args:
        length: Steps of the longest window. `None`: found by `adapt`, like the other arguments.
        columns: Names of the columns.
        minima: Smallest value of each column.
        maxima: Largest value of each column; the smallest again for a column that never changes.
        sources: For each column, the index of the first column with the same values; its own index without such a column.
        levels: For each column, its sorted values if they are few, otherwise an empty list.
        varying: Whether windows may end early.
        layout: Config of the file's `Layout`, in which generated series are written; None for arrays.
    """

    raw_dtype, output_name = tf.float32, "series"
    arguments = ("length", "columns", "minima", "maxima", "sources", "levels", "varying", "layout")

    def __init__(
        self, length=None, columns=None, minima=None, maxima=None, sources=None, levels=None, varying=False, layout=None
    ):
        self.length, self.columns, self.varying = length, None if columns is None else tuple(columns), varying
        self.layout = layout
        self.minima, self.maxima, self.sources, self.levels = minima, maxima, sources, levels
        if length is not None:
            self._set()

    @classmethod
    def of_ranges(cls, columns, ranges, length, **options):
        """Returns a codec of public ranges, which has read no data: values out of a range count as its ends.

        Args:
            columns: Names of the columns.
            ranges: Pair of the smallest and the largest value of each column, in their order.
            length: Steps per window.
            **options: Further arguments of the class.
        """
        minima, maxima = ([float(each) for each in ends] for ends in zip(*ranges, strict=True))
        plain = {"sources": range(len(columns)), "levels": [()] * len(columns)}
        return cls(length=length, columns=columns, minima=minima, maxima=maxima, **plain, **options)

    def adapt(self, series):
        """Takes names, ranges and length from data, unless the constructor set them.

        Args:
            series: `gan_keras.data.Series`, or an array `(num, steps, columns)` in its own units, NaN after the end.
        """
        if self.length is not None:
            return
        samples = windows_of(series)
        if samples.ndim != 3 or not samples.size:
            raise ValueError(f"Got series of shape {samples.shape}. Expected (num, steps, columns).")
        after_end = np.isnan(samples).all(axis=2)
        values = samples[~after_end]
        if not np.isfinite(values).all():
            column = int(np.flatnonzero(~np.isfinite(values).all(axis=0))[0])
            raise ValueError(
                f"Column {column} of the series has missing cells (NaN) or infinity. Expected finite numbers, and NaN in all "
                "columns after the end of a series: `data.load_series(arrays)` interpolates missing cells."
            )
        self.length, self.varying = samples.shape[1], bool(after_end.any())
        self.columns = tuple(getattr(series, "columns", None) or (f"column_{number + 1}" for number in range(samples.shape[2])))
        layout = getattr(series, "layout", None)
        self.layout = layout and layout.to_config()
        self._find_scales(values)
        self._set()
        self.has_read_rows = True

    def _find_scales(self, values):
        """Sets what `scale` needs, from values `(num, columns)`."""
        self.minima, self.maxima = values.min(axis=0).tolist(), values.max(axis=0).tolist()
        columns, self.levels = values.T, []
        self.sources = [next(i for i, other in enumerate(columns) if np.array_equal(other, column)) for column in columns]
        for column in columns:
            levels = np.unique(column)
            is_few = len(levels) <= MAX_LEVELS and len(levels) * VALUES_PER_LEVEL <= len(column)
            self.levels.append(levels.tolist() if is_few else [])

    def _set(self):
        self.minima, self.maxima, self.sources = (tuple(each) for each in (self.minima, self.maxima, self.sources))
        self.levels = tuple(tuple(each) for each in self.levels)
        fit = len(self.minima) == len(self.maxima) == len(self.sources) == len(self.levels) == len(self.columns)
        moves = [low < high for low, high in zip(self.minima, self.maxima, strict=True)] if fit else []
        if not any(moves) or any(low > high for low, high in zip(self.minima, self.maxima, strict=True)):
            raise ValueError(
                f"minima={self.minima}, maxima={self.maxima} of the columns {self.columns}. Expected finite numbers, one of each "
                "per column, the minimum below the maximum in some of them: columns that never change cannot be learned."
            )
        self._kept = [column for column, source in enumerate(self.sources) if source == column and moves[column]]

    @property
    def window_shape(self):
        """`(length, columns)` of a scaled window: without copies of columns, with the column that marks the end."""
        return (self._adapted(), len(self._kept) + self.varying)

    @property
    def tensor_shape(self):
        """Shape of a tensor without the batch axis: `window_shape`."""
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
        inside = tf.reduce_all(tf.math.is_finite(scaled), axis=2, keepdims=True)
        return tf.concat([tf.where(inside, scaled, 0.0), tf.where(inside, 1.0, -1.0)], axis=2)

    def decode(self, samples):
        """Tensors `(batch, *tensor_shape)` to series in their own units, `(batch, length, columns)`, float32.

        Values are clipped to each column's range; after the end, which the last column marks, they are NaN. A series has at
        least one step.
        """
        samples = tf.cast(samples, tf.float32)
        self.check_samples(samples)
        return self.unscaled(samples)

    def unscaled(self, samples):
        """Scaled windows, `(batch, *window_shape)`, to series in their own units; see `decode`."""
        places = [self._kept.index(source) if source in self._kept else 0 for source in self.sources]
        series = self.unscale(tf.gather(samples, places, axis=2))
        constant = np.equal(self.minima, self.maxima)
        if constant.any():
            series = tf.where(constant, tf.constant(self.minima, tf.float32), series)
        if not self.varying:
            return series
        inside = tf.cast(samples[:, :, -1:] > 0.0, tf.float32)
        inside = tf.concat([tf.ones_like(inside[:, :1]), inside[:, 1:]], axis=1)
        return tf.where(tf.math.cumprod(inside, axis=1) > 0.0, series, float("nan"))

    def scale(self, series):
        """Scales all columns from their own units to [-1, 1]."""
        low, high = tf.constant(self.minima), tf.constant(self.maxima)
        return (series - low) / (high - low) * 2.0 - 1.0

    def unscale(self, scaled):
        """Inverse of `scale`: values that the columns can have, in their own units."""
        low, high = tf.constant(self.minima), tf.constant(self.maxima)
        shares = (tf.clip_by_value(scaled, -1.0, 1.0) + 1.0) / 2.0
        columns = tf.unstack(low + shares * (high - low), axis=2)
        for number, levels in enumerate(self.levels):
            if levels:
                columns[number] = nearest(levels, (np.array(levels[1:]) + np.array(levels[:-1])) / 2.0, columns[number])
        return tf.stack(columns, axis=2)

    def lengths(self, series):
        """Number of steps of each decoded series, int32 `(batch,)`."""
        return tf.reduce_sum(tf.cast(~tf.math.is_nan(series[:, :, 0]), tf.int32), axis=1)

    def check_samples(self, samples):
        """Raises `ValueError` unless samples have the codec's shape."""
        expected = f"(batch, *{self.tensor_shape}): the codec's `tensor_shape`, which the generator's last layer must produce"
        check_shape(samples, self.tensor_shape, expected)

    def write_samples(self, path, series):
        """Writes series as rows of text to `path` with the suffix `.csv`."""
        write_series(path.with_suffix(".csv"), series, self.columns, self.layout and Layout.from_config(self.layout))

    @property
    def is_frame(self):
        """True if the series were read from a DataFrame."""
        return bool(self.layout) and self.layout["index"] is not None

    def frame(self, series, start=""):
        """Returns series `(num, steps, columns)` as a DataFrame with the columns, digits and time stamps of the file.

        `start` is the first time stamp of each series; by default they begin a step after the data end.
        """
        layout = Layout.from_config(self.layout) if self.layout else plain_layout(self.columns)
        return layout.frame(np.asarray(series), start)

    @property
    def encodings(self):
        """Further outputs of an exported model: series that differ in length come with their `length`."""
        return {"series": tf.identity, "length": self.lengths} if self.varying else {}

    @property
    def card(self):
        """Facts that users of an exported model need to read its series."""
        return {"columns": list(self.columns), "steps": self.length, **({"layout": self.layout} if self.layout else {})}

    def _adapted(self):
        if self.length is None:
            raise ValueError("The codec knows no columns. Expected a call of `adapt(series)`, or all arguments at once.")
        return self.length


def nearest(values, borders, numbers):
    """Replaces each number of a tensor by one of the `values`, which the `borders` separate."""
    places = tf.searchsorted(tf.constant(borders, tf.float32), tf.reshape(numbers, [-1]))
    return tf.reshape(tf.gather(tf.constant(values, tf.float32), places), tf.shape(numbers))


def windows_of(series):
    """Windows to adapt to, float32 `(num, steps, columns)`; of very many only a part, which still covers nearly every step."""
    if not hasattr(series, "samples"):
        return np.asarray(series, np.float32)
    cells = len(series) * series.window * len(series.columns)
    stride = min(max(len(series) // MAX_WINDOWS, cells // MAX_CELLS), series.window // 2)
    return series.samples(slice(None, None, max(1, stride)))
