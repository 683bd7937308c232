"""The reader of tables and series: files of delimited text, packed or not, Parquet files and data frames, by pandas."""

import bz2
import codecs
import contextlib
import csv
import gzip
import itertools
import lzma
import pathlib
import re
import warnings
import zipfile
from typing import NamedTuple

import numpy as np

from gan_keras.data.files import is_number
from gan_keras.data.table.columns import MISSING

MAX_RAGGED = 0.1
"""Maximum share of rows with another number of cells; more suggest a wrong delimiter."""

_DELIMITERS = ",;\t|"
_HEAD_LINES, _HEAD_ROWS = 200, 1000
_PLAIN_CELL = re.compile(r"[+-]?(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?")
_PACKED = {b"\x1f\x8b": gzip, b"BZh": bz2, b"\xfd7zXZ": lzma}
_BINARY = {
    b"PK\x03\x04": "an Excel, OpenDocument or ZIP file",
    b"\xd0\xcf\x11\xe0": "an Excel file of before 2007",
    b"PAR1": "a Parquet file",
    b"ARROW1": "an Arrow or Feather file",
    b"ORC": "an ORC file",
    b"%PDF": "a PDF file",
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"GIF8": "a GIF picture",
    b"RIFF": "a sound, a video or a WebP picture",
    b"SQLite": "a SQLite data base",
    b"\x89HDF": "an HDF5 file",
    b"\x93NUMPY": "a NumPy file",
    b"\x7fELF": "a program",
    b"\x80\x04": "a pickle",
    b"\x80\x05": "a pickle",
}


class Frame(NamedTuple):
    """Contents of a source.

    Attributes:
        name: Name in reports.
        data: `pandas.DataFrame` with distinct names, texts for columns that are not numbers throughout. Missing texts are "".
        report: Counts, and `notes`: a list of sentences about what was guessed.
        heads: For each column of a text file the first cells as they were written.
        index: Names of the columns that were the index of a data frame.
        first_line: Number of the line of the first row in a text file; None otherwise.
    """

    name: str
    data: object
    report: dict
    heads: dict
    index: tuple = ()
    first_line: int | None = None

    def place(self, row):
        """Returns where a row, counted from 0, is, for people."""
        return f"row {row + 1:,}"


def read_frame(source, as_text=()):
    """Reads a path or a `pandas.DataFrame` into a `Frame`.

    Args:
        source: Delimited text (`,`, `;`, tab or `|`), maybe packed (`.gz`, `.bz2`, `.xz`, `.zip`); UTF-8, UTF-16 or, as reported,
            Windows-1252; `.parquet`; or a data frame.
        as_text: Names of columns to read as they are written, whatever they look like.

    Raises:
        ValueError: If the source is not a table.
        ImportError: If a Parquet file needs a package that is not installed.
    """
    if hasattr(source, "columns") and hasattr(source, "iloc"):
        return _of_frame(source)
    path = pathlib.Path(source)
    if path.suffix.lower() in (".parquet", ".pq"):
        return _of_parquet(path)
    return _Text(path).frame(set(as_text))


def _of_frame(data, name="data frame"):
    import pandas as pd

    if isinstance(data.columns, pd.MultiIndex):
        data = data.set_axis([" ".join(map(str, each)) for each in data.columns], axis=1)
    is_plain = isinstance(data.index, pd.RangeIndex) and data.index.name is None
    index = ()
    if not is_plain:
        names = [
            str(each) if each is not None else f"index{'' if number == 0 else number}"
            for number, each in enumerate(data.index.names)
        ]
        data, index = data.rename_axis(index=names).reset_index(), tuple(names)
    names, report = distinct([str(each).strip() for each in data.columns])
    if not len(data.columns):
        raise ValueError(f"The {name} has no columns. Expected at least one.")
    return Frame(name, data.set_axis(names, axis=1), report, {}, index)


def _of_parquet(path):
    import pandas as pd

    try:
        data = pd.read_parquet(path)
    except ImportError as error:
        raise ImportError(
            f'{path} is a Parquet file, which needs pyarrow. Install it: pip install "gan_keras[parquet]"; or write it as CSV.'
        ) from error
    except Exception as error:  # pyarrow raises errors of its own
        raise ValueError(f"{path} cannot be read as a Parquet file: {error}. Expected one, or a CSV file.") from error
    return _of_frame(data, path.name)._replace(name=path.name)


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
        return self.lines - skipped == num_rows and delimiters == before.count(delimiter)


