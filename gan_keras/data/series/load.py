"""`load_series`: time series by the name of a data set, from tables (files, folders, DataFrames), or from arrays."""

import collections
import dataclasses
import os
import pathlib
from typing import NamedTuple

import numpy as np

from gan_keras import catalogue
from gan_keras.data.arrays import check_labels
from gan_keras.data.files import ArrayFile, Hints, is_number
from gan_keras.data.series.layout import LONG_GAP, Clock, Layout, plain_layout
from gan_keras.data.series.series import cut_windows
from gan_keras.data.series.sheet import Sheet
from gan_keras.data.table.columns import NumberColumn
from gan_keras.data.table.reader import read_frame
from gan_keras.data.table.types import check_types
from gan_keras.diagnosis.names import choice_of
from gan_keras.media.file_kinds import check_no_prose
from gan_keras.media.safe_files import check_is_file

SERIES_DATASETS = catalogue.DATASETS["series"]

_HINTS = Hints(
    "a CSV file, or a folder of them",
    "series=array",
    "series of several lengths are padded to the longest, with an array `lengths` (num,)",
)
NUM_SINES, SINE_STEPS, SINE_COLUMNS = 10_000, 24, 5
_MAX_RADIANS = 0.1  # per step, and of a phase: values of TimeGAN's published code and results

TABLES = (".csv", ".tsv", ".parquet", ".gz", ".bz2", ".xz", ".zip")
"""Endings of the files of a folder that are read."""

_MAX_REPEATED = 0.01  # share of repeated time stamps; more are of several series


def load_series(source, length=24, stride=1, time_column="", id_column="", types=None):
    """Loads time series and cuts them into windows: `Series`.

    Args:
        source: A name in `SERIES_DATASETS`; a file that `load_table` reads, or a folder of them with a series each; a DataFrame,
            whose index of times, or of ids and times, counts as columns; a NumPy array `(num, steps, columns)`,
            `(steps, columns)` or `(steps,)`, or a list of arrays `(steps, columns)` of any lengths; or a `.npz` file with
            `series` `(num, steps, columns)` and optionally `lengths` `(num,)` (later steps are ignored), `labels` `(num,)`,
            `label_names` and `columns`. Write `./sines` for a file named like a data set.
        length: Steps per window, >= 2; 0 keeps every series whole, so that lengths may differ.
        stride: Steps from the start of one window to the next, >= 1.
        time_column: Column of time stamps, dates or numbers. `""` uses the only column of dates, a column of dates and one of
            times of day, or else the only column named time, date, datetime or timestamp; without one, rows must be in order.
        id_column: Column that assigns rows to series; `""` for a single series.
        types: Types by column: see `load_table`. `"drop"` leaves a column out.

    Raises:
        FileNotFoundError: If it is neither a name nor a file nor a folder.
        ValueError: If the source cannot be read as series, or arguments are out of range.
    """
    found, name = _found(source, Columns(time_column, id_column, types or {}))
    return cut_windows(name, found.series, found.columns, length, stride, found.labelling, found.report, found.layout)


class Columns(NamedTuple):
    """Columns with a meaning: see `load_series`."""

    time: str = ""
    id: str = ""
    types: dict = {}


class Found(NamedTuple):
    """Contents of a source: float64 arrays `(steps, columns)` with NaN for missing cells, names of the columns, labels and
    their names or None, counts, and the `Layout` or None."""

    series: list
    columns: list
    labelling: tuple = (None, None)
    report: dict = {}
    layout: Layout | None = None


def _found(source, columns):
    """Returns the contents of a source and its name."""
    if not isinstance(source, str | os.PathLike):
        if hasattr(source, "iloc"):
            source = source.to_frame() if source.ndim == 1 else source
            return series_of_frame(source, columns), "DataFrame"
        return series_of_arrays(source, columns), "arrays"
    path = pathlib.Path(source)
    if str(source) in SERIES_DATASETS:
        return Found(list(sines()), [f"sine_{number}" for number in range(1, SINE_COLUMNS + 1)]), path.name
    if path.is_dir():
        return _read_folder(path, columns), path.name
    check_is_file(path, "Built-in data sets of series", SERIES_DATASETS)
    if path.suffix in (".npz", ".npy"):
        return _read_arrays(path, columns), path.name
    check_no_prose(path, "series")
    return series_of_frame(path, columns), path.name


