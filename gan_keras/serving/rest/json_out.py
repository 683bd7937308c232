"""Answers of the REST API as JSON, with the shapes and values of TensorFlow Serving.

A number is written with as few digits as read back as the same number of its dtype. Numbers that are not finite are `NaN`,
`Infinity` and `-Infinity`, as TensorFlow Serving writes them. Reference: `json_tensor.cc`.
"""

import base64
import json

import numpy as np

from gan_keras.export.loader import objects
from gan_keras.serving.errors import Code, ServingError
from gan_keras.serving.json_bytes import to_bytes
from gan_keras.serving.tensor_protos import dtype_name, number_of

_BASE64_SUFFIX = "_bytes"
_WRITTEN = [
    np.dtype(name) for name in ("bool", "int8", "int16", "int32", "int64", "uint8", "uint32", "uint64", "float32", "float64")
]


def write_rows(outputs):
    """Returns the answer to `instances`: a row for each, plain for a single output, otherwise an object.

    Args:
        outputs: An array by name, all with the same number of rows; strings are objects of `bytes`.

    Returns:
        Bytes of JSON. A string that is not UTF-8 makes it invalid, unless its output's name ends with `_bytes`.

    Raises:
        ServingError: INVALID_ARGUMENT if an output is a scalar, has another number of rows, or a dtype that JSON lacks.
    """
    columns = _columns(outputs)
    num = None
    for name, array in outputs.items():
        if array.ndim == 0:
            raise ServingError(Code.INVALID_ARGUMENT, f"The output {name} is a scalar. Rows need a shape; ask with 'inputs'.")
        num = len(array) if num is None else num
        if len(array) != num:
            message = f"The output {name} has {len(array)} rows, another {num}. Rows need the same number; ask with 'inputs'."
            raise ServingError(Code.INVALID_ARGUMENT, message)
    if len(columns) == 1:
        return to_bytes({"predictions": [*columns.values()][0]})
    return to_bytes({"predictions": [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]})


def write_columns(outputs):
    """Returns the answer to `inputs`: the array, or an object of arrays for several outputs; otherwise as `write_rows`."""
    columns = _columns(outputs)
    return to_bytes({"outputs": [*columns.values()][0] if len(columns) == 1 else columns})


def write_error(message):
    """Returns an error as JSON, in ASCII: a message may show half of a surrogate pair, or bytes that are not UTF-8."""
    return json.dumps({"error": message}).encode()


def _columns(outputs):
    if not outputs:
        raise ServingError(Code.INVALID_ARGUMENT, "The signature has no outputs. Expected at least one.")
    return {name: _column(name, outputs[name]) for name in sorted(outputs)}


def _column(name, array):
    """Returns an array of numbers, or nested lists of `bytes` or of base64 objects."""
    if array.dtype == object:
        if not name.endswith(_BASE64_SUFFIX):
            return array.tolist()
        wrapped = [{"b64": base64.b64encode(value).decode()} for value in array.reshape(-1)]
        return objects(wrapped, array.shape).tolist()
    if array.dtype not in _WRITTEN:
        message = f"The output {name} is {dtype_name(number_of(array.dtype))}, which REST cannot write. Ask over gRPC."
        raise ServingError(Code.INVALID_ARGUMENT, message)
    return array
