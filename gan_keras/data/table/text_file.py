"""A file of delimited text: its encoding, delimiter, header and cells, and what is repaired or left out."""

import codecs
import contextlib
import csv
import io
import itertools
import re
import warnings
from typing import NamedTuple

import numpy as np

from gan_keras.data.files import is_number
from gan_keras.data.table.columns import MISSING
from gan_keras.data.table.numbers import are_thousands, is_plain
from gan_keras.media.file_kinds import HEAD_BYTES, encoding_of, open_bytes

MAX_RAGGED = 0.1
"""Maximum share of rows with another number of cells; more suggest a wrong delimiter."""

_DELIMITERS = ",;\t|"
_HEAD_LINES, _HEAD_ROWS = 200, 1000
_MISSING = sorted({text for each in (*MISSING, "none") for text in (each, each.upper(), each.capitalize(), each.title(), "NaN")})


class Frame(NamedTuple):
    """Contents of a source.

    Attributes:
        name: Name in reports.
        data: `pandas.DataFrame` with distinct names, texts for columns that are not numbers throughout. Missing texts are "".
        report: Counts, and `notes`: a list of sentences about what was guessed.
        heads: For each column of a text file the first cells as they were written.
        index: Names of the columns that were the index of a data frame.
        has_semicolons: Whether semicolons separate the cells of a text file.
        names: For a data frame, its own names by the text that stands for them, if these are no text.
    """

    name: str
    data: object
    report: dict
    heads: dict
    index: tuple = ()
    names: dict = {}
    has_semicolons: bool = False

    def place(self, row):
        """Returns where a row, counted from 0, is, for people."""
        return f"row {row + 1:,}"

    def layout(self, kept):
        """Returns what a data frame like this one needs besides its columns: see `Table`."""
        ordered = {name: self.data[name].cat for name in kept if hasattr(self.data[name].dtype, "categories")}
        categories = {name: [list(map(str, each.categories)), bool(each.ordered)] for name, each in ordered.items()}
        return {"index": [name for name in self.index if name in kept], "categories": categories, "names": self.names}


def distinct(names):
    """Returns names that are distinct and not empty, and a report that counts the changed ones and lists at most five."""
    found, renamed = [], []
    for number, name in enumerate(names, start=1):
        candidates = itertools.chain([name] if name else [], (f"{name or 'column'}_{index}" for index in itertools.count(2)))
        chosen = next(each for each in candidates if each not in found and (each == name or each not in names))
        renamed += [] if chosen == name else [f"{number}: {chosen}"]
        found.append(chosen)
    return found, {"renamed": len(renamed), "first_renamed": renamed[:5]} if renamed else {}


class _Scan(NamedTuple):
    """Counts of a whole file of text: delimiters, lines, and whether it has quotes, or cells with leading zeros."""

    delimiters: int
    lines: int
    has_quotes: bool
    has_padded: bool

    def is_full(self, num_rows, num_columns, before, delimiter):
        """Returns whether as many rows were read as there are lines, and these have all delimiters: none is too short."""
        skipped = len(before.splitlines())
        delimiters = self.delimiters - num_rows * (num_columns - 1)
        return not self.has_quotes and self.lines - skipped == num_rows and delimiters == before.count(delimiter)


