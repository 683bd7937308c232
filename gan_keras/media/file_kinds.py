"""What a file seems to be, from its first bytes: text in some encoding, rows of cells, prose, packed text, or no text at all."""

import bz2
import codecs
import contextlib
import csv
import gzip
import io
import lzma
import pathlib
import re
import zipfile

from gan_keras.media.safe_files import check_is_file

HEAD_BYTES = 8192
MIN_LINES = 5  # from fewer, no kind can be told
_ALIKE = 0.95  # share of rows with the same number of cells, in a table
_DELIMITERS = "\t;,|"

_OTHERS = {
    b"\x89PNG": ("a PNG image", "image"),
    b"\xff\xd8\xff": ("a JPEG image", "image"),
    b"GIF87a": ("a GIF image", "image"),
    b"GIF89a": ("a GIF image", "image"),
    b"II*\0": ("a TIFF image", "image"),
    b"MM\0*": ("a TIFF image", "image"),
    b"RIFF": ("a sound or a video", "audio"),
    b"fLaC": ("a FLAC sound", "audio"),
    b"OggS": ("an Ogg sound", "audio"),
    b"ID3\x02": ("an MP3 sound", "audio"),
    b"ID3\x03": ("an MP3 sound", "audio"),
    b"ID3\x04": ("an MP3 sound", "audio"),
    b"\x1aE\xdf\xa3": ("a Matroska video", "video"),
    b"PAR1": ("a Parquet table", "table"),
    b"%PDF-": ("a PDF document", None),
    b"{\\rtf": ("an RTF document", None),
    b"\xd0\xcf\x11\xe0": ("an Office document", None),
    b"SQLite format 3\0": ("a SQLite database", None),
    b"\x93NUMPY": ("a NumPy array", None),
    b"\x89HDF": ("an HDF5 file", None),
    b"\x7fELF": ("a program", None),
    b"7z\xbc\xaf": ("a 7-Zip archive", None),
    b"Rar!": ("a RAR archive", None),
    b"\x28\xb5\x2f\xfd": ("a Zstandard file", None),
    b"\x80\x04\x95": ("a pickle", None),
}
"""What files with these first bytes are, and the kind of data that they may be used for."""

_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
"""Encodings by byte order mark; the longer marks first."""

_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_NUMBER = re.compile(r"[-+]?[0-9][0-9.,:/ T-]*%?|nan|na|n/a|null|none|\?|", re.IGNORECASE)
_WORDS = 4  # of a line of prose
_LETTERS = 10  # of a line of prose in a script without spaces

TABLES = (".csv", ".tsv", ".tab")
JSON = (".json", ".jsonl", ".ndjson")
"""Suffixes of tables, and of texts with fields by name."""


# --- Bytes. ---


@contextlib.contextmanager
def open_bytes(path):
    """Opens a file for reading bytes, unpacked if it is a gzip, bzip2, xz or ZIP file: a buffered reader with `peek`.

    Raises:
        ValueError: If the packed file is damaged, or a ZIP archive of other than one file.
    """
    check_is_file(path)
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(open(path, "rb", buffering=8 * HEAD_BYTES))
        head = file.peek(8)[:8]
        try:
            unpacked = next((kind(file) for mark, kind in _PACKED.items() if head.startswith(mark)), None)
            if head.startswith(b"PK\x03\x04"):
                unpacked = stack.enter_context(_only_file(path, file))
            yield file if unpacked is None else io.BufferedReader(unpacked, 8 * HEAD_BYTES)
        except (EOFError, zipfile.BadZipFile, lzma.LZMAError, gzip.BadGzipFile) as error:
            raise ValueError(f"{path} is damaged and cannot be unpacked ({error}). Expected a whole file.") from error


_PACKED = {
    b"\x1f\x8b": lambda file: gzip.GzipFile(fileobj=file),
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ": lzma.LZMAFile,
}


def _only_file(path, file):
    archive = zipfile.ZipFile(file)
    names = [name for name in archive.namelist() if not name.endswith("/") and not name.startswith("__MACOSX")]
    if "[Content_Types].xml" in names or "mimetype" in names:
        raise ValueError(f"{path} is an Office document or an e-book. Expected text: save it as plain text (or CSV) in UTF-8.")
    if len(names) != 1:
        raise ValueError(f"{path} is an archive of {len(names)} files. Expected one: unpack it, and name a file or the folder.")
    return archive.open(names[0])


def encoding_of(head, path):
    """Returns the encoding of text from its first bytes, `"utf-8"` where nothing tells.

    Raises:
        ValueError: If the bytes are no text. The message says what they seem to be.
    """
    for mark, encoding in _MARKS.items():
        if head.startswith(mark):
            return encoding
    what, kind = next((found for mark, found in _OTHERS.items() if head.startswith(mark)), (None, None))
    if head[257:262] == b"ustar":
        what = "a tar archive"
    if what is None and head[4:8] == b"ftyp":
        what, kind = "an MP4 video", "video"
    if what is None:
        even, odd = head[::2].count(0), head[1::2].count(0)
        if odd > 0.3 * len(head) / 2 and even < 0.02 * len(head):
            return "utf-16-le"
        if even > 0.3 * len(head) / 2 and odd < 0.02 * len(head):
            return "utf-16-be"
        if b"\0" in head:
            place = head.index(0)
            what = f"binary (a NUL at byte {place})"
        elif len(_CONTROL.findall(head)) > 0.02 * len(head):
            what = "binary (many bytes are no characters)"
    if what is not None:
        advice = f"`gan-keras train {kind}` reads such files." if kind else "Convert it to text in UTF-8 first."
        raise ValueError(f"{path} is {what}. Expected lines of text. {advice}")
    return "utf-8"


