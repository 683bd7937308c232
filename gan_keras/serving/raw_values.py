"""Values at the client: text, numbers and arrays in and out, and the arrays that are sent, in which text is `bytes`."""

import operator
from typing import NamedTuple

import numpy as np

from gan_keras.export.loader import objects
from gan_keras.serving.errors import Code


class TensorInfo(NamedTuple):
    """An input or output: a NumPy dtype name or "string", and its shape, with None for any size or any rank."""

    dtype: str
    shape: tuple | None


class SignatureInfo(NamedTuple):
    """A signature: its inputs and outputs as dicts of `TensorInfo` by name."""

    inputs: dict
    outputs: dict


class Metadata(NamedTuple):
    """A version's number and its signatures, a dict of `SignatureInfo` by name."""

    version: int
    signatures: dict


class VersionState(NamedTuple):
    """The state of a version.

    Args:
        number: The version's number.
        state: `START`, `LOADING`, `AVAILABLE`, `UNLOADING` or `END`.
        code: A `Code`: `OK`, or the reason why the version is not served.
        message: The reason in words.
    """

    number: int
    state: str
    code: Code = Code.OK
    message: str = ""


_OTHER_NAMES = {"DT_FLOAT": "float32", "DT_DOUBLE": "float64", "DT_HALF": "float16"}


def dtype_from(proto_name):
    """Converts a dtype name of TensorFlow's messages, such as `DT_INT64`."""
    return _OTHER_NAMES.get(proto_name, proto_name.removeprefix("DT_").lower())


def seeds_from(n, seed):
    """Returns the int64 seeds `seed, seed + 1, ...` of `n` samples; raises `ValueError` for a bad count or seed."""
    try:
        n, seed = operator.index(n), operator.index(seed)
    except TypeError as error:
        raise ValueError(f"n={n!r}, seed={seed!r}. Expected whole numbers.") from error
    if n < 1 or not -(2**62) <= seed <= 2**62:
        raise ValueError(f"n={n}, seed={seed}. Expected at least one sample and a seed from -2^62 to 2^62.")
    return np.arange(n, dtype=np.int64) + seed


def rows_of(name, values, info, num_rows=None):
    """Converts values to the array of an input.

    Args:
        name: The input's name, for messages.
        values: Text, bytes, numbers or arrays: the rows, or a single row for all.
        info: The input's `TensorInfo`.
        num_rows: Required number of rows; None accepts any.

    Raises:
        ValueError: If the values have another dtype, are out of its range, or have another number of rows.
    """
    array = _texts(name, values) if info.dtype == "string" else _numbers(name, values, info.dtype)
    rank = max(array.ndim, 1) if info.shape is None else len(info.shape)
    if num_rows is not None and array.ndim == rank - 1:
        return np.broadcast_to(array, (num_rows, *array.shape))
    if array.ndim != rank or (num_rows is not None and len(array) != num_rows):
        rows = "at least one row" if num_rows is None else f"one value, or {num_rows} rows"
        raise ValueError(f"{name} has shape {array.shape}. Expected {rows} of shape {info.shape}.")
    return array


def _texts(name, values):
    array = np.array(values, dtype=object)
    texts = array.reshape(-1).tolist()
    if not all(isinstance(text, str | bytes) for text in texts):
        raise ValueError(f"{name} is {values!r}. Expected text.")
    return objects([text.encode() if isinstance(text, str) else text for text in texts], array.shape)


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
    """Converts an output to a list of `bytes` if its name ends in `_bytes`, or of str; numbers stay an array."""
    if array.dtype != object:
        return array
    values = array.reshape(-1)
    if not name.endswith("_bytes"):
        values = objects([value.decode(errors="replace") for value in values], len(values))
    return values.reshape(array.shape).tolist()
