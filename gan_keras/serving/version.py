"""A version of a model on the disk: found, read, told apart from the same version a moment later."""

import itertools
import pathlib
from typing import NamedTuple

from gan_keras.export.gate import read_meta_graph
from gan_keras.export.replay import ExportError
from gan_keras.export.warmup import read_warmup_requests
from gan_keras.serving.errors import Code, ServingError
from gan_keras.serving.request_checks import find_signature, with_defaults

MAX_NUMBER = 2**63 - 1  # the API's messages hold 64 bits
_KEYS = itertools.count(1)


class Version:
    """A version that is to be served.

    Args:
        name: Of the model.
        number: Of the version.
        directory: Holds `saved_model.pb`.

    Attributes:
        key: Workers run it by this number, which no other version ever has.
        signatures: A `SignatureDef` by name.

    Raises:
        ServingError: If there is no SavedModel for servers in the directory.
    """

    def __init__(self, name, number, directory):
        self.name, self.number, self.directory, self.key = name, number, pathlib.Path(directory), next(_KEYS)
        self.signatures = dict(_read_graph(self.directory).signature_def)

    def warm_up(self):
        """Pairs of feeds and fetches, a pair for each signature that the version's warm-up file has a request of."""
        for name, inputs in read_warmup_requests(self.directory).items():
            signature = find_signature(self.signatures, name)
            feeds = {signature.inputs[key].name: array for key, array in with_defaults(signature, inputs).items()}
            yield feeds, [tensor.name for tensor in signature.outputs.values()]


def _read_graph(directory):
    try:
        return read_meta_graph(directory)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ServingError(Code.NOT_FOUND, "There is no saved_model.pb in the version's directory.") from error
    except ExportError as error:
        raise ServingError(Code.DATA_LOSS, str(error)) from error


def versions_on_disk(base_path):
    """A directory by version number; None if `base_path` is not there.

    As in TensorFlow Serving, a child is a version if its name is a number: `3` and `0003` are the same one.
    """
    try:
        names = [path.name for path in pathlib.Path(base_path).iterdir() if path.is_dir()]
    except OSError:  # not there, no directory, not to be read, a loop of links: the other models are served
        return None
    found = {int(name): pathlib.Path(base_path, name) for name in sorted(names) if name.isascii() and name.isdecimal()}
    return {number: path for number, path in found.items() if number <= MAX_NUMBER}


def fingerprint(directory):
    """What changes when anything in a directory does: names, sizes and times of its files."""
    files = sorted(path for path in pathlib.Path(directory).rglob("*") if path.is_file())
    return [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in files]


# --- Where a version stands: what a server knows of it, and what its clients are told.


class VersionState(NamedTuple):
    """The state of a version.

    Args:
        number: Of the version.
        state: `START`, `LOADING`, `AVAILABLE`, `UNLOADING` or `END`.
        code: A `Code`: `OK`, or why it is not served.
        message: The same in words.
    """

    number: int
    state: str
    code: Code = Code.OK
    message: str = ""
