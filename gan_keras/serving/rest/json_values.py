"""JSON values: which ones fit a dtype, the arrays they make, and the errors for those that do not fit.

Errors are TensorFlow Serving's: the first one that `FillTensorProto`, `AddInstanceItem` and
`FillTensorMapFromInstancesList` of its `json_tensor.cc` would find, with an excerpt of about 256 bytes of the value
(`JsonValueToDebugString`; numbers as in `Tencent/rapidjson: include/rapidjson/internal/dtoa.h`).
"""

import binascii
import decimal
import math
import re

import numpy as np
from tensorflow.core.framework import types_pb2

from gan_keras.export.loader import objects
from gan_keras.serving.errors import Code, ServingError
from gan_keras.serving.rest.json_out import INDENT, quoted, to_bytes
from gan_keras.serving.tensor_protos import dtype_name

_BASE64 = re.compile(rb"([A-Za-z0-9+/]*)([=.]*)")
_BLANKS = b" \t\n\v\f\r"
_EXCERPT_BYTES = 256
_INTEGERS = range(-(2**63), 2**64)


class Members(tuple):
    """A JSON object as pairs of a name and a value, in order; a name may be repeated."""

    __slots__ = ()

    def first_values(self):
        """Returns a dict of the values; the first one of a repeated name counts, as in TensorFlow Serving."""
        return dict(reversed(self))


_TYPES = {type(None): "Null", list: "Array", Members: "Object", str: "String", int: "Number", float: "Number"}


class Floats:
    """Any number; one too large for the numpy dtype becomes infinite."""

    def __init__(self, dtype):
        self.dtype = dtype

    def fits(self, value):
        """Returns True if a value of the JSON reader may be an element."""
        return type(value) in (int, float)

    def array(self, values):
        """Returns the values as an array of rank 1; None if one does not fit."""
        if not {int, float}.issuperset(map(type, values)):
            return None
        try:
            with np.errstate(over="ignore"):
                return np.array(values, self.dtype)
        except OverflowError:  # an integer with hundreds of digits
            return None


class Integers:
    """Whole numbers within a range, without point or exponent; the methods are those of `Floats`.

    Args:
        dtype: A numpy dtype.
        checked: The dtype whose range is checked; values beyond the range of `dtype` lose their upper bits.
    """

    def __init__(self, dtype, checked):
        self.dtype, self.checked, self.range = dtype, checked, np.iinfo(checked)

    def fits(self, value):
        return type(value) is int and self.range.min <= value <= self.range.max

    def array(self, values):
        if not {int}.issuperset(map(type, values)):
            return None
        try:
            return np.array(values, self.checked).astype(self.dtype, copy=False)
        except OverflowError:
            return None


class Booleans:
    """`true` and `false`; the methods are those of `Floats`."""

    def fits(self, value):
        return type(value) is bool

    def array(self, values):
        return np.array(values, bool) if {bool}.issuperset(map(type, values)) else None


class Strings:
    """Text, and bytes as `{"b64": "..."}`; the methods are those of `Floats`."""

    def fits(self, value):
        return type(value) is str or (is_base64(value) and decoded(value) is not None)

    def array(self, values):
        strings = [to_bytes(value) if type(value) is str else decoded(value) if is_base64(value) else None for value in values]
        if None in strings:
            return None
        return objects(strings, -1)


KINDS = {
    types_pb2.DT_FLOAT: Floats(np.float32),
    types_pb2.DT_DOUBLE: Floats(np.float64),
    types_pb2.DT_INT8: Integers(np.int8, np.int32),
    types_pb2.DT_INT16: Integers(np.int16, np.int32),
    types_pb2.DT_INT32: Integers(np.int32, np.int32),
    types_pb2.DT_INT64: Integers(np.int64, np.int64),
    types_pb2.DT_UINT8: Integers(np.uint8, np.int32),
    types_pb2.DT_UINT32: Integers(np.uint32, np.uint32),
    types_pb2.DT_UINT64: Integers(np.uint64, np.uint64),
    types_pb2.DT_BOOL: Booleans(),
    types_pb2.DT_STRING: Strings(),
}
"""By the number of a dtype; REST does not accept values of other dtypes."""


def is_base64(value):
    """Returns True for an object with the single member `"b64"`, a string."""
    return type(value) is Members and len(value) == 1 and value[0][0] == "b64" and type(value[0][1]) is str


