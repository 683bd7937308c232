"""Runs a SavedModel in a child process, so that a crash there is only an error here."""

import dataclasses
import importlib.util
import os
import pathlib
import subprocess
import sys
import tempfile

from gan_keras.export import loader

TIMEOUT_SECONDS = 600


class ExportError(RuntimeError):
    """A model that TensorFlow Serving would refuse or serve with different results."""


@dataclasses.dataclass(frozen=True)
class Call:
    """One run of the graph: `feeds` holds an array by tensor name, `fetches` tensor names; `name` is for messages."""

    name: str
    feeds: dict
    fetches: list


@dataclasses.dataclass(frozen=True)
class Reply:
    """The child's answer.

    Args:
        loader: Description of the loader.
        load_seconds: Time to load.
        outputs: For each call the list of its arrays, or None if it failed.
        errors: TensorFlow's `(code, message)` by the number of the failed call.
    """

    loader: str
    load_seconds: float
    outputs: list
    errors: dict


def replay(directory, calls):
    """Loads a SavedModel in a child process and runs calls there, in order.

    The child uses TensorFlow's C++ loader, the one in TensorFlow Serving, with TensorFlow Text's ops if installed.
    If TensorFlow comes without it, the child uses a Python session and the reply's `loader` says so.

    Args:
        directory: Holds `saved_model.pb`.
        calls: List of `Call`.

    Returns:
        A `Reply`.

    Raises:
        ExportError: If the model does not load, or the child crashes or takes over 10 minutes.
    """
    with tempfile.TemporaryDirectory() as folder:
        request_path, reply_path = os.path.join(folder, "request.npz"), os.path.join(folder, "reply.npz")
        plan = {
            "directory": os.path.abspath(directory),
            "op_libraries": text_op_libraries(),
            "calls": [{"name": call.name, "feeds": list(call.feeds), "fetches": call.fetches} for call in calls],
        }
        feeds = {f"{number}/{name}": array for number, call in enumerate(calls) for name, array in call.feeds.items()}
        loader.write_tensors(request_path, plan, feeds)
        _run([sys.executable, "-P", loader.__file__, request_path, reply_path])
        plan, tensors = loader.read_tensors(reply_path)
    if "load_error" in plan:
        raise ExportError(f"{directory!r} does not load in {plan['loader']}: {_one_line(plan['load_error'])}")
    errors = {int(number): tuple(error) for number, error in plan["errors"].items()}
    outputs = [
        None if number in errors else [tensors[f"{number}/{name}"] for name in call.fetches] for number, call in enumerate(calls)
    ]
    return Reply(plan["loader"], plan["load_seconds"], outputs, errors)


def text_op_libraries():
    """Returns the paths of TensorFlow Text's op libraries, which TensorFlow Serving links; empty if not installed."""
    package = importlib.util.find_spec("tensorflow_text")
    if package is None:
        return []
    return sorted(map(str, pathlib.Path(package.submodule_search_locations[0], "python", "ops").glob("_*.so")))


def _run(command):
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "2"}
    try:
        child = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise ExportError(f"The exported model took over {TIMEOUT_SECONDS} s. Expected loops that terminate.") from error
    if child.returncode:
        place = (child.stdout.splitlines() or ["the load"])[-1]
        raise ExportError(
            f"The process that ran the exported model ended with status {child.returncode} in {place}; a server would "
            f"crash there too. End of its log: {_one_line(child.stderr[-500:])}"
        )


def _one_line(text):
    return " ".join(text.split())