class _Text:
    """A file of delimited text: finds out packing, encoding, lines before the header, delimiter and names."""

    def __init__(self, path):
        self.path, self.notes, self.has_long = path, [], False
        self.encoding, self.packing = self._encoding_of(self._start())
        head = self._head()
        self.delimiter, self.skipped, names = self._header(head)
        self.before = "".join(head.splitlines(keepends=True)[: self.skipped])
        self.has_blanks = f"{self.delimiter} " in head
        self.has_index = names[:1] == [""] and len(names) > 1
        self.names, self.report = distinct(
            ["index" if self.has_index and not number else name for number, name in enumerate(names)]
        )

    def _start(self):
        """The first bytes, unpacked; raises `ValueError` for a file that is no text."""
        with open(self.path, "rb") as file:
            start = file.read(8)
        packing = next((each for magic, each in _PACKED.items() if start.startswith(magic)), None)
        if start.startswith(b"PK\x03\x04") and self.path.suffix.lower() == ".zip":
            packing = zipfile
        try:
            with self._open(packing) as file:
                start = file.read(1 << 20)
        except (OSError, EOFError, lzma.LZMAError, zipfile.BadZipFile) as error:
            raise ValueError(f"{self.path} cannot be unpacked ({error}). Expected a whole packed file.") from error
        self.packing = packing
        known = next((title for magic, title in _BINARY.items() if start.startswith(magic)), None)
        if known is None and b"\0" in start and not _utf_16(start):
            known = "a binary file"
        if known is not None:
            raise ValueError(
                f"{self.path} is {known}. Expected a table as text, such as CSV, or a Parquet file: save it as CSV, or pass a "
                "pandas.DataFrame in Python."
            )
        return start

    def _open(self, packing):
        if packing is zipfile:
            with zipfile.ZipFile(self.path) as archive:
                members = [each for each in archive.namelist() if not each.endswith("/") and not each.startswith("__MACOSX")]
            if len(members) != 1:
                raise ValueError(f"{self.path} holds {len(members)} files. Expected one: unpack it.")
            return zipfile.ZipFile(self.path).open(members[0])
        return open(self.path, "rb") if packing is None else packing.open(self.path, "rb")

    def _encoding_of(self, start):
        if start.startswith(codecs.BOM_UTF8):
            return "utf-8-sig", self.packing
        if (found := _utf_16(start)) is not None:
            self.notes.append(f"read as {found.upper()}")
            return found, self.packing
        return "utf-8", self.packing

    def _head(self):
        with self._open(self.packing) as file:
            reader = codecs.getreader(self.encoding)(file, errors="replace")
            return "".join(itertools.islice(reader, _HEAD_LINES))

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
        numbers = [name for name in self.names if name not in as_text and _is_plain(head[name])]
        # pandas reads texts fastest where it finds out itself, but takes truth values for its own.
        kept = {name: object for name in self.names if name not in numbers and not _is_text(head[name])}
        data = self._read(numbers, dtype=kept)
        integers = [name for name in numbers if data[name].dtype.kind in "iu"]
        scan = self._scan()
        padded = self._padded(integers, scan)
        if wrong := [name for name in numbers if data[name].dtype.kind not in "iuf" or name in padded]:
            again = self._read(usecols=wrong, dtype=object)
            data = data.assign(**{name: again[name] for name in wrong})
        data = self._without_ragged(data, scan)
        heads = {name: [str(cell).strip() for cell in head[name].dropna()] for name in self.names}
        data, heads = self._without_index(data, heads)
        notes = {"notes": list(dict.fromkeys(self.notes))} if self.notes else {}
        return Frame(self.path.name, data, {**self.report, **notes}, heads, (), self.skipped + 1)

    def _read(self, numbers=(), **options):
        """`pandas.read_csv`, in the right encoding. Leaves out rows with too many cells: see `_without_ragged`."""
        import pandas as pd

        missing = [text for known in MISSING for text in {known, known.upper(), known.capitalize(), known.title()}] + [
            "NaN",
            "None",
            "none",
            "NONE",
            "<NA>",
        ]
        options |= {"sep": self.delimiter, "names": self.names, "header": None, "skiprows": self.skipped, "index_col": False}
        options |= {
            "keep_default_na": False,
            "na_values": {name: missing for name in numbers},
            "skipinitialspace": self.has_blanks,
        }
        options |= {"encoding": self.encoding, "on_bad_lines": "warn"}
        options |= (
            {} if self.packing in (None, zipfile) else {"compression": {gzip: "gzip", bz2: "bz2", lzma: "xz"}[self.packing]}
        )
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", pd.errors.ParserWarning)  # and of columns of two types, which are read again
            try:
                found = pd.read_csv(self.path, **options)
            except UnicodeDecodeError:
                self.encoding = _ANSI
                self.notes.append(
                    "not UTF-8: read as Windows-1252; if letters are wrong, convert it, such as with `iconv -f ENCODING -t utf-8`"
                )
                return self._read(
                    numbers, **{name: value for name, value in options.items() if name in ("nrows", "dtype", "usecols")}
                )
            except (pd.errors.ParserError, pd.errors.EmptyDataError, csv.Error) as error:
                raise ValueError(
                    f'{self.path} cannot be read as CSV ({str(error).strip()}). Expected rows of cells, quoted by `"`.'
                ) from error
        self.has_long |= any("Skipping line" in str(each.message) for each in caught)
        return found

    def _scan(self):
        """Counts what tells that nothing is wrong with a file: see `_Scan`. None for an encoding of wide characters."""
        if self.encoding not in _BYTES:
            return None
        found, last = np.zeros(4, np.int64), b""
        with self._open(self.packing) as file:
            while block := file.read(_BLOCK_BYTES):
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

    def _without_ragged(self, data, scan):
        """Leaves out rows with too few or too many cells, and comments; counts them."""
        last = data.iloc[:, -1]
        has_gaps = last.isna().any() if last.dtype.kind in "iuf" else (last == "").any()
        is_full = (
            scan is not None and not scan.has_quotes and scan.is_full(len(data), len(self.names), self.before, self.delimiter)
        )
        if not self.has_long and (not has_gaps or is_full):  # pandas fills up rows that are too short
            return data
        lines, counts, is_comment = self._cell_counts()
        num, wanted = len(counts), len(self.names)
        is_comment &= counts < wanted
        wrong = (counts != wanted) & ~is_comment
        if wrong.sum() > MAX_RAGGED * num:
            raise ValueError(
                f"{self.path}: {wrong.sum():,} of {num:,} rows have not {wanted} cells, such as line {lines[wrong][0]}. "
                f"Expected as many cells as the header has names: are cells with {self.delimiter!r} quoted?"
            )
        if is_comment.any():
            self.notes.append(f"skipped {int(is_comment.sum())} comments between the rows")
        if wrong.any():
            self.report |= {"ragged": int(wrong.sum()), "first_ragged": [int(line) for line in lines[wrong][:5]]}
        is_read = counts <= wanted  # pandas leaves out longer rows itself
        if not (wrong | is_comment).any() or is_read.sum() != len(data):
            return data
        return data[~(wrong | is_comment)[is_read]].reset_index(drop=True)

    def _cell_counts(self):
        """Line, number of cells and whether it begins with `#`, of each row that is not blank: three arrays."""
        found, line, delimiter = [], 1, self.delimiter.encode()
        if self.encoding not in _BYTES:
            return self._slow_cell_counts()
        with self._open(self.packing) as file:
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
        with self._open(self.packing) as file:
            reader = csv.reader(codecs.getreader(self.encoding)(file, errors="replace"), delimiter=self.delimiter)
            rows = [
                (reader.line_num, len(row), row[0].startswith("#")) for row in reader if row and (len(row) > 1 or row[0].strip())
            ]
        rows = [row for row in rows if row[0] > self.skipped]
        found = np.array(rows, np.int64).reshape(-1, 3)
        return found[:, 0], found[:, 1], found[:, 2].astype(bool)

    def _without_index(self, data, heads):
        """Leaves out a nameless first column that numbers the rows, and nameless empty columns of trailing delimiters."""
        if self.has_index and data["index"].dtype.kind in "iu" and (np.diff(data["index"]) == 1).all():
            self.notes.append("the first column, which has no name and numbers the rows, is left out")
            data = data.drop(columns="index")
        empty = [name for name in data if name.startswith("column_") and not _has_cell(data[name])]
        if empty:
            self.notes.append(f"left out {len(empty)} nameless column{'s' * (len(empty) > 1)} without cells")
            data = data.drop(columns=empty)
        return data, {name: heads[name] for name in data}


