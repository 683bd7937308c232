"""`load_series`: time series by the name of a data set, from CSV files, or from arrays in a `.npz` file."""

import collections
import csv
import datetime
import pathlib
from typing import NamedTuple

import numpy as np

from gan_keras import catalogue
from gan_keras.data.arrays import check_labels
from gan_keras.data.files import ArrayFile, Hints, is_number
from gan_keras.data.series.series import cut_windows
from gan_keras.diagnosis.names import choice_of
from gan_keras.media.safe_files import check_is_file

SERIES_DATASETS = catalogue.DATASETS["series"]

_HINTS = Hints(
    "a CSV file, or a folder of them",
    "series=array",
    "series of several lengths are padded to the longest, with an array `lengths` (num,)",
)
NUM_SINES, SINE_STEPS, SINE_COLUMNS = 10_000, 24, 5
_MAX_RADIANS = 0.1  # per step, and of a phase: values of TimeGAN's published code and results

MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "?"})
"""Texts of missing cells, in lower case."""

TIME_NAMES = frozenset({"time", "date", "datetime", "timestamp"})
"""Names, in lower case, of a column of time stamps if no other is named."""


def load_series(name_or_path, length=24, stride=1, time_column="", id_column=""):
    """Loads time series by name or from a path, and cuts them into windows: `Series`.

    Args:
        name_or_path: A name in `SERIES_DATASETS`; a UTF-8 CSV file, or a folder of them with a series each; or a `.npz` file
            with `series` `(num, steps, columns)` and optionally `lengths` `(num,)` (later steps are ignored), `labels`
            `(num,)`, `label_names` and `columns`. Write `./sines` for a file named like a data set.
        length: Steps per window, >= 2; 0 keeps every series whole, so that lengths may differ.
        stride: Steps from the start of one window to the next, >= 1.
        time_column: Column of time stamps in CSV files, numbers or ISO 8601 (with offsets from UTC, if any). `""` uses the
            only column with a name in `TIME_NAMES`; without one, rows must be in order.
        id_column: Column in CSV files that assigns rows to series; `""` for a single series.

    Raises:
        FileNotFoundError: If it is neither a name nor a file nor a folder.
        ValueError: If the source cannot be read as series, or arguments are out of range.
    """
    path = pathlib.Path(name_or_path)
    if str(name_or_path) in SERIES_DATASETS:
        found = Found(list(sines()), [f"sine_{number}" for number in range(1, SINE_COLUMNS + 1)])
    elif path.is_dir():
        found = _read_folder(path, time_column, id_column)
    else:
        check_is_file(path, "Built-in data sets of series", SERIES_DATASETS)
        found = _read_npz(path) if path.suffix == ".npz" else read_csv(path, time_column, id_column)
    return cut_windows(path.name, found.series, found.columns, length, stride, found.labelling, found.report)


class Found(NamedTuple):
    """Contents of a source: float64 arrays `(steps, columns)`, names of columns, labels and their names or None, and counts."""

    series: list
    columns: list
    labelling: tuple = (None, None)
    report: dict = {}


def sines(num=NUM_SINES, seed=0):
    """Sines in [0, 1] with a random frequency and phase for each series and column: float32 `(num, 24, 5)`.

    Frequencies, in radians per step, and phases are uniform in [0, 0.1], as in TimeGAN's code; `seed` is an int >= 0.
    """
    random = np.random.default_rng(seed)
    frequencies, phases = (random.uniform(0.0, _MAX_RADIANS, (num, 1, SINE_COLUMNS)) for _ in range(2))
    angles = frequencies * np.arange(SINE_STEPS)[:, None] + phases
    return ((np.sin(angles) + 1.0) / 2.0).astype(np.float32)


