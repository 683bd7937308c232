"""What kind of column the cells of a file are: found out a chunk at a time, or asked for."""

import re

import numpy as np

from gan_keras.data.table import dates
from gan_keras.data.table.columns import CategoryColumn, DateColumn, NumberColumn, is_missing

MOST_VALUES = 100_000
"""Distinct values of a category: a column of more is an identifier or free text, which no table can be made of."""

_NUMBER = re.compile(r"[+-]?(?:(?:0|[1-9][0-9]*)(?:\.([0-9]*))?|\.([0-9]+))([eE][+-]?[0-9]+)?")
_MOST_EXACT = 2.0**53  # beyond it float64 leaves whole numbers out
_MOST = 1e100  # of numbers with an exponent: squares of larger ones are infinite in sums


class Guess:
    """What is known of a column after some of its cells.

    Args:
        name: Of the column.
    """

    def __init__(self, name):
        self.name, self.num_missing, self.num_present = name, 0, 0
        self.values, self.formats = set(), dict.fromkeys(dates.FORMATS, (np.inf, -np.inf))  # their least and greatest dates
        self.no_number, self.no_date = None, None  # the first value that is none
        self.decimals, self.low, self.high = 0, float("inf"), -float("inf")

    def see(self, texts):
        """Takes in further cells, without blanks around them."""
        present = [text for text in texts if not is_missing(text)]
        self.num_missing += len(texts) - len(present)
        self.num_present += len(present)
        distinct = set(present)
        if self.no_number is None:
            self.see_numbers(distinct)
        if self.no_date is None:
            self.see_dates(distinct)
        if self.values is not None:
            self.values = self.values | distinct if len(self.values | distinct) <= MOST_VALUES else None

    def see_numbers(self, texts):
        for text in texts:
            match = _NUMBER.fullmatch(text)
            if match is None or abs(float(text)) > (_MOST if match[3] else _MOST_EXACT):
                self.no_number = text
                return
            if match[3]:
                self.decimals = None
            elif self.decimals is not None:
                self.decimals = max(self.decimals, len(match[1] or match[2] or ""))
        numbers = [float(text) for text in texts]
        self.low, self.high = min([self.low, *numbers]), max([self.high, *numbers])

    def see_dates(self, texts):
        for text in texts:
            self.formats = {each: ends for each, ends in self.formats.items() if dates.fits(text, each)}
            if not self.formats:
                self.no_date = text
                return
        for each, (low, high) in self.formats.items() if texts else ():
            cells = dates.parse(texts, each)
            self.formats[each] = (min(low, cells.min()), max(high, cells.max()))

    def column(self, wanted=None):
        """The `Column`; `wanted` is a key of `KINDS`, maybe with the format of a date behind a colon, None for the likeliest.

        Raises:
            ValueError: If the cells are not what is wanted, or an identifier.
        """
        kind, _, detail = (wanted or self.likeliest()).partition(":")
        return KINDS[kind](self, detail)

    def likeliest(self):
        """Whole numbers of at most two values are categories, as `0` and `1` are."""
        is_flag = self.decimals == 0 and self.values is not None and len(self.values) <= 2
        if not self.num_present or self.no_number is None and is_flag:
            return "category"
        return "number" if self.no_number is None else "date" if self.no_date is None else "category"

    def as_number(self, _):
        self.check(self.no_number, "number")
        return NumberColumn(self.name, self.num_missing > 0, self.low, self.high, self.decimals)

    def as_date(self, detail):
        if detail and detail not in dates.FORMATS:
            raise ValueError(f"types.{self.name}=date:{detail}. Expected a format of {', '.join(dates.FORMATS)}.")
        date_format = detail or next(iter(self.formats), None)
        strange = None if date_format in self.formats else self.no_date or "dates of another format"
        self.check(strange, f"date of one format ({', '.join(dates.FORMATS)})")
        low, high = self.formats[date_format]
        return DateColumn(self.name, self.num_missing > 0, float(low), float(high), 0, date_format)

    def as_category(self, _):
        if self.values is None:
            raise ValueError(
                f"The column {self.name!r} has over {MOST_VALUES:,} values, such as {self.no_number!r}: an identifier or free "
                f"text, of which no further row can be made up. Expected fewer: leave it out with `--set types.{self.name}=drop`."
            )
        return CategoryColumn(self.name, self.num_missing > 0, tuple(sorted(self.values)))

    def check(self, strange, what):
        if strange is not None or not self.num_present:
            found = f"{strange!r}" if strange is not None else "missing cells only"
            raise ValueError(
                f"The column {self.name!r} is asked to be a {what} and holds {found}. Expected another type: "
                f"`--set types.{self.name}=category`, or `drop`."
            )


KINDS = {"number": Guess.as_number, "date": Guess.as_date, "category": Guess.as_category}
"""How a column of a kind is made of a `Guess`."""

DROP = "drop"


def check_types(types, names):
    """Raises `ValueError` unless every type belongs to a column and is known.

    Args:
        types: Wanted types by column: `number`, `category`, `date`, `date:FORMAT` or `drop`.
        names: Of all columns.
    """
    strange = [name for name in types if name not in names]
    if strange:
        raise ValueError(f"types.{strange[0]}: there is no such column. Expected one of {', '.join(names)}.")
    for name, wanted in types.items():
        if str(wanted).partition(":")[0] not in (*KINDS, DROP):
            raise ValueError(f"types.{name}={wanted}. Expected one of {', '.join([*KINDS, DROP])}.")
    if all(types.get(name) == DROP for name in names):
        raise ValueError("All columns are dropped. Expected at least one that is left.")