_ANSI = "cp1252"


def _utf_16(start):
    """Returns the name of a UTF-16 or UTF-32 encoding by its byte order mark or its zeros; None for others."""
    for mark, name in ((codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")):
        if start.startswith(mark):
            return name
    part = start[:2000]
    for offset, name in ((1, "utf-16-le"), (0, "utf-16-be")):
        zeros = part[offset::2]
        if len(zeros) > 4 and zeros.count(0) > 0.7 * len(zeros) and not part[1 - offset :: 2].count(0):
            return name
    return None


_BLOCK_BYTES = 1 << 24
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


def _is_plain(cells):
    """Returns whether the first cells are plain numbers: such columns are read as numbers, others as text."""
    texts = [text for text in cells.dropna().str.strip() if text.lower() not in (*MISSING, "none")]
    plain = sum(_PLAIN_CELL.fullmatch(text) is not None for text in texts)
    return bool(texts) and plain == len(texts)


def _is_text(cells):
    """Returns whether some of the first cells are texts that pandas takes for nothing else."""
    texts = {text.strip().lower() for text in cells.dropna().iloc[:20]}
    return any(re.match(r"[^\W\d_]", text) and text not in ("true", "false", "inf", "infinity", "nan") for text in texts)


def _has_cell(cells):
    return bool(cells.notna().any()) if cells.dtype.kind in "iuf" else bool((cells.fillna("").str.strip() != "").any())
