"""Predict requests of the REST API: from JSON to the arrays that a signature reads.

Inputs come in rows (`instances`) or columns (`inputs`). What is taken, and which array it makes, follows TensorFlow Serving's
`json_tensor.cc`: of equal names the first one counts, what follows the document is ignored, `NaN`, `Inf` and `Infinity` are
numbers, and bytes come as `{"b64": "..."}`. An error names the input, the place of the first wrong value, and what is expected.
"""

import binascii
import json
import math
import re
from itertools import chain

import numpy as np
from tensorflow.core.framework import types_pb2

from gan_keras.export.loader import objects
from gan_keras.serving.errors import Code, ServingError
from gan_keras.serving.rest.json_out import write_columns, write_rows
from gan_keras.serving.tensor_protos import MAX_RANK, dtype_name

_BLANKS = re.compile(r"[ \t\n\r]*")
_HUGE = re.compile(rb"[eE]\+?[0-9]{3}|[0-9]{300}")
_OTHER_CONSTANTS = re.compile(r'("(?:[^"\\]++|\\.)*+"?)|(-?)(?:Inf(?:inity)?|NaN)\b', re.DOTALL)  # outside of strings
_BASE64 = re.compile(rb"([A-Za-z0-9+/]*)([=.]*)")
_SHOWN = 60  # characters of a wrong value in a message

# By the number of a dtype: the dtype of the array, and that whose range is checked. Values beyond int8, but not beyond int32,
# lose their upper bits, as in TensorFlow Serving.
_INTEGERS = {
    types_pb2.DT_INT8: (np.int8, np.int32),
    types_pb2.DT_INT16: (np.int16, np.int32),
    types_pb2.DT_INT32: (np.int32, np.int32),
    types_pb2.DT_INT64: (np.int64, np.int64),
    types_pb2.DT_UINT8: (np.uint8, np.int32),
    types_pb2.DT_UINT32: (np.uint32, np.uint32),
    types_pb2.DT_UINT64: (np.uint64, np.uint64),
}
_FLOATS = {types_pb2.DT_FLOAT: np.float32, types_pb2.DT_DOUBLE: np.float64}


def invalid(message):
    """Returns the `ServingError` for an invalid request."""
    return ServingError(Code.INVALID_ARGUMENT, message)


def read_object(body):
    """Returns the JSON object at the beginning of a body, a `dict`; raises `ServingError` if there is none."""
    if not body:
        raise invalid("The body is empty. Expected a JSON object.")
    text = body.decode("utf-8", "surrogateescape").removeprefix("\ufeff")
    if "Inf" in text or "-NaN" in text:
        text = _OTHER_CONSTANTS.sub(_python_constant, text)
    # Numbers beyond a double would become infinite in silence; the check of each one costs time.
    options = {"parse_float": _finite} if _HUGE.search(body) else {}
    decoder = json.JSONDecoder(object_pairs_hook=_first_values, **options)
    try:
        value, _ = decoder.raw_decode(text, _BLANKS.match(text).end())
    except RecursionError:
        raise invalid("The JSON has too many brackets within brackets.") from None
    except ValueError as error:
        raise invalid(f"The body is no JSON: {error}.") from None
    if type(value) is not dict:
        raise invalid(f"The body is {_shown(value)}. Expected a JSON object.")
    return value


def _python_constant(match):
    string, sign = match.groups()
    return string or ("NaN" if match[0].endswith("NaN") else f"{sign}Infinity")


def _finite(digits):
    if math.isinf(number := float(digits)):
        raise ValueError(f"the number {digits[:20]} is beyond a double")
    return number


def _first_values(pairs):
    return dict(reversed(pairs))


def signature_name(document):
    """Returns the name of the requested signature, `""` if there is none; raises `ServingError` if it is not a string."""
    name = document.get("signature_name", "")
    if type(name) is not str:
        raise invalid(f"signature_name is {_shown(name)}. Expected a string.")
    return name


def read_inputs(document, signature):
    """Returns the arrays of a predict request.

    Args:
        document: The JSON object of the body.
        signature: The `SignatureDef`. Its dtypes are checked here; the model itself checks shapes.

    Returns:
        A pair: an array by input name, strings as objects of `bytes`; and the function that writes outputs in the format
        of the inputs, `write_rows` or `write_columns`.

    Raises:
        ServingError: INVALID_ARGUMENT if they do not fit the signature, or UNIMPLEMENTED for a dtype that JSON lacks.
    """
    dtypes = {name: tensor.dtype for name, tensor in signature.inputs.items()}
    if ("instances" in document) == ("inputs" in document):
        raise invalid(f"Got {', '.join(sorted(document)) or 'no key'}. Expected either 'instances' (rows) or 'inputs' (columns).")
    if "instances" in document:
        return _read_rows(document["instances"], dtypes), write_rows
    return _read_columns(document["inputs"], dtypes), write_columns


def _read_rows(rows, dtypes):
    if type(rows) is not list or not rows:
        raise invalid(f"'instances' is {_shown(rows)}. Expected a list of at least one row.")
    if not _is_named_row(rows[0]):
        for number, row in enumerate(rows):
            if _is_named_row(row):
                raise invalid(f"Row {number} of 'instances' is {_shown(row)}, the first one a plain value. Expected one form.")
        return {_only(dtypes): _array(_only(dtypes), rows, dtypes[_only(dtypes)], rows=True)}
    for number, row in enumerate(rows):
        if not _is_named_row(row) or row.keys() != dtypes.keys():
            names = ", ".join(sorted(dtypes))
            raise invalid(f"Row {number} of 'instances' is {_shown(row)}. Expected an object with the inputs {names}.")
    return {name: _array(name, [row[name] for row in rows], dtype, rows=True) for name, dtype in dtypes.items()}


