"""`Corpus`: lines of text, one sample per line, with its reader, split, description and batches."""

import csv
import dataclasses
import hashlib
import html
import itertools
import json
import pathlib
import re

import numpy as np
import tensorflow as tf

from gan_keras.data.arrays import epochs_of, rows_of
from gan_keras.data.files import NUM_NAMED, labels_of, list_files
from gan_keras.data.sample_set import OTHER, description, num_held_out, texts_of_samples
from gan_keras.diagnosis.names import choice_of
from gan_keras.media.file_kinds import check_no_table, open_text

TEXT_SUFFIXES = (".txt", ".text", ".md", ".gz")
"""Endings of the files of a folder that are read."""

SHOWN = 5  # lines in a notebook
MAX_INVALID = 0.1
_ESCAPED = re.compile("[\udc80-\udcff]")  # bytes that are not UTF-8
_SIGN_IN_WORD = re.compile("[¹³¼½¾¯¥£¦±¸¨](?=[a-zA-Z])|(?<=[a-zA-Z])[¿¡](?=[a-zA-Z])")  # letters of other encodings
_BATCHES_PER_POOL = 50  # lines are sorted by length within pools of this many batches: small enough for a random order


@dataclasses.dataclass(frozen=True, repr=False)
class Corpus:
    """Lines of text, and counts of what was met while reading them.

    Attributes:
        name: Name of the corpus in reports: a built-in name, or the name of the file.
        lines: The samples: not blank, without line ends and surrounding white space.
        labels: One label per line, or `None`.
        report: Counts: always `lines` and `duplicates`; for a file also `blank`, `invalid` (lines with bytes that are
            not UTF-8), `nul`, `cut`, and `first_invalid`, a list of at most five line numbers; `encoding` names any but UTF-8.
        fingerprint: SHA-256 of lines and labels, 64 hexadecimal digits: equal if and only if the data are.
    """

    name: str
    lines: tuple[str, ...]
    labels: tuple[str, ...] | None
    report: dict
    fingerprint: str

    def __len__(self):
        return len(self.lines)

    def __repr__(self):
        return f"<{type(self).__name__} {describe_corpus(self)}>"

    def _repr_html_(self):
        """The description and the first lines, for notebooks."""
        items = "".join(f"<li>{html.escape(line)}</li>" for line in self.lines[:SHOWN])
        return f"<p>{html.escape(describe_corpus(self))}</p><ol>{items}</ol>"


def corpus_from_lines(name, lines, labels=None, report=None):
    """Makes a `Corpus` of lines, none of them blank, and counts lines and duplicates; `report` holds further counts."""
    lines = tuple(lines)
    labels = None if labels is None else tuple(labels)
    counts = {"lines": len(lines), "duplicates": len(lines) - len(set(lines)), **(report or {})}
    digest = hashlib.sha256("\n".join(lines).encode())
    if labels is not None:
        digest.update(b"\0" + "\n".join(labels).encode())
    return Corpus(name, lines, labels, counts, digest.hexdigest())


def read_corpus(path, labels_path=None, max_characters=10_000, column=""):
    """Reads a text file, one sample per line, into a `Corpus`.

    The file is UTF-8, UTF-16 or UTF-32, or Windows-1252 if it is none of them, and may be packed (gzip, bzip2, xz, or a ZIP
    file of one file); what is not plain UTF-8 is reported. A byte order mark, Windows line ends, NULs and surrounding white
    space are removed. Blank lines are skipped, bytes that are not UTF-8 become U+FFFD, and long lines are cut: the report
    counts each.

    Args:
        path: Text file.
        labels_path: Text file with the label of line i in its line i, including blank lines of the text, or `None`.
        max_characters: Maximum length of a line, in characters, >= 1; longer lines are cut.
        column: Column of a CSV file with a header, or field of JSON lines, whose cells are the samples; line breaks in a cell
            become spaces. `""` for a file of lines.

    Raises:
        FileNotFoundError, IsADirectoryError: If there is no such file.
        ValueError: If the file is binary, a table without a `column`, or in another encoding; if fewer than two lines are not
            blank; or if the labels do not fit.
    """
    if max_characters < 1:
        raise ValueError(f"Got max_characters={max_characters}. Expected at least 1.")
    lines, counts = _read_lines(path, max_characters, column)
    kept = [index for index, line in enumerate(lines) if line]
    if len(kept) < 2:
        found = "is empty" if not lines else f"has {len(lines)} line(s), {len(lines) - len(kept)} of them blank"
        raise ValueError(f"{path} {found}. Expected at least 2 lines that are not blank, one sample per line.")
    labels = None if labels_path is None else _read_labels(labels_path, path, len(lines), kept, max_characters)
    report = {"blank": len(lines) - len(kept), **counts}
    return corpus_from_lines(pathlib.Path(path).name, [lines[index] for index in kept], labels, report)