def _read_folder(path, time_column, id_column):
    """Reads one series or more from each CSV file, sorted by name; all have the same columns."""
    files = sorted(file for file in path.iterdir() if file.suffix.lower() == ".csv")
    if not files:
        raise ValueError(f"{path} holds no CSV file. Expected one for each series, or name a file.")
    parts = [read_csv(file, time_column, id_column) for file in files]
    for file, part in zip(files, parts, strict=True):
        if part.columns != parts[0].columns:
            raise ValueError(f"{file} has the columns {part.columns}. Expected those of {files[0].name}: {parts[0].columns}.")
    report = sum((collections.Counter(part.report) for part in parts), collections.Counter())
    return Found([one for part in parts for one in part.series], parts[0].columns, report=dict(report))


def _read_npz(path):
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
    columns = file.texts("columns") if "columns" in file else [f"column_{number + 1}" for number in range(series.shape[2])]
    if len(columns) != series.shape[2]:
        raise ValueError(f"{path}: {len(columns)} names in `columns` for {series.shape[2]} columns. Expected one for each.")
    check_columns(path, columns)
    cut = [one[:length].astype(np.float64) for one, length in zip(series, lengths, strict=True)]
    if any(np.isinf(one).any() for one in cut):
        raise ValueError(f"{path}: `series` holds infinity. Expected finite numbers, or NaN for missing ones.")
    missing = sum(int(np.isnan(one).sum()) for one in cut)
    filled = [interpolated(one, columns, f"{path}, series {number}") for number, one in enumerate(cut)] if missing else cut
    return Found(filled, columns, labelling, {"missing": missing} if missing else {})


class Sheet(NamedTuple):
    """Cells of a CSV file: names of the columns, rows of cells, and the line number of each row."""

    path: pathlib.Path
    columns: list
    rows: list
    lines: list

    def cells(self, column):
        """Returns the cells of a column, by its name."""
        index = self.columns.index(column)
        return [row[index] for row in self.rows]


def read_csv(path, time_column="", id_column=""):
    """Reads a CSV file whose first line names the columns into `Found`; see `load_series` for the arguments.

    Rows are sorted by their time stamps, if there are any; `unsorted` counts those that move. Missing cells are interpolated
    between the steps before and after, or repeat the nearest step at an end; `missing` counts them. `irregular` counts steps
    that differ in duration from most.

    Raises:
        ValueError: If the file cannot be read as series; the message names the line or column.
    """
    sheet = read_sheet(pathlib.Path(path))
    for name in filter(None, (time_column, id_column)):
        if name not in sheet.columns:
            raise ValueError(f"{path} has no column {name!r}. {choice_of(name, sheet.columns)}.")
    times = [column for column in sheet.columns if column.lower() in TIME_NAMES and column != id_column]
    time_column = time_column or (times[0] if len(times) == 1 else "")
    columns = [column for column in sheet.columns if column not in (time_column, id_column)]
    if not columns:
        raise ValueError(f"{path} has no column of numbers. Expected at least one besides time stamps and ids.")
    values = np.stack([numbers(sheet, column) for column in columns], axis=1)
    stamps = time_stamps(sheet, time_column) if time_column else None
    rows_by_id = collections.defaultdict(list)
    for row, name in enumerate(sheet.cells(id_column) if id_column else [""] * len(sheet.rows)):
        rows_by_id[name].append(row)
    report, series = collections.Counter(missing=int(np.isnan(values).sum())), []
    for rows in map(np.array, rows_by_id.values()):
        order = rows if stamps is None else _in_order(sheet, rows, stamps, report)
        place = f"{sheet.path}, the series from line {sheet.lines[order.min()]} on"
        series.append(interpolated(values[order], columns, place))
    counts = {name: report[name] for name in ("missing", "unsorted", "irregular") if report[name]}
    return Found(series, columns, report=counts)