def sines(num=NUM_SINES, seed=0):
    """Sines in [0, 1] with a random frequency and phase for each series and column: float32 `(num, 24, 5)`.

    Frequencies, in radians per step, and phases are uniform in [0, 0.1], as in TimeGAN's code; `seed` is an int >= 0.
    """
    random = np.random.default_rng(seed)
    frequencies, phases = (random.uniform(0.0, _MAX_RADIANS, (num, 1, SINE_COLUMNS)) for _ in range(2))
    angles = frequencies * np.arange(SINE_STEPS)[:, None] + phases
    return ((np.sin(angles) + 1.0) / 2.0).astype(np.float32)


# --- Arrays. ---


def series_of_arrays(arrays, columns, names=None, labelling=(None, None), place="the arrays"):
    """Reads arrays, or a list of them, into `Found`. Steps of NaN alone at the end of a series are no steps."""
    if isinstance(arrays, np.ndarray) and arrays.dtype != object:
        arrays = arrays[None, :, None] if arrays.ndim == 1 else arrays[None] if arrays.ndim == 2 else arrays
    arrays = [np.asarray(each) for each in arrays]
    arrays = [each[:, None] if each.ndim == 1 else each for each in arrays]
    shapes = sorted({each.shape[1:] for each in arrays})
    if len(shapes) != 1 or len(shapes[0]) != 1 or not shapes[0][0] or any(each.dtype.kind not in "iufb" for each in arrays):
        shown = ", ".join(f"{each.shape} of {each.dtype}" for each in arrays[:3])
        raise ValueError(
            f"Got {len(arrays)} arrays ({shown}). Expected numbers (num, steps, columns) or (steps, columns), or a list of "
            "arrays (steps, columns), with as many columns each."
        )
    series = [_without_end(each.astype(np.float64)) for each in arrays]
    names = names or [f"column_{number + 1}" for number in range(shapes[0][0])]
    if len(names) != shapes[0][0]:
        raise ValueError(f"{place}: {len(names)} names in `columns` for {shapes[0][0]} columns. Expected one for each.")
    check_names(place, names)
    if any(np.isinf(each).any() for each in series):
        raise ValueError(f"{place}: `series` holds infinity. Expected finite numbers, or NaN for missing ones.")
    if columns.id:
        raise ValueError(f"Got id_column={columns.id!r} for {place}. Expected none: each array of a list is a series.")
    dropped = [name for name, type_ in columns.types.items() if type_ == "drop" and name in names]
    report, clock = collections.Counter(), None
    if columns.time:
        if columns.time not in names:
            raise ValueError(f"{place} has no column {columns.time!r}. {choice_of(columns.time, names)}.")
        index, stamps = names.index(columns.time), []
        for number, one in enumerate(series):
            order = in_order(np.arange(len(one)), one[:, index], 1, report, f"{place}, series {number}")
            series[number] = one[order]
            stamps.append(one[order, index])
        column = NumberColumn(columns.time, decimals=0 if all((each == np.round(each)).all() for each in stamps) else None)
        clock = Clock.of((column,), stamps)
        count_gaps(clock, stamps, report)
        dropped.append(columns.time)
    kept = [index for index, name in enumerate(names) if name not in dropped]
    series, names = [each[:, kept] for each in series], [names[index] for index in kept]
    for number, one in enumerate(series):
        check_known(one, names, f"{place}, series {number}")
    report["missing"] = sum(int(np.isnan(one).sum()) for one in series)
    layout = clock and dataclasses.replace(plain_layout(names), clock=clock)
    return Found(series, names, labelling, counted(report), layout)


def _without_end(one):
    """Returns a series without steps at its end that are all NaN."""
    known = np.flatnonzero(~np.isnan(one).all(axis=1))
    return one[: known[-1] + 1] if len(known) else one