def read_folder(path, max_characters=10_000):
    """Reads all text files in a folder, sorted by path, into a `Corpus`; see `read_corpus` for a file.

    Files in sub-folders have the name of the first of them as their label, if all files are in sub-folders.
    """
    folder = pathlib.Path(path)
    files, others = list_files(folder, TEXT_SUFFIXES, "text files", f"files that end in {', '.join(TEXT_SUFFIXES)}")
    parts = [_read_lines(file, max_characters) for file in files]
    numbers, names = labels_of(folder, files)
    lines = [line for part, _ in parts for line in part]
    labels = numbers and [names[number] for (part, _), number in zip(parts, numbers, strict=True) for _ in part]
    kept = [index for index, line in enumerate(lines) if line]
    if len(kept) < 2:
        raise ValueError(f"{path} holds {len(kept)} lines in {len(files)} files. Expected at least 2, one sample per line.")
    report = {"files": len(files), **others, "blank": len(lines) - len(kept)}
    report |= {name: sum(counts[name] for _, counts in parts) for name in ("invalid", "cut", "nul")}
    encodings = sorted({name for _, counts in parts for name in counts.get("encoding", ())})
    report |= {"encoding": encodings} if encodings else {}
    return corpus_from_lines(folder.name, [lines[i] for i in kept], labels and [labels[i] for i in kept], report)


def _read_lines(path, max_characters, column=""):
    """Returns every line, a blank one as an empty string, and the counts of repairs."""
    counts, whole = {"cut": 0, "nul": 0}, []
    with open_text(path) as (file, encoding):
        if column:
            lines = list(cells_of(file, path, column))
            whole = [True] * len(lines)
        else:
            lines = []
            for line, is_whole in _pieces(file, 4 * max_characters):
                lines.append(line)
                whole.append(is_whole)
    if not column and (columns := check_no_table(path, "\n".join(lines[:200]))):
        counts["columns"] = columns
    names = {"utf-8-sig": "UTF-8 with a byte order mark"}
    counts |= {} if encoding == "utf-8" else {"encoding": [names.get(encoding, encoding.upper())]}
    invalid = [number for number, line in enumerate(lines, start=1) if not line.isascii() and _ESCAPED.search(line)]
    if len(invalid) > MAX_INVALID * sum(map(bool, map(str.strip, lines))):
        lines, invalid = _western(path, lines, invalid), []
        counts["encoding"] = ["Windows-1252 (cp1252)"]
    for number in invalid:
        lines[number - 1] = _bytes(lines[number - 1]).decode("utf-8", "replace")
    for index, (text, is_whole) in enumerate(zip(lines, whole, strict=True)):
        text = text if is_whole else text[:max_characters]
        counts["nul"] += "\0" in text
        text = text.replace("\0", "").strip()
        counts["cut"] += not is_whole or len(text) > max_characters
        lines[index] = text[:max_characters]
    return lines, {"invalid": len(invalid), "first_invalid": invalid[:NUM_NAMED], **counts}


def _pieces(file, limit):
    """Yields the first characters of each line, and whether this is the whole line: memory stays bounded."""
    while piece := file.readline(limit):
        rest, whole = piece, True
        while not rest.endswith("\n") and (rest := file.readline(limit)):
            whole = False
        yield piece, whole


def cells_of(file, path, column):
    """Yields the texts of a column of CSV with a header, or of a field of JSON lines."""
    head = file.readline()
    if head.lstrip().startswith("{"):
        rows = (json.loads(line) for line in itertools.chain([head], file) if line.strip())
        names = list(json.loads(head))
    else:
        delimiter = max(",;\t|", key=lambda each: len(next(csv.reader([head], delimiter=each), [])))
        names = [name.strip() for name in next(csv.reader([head], delimiter=delimiter), [])]
        rows = csv.DictReader(file, names, delimiter=delimiter, restval="")
    if column not in names:
        raise ValueError(f"{path} has no column {column!r}. {choice_of(column, names)}.")
    try:
        for row in rows:
            yield " ".join(str(row.get(column) or "").split())
    except (csv.Error, json.JSONDecodeError) as error:
        raise ValueError(
            f"{path} cannot be read as rows with a column {column!r} ({error}). Expected CSV or JSON lines."
        ) from error


def _bytes(line):
    return line.encode("utf-8", "surrogateescape")


def _western(path, lines, invalid):
    """Returns lines that are not UTF-8 as Windows-1252; raises `ValueError` unless they look like western European text."""
    try:
        decoded = [_bytes(line).decode("cp1252") for line in lines]
        some = "\n".join(decoded[number - 1] for number in invalid[:1000])
        foreign = len(re.findall(r"[^\x00-\x7f]", some))
        is_western = foreign < 0.3 * len(some) and len(_SIGN_IN_WORD.findall(some)) < 0.05 * foreign
    except UnicodeDecodeError:
        is_western = False
    if not is_western:
        raise ValueError(
            f"{path} is not UTF-8 text: {len(invalid)} of its {len(lines)} lines hold invalid bytes. Expected at most 10 %: "
            f"convert the file to UTF-8 first, such as with `iconv -f ENCODING -t utf-8 {path} > converted.txt`."
        )
    return decoded