def _read_columns(values, dtypes):
    if not _is_named_row(values):
        return {_only(dtypes): _array(_only(dtypes), values, dtypes[_only(dtypes)])}
    missing = sorted(dtypes.keys() - values.keys())
    if missing:
        raise invalid(f"'inputs' lacks {', '.join(missing)}. Expected an object with the inputs {', '.join(sorted(dtypes))}.")
    return {name: _array(name, values[name], dtype) for name, dtype in dtypes.items()}


def _only(dtypes):
    if len(dtypes) > 1:
        raise invalid(f"Got values without names for the inputs {', '.join(sorted(dtypes))}. Expected objects with their names.")
    return min(dtypes)


def _is_named_row(value):
    """Returns True for an object that is not base64."""
    return type(value) is dict and not (len(value) == 1 and type(value.get("b64")) is str)


def _array(name, value, dtype, rows=False):
    """Returns the array of an input's value; raises `ServingError` for the first value that does not fit."""
    if dtype not in (*_INTEGERS, *_FLOATS, types_pb2.DT_BOOL, types_pb2.DT_STRING):
        # TensorFlow Serving finds it in a column before, and in a row after, it has looked at the values.
        code = Code.INVALID_ARGUMENT if rows else Code.UNIMPLEMENTED
        raise ServingError(code, f"The input {name} is {dtype_name(dtype)}, which REST cannot read. Ask over gRPC.")
    shape, elements = [], [value]
    while elements and set(map(type, elements)) == {list}:
        sizes = set(map(len, elements))
        if len(sizes) > 1:
            break
        if len(shape) == MAX_RANK:
            raise invalid(f"The input {name} has over {MAX_RANK} axes, more than an array may have.")
        shape.append(*sizes)
        elements = list(chain.from_iterable(elements))
    array = _elements(elements, dtype)
    if array is None:
        raise _refusal(name, value, dtype)
    return array.reshape(shape)


def _elements(values, dtype):
    """Returns values as an array of rank 1; None if one does not fit."""
    types = set(map(type, values))
    if dtype == types_pb2.DT_STRING:
        strings = list(map(_string, values))
        return None if None in strings else objects(strings, -1)
    if dtype == types_pb2.DT_BOOL:
        return np.array(values, bool) if types <= {bool} else None
    if not types <= ({int} if dtype in _INTEGERS else {int, float}):
        return None
    kind, checked = _INTEGERS[dtype] if dtype in _INTEGERS else (_FLOATS[dtype],) * 2
    try:
        with np.errstate(over="ignore"):  # what is beyond a float32 is infinite
            return np.array(values, checked).astype(kind, copy=False)
    except OverflowError:
        return None


def _string(value):
    """Returns the bytes of a string or of `{"b64": "..."}`; None for what is neither."""
    if type(value) is str:
        try:
            return value.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:  # half of a surrogate pair
            return None
    if type(value) is not dict or len(value) != 1 or type(value.get("b64")) is not str:
        return None
    # As in `absl::Base64Unescape`, blanks are skipped, `.` may replace `=`, and the whole padding may be left out.
    match = _BASE64.fullmatch(value["b64"].encode("utf-8", "replace").translate(None, b" \t\n\v\f\r"))
    if match is None:
        return None
    digits, padding = match.groups()
    missing = -len(digits) % 4
    return None if missing == 3 or len(padding) not in (0, missing) else binascii.a2b_base64(digits + b"=" * missing)


def _refusal(name, value, dtype):
    """Returns the `ServingError` for the first value that is of another dtype or shape than the ones before."""
    shape, first = [], value
    while type(first) is list and len(shape) <= MAX_RANK:
        shape.append(len(first))
        first = first[0] if first else None
    place, wrong = _first_misfit(value, shape, dtype)
    if type(wrong) is list or len(place) != len(shape):
        expected = f"the shape {shape} of the first values everywhere"
    elif dtype == types_pb2.DT_STRING:
        expected = 'text, or bytes as {"b64": "BASE64"}'
    else:
        expected = dtype_name(dtype)
    return invalid(f"The input {name}{''.join(f'[{number}]' for number in place)} is {_shown(wrong)}. Expected {expected}.")


def _first_misfit(value, shape, dtype, place=()):
    """Returns the place, indices from the outermost list on, and the value of the first misfit in a value that has one."""
    if not shape or type(value) is not list or len(value) != shape[0]:
        return place, value
    low, high = 0, len(value)
    while high - low > 1:  # halves: each element is looked at about once in all
        middle = (low + high) // 2
        low, high = (middle, high) if _all_fit(value[low:middle], shape[1:], dtype) else (low, middle)
    return _first_misfit(value[low], shape[1:], dtype, (*place, low))


def _all_fit(values, shape, dtype):
    for size in shape:
        if set(map(type, values)) != {list} or set(map(len, values)) != {size}:
            return False
        values = list(chain.from_iterable(values))
    return _elements(values, dtype) is not None


def _shown(value):
    """Returns what a message says of a value."""
    if isinstance(value, list):
        return f"a list of {len(value):,}"
    if isinstance(value, dict):
        return "an object with " + (", ".join([*value][:5]) or "no members")
    text = json.dumps(value[:_SHOWN] if isinstance(value, str) else value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."