# --- Text: tables and prose. ---


@contextlib.contextmanager
def open_text(path):
    """Opens a text file in any Unicode encoding, packed or not: a text reader and the name of the encoding.

    Lines end at a line feed, or at a carriage return if there is no line feed. In UTF-8, invalid bytes become surrogates
    (`surrogateescape`).

    Raises:
        ValueError: If the file is no text: see `encoding_of`.
    """
    with open_bytes(path) as file:
        head = file.peek(HEAD_BYTES)[:HEAD_BYTES]
        encoding = encoding_of(head, path)
        end = None if b"\r" in head and b"\n" not in head else "\n"  # None makes each kind of line end a line feed
        yield io.TextIOWrapper(file, encoding, "surrogateescape" if "8" in encoding else "replace", end), encoding


def head_of(path):
    """Returns the first lines of a text file, unpacked and decoded; the last one may be cut off and is left out.

    Raises:
        ValueError: If the file is no text.
    """
    with open_bytes(path) as file:
        head = file.peek(HEAD_BYTES)[:HEAD_BYTES]
    text = head.decode(encoding_of(head, path), "replace")
    whole, end, _ = text.rpartition("\n")
    return whole if end and len(head) == HEAD_BYTES else text


def columns_of(text):
    """Returns the first row and the columns below it (tuples of cells) if a text seems to be a table; None for other text."""
    for delimiter in _DELIMITERS:
        with contextlib.suppress(csv.Error):
            rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if row]
            alike = [row for row in rows if len(row) == len(rows[0])]
            if len(rows) >= MIN_LINES and len(rows[0]) > 1 and len(alike) >= _ALIKE * len(rows):
                return rows[0], list(zip(*alike[1:], strict=True))
    return None


def share_of_numbers(columns):
    """Returns the share of columns, lists of cells, that hold numbers or dates."""
    numeric = [any(map(str.strip, cells)) and all(_NUMBER.fullmatch(cell.strip()) for cell in cells) for cells in columns]
    return sum(numeric) / len(numeric)


def is_prose(text):
    """Returns whether most lines of a text are sentences, not rows of cells; sentences may have equal numbers of commas."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]

    def is_sentence(line):
        letters = sum(each.isalpha() or each.isspace() for each in line)
        return letters > 0.75 * len(line) and (len(line.split()) >= _WORDS or " " not in line and letters >= _LETTERS)

    if len(lines) < MIN_LINES or sum(map(is_sentence, lines)) <= 0.8 * len(lines):
        return False
    _, columns = columns_of(text) or ([], [lines])
    words = sum(len(cell.split()) for cells in columns for cell in cells)
    return share_of_numbers(columns) == 0 and (len(columns) == 1 or words >= 3 * sum(map(len, columns)))


def check_no_table(path, text):
    """Returns the number of columns if a text is perhaps a table, otherwise 0.

    Raises:
        ValueError: If it certainly is a table or JSON, whose lines nobody wants to learn as text.
    """
    suffix = "".join(pathlib.Path(path).suffixes[-2:]).lower().removesuffix(".gz")
    if suffix.endswith(JSON) and text.lstrip().startswith(("{", "[")):
        found = re.findall(r'"(\w+)" *: *"', text)
        name = max(found, key=found.count) if found else "NAME"
        raise ValueError(
            f"{path} holds JSON. Expected lines of text. To learn one field of JSON lines: `--set text_column={name}`."
        )
    names, columns = columns_of(text) or ([], [])
    if names and suffix.endswith(TABLES) or len(names) > 2 and share_of_numbers(columns) >= 0.5:
        raise ValueError(
            f"{path} seems to be a table of {len(names)} columns ({', '.join(name.strip()[:20] for name in names[:5])}"
            f"{', ...' if len(names) > 5 else ''}). Expected lines of text. To learn its rows: `gan-keras train table`, or "
            "`train series` if they follow each other in time; to learn the text of one column: `--set text_column=NAME`."
        )
    return len(names) if len(names) > 2 else 0


def check_kind(path, modality, column=""):
    """Raises `ValueError` for a file that certainly is of another kind than text, a table or a series, before anything slow.

    Args:
        path: Path of a file or folder that exists. Data of other modalities are not looked into.
        modality: Name of a modality.
        column: Column of a table that is to be learned as text; empty for a file of lines.
    """
    if not pathlib.Path(path).is_file():
        return
    if modality == "text" and not column:
        check_no_table(path, head_of(path))
    if modality in ("table", "series"):
        check_no_prose(path, modality)


def check_no_prose(path, modality):
    """Raises `ValueError` if a file certainly is prose; what is no text is left to the reader of tables."""
    try:
        text = head_of(path)
    except ValueError:
        return
    if is_prose(text):
        raise ValueError(
            f"{path} seems to be prose: lines of words, not cells. Expected a {modality}, with a header and columns. To learn "
            "its lines: `gan-keras train text`."
        )
