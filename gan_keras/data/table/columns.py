"""Columns of a table: text of a file <-> float64 cells <-> tensors of the column's own type.

Every cell is a number: a number itself, a date as units since 1970, a category as its index among the values, an identifier as
the number of a new one, a missing cell as NaN. A table is thus one matrix, in memory or on disk.
"""

import dataclasses
import re
import string

import numpy as np
import tensorflow as tf

from gan_keras import noise
from gan_keras.data.table import dates
from gan_keras.data.table.numbers import parsed_numbers

MISSING = ("", "?", "na", "n/a", "#n/a", "nan", "null", "<na>", "nat", "inf", "-inf", "+inf", "infinity", "-infinity")
"""Texts of missing cells, in lower case; infinite numbers are missing too."""


def is_missing(text):
    """Returns whether a cell of a file, without surrounding blanks, is missing."""
    return text.lower() in MISSING


_LATER = ("places", "prefix", "suffix", "thousands", "point", "step", "dtype")
"""Fields that files written before do not have: a config leaves them out where they are the default."""


@dataclasses.dataclass(frozen=True)
class Column:
    """Base of the columns.

    Attributes:
        name: Unique name.
        has_missing: Whether cells are missing.
    """

    name: str
    has_missing: bool = False

    kind = None  # the name of this type in settings

    def parse(self, texts):
        """Cells of a file, a list of str without missing ones, to float64; NaN for a text that is not of this type."""
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

    def fitted_to(self, cells):
        """Returns this column with the range or the values of some cells, a training part, and their cells."""
        return self, cells

    def shown(self):
        """Returns the range or the number of values, for people."""
        raise NotImplementedError

    def to_config(self):
        """A dictionary for JSON."""
        fields = {field.name: field.default for field in dataclasses.fields(self)}
        config = {name: value for name, value in dataclasses.asdict(self).items() if name not in _LATER or value != fields[name]}
        return {"kind": type(self).__name__, **config}


@dataclasses.dataclass(frozen=True)
class NumberColumn(Column):
    """Numbers. Its tensors are int64, or float64 with decimals or missing cells, which are NaN.

    Attributes:
        low: Smallest number of the data.
        high: Largest number of the data.
        decimals: Digits after the point, 0 for integers; None for numbers with an exponent, which are not rounded.
        places: Digits that are written after the point, if more than `decimals`: 1 for whole numbers written as `48.0`.
        prefix: Text before a number, such as `$`.
        suffix: Text after a number, such as ` %`.
        thousands: Separator of groups of three digits.
        point: Decimal separator.
        dtype: Type in the data frame that the table was read from, such as `float32`.
    """

    low: float = 0.0
    high: float = 0.0
    decimals: int | None = 0
    places: int = dataclasses.field(default=0, kw_only=True)
    prefix: str = dataclasses.field(default="", kw_only=True)
    suffix: str = dataclasses.field(default="", kw_only=True)
    thousands: str = dataclasses.field(default="", kw_only=True)
    point: str = dataclasses.field(default=".", kw_only=True)
    dtype: str = dataclasses.field(default="", kw_only=True)

    kind = "number"

    def parse(self, texts):
        return parsed_numbers(texts, self.thousands, self.point)

    def format(self, cells):
        return ["" if np.isnan(cell) else self.prefix + self.written(float(cell)) + self.suffix for cell in cells]

    def written(self, number):
        """A number without its unit, as in the file."""
        if self.decimals is None:
            return repr(number)
        digits = max(self.decimals, self.places)
        if digits and digits + len(str(int(abs(number)))) > 16:  # further digits would be those of the binary fraction
            text = repr(round(number, self.decimals))
        else:
            text = f"{number:,.{digits}f}" if self.thousands else f"{number:.{digits}f}"
        return text if self.point == "." and self.thousands in ("", ",") else text.translate(self._marks)

    @property
    def _marks(self):
        return {ord(","): self.thousands, ord("."): self.point}

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

    def fitted_to(self, cells):
        known = cells[~np.isnan(cells)]
        if not len(known):
            return self, cells
        return dataclasses.replace(self, low=float(known.min()), high=float(known.max())), cells

    def shown(self):
        return " to ".join(self.format([self.low, self.high]))


@dataclasses.dataclass(frozen=True)
class DateColumn(NumberColumn):
    """Dates and times, in units since 1970 or, without a date, since midnight. Its tensors are text in the format.

    A missing date is the empty text.

    Attributes:
        date_format: Format as of `strftime`: see `dates.FIELDS`.
        step: Units between dates: 3600 for full hours in seconds.
    """

    date_format: str = "%Y-%m-%d"
    step: int = dataclasses.field(default=1, kw_only=True)

    kind = "date"

    @classmethod
    def of(cls, name, cells, date_format, dtype=""):
        """Returns the column of some cells, with their range and their step."""
        known, unit = cells[~np.isnan(cells)], dates.unit_of(date_format)
        steps = [round(seconds / unit) for seconds in (dates.DAY, 3600, 60) if unit <= 1]
        step = next((step for step in steps if not (known % step).any()), 1)
        low, high = float(known.min()), float(known.max())
        return cls(name, len(known) < len(cells), low, high, 0, date_format, dtype=dtype, step=step)

    @property
    def unit(self):
        """Seconds per unit."""
        return dates.unit_of(self.date_format)

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

    def rounded(self, cells):
        return super().rounded(cells if self.step == 1 else tf.round(cells / self.step) * self.step)


