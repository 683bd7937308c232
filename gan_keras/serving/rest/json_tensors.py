"""The inputs of a predict request: JSON values to the arrays that a signature asks for.

Rows (`instances`) or columns (`inputs`); the rules for names, shapes and dtypes, and all messages are those of TensorFlow
Serving's `json_tensor.cc`. Here are the quick ways for values that fit; `json_faults` says what is wrong with others.
"""

from itertools import chain

from gan_keras.serving.rest.json_answers import write_columns, write_rows
from gan_keras.serving.rest.json_excerpt import excerpt
from gan_keras.serving.rest.json_faults import check_named_rows, check_plain_rows, check_tensor, invalid, is_named_row
from gan_keras.serving.rest.json_kinds import KINDS
from gan_keras.serving.rest.json_members import Members
from gan_keras.serving.tensor_protos import MAX_RANK

_SEVERAL = "multiple input tensors required as per tensorinfo_map"


def signature_name(document):
    """The signature that a request asks for, `""` if it names none.

    Args:
        document: The `Members` of the body.

    Raises:
        ServingError: INVALID_ARGUMENT if the name is no text.
    """
    name = document.first_values().get("signature_name", "")
    if type(name) is not str:
        raise invalid(f"JSON Value: {excerpt(document)} not formatted correctly. 'signature_name' key must be a string value.")
    return name


def read_inputs(document, signature):
    """The arrays of a predict request.

    Args:
        document: The `Members` of the body.
        signature: The `SignatureDef`; its dtypes count, the model itself checks shapes.

    Returns:
        A pair: an array by input name, texts as objects of `bytes`; and the function that writes outputs in the form in
        which the inputs came, `write_rows` or `write_columns`.

    Raises:
        ServingError: INVALID_ARGUMENT, or UNIMPLEMENTED for a dtype that JSON lacks, if they do not fit the signature.
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
    """Of a name that comes twice in a row, the first value counts."""
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
    """Nothing is wrong with its JSON, but it has more axes than an array may have, or an integer larger than any float."""
    return invalid(f"tensor parsing error: {name}")


def _array(value, dtype):
    """The array of a value, or None if it makes none."""
    shape, elements = [], [value]
    while elements and set(map(type, elements)) == {list}:
        sizes = set(map(len, elements))
        if len(sizes) > 1 or len(shape) == MAX_RANK:
            return None
        shape.append(*sizes)
        elements = list(chain.from_iterable(elements))
    array = KINDS[dtype].array(elements) if dtype in KINDS else None
    return None if array is None else array.reshape(shape)
