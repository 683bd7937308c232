"""The models to serve and their versions: from a folder, or in TensorFlow Serving's configuration format.

Error messages are TensorFlow Serving's (`server_core.cc`, `server_request_logger.cc`) where it has one.
"""

import dataclasses
import os
import pathlib
import re
import time

from google.protobuf import text_format

from gan_keras.serving.errors import Code, ServingError
from gan_keras.serving.version import versions_on_disk

EXAMPLE = 'model_config_list { config { name: "digits" base_path: "/models/digits" model_platform: "tensorflow" } }'
PLATFORM = "tensorflow"
IMAGE_FOLDER = "/models"
"""Folder of the models in TensorFlow Serving's official image."""

LOOK_SECONDS = 30.0
"""Longest time between two looks at the children of a folder."""


@dataclasses.dataclass(frozen=True)
class Latest:
    """The `num_versions` versions with the highest numbers; TensorFlow Serving's default is 1."""

    num_versions: int = 1

    def pick(self, available):
        """Returns the numbers to serve among those available, highest first."""
        return sorted(available, reverse=True)[: self.num_versions]


@dataclasses.dataclass(frozen=True)
class All:
    """Every version."""

    def pick(self, available):
        return sorted(available, reverse=True)


@dataclasses.dataclass(frozen=True)
class Specific:
    """The versions with the given numbers, as for a rollback or next to a canary."""

    versions: tuple[int, ...]

    def pick(self, available):
        return sorted(set(self.versions).intersection(available), reverse=True)


@dataclasses.dataclass(frozen=True)
class ModelConfig:
    """A model to serve.

    Args:
        name: The name that clients use.
        base_path: Absolute path of the directory that holds its versions.
        policy: The versions to serve: `Latest`, `All` or `Specific`.
        labels: Version numbers by label (`"stable"`, `"canary"`).
    """

    name: str
    base_path: str
    policy: Latest | All | Specific = Latest()
    labels: dict[str, int] = dataclasses.field(default_factory=dict)


class _Fault(Exception):
    """An error in an entry; `index` is the entry's place in the list."""

    def __init__(self, index, message):
        super().__init__(message)
        self.index = index


def configs_of_folder(directory):
    """Returns a `ModelConfig` for each child of a directory that holds a version, sorted by name. Files are ignored.

    Raises:
        FileNotFoundError: If the directory is missing.
        ValueError: If it holds the versions of one model instead of models.
    """
    directory = pathlib.Path(directory).absolute()
    if not directory.is_dir():
        raise FileNotFoundError(f"{directory} is not a directory. Expected one that holds NAME/VERSION/saved_model.pb.")
    if versions_on_disk(directory):
        raise ValueError(f"{directory} holds the versions of one model. Expected the directory above: {directory.parent}.")
    children = sorted(child for child in directory.iterdir() if not child.name.startswith("."))
    return [ModelConfig(child.name, str(child)) for child in children if versions_on_disk(child)]


class FolderConfigs:
    """Calls `configs_of_folder` where the folder may have changed: not at every call if it holds thousands of children.

    A new child shows at once, as it changes the folder's time. A first version in an old child does not: children are looked at
    again after a hundred times as long as the last look took, and after `LOOK_SECONDS` at most.
    """

    def __init__(self, directory):
        self.directory, self.configs, self.seen, self.due = directory, None, None, 0.0

    def __call__(self):
        begin, seen = time.monotonic(), os.stat(self.directory).st_mtime_ns
        if self.configs is None or seen != self.seen or begin >= self.due:
            self.configs, self.seen = configs_of_folder(self.directory), seen
            end = time.monotonic()
            self.due = end + min(100.0 * (end - begin), LOOK_SECONDS)
        return self.configs


def read_model_config(path, folder=None):
    """Reads the `ModelConfig`s of a file in the format of TensorFlow Serving's `--model_config_file`.

    Args:
        path: Path of the file.
        folder: Replaces `/models`, the folder of the official image, so that one file works for both; relative base
            paths are relative to it. None changes nothing and refuses relative paths, as TensorFlow Serving does.

    Raises:
        ValueError: With the line, the fault and what is expected.
        OSError: If the file cannot be read.
    """
    try:
        text = pathlib.Path(path).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not text. Expected a ModelServerConfig in text form: {EXAMPLE}") from error
    try:
        message = text_format.Parse(text, _model_server_config())
    except text_format.ParseError as error:
        line = f", line {error.GetLine()}" if error.GetLine() else ""
        raise ValueError(f"{path}{line}: {str(error).rstrip('.')}. Expected a ModelServerConfig: {EXAMPLE}") from error
    if message.WhichOneof("config") != "model_config_list":
        raise ValueError(f"{path} has no model_config_list, the only kind of configuration. Expected {EXAMPLE}")
    if folder is not None:
        for entry in message.model_config_list.config:
            entry.base_path = _relocated(entry.base_path, folder)
    try:
        return _checked(message.model_config_list.config)
    except _Fault as fault:
        raise ValueError(f"{path}{_line_of(text, fault.index)}: {fault}. Expected entries like {EXAMPLE}") from fault


