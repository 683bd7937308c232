"""JSON as TensorFlow Serving reads it: RapidJSON's dialect, and the first value of a body only.

Python's own decoder reads nearly every body. What it refuses, or may read in another way, is read again by `json_grammar`,
which knows RapidJSON's rules and its words for an error.

Values are Python's: `list`, `str`, `int`, `float`, `bool`, `None`; an object is a `Members`. Bytes that are no UTF-8 come
as `surrogateescape` makes them, so that every text can be turned back into the bytes that were sent.
"""

import json
import re

from gan_keras.serving.errors import Code, ServingError
from gan_keras.serving.rest.json_excerpt import excerpt
from gan_keras.serving.rest.json_grammar import LONGEST_BYTES, parse_error, read_by_grammar
from gan_keras.serving.rest.json_members import Members

_DECODER = json.JSONDecoder(object_pairs_hook=Members)
_BLANKS = re.compile(r"[ \t\n\r]*")
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_PAIR = re.compile(rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}")
_LARGE_EXPONENT = re.compile(rb"[eE]\+?[0-9]{3}")


def read_object(body):
    """The JSON object at the beginning of a body, a `Members`.

    Args:
        body: Bytes of UTF-8. What follows the object is not looked at.

    Raises:
        ServingError: INVALID_ARGUMENT if there is none.
    """
    if not body:
        raise ServingError(Code.INVALID_ARGUMENT, "JSON Parse error: The document is empty")
    value = _read(body)
    if type(value) is not Members:
        raise ServingError(Code.INVALID_ARGUMENT, f"JSON Value: {excerpt(value)} Is not object")
    return value


def _read(body):
    if _needs_grammar(body):
        return read_by_grammar(body)
    text = body.decode("utf-8", "surrogateescape")
    try:
        return _DECODER.raw_decode(text, _BLANKS.match(text).end())[0]
    except json.JSONDecodeError as error:
        return _read_again(body, len(text[: error.pos].encode("utf-8", "surrogateescape")))
    except (RecursionError, ValueError):  # nested too deeply, or a number with too many digits, for Python
        return _read_again(body, 0)


def _needs_grammar(body):
    """Whether Python may accept what RapidJSON refuses: half a surrogate pair, or a number that no double holds."""
    if b"\\u" in body and _SURROGATE.search(_PAIR.sub(b"", body)):
        return True
    return len(body) <= LONGEST_BYTES and _LARGE_EXPONENT.search(body) is not None


def _read_again(body, offset):
    """The rules are exact but slow: a long body that is wrong is just told where."""
    if len(body) > LONGEST_BYTES:
        raise parse_error("Invalid value.", offset)
    return read_by_grammar(body)
