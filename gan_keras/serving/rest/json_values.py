"""Which JSON values fit which dtype, and the arrays that they make."""

import binascii
import re

import numpy as np
from tensorflow.core.framework import types_pb2

from gan_keras.serving.rest.json_out import to_bytes

_BASE64 = re.compile(rb"([A-Za-z0-9+/]*)([=.]*)")
_BLANKS = b" \t\n\v\f\r"


class Floats:
    """Any number; one too large for the dtype becomes infinite.

    Args:
        dtype: Of numpy.
    """

    def __init__(self, dtype):
        self.dtype = dtype

    def fits(self, value):
        """Whether a value of the JSON reader may be an element."""
        return type(value) in (int, float)

    def array(self, values):
        """The values as an array of one axis; None if one does not fit."""
        if not {int, float}.issuperset(map(type, values)):
            return None
        try:
            with np.errstate(over="ignore"):
                return np.array(values, self.dtype)
        except OverflowError:  # an integer with hundreds of digits
            return None


class Integers:
    """Whole numbers without point or exponent, within a range; methods as those of `Floats`.

    Args:
        dtype: Of numpy.
        checked: The dtype whose range is checked; what is in it but not in `dtype` loses its upper bits.
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
    """`true` and `false`; methods as those of `Floats`."""

    def fits(self, value):
        return type(value) is bool

    def array(self, values):
        return np.array(values, bool) if {bool}.issuperset(map(type, values)) else None


class Strings:
    """Texts, and bytes as `{"b64": "..."}`; methods as those of `Floats`."""

    def fits(self, value):
        return type(value) is str or (is_base64(value) and decoded(value) is not None)

    def array(self, values):
        strings = [to_bytes(value) if type(value) is str else decoded(value) if is_base64(value) else None for value in values]
        if None in strings:
            return None
        array = np.empty(len(strings), object)
        array[:] = strings
        return array


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
"""By the number of a dtype; of the others, REST takes no values."""


def dtype_name(number):
    """TensorFlow's word for a dtype, such as `float`."""
    return types_pb2.DataType.Name(number).removeprefix("DT_").lower()


def is_base64(value):
    """Whether a value is an object with the one member `"b64"`, a text."""
    return type(value) is Members and len(value) == 1 and value[0][0] == "b64" and type(value[0][1]) is str


def decoded(value):
    """The bytes of `{"b64": "..."}`; None if its text is no base64.

    As `absl::Base64Unescape`: blanks are skipped, a dot may stand for `=`, and these may be missing, but only all of them.
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


# --- A JSON object as a client wrote it.


class Members(tuple):
    """Pairs of a name and a value, in order; a name may come twice."""

    __slots__ = ()

    def first_values(self):
        """A value by name; of a name that comes twice the first one, as TensorFlow Serving takes it."""
        return dict(reversed(self))
