"""`Sheet`: the columns of a table of series by their meaning: time stamps, identifiers and numbers."""

import numpy as np

from gan_keras.data.files import is_number
from gan_keras.data.series.layout import BOOLEAN, DAY, PARTS, unit_of
from gan_keras.data.table import dates
from gan_keras.data.table.columns import CategoryColumn, DateColumn, IdColumn, NumberColumn
from gan_keras.data.table.ids import id_column
from gan_keras.data.table.types import DROP, Typed, typed

TIME_NAMES = frozenset({"time", "date", "datetime", "timestamp"})
"""Names, in lower case, of a column of time stamps if no other is named."""

_MAX_BACK = 3600.0  # seconds by which clocks are put back


class Sheet:
    """Columns of a table by their meaning.

    Attributes:
        values: `types.Typed` columns of numbers.
        clock: The column of time stamps, or those of dates and of times of day; empty without any.
        id_column: `IdColumn` of new identifiers, or None.
        notes: Sentences about what was guessed.
    """

    def __init__(self, frame, types, columns, source):
        self.frame, self.source, self.id_name = frame, source, columns.id
        if not self.id_name and len(frame.index) > 1:  # an index of ids and times
            others = [name for name in frame.index if frame.data[name].dtype.kind != "M"]
            self.id_name = others[0] if len(others) == 1 else ""
        self.notes = list(frame.report.get("notes", ()))
        self.notes += [f"renamed columns: {', '.join(frame.report['first_renamed'])}"] if "renamed" in frame.report else []
        self.notes += [f"{frame.report['ragged']} ragged rows left out"] if "ragged" in frame.report else []
        found = {
            name: self.typed(name, types.get(name)) for name in frame.data if name != self.id_name and types.get(name) != DROP
        }
        free = {
            name: each for name, each in found.items() if name == columns.time or not types.get(name, "").startswith("number")
        }
        self.clock = self.find_clock(free, columns.time)
        counters = [name for name, each in found.items() if name not in types and self.is_counter(each, name)]
        if not self.clock and not self.id_name and len(counters) == 1 < len(found):
            self.clock = [self.numeric(found[counters[0]], counters[0])]
            self.notes.append(f"{counters[0]} rises by the same in each row: taken for the time stamps")
        apart = [each.column.name for each in self.clock]
        others = [name for name in counters if name not in apart and isinstance(found[name].column, IdColumn) and len(found) > 1]
        self.notes += [f"{name} numbers the rows and is left out" for name in others]
        kept = {name: self.numeric(each, name) for name, each in found.items() if name not in (*apart, *others)}
        self.values, refused = list(kept.values()), [name for name, each in kept.items() if each is None]
        if refused:
            more = f" and {len(refused) - 5} more" if len(refused) > 5 else ""
            time = next((name for name in refused if isinstance(found[name].column, DateColumn)), "NAME")
            raise ValueError(
                f"{source}: {', '.join(map(self.example, refused[:5]))}{more}. Expected numbers: leave a column out with `--set "
                f"types.{refused[0]}=drop`, or name it as the column of time stamps (`--set time_column={time}`) or of series "
                f"(`--set id_column={self.hint}`)."
            )
        if not self.values:
            raise ValueError(f"{source} has no column of numbers. Expected at least one besides time stamps and ids.")
        for each in (*self.values, *self.clock):
            self.notes += [f"{each.column.name}: {each.note}"] if each.note else []
        is_dated = self.clock and (isinstance(self.clock[0].column, DateColumn) or len(self.clock) > 2)
        self.max_back = _MAX_BACK if is_dated else 1.0
        self.id_column = None

    def typed(self, name, type_):
        """Returns a column of the type that is given or the likeliest; mixed forms of ISO 8601 are dates too."""
        try:
            return typed(self.frame, name, type_)
        except ValueError:
            if type_ or (found := _iso_dates(self.frame, name)) is None:
                raise
            return found

    def find_clock(self, found, chosen):
        """Returns the column of time stamps, or those of dates and of times of day; a column of names for it must be one."""
        dated = {name: each for name, each in found.items() if isinstance(each.column, DateColumn)}
        days = [each for each in dated.values() if dates.has_date(each.column.date_format)]
        times = [each for each in dated.values() if not dates.has_date(each.column.date_format)]
        if len(days) == len(times) == 1 and chosen in ("", *dated):
            self.notes.append(f"{days[0].column.name} and {times[0].column.name} together are the time stamps")
            return [days[0], times[0]]
        named = [name for name in found if name.lower() in TIME_NAMES]
        named = named if len(named) == 1 else [name for name in named if name in dated]
        chosen = chosen or (next(iter(dated)) if len(dated) == 1 else named[0] if len(named) == 1 else "")
        if not chosen:
            return self.parts_of_dates(found)
        column = found[chosen] if chosen in dated else _iso_dates(self.frame, chosen) or self.numeric(found[chosen], chosen)
        if column is None:
            raise ValueError(
                f"{self.source}: {self.example(chosen)}. Expected time stamps such as 2024-05-31 17:00, or numbers; a format "
                f"can be set: `--set types.{chosen}=date:%Y%m%d`."
            )
        return [column]

    def parts_of_dates(self, found):
        """Returns columns named `year`, `month`, `day` and maybe further `PARTS`; an empty list without them."""
        by_part = {name.lower(): each for name, each in found.items() if name.lower() in PARTS and self.numeric(each, name)}
        num = next((num for num, part in enumerate(PARTS) if part not in by_part), len(PARTS))
        if num < 3 or len(by_part) > num:
            return []
        chosen = [self.numeric(by_part[part], by_part[part].column.name) for part in PARTS[:num]]
        self.notes.append(f"{', '.join(each.column.name for each in chosen)} together are the time stamps")
        return chosen

    def numeric(self, each, name):
        """Returns a column as numbers; None for one that holds anything else. Truth values are 0 and 1 and keep their names."""
        if isinstance(each.column, DateColumn):
            return None
        if isinstance(each.column, NumberColumn):
            return each
        if isinstance(each.column, CategoryColumn) and {value.lower() for value in each.column.values} in BOOLEAN:
            return each
        if isinstance(each.column, CategoryColumn) and not each.column.values:
            raise ValueError(
                f"{self.source}: column {name!r} has no value. Expected numbers: leave it out with `--set types.{name}=drop`."
            )
        try:
            return typed(self.frame, name, "number")
        except ValueError:  # a text that never changes is put back
            is_constant = isinstance(each.column, CategoryColumn) and len(each.column.values) == 1 and not each.column.has_missing
            return each if is_constant else None

    def is_counter(self, each, name):
        """Returns whether numbers rise, or fall, by the same in each row."""
        if isinstance(each.column, DateColumn) or self.numeric(each, name) is None:
            return False
        steps = np.diff(self.numeric(each, name).cells)
        return len(steps) > 1 and steps[0] != 0 and np.allclose(steps, steps[0], rtol=1e-6, atol=0.0)

    def rows_by_id(self):
        """Returns the rows of each series, arrays by identifier, in the order of the file."""
        if not self.id_name:
            return {"": np.arange(len(self.frame.data))}
        ids = self.frame.data[self.id_name]
        ids = ids.where(ids.astype(str).str.strip() != "")
        missing = int(ids.isna().sum())
        if missing:
            self.notes.append(f"{missing} rows without {self.id_name} left out")
        groups = ids.groupby(ids, sort=False).indices
        texts = [text.removesuffix(".0") for text in map(str, groups)]
        self.id_column = id_column(self.id_name, texts, "" if self.frame.heads else str(ids.dtype))
        return dict(zip(texts, groups.values(), strict=True))

    def stamps(self):
        """Returns the time stamps of all rows, float64: seconds since 1970 for dates, numbers unchanged; NaN for none."""
        if len(self.clock) > 2:
            import pandas as pd

            parts = {part: each.cells for part, each in zip(PARTS, self.clock, strict=False)}
            return np.asarray((pd.to_datetime(pd.DataFrame(parts), errors="coerce") - pd.Timestamp(0)) / pd.Timedelta(seconds=1))
        stamps = sum(each.cells * unit_of(each.column) for each in self.clock) if self.clock else None
        column = self.clock[0].column if len(self.clock) == 1 else None
        if isinstance(column, DateColumn) and not dates.has_date(column.date_format):
            stamps = stamps + DAY * np.cumsum(np.diff(stamps, prepend=stamps[0]) < 0)  # times of day begin anew at midnight
        return stamps

    @property
    def hint(self):
        """Name of a column that would tell series with equal time stamps apart, or `NAME`."""
        if self.id_name:
            return "NAME"
        apart = [each.column.name for each in self.clock]
        times = [self.frame.data[name] for name in apart]
        for name in self.frame.data:
            cells = self.frame.data[name]
            pairs = cells.to_frame().assign(**{f"time_{number}": each for number, each in enumerate(times)})
            if name not in apart and cells.nunique() < len(cells) / 2 and not pairs.duplicated().any():
                return name
        return "NAME"

    def example(self, name):
        """What a column holds, in words."""
        cells = self.frame.data[name].dropna().astype(str)
        texts = [text for text in cells if text.strip()]
        wrong = [text for text in texts if not is_number(text)]
        return f"column {name!r} holds {(wrong or texts or ['nothing'])[0]!r}"


def _iso_dates(frame, name):
    """Returns a column whose texts are all dates of ISO 8601, in several forms, as `Typed`; None for others."""
    import pandas as pd

    cells = frame.data[name]
    if cells.dtype.kind in "iufbmM" or not cells.astype(str).str.contains("-").any():
        return None
    found = pd.to_datetime(cells.where(cells.astype(str).str.strip() != ""), format="ISO8601", utc=True, errors="coerce")
    if found.isna().any():
        return None
    seconds = np.asarray(found.dt.tz_localize(None).dt.as_unit("us").astype("int64"), np.float64) / 1e6
    column = DateColumn(name, False, seconds.min(), seconds.max(), 0, date_format="%Y-%m-%d %H:%M:%S")
    return Typed(column, seconds, "time stamps of several forms, written as 2024-05-31 17:00:00, in UTC")
