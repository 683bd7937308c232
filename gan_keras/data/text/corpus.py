"""A corpus: lines of text, one sample a line, read from a file with everything odd in it counted."""

import codecs
import dataclasses
import difflib
import hashlib
import pathlib

import numpy as np

from gan_keras.data.sample_set import num_held_out

HEAD_BYTES = 8192
MOST_INVALID = 0.1
NAMED_LINES = 5


@dataclasses.dataclass(frozen=True)
class Corpus:
    """Lines of text, and what was met while they were read.

    Attributes:
        name: What the corpus is called in reports: a built-in name or the name of the file.
        lines: The samples: not blank, without line ends and without white space around them.
        labels: One label a line, or `None`.
        report: Counts: `lines` and `duplicates` always; of a file also `blank`, `invalid` (lines with bytes that are
            not UTF-8), `nul`, `cut`, and `first_invalid`, a list of at most five line numbers.
        fingerprint: SHA-256 of lines and labels, 64 hexadecimal digits: equal if and only if the data are.
    """

    name: str
    lines: tuple[str, ...]
    labels: tuple[str, ...] | None
    report: dict
    fingerprint: str


def corpus_from_lines(name, lines, labels=None, report=None):
    """Makes a `Corpus` and counts its lines and duplicates.

    Args:
        name: Its name in reports.
        lines: Strings, none of them blank.
        labels: As many strings, or `None`.
        report: Further counts for `Corpus.report`.
    """
    lines = tuple(lines)
    labels = None if labels is None else tuple(labels)
    counts = {"lines": len(lines), "duplicates": len(lines) - len(set(lines)), **(report or {})}
    return Corpus(name, lines, labels, counts, _fingerprint(lines, labels))


def _fingerprint(lines, labels):
    digest = hashlib.sha256("\n".join(lines).encode())
    if labels is not None:
        digest.update(b"\0" + "\n".join(labels).encode())
    return digest.hexdigest()


def read_corpus(path, labels_path=None, max_characters=10_000):
    """Reads a text file, one sample a line, in UTF-8.

    A byte order mark, Windows line ends, NULs and white space around a line are dropped. Blank lines are skipped, bytes
    that are not UTF-8 become U+FFFD, long lines are cut: each is counted in the report.

    Args:
        path: Text file.
        labels_path: Text file with the label of line i in its line i, blank lines of the text included, or `None`.
        max_characters: Longest line kept whole, in characters, >= 1.

    Returns:
        A `Corpus`.

    Raises:
        FileNotFoundError, IsADirectoryError: There is no such file.
        ValueError: The file is binary (a NUL in its first 8 KiB) or more than 10 % of its lines are not UTF-8, fewer
            than two lines are not blank, or the labels do not fit.
    """
    if max_characters < 1:
        raise ValueError(f"Got max_characters={max_characters}. Expected at least 1.")
    lines, counts = _read_lines(path, max_characters)
    kept = [index for index, line in enumerate(lines) if line]
    _check_enough_lines(path, len(lines), len(kept))
    labels = None if labels_path is None else _read_labels(labels_path, path, len(lines), kept, max_characters)
    report = {"blank": len(lines) - len(kept), **counts}
    return corpus_from_lines(pathlib.Path(path).name, [lines[index] for index in kept], labels, report)


def check_is_file(path, hint=""):
    """Raises unless `path` can be read; the message of a missing file gives files of similar names, and the `hint`."""
    path = pathlib.Path(path)
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a directory. Expected a text file, one sample a line: name a file in it.")
    if not path.exists():
        names = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
        close = difflib.get_close_matches(path.name, names, n=3)
        hints = [f"Did you mean {', '.join(str(path.parent / name) for name in close)}?" if close else "", hint]
        raise FileNotFoundError(" ".join(["There is no file " + str(path) + ".", *filter(None, hints)]))


