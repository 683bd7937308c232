"""Floats as TensorFlow Serving writes them: six digits if they read back as the same number, else as many as that takes.

Reference: `WriteDecimal` of `json_tensor.cc`. Most float32 are written all at once, by arithmetic that is exact in float64:
for a float32 of at least 1e-4, 24 bits of it and the at most 28 bits of `5**12` fit into the 53 of a float64.
"""

import math

import numpy as np

_SMALLEST, _LARGEST = 1e-4, 1e4  # what is between them is written without an exponent, at most four digits before the point
_EXPONENTS = np.array([1e-3, 1e-2, 1e-1, 1e0, 1e1, 1e2, 1e3])  # from one to the next, numbers have the same exponent
_TENS = 10.0 ** np.arange(13)
_WHOLE_TENS = 10 ** np.arange(13)
_DECIMALS = 12
_FEW = 32  # of which one after the other is quicker than all at once

# Four characters as one number: numpy moves them faster than bytes. Zero bytes are left out in the end.
_DIGITS = [b"%04d" % number for number in range(10000)]
_FOUR = np.array(_DIGITS).view(np.uint32)
_WHOLE = np.array([digits[:3].lstrip(b"0") + digits[3:] for digits in _DIGITS]).view(np.uint32)
_FIRST = np.array([digits[:1] + digits[1:].rstrip(b"0") for digits in _DIGITS]).view(np.uint32)  # decimals, none behind
_LAST = np.array([digits.rstrip(b"0") for digits in _DIGITS]).view(np.uint32)
_POINT, _COMMA, _MINUS = np.array([b".", b",", b"-"], "S4").view(np.uint32)


def float32_texts(array):
    """A text for each element of a float32 array, as a list."""
    values = array.ravel()
    if len(values) < _FEW:
        return [_text(value, np.float32, 9) for value in values.tolist()]
    with np.errstate(invalid="ignore"):  # a NaN of any kind
        magnitudes = np.abs(values).astype(np.float64)
    is_plain = ((magnitudes >= _SMALLEST) & (magnitudes < _LARGEST)) | (magnitudes == 0)
    texts = _plain_texts(np.where(is_plain, values, 0), np.where(is_plain, magnitudes, 0))
    for place in np.flatnonzero(~is_plain):
        texts[place] = _text(values[place].item(), np.float32, 9)
    return texts


def float64_texts(array):
    """A text for each element of a float64 array, as a list."""
    return [_text(value, float, 17) for value in array.ravel().tolist()]


def _text(value, read, num_digits):
    """The text of one number.

    Args:
        value: A float of Python.
        read: Makes a number of its dtype of a text.
        num_digits: With which any number of the dtype reads back as the same.
    """
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "-Infinity" if value < 0 else "Infinity"
    text = f"{value:.6g}"
    if read(text) != value:
        text = f"{value:.{num_digits}g}"
    return text if "." in text or "e" in text else text + ".0"


def _plain_texts(values, magnitudes):
    """Texts of float32 that are 0 or between `_SMALLEST` and `_LARGEST`."""
    return _joined(np.signbit(values), *_split(values, magnitudes)).decode().split(",")[:-1]


def _split(values, magnitudes):
    """The whole part and the fraction times 1e12 of each number, rounded to 6 or, if that is not it, to 9 digits."""
    exponents = np.searchsorted(_EXPONENTS, magnitudes, side="right") - 4
    six, nine = np.rint(magnitudes * _TENS[5 - exponents]), np.rint(magnitudes * _TENS[8 - exponents])
    is_short = (six / _TENS[5 - exponents]).astype(np.float32) == np.abs(values)
    decimals = np.where(is_short, 5, 8) - exponents
    scaled = np.where(is_short, six, nine).astype(np.int64) * _WHOLE_TENS[_DECIMALS - decimals]
    return np.divmod(scaled, _WHOLE_TENS[_DECIMALS])


def _joined(is_negative, wholes, fractions):
    """The bytes of all numbers, a comma behind each, without zeros at the end of the decimals."""
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
