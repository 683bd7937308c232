"""Predict requests: JSON in RapidJSON's dialect to the arrays that a signature reads.

Python's own decoder reads nearly every body. `json_grammar`, which has RapidJSON's rules and error messages, reads
again what Python refuses or may interpret differently. Values are Python's `list`, `str`, `int`, `float`, `bool` and
`None`; an object is a `Members`. Bytes that are not UTF-8 are decoded with `surrogateescape`, so that every string
can be turned back into the bytes that were sent.

Inputs come in rows (`instances`) or columns (`inputs`). Rules and messages are those of TensorFlow Serving's
`json_tensor.cc`; values that fit take a fast path, and `json_values` explains what is wrong with the others.
"""

import json
import re
from itertools import chain

from gan_keras.serving.errors import Code, ServingError
from gan_keras.serving.rest.json_grammar import MAX_GRAMMAR_BYTES, parse_error, read_by_grammar
from gan_keras.serving.rest.json_out import write_columns, write_rows
from gan_keras.serving.rest.json_values import (
    KINDS,
    Members,
    check_named_rows,
    check_plain_rows,
    check_tensor,
    excerpt,
    invalid,
    is_named_row,
)
from gan_keras.serving.tensor_protos import MAX_RANK

_DECODER = json.JSONDecoder(object_pairs_hook=Members)
_BLANKS = re.compile(r"[ \t\n\r]*")
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_PAIR = re.compile(rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}")
_LARGE_EXPONENT = re.compile(rb"[eE]\+?[0-9]{3}")
_SEVERAL = "multiple input tensors required as per tensorinfo_map"


def read_object(body):
    """Returns the JSON object at the beginning of a body, a `Members`; raises `ServingError` if there is none."""
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
        offset = len(text[: error.pos].encode("utf-8", "surrogateescape"))
    except (RecursionError, ValueError):  # too deeply nested, or a number with too many digits, for Python
        offset = 0
    if len(body) > MAX_GRAMMAR_BYTES:  # exact rules are slow
        raise parse_error("Invalid value.", offset)
    return read_by_grammar(body)


def _needs_grammar(body):
    """Returns True if Python may accept what RapidJSON refuses: half a surrogate pair, or a number beyond a double."""
    if b"\\u" in body and _SURROGATE.search(_PAIR.sub(b"", body)):
        return True
    return len(body) <= MAX_GRAMMAR_BYTES and _LARGE_EXPONENT.search(body) is not None


def signature_name(document):
    """Returns the name of the requested signature, `""` if there is none; raises `ServingError` if it is not a string."""
    name = document.first_values().get("signature_name", "")
    if type(name) is not str:
        raise invalid(f"JSON Value: {excerpt(document)} not formatted correctly. 'signature_name' key must be a string value.")
    return name


def read_inputs(document, signature):
    """Returns the arrays of a predict request.

    Args:
        document: The `Members` of the body.
        signature: The `SignatureDef`. Its dtypes are checked here; the model itself checks shapes.

    Returns:
        A pair: an array by input name, strings as objects of `bytes`; and the function that writes outputs in the format
        of the inputs, `write_rows` or `write_columns`.

    Raises:
        ServingError: INVALID_ARGUMENT if they do not fit the signature, or UNIMPLEMENTED for a dtype that JSON lacks.
    """
    values, dtypes = document.first_values(), {name: tensor.dtype for name, tensor in signature.inputs.items()}
    if "instances" in values and "inputs" in values:
        raise _malformed(document, "Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist ")
    if "instances" in values:
        return _read_rows(document, values["instances"], dtypes), write_rows
    if "inputs" in values:
        return _read_columns(values["inputs"], dtypes), write_columns
    raise invalid("Missing 'inputs' or 'instances' key")


def _malformed(document, message):
    return invalid(f"JSON Value: {excerpt(document)} {message}")


def _read_rows(document, rows, dtypes):
    if type(rows) is not list:
        raise _malformed(document, "Expecting 'instances' to be an list/array")
    if not rows:
        raise _malformed(document, "No values in 'instances' array")
    if type(rows[0]) is not Members and len(dtypes) > 1:
        raise invalid(f"instances is a plain list, but expecting list of objects as {_SEVERAL}")
    return _read_named_rows(rows, dtypes) if is_named_row(rows[0]) else _read_plain_rows(rows, dtypes)


def _read_plain_rows(rows, dtypes):
    name = min(dtypes)
    array = _array(rows, dtypes[name])
    if array is None:
        check_plain_rows(rows, name, dtypes[name])
        raise _too_much(name)
    return {name: array}


def _read_named_rows(rows, dtypes):
    """Reads rows that name their inputs; the first value of a repeated name counts."""
    fields = [row.first_values() if is_named_row(row) else {} for row in rows]
    if any(row.keys() != dtypes.keys() for row in fields):
        check_named_rows(rows, dtypes)
    arrays = {name: _array([row[name] for row in fields], dtype) for name, dtype in dtypes.items()}
    failed = [name for name, array in arrays.items() if array is None]
    if failed:
        check_named_rows(rows, dtypes)
        raise _too_much(failed[0])
    return arrays


def _read_columns(values, dtypes):
    if is_named_row(values):
        columns = values.first_values()
        return {name: _read_column(columns, name, dtypes[name]) for name in sorted(dtypes)}
    if len(dtypes) > 1:
        raise invalid(f"inputs is a plain value/list, but expecting an object as {_SEVERAL}")
    name = min(dtypes)
    return {name: _read_column({name: values}, name, dtypes[name])}


def _read_column(columns, name, dtype):
    if name not in columns:
        raise invalid(f"Missing named input: {name} in 'inputs' object.")
    array = _array(columns[name], dtype)
    if array is None:
        check_tensor(columns[name], dtype)
        raise _too_much(name)
    return array


def _too_much(name):
    """Error for valid JSON with more axes than an array may have, or an integer beyond any float."""
    return invalid(f"tensor parsing error: {name}")


def _array(value, dtype):
    """Returns the array of a value, or None if it makes none."""
    shape, elements = [], [value]
    while elements and set(map(type, elements)) == {list}:
        sizes = set(map(len, elements))
        if len(sizes) > 1 or len(shape) == MAX_RANK:
            return None
        shape.append(*sizes)
        elements = list(chain.from_iterable(elements))
    array = KINDS[dtype].array(elements) if dtype in KINDS else None
    return None if array is None else array.reshape(shape)
