"""CSV files of any size: read twice, a chunk at a time, once for the types and once for the cells."""

import contextlib
import csv
import itertools
import pathlib

import numpy as np

from gan_keras.data.table.columns import is_missing
from gan_keras.data.table.table import Table, allocate
from gan_keras.data.table.types import DROP, Guess, check_types

CHUNK_ROWS = 5000
LEAST_ROWS = 10
MOST_RAGGED = 0.1  # of the rows: beyond it the file is read wrongly
_DELIMITERS = ",;\t|"


class CSVFile:
    """A CSV file: UTF-8, a header, rows of as many cells. Blanks around cells do not count.

    Empty and repeated names of columns are replaced, rows of another length are left out; both are counted in `report`.

    Args:
        path: Of the file.

    Raises:
        ValueError: If it has no header, or is not UTF-8.
    """

    def __init__(self, path):
        self.path, self.report = pathlib.Path(path), {}
        with self.open() as file:
            head = file.readline()
            delimiters = [each for each in _DELIMITERS if each in head] or [_DELIMITERS[0]]
            self.delimiter = max(delimiters, key=lambda each: len(_cells(head, each)))
            names = [name.strip() for name in _cells(head, self.delimiter)]
        if not any(names) or all(_is_number(name) for name in names):
            raise ValueError(f"{self.path} begins with {head.strip()[:80]!r}. Expected a header: a name for each column.")
        self.names = self.distinct(names)

    @contextlib.contextmanager
    def open(self):
        try:
            with open(self.path, newline="", encoding="utf-8-sig") as file:
                yield file
        except UnicodeDecodeError as error:
            raise ValueError(
                f"{self.path} is not UTF-8 ({error.reason} in position {error.start}). Expected UTF-8: convert it, such as "
                f"`iconv -f latin1 -t utf-8 {self.path} > converted.csv`."
            ) from error
        except csv.Error as error:
            raise ValueError(f'{self.path} cannot be read as CSV ({error}). Expected rows of cells, quoted by `"`.') from error

    def distinct(self, names):
        """Names of which none is empty and none is twice; changed ones are in the report, at most five of them."""
        found, renamed = [], []
        for number, name in enumerate(names, start=1):
            candidates = itertools.chain([name] if name else [], (f"{name or 'column'}_{index}" for index in itertools.count(2)))
            chosen = next(each for each in candidates if each not in found and (each == name or each not in names))
            renamed += [] if chosen == name else [f"{number}: {chosen}"]
            found.append(chosen)
        self.report |= {"renamed": len(renamed), "first_renamed": renamed[:5]} if renamed else {}
        return found

    def chunks(self):
        """Yields rows, a chunk at a time, each as a tuple of cells for every column."""
        num_rows, ragged = 0, []
        with self.open() as file:
            reader = csv.reader(file, delimiter=self.delimiter)
            next(reader)
            while lines := [(reader.line_num, row) for row in itertools.islice(reader, CHUNK_ROWS)]:
                lines = [(number, row) for number, row in lines if row]  # blank lines are none
                ragged += [number for number, row in lines if len(row) != len(self.names)]
                rows = [[cell.strip() for cell in row] for _, row in lines if len(row) == len(self.names)]
                num_rows += len(rows)
                if rows:
                    yield list(zip(*rows, strict=True))
        self.check_rows(num_rows, ragged)

    def check_rows(self, num_rows, ragged):
        if len(ragged) > MOST_RAGGED * (num_rows + len(ragged)):
            raise ValueError(
                f"{self.path}: {len(ragged):,} of {num_rows + len(ragged):,} rows have not {len(self.names)} cells, such as "
                f"line {ragged[0]}. Expected as many cells as the header has names: are cells with {self.delimiter!r} quoted?"
            )
        self.report |= {"ragged": len(ragged), "first_ragged": ragged[:5]} if ragged else {}


def _cells(line, delimiter):
    return next(csv.reader([line], delimiter=delimiter), [])


def _is_number(text):
    with contextlib.suppress(ValueError):
        return float(text) is not None
    return False


def read_table(path, types=None):
    """Reads a CSV file into a `Table`, whose cells are on the disk where they are many: see `table_data.allocate`.

    Args:
        path: Of the file: see `CSVFile`.
        types: Types by column, for those that are not to be guessed: `number`, `category`, `date`, `date:FORMAT` or `drop`.

    Returns:
        A `Table`. Its report counts, besides `rows` and `missing` cells, `ragged` rows that were left out, `renamed` and
        `dropped` columns, and names `constant` and `empty` ones.

    Raises:
        ValueError: For a file that is no table, fewer than 10 rows, or columns that are not of the type asked for.
    """
    file, types = CSVFile(path), types or {}
    check_types(types, file.names)
    guesses, num = [Guess(name) for name in file.names], 0
    for chunk in file.chunks():
        num += len(chunk[0])
        for guess, texts in zip(guesses, chunk, strict=True):
            if types.get(guess.name) != DROP:
                guess.see(texts)
    if num < LEAST_ROWS:
        raise ValueError(f"{path} has {num} rows. Expected at least {LEAST_ROWS}: from fewer nothing can be learned.")
    columns = tuple(guess.column(types.get(guess.name)) for guess in guesses if types.get(guess.name) != DROP)
    return _filled(file, columns, num)


def read_like(path, columns):
    """Reads a CSV file of the columns of another table, in any order: test data.

    Args:
        path: Of the file.
        columns: `Column`s.

    Returns:
        A `Table`. Its report also counts cells with `unseen` categories, which are taken as missing, and `dropped` columns.

    Raises:
        ValueError: If a column is not there, or a cell is no number or no date of the column's format.
    """
    file = CSVFile(path)
    absent = [column.name for column in columns if column.name not in file.names]
    if absent:
        raise ValueError(f"{path} has no column {', '.join(map(repr, absent))}. Expected all columns that were trained on.")
    num = sum(len(chunk[0]) for chunk in file.chunks())
    if not num:
        raise ValueError(f"{path} has no rows. Expected some.")
    return _filled(file, columns, num)


def _filled(file, columns, num):
    """The `Table` of a file's rows, whose columns are known."""
    cells, start, unseen = allocate((num, len(columns))), 0, 0
    places = [file.names.index(column.name) for column in columns]
    for chunk in file.chunks():
        rows = slice(start, start + len(chunk[0]))
        for index, (column, place) in enumerate(zip(columns, places, strict=True)):
            cells[rows, index] = _parsed(file.path, column, chunk[place])
            unseen += int(np.isnan(cells[rows, index]).sum()) - sum(map(is_missing, chunk[place]))
        start = rows.stop
    left_out = len(file.names) - len(columns)
    counts = {"unseen": unseen, "dropped": left_out, **file.report}
    return Table(file.path.name, columns, cells, {name: count for name, count in counts.items() if count}).described()


def _parsed(path, column, texts):
    cells = np.full(len(texts), np.nan)
    present = [index for index, text in enumerate(texts) if not is_missing(text)]
    try:
        cells[present] = column.parse([texts[index] for index in present])
    except ValueError as error:
        raise ValueError(f"{path}, column {column.name!r}: {error}. Expected cells like those of the table before.") from error
    return cells
