"""Sources of data: paths and their errors, `.npz` files of arrays, and folders with a sub-folder per class."""

import contextlib
import os
import pathlib
import tokenize
import zipfile
import zlib
from typing import NamedTuple

import numpy as np

from gan_keras.media.safe_files import check_is_file

PARTS = ("train", "test")
TEST_KEYS = (("x_test", "y_test"),)
"""Names of the samples and labels that a file reserves for tests."""

MAX_BROKEN = 0.1
"""Share of broken samples up to which a folder is read without them; one may always be broken, but for the only one."""

NUM_NAMED = 5
"""Number of broken samples that messages and reports name."""

ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".7z", ".rar", ".bz2", ".xz")

_NAME_KEYS = ("label_names", "class_names")

_DAMAGED = (ValueError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error, tokenize.TokenError)
"""Exceptions of NumPy for files that are no archives or are damaged; for compressed arrays mostly `zlib.error`."""


def is_path(source, labels=None):
    """Returns whether a source is a name or a path, not data in memory; raises `ValueError` for `labels` of a path."""
    if not isinstance(source, str | os.PathLike):
        return False
    if labels is not None:
        raise ValueError(f"Got labels for {source}. Expected None: the labels of a path are its folders or arrays.")
    return True


def is_array_file(name_or_path, part, datasets, noun, title):
    """Returns whether a source is a file of arrays, not a folder or one of `datasets`; these have no part for tests.

    Raises `FileNotFoundError`, with the names of the data sets after `title`, or `ValueError` if `part` does not exist.
    """
    if str(name_or_path) not in datasets and not pathlib.Path(name_or_path).is_dir():
        check_is_file(name_or_path, title, datasets)
        return True
    if part == "test":
        raise ValueError(f"{name_or_path} has no part 'test'. Expected part='train': hold {noun} out with `data.split`.")
    return False


def part_for_tests(name_or_path, datasets, hints):
    """`"test"` for a file of arrays with a part for tests, otherwise `"train"`."""
    path = pathlib.Path(name_or_path)
    is_file = str(name_or_path) not in datasets and path.is_file()
    return "test" if is_file and TEST_KEYS[0][0] in ArrayFile(path, hints) else "train"


class Hints(NamedTuple):
    """Phrases for messages about files of arrays: another source, arguments of `np.savez`, and advice for ragged samples.

    `lone` is the name that the only array of a `.npy` file gets; None if it is not enough.
    """

    otherwise: str
    example: str
    ragged: str
    lone: str | None = None


class ArrayFile:
    """Arrays of a `.npz` file, a `pathlib.Path`, each read on demand; raises `ValueError` with these `Hints` for other files."""

    def __init__(self, path, hints):
        self.path, self.hints = path, hints
        if path.suffix.lower() in ARCHIVES:
            raise ValueError(f"{path} is an archive. Expected what it holds: unpack it, and give the folder.")
        try:
            self._arrays = np.load(path, allow_pickle=False)
        except _DAMAGED as error:
            raise ValueError(f"{path} cannot be read as arrays. Expected a .npz file, or {hints.otherwise}.") from error
        if hints.lone is not None and isinstance(self._arrays, np.ndarray):
            self._arrays = {hints.lone: self._arrays}
        if isinstance(self._arrays, np.ndarray):
            raise ValueError(f"{path} holds one array without a name. Expected a .npz file: `np.savez(path, {hints.example})`.")

    def __contains__(self, key):
        return key in self._arrays

    @property
    def names(self):
        """Sorted names of the arrays."""
        return sorted(self._arrays)

    def array(self, key):
        """Returns one array, or None if there is none of this name; raises `ValueError` if it is damaged or ragged."""
        try:
            return self._arrays.get(key)
        except (*_DAMAGED, OSError) as error:
            raise ValueError(
                f"The array {key!r} of {self.path} cannot be read ({error}). Expected numbers in an array of one shape: "
                f"{self.hints.ragged}."
            ) from error

    def texts(self, key):
        """Returns an array of names as a list of `str`, or None if there is none of this name."""
        found = self.array(key)
        return None if found is None else [str(name) for name in np.atleast_1d(found)]

    @property
    def label_names(self):
        """Names of labels 0, 1, ..., a list of `str`, or None."""
        return next((self.texts(key) for key in _NAME_KEYS if key in self), None)

    def labelled(self, pairs, expected, needed=()):
        """Returns samples and labels (or None) by the first of the `pairs` of names whose samples exist.

        Raises `ValueError` if none exist, or other `needed` arrays are missing; `expected` ends the message.
        """
        found = [pair for pair in pairs if all(name in self for name in (pair[0], *needed))]
        if not found:
            samples = " or ".join(pair[0] for pair in pairs)
            raise ValueError(f"{self.path} holds the arrays {self.names}. Expected {samples} {expected}.")
        return tuple(self.array(key) for key in found[0])


def is_number(text):
    """Returns whether a text is a number."""
    with contextlib.suppress(ValueError):
        return float(text) is not None
    return False


def visible(path):
    """Returns whether no part of a relative path is hidden."""
    return not any(part.startswith((".", "__MACOSX")) for part in path.parts)


def list_files(folder, suffixes, noun, expected):
    """Returns sorted paths of the files with lower-case `suffixes`, and counts of other files; hidden ones are ignored.

    Raises `ValueError` if there are none (the message says what is `expected`), or some are next to folders of classes.
    """
    files = sorted(path for path in folder.rglob("*") if path.is_file() and visible(path.relative_to(folder)))
    paths = [path for path in files if path.suffix.lower() in suffixes]
    endings = sorted({path.suffix.lower() or "nothing" for path in files} - set(suffixes))[:NUM_NAMED]
    if not paths:
        found = f", which end in {', '.join(endings)}" if endings else ""
        raise ValueError(f"{folder} holds no {noun} among {len(files)} files{found}. Expected {expected}.")
    loose = sum(path.parent == folder for path in paths)
    if 0 < loose < len(paths):
        raise ValueError(
            f"{folder} holds {loose} {noun} itself and {len(paths) - loose} in sub-folders. Expected all in sub-folders, one "
            "per class, or all in the folder itself."
        )
    return paths, {"other": len(files) - len(paths), "other_endings": endings}


def check_broken(folder, broken, num, noun, fault):
    """Raises `ValueError` if too many of the `num` samples are `broken`, a list of names; `fault` is such as `"are corrupt"`."""
    if len(broken) == num or len(broken) > max(1, MAX_BROKEN * num):
        raise ValueError(
            f"{len(broken)} of the {num} {noun} of {folder} {fault}: {', '.join(broken[:NUM_NAMED])}"
            f"{', ...' if len(broken) > NUM_NAMED else ''}. Expected at most 10 %: remove or replace them."
        )


def labels_of(folder, paths):
    """Labels by the first folder below `folder`, and their sorted names; two `None` without such folders."""
    if paths[0].parent == folder:
        return None, None
    classes = [path.relative_to(folder).parts[0] for path in paths]
    names = sorted(set(classes))
    places = {name: place for place, name in enumerate(names)}
    return [places[name] for name in classes], names
