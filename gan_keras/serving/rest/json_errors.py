"""A JSON value in the words of an error: TensorFlow Serving quotes what it cannot take, about its first 256 bytes.

Reference: `JsonValueToDebugString` of `json_tensor.cc`; numbers as `Tencent/rapidjson: include/rapidjson/internal/dtoa.h`.
"""

import contextlib
import decimal
import math

from gan_keras.serving.errors import Code, ServingError
from gan_keras.serving.rest.json_out import INDENT, quoted
from gan_keras.serving.rest.json_values import KINDS, Members, decoded, dtype_name, is_base64

LIMIT = 256
_INTEGERS = range(-(2**63), 2**64)


class _Full(Exception):
    """No more is written: there is enough, or a number that the writer does not take."""


def excerpt(value):
    """The text of a value, arrays on one line; it ends after the piece with which it has 256 bytes."""
    pieces = _Pieces()
    with contextlib.suppress(_Full):
        pieces.write(value, "", 0)
    return "".join(pieces.texts)


class _Pieces:
    def __init__(self):
        self.texts, self.num_bytes = [], 0

    def put(self, text):
        if self.num_bytes >= LIMIT:
            raise _Full
        self.texts.append(text)
        self.num_bytes += len(text.encode("utf-8", "surrogateescape"))

    def write(self, value, before, level):
        if type(value) is list:
            self.put(before + "[")
            for place, item in enumerate(value):
                self.write(item, ", " if place else "", level + 1)
            self.put("]")
        elif type(value) is Members:
            self.put(before + "{")
            for place, (name, item) in enumerate(value):
                self.put((",\n" if place else "\n") + INDENT * (level + 1) + quoted(name))
                self.write(item, ": ", level + 1)
            self.put("\n" + INDENT * level + "}" if value else "}")
        else:
            self.put(before + _scalar(value))
            if _is_not_finite(value):
                raise _Full


def _scalar(value):
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, int) and value in _INTEGERS:
        return str(value)
    return "" if _is_not_finite(value) else double_text(_double(value))


def _double(value):
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _is_not_finite(value):
    return isinstance(value, int | float) and not math.isfinite(_double(value))


def double_text(value):
    """A finite double, in its shortest digits that read back the same."""
    negative, digits, exponent = decimal.Decimal(repr(value)).normalize().as_tuple()
    return "-" * negative + _placed("".join(map(str, digits)), exponent if value else 0)


def _placed(digits, exponent):
    """Puts the point into digits that stand for `digits * 10**exponent`."""
    point = len(digits) + exponent
    if exponent >= 0 and point <= 21:
        return digits + "0" * exponent + ".0"
    if 0 < point <= 21:
        return digits[:point] + "." + digits[point:]
    if -6 < point <= 0:
        return "0." + "0" * -point + digits
    return digits[0] + "." * (len(digits) > 1) + digits[1:] + f"e{point - 1}"


# --- What is wrong with values that make no tensor: the first fault that TensorFlow Serving finds, in its words.
#
# Reference: `FillTensorProto`, `AddInstanceItem` and `FillTensorMapFromInstancesList` of `json_tensor.cc`.

_TYPES = {type(None): "Null", list: "Array", Members: "Object", str: "String", int: "Number", float: "Number"}


def invalid(message):
    """The `ServingError` for what a client should not have sent."""
    return ServingError(Code.INVALID_ARGUMENT, message)


def type_name(value):
    """RapidJSON's word for the type of a JSON value."""
    return str(value) if isinstance(value, bool) else _TYPES[type(value)]


def is_named_row(value):
    """Whether an element of `instances` names its inputs: any object but bytes in base64."""
    return type(value) is Members and not is_base64(value)


