"""Answers of the REST API as JSON, byte by byte as TensorFlow Serving writes them.

The server's writer breaks lines but keeps the arrays within one row of an answer on one line; order and blanks follow
from that. Reference: `json_tensor.cc`; `Tencent/rapidjson: include/rapidjson/prettywriter.h`.
"""

import base64
import math
from json.encoder import encode_basestring
from typing import NamedTuple

import numpy as np

from gan_keras.serving.errors import Code, ServingError
from gan_keras.serving.tensor_protos import dtype_name, number_of

INDENT = "    "
_INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint32", "uint64")
_BASE64_SUFFIX = "_bytes"
_ESCAPES = {code: f"\\u{code:04X}" for code in range(32)}
_ESCAPES |= {ord(plain): "\\" + letter for plain, letter in zip('"\\\b\f\n\r\t', '"\\bfnrt', strict=True)}

# Floats: TensorFlow Serving writes six digits if they read back as the same number, otherwise as many as needed
# (`WriteDecimal` of `json_tensor.cc`). Most float32 are written all at once, by arithmetic that is exact in float64:
# for a float32 of at least 1e-4, its 24 bits and the at most 28 bits of `5**12` fit into the 53 bits of a float64.
_SMALLEST, _LARGEST = 1e-4, 1e4  # numbers between them have no exponent, and at most four digits before the point
_EXPONENTS = np.array([1e-3, 1e-2, 1e-1, 1e0, 1e1, 1e2, 1e3])  # numbers between two of them have the same exponent
_TENS = 10.0 ** np.arange(13)
_WHOLE_TENS = 10 ** np.arange(13)
_DECIMALS = 12
_FEW = 32  # below this number, one by one is faster than all at once

# Four characters as one number: numpy copies them faster than bytes. Zero bytes are removed at the end.
_DIGITS = [b"%04d" % number for number in range(10000)]
_FOUR = np.array(_DIGITS).view(np.uint32)
_WHOLE = np.array([digits[:3].lstrip(b"0") + digits[3:] for digits in _DIGITS]).view(np.uint32)
_FIRST = np.array([digits[:1] + digits[1:].rstrip(b"0") for digits in _DIGITS]).view(np.uint32)  # decimals with none after them
_LAST = np.array([digits.rstrip(b"0") for digits in _DIGITS]).view(np.uint32)
_POINT, _COMMA, _MINUS = np.array([b".", b",", b"-"], "S4").view(np.uint32)


class _Brackets(NamedTuple):
    """The text before, between and after the elements of an array."""

    opening: str
    separator: str
    closing: str


_ON_ONE_LINE = _Brackets("[", ", ", "]")
_ROWS = _Brackets("[", ", ", f"\n{INDENT}]")


def write_rows(outputs):
    """Returns the answer to `instances`: a row for each, plain for a single output, otherwise an object.

    Args:
        outputs: An array by name, all with the same number of rows; strings are objects of `bytes`.

    Returns:
        Bytes of JSON. A string that is not UTF-8 makes it invalid, unless its output's name ends with `_bytes`.

    Raises:
        ServingError: INVALID_ARGUMENT if an output is a scalar, has another number of rows, or a dtype that JSON lacks.
    """
    names = _checked_names(outputs)
    _check_batch(outputs, names)
    level = 1 + len(names[:2])  # an object around each row adds a level
    columns = [_row_texts(outputs[name], name, level) for name in names]
    if len(names) == 1:
        return _object_of("predictions", _enclosed(columns[0], _ROWS))
    rows = [_named(names, row, 2) for row in zip(*columns, strict=True)]
    return _object_of("predictions", _enclosed(rows, _on_lines(1)))


def write_columns(outputs):
    """Returns the answer to `inputs`: the array, or an object of arrays for several outputs; otherwise as `write_rows`."""
    names = _checked_names(outputs)
    level = len(names[:2])
    texts = [_column_text(outputs[name], name, level) for name in names]
    return _object_of("outputs", texts[0] if len(names) == 1 else _named(names, texts, 1))


def write_error(message):
    """Returns an error as JSON."""
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
    """Returns a text per row, its arrays on one line; `level` is the number of open brackets around a row."""
    texts = _element_texts(array, name, level + array.ndim - 1)
    return _folded(texts, array.shape, lambda axis: _ON_ONE_LINE)


def _column_text(array, name, level):
    """Returns the text of an array, each element on its own line."""
    texts = _element_texts(array, name, level + array.ndim)
    texts = _folded(texts, array.shape, lambda axis: _on_lines(level + axis))
    return _enclosed(texts, _on_lines(level)) if array.ndim else texts[0]


def _folded(texts, shape, brackets_of):
    """Joins the texts of an array's elements along all axes but the first, last axis first."""
    for axis in range(len(shape) - 1, 0, -1):
        opening, separator, closing = brackets_of(axis)
        parts = zip(*[iter(texts)] * shape[axis], strict=True)
        texts = [opening + separator.join(part) + closing for part in parts]
        texts = texts if shape[axis] else ["[]"] * math.prod(shape[:axis])
    return texts