def _read_arrays(path, columns):
    if path.suffix == ".npy":
        try:
            return series_of_arrays(np.load(path, allow_pickle=False), columns, place=path)
        except (OSError, EOFError) as error:
            raise ValueError(f"{path} cannot be read as an array ({error}). Expected what `np.save` writes.") from error
    file = ArrayFile(path, _HINTS)
    if "series" not in file:
        raise ValueError(f"{path} holds the arrays {file.names}. Expected one named `series`, (num, steps, columns).")
    series = file.array("series")
    if series.ndim != 3 or not series.size or series.dtype.kind not in "iuf":
        raise ValueError(
            f"{path}: series of shape {series.shape} and dtype {series.dtype}. Expected numbers (num, steps, columns); series of "
            "several lengths are padded to the longest, with an array `lengths` (num,)."
        )
    lengths = file.array("lengths") if "lengths" in file else np.full(len(series), series.shape[1])
    fits = lengths.shape == (len(series),) and lengths.dtype.kind in "iu"
    if not fits or not 1 <= lengths.min() <= lengths.max() <= series.shape[1]:
        raise ValueError(
            f"{path}: `lengths` of shape {lengths.shape} and dtype {lengths.dtype}. Expected {len(series)} integers, 1 to "
            f"{series.shape[1]}, the number of steps of each series."
        )
    labelling = check_labels(path.name, file.array("labels"), file.texts("label_names"), len(series), "series")
    names = file.texts("columns") if "columns" in file else None
    cut = [one[:length] for one, length in zip(series, lengths, strict=True)]
    return series_of_arrays(cut, columns, names, labelling, path)


# --- Tables. ---


def _read_folder(path, columns):
    """Reads one series or more from each file, sorted by name; all have the same columns."""
    files = sorted(file for file in path.iterdir() if file.suffix.lower() in TABLES and not file.name.startswith("."))
    if not files:
        raise ValueError(f"{path} holds no CSV file. Expected one for each series, or name a file.")
    parts = [series_of_frame(file, columns) for file in files]
    for file, part in zip(files, parts, strict=True):
        if part.columns != parts[0].columns:
            raise ValueError(f"{file} has the columns {part.columns}. Expected those of {files[0].name}: {parts[0].columns}.")
    notes = list(dict.fromkeys(note for part in parts for note in part.report.get("notes", ())))
    counts = [{name: num for name, num in part.report.items() if isinstance(num, int)} for part in parts]
    report = sum(map(collections.Counter, counts), collections.Counter())
    report["longest_gap"] = max(each.get("longest_gap", 0) for each in counts)
    finest = tuple(max(each, key=_digits) for each in zip(*(part.layout.columns for part in parts), strict=True))
    layout = dataclasses.replace(parts[-1].layout, columns=finest)
    report = {**{name: num for name, num in report.items() if num}, **({"notes": notes} if notes else {})}
    return Found([one for part in parts for one in part.series], parts[0].columns, report=report, layout=layout)


def _digits(column):
    decimals = getattr(column, "decimals", 0)
    return np.inf if decimals is None else decimals


def series_of_frame(source, columns):
    """Reads a path or a DataFrame into `Found`; see `load_series` for the columns.

    Rows are sorted by their time stamps, if there are any; `unsorted` counts those that move. `missing` counts missing cells,
    `irregular` steps that differ in duration from most, `gaps` the long ones among them, and `repeated` stamps that occur twice.

    Raises:
        ValueError: If the source cannot be read as series; the message names the column.
    """
    types = {str(name): str(type_) for name, type_ in columns.types.items()}
    frame = read_frame(source, [name for name, type_ in types.items() if type_.partition(":")[0] == "date"])
    name, names = source if isinstance(source, pathlib.Path) else "the DataFrame", list(frame.data)
    check_types(types, names)
    for given in filter(None, (columns.time, columns.id)):
        if given not in names:
            raise ValueError(f"{name} has no column {given!r}. {choice_of(given, names)}.")
    if len(frame.data) < 2:
        raise ValueError(f"{name} has {len(frame.data)} rows. Expected a header, and a row for each step.")
    sheet = Sheet(frame, types, columns, name)
    rows_by_id = sheet.rows_by_id()
    values = np.stack([typed.cells for typed in sheet.values], axis=1)
    kept = tuple(typed.column for typed in sheet.values)
    stamps, report, orders = sheet.stamps(), collections.Counter(missing=int(np.isnan(values).sum())), []
    for rows in rows_by_id.values():
        place = f"{name}, the series from row {rows.min() + 1} on"
        order = rows if stamps is None else in_order(rows, stamps[rows], sheet.max_back, report, place, sheet.hint)
        check_known(values[order], [column.name for column in kept], place)
        orders.append(order)
    clock = None
    if stamps is not None:
        clock = Clock.of(tuple(typed.column for typed in sheet.clock), [stamps[order] for order in orders])
        count_gaps(clock, [stamps[order] for order in orders], report)
    layout = Layout(kept, clock, sheet.id_column, frame.index if not frame.heads else None)
    told = {"notes": sheet.notes} if sheet.notes else {}
    series = [values[order] for order in orders]
    return Found(series, [column.name for column in kept], report=counted(report) | told, layout=layout)


