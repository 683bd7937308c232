"""Types of columns: inferred from the majority of the cells, or given; what is guessed is told."""

import collections
import dataclasses
import os
import re

import numpy as np

from gan_keras.data.table import dates
from gan_keras.data.table.columns import (
    CLASSES,
    MAX_EXACT,
    MAX_NUMBER,
    CategoryColumn,
    DateColumn,
    IdColumn,
    NumberColumn,
    is_missing,
    parsed_numbers,
    units_of,
)
from gan_keras.diagnosis.names import choice_of

MIN_SHARE = 0.95
"""Share of a column's cells that are numbers, or dates, in a column of numbers or dates; the others are taken as missing."""

MAX_VALUES = 100_000
"""Maximum distinct values of a category."""

MIN_DISTINCT = 0.9
"""Share of distinct values from which on a column of text is an identifier or free text."""

_MIN_IDS, _FEW, _SAMPLE = 20, 12, 2000
_NAMED_ID = re.compile(
    r"(?:^|[_\W])(?:id|ids|uuid|guid|key|pk|rowid|no|nr|number|index|identifier|code)$|[a-z]I[dD]$|^[a-z]{0,4}id$", re.IGNORECASE
)
_FREE_TEXT_WORDS = 3.5  # words of a cell, on average
_TRUTHS = [{"true", "false"}, {"yes", "no"}, {"y", "n"}, {"t", "f"}, {"0", "1"}, {"on", "off"}]
DROP, TYPES = "drop", ("number", "category", "date", "boolean", "id")
"""Types that can be given; `date:FORMAT` sets a format."""

_ALIASES = {"float": "number", "int": "number", "integer": "number", "bool": "boolean", "datetime": "date", "identifier": "id"}


