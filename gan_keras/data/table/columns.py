"""Columns of a table: text of a file <-> float64 cells <-> tensors of the column's own type.

Every cell is a number: a number itself, a date as units since 1970, a category as its index among the values, a missing cell
as NaN. A table is thus one matrix, in memory or on disk.
"""

import dataclasses

import numpy as np
import tensorflow as tf

from gan_keras.data.table import dates

MISSING = ("", "?", "na", "n/a", "nan", "null", "inf", "-inf", "+inf", "infinity", "-infinity")
"""Texts of missing cells, in lower case; infinite numbers are missing too."""


def is_missing(text):
    """Returns whether a cell of a file, without surrounding blanks, is missing."""
    return text.lower() in MISSING


@dataclasses.dataclass(frozen=True)
class Column:
    """Base of the columns.

    Attributes:
        name: Unique name.
        has_missing: Whether cells are missing.
    """

    name: str
    has_missing: bool = False

    def parse(self, texts):
        """Cells of a file, a list of str without missing ones, to float64."""
        raise NotImplementedError

    def format(self, cells):
        """float64 cells to text, a list of str; NaN becomes the empty text."""
        raise NotImplementedError

    def to_tensor(self, cells):
        """float64 cells `(batch,)` to a tensor of the column's own type, also in a graph."""
        raise NotImplementedError

    def from_tensor(self, values):
        """Inverse of `to_tensor`, also in a graph."""
        raise NotImplementedError

    def to_config(self):
        """A dictionary for JSON."""
        return {"kind": type(self).__name__, **dataclasses.asdict(self)}


@dataclasses.dataclass(frozen=True)
class NumberColumn(Column):
    """Numbers. Its tensors are int64, or float64 with decimals or missing cells, which are NaN.

    Attributes:
        low: Smallest number of the data.
        high: Largest number of the data.
        decimals: Digits after the point, 0 for integers; None for numbers with an exponent, which are not rounded.
    """

    low: float = 0.0
    high: float = 0.0
    decimals: int | None = 0

    def parse(self, texts):
        return np.array(texts, np.float64)

    def format(self, cells):
        write = repr if self.decimals is None else f"{{:.{self.decimals}f}}".format
        return ["" if np.isnan(cell) else write(float(cell)) for cell in cells]

    def to_tensor(self, cells):
        return tf.cast(cells, tf.float64 if self.decimals != 0 or self.has_missing else tf.int64)

    def from_tensor(self, values):
        return tf.cast(values, tf.float64)

    def rounded(self, cells):
        """Rounds to the column's decimals and clips to `low` and `high`, also in a graph; NaN stays."""
        if self.decimals is not None:
            scale = tf.constant(10.0**self.decimals, tf.float64)
            # In a graph, plain division by a constant becomes a product, which turns 25.83 into 25.830000000000002.
            cells = tf.math.divide_no_nan(tf.round(cells * scale), scale)
            cells = tf.where(tf.equal(cells, 0.0), tf.zeros_like(cells), cells)  # files would show a negative zero
        return tf.clip_by_value(cells, tf.constant(self.low, tf.float64), tf.constant(self.high, tf.float64))


@dataclasses.dataclass(frozen=True)
class DateColumn(NumberColumn):
    """Dates and times, days or seconds since 1970. Its tensors are text in the format; a missing date is the empty text.

    Attributes:
        date_format: One of `dates.FORMATS`.
    """

    date_format: str = dates.FORMATS[0]

    def parse(self, texts):
        return dates.parse(texts, self.date_format)

    def format(self, cells):
        return [text.decode() for text in self.to_tensor(np.asarray(cells, np.float64)).numpy()]

    def to_tensor(self, cells):
        missing = tf.math.is_nan(cells)
        written = dates.write(tf.cast(tf.where(missing, tf.zeros_like(cells), cells), tf.int64), self.date_format)
        return tf.where(missing, "", written)

    def from_tensor(self, values):
        return dates.read(values, self.date_format)


@dataclasses.dataclass(frozen=True)
class CategoryColumn(Column):
    """Categories, including truth values. Its tensors are text; a missing one is the empty text.

    Attributes:
        values: Sorted values of the data; a cell is an index into them. Empty if all cells are missing.
    """

    values: tuple[str, ...] = ()

    def parse(self, texts):
        """An unknown value becomes missing."""
        index_of = {value: index for index, value in enumerate(self.values)}
        return np.array([index_of.get(text, np.nan) for text in texts], np.float64)

    def format(self, cells):
        return ["" if np.isnan(cell) else self.values[int(cell)] for cell in cells]

    def to_tensor(self, cells):
        missing = tf.math.is_nan(cells)
        indices = tf.cast(tf.where(missing, tf.zeros_like(cells), cells), tf.int32)
        return tf.where(missing, "", tf.gather(tf.constant(self.values or ("",)), indices))

    def from_tensor(self, values):
        if not self.values:
            return tf.fill(tf.shape(values), tf.constant(np.nan, tf.float64))
        known = tf.constant(self.values)
        hashes = _hashes(known)  # searched in sorted order: comparing all pairs of many values would fill the memory
        order = tf.argsort(hashes)
        places = tf.searchsorted(tf.gather(hashes, order), _hashes(values))
        indices = tf.gather(order, tf.minimum(places, len(self.values) - 1))
        equal = tf.gather(known, indices) == values
        return tf.where(equal, tf.cast(indices, tf.float64), tf.constant(np.nan, tf.float64))


def _hashes(texts):
    """63-bit hashes of texts, int64: long enough that no two values of a column share one."""
    return tf.strings.to_hash_bucket_fast(texts, 2**63 - 1)


_BY_KIND = {kind.__name__: kind for kind in (NumberColumn, DateColumn, CategoryColumn)}


def column_from_config(config):
    """Inverse of `Column.to_config`."""
    options = {name: tuple(value) if isinstance(value, list) else value for name, value in config.items() if name != "kind"}
    return _BY_KIND[config["kind"]](**options)