def _read_lines(path, max_characters):
    """Every line, a blank one as an empty string, and the counts of what was mended."""
    lines, invalid, counts = [], [], {"cut": 0, "nul": 0}
    for number, (piece, whole) in enumerate(_pieces(path, 4 * max_characters + len(codecs.BOM_UTF8) + 2), start=1):
        text = piece.decode("utf-8", "replace")
        if not whole:  # the last character of an overlong piece may be half a character
            text = text[:max_characters]
        if "\ufffd" in text and not piece.startswith(text.encode()):
            invalid.append(number)
        counts["nul"] += "\0" in text
        text = text.replace("\0", "").strip()
        counts["cut"] += not whole or len(text) > max_characters
        lines.append(text[:max_characters])
    _check_mostly_valid(path, len(invalid), sum(map(bool, lines)))
    return lines, {"invalid": len(invalid), "first_invalid": invalid[:NAMED_LINES], **counts}


def _pieces(path, most_bytes):
    """Yields each line's first `most_bytes` bytes and whether that is all of it: memory stays bounded on any file."""
    check_is_file(path)
    with open(path, "rb", buffering=8 * HEAD_BYTES) as file:
        head = file.peek(HEAD_BYTES)[:HEAD_BYTES]
        if b"\0" in head:
            offset = head.index(b"\0")
            raise ValueError(f"{path} is binary (a NUL at byte {offset}). Expected lines of UTF-8 text: convert it first.")
        if head.startswith(codecs.BOM_UTF8):
            file.read(len(codecs.BOM_UTF8))
        while piece := file.readline(most_bytes):
            rest, whole = piece, True
            while not rest.endswith(b"\n") and (rest := file.readline(most_bytes)):
                whole = False
            yield piece, whole


def _check_mostly_valid(path, num_invalid, num_lines):
    if num_invalid > MOST_INVALID * num_lines:
        raise ValueError(
            f"{path} is not UTF-8 text: {num_invalid} of its {num_lines} lines hold invalid bytes. "
            "Expected at most 10 %: convert the file to UTF-8 first, for example with iconv."
        )


def _check_enough_lines(path, num_lines, num_kept):
    if num_kept < 2:
        found = "is empty" if not num_lines else f"has {num_lines} line(s), {num_lines - num_kept} of them blank"
        raise ValueError(f"{path} {found}. Expected at least 2 lines that are not blank, one sample a line.")


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


def split(corpus, held_out=None, seed=0):
    """Splits a corpus at random, so that no held-out line stays among the training lines.

    Args:
        corpus: A `Corpus` of at least two different lines.
        held_out: Number of lines to hold out, at least 1. By default 10 %, at most 1000.
        seed: The same seed splits the same lines alike, int >= 0.

    Returns:
        The training corpus and the held-out corpus, each in the order of the file. Training copies of a held-out line
        are dropped, and counted as `dropped` in the training report.

    Raises:
        ValueError: `held_out` leaves nothing to train on, or is below 1.
    """
    num_lines = len(corpus.lines)
    held_out = num_held_out(num_lines, held_out, "lines", most=1000)
    chosen = np.sort(np.random.default_rng(seed).permutation(num_lines)[:held_out])
    secret = {corpus.lines[index] for index in chosen}
    rest = [index for index, line in enumerate(corpus.lines) if line not in secret]
    if not rest:
        raise ValueError(f"All lines of {corpus.name} are copies of held-out lines. Expected more different lines.")
    dropped = num_lines - held_out - len(rest)
    return _part(corpus, rest, {"dropped": dropped}), _part(corpus, chosen, {})


def _part(corpus, indices, report):
    labels = None if corpus.labels is None else [corpus.labels[index] for index in indices]
    return corpus_from_lines(corpus.name, [corpus.lines[index] for index in indices], labels, report)


DESCRIPTIONS = {
    "blank": "{} blank skipped",
    "invalid": "{} with invalid UTF-8",
    "nul": "{} with NULs",
    "cut": "{} cut",
    "duplicates": "{} duplicates",
    "dropped": "{} dropped as copies of held-out lines",
}


def describe(corpus):
    """One line for a log: `captions.txt: 9,000 lines, 2 blank skipped, 0 with invalid UTF-8, ..., 44 duplicates`."""
    parts = [f"{corpus.report['lines']:,} lines"]
    parts += [text.format(f"{corpus.report[key]:,}") for key, text in DESCRIPTIONS.items() if key in corpus.report]
    line = f"{corpus.name}: {', '.join(parts)}"
    numbers = corpus.report.get("first_invalid")
    return line + f" (first invalid lines: {', '.join(map(str, numbers))})" if numbers else line