def read_sheet(path):
    """Reads a CSV file; raises `ValueError` for an invalid header, ragged rows, or no rows."""
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file, strict=True)
            rows = [(reader.line_num, row) for row in reader if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path} cannot be read as a table ({error}). Expected CSV in UTF-8, separated by commas.") from error
    if len(rows) < 2:
        raise ValueError(f"{path} has {len(rows)} lines. Expected a line with the names of the columns, and a row for each step.")
    (_, head), *body = rows
    columns = [name.strip() for name in head]
    check_columns(path, columns)
    for line, row in body:
        if len(row) != len(columns):
            raise ValueError(
                f"{path}, line {line}: {len(row)} cells. Expected {len(columns)}, one for each name of the first line."
            )
    return Sheet(path, columns, [[cell.strip() for cell in row] for _, row in body], [line for line, _ in body])


def check_columns(path, columns):
    """Raises `ValueError` unless every column has a name, all names differ, and not all are numbers."""
    if "" in columns:
        raise ValueError(f"{path}: column {columns.index('') + 1} has no name. Expected one for each in the first line.")
    repeated = sorted({name for name in columns if columns.count(name) > 1})
    if repeated:
        raise ValueError(f"{path}: more than one column is named {', '.join(repeated)}. Expected different names.")
    if all(map(is_number, columns)):
        raise ValueError(f"{path}: the first line holds numbers. Expected the names of the columns there: add such a line.")


def numbers(sheet, column):
    """Returns a column as float64, NaN for missing cells."""
    found = np.full(len(sheet.rows), np.nan)
    for row, (cell, line) in enumerate(zip(sheet.cells(column), sheet.lines, strict=True)):
        if cell.lower() in MISSING:
            continue
        if not is_number(cell) or not np.isfinite(float(cell)):
            raise ValueError(
                f"{sheet.path}, line {line}: column {column!r} holds {cell!r}. Expected finite numbers: leave the column out, or "
                "name it as the column of time stamps (`--set time_column=NAME`) or of series (`--set id_column=NAME`)."
            )
        found[row] = float(cell)
    if np.isnan(found).all():
        raise ValueError(f"{sheet.path}: column {column!r} has no value. Expected numbers: leave the column out.")
    return found


def time_stamps(sheet, column):
    """Returns a column of time stamps as float64: seconds since 1970 for ISO 8601 (UTC without a zone), numbers unchanged."""

    def stamp(cell, line):
        try:
            if is_number(cell):
                return float(cell)
            found = datetime.datetime.fromisoformat(cell)
        except ValueError as error:
            raise ValueError(
                f"{sheet.path}, line {line}: column {column!r} holds {cell!r}. Expected stamps such as 2024-05-31 17:00, or "
                "numbers."
            ) from error
        return (found if found.tzinfo else found.replace(tzinfo=datetime.UTC)).timestamp()

    return np.array([stamp(cell, line) for cell, line in zip(sheet.cells(column), sheet.lines, strict=True)])


def _in_order(sheet, rows, stamps, report):
    """Returns the rows of a series sorted by their time stamps; raises `ValueError` if these are not finite and distinct."""
    order = rows[np.argsort(stamps[rows], kind="stable")]
    steps = np.diff(stamps[order])
    if not np.isfinite(stamps[rows]).all() or (steps == 0).any():
        line = sheet.lines[order[1:][steps == 0][0]] if (steps == 0).any() else sheet.lines[rows[0]]
        raise ValueError(
            f"{sheet.path}, line {line}: its time stamp is none, or that of another row too. Expected a row for each time, or an "
            "id for each series (`--set id_column=NAME`)."
        )
    report["unsorted"] += int((order != rows).sum())
    usual = np.median(steps) if len(steps) else 0.0
    report["irregular"] += int((np.abs(steps - usual) > 1e-6 * usual).sum())
    return order


def interpolated(values, columns, place):
    """Interpolates each NaN of values `(steps, columns)` linearly in time; raises `ValueError` for a column without a value."""
    steps = np.arange(len(values))
    values = values.copy()
    for column, name in enumerate(columns):
        known = ~np.isnan(values[:, column])
        if not known.any():
            raise ValueError(f"{place}: column {name!r} has no value. Expected numbers: leave the column or the series out.")
        values[:, column] = np.interp(steps, steps[known], values[known, column])
    return values