@dataclasses.dataclass(frozen=True)
class CategoryColumn(Column):
    """Categories, including truth values. Its tensors are text; a missing one is the empty text.

    Attributes:
        values: Sorted values of the data; a cell is an index into them. Empty if all cells are missing.
        dtype: Type in the data frame that the table was read from, such as `bool`.
    """

    values: tuple[str, ...] = ()
    dtype: str = dataclasses.field(default="", kw_only=True)

    kind = "category"

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

    def fitted_to(self, cells):
        kept = np.unique(cells[~np.isnan(cells)]).astype(np.int64)
        if len(kept) == len(self.values):
            return self, cells
        values = tuple(self.values[index] for index in kept)
        return dataclasses.replace(self, values=values), self.moved(cells, values)

    def moved(self, cells, values):
        """Cells of this column as indices into other values; NaN for values that these lack."""
        index_of = {value: index for index, value in enumerate(values)}
        table = np.array([*(index_of.get(value, np.nan) for value in self.values), np.nan])
        return table[np.where(np.isnan(cells), len(self.values), cells).astype(np.int64)]

    def shown(self):
        few = ", ".join(self.values) if len(self.values) <= 4 else ""
        return few if few and len(few) <= 40 else f"{len(self.values):,} values"


def _hashes(texts):
    """63-bit hashes of texts, int64: long enough that no two values of a column share one."""
    return tf.strings.to_hash_bucket_fast(texts, 2**63 - 1)


# --- Identifiers: never learned, never a real one.

CLASSES = {
    "9": string.digits,
    "A": string.ascii_uppercase,
    "a": string.ascii_lowercase,
    "f": "0123456789abcdef",
    "F": "0123456789ABCDEF",
}
"""Characters of a random identifier by the letter of a template; a backslash precedes a character that stays."""


@dataclasses.dataclass(frozen=True)
class IdColumn(Column):
    """Identifiers. They are not learned: a cell is the number of a new identifier in the same form as those of the data.

    With an empty `template` identifiers are counted, from the first number after those of the data. Otherwise each is random,
    from so many possible ones that none of the data comes again. Its tensors are int64 without prefix and suffix, otherwise
    text; identifiers are never missing.

    Attributes:
        prefix: Text before the number.
        suffix: Text after the number.
        digits: Digits of the number, with leading zeros.
        first: Number of the first new identifier.
        template: Form of random identifiers: see `CLASSES`.
        dtype: Type in the data frame that the table was read from.
    """

    prefix: str = ""
    suffix: str = ""
    digits: int = 0
    first: int = 1
    template: str = ""
    dtype: str = ""

    kind = "id"

    @property
    def is_text(self):
        return bool(self.prefix or self.suffix or self.template or self.digits)

    def parse(self, texts):
        """Numbers the identifiers: they are not kept."""
        return np.arange(len(texts), dtype=np.float64)

    def format(self, cells):
        values = self.to_tensor(np.asarray(cells, np.float64)).numpy()
        return [value.decode() if isinstance(value, bytes) else str(value) for value in values]

    def to_tensor(self, cells):
        numbers = tf.cast(tf.where(tf.math.is_nan(cells), tf.zeros_like(cells), cells), tf.int64)
        if self.template:
            return self._random(numbers)
        numbers += self.first
        if not self.is_text:
            return numbers
        return tf.strings.join(
            [self.prefix, tf.strings.as_string(numbers, width=self.digits or -1, fill="0" if self.digits else ""), self.suffix]
        )

    def _random(self, numbers):
        parts = re.findall(r"\\.|.", self.template, re.DOTALL)
        uniform = noise.uniform(noise.split(numbers, _IDS), len(parts))
        characters = []
        for place, part in enumerate(parts):
            own = list(CLASSES[part]) if len(part) == 1 else [part[1]]
            chosen = tf.cast(uniform[:, place] * len(own), tf.int32)
            characters.append(tf.gather(tf.constant(own), tf.minimum(chosen, len(own) - 1)))
        return tf.strings.join(characters)

    def from_tensor(self, values):
        return tf.zeros(tf.shape(values), tf.float64)

    def shown(self):
        return f"new ones such as {self.format([0.0])[0]}"


_IDS = 17  # index of the child seed of identifiers

_BY_KIND = {kind.__name__: kind for kind in (NumberColumn, DateColumn, CategoryColumn, IdColumn)}


def column_from_config(config):
    """Inverse of `Column.to_config`."""
    options = {name: tuple(value) if isinstance(value, list) else value for name, value in config.items() if name != "kind"}
    return _BY_KIND[config["kind"]](**options)