def decoded(value):
    """Returns the bytes of `{"b64": "..."}`; None if its text is not base64.

    As in `absl::Base64Unescape`, blanks are skipped, `.` may replace `=`, and the whole padding may be left out.
    """
    text = to_bytes(value[0][1]).translate(None, _BLANKS)
    match = _BASE64.fullmatch(text)
    if match is None:
        return None
    digits, padding = match.groups()
    missing = -len(digits) % 4
    if missing == 3 or len(padding) not in (0, missing):
        return None
    return binascii.a2b_base64(digits + b"=" * missing)


def excerpt(value):
    """Returns the beginning of a value's text, arrays on one line; it ends after the piece that reaches 256 bytes."""
    texts, num_bytes = [], 0
    for text in _pieces(value, "", 0):
        if text is None or num_bytes >= _EXCERPT_BYTES:
            break
        texts.append(text)
        num_bytes += len(to_bytes(text))
    return "".join(texts)


def _pieces(value, before, level):
    """Yields the text of a value piece by piece; None after a number that the writer cannot write."""
    if type(value) is list:
        yield before + "["
        for place, item in enumerate(value):
            yield from _pieces(item, ", " if place else "", level + 1)
        yield "]"
    elif type(value) is Members:
        yield before + "{"
        for place, (name, item) in enumerate(value):
            yield (",\n" if place else "\n") + INDENT * (level + 1) + quoted(name)
            yield from _pieces(item, ": ", level + 1)
        yield "\n" + INDENT * level + "}" if value else "}"
    else:
        yield before + _scalar(value)
        if _is_not_finite(value):
            yield None


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
    """Returns the shortest digits that read back as the same finite double."""
    negative, digits, exponent = decimal.Decimal(repr(value)).normalize().as_tuple()
    return "-" * negative + _placed("".join(map(str, digits)), exponent if value else 0)


def _placed(digits, exponent):
    """Inserts the point into digits that stand for `digits * 10**exponent`."""
    point = len(digits) + exponent
    if exponent >= 0 and point <= 21:
        return digits + "0" * exponent + ".0"
    if 0 < point <= 21:
        return digits[:point] + "." + digits[point:]
    if -6 < point <= 0:
        return "0." + "0" * -point + digits
    return digits[0] + "." * (len(digits) > 1) + digits[1:] + f"e{point - 1}"


def invalid(message):
    """Returns the `ServingError` for an invalid request."""
    return ServingError(Code.INVALID_ARGUMENT, message)


def is_named_row(value):
    """Returns True if an element of `instances` names its inputs: it is an object, but not base64."""
    return type(value) is Members and not is_base64(value)


def check_plain_rows(rows, name, dtype):
    """Raises `ServingError` INVALID_ARGUMENT unless `instances` without names make one tensor."""
    seen = {}
    for number, row in enumerate(rows):
        if is_named_row(row):
            raise invalid(f"Expecting value/list but got object at item {number} of input list")
        try:
            _check_like_before(row, name, dtype, seen)
        except ServingError as error:
            raise invalid(f"Failed to process element: {number} of 'instances' list. Error: {_with_code(error)}") from error


def check_named_rows(rows, dtypes):
    """Raises `ServingError` INVALID_ARGUMENT unless `instances` that name their inputs make one tensor per input."""
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
    """Returns the number of elements and the shape of a value; raises `ServingError` if it makes no tensor."""
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
        message = f"Failed to process element: {number} key: {name} of 'instances' list. Error: {_with_code(error)}"
        raise invalid(message) from error


def _check_like_before(value, name, dtype, seen):
    """Compares size and shape with those of the first row, which `seen` holds by input name."""
    size, shape = check_tensor(value, dtype)
    first_size, first_shape = seen.setdefault(name, (size, shape))
    if size != first_size:
        raise invalid(f"Expecting tensor size: {first_size} but got: {size}")
    if shape != first_shape:
        raise invalid(f"Expecting shape {_joined(first_shape)} but got: {_joined(shape)}")


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
    kind = str(value) if isinstance(value, bool) else _TYPES[type(value)]  # RapidJSON's names
    return invalid(f"JSON Value: {excerpt(value)} Type: {kind} is not of expected type: {dtype_name(dtype)}")


def _with_code(error):
    return f"{error.code.name}: {error.message}"


def _joined(shape):
    return f"[{','.join(map(str, shape))}]"
