"""Types of columns: inferred from the majority of the cells, or given; what is guessed is told."""

import numpy as np

from gan_keras.data.table import dates
from gan_keras.data.table.columns import CategoryColumn, DateColumn, IdColumn, NumberColumn
from gan_keras.data.table.numbers import MAX_EXACT, MAX_NUMBER, is_plain
from gan_keras.data.table.texts import MIN_IDS, NAMED_ID, SAMPLE, Texts, Typed, otherwise
from gan_keras.diagnosis.names import choice_of

DROP, TYPES = "drop", ("number", "category", "date", "boolean", "id")
"""Types that can be given; `date:FORMAT` sets a format."""

_ALIASES = {"float": "number", "int": "number", "integer": "number", "bool": "boolean", "datetime": "date", "identifier": "id"}


def check_types(types, names):
    """Raises `ValueError` unless every type is known, belongs to a column in `names`, and not all columns are dropped."""
    for name, type_ in types.items():
        if name not in names:
            raise ValueError(f"types.{name}: there is no such column. {choice_of(name, names)}.")
        kind, _, detail = str(type_).partition(":")
        if _ALIASES.get(kind, kind) not in (*TYPES, DROP):
            raise ValueError(f"types.{name}={type_}. {choice_of(type_, [*TYPES, DROP])}.")
        if kind == "date" and detail:
            dates.pieces(detail)
    if names and all(types.get(name) == DROP for name in names):
        raise ValueError("All columns are dropped. Expected at least one that is left.")


def typed(frame, name, type_=None):
    """Returns the `Typed` column of a `reader.Frame`, of the type that is given or the likeliest."""
    kind, _, detail = (str(type_) if type_ else "").partition(":")
    kind = _ALIASES.get(kind, kind)
    cells = frame.data[name]
    if kind == DROP:
        return Typed(None, None)
    if hasattr(cells.dtype, "categories"):
        cells, kind = cells.astype(object), kind or "category"
    if is_moments(cells):
        return _moments(name, cells, frame.data[name].dtype, kind)
    if cells.dtype.kind in "iuf" and kind in ("", "number"):
        return _Numbers(frame, name).typed(kind)
    return Texts(frame, name, cells, kind, detail).typed()


def is_moments(cells):
    """Returns whether a column of a data frame holds moments, periods or durations."""
    return cells.dtype.kind in "mM" or hasattr(cells.dtype, "tz") or str(cells.dtype).startswith("period")


# --- Columns that are numbers already. ---


