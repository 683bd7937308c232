"""A version of a model: its directory, its signatures, and what a request has to provide for them.

The checks of a request and their messages are TensorFlow Serving's (`servables/tensorflow/predict_util.cc`, and
`GetInputValues` of TensorFlow's `cc/saved_model/util.cc`).
"""

import itertools
import pathlib

import tensorflow as tf

from gan_keras.export.gate import read_meta_graph
from gan_keras.export.replay import ExportError
from gan_keras.export.warmup import read_warmup_requests
from gan_keras.serving.errors import Code, ServingError

DEFAULT_SIGNATURE = "serving_default"
MAX_NUMBER = 2**63 - 1  # the API's messages hold 64 bits
_KEYS = itertools.count(1)


class Version:
    """A version to be served.

    Args:
        name: The model's name.
        number: The version's number.
        directory: Holds `saved_model.pb`.

    Attributes:
        key: Identifies the version to workers; never used twice.
        signatures: A `SignatureDef` by name.

    Raises:
        ServingError: If the directory holds no SavedModel for servers, only a part of it, or what is no file: reading a pipe
            would wait for its writer.
    """

    def __init__(self, name, number, directory):
        self.name, self.number, self.directory, self.key = name, number, pathlib.Path(directory), next(_KEYS)
        self.signatures = dict(_read_graph(self.directory).signature_def)

    def warm_up(self):
        """Yields a pair of feeds and fetches for each request of the version's warm-up file."""
        for name, inputs in read_warmup_requests(self.directory).items():
            signature = find_signature(self.signatures, name)
            feeds = {signature.inputs[key].name: array for key, array in with_defaults(signature, inputs).items()}
            yield feeds, [tensor.name for tensor in signature.outputs.values()]


def _read_graph(directory):
    try:
        for path in directory.rglob("*"):
            if not path.is_dir() and not path.is_file():
                raise ServingError(Code.DATA_LOSS, f"{path.relative_to(directory)} is no regular file.")
        graph = read_meta_graph(directory)
        has_variables = any(node.op in ("VarHandleOp", "VariableV2") for node in graph.graph_def.node)
        if has_variables and not (directory / "variables" / "variables.index").is_file():
            raise ServingError(Code.DATA_LOSS, "There is no variables/variables.index, and the graph has variables.")
        return graph
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ServingError(Code.NOT_FOUND, "There is no saved_model.pb in the version's directory.") from error
    except ExportError as error:
        raise ServingError(Code.DATA_LOSS, str(error)) from error


def versions_on_disk(base_path):
    """Returns the directories of a model's versions by number; None if `base_path` cannot be read.

    As in TensorFlow Serving, a child is a version if its name is a number: `3` and `0003` are the same version.
    """
    try:
        names = [path.name for path in pathlib.Path(base_path).iterdir() if path.is_dir()]
    except OSError:  # missing, not a directory, not readable, a loop of links: the other models are served
        return None
    found = {int(name): pathlib.Path(base_path, name) for name in sorted(names) if name.isascii() and name.isdecimal()}
    return {number: path for number, path in found.items() if number <= MAX_NUMBER}


def fingerprint(directory):
    """Returns names, sizes and times of all files in a directory, to detect changes; None if files vanish meanwhile."""
    try:
        files = sorted(path for path in pathlib.Path(directory).rglob("*") if path.is_file())
        return [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in files]
    except OSError:
        return None


def find_signature(signatures, name):
    """Returns a signature by name, "" for `serving_default`; raises `ServingError` FAILED_PRECONDITION if unknown."""
    name = name or DEFAULT_SIGNATURE
    if name not in signatures:
        raise ServingError(Code.FAILED_PRECONDITION, f'Serving signature key "{name}" not found.')
    return signatures[name]


def with_defaults(signature, inputs):
    """Returns the inputs by name, completed by the signature's default values.

    Raises:
        ServingError: INVALID_ARGUMENT if an input is missing or unknown.
    """
    sent, expected, defaults = set(inputs), set(signature.inputs), set(signature.defaults)
    if len(sent) > len(expected) or (len(sent) < len(expected) and not defaults):
        message = f"input size does not match signature: {len(sent)}!={len(expected)} len({_listed(sent)}) != "
        message += f"len({_listed(expected)}). Sent extra: {_listed(sent - expected)}. "
        raise ServingError(Code.INVALID_ARGUMENT, message + f"Missing but required: {_listed(expected - sent)}.")
    for name in sorted(expected - sent - defaults):
        message = f"Signature input alias: {name}(feed name: {signature.inputs[name].name}) not found in request and no "
        message += f"default value provided. Inputs expected to be in the request {_listed(sent)}, or default input alias "
        raise ServingError(Code.INVALID_ARGUMENT, message + f"set: {','.join(sorted(defaults))}")
    if sent - expected:  # a look-up of an unknown name would add it to the signature
        used, listed = (",".join(sorted(names)) for names in (sent & expected, sent))
        message = f"Inputs contains invalid name. Used request inputs: {used}, request input: {listed}"
        raise ServingError(Code.INVALID_ARGUMENT, message)
    return {**{name: tf.make_ndarray(signature.defaults[name]) for name in expected - sent}, **inputs}


def check_outputs(signature, names):
    """Returns the outputs to compute: the requested ones, or all if `names` is empty.

    Raises:
        ServingError: INVALID_ARGUMENT if a name is unknown or repeated.
    """
    for place, name in enumerate(names):
        if name not in signature.outputs:
            expected = _listed(signature.outputs)
            message = f"output tensor alias not found in signature: {name} Outputs expected to be in the set {expected}."
            raise ServingError(Code.INVALID_ARGUMENT, message)
        if name in names[:place]:
            raise ServingError(Code.INVALID_ARGUMENT, f"duplicate output tensor alias: {name}")
    return list(names) or sorted(signature.outputs)


def _listed(names):
    return "{" + ",".join(sorted(names)) + "}"
