"""What a client gives and gets, strings, numbers and arrays, and the arrays that travel; texts travel as `bytes` objects."""

import operator
from typing import NamedTuple

import numpy as np


class TensorInfo(NamedTuple):
    """An input or an output: `dtype` as NumPy names it, or "string"; `shape` with None for any size, None for any rank."""

    dtype: str
    shape: tuple | None


class SignatureInfo(NamedTuple):
    """A signature: dicts of `TensorInfo` by name."""

    inputs: dict
    outputs: dict


class Metadata(NamedTuple):
    """What a server tells of a version: its number, and a dict of `SignatureInfo` by name."""

    version: int
    signatures: dict


_OTHER_NAMES = {"DT_FLOAT": "float32", "DT_DOUBLE": "float64", "DT_HALF": "float16"}


def dtype_from(proto_name):
    """The dtype that TensorFlow's messages call `DT_INT64` and the like."""
    return _OTHER_NAMES.get(proto_name, proto_name.removeprefix("DT_").lower())


def seeds_from(n, seed):
    """The seeds `seed, seed + 1, ...` of `n` samples, int64; raises `ValueError` for a bad count or seed."""
    try:
        n, seed = operator.index(n), operator.index(seed)
    except TypeError as error:
        raise ValueError(f"n={n!r}, seed={seed!r}. Expected whole numbers.") from error
    if n < 1 or not -(2**62) <= seed <= 2**62:
        raise ValueError(f"n={n}, seed={seed}. Expected one sample at least, and a seed from -2^62 to 2^62.")
    return np.arange(n, dtype=np.int64) + seed


def rows_of(name, values, info, num_rows=None):
    """Values as the array of an input.

    Args:
        name: The input's name, for messages.
        values: Text, bytes, numbers or arrays: the rows, or one row that stands for all.
        info: The input's `TensorInfo`.
        num_rows: How many rows there have to be; None takes as many as there are.

    Raises:
        ValueError: If they are of another dtype, out of its range, or not as many.
    """
    array = _texts(name, values) if info.dtype == "string" else _numbers(name, values, info.dtype)
    rank = max(array.ndim, 1) if info.shape is None else len(info.shape)
    if num_rows is not None and array.ndim == rank - 1:
        return np.broadcast_to(array, (num_rows, *array.shape))
    if array.ndim != rank or (num_rows is not None and len(array) != num_rows):
        rows = "one row" if num_rows is None else f"one value, or {num_rows} rows of them"
        raise ValueError(f"{name} has shape {array.shape}. Expected {rows} at least, of shape {info.shape}.")
    return array


def _texts(name, values):
    array = np.array(values, dtype=object)
    texts = array.reshape(-1).tolist()
    if not all(isinstance(text, str | bytes) for text in texts):
        raise ValueError(f"{name} is {values!r}. Expected text.")
    return objects([text.encode() if isinstance(text, str) else text for text in texts], array.shape)


def objects(values, shape):
    """An object array of any values, strings and sequences among them."""
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array.reshape(shape)


def _numbers(name, values, dtype):
    array = np.asarray(values)
    whole = array.dtype.kind in "biu" and np.dtype(dtype).kind in "biu"
    try:
        converted = array.astype(dtype, casting="unsafe" if whole else "same_kind")
    except TypeError as error:
        raise ValueError(f"{name} is {values!r}. Expected {dtype}.") from error
    if whole and not np.array_equal(converted, array):
        raise ValueError(f"{name} is {values!r}, beyond the range of {dtype}.")
    return converted


def raw_values(name, array):
    """The rows of an output: a list of `bytes` where its name ends in `_bytes`, else of str, or an array of numbers."""
    if array.dtype != object:
        return array
    values = array.reshape(-1)
    if not name.endswith("_bytes"):
        values = objects([value.decode(errors="replace") for value in values], len(values))
    return values.reshape(array.shape).tolist()