class TextFile:
    """A file of delimited text: finds out its encoding, lines before the header, delimiter and names."""

    def __init__(self, path):
        self.path, self.notes = path, []
        with open_bytes(path) as file:
            self.encoding = encoding_of(file.peek(HEAD_BYTES)[:HEAD_BYTES], path)
        if self.encoding not in _BYTES:
            self.notes.append(f"read as {self.encoding.upper()}")
        head = self._head()
        self.delimiter, self.skipped, names = self._header(head)
        self.before = "".join(head.splitlines(keepends=True)[: self.skipped])
        self.has_blanks = f"{self.delimiter} " in head
        self.has_index = names[:1] == [""] and len(names) > 1
        self.names, self.report = distinct(
            ["index" if self.has_index and not number else name for number, name in enumerate(names)]
        )

    def _head(self):
        """The first lines; finds out whether they are UTF-8, and refuses JSON and HTML."""
        with open_bytes(self.path) as file:
            start = b"".join(itertools.islice(file, _HEAD_LINES))
        if self.encoding == "utf-8":
            try:
                start.decode()
            except UnicodeDecodeError:
                self._use_ansi()
        head = start.decode(self.encoding, "replace")
        if head.lstrip().startswith(("{", "[{", "[\n", "<!", "<html")):
            raise ValueError(
                f"{self.path} begins with {head.strip()[:20]!r}: it is JSON or HTML. Expected a table as CSV: read it by "
                "`pandas.read_json` or `pandas.read_html`, and pass the data frame in Python or write it by `to_csv`."
            )
        return head

    def _use_ansi(self):
        self.encoding = _ANSI
        advice = "if letters are wrong, convert it, such as with `iconv -f ENCODING -t utf-8`"
        self.notes.append(f"not UTF-8: read as Windows-1252; {advice}")

    def _header(self, head):
        """Returns the delimiter, the number of lines up to the header's end, and the names."""
        lines, skipped = head.splitlines(), 0
        given = re.fullmatch(r"sep=(.)", lines[0].strip(), re.IGNORECASE) if lines else None
        if given:  # as Excel writes it
            lines, skipped = lines[1:], 1
        delimiter = given[1] if given else self._delimiter(lines)
        rows = _rows(lines, delimiter)
        usual = max((len(row) for _, row in rows[len(rows) // 2 :] or rows), default=0)
        before = 0
        for number, row in rows:
            is_comment = row and row[0].lstrip().startswith("#") and len(row) != usual
            if row and not is_comment and (len(row) >= usual or not self._is_title(row, usual)):
                names, last = [name.strip() for name in row], number
                break
            before += bool(row)
        else:
            names, last = [], 0
        if names and names[0].startswith("#") and len(names) == usual:
            names[0] = names[0].lstrip("# ")
        if before:
            self.notes.append(f"skipped {before} line{'s' * (before > 1)} before the header")
        if not any(names) or all(map(is_number, names)):
            raise ValueError(f"{self.path} begins with {head.strip()[:80]!r}. Expected a header: a name for each column.")
        return delimiter, skipped + last, names

    @staticmethod
    def _is_title(row, usual):
        return usual > 1 and len([cell for cell in row if cell.strip()]) <= 1

    def _delimiter(self, lines):
        """The delimiter that cuts the first lines into equally many cells, the most of them."""
        lines = [line for line in lines if line.strip() and not line.startswith("#")] or lines

        def agreement(delimiter):
            counts = [len(row) for _, row in _rows(lines, delimiter) if row]
            usual = max(set(counts), key=lambda each: (counts.count(each), each), default=1) if counts else 1
            return (usual > 1) * counts.count(usual) / max(1, len(counts)), usual

        return max(_DELIMITERS, key=agreement)

    def frame(self, as_text):
        """Reads all rows."""
        head = self._read(nrows=_HEAD_ROWS, dtype=object)
        numbers = [name for name in self.names if name not in as_text and _is_plain(head[name], self.delimiter)]
        # pandas reads texts fastest where it finds out itself, but takes truth values for its own.
        kept = {name: object for name in self.names if name not in numbers and not _is_text(head[name])}
        data = self._read(numbers, dtype={**kept, _MORE: object})
        integers = [name for name in numbers if data[name].dtype.kind in "iu"]
        scan = self._scan()
        padded = self._padded(integers, scan)
        if wrong := [name for name in numbers if data[name].dtype.kind not in "iuf" or name in padded]:
            again = self._read(usecols=wrong, dtype=object)
            data = data.assign(**{name: again[name] for name in wrong})
        data = self._without_ragged(data.drop(columns=_MORE), data[_MORE] != "", scan)
        heads = {name: [str(cell).strip() for cell in head[name].dropna()] for name in self.names}
        data, heads = self._without_index(data, heads)
        notes = {"notes": list(dict.fromkeys(self.notes))} if self.notes else {}
        return Frame(self.path.name, data, {**self.report, **notes}, heads, has_semicolons=self.delimiter == ";")

    def _read(self, numbers=(), **options):
        """`pandas.read_csv`, in the right encoding. An additional last column holds what is beyond the header."""
        import pandas as pd

        names = self.names if "usecols" in options else [*self.names, _MORE]
        layout = {"sep": self.delimiter, "names": names, "header": None, "skiprows": self.skipped, "index_col": False}
        layout |= {"keep_default_na": False, "na_values": dict.fromkeys(numbers, _MISSING), "skipinitialspace": self.has_blanks}
        layout |= {"encoding": self.encoding}
        with warnings.catch_warnings(), open_bytes(self.path) as file:
            warnings.simplefilter("ignore", pd.errors.ParserWarning)  # `_without_ragged` counts cells
            warnings.simplefilter("ignore", pd.errors.DtypeWarning)  # columns of two types are read again
            try:
                source = self.path if isinstance(file.raw, io.FileIO) else file  # pandas reads a path faster
                found = pd.read_csv(source, compression=None, **layout, **options)
            except UnicodeDecodeError:
                self._use_ansi()
                return self._read(numbers, **options)
            except (pd.errors.ParserError, pd.errors.EmptyDataError, csv.Error) as error:
                reason = str(error).strip()
                raise ValueError(
                    f'{self.path} cannot be read as CSV ({reason}). Expected rows of cells, quoted by `"`.'
                ) from error
        return found

    def _scan(self):
        """Counts what tells that nothing is wrong with a file: see `_Scan`. None for an encoding of wide characters."""
        if self.encoding not in _BYTES:
            return None
        found, last = np.zeros(4, np.int64), b""
        with open_bytes(self.path) as file:
            while block := file.read(_SCAN_BYTES):
                text = np.frombuffer(last[-2:] + block, np.uint8)  # what ends a block begins the next one
                is_line, is_delimiter = text == ord("\n"), text == ord(self.delimiter)
                padded = (is_line | is_delimiter)[:-2] & (text[1:-1] == ord("0")) & (text[2:] - ord("0") < 10)
                new = slice(len(last[-2:]), None)
                found += [*(np.count_nonzero(each[new]) for each in (is_delimiter, is_line)), b'"' in block, padded.any()]
                last = block
        return _Scan(int(found[0]), int(found[1]) + (not last.endswith(b"\n")), found[2] > 0, found[3] > 0)

    def _padded(self, names, scan):
        """Columns of whole numbers in which some have leading zeros: codes, whose zeros count."""
        if not names or scan is not None and not scan.has_padded and not scan.has_quotes and not self.has_blanks:
            return set()
        texts = self._read(usecols=names, dtype=object)
        return {name for name in names if any(_PADDED.match(text) for text in texts[name].unique())}

    def _without_ragged(self, data, is_long, scan):
        """Leaves out rows with too few or too many cells, and comments; counts them."""
        last = data.iloc[:, -1]
        has_gaps = last.isna().any() if last.dtype.kind in "iuf" else (last == "").any()
        is_full = scan is not None and scan.is_full(len(data), len(self.names), self.before, self.delimiter)
        if not is_long.any() and (is_full or not has_gaps):  # pandas fills up rows that are too short
            return data
        lines, counts, is_comment = self._cell_counts()
        wanted = len(self.names)
        if len(counts) != len(data):
            raise ValueError(
                f"{self.path} holds {len(counts):,} rows as CSV, and {len(data):,} as pandas reads it. Expected the same: is a "
                "quote not closed?"
            )
        counts = np.where((counts == wanted + 1) & ~is_long, wanted, counts)  # a delimiter may end every row
        is_comment &= counts < wanted
        wrong = (counts != wanted) & ~is_comment
        if wrong.sum() > MAX_RAGGED * len(data):
            raise ValueError(
                f"{self.path}: {wrong.sum():,} of {len(data):,} rows have not {wanted} cells, such as line {lines[wrong][0]}. "
                f"Expected as many cells as the header has names: are cells with {self.delimiter!r} quoted?"
            )
        if is_comment.any():
            self.notes.append(f"skipped {int(is_comment.sum())} comments between the rows")
        if wrong.any():
            self.report |= {"ragged": int(wrong.sum()), "first_ragged": [int(line) for line in lines[wrong][:5]]}
        return data[~(wrong | is_comment)].reset_index(drop=True)

    def _cell_counts(self):
        """Line, number of cells and whether it begins with `#`, of each row that is not blank: three arrays."""
        found, line, delimiter = [], 1, self.delimiter.encode()
        if self.encoding not in _BYTES:
            return self._slow_cell_counts()
        with open_bytes(self.path) as file:
            while block := file.readlines(_BLOCK_BYTES):
                if b'"' in b"".join(block):
                    return self._slow_cell_counts()
                counts = np.array([text.count(delimiter) + 1 for text in block])
                kept = np.array([bool(text.strip()) for text in block])
                comments = np.array([text.startswith(b"#") for text in block])
                found.append((line + np.flatnonzero(kept), counts[kept], comments[kept]))
                line += len(block)
        lines, counts, comments = (np.concatenate(each) for each in zip(*found, strict=True))
        after = lines > self.skipped
        return lines[after], counts[after], comments[after]

    def _slow_cell_counts(self):
        """`_cell_counts` of a file with quotes, or of another encoding."""
        with open_bytes(self.path) as file:
            reader = csv.reader(codecs.getreader(self.encoding)(file, errors="replace"), delimiter=self.delimiter)
            rows = [
                (reader.line_num, len(row), row[0].startswith("#")) for row in reader if row and (len(row) > 1 or row[0].strip())
            ]
        rows = [row for row in rows if row[0] > self.skipped]
        found = np.array(rows, np.int64).reshape(-1, 3)
        return found[:, 0], found[:, 1], found[:, 2].astype(bool)

    def _without_index(self, data, heads):
        """Leaves out a nameless first column that numbers the rows, and nameless empty columns of trailing delimiters."""
        import pandas as pd

        if self.has_index and (np.diff(pd.to_numeric(data["index"], errors="coerce")) == 1).all():
            self.notes.append("the first column, which has no name and numbers the rows, is left out")
            data = data.drop(columns="index")
        empty = [name for name in data if name.startswith("column_") and not _has_cell(data[name])]
        if empty:
            self.notes.append(f"left out {len(empty)} nameless column{'s' * (len(empty) > 1)} without cells")
            data = data.drop(columns=empty)
        return data, {name: heads[name] for name in data}


_ANSI = "cp1252"
_MORE = "cells beyond the header"


_BLOCK_BYTES, _SCAN_BYTES = 1 << 24, 1 << 19  # the latter fits into a processor's cache
_BYTES = ("utf-8", "utf-8-sig", _ANSI)
"""Encodings in which a byte that looks like a delimiter is one."""
_PADDED = re.compile(r"\s*[+-]?0\d")


def _rows(lines, delimiter):
    """Pairs of the number of its last line and the cells of each row."""
    reader = csv.reader([line + "\n" for line in lines], delimiter=delimiter)
    found = []
    with contextlib.suppress(csv.Error):  # `pandas` reports it
        found.extend((reader.line_num, row) for row in reader)
    return found


def _is_plain(cells, delimiter):
    """Returns whether the first cells are plain numbers: such columns are read as numbers, others as text."""
    texts = [text for text in cells.dropna().str.strip() if text.lower() not in (*MISSING, "none")]
    return bool(texts) and all(map(is_plain, texts)) and not (delimiter == ";" and are_thousands(texts))


def _is_text(cells):
    """Returns whether some of the first cells are texts that pandas takes for nothing else."""
    texts = {text.strip().lower() for text in cells.dropna().iloc[:20]}
    return any(text and text not in ("true", "false") and not is_number(text) for text in texts)


def _has_cell(cells):
    return bool(cells.notna().any()) if cells.dtype.kind in "iuf" else bool((cells.fillna("").str.strip() != "").any())
