"""Answers of the REST API as JSON, byte by byte as TensorFlow Serving writes them.

The server's writer breaks lines, but keeps the arrays within one row of an answer on one line. Order and blanks follow from
that. Reference: `json_tensor.cc`; `Tencent/rapidjson: include/rapidjson/prettywriter.h`.
"""

import base64
import math
from typing import NamedTuple

import numpy as np
from tensorflow.core.framework import types_pb2

from gan_keras.serving.errors import Code, ServingError
from gan_keras.serving.rest.float_texts import float32_texts, float64_texts
from gan_keras.serving.rest.json_text import INDENT, quoted, to_bytes
from gan_keras.serving.tensor_protos import number_of

_INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint32", "uint64")
_BASE64_SUFFIX = "_bytes"


class _Brackets(NamedTuple):
    """What stands before, between and behind the elements of an array."""

    opening: str
    separator: str
    closing: str


_ON_ONE_LINE = _Brackets("[", ", ", "]")
_ROWS = _Brackets("[", ", ", f"\n{INDENT}]")


def write_rows(outputs):
    """The answer to `instances`: a row for each, plain if there is one output, else an object.

    Args:
        outputs: An array by name, all with the same number of rows; texts are objects of `bytes`.

    Returns:
        Bytes of JSON. A text of bytes that are no UTF-8 makes it invalid, unless its output's name ends with `_bytes`.

    Raises:
        ServingError: INVALID_ARGUMENT if an output is a scalar, of another number of rows, or of a dtype that JSON lacks.
    """
    names = _checked_names(outputs)
    _check_batch(outputs, names)
    level = 1 + len(names[:2])  # an object around each row is one level more
    columns = [_row_texts(outputs[name], name, level) for name in names]
    if len(names) == 1:
        return _object_of("predictions", _enclosed(columns[0], _ROWS))
    rows = [_named(names, row, 2) for row in zip(*columns, strict=True)]
    return _object_of("predictions", _enclosed(rows, _on_lines(1)))


def write_columns(outputs):
    """The answer to `inputs`: the array, or an object of arrays if there are several outputs; as `write_rows` otherwise."""
    names = _checked_names(outputs)
    level = len(names[:2])
    texts = [_column_text(outputs[name], name, level) for name in names]
    return _object_of("outputs", texts[0] if len(names) == 1 else _named(names, texts, 1))


def write_classes(classes, scores):
    """The answer to `classify`.

    Args:
        classes: Objects of `bytes`, `(batch, num_classes)`, or None.
        scores: float32 of the same shape, or None.
    """
    if not len(classes if scores is None else scores):
        raise ServingError(Code.INVALID_ARGUMENT, "Cannot convert empty ClassificationResults to JSON")
    if classes is None:
        classes = np.full(scores.shape, b"", object)
    if scores is None:
        scores = np.zeros(classes.shape, np.float32)
    pairs = [_enclosed(pair, _ON_ONE_LINE) for pair in zip(_strings(classes), float32_texts(scores), strict=True)]
    return _object_of("results", _enclosed(_folded(pairs, scores.shape, lambda axis: _ON_ONE_LINE), _ROWS))


def write_values(values):
    """The answer to `regress`: float32 of shape `(batch,)`."""
    if not len(values):
        raise ServingError(Code.INVALID_ARGUMENT, "Cannot convert empty RegressionResults to JSON")
    return _object_of("results", _enclosed(float32_texts(values), _ON_ONE_LINE))


def write_error(message):
    """An error in JSON."""
    return _object_of("error", quoted(message))


def _checked_names(outputs):
    if not outputs:
        raise ServingError(Code.INVALID_ARGUMENT, "Cannot convert empty tensor map to JSON")
    return sorted(outputs)


def _check_batch(outputs, names):
    for name in names:
        if outputs[name].ndim == 0:
            raise ServingError(Code.INVALID_ARGUMENT, f"Tensor name: {name} has no shape information ")
        num, expected = len(outputs[name]), len(outputs[names[0]])
        if num != expected:
            message = f"Tensor name: {name} has inconsistent batch size: {num} expecting: {expected}"
            raise ServingError(Code.INVALID_ARGUMENT, message)


def _row_texts(array, name, level):
    """A text for each row, its arrays on one line; `level` counts the brackets that are open around a row."""
    texts = _element_texts(array, name, level + array.ndim - 1)
    return _folded(texts, array.shape, lambda axis: _ON_ONE_LINE)


def _column_text(array, name, level):
    """The text of an array, each element on its own line."""
    texts = _element_texts(array, name, level + array.ndim)
    texts = _folded(texts, array.shape, lambda axis: _on_lines(level + axis))
    return _enclosed(texts, _on_lines(level)) if array.ndim else texts[0]


def _folded(texts, shape, brackets_of):
    """Joins the texts of an array's elements along all axes but the first, the last one first."""
    for axis in range(len(shape) - 1, 0, -1):
        opening, separator, closing = brackets_of(axis)
        parts = zip(*[iter(texts)] * shape[axis], strict=True)
        texts = [opening + separator.join(part) + closing for part in parts]
        texts = texts if shape[axis] else ["[]"] * math.prod(shape[:axis])
    return texts


def _enclosed(texts, brackets):
    return brackets.opening + brackets.separator.join(texts) + brackets.closing if texts else "[]"


def _on_lines(level):
    """For an array whose opening bracket stands within `level` others."""
    line = "\n" + INDENT * level
    return _Brackets(f"[{line}{INDENT}", f",{line}{INDENT}", f"{line}]")


def _named(names, texts, level):
    """An object whose opening bracket stands within `level` others."""
    line = "\n" + INDENT * level
    members = [f"{line}{INDENT}{quoted(name)}: {text}" for name, text in zip(names, texts, strict=True)]
    return f"{{{','.join(members)}{line}}}"


def _object_of(name, text):
    return to_bytes(_named([name], [text], 0))


def _element_texts(array, name, level):
    if array.dtype == object:
        return _base64_objects(array, level) if name.endswith(_BASE64_SUFFIX) else _strings(array)
    if array.dtype not in _WRITERS and array.size:
        dtype = types_pb2.DataType.Name(number_of(array.dtype)).removeprefix("DT_").lower()
        raise ServingError(Code.INVALID_ARGUMENT, f"Failed to write JSON value for tensor type: {dtype}")
    return _WRITERS[array.dtype](array) if array.size else []


def _integers(array):
    return list(map(str, array.ravel().tolist()))


def _booleans(array):
    return ["true" if value else "false" for value in array.ravel().tolist()]


def _strings(array):
    return [quoted(value.decode("utf-8", "surrogateescape")) for value in array.ravel()]


def _base64_objects(array, level):
    return [_named(["b64"], [f'"{base64.b64encode(value).decode()}"'], level) for value in array.ravel()]


_WRITERS = {np.dtype(name): _integers for name in _INTEGERS}
_WRITERS |= {np.dtype(bool): _booleans, np.dtype(np.float32): float32_texts, np.dtype(np.float64): float64_texts}
