"""CSV files of any size: read twice in chunks, once for the types of the columns and once for the cells."""

import contextlib
import csv
import itertools
import pathlib
import re

import numpy as np

from gan_keras.data.files import is_number
from gan_keras.data.table import dates
from gan_keras.data.table.columns import CategoryColumn, DateColumn, NumberColumn, is_missing
from gan_keras.data.table.table import Table, allocate
from gan_keras.diagnosis.names import choice_of

CHUNK_ROWS = 5000
MIN_ROWS = 10
MAX_RAGGED = 0.1  # share of the rows; more suggest a wrong delimiter
_DELIMITERS = ",;\t|"

MAX_VALUES = 100_000
"""Maximum distinct values of a category: more are an identifier or free text, which cannot be generated."""

_NUMBER = re.compile(r"[+-]?(?:(?:0|[1-9][0-9]*)(?:\.([0-9]*))?|\.([0-9]+))([eE][+-]?[0-9]+)?")
_MAX_EXACT = 2.0**53  # float64 skips some larger integers
_MAX_NUMBER = 1e100  # for numbers with an exponent: sums of squares of larger ones overflow


class CSVFile:
    """A UTF-8 file with a header and rows of as many cells, whose surrounding blanks are removed.

    Empty and repeated column names are replaced, and rows of another length left out; `report` counts both. Raises
    `ValueError` if the file has no header, or is not UTF-8.
    """

    def __init__(self, path):
        self.path, self.report = pathlib.Path(path), {}
        with self.open() as file:
            head = file.readline()
            delimiters = [each for each in _DELIMITERS if each in head] or [_DELIMITERS[0]]
            self.delimiter = max(delimiters, key=lambda each: len(_cells(head, each)))
            names = [name.strip() for name in _cells(head, self.delimiter)]
        if not any(names) or all(map(is_number, names)):
            raise ValueError(f"{self.path} begins with {head.strip()[:80]!r}. Expected a header: a name for each column.")
        self.names = self.distinct(names)

    @contextlib.contextmanager
    def open(self):
        try:
            with open(self.path, newline="", encoding="utf-8-sig") as file:
                yield file
        except UnicodeDecodeError as error:
            raise ValueError(
                f"{self.path} is not UTF-8 ({error.reason} in position {error.start}). Expected UTF-8: convert it, such as with "
                f"`iconv -f latin1 -t utf-8 {self.path} > converted.csv`."
            ) from error
        except csv.Error as error:
            raise ValueError(f'{self.path} cannot be read as CSV ({error}). Expected rows of cells, quoted by `"`.') from error

    def distinct(self, names):
        """Returns names that are distinct and not empty; the report lists at most five changed ones."""
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
                lines = [(number, row) for number, row in lines if row]  # without blank lines
                ragged += [number for number, row in lines if len(row) != len(self.names)]
                rows = [[cell.strip() for cell in row] for _, row in lines if len(row) == len(self.names)]
                num_rows += len(rows)
                if rows:
                    yield list(zip(*rows, strict=True))
        if len(ragged) > MAX_RAGGED * (num_rows + len(ragged)):
            raise ValueError(
                f"{self.path}: {len(ragged):,} of {num_rows + len(ragged):,} rows have not {len(self.names)} cells, such as "
                f"line {ragged[0]}. Expected as many cells as the header has names: are cells with {self.delimiter!r} quoted?"
            )
        self.report |= {"ragged": len(ragged), "first_ragged": ragged[:5]} if ragged else {}


def _cells(line, delimiter):
    return next(csv.reader([line], delimiter=delimiter), [])


def read_table(path, types=None):
    """Reads a CSV file (see `CSVFile`) into a `Table`, whose cells are on disk if they are many: see `allocate`.

    The table's report counts `rows`, `missing` cells, `ragged` rows that were left out, `renamed` and `dropped` columns, and
    names `constant` and `empty` columns. See `load_table` for the arguments.

    Raises:
        ValueError: If the file is not a table, has fewer than 10 rows, or columns are not of the given types.
    """
    file, types = CSVFile(path), types or {}
    check_types(types, file.names)
    guesses, num = [Guess(name) for name in file.names], 0
    for chunk in file.chunks():
        num += len(chunk[0])
        for guess, texts in zip(guesses, chunk, strict=True):
            if types.get(guess.name) != DROP:
                guess.update(texts)
    if num < MIN_ROWS:
        raise ValueError(f"{path} has {num} rows. Expected at least {MIN_ROWS}: from fewer nothing can be learned.")
    columns = tuple(guess.column(types.get(guess.name)) for guess in guesses if types.get(guess.name) != DROP)
    return _filled(file, columns, num)


def read_like(path, columns):
    """Reads a CSV file, such as test data, into a `Table` with the `columns` of another one, in any order in the file.

    The table's report also counts cells with `unseen` categories, which become missing, and `dropped` columns.

    Raises:
        ValueError: If a column is missing, or a cell is no number or no date of the column's format.
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
    """Returns the `Table` of a file's rows with known columns."""
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
        raise ValueError(f"{path}, column {column.name!r}: {error}. Expected cells like those of the first table.") from error
    return cells


