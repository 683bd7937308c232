"""`Layout`: how series stand in their file, so that generated ones are written alike: time stamps, identifiers and digits."""

import dataclasses

import numpy as np

from gan_keras.data.table.columns import CategoryColumn, DateColumn, IdColumn, NumberColumn, column_from_config
from gan_keras.data.table.table import frame_column

DAY = 86_400
BOOLEAN = ({"false", "true"}, {"no", "yes"}, {"f", "t"}, {"n", "y"}, {"off", "on"})
"""Pairs of values, in lower case, of columns that are read as 0 and 1."""

PARTS = ("year", "month", "day", "hour", "minute", "second")
"""Names, in lower case, of columns that together are time stamps; at least three."""

LONG_GAP = 3.5  # usual steps; from here on, a step is a gap
_MIN_WEEKDAYS = 10  # stamps, none of them at a weekend, from which on a clock is one of weekdays


def unit_of(column):
    """Returns the seconds of a time column's unit; 1 for numbers."""
    return column.unit if isinstance(column, DateColumn) else 1


@dataclasses.dataclass(frozen=True)
class Clock:
    """Time stamps of series: seconds since 1970 for dates, numbers unchanged.

    Attributes:
        columns: The column of time stamps; those of dates and of times of day; or those of `PARTS`, from the year on.
        kind: `"units"` for equal steps, `"weekdays"`, `"months"` (the same day of each) or `"month_ends"`.
        step: Usual step: seconds or numbers, days, or months.
        first: First stamp of generated series by default: a step after the data's last one; of several numbered series theirs.
    """

    columns: tuple
    kind: str
    step: float
    first: float

    @classmethod
    def of(cls, columns, series):
        """Returns the clock of the sorted stamps of each series, a list of float64 arrays."""
        steps = np.concatenate([np.diff(stamps) for stamps in series])
        step = float(np.median(steps[steps > 0])) if (steps > 0).any() else 1.0
        clock = cls(columns, *cls._kind_of(columns, series, step), 0.0)
        if len(series) > 1 and not clock.is_dated:
            return dataclasses.replace(clock, first=float(min(stamps[0] for stamps in series)))
        return dataclasses.replace(clock, first=float(clock.after(max(stamps.max() for stamps in series), np.array(1))))

    @property
    def is_dated(self):
        """True if stamps are seconds since 1970."""
        return isinstance(self.columns[0], DateColumn) or len(self.columns) > 2

    @staticmethod
    def _kind_of(columns, series, step):
        """Returns the kind and the step."""
        everything = np.concatenate(series)
        is_dated = isinstance(columns[0], DateColumn) or len(columns) > 2
        if not is_dated or (everything % DAY != everything[0] % DAY).any():
            return "units", step
        days = (everything // DAY).astype("datetime64[D]")
        months = days.astype("datetime64[M]")
        if step >= 28 * DAY:
            parts = np.split(months.astype(np.int64), np.cumsum([len(stamps) for stamps in series])[:-1])
            in_months = max(1.0, float(np.median(np.concatenate([np.diff(part) for part in parts]))))
            if (days - months.astype("datetime64[D]") == (days - months.astype("datetime64[D]"))[0]).all():
                return "months", in_months
            if ((days + 1).astype("datetime64[M]") > months).all():
                return "month_ends", in_months
        if step == DAY and len(days) >= _MIN_WEEKDAYS and np.is_busday(days).all():
            return "weekdays", 1.0
        return "units", step

    def after(self, stamps, num):
        """Returns the stamps `num` steps after others; `num` is an array that fits them."""
        if self.kind == "units":
            return stamps + num * self.step
        days, rest = np.asarray(stamps) // DAY, np.asarray(stamps) % DAY
        days = days.astype("datetime64[D]")
        if self.kind == "weekdays":
            return np.busday_offset(days, num, roll="forward").astype(np.int64) * float(DAY) + rest
        months = days.astype("datetime64[M]")
        later = (months + (num * int(self.step)).astype("timedelta64[M]")).astype("datetime64[D]")
        longest = (later.astype("datetime64[M]") + 1).astype("datetime64[D]") - later - np.timedelta64(1, "D")
        day = np.minimum(days - months.astype("datetime64[D]"), longest) if self.kind == "months" else longest
        return (later + day).astype(np.int64) * float(DAY) + rest

    def stamps(self, num, start=""):
        """Returns the stamps of `num` steps, from `start`, a text or a date; by default see `first`."""
        first = self.first if start in ("", None) else self.parsed(start)
        return self.after(np.full(num, first), np.arange(num))

    def parsed(self, start):
        """Returns a stamp from text or a date; raises `ValueError` for anything else."""
        import pandas

        try:
            if not self.is_dated:
                return float(start)
            return (pandas.Timestamp(start).tz_localize(None) - pandas.Timestamp(0)) / pandas.Timedelta(seconds=1)
        except (TypeError, ValueError) as error:
            example = " ".join(column.format(cells)[0] for column, cells in self.cells(np.array([self.first])))
            raise ValueError(f"start={start!r}. Expected a time stamp such as {example}.") from error

    def cells(self, stamps):
        """Returns the columns of stamps and their cells, pairs."""
        if len(self.columns) == 1:
            column = self.columns[0]
            return [(column, np.round(stamps / unit_of(column)) if isinstance(column, DateColumn) else stamps)]
        if len(self.columns) > 2:
            import pandas

            moments = stamps.astype("datetime64[s]")
            parts = [getattr(pandas.DatetimeIndex(moments), part) for part in PARTS[: len(self.columns)]]
            return [(column, np.asarray(part, np.float64)) for column, part in zip(self.columns, parts, strict=True)]
        date, time = self.columns
        return [(date, np.floor(stamps / DAY) * DAY / unit_of(date)), (time, np.round(stamps % DAY / unit_of(time)))]


@dataclasses.dataclass(frozen=True)
class Layout:
    """The columns of a file of series, or of a DataFrame.

    Attributes:
        columns: A `NumberColumn` for each column of values, in their order; a `CategoryColumn` for truth values.
        clock: The `Clock`, or None without time stamps.
        id_column: `IdColumn` of the identifiers that tell series apart, or None.
        index: Names of the columns that were the index of a DataFrame; None for a file.
    """

    columns: tuple
    clock: Clock | None = None
    id_column: IdColumn | None = None
    index: tuple | None = None

    def to_config(self):
        """A dictionary for JSON."""
        clock = self.clock and {**dataclasses.asdict(self.clock), "columns": [each.to_config() for each in self.clock.columns]}
        return {
            "columns": [column.to_config() for column in self.columns],
            "clock": clock,
            "id_column": self.id_column and self.id_column.to_config(),
            "index": self.index if self.index is None else list(self.index),
        }

    @classmethod
    def from_config(cls, config):
        """Inverse of `to_config`."""
        clock, own_id, index = (config[name] for name in ("clock", "id_column", "index"))
        clock = clock and Clock(**{**clock, "columns": tuple(map(column_from_config, clock["columns"]))})
        columns = tuple(map(column_from_config, config["columns"]))
        return cls(columns, clock, own_id and column_from_config(own_id), index if index is None else tuple(index))

    def cells(self, series, start=""):
        """Returns the columns of generated series and their cells, float64 arrays with a row per step.

        These are the number of the series and of the step, the identifier, the time stamps and the values.

        Args:
            series: `(num, steps, columns)`, NaN after the end of a series; those steps get no row.
            start: First time stamp of each series: see `Clock.stamps`.
        """
        inside = ~np.isnan(series).all(axis=2)
        samples, steps = np.nonzero(inside)
        found = [(self.id_column, samples)] if self.id_column else []
        if self.clock:
            found += [(column, cells[steps]) for column, cells in self.clock.cells(self.clock.stamps(series.shape[1], start))]
        found += [(column, rounded(column, cells)) for column, cells in zip(self.columns, series[inside].T, strict=True)]
        names = [column.name for column, _ in found]  # a file may have columns of these names
        numbers = {"sample": samples, "step": steps}
        return [(NumberColumn(name), cells) for name, cells in numbers.items() if name not in names] + found

    def frame(self, series, start=""):
        """Returns series as a DataFrame, with the types and the index of the one that was read; see `cells`."""
        import pandas

        frame = pandas.DataFrame({column.name: frame_column(column, cells) for column, cells in self.cells(series, start)})
        return frame.set_index([name for name in ("sample", *self.index) if name in frame]) if self.index else frame


def rounded(column, cells):
    """Returns values as cells of their column: indices of truth values, numbers with its decimals."""
    cells = np.asarray(cells, np.float64)
    if isinstance(column, CategoryColumn):
        return np.clip(np.round(cells), 0, len(column.values) - 1)
    if column.decimals is None:  # a float32 has about seven digits; more would be noise
        return np.array([float(f"{cell:.7g}") for cell in cells])
    return np.round(cells, column.decimals) + 0.0


def plain_layout(columns):
    """Returns the layout of arrays, whose numbers have about seven digits."""
    return Layout(tuple(NumberColumn(name, decimals=None) for name in columns))
