"""JSON of arrays, for server and client: `orjson` writes NumPy's numbers dozens of times faster than the standard library."""

import json

import numpy as np
import orjson


def to_bytes(value):
    """Returns the JSON of lists, dicts, strings and arrays.

    Numbers have the digits of their dtype. The standard library writes those that are not finite, as `NaN` and `Infinity`,
    and surrogates, which stand for bytes that are not UTF-8.
    """
    if _is_finite(value):
        try:
            return orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY)
        except orjson.JSONEncodeError:  # surrogates, which stand for bytes that are not UTF-8
            pass
    return json.dumps(value, default=_short_numbers, ensure_ascii=False).encode("utf-8", "surrogateescape")


def _is_finite(value):
    if isinstance(value, dict | list):
        return all(map(_is_finite, value.values() if isinstance(value, dict) else value))
    return not isinstance(value, np.ndarray | np.floating) or value.dtype.kind != "f" or bool(np.isfinite(value).all())


def _short_numbers(array):
    """Returns a NumPy array or scalar as lists of numbers with its own dtype's digits: a float32 is 0.1, not 0.100000001."""
    return (array.astype("U").astype(np.float64) if array.dtype == np.float32 else array).tolist()