class Guess:
    """Types that a column may have, given the cells seen so far."""

    def __init__(self, name):
        self.name, self.num_missing, self.num_present = name, 0, 0
        self.values, self.formats = set(), dict.fromkeys(dates.FORMATS, (np.inf, -np.inf))  # first and last date by format
        self.no_number, self.no_date = None, None  # the first value that is none
        self.decimals, self.low, self.high = 0, float("inf"), -float("inf")

    def update(self, texts):
        """Adds cells without surrounding blanks."""
        present = [text for text in texts if not is_missing(text)]
        self.num_missing += len(texts) - len(present)
        self.num_present += len(present)
        distinct = set(present)
        if self.no_number is None:
            self._update_numbers(distinct)
        if self.no_date is None:
            self._update_dates(distinct)
        if self.values is not None:
            self.values = self.values | distinct if len(self.values | distinct) <= MAX_VALUES else None

    def _update_numbers(self, texts):
        for text in texts:
            match = _NUMBER.fullmatch(text)
            if match is None or abs(float(text)) > (_MAX_NUMBER if match[3] else _MAX_EXACT):
                self.no_number = text
                return
            if match[3]:
                self.decimals = None
            elif self.decimals is not None:
                self.decimals = max(self.decimals, len(match[1] or match[2] or ""))
        numbers = [float(text) for text in texts]
        self.low, self.high = min([self.low, *numbers]), max([self.high, *numbers])

    def _update_dates(self, texts):
        for text in texts:
            self.formats = {each: ends for each, ends in self.formats.items() if dates.fits(text, each)}
            if not self.formats:
                self.no_date = text
                return
        for each, (low, high) in self.formats.items() if texts else ():
            cells = dates.parse(texts, each)
            self.formats[each] = (min(low, cells.min()), max(high, cells.max()))

    def column(self, type_=None):
        """Returns the `Column` of a type: a key of `KINDS`, maybe with a colon and a date format, or the likeliest for None.

        Raises `ValueError` if the cells are not of this type, or an identifier.
        """
        kind, _, detail = (type_ or self.likeliest()).partition(":")
        return KINDS[kind](self, detail)

    def likeliest(self):
        """Returns the likeliest type; integers of at most two values, such as `0` and `1`, are categories."""
        is_flag = self.decimals == 0 and self.values is not None and len(self.values) <= 2
        if not self.num_present or self.no_number is None and is_flag:
            return "category"
        return "number" if self.no_number is None else "date" if self.no_date is None else "category"

    def as_number(self, _):
        self.check(self.no_number, "number")
        return NumberColumn(self.name, self.num_missing > 0, self.low, self.high, self.decimals)

    def as_date(self, detail):
        if detail and detail not in dates.FORMATS:
            raise ValueError(f"types.{self.name}=date:{detail}. Expected a format of {', '.join(dates.FORMATS)}.")
        date_format = detail or next(iter(self.formats), None)
        wrong = None if date_format in self.formats else self.no_date or "dates of another format"
        self.check(wrong, f"date of one format ({', '.join(dates.FORMATS)})")
        low, high = self.formats[date_format]
        return DateColumn(self.name, self.num_missing > 0, float(low), float(high), 0, date_format)

    def as_category(self, _):
        if self.values is None:
            raise ValueError(
                f"The column {self.name!r} has over {MAX_VALUES:,} values, such as {self.no_number!r}: an identifier or free "
                f"text, which cannot be generated. Expected fewer: leave it out with `--set types.{self.name}=drop`."
            )
        return CategoryColumn(self.name, self.num_missing > 0, tuple(sorted(self.values)))

    def check(self, wrong, kind):
        """Raises `ValueError` if there is a `wrong` value for a kind of column, or nothing but missing cells."""
        if wrong is not None or not self.num_present:
            found = f"{wrong!r}" if wrong is not None else "missing cells only"
            raise ValueError(
                f"The column {self.name!r} is asked to be a {kind} and holds {found}. Expected another type: "
                f"`--set types.{self.name}=category`, or `drop`."
            )


KINDS = {"number": Guess.as_number, "date": Guess.as_date, "category": Guess.as_category}
"""Makes a column of a kind from a `Guess`."""

DROP = "drop"


def check_types(types, names):
    """Raises `ValueError` unless every type is known, belongs to a column in `names`, and not all columns are dropped."""
    for name, type_ in types.items():
        if name not in names:
            raise ValueError(f"types.{name}: there is no such column. {choice_of(name, names)}.")
        if str(type_).partition(":")[0] not in (*KINDS, DROP):
            raise ValueError(f"types.{name}={type_}. {choice_of(type_, [*KINDS, DROP])}.")
    if all(types.get(name) == DROP for name in names):
        raise ValueError("All columns are dropped. Expected at least one that is left.")
