"""Columns of text: numbers, dates, categories, identifiers or free text, by the majority of their cells."""

import collections
import dataclasses
import re

import numpy as np

from gan_keras.data.table import dates
from gan_keras.data.table.columns import CategoryColumn, DateColumn, NumberColumn, is_missing
from gan_keras.data.table.ids import id_column
from gan_keras.data.table.numbers import parsed_numbers, separators, units_of

MIN_SHARE = 0.95
"""Share of a column's cells that are numbers, or dates, in a column of numbers or dates; the others are taken as missing."""

MAX_VALUES = 100_000
"""Maximum distinct values of a category."""

MIN_DISTINCT = 0.9
"""Share of distinct values from which on a column of text is an identifier or free text."""

MIN_IDS, _FEW, SAMPLE = 20, 12, 2000
NAMED_ID = re.compile(
    r"(?:^|[_\W])(?:id|ids|uuid|guid|key|pk|rowid|no|nr|number|index|identifier|code)$|[a-z]I[dD]$|^[a-z]{0,4}id$", re.IGNORECASE
)
_FREE_TEXT_WORDS = 3.5  # words of a cell, on average
_TRUTHS = [{"true", "false"}, {"yes", "no"}, {"y", "n"}, {"t", "f"}, {"0", "1"}, {"on", "off"}]


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


def otherwise(name, *types):
    """How to set another type."""
    return f" (otherwise: --set types.{name}={'|'.join((*types, 'drop'))})"


class Texts:
    """A column of text: its distinct texts, how often each occurs, and the text of each row."""

    def __init__(self, frame, name, cells, kind, detail):
        import pandas as pd

        self.frame, self.name, self.kind, self.detail = frame, name, kind, detail
        self.dtype = "" if frame.heads else str(frame.data[name].dtype)
        if cells.dtype.kind in "iufb":
            cells = cells.astype(object)
        codes, uniques = pd.factorize(cells)
        texts = [text_of(each) for each in uniques]
        if len(set(texts)) < len(texts):  # blanks around cells make no difference
            again, stripped = pd.factorize(np.array(texts, object))
            codes, texts = np.where(codes < 0, -1, again[codes]), list(stripped)
        missing = np.array([is_missing(text) for text in texts], bool)
        places = np.where(missing, -1, np.cumsum(~missing) - 1)
        self.codes = np.where(codes < 0, -1, places[codes]) if len(texts) else np.full(len(cells), -1)
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
        shares = {"numbers": numbers[0] if numbers else 0.0, "dates": dated[0] if dated else 0.0}
        what = max(shares, key=shares.get)
        share = shares[what]
        is_code = any(re.fullmatch(r"0\d+", text) for text in self.texts)  # leading zeros count: zip codes
        if share > 0.5 and len(self.texts) > _FEW and not is_code:
            values = (numbers if what == "numbers" else dated)[1]
            odd = int((self.counts * np.isnan(values)).sum())
            raise ValueError(
                f"The column {self.name!r} holds {what}, but {odd:,} of {self.num:,} cells ({odd / self.num:.1%}) are none, "
                f"such as {self.first(np.isnan(values))}. Expected at most {1 - MIN_SHARE:.0%}: mend them, or set the type: "
                f"`--set types.{self.name}={what.rstrip('s')}` takes the others as missing, `category` or `drop`."
            )
        return self.of_text(f"a category, though {share:.0%} of its cells are {what}" if share > 0.5 and not is_code else "")

    # --- Numbers. ---

    def numbers(self):
        """Share of cells that are numbers in the likeliest form, the numbers by text, and the form; None without any."""
        sample = np.linspace(0, len(self.texts) - 1, min(len(self.texts), SAMPLE)).astype(np.int64)
        units = collections.Counter()
        for index, unit in zip(sample, units_of([self.texts[index] for index in sample]), strict=True):
            if unit is not None:
                units[unit] += int(self.counts[index])
        if units.total() < 0.5 * self.counts[sample].sum():
            return None
        (prefix, suffix), _ = units.most_common(1)[0]
        thousands, point, told = separators([self.texts[index] for index in sample], self.frame.has_semicolons)
        values = parsed_numbers(self.texts, thousands, point)
        same = np.array([unit is None or unit in ((prefix, suffix), ("", "")) for unit in units_of(self.texts)])
        values[~same] = np.nan
        return float((self.counts * ~np.isnan(values)).sum() / self.num), values, (prefix, suffix, thousands, point, told)

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
        return is_code and bool(NAMED_ID.search(self.name)) and len(self.texts) == len(self.codes) >= MIN_IDS

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
            letters = re.findall(r"%[-^]?([YymbBdj])", date_format)
            return "".join(letters).lower().replace("b", "m")

        agreement = {each: written(each) for each in formats}
        formats = sorted(formats, key=lambda each: -agreement[each])
        best = [each for each in formats if agreement[each] == agreement[formats[0]]]
        by_order = {}
        for each in best:
            by_order.setdefault(orders(each), each)
        if len(by_order) == 1:
            return best[0], ""
        if "ymd" in by_order and "%Y" in by_order["ymd"]:
            return by_order["ymd"], ""
        by_order = {order: each for order, each in by_order.items() if order[0] != "y"} or by_order
        # Of two orders, the one with fewer different days is likelier: dates that begin months have one.
        days = {each: len(np.unique(dates.days_of_month(dates.parse(texts, each), each))) for each in by_order.values()}
        least = min(days.values())
        chosen = [each for each in by_order.values() if days[each] == least][0]
        if len(by_order) == 1:
            return chosen, ""
        other = next(each for each in by_order.values() if each != chosen)
        told = f"the order of day and month is ambiguous: read as {chosen}"
        return chosen, f"{told} (otherwise: --set types.{self.name}=date:{other})"

    def of_dates(self, values, date_format, note):
        cells = self._spread(values)
        column = DateColumn.of(self.name, cells, date_format, self.dtype)
        told = note or ("" if date_format in _OBVIOUS else f"dates of the form {date_format}")
        if re.search("%:?z", date_format):
            told += ", in UTC"
        return self._with_odd(column, values, told)

    # --- Text. ---

    def of_text(self, note=""):
        share = len(self.texts) / self.num
        if self.num >= MIN_IDS and share >= MIN_DISTINCT:
            words = np.mean([len(text.split()) for text in self.texts[:SAMPLE]])
            if words >= _FREE_TEXT_WORDS:
                told = f"free text ({words:.0f} words on average, {share:.0%} of the cells different): left out"
                return Typed(None, None, told + f" (otherwise: --set types.{self.name}=category|id)")
            return self.as_id()
        if len(self.texts) > MAX_VALUES:
            raise ValueError(
                f"The column {self.name!r} has over {MAX_VALUES:,} values, such as {self.texts[0]!r}: an identifier or free "
                f"text. Expected fewer: `--set types.{self.name}=id` makes new ones, `drop` leaves it out."
            )
        once = int((self.counts == 1).sum())
        if not note and len(self.texts) > 50 and once:
            note = f"{len(self.texts):,} values, {once:,} of which occur in one row: generated rows repeat them" + otherwise(
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
        told = f"an identifier ({len(self.texts):,} different values in {self.num:,} cells): not learned, "
        told += f"new ids such as {column.format([0.0])[0]}"
        return Typed(column, np.arange(len(self.codes), dtype=np.float64), told + otherwise(self.name, "category"))

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


def text_of(value):
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace").strip()
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value).strip()
