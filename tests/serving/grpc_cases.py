"""Format of the cases for the gRPC API: requests and answers in protobuf's text format.

Each has its source: words in a file of TensorFlow Serving below `tensorflow_serving/`, or of TensorFlow, which begins with
`tensorflow/`. The models are those of `fixture_models.py`.
"""

from typing import NamedTuple


class Error(NamedTuple):
    """Code name and message of a refusal."""

    code: str
    message: str
    is_beginning: bool = False


class Case(NamedTuple):
    """A request of a method, and its answer: the text of the response, or an `Error`."""

    name: str
    request: str
    expected: str | Error
    source: str
    method: str = "Predict"


def spec(name, signature="", version=None, label=None):
    text = f'name: "{name}" '
    text += f'signature_name: "{signature}" ' if signature else ""
    text += f"version {{ value: {version} }} " if version is not None else ""
    text += f'version_label: "{label}" ' if label is not None else ""
    return f"model_spec {{ {text}}}\n"


def tensor(key, dtype, shape, values, field="inputs"):
    dims = "".join(f"dim {{ size: {size} }} " for size in shape)
    return f'{field} {{ key: "{key}" value {{ dtype: {dtype} tensor_shape {{ {dims}}} {values} }} }}\n'


def floats(key, *values, field="inputs"):
    return tensor(key, "DT_FLOAT", [len(values)], "".join(f"float_val: {value} " for value in values), field)


def answer(*tensors, name="half", version=2, signature="serving_default"):
    return spec(name, signature, version) + "".join(tensors)


def invalid(message, is_beginning=False):
    return Error("INVALID_ARGUMENT", message, is_beginning)


def escaped(content):
    """Bytes as written in the text format."""
    return "".join(f"\\{byte:03o}" for byte in content)