def in_order(rows, stamps, max_back, report, place, hint="NAME"):
    """Returns the rows of a series in the order of time; raises `ValueError` if many stamps occur more than once.

    Args:
        rows: Numbers of the rows in the order of the file.
        stamps: Their time stamps. Rows without one are left out, and counted.
        max_back: By how much a stamp may be before the one of the row above, as when clocks are put back: rows keep their order.
        report: `Counter` of what was met.
        place: Name of the series in messages.
        hint: Column that may tell series apart.
    """
    known = np.isfinite(stamps)
    report["no_time"] += int((~known).sum())
    rows, stamps = rows[known], stamps[known]
    if not len(rows):
        raise ValueError(f"{place}: no row has a time stamp. Expected one for each.")
    repeated = len(stamps) - len(np.unique(stamps))
    if repeated > max(_MAX_REPEATED * len(stamps), 12 if max_back > 1 else 0):
        raise ValueError(
            f"{place}: {repeated} of {len(stamps)} time stamps are those of other rows too. Expected a row for each time, or an "
            f"id for each series (`--set id_column={hint}`)."
        )
    report["repeated"] += repeated
    is_reversed = len(stamps) > 1 and (np.diff(stamps) < 0).mean() > 0.5
    order = np.arange(len(rows))[::-1] if is_reversed else np.arange(len(rows))
    back = np.diff(stamps[order])
    back = back[back < 0]
    if len(back) and not (repeated and max_back > 1 and (back >= -max_back).all() and len(back) <= repeated):
        order = np.argsort(stamps, kind="stable")
    report["unsorted"] += int((order != np.arange(len(rows))).sum())
    return rows[order]


def count_gaps(clock, series, report):
    """Counts steps that differ from the clock's, and the long ones among them."""
    for stamps in series:
        steps, expected = np.diff(stamps), clock.after(stamps[:-1], np.ones(len(stamps) - 1, np.int64)) - stamps[:-1]
        report["irregular"] += int((np.abs(steps - expected) > 1e-6 * np.abs(expected)).sum())
        shares = steps / np.where(expected > 0, expected, 1.0)
        report["gaps"] += int((shares > LONG_GAP).sum())
        report["longest_gap"] = max(report["longest_gap"], int(np.round(shares[shares > LONG_GAP].max(initial=0))))


def counted(report):
    """Returns the counts that are not 0, in the order in which they are told."""
    names = ("missing", "no_time", "unsorted", "repeated", "irregular", "gaps", "longest_gap")
    return {name: report[name] for name in names if report[name]}


def check_names(path, columns):
    """Raises `ValueError` unless every column has a name, all names differ, and not all are numbers."""
    if "" in columns:
        raise ValueError(f"{path}: column {columns.index('') + 1} has no name. Expected one for each in the first line.")
    repeated = sorted({name for name in columns if columns.count(name) > 1})
    if repeated:
        raise ValueError(f"{path}: more than one column is named {', '.join(repeated)}. Expected different names.")
    if all(map(is_number, columns)):
        raise ValueError(f"{path}: the first line holds numbers. Expected the names of the columns there: add such a line.")


def check_known(values, columns, place):
    """Raises `ValueError` for a column without a value."""
    empty = [name for name, column in zip(columns, values.T, strict=True) if np.isnan(column).all()]
    if empty:
        raise ValueError(
            f"{place}: column {empty[0]!r} has no value. Expected numbers: leave out the column (`--set types.{empty[0]}=drop`) "
            "or the series."
        )