@dataclasses.dataclass
class Typed:
    """A column with its cells.

    Attributes:
        column: A `Column`; None for a column that is left out.
        cells: float64 `(rows,)`.
        note: Sentence about what was guessed, or "".
        odd: Number of cells that are taken as missing since they are not of the column's type.
    """

    column: object
    cells: np.ndarray
    note: str = ""
    odd: int = 0


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
    if cells.dtype.kind in "mM" or hasattr(cells.dtype, "tz") or str(cells.dtype).startswith("period"):
        return _moments(name, cells, frame.data[name].dtype, kind)
    if cells.dtype.kind in "iuf" and kind in ("", "number"):
        return _Numbers(frame, name).typed(kind)
    return _Texts(frame, name, cells, kind, detail).typed()


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
        self.heads = frame.heads.get(name, [])
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
                return _Texts(self.frame, self.name, self.data.astype(str), "", "").typed()
            raise ValueError(
                f"The column {self.name!r} holds {large:g}, too large for a number of a table. Expected another unit, or another "
                f"type: `--set types.{self.name}=category`, `id`, or `drop`."
            )
        return Typed(self._number(self._decimals()), self.cells)

    def _number(self, decimals):
        written = [len(text.partition(".")[2]) for text in self.heads if "e" not in text.lower() and not is_missing(text)]
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
        if any("e" in text.lower() for text in self.heads if not is_missing(text)):
            return None
        part = self.known[:: max(1, len(self.known) // _SAMPLE)]
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
        if not (19_000_101 <= low and high <= 21_001_231):
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
        if decimals != 0 or len(known) < _MIN_IDS or len(known) < len(self.cells):
            return False
        steps = np.diff(known)
        years = 1500 <= known.min() and known.max() <= 2200
        is_counted = bool((steps == 1).all() or (steps == -1).all()) and not years
        return (is_counted or bool(_NAMED_ID.search(self.name))) and len(np.unique(known)) == len(known)

    def _ids(self):
        low, high = int(self.known.min()), int(self.known.max())
        column = IdColumn(self.name, first=high + 1, dtype=self.dtype)
        note = f"an identifier ({low} to {high}, all different): not learned, new ids from {high + 1} on"
        return Typed(column, np.arange(len(self.cells), dtype=np.float64), note + _otherwise(self.name, "number"))


def _decimals_of(numbers):
    """Digits after the point of the shortest texts of some numbers; None if one needs an exponent or more than 15 digits."""
    most = 0
    for text in map(repr, (each.item() if each.dtype == np.float64 else float(str(each)) for each in numbers)):
        if "e" in text:
            return None
        whole, _, fraction = text.partition(".")
        most = max(most, 0 if fraction == "0" else len(fraction))
    return most


def _otherwise(name, *types):
    """How to set another type."""
    return f" (otherwise: --set types.{name}={'|'.join((*types, DROP))})"


def _moments(name, cells, dtype, kind):
    """Moments and durations of a data frame."""
    import pandas as pd

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
        _date_column(name, units, date_format, str(dtype)), units, "" if zone is None else f"dates of the zone {zone}, as UTC"
    )


def _date_column(name, cells, date_format, dtype=""):
    known = cells[~np.isnan(cells)]
    per_second = round(1 / dates.unit_of(date_format)) if dates.unit_of(date_format) <= 1 else 0
    step = next(
        (
            seconds * per_second
            for seconds in (dates.DAY, 3600, 60, 1)
            if per_second and not (known % (seconds * per_second)).any()
        ),
        1,
    )
    return DateColumn(
        name,
        len(known) < len(cells),
        float(known.min()),
        float(known.max()),
        0,
        dtype=dtype,
        date_format=date_format,
        step=max(1, step),
    )


# --- Columns of text. ---


class _Texts:
    """A column of text: its distinct texts, how often each occurs, and the row of its first occurrence."""

    def __init__(self, frame, name, cells, kind, detail):
        import pandas as pd

        self.frame, self.name, self.kind, self.detail = frame, name, kind, detail
        self.dtype = "" if frame.heads else str(frame.data[name].dtype)
        if cells.dtype.kind in "iufb":
            cells = cells.astype(object)
        codes, uniques = pd.factorize(cells)
        texts = [_text_of(each) for each in uniques]
        if len(set(texts)) < len(texts):  # blanks around cells make no difference
            again, stripped = pd.factorize(np.array(texts, object))
            codes, texts = np.where(codes < 0, -1, again[codes]), list(stripped)
        missing = np.array([is_missing(text) for text in texts], bool)
        self.places = np.where(missing, -1, np.cumsum(~missing) - 1)
        self.codes = np.where(codes < 0, -1, self.places[codes]) if len(texts) else np.full(len(cells), -1)
        self.texts = [text for text, skipped in zip(texts, missing, strict=True) if not skipped]
        self.counts = np.bincount(self.codes[self.codes >= 0], minlength=len(self.texts))
        self.num = int(self.counts.sum())

    def typed(self):
        if not self.num:
            if self.kind not in ("", "category", "boolean"):
                self.refuse("missing cells only", self.kind)
            return Typed(CategoryColumn(self.name, True), np.full(len(self.codes), np.nan), "no cell has a value")
        if self.kind:
            return getattr(self, f"as_{self.kind}")()
        return self.likeliest()

    def likeliest(self):
        lower = {text.lower() for text in self.texts}
        if any(lower <= truths for truths in _TRUTHS):
            return self.as_category()
        numbers, dated = self.numbers(), self.date()
        for found in (numbers, dated):
            if found is not None and found[0] >= MIN_SHARE:
                return self.of_numbers(*found[1:]) if found is numbers else self.of_dates(*found[1:])
        share, what = (
            max((each[0], title) for each, title in ((numbers, "numbers"), (dated, "dates")) if each is not None)
            if (numbers or dated)
            else (0.0, "")
        )
        if share > 0.5 and len(self.texts) > _FEW:
            values = (numbers if what == "numbers" else dated)[1]
            odd = int((self.counts * np.isnan(values)).sum())
            raise ValueError(
                f"The column {self.name!r} holds {what}, but {odd:,} of {self.num:,} cells ({odd / self.num:.1%}) are none, such as "
                f"{self.first(np.isnan(values))}. Expected at most {1 - MIN_SHARE:.0%} of them: mend the cells, or set the type: "
                f"`--set types.{self.name}={what.rstrip('s')}` takes the others as missing, `category` or `drop`."
            )
        return self.of_text(f"a category, though {share:.0%} of its cells are {what}" if share > 0.5 else "")

    # --- Numbers. ---

    def numbers(self):
        """Share of cells that are numbers in the likeliest form, the numbers by text, and the form; None without any."""
        sample = np.linspace(0, len(self.texts) - 1, min(len(self.texts), _SAMPLE)).astype(np.int64)
        units = collections.Counter()
        for index, unit in zip(sample, units_of([self.texts[index] for index in sample]), strict=True):
            if unit is not None:
                units[unit] += int(self.counts[index])
        if units.total() < 0.5 * self.counts[sample].sum():
            return None
        (prefix, suffix), _ = units.most_common(1)[0]
        thousands, point, told = self._separators([self.texts[index] for index in sample])
        values = parsed_numbers(self.texts, thousands, point)
        same = np.array([unit is None or unit in ((prefix, suffix), ("", "")) for unit in units_of(self.texts)])
        values[~same] = np.nan
        return float((self.counts * ~np.isnan(values)).sum() / self.num), values, (prefix, suffix, thousands, point, told)

    def _separators(self, texts):
        """Thousands separator, decimal separator, and a sentence if it is a guess."""
        bodies = [re.sub(r"[^\d.,'’\u00a0\u202f ]", "", text).strip() for text in texts]
        bodies = [body for body in bodies if any(character.isdigit() for character in body)]
        comma, dot = [[body for body in bodies if mark in body] for mark in ",."]
        space = next(
            (
                mark
                for mark in "'’\u00a0\u202f "
                if any(re.fullmatch(rf"\d{{1,3}}(?:{mark}\d{{3}})+(?:[.,]\d*)?", each) for each in bodies)
            ),
            "",
        )
        both = [body for body in bodies if "," in body and "." in body]
        if both:
            ends = collections.Counter(max(",.", key=body.rfind) for body in both)
            point = ends.most_common(1)[0][0]
            return "," if point == "." else ".", point, ""
        groups = {
            mark: [re.fullmatch(rf"[1-9]\d{{0,2}}(?:{re.escape(mark)}\d{{3}})+", body) is not None for body in own]
            for mark, own in ((",", comma), (".", dot))
        }
        if comma and not dot:
            if all(groups[","]) and any(body.count(",") > 1 for body in comma):
                return ",", ".", ""
            if all(groups[","]):  # such as 1,234
                return ",", ".", "commas taken for separators of thousands"
            return space, ",", ""
        if dot and not comma:
            if all(groups["."]) and any(body.count(".") > 1 for body in dot):
                return ".", ",", ""
            return space, ".", ""
        return space, ".", ""

    def of_numbers(self, values, form):
        prefix, suffix, thousands, point, told = form
        known = ~np.isnan(values)
        written = [re.search(rf"{re.escape(point)}(\d+)", text) for text, yes in zip(self.texts, known, strict=True) if yes]
        places = [len(each[1]) if each else 0 for each in written]
        exponent = any(re.search(r"\d[eE][+-]?\d", text) for text, yes in zip(self.texts, known, strict=True) if yes)
        whole = bool((values[known] == np.floor(values[known])).all())
        is_flag = whole and known.sum() <= 2 and not (prefix or suffix)
        if is_flag and known.all() and not self.kind:
            return self.as_category()
        shown = 1 if whole and places and min(places) == max(places) == 1 else 0
        column = NumberColumn(
            self.name,
            self.has_missing or not known.all(),
            float(values[known].min()),
            float(values[known].max()),
            None if exponent else 0 if shown else max(places, default=0),
            places=shown,
            prefix=prefix,
            suffix=suffix,
            thousands=thousands,
            point=point,
            dtype=self.dtype,
        )
        form = [f"with {prefix.strip()!r} before" if prefix else "", f"with {suffix.strip()!r} after" if suffix else ""]
        form += [f"decimal {'comma' if point == ',' else 'point'}" if point == "," else "", told]
        if not self.kind and self._is_id(values, column):
            return self.as_id()
        return self._with_odd(column, values, ", ".join(filter(None, form)))

    def _is_id(self, values, column):
        is_code = column.decimals == 0 and not (column.prefix or column.suffix)
        return is_code and bool(_NAMED_ID.search(self.name)) and len(self.texts) == len(self.codes) >= _MIN_IDS

    # --- Dates. ---

    def date(self):
        """Share of cells that are dates in the likeliest format, the units by text, the format, and a note; None without any."""
        order = np.argsort(-self.counts, kind="stable")
        sample = order[:: max(1, len(order) // 20)][:25]
        formats = dict.fromkeys(each for index in sample for each in dates.candidates(self.texts[index]))
        if not formats:
            return None
        formats = [merged for each in formats for merged in {each: 1, each.replace("%-", "%"): 1}]
        part = order[:: max(1, len(order) // 500)]
        texts = [self.texts[index] for index in part]
        shares = {}
        for each in dict.fromkeys(formats):
            cells = dates.parse(texts, each)
            shares[each] = float((self.counts[part] * ~np.isnan(cells)).sum() / self.counts[part].sum())
        most = max(shares.values())
        equal = [each for each, share in shares.items() if share == most and share > 0]
        if not equal:
            return None
        chosen, note = self._of_equal(equal, texts)
        values = dates.parse(self.texts, chosen)
        return float((self.counts * ~np.isnan(values)).sum() / self.num), values, chosen, note

    def _of_equal(self, formats, texts):
        """The format of several that fit: by the leading zeros that are written, then by the days that occur."""

        def written(date_format):
            cells = dates.parse(texts, date_format)
            known = ~np.isnan(cells)
            back = dates.write(cells[known].astype(np.int64), date_format).numpy()
            return np.mean([text.decode() == texts[i] for text, i in zip(back, np.flatnonzero(known), strict=True)] or [0.0])

        def orders(date_format):
            return "".join(re.findall("[YymbBdj]", re.sub("[^A-Za-z]", "", date_format)))

        agreement = {each: written(each) for each in formats}
        formats = sorted(formats, key=lambda each: -agreement[each])
        best = [each for each in formats if agreement[each] == agreement[formats[0]]]
        by_order = {}
        for each in best:
            by_order.setdefault(orders(each), each)
        if len(by_order) == 1:
            return best[0], ""
        # Of two orders, the one with fewer different days is likelier: dates that begin months have one.
        days = {each: len(np.unique(dates.days_of_month(dates.parse(texts, each), each))) for each in by_order.values()}
        least = min(days.values())
        chosen = [each for each in by_order.values() if days[each] == least][0]
        other = next(each for each in by_order.values() if each != chosen)
        told = f"the order of day and month is ambiguous: read as {chosen}"
        return chosen, f"{told} (otherwise: --set types.{self.name}=date:{other})"

    def of_dates(self, values, date_format, note):
        cells = self._spread(values)
        column = _date_column(self.name, cells, date_format, self.dtype)
        told = note or ("" if date_format in _OBVIOUS else f"dates of the form {date_format}")
        if re.search("%:?z", date_format):
            told += ", in UTC"
        return self._with_odd(column, values, told)

    # --- Text. ---

    def of_text(self, note=""):
        share = len(self.texts) / self.num
        if self.num >= _MIN_IDS and share >= MIN_DISTINCT:
            words = np.mean([len(text.split()) for text in self.texts[:_SAMPLE]])
            if words >= _FREE_TEXT_WORDS:
                told = f"free text ({words:.0f} words on average, {share:.0%} of the cells different): left out"
                return Typed(None, None, told + f" (otherwise: --set types.{self.name}=category|id)")
            return self.as_id()
        if len(self.texts) > MAX_VALUES:
            raise ValueError(
                f"The column {self.name!r} has over {MAX_VALUES:,} values, such as {self.texts[0]!r}: an identifier or free text. "
                f"Expected fewer: `--set types.{self.name}=id` makes new ones, `drop` leaves it out."
            )
        once = int((self.counts == 1).sum())
        if not note and len(self.texts) > 50 and once:
            note = f"{len(self.texts):,} values, {once:,} of which occur in one row: generated rows repeat them" + _otherwise(
                self.name, "id"
            )
        return self.as_category(note)

    # --- Types that are given. ---

    def as_number(self):
        found = self.numbers()
        if found is None or found[0] <= 0.5:
            self.refuse(self.texts[0] if found is None else self.first_text(np.isnan(found[1])), "number")
        return self.of_numbers(*found[1:])

    def as_date(self):
        if self.detail:
            values, note = dates.parse(self.texts, self.detail), ""
            found = (float((self.counts * ~np.isnan(values)).sum() / self.num), values, self.detail, note)
        else:
            found = self.date()
        if found is None or found[0] <= 0.5:
            self.refuse(
                self.texts[0] if found is None else self.first_text(np.isnan(found[1])),
                f"date{' ' + self.detail if self.detail else ''}",
            )
        share, values, date_format, note = found
        return self.of_dates(values, date_format, note)

    def as_category(self, note=""):
        order = sorted(range(len(self.texts)), key=self.texts.__getitem__)
        places = np.empty(len(order))
        places[order] = np.arange(len(order))
        column = CategoryColumn(self.name, self.has_missing, tuple(self.texts[index] for index in order), dtype=self.dtype)
        return Typed(column, self._spread(places), note)

    def as_boolean(self):
        if len(self.texts) > 2:
            self.refuse(f"{len(self.texts)} values, such as {', '.join(self.texts[:3])}", "boolean")
        return self.as_category()

    def as_id(self):
        column = id_column(self.name, self.texts, self.dtype)
        told = f"an identifier ({len(self.texts):,} different values in {self.num:,} cells): not learned, new ids such as {column.format([0.0])[0]}"
        return Typed(column, np.arange(len(self.codes), dtype=np.float64), told + _otherwise(self.name, "category"))

    # --- Helpers. ---

    @property
    def has_missing(self):
        return bool((self.codes < 0).any())

    def _spread(self, values):
        """Values by text, as cells by row."""
        return np.where(self.codes < 0, np.nan, np.asarray(values, np.float64)[self.codes])

    def _with_odd(self, column, values, note):
        odd = int((self.counts * np.isnan(values)).sum())
        if odd:
            told = f"{odd:,} cell{'s' * (odd > 1)} taken as missing, such as {self.first(np.isnan(values))}"
            note = ", ".join(filter(None, (note, told)))
        return Typed(column, self._spread(values), note, odd)

    def first_text(self, chosen):
        return self.texts[int(np.flatnonzero(chosen)[0])] if chosen.any() else self.texts[0]

    def first(self, chosen):
        """The first cell with one of the chosen texts, and its row."""
        rows = np.flatnonzero((self.codes >= 0) & chosen[self.codes])
        return f"{self.texts[self.codes[rows[0]]]!r} in {self.frame.place(int(rows[0]))}"

    def refuse(self, found, kind):
        raise ValueError(
            f"The column {self.name!r} is asked to be a {kind} and holds {found!r}. Expected another type: "
            f"`--set types.{self.name}=category`, or `drop`."
        )


_OBVIOUS = ("%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M")


def _text_of(value):
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace").strip()
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value).strip()


# --- Forms of identifiers. ---

_RANDOM_SPACE = 1e6  # possible identifiers per identifier of the data, so that none comes again


def id_column(name, texts, dtype=""):
    """Returns the `IdColumn` of some identifiers: counted, or random in their form."""
    sample = [str(text) for text in texts]
    prefix = os.path.commonprefix(sample)
    prefix = prefix.rstrip("0123456789")
    suffix = os.path.commonprefix([text[len(prefix) :][::-1] for text in sample])[::-1].lstrip("0123456789")
    bodies = [text[len(prefix) : len(text) - len(suffix)] for text in sample]
    if all(body.isascii() and body.isdigit() and len(body) <= 15 for body in bodies):
        is_padded = len({len(body) for body in bodies}) == 1 and (
            bool(prefix or suffix) or any(body[0] == "0" and len(body) > 1 for body in bodies)
        )
        return IdColumn(name, False, prefix, suffix, len(bodies[0]) if is_padded else 0, 1 + max(map(int, bodies)), dtype=dtype)
    shapes = collections.Counter(map(_shape, sample))
    shape = max(shapes, key=lambda each: (_space(each), each))
    if _space(shape) < _RANDOM_SPACE * len(sample):
        shape = shape + "a" * 8
    return IdColumn(name, False, template=_template(shape, sample), dtype=dtype)


def _shape(text):
    return "".join(
        "9" if c in CLASSES["9"] else "A" if c in CLASSES["A"] else "a" if c in CLASSES["a"] else f"\\{c}" for c in text
    )


def _space(shape):
    """Number of texts of a shape, as a float."""
    return float(
        np.prod([len(CLASSES[c]) for c in re.findall(r"\\.|.", shape, re.DOTALL) if len(c) == 1] or [1.0], dtype=np.float64)
    )


def _template(shape, sample):
    """Replaces letters and digits by hexadecimal digits where all identifiers have nothing else."""
    letters = {character for text in sample for character in text if character.isascii() and character.isalnum()}
    kind = next((kind for kind in ("f", "F") if letters <= set(CLASSES[kind])), None)
    return re.sub(r"(?<!\\)[9Aa]", kind, shape) if kind else shape
