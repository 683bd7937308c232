"""`Table`: what a data set of rows is, however it was read, and how it is split and written."""

import csv
import dataclasses
import functools
import hashlib
import json
import tempfile

import numpy as np

from gan_keras.data.sample_set import num_held_out
from gan_keras.data.table.columns import CategoryColumn

IN_MEMORY_BYTES = 2**29
"""Cells that take more are kept in a file of the temporary directory, of which the system holds as much as there is room for."""

CHUNK_ROWS = 10_000


def allocate(shape, dtype=np.float64):
    """An array of zeros: in memory or, where it is larger than `IN_MEMORY_BYTES`, in a file that goes when it goes."""
    if np.prod(shape, dtype=np.int64) * np.dtype(dtype).itemsize <= IN_MEMORY_BYTES:
        return np.zeros(shape, dtype)
    with tempfile.TemporaryFile() as file:
        return np.memmap(file, dtype, "w+", shape=shape)


@dataclasses.dataclass(frozen=True, eq=False)
class Table:
    """Rows of cells.

    Attributes:
        name: What the table is called in reports: a built-in name or the name of the file.
        columns: A `table_columns.Column` for each column.
        cells: float64 `(rows, columns)`, in memory or on the disk; NaN is missing. See `table_columns` for what they mean.
        report: Counts of what was met while the table was read.
    """

    name: str
    columns: tuple
    cells: np.ndarray
    report: dict

    def __len__(self):
        return len(self.cells)

    @property
    def column_names(self):
        return [column.name for column in self.columns]

    @property
    def label_names(self):
        """What rows can be asked for, a list of `column=value` for every value of every category; None without categories.

        `column=` is a missing cell, in columns that have some.
        """
        return [f"{self.columns[index].name}={text}" for index, _, text in labels_of(self.columns)] or None

    @functools.cached_property
    def fingerprint(self):
        """SHA-256 of columns and cells, 64 hexadecimal digits: equal if and only if the data are."""
        digest = hashlib.sha256(json.dumps([column.to_config() for column in self.columns]).encode())
        for part in chunks(self.cells):
            digest.update(np.ascontiguousarray(part))
        return digest.hexdigest()

    def index(self, name):
        """The place of a column.

        Raises:
            ValueError: If there is none of that name.
        """
        if name not in self.column_names:
            raise ValueError(f"There is no column {name!r}. Expected one of {', '.join(self.column_names)}.")
        return self.column_names.index(name)

    def target(self, name=""):
        """The place of a column to predict: of that name, or of the last one that is not empty, as after a trailing comma."""
        if name:
            return self.index(name)
        return max((index for index, column in enumerate(self.columns) if getattr(column, "values", True)), default=0)

    def take(self, rows, report=None):
        """Some of the rows, by their numbers, as a table of its own."""
        cells = allocate((len(rows), len(self.columns)))
        for start in range(0, len(rows), CHUNK_ROWS):
            part = rows[start : start + CHUNK_ROWS]
            cells[start : start + len(part)] = self.cells[part]
        return Table(self.name, self.columns, cells, report or {})

    def described(self):
        """The same table, whose report counts rows and missing cells and names constant and empty columns."""
        missing = sum(np.isnan(part).sum(axis=0) for part in chunks(self.cells))
        empty = [name for name, num in zip(self.column_names, missing, strict=True) if num == len(self)]
        constant = [column.name for column in self.columns if column.name not in empty and is_constant(column)]
        counts = {"rows": len(self), "missing": int(missing.sum()), **self.report}
        named = {"constant": constant, "empty": empty}
        return dataclasses.replace(self, report=counts | {name: names for name, names in named.items() if names})


def chunks(cells):
    """Yields the rows of a matrix, a part at a time, in memory."""
    for start in range(0, len(cells), CHUNK_ROWS):
        yield np.array(cells[start : start + CHUNK_ROWS])


def is_constant(column):
    """Whether all cells that are not missing are the same."""
    return len(column.values) == 1 if isinstance(column, CategoryColumn) else column.low == column.high


def labels_of(columns):
    """What rows can be asked for: the column's place, the cell (NaN is missing) and its text, for each."""
    categories = [(index, column) for index, column in enumerate(columns) if isinstance(column, CategoryColumn)]
    return [
        (index, cell, text)
        for index, column in categories
        for cell, text in [*enumerate(column.values), *([(np.nan, "")] if column.has_missing else [])]
    ]


def split_table(table, held_out=None, seed=0):
    """Splits a table at random.

    Args:
        table: A `Table`.
        held_out: Rows to hold out, at least 1. By default 10 %, at most 10,000.
        seed: The same seed splits the same table alike, int >= 0.

    Returns:
        Training and held-out `Table`, each in the order that its rows came in.

    Raises:
        ValueError: If `held_out` leaves nothing to train on, or is below 1.
    """
    num = len(table)
    held_out = num_held_out(num, held_out, "rows")
    order = np.random.default_rng(seed).permutation(num)
    return tuple(table.take(np.sort(rows), {"rows": len(rows)}) for rows in (order[held_out:], order[:held_out]))


def some_rows(table, num, seed=0):
    """At most `num` of the rows, drawn at random, in the order they came in; in memory."""
    if len(table) <= num:
        return table
    return table.take(np.sort(np.random.default_rng(seed).permutation(len(table))[:num]))


def write_csv(file, table):
    """Writes a table to a text file that is open: a header, then a row a line; missing cells are empty."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(table.column_names)
    for part in chunks(table.cells):
        writer.writerows(zip(*(column.format(part[:, i]) for i, column in enumerate(table.columns)), strict=True))


DESCRIPTIONS = {
    "missing": "{} missing cells",
    "ragged": "{} ragged rows left out",
    "renamed": "{} columns renamed",
    "dropped": "{} columns dropped",
    "constant": "constant: {}",
    "empty": "all missing: {}",
    "unseen": "{} cells with unseen values taken as missing",
}


def describe_table(table):
    """One line for a log: `wine: 178 rows of 14 columns (13 numbers, 1 categories), 0 missing cells`."""
    num_categories = sum(isinstance(column, CategoryColumn) for column in table.columns)
    kinds = f"{len(table.columns) - num_categories} numbers, {num_categories} categories"
    parts = [text.format(_told(table.report[key])) for key, text in DESCRIPTIONS.items() if key in table.report]
    return ", ".join([f"{table.name}: {len(table):,} rows of {len(table.columns)} columns ({kinds})", *parts])


def _told(found):
    return ", ".join(found) if isinstance(found, list) else f"{found:,}"