def check_plain_rows(rows, name, dtype):
    """Raises `ServingError` INVALID_ARGUMENT unless rows that do not name the input make one tensor.

    Args:
        rows: The list of `instances`.
        name: Of the input.
        dtype: Its number in TensorFlow.
    """
    seen = {}
    for number, row in enumerate(rows):
        if is_named_row(row):
            raise invalid(f"Expecting value/list but got object at item {number} of input list")
        try:
            _check_like_before(row, name, dtype, seen)
        except ServingError as error:
            raise invalid(f"Failed to process element: {number} of 'instances' list. Error: {_status(error)}") from error


def check_named_rows(rows, dtypes):
    """Raises `ServingError` INVALID_ARGUMENT unless rows that name their inputs make one tensor for each.

    Args:
        rows: The list of `instances`.
        dtypes: A number by the name of an input.
    """
    seen = {}
    for number, row in enumerate(rows):
        if not is_named_row(row):
            raise invalid(f"Expecting object but got list at item {number} of input list")
        for name, value in row:
            _check_named_value(number, name, value, dtypes, seen)
        if {name for name, _ in row} != set(dtypes):
            raise invalid(
                f"Failed to process element: {number} of 'instances' list. JSON object: {excerpt(row)} "
                f"keys must be equal to: {','.join(sorted(dtypes))}"
            )


def check_tensor(value, dtype):
    """Raises `ServingError` unless a value makes a tensor; returns the number of its elements and its shape."""
    shape, size, waiting = _shape(value), 0, [(value, 0)]
    while waiting:
        value, level = waiting.pop()
        if type(value) is list:
            _check_list(value, level, shape)
            waiting.extend((item, level + 1) for item in reversed(value))
        else:
            _check_element(value, level, len(shape), dtype)
            size += 1
    return size, shape


def _check_named_value(number, name, value, dtypes, seen):
    try:
        if name not in dtypes:
            raise invalid(f"JSON object: does not have named input: {name}")
        _check_like_before(value, name, dtypes[name], seen)
    except ServingError as error:
        message = f"Failed to process element: {number} key: {name} of 'instances' list. Error: {_status(error)}"
        raise invalid(message) from error


def _check_like_before(value, name, dtype, seen):
    """`seen` holds by input name the size and the shape of the first row, which all others have to have too."""
    size, shape = check_tensor(value, dtype)
    first_size, first_shape = seen.setdefault(name, (size, shape))
    if size != first_size:
        raise invalid(f"Expecting tensor size: {first_size} but got: {size}")
    if shape != first_shape:
        raise invalid(f"Expecting shape {_text(first_shape)} but got: {_text(shape)}")


def _shape(value):
    shape = []
    while type(value) is list:
        shape.append(len(value))
        value = value[0] if value else None
    return shape


def _check_list(value, level, shape):
    if level >= len(shape):
        raise invalid(f"Encountered list at unexpected level: {level} expected < {len(shape)}")
    if len(value) != shape[level]:
        message = f"Encountered list at unexpected size: {len(value)} at level: {level} expected size: {shape[level]}"
        raise invalid(message)


def _check_element(value, level, rank, dtype):
    if level != rank:
        message = f"JSON Value: {excerpt(value)} found at incorrect level: {level + 1} in the JSON DOM. Expected at level: {rank}"
        raise invalid(message)
    if dtype not in KINDS and type(value) is not Members:
        message = f"Conversion of JSON Value: {excerpt(value)} to type: {dtype_name(dtype)}"
        raise ServingError(Code.UNIMPLEMENTED, message)
    if dtype not in KINDS or not KINDS[dtype].fits(value):
        raise _misfit(value, dtype)


def _misfit(value, dtype):
    if dtype_name(dtype) == "string" and type(value) is Members:
        if is_base64(value) and decoded(value) is None:
            return invalid("Unable to base64 decode")
        return invalid(f"JSON Value: {excerpt(value)} not formatted correctly for base64 data")
    return invalid(f"JSON Value: {excerpt(value)} Type: {type_name(value)} is not of expected type: {dtype_name(dtype)}")


def _status(error):
    return f"{error.code.name}: {error.message}"


def _text(shape):
    return f"[{','.join(map(str, shape))}]"