def _enclosed(texts, brackets):
    return brackets.opening + brackets.separator.join(texts) + brackets.closing if texts else "[]"


def _on_lines(level):
    """Returns the brackets of an array that is nested `level` deep."""
    line = "\n" + INDENT * level
    return _Brackets(f"[{line}{INDENT}", f",{line}{INDENT}", f"{line}]")


def _named(names, texts, level):
    """Returns an object that is nested `level` deep."""
    line = "\n" + INDENT * level
    members = [f"{line}{INDENT}{quoted(name)}: {text}" for name, text in zip(names, texts, strict=True)]
    return f"{{{','.join(members)}{line}}}"


def _object_of(name, text):
    return to_bytes(_named([name], [text], 0))


def _element_texts(array, name, level):
    if array.dtype == object:
        return _base64_objects(array, level) if name.endswith(_BASE64_SUFFIX) else _strings(array)
    if array.dtype not in _WRITERS and array.size:
        dtype = dtype_name(number_of(array.dtype))
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


def float32_texts(array):
    """Returns the text of each element of a float32 array, as a list."""
    values = array.ravel()
    if len(values) < _FEW:
        return [_text(value, np.float32, 9) for value in values.tolist()]
    with np.errstate(invalid="ignore"):  # signalling NaNs
        magnitudes = np.abs(values).astype(np.float64)
    is_plain = ((magnitudes >= _SMALLEST) & (magnitudes < _LARGEST)) | (magnitudes == 0)
    texts = _plain_texts(np.where(is_plain, values, 0), np.where(is_plain, magnitudes, 0))
    for place in np.flatnonzero(~is_plain):
        texts[place] = _text(values[place].item(), np.float32, 9)
    return texts


def float64_texts(array):
    """Returns the text of each element of a float64 array, as a list."""
    return [_text(value, float, 17) for value in array.ravel().tolist()]


def _text(value, read, num_digits):
    """Returns the text of a Python float; `num_digits` digits reproduce any number of its dtype, which `read` reads."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "-Infinity" if value < 0 else "Infinity"
    text = f"{value:.6g}"
    if read(text) != value:
        text = f"{value:.{num_digits}g}"
    return text if "." in text or "e" in text else text + ".0"


def _plain_texts(values, magnitudes):
    """Texts of float32 values that are 0 or between `_SMALLEST` and `_LARGEST`."""
    return _joined(np.signbit(values), *_split(values, magnitudes)).decode().split(",")[:-1]


def _split(values, magnitudes):
    """Returns whole part and fraction times 1e12 of each number, rounded to 6 digits or, if these differ from it, to 9."""
    exponents = np.searchsorted(_EXPONENTS, magnitudes, side="right") - 4
    six, nine = np.rint(magnitudes * _TENS[5 - exponents]), np.rint(magnitudes * _TENS[8 - exponents])
    is_short = (six / _TENS[5 - exponents]).astype(np.float32) == np.abs(values)
    decimals = np.where(is_short, 5, 8) - exponents
    scaled = np.where(is_short, six, nine).astype(np.int64) * _WHOLE_TENS[_DECIMALS - decimals]
    return np.divmod(scaled, _WHOLE_TENS[_DECIMALS])


def _joined(is_negative, wholes, fractions):
    """Returns the bytes of all numbers, each followed by a comma, without trailing zeros of the decimals."""
    first, middle, last = fractions // 10**8, fractions // 10**4 % 10**4, fractions % 10**4
    ends_early, is_short = last == 0, fractions % 10**8 == 0
    words = np.empty((len(wholes), 7), np.uint32)
    words[:, 0] = is_negative * _MINUS
    words[:, 1] = _WHOLE[wholes]
    words[:, 2] = _POINT
    words[:, 3] = np.where(is_short, _FIRST[first], _FOUR[first])
    words[:, 4] = np.where(ends_early, _LAST[middle], _FOUR[middle])
    words[:, 5] = _LAST[last]
    words[:, 6] = _COMMA
    return words.tobytes().translate(None, b"\0")


_WRITERS = {np.dtype(name): _integers for name in _INTEGERS}
_WRITERS |= {np.dtype(bool): _booleans, np.dtype(np.float32): float32_texts, np.dtype(np.float64): float64_texts}


def quoted(text):
    """Returns a JSON string; characters beyond ASCII stay as they are."""
    if text.isprintable():
        return encode_basestring(text)
    return f'"{text.translate(_ESCAPES)}"'  # Python writes control characters with lower-case digits


def to_bytes(text):
    """Encodes text; bytes that were not UTF-8 when it was read are restored."""
    return text.encode("utf-8", "surrogateescape")