def _read_labels(labels_path, path, num_lines, kept, max_characters):
    labels, _ = _read_lines(labels_path, max_characters)
    if len(labels) != num_lines:
        raise ValueError(
            f"{labels_path} has {len(labels)} labels but {path} has {num_lines} lines. "
            "Expected one label for each line, blank lines included: label i belongs to line i."
        )
    missing = [index + 1 for index in kept if not labels[index]]
    if missing:
        raise ValueError(f"{labels_path} has no label in line {missing[0]}. Expected one for each line of text.")
    return [labels[index] for index in kept]


def split_corpus(corpus, held_out=None, seed=0):
    """Splits a corpus at random, so that no training line equals a held-out one: see `gan_keras.data.split`.

    By default 10 % are held out, at most 1000 lines. Training copies of held-out lines are dropped, and counted as `dropped`
    in the training report.
    """
    num_lines = len(corpus.lines)
    held_out = num_held_out(num_lines, held_out, "lines", limit=1000)
    chosen = np.sort(np.random.default_rng(seed).permutation(num_lines)[:held_out])
    held_out_lines = {corpus.lines[index] for index in chosen}
    rest = [index for index, line in enumerate(corpus.lines) if line not in held_out_lines]
    if not rest:
        raise ValueError(f"All lines of {corpus.name} are copies of held-out lines. Expected more different lines.")
    dropped = num_lines - held_out - len(rest)
    return _part(corpus, rest, {"dropped": dropped}), _part(corpus, chosen, {})


def _part(corpus, indices, report):
    labels = None if corpus.labels is None else [corpus.labels[index] for index in indices]
    return corpus_from_lines(corpus.name, [corpus.lines[index] for index in indices], labels, report)


TEXTS = {
    "files": "{} files",
    **OTHER,
    "encoding": "read as {}",
    "columns": "perhaps a table of {} columns (then `gan-keras train table`, or `--set text_column=NAME` for one of them)",
    "blank": "{} blank skipped",
    "invalid": "{} with invalid UTF-8",
    "nul": "{} with NULs",
    "cut": "{} cut",
    **texts_of_samples("lines"),
}


def describe_corpus(corpus):
    """One line for logs: `captions.txt: 9,000 lines, 2 blank skipped, 0 with invalid UTF-8, ..., 44 duplicates`."""
    facts = [f"{corpus.report['lines']:,} lines"] + ([] if corpus.labels is None else [f"{len(set(corpus.labels)):,} labels"])
    return description(corpus, facts, TEXTS, ("first_invalid", "first invalid lines"))


def text_batches(lines, codec, batch_size=64, labels=None, seed=0, shuffle=True):
    """One epoch of batches of token ids of lines with similar length, so that there is little padding.

    Args:
        lines: List of str.
        codec: An adapted text codec.
        batch_size: Lines per batch, >= 1; the last batch may be smaller.
        labels: An integer for each line, or None.
        seed: Seed of the order of lines and of batches, which changes from epoch to epoch.
        shuffle: False keeps the order of the lines, except that it sorts them by length.

    Returns:
        A `tf.data.Dataset` of int32 `(batch, time)`, `time` the length of the batch's longest line with its end, or of
        pairs with int32 labels `(batch,)`. Its cardinality is known.

    Raises:
        ValueError: If there are no lines, or labels and lines differ in number.
    """
    if not len(lines) or batch_size < 1 or (labels is not None and len(labels) != len(lines)):
        raise ValueError(
            f"Got {len(lines)} lines, {None if labels is None else len(labels)} labels and batch_size={batch_size}. "
            "Expected at least one line, a label for each line or none at all, and a batch_size >= 1."
        )
    tokens = np.asarray(codec.encode(list(lines)))
    lengths = (tokens != 0).sum(axis=1)  # 0 is padding
    columns = (tokens,) if labels is None else (tokens, np.asarray(labels, np.int32))

    def epoch(number):
        batches = _buckets(lengths, batch_size, np.random.default_rng([seed, number]) if shuffle else None)
        for rows, (ids, *rest) in zip(batches, rows_of(columns, batches), strict=True):
            yield (ids[:, : lengths[rows].max()], *rest)

    specs = (tf.TensorSpec([None, None], tf.int32), tf.TensorSpec([None], tf.int32))[: len(columns)]
    return epochs_of(epoch, specs, -(-len(lines) // batch_size))


def _buckets(lengths, batch_size, random):
    """Rows of each batch: pools of random lines, sorted by length and cut into batches, which come in random order."""
    order = np.arange(len(lengths)) if random is None else random.permutation(len(lengths))
    pool = batch_size * (_BATCHES_PER_POOL if random is not None else len(lengths))
    batches = []
    for start in range(0, len(order), pool):
        rows = order[start : start + pool]
        rows = rows[np.argsort(lengths[rows], kind="stable")]
        batches += [rows[first : first + batch_size] for first in range(0, len(rows), batch_size)]
    if random is not None:
        random.shuffle(batches)
    return batches
