"""The examples of a classify or regress request: JSON objects to serialized `tf.train.Example`s.

The rules and the messages are those of TensorFlow Serving's `json_tensor.cc`: a feature is a value or a list of values, all
of them texts or bytes, floats (with point or exponent), or integers and booleans.
"""

import numpy as np
from tensorflow.core.example import example_pb2, feature_pb2

from gan_keras.serving.rest.json_errors import excerpt, invalid, type_name
from gan_keras.serving.rest.json_out import to_bytes
from gan_keras.serving.rest.json_values import Members, decoded, is_base64

_LISTS = {"bytes": "bytes_list", "float": "float_list", "int64": "int64_list"}


def read_examples(document):
    """The serialized examples of a request, each with the features of `context`, if there is one, in front.

    Args:
        document: The `Members` of the body.

    Raises:
        ServingError: INVALID_ARGUMENT if there are none, or they are no examples.
    """
    values = document.first_values()
    context = _example(values["context"]) if "context" in values else b""
    if "examples" not in values:
        raise _malformed(document, "When method is classify, key 'examples' is expected and was not found")
    if type(values["examples"]) is not list:
        raise _malformed(document, "Expecting 'examples' value to be an list/array")
    if not values["examples"]:
        raise _malformed(document, "'examples' value is an empty array")
    return [context + _example(value) for value in values["examples"]]


def _malformed(document, message):
    return invalid(f"JSON Value: {excerpt(document)} {message}")


def _example(value):
    if type(value) is not Members:
        raise invalid(f"Example must be JSON object but got JSON {type_name(value)}")
    example = example_pb2.Example()
    for name, content in value:  # of a name that comes twice the last one counts
        feature = _feature(name, content if type(content) is list else [content])
        try:
            example.features.feature[name].CopyFrom(feature)
        except UnicodeEncodeError:
            raise invalid("A feature has a name that is not UTF-8.") from None
    return example.SerializeToString()


def _feature(name, values):
    feature, first = feature_pb2.Feature(), None
    for value in values:
        kind = _kind(name, value)
        first = first or kind
        if kind != first:
            raise invalid(f"Unexpected element type in feature: {name} expecting type: {first}")
        getattr(feature, _LISTS[kind]).value.append(_element(name, value, kind))
    return feature


def _kind(name, value):
    if type(value) is str or is_base64(value):
        return "bytes"
    if type(value) is float or (type(value) is int and not -(2**63) <= value < 2**64):  # too large for RapidJSON's integers
        return "float"
    if type(value) in (int, bool):
        return "int64"
    raise invalid(f"Feature: {name} has element with unexpected JSON type: {type_name(value)}")


def _element(name, value, kind):
    if kind == "float":
        return _float32(value)
    if kind == "int64":
        if value >= 2**63:
            raise invalid(f"Feature: {name} has uint64_t element. Only int64_t is supported.")
        return int(value)
    value = to_bytes(value) if type(value) is str else decoded(value)
    if value is None:
        raise invalid("Unable to base64 decode")
    return value


def _float32(value):
    """The nearest float32; infinite beyond them."""
    try:
        with np.errstate(over="ignore"):
            return float(np.float32(value))
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")
