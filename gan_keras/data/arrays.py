"""Arrays to batches in an order that follows from a seed."""

import tokenize
import zipfile
import zlib
from typing import NamedTuple

import numpy as np
import tensorflow as tf


def array_batches(columns, batch_size, seed=0, first_epoch=0):
    """One epoch of batches of the rows of arrays, in random order; the last batch may be smaller.

    Args:
        columns: Arrays of numbers with as many rows, such as samples and labels.
        batch_size: Rows in a batch, >= 1.
        seed: Of the order, which changes from epoch to epoch.
        first_epoch: The epoch that begins, counted from 0.

    Returns:
        A `tf.data.Dataset` of arrays for one column, of tuples for more. Its cardinality is known.

    Raises:
        ValueError: If the columns have not as many rows, or the batch size is below 1.
    """
    num = len(columns[0])
    if batch_size < 1 or any(len(column) != num for column in columns):
        rows = ", ".join(str(len(column)) for column in columns)
        raise ValueError(f"Got arrays of {rows} rows and batch_size={batch_size}. Expected as many rows, and batch_size >= 1.")
    epochs = iter(range(first_epoch, 2**31))

    def batches():
        order = np.random.default_rng([seed % 2**64, next(epochs)]).permutation(num)
        for start in range(0, num, batch_size):
            batch = tuple(column[order[start : start + batch_size]] for column in columns)
            yield batch if len(batch) > 1 else batch[0]

    specs = tuple(tf.TensorSpec([None, *column.shape[1:]], column.dtype) for column in columns)
    dataset = tf.data.Dataset.from_generator(batches, output_signature=specs if len(specs) > 1 else specs[0])
    return dataset.apply(tf.data.experimental.assert_cardinality(-(-num // batch_size))).prefetch(2)


# --- `ArrayFile`: the arrays of a `.npz` file, samples and labels among them, and one clear error for what is none.

PARTS = ("train", "test")
TEST_KEYS = (("x_test", "y_test"),)
"""Names of the samples and labels that a file keeps for tests."""

_NAME_KEYS = ("label_names", "class_names")

_DAMAGED = (ValueError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error, tokenize.TokenError)
"""What NumPy raises for files that are no archives, or broken ones: of compressed arrays most often the last but one."""


class Hints(NamedTuple):
    """What to do instead, in words, for messages.

    Attributes:
        otherwise: What else could be given, such as `"a folder of images"`.
        example: How the arrays are named where they are saved, such as `"images=array"`.
        ragged: What to do with samples of several shapes.
    """

    otherwise: str
    example: str
    ragged: str


class ArrayFile:
    """The arrays of a `.npz` file by name, each read only when it is asked for.

    Args:
        path: A `pathlib.Path`.
        hints: `Hints` for messages.

    Raises:
        ValueError: If the file is none.
    """

    def __init__(self, path, hints):
        self.path, self.hints = path, hints
        try:
            self._arrays = np.load(path, allow_pickle=False)
        except _DAMAGED as error:
            raise ValueError(f"{path} cannot be read as arrays. Expected a .npz file, or {hints.otherwise}.") from error
        if not isinstance(self._arrays, np.lib.npyio.NpzFile):
            raise ValueError(f"{path} holds one array without a name. Expected a .npz file: `np.savez(path, {hints.example})`.")

    def __contains__(self, key):
        return key in self._arrays

    @property
    def names(self):
        """The names of the arrays, sorted."""
        return sorted(self._arrays)

    @property
    def has_test(self):
        """Whether the file keeps a part for tests."""
        return TEST_KEYS[0][0] in self

    def array(self, key):
        """One array; None if there is none of that name.

        Raises:
            ValueError: If it is damaged, or holds other than arrays of one shape.
        """
        try:
            return self._arrays.get(key)
        except (*_DAMAGED, OSError) as error:
            raise ValueError(
                f"The array {key!r} of {self.path} cannot be read ({error}). Expected numbers in an array of one shape: "
                f"{self.hints.ragged}."
            ) from error

    def texts(self, key):
        """An array of names as a list of `str`; None if there is none of that name."""
        found = self.array(key)
        return None if found is None else [str(name) for name in np.atleast_1d(found)]

    @property
    def label_names(self):
        """The names of labels 0, 1, ..., a list of `str`, or None."""
        return next((self.texts(key) for key in _NAME_KEYS if key in self), None)

    def labelled(self, pairs, expected, needed=()):
        """Samples, and their labels or None.

        Args:
            pairs: Names of samples and of their labels; the first whose samples are there are taken.
            expected: How the sentence about the expected names goes on, for the message.
            needed: Names of arrays that have to be there too.

        Raises:
            ValueError: If there are none.
        """
        found = [pair for pair in pairs if all(name in self for name in (pair[0], *needed))]
        if not found:
            samples = " or ".join(pair[0] for pair in pairs)
            raise ValueError(f"{self.path} holds the arrays {self.names}. Expected {samples} {expected}.")
        return tuple(self.array(key) for key in found[0])
