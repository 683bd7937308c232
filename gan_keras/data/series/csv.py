"""Time series in CSV files: read, checked, put in the order of time, and missing cells interpolated."""

import csv
import datetime
import pathlib
from typing import NamedTuple

import numpy as np

MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "?"})
"""What a missing cell holds, in any case."""

TIME_NAMES = frozenset({"time", "date", "datetime", "timestamp"})
"""Names, in any case, of a column that is taken for the time stamps where none is named."""


class Table(NamedTuple):
    """The cells of a file: names of the columns, lines of cells, and the number of each line in the file."""

    path: pathlib.Path
    columns: list
    rows: list
    lines: list

    def cells(self, column):
        """The cells of a column, by its name."""
        place = self.columns.index(column)
        return [row[place] for row in self.rows]


def read_csv(path, time_column="", id_column=""):
    """The series of a CSV file whose first line names the columns.

    Rows are put in the order of their time stamps where there are any, and counted as `unsorted` where they were not. Missing
    cells are interpolated between the steps before and after, at an end the nearest is repeated; `missing` counts them.
    `irregular` counts steps whose duration is another than that of most.

    Args:
        path: Of the file, UTF-8, separated by commas.
        time_column: Name of the column of time stamps, numbers or ISO 8601 (of which offsets from UTC count). `""` takes one of
            `TIME_NAMES`, if there is one; else rows are taken to be in order.
        id_column: Name of the column that says which series a row belongs to; `""` for one series.

    Returns:
        List of float64 arrays `(steps, columns)`, the names of the columns, and a dictionary of counts.

    Raises:
        ValueError: For what cannot be read as series; the message names the line or column.
    """
    table = read_table(pathlib.Path(path))
    for name in filter(None, (time_column, id_column)):
        if name not in table.columns:
            raise ValueError(f"{path} has no column {name!r}. Expected one of {', '.join(table.columns)}.")
    times = [column for column in table.columns if column.lower() in TIME_NAMES and column != id_column]
    time_column = time_column or (times[0] if len(times) == 1 else "")
    columns = [column for column in table.columns if column not in (time_column, id_column)]
    if not columns:
        raise ValueError(f"{path} has no column of numbers. Expected at least one beside time stamps and ids.")
    values = np.stack([numbers(table, column) for column in columns], axis=1)
    stamps = time_stamps(table, time_column) if time_column else None
    ids = table.cells(id_column) if id_column else [""] * len(table.rows)
    report = {"missing": int(np.isnan(values).sum()), "unsorted": 0, "irregular": 0}
    parts = [_one_series(table, rows, (values, stamps, columns), report) for rows in _rows_by_id(ids)]
    return parts, columns, {name: count for name, count in report.items() if count}


def read_table(path):
    """The cells of a CSV file; raises `ValueError` for a file without a proper head, with ragged rows, or without rows."""
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
    return Table(path, columns, [[cell.strip() for cell in row] for _, row in body], [line for line, _ in body])


def check_columns(path, columns):
    """Raises `ValueError` unless every column has a name of its own, which is not a number."""
    if "" in columns:
        raise ValueError(f"{path}: column {columns.index('') + 1} has no name. Expected one for each in the first line.")
    twice = sorted({name for name in columns if columns.count(name) > 1})
    if twice:
        raise ValueError(f"{path}: more than one column is named {', '.join(twice)}. Expected different names.")
    if all(map(_is_number, columns)):
        raise ValueError(f"{path}: the first line holds numbers. Expected the names of the columns there: add such a line.")


def numbers(table, column):
    """A column as float64, NaN for missing cells."""
    found = np.full(len(table.rows), np.nan)
    for row, (cell, line) in enumerate(zip(table.cells(column), table.lines, strict=True)):
        if cell.lower() in MISSING:
            continue
        if not _is_number(cell) or not np.isfinite(float(cell)):
            raise ValueError(
                f"{table.path}, line {line}: column {column!r} holds {cell!r}. Expected finite numbers: leave the column out, or "
                "name it as that of the time stamps (`--set time_column=NAME`) or of the series (`--set id_column=NAME`)."
            )
        found[row] = float(cell)
    if np.isnan(found).all():
        raise ValueError(f"{table.path}: column {column!r} has no value. Expected numbers: leave the column out.")
    return found


def _is_number(text):
    try:
        return float(text) is not None
    except ValueError:
        return False


def time_stamps(table, column):
    """A column of time stamps as float64: seconds of ISO 8601 stamps, numbers as they are."""
    return np.array([_stamp(table, column, cell, line) for cell, line in zip(table.cells(column), table.lines, strict=True)])


def _stamp(table, column, cell, line):
    try:
        return float(cell) if _is_number(cell) else _seconds(datetime.datetime.fromisoformat(cell))
    except ValueError as error:
        raise ValueError(
            f"{table.path}, line {line}: column {column!r} holds {cell!r}. Expected stamps such as 2024-05-31 17:00, or numbers."
        ) from error


def _seconds(stamp):
    """Seconds since 1970; a stamp without a zone is taken for UTC."""
    return (stamp if stamp.tzinfo else stamp.replace(tzinfo=datetime.UTC)).timestamp()


def _rows_by_id(ids):
    """The numbers of the rows of each series, in the order in which the series come first."""
    rows = {}
    for row, name in enumerate(ids):
        rows.setdefault(name, []).append(row)
    return [np.array(each) for each in rows.values()]


def _one_series(table, rows, content, report):
    values, stamps, columns = content
    if stamps is not None:
        rows = _in_order(table, rows, stamps, report)
    return interpolated(values[rows], columns, f"{table.path}, the series from line {table.lines[rows.min()]} on")


def _in_order(table, rows, stamps, report):
    order = rows[np.argsort(stamps[rows], kind="stable")]
    steps = np.diff(stamps[order])
    if not np.isfinite(stamps[rows]).all() or (steps == 0).any():
        line = table.lines[order[1:][steps == 0][0]] if (steps == 0).any() else table.lines[rows[0]]
        raise ValueError(
            f"{table.path}, line {line}: its time stamp is none, or that of another row too. Expected a row for each time, or an "
            "id for each series (`--set id_column=NAME`)."
        )
    report["unsorted"] += int((order != rows).sum())
    usual = np.median(steps) if len(steps) else 0.0
    report["irregular"] += int((np.abs(steps - usual) > 1e-6 * usual).sum())
    return order


def interpolated(values, columns, place):
    """The values `(steps, columns)` with each NaN replaced by what lies between its neighbours in time.

    Raises:
        ValueError: For a column without a value; `place` says where.
    """
    steps = np.arange(len(values))
    values = values.copy()
    for column, name in enumerate(columns):
        known = ~np.isnan(values[:, column])
        if not known.any():
            raise ValueError(f"{place}: column {name!r} has no value. Expected numbers: leave the column or the series out.")
        values[:, column] = np.interp(steps, steps[known], values[known, column])
    return values
