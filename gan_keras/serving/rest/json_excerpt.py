"""A JSON value in the words of an error: TensorFlow Serving quotes what it cannot take, about its first 256 bytes.

Reference: `JsonValueToDebugString` of `json_tensor.cc`; numbers as `Tencent/rapidjson: include/rapidjson/internal/dtoa.h`.
"""

import contextlib
import decimal
import math

from gan_keras.serving.rest.json_members import Members
from gan_keras.serving.rest.json_text import INDENT, quoted

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