class _Numbers:
    """A column that pandas holds as numbers."""

    def __init__(self, frame, name):
        data = frame.data[name]
        self.frame, self.name, self.data = frame, name, data
        self.is_integer = data.dtype.kind in "iu"
        cells = data.to_numpy(np.float64, na_value=np.nan)
        self.cells = np.where(np.isinf(cells), np.nan, cells) if not self.is_integer else cells
        self.known = self.cells[~np.isnan(self.cells)]
        self.heads = [text for text in frame.heads.get(name, []) if is_plain(text)]
        self.dtype = "" if frame.heads else str(data.dtype)

    def typed(self, kind):
        known = self.known
        if not len(known):
            return Typed(CategoryColumn(self.name, True), self.cells, "no cell has a value")
        if kind == "":
            if self.is_integer and (found := self._packed_dates()):
                return found
            decimals = self._decimals()
            values = np.unique(known[:: max(1, len(known) // 1000)])
            if decimals == 0 and len(values) <= 2 and len(values := np.unique(known)) <= 2:
                return self._flags(values)
            if self._is_id(decimals):
                return self._ids()
        if np.abs(known).max() > (MAX_EXACT if self.is_integer else MAX_NUMBER):
            large = known[np.abs(known).argmax()]
            if kind == "" and self.is_integer:
                return Texts(self.frame, self.name, self.data.astype(str), "", "").typed()
            raise ValueError(
                f"The column {self.name!r} holds {large:g}, too large for a number of a table. Expected another unit, or another "
                f"type: `--set types.{self.name}=category`, `id`, or `drop`."
            )
        return Typed(self._number(self._decimals()), self.cells)

    def _number(self, decimals):
        written = [len(text.partition(".")[2]) for text in self.heads if "e" not in text.lower()]
        low, high = float(self.known.min()), float(self.known.max())
        if decimals is None or not written or any("e" in text.lower() for text in self.heads):
            return NumberColumn(self.name, len(self.known) < len(self.cells), low, high, decimals, dtype=self.dtype)
        if decimals == 0:
            places = 1 if min(written) == max(written) == 1 else 0
        else:
            places = 0
            decimals = max(decimals, min(written)) if min(written) == max(written) else decimals
        return NumberColumn(self.name, len(self.known) < len(self.cells), low, high, decimals, places=places, dtype=self.dtype)

    def _decimals(self):
        """Digits after the point that write every number exactly; None if numbers need an exponent or all their digits."""
        if self.is_integer:
            return 0
        if any("e" in text.lower() for text in self.heads):
            return None
        part = self.known[:: max(1, len(self.known) // SAMPLE)]
        if self.data.dtype == np.float32:
            return _decimals_of(part.astype(np.float32))
        least = _decimals_of(part)
        while least is not None and not np.array_equal(np.round(self.known, least), self.known):
            least = least + 1 if least < 15 else None
        return least

    def _flags(self, values):
        """Two whole numbers are a category."""
        number = self._number(0)
        texts = number.format(values)
        order = np.argsort(texts)
        places = np.argsort(order)[np.searchsorted(values, np.where(np.isnan(self.cells), values[0], self.cells))]
        cells = np.where(np.isnan(self.cells), np.nan, places)
        return Typed(CategoryColumn(self.name, number.has_missing, tuple(sorted(texts)), dtype=self.dtype), cells)

    def _packed_dates(self):
        """Whole numbers that are all dates, such as 20240131."""
        low, high = self.known.min(), self.known.max()
        if not (low >= 19_000_101 and high <= 21_001_231):
            return None
        texts = self.data.astype(str)
        uniques = texts.drop_duplicates()
        cells = dates.parse(list(uniques), "%Y%m%d")
        if np.isnan(cells).any() or len(uniques) < 3:
            return None
        of_text = dict(zip(uniques, cells, strict=True))
        cells = texts.map(of_text).to_numpy(np.float64)
        column = DateColumn(self.name, False, float(cells.min()), float(cells.max()), 0, dtype=self.dtype, date_format="%Y%m%d")
        return Typed(column, cells, "read as dates of the form YYYYMMDD")

    def _is_id(self, decimals):
        """Returns whether whole numbers are distinct, and either number the rows or have the name of an identifier."""
        known = self.known
        if decimals != 0 or len(known) < MIN_IDS or len(known) < len(self.cells):
            return False
        steps = np.diff(known)
        years = known.min() >= 1500 and known.max() <= 2200
        is_counted = bool((steps == 1).all() or (steps == -1).all()) and not years
        return (is_counted or bool(NAMED_ID.search(self.name))) and len(np.unique(known)) == len(known)

    def _ids(self):
        low, high = int(self.known.min()), int(self.known.max())
        column = IdColumn(self.name, first=high + 1, dtype=self.dtype)
        note = f"an identifier ({low} to {high}, all different): not learned, new ids from {high + 1} on"
        return Typed(column, np.arange(len(self.cells), dtype=np.float64), note + otherwise(self.name, "number"))


def _decimals_of(numbers):
    """Digits after the point of the shortest texts of some numbers; None if one needs an exponent or more than 15 digits."""
    most = 0
    for text in map(repr, (each.item() if each.dtype == np.float64 else float(str(each)) for each in numbers)):
        if "e" in text:
            return None
        whole, _, fraction = text.partition(".")
        most = max(most, 0 if fraction == "0" else len(fraction))
    return most


def _moments(name, cells, dtype, kind):
    """Moments and durations of a data frame."""

    if kind not in ("", "date", "number"):
        raise ValueError(f"types.{name}={kind} for a column of the type {dtype}. Expected date, or drop.")
    if cells.dtype.kind == "m":
        seconds = cells.dt.total_seconds().to_numpy(np.float64)
        known = seconds[~np.isnan(seconds)]
        decimals = 0 if (known == np.floor(known)).all() else 6
        column = NumberColumn(name, len(known) < len(seconds), float(known.min()), float(known.max()), decimals, dtype=str(dtype))
        return Typed(column, seconds, "durations, in seconds")
    moments = cells.dt.to_timestamp() if str(dtype).startswith("period") else cells
    zone = getattr(moments.dt, "tz", None)
    moments = moments if zone is None else moments.dt.tz_convert("UTC").dt.tz_localize(None)
    micros = moments.dt.as_unit("us").astype("int64").to_numpy(np.float64)
    micros[moments.isna().to_numpy()] = np.nan
    known = micros[~np.isnan(micros)]
    if not len(known):
        return Typed(CategoryColumn(name, True), micros, "no cell has a value")
    days = dates.DAY * 1_000_000
    if zone is None and (known % days == 0).all():
        date_format = "%Y-%m-%d"
    else:
        date_format = (
            "%Y-%m-%d %H:%M:%S" + ("" if (known % 1_000_000 == 0).all() else ".%6f") + ("" if zone is None else "+00:00")
        )
    units = micros / (dates.unit_of(date_format) * 1_000_000)
    return Typed(
        DateColumn.of(name, units, date_format, str(dtype)), units, "" if zone is None else f"dates of the zone {zone}, as UTC"
    )