def _relocated(base_path, folder):
    path = pathlib.PurePosixPath(base_path)
    if path.is_relative_to(IMAGE_FOLDER):
        path = path.relative_to(IMAGE_FOLDER)
    elif path.is_absolute() or "://" in base_path:
        return base_path
    return str(pathlib.Path(folder).resolve() / path)


def from_proto(model_server_config):
    """Converts a `ModelServerConfig` message to `ModelConfig`s.

    Raises:
        ServingError: INVALID_ARGUMENT if it is not a valid list of models.
    """
    if model_server_config.WhichOneof("config") != "model_config_list":
        raise ServingError(
            Code.INVALID_ARGUMENT,
            "ServerModelConfig type not supported by HandleReloadConfigRequest. Only ModelConfigList is currently supported",
        )
    try:
        return _checked(model_server_config.model_config_list.config)
    except _Fault as fault:
        raise ServingError(Code.INVALID_ARGUMENT, str(fault)) from fault


def _model_server_config():
    try:
        from tensorflow_serving.config import model_server_config_pb2
    except ImportError as error:
        raise ImportError("tensorflow-serving-api is not installed. Install it: pip install 'gan_keras[serving]'.") from error
    return model_server_config_pb2.ModelServerConfig()


def _checked(entries):
    names = [entry.name for entry in entries]
    for index, entry in enumerate(entries):
        if not entry.name:
            raise _Fault(index, "Model has no name")
        if entry.name in names[:index]:
            raise _Fault(index, f"Illegal to list model {entry.name} multiple times in config list")
        if message := _fault_of(entry):
            raise _Fault(index, message)
    return [ModelConfig(entry.name, entry.base_path, _policy(entry), dict(entry.version_labels)) for entry in entries]


def _fault_of(entry):
    """Returns what is wrong with an entry; None if nothing is."""
    if re.match(r"[A-Za-z][A-Za-z0-9.]*://", entry.base_path):
        return f"Model {entry.name} has the base_path {entry.base_path}, but this server reads the local disk only"
    if not os.path.isabs(entry.base_path):
        return f"Expected model {entry.name} to have an absolute path or URI; got base_path()={entry.base_path}"
    # `model_type` is the deprecated form of `model_platform`: 1 stands for "tensorflow".
    if bool(entry.model_type) == bool(entry.model_platform):
        both, joined = ("both", "and") if entry.model_type else ("neither", "nor")
        return (
            f"Illegal setting {both} ModelServerConfig::model_type (deprecated) {joined} "
            f"ModelServerConfig::model_platform, model name is {entry.name}"
        )
    if entry.model_type > 1:
        return f"ModelServerConfig::model_type choice {entry.model_type} not supported."
    if entry.model_platform not in ("", PLATFORM):
        return f"Model {entry.name} requests unsupported platform {entry.model_platform}"
    if entry.HasField("logging_config"):
        return "No request-logger-creator provided."
    if entry.model_version_policy.HasField("specific") and not entry.model_version_policy.specific.versions:
        return f"Model {entry.name} asks for specific versions and names none"
    return None


def _policy(entry):
    policy = entry.model_version_policy
    kind = policy.WhichOneof("policy_choice")
    if kind == "all":
        return All()
    if kind == "specific":
        return Specific(tuple(policy.specific.versions))
    return Latest(max(policy.latest.num_versions, 1))


_COMMENT_OR_STRING = re.compile(r"""#[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""")
_ENTRY = re.compile(r"\bconfig\s*:?\s*[{<]")


def _line_of(text, index):
    """Returns `, line N` for the line of an entry; an empty string if the entries have the rare form `config: [...]`."""
    bare = _COMMENT_OR_STRING.sub(lambda match: " " * len(match[0]), text)
    starts = [match.start() for match in _ENTRY.finditer(bare)]
    return f", line {text.count(chr(10), 0, starts[index]) + 1}" if index < len(starts) else ""
