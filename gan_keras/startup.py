"""The start of a process: TensorFlow is imported late, and without its log.

TensorFlow takes seconds to import and writes lines to standard error before Python can configure its log. Nothing here imports it
at the top, so that the command line answers `--help`, lists and refusals at once.
"""

import contextlib
import gc
import importlib
import os
import pathlib
import re
import socket
import sys
import tempfile

VERSION = "0.1.0"

LOG_LEVEL = "TF_CPP_MIN_LOG_LEVEL"
"""Environment variable of TensorFlow's C++ log: 0 shows all of it, 3 none. What a user has set is left alone."""

_LOG_LINE = re.compile(rb"[IWE]\d{4} |\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+: [IWE] ")
_UNMARKED = (b"WARNING: All log messages before absl::InitializeLog()", b"To enable the following instructions:")


def is_command():
    """Returns whether this process is the command line, `gan-keras` or `python -m gan_keras`."""
    if sys.argv[:1] == ["-m"]:  # Python imports the package before it runs one of its modules
        modules = sys.orig_argv[sys.orig_argv.index("-m") + 1 :][:1] if "-m" in sys.orig_argv else []
        return modules == ["gan_keras"]
    return bool(sys.argv) and pathlib.Path(sys.argv[0]).name in ("gan-keras", "gan-keras.exe", "gan-keras-script.py")


@contextlib.contextmanager
def without_collection():
    """Pauses garbage collection during imports, which create much and leave nothing to collect: a tenth of their time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def import_keras():
    """Imports TensorFlow and Keras and lists the devices, without the log lines that this writes to standard error.

    Raises:
        ImportError: If Keras has another backend.
    """
    with without_collection(), without_log():
        import keras
        import tensorflow as tf

        tf.config.list_physical_devices()
    if keras.backend.backend() != "tensorflow":
        raise ImportError(
            f"KERAS_BACKEND is {keras.backend.backend()!r}. gan_keras needs 'tensorflow' (GradientTape, SavedModel): "
            "set the environment variable KERAS_BACKEND=tensorflow."
        )


@contextlib.contextmanager
def without_log():
    """Context in which TensorFlow is loaded without the lines that it logs before it reads a level.

    Standard error is held at the descriptor, where C++ writes. What is not TensorFlow's log is given out at the end, and all of
    it after an exception. A user who sets `TF_CPP_MIN_LOG_LEVEL` below 3, as `gan-keras --verbose` does, gets everything at once.
    """
    if os.environ.setdefault(LOG_LEVEL, "3") != "3":
        yield
        return
    with contextlib.ExitStack() as stack:
        try:
            kept = os.dup(2)
        except OSError:  # closed, as in a Windows program without a console: nothing to hold
            yield
            return
        stack.callback(os.close, kept)
        held = stack.enter_context(tempfile.TemporaryFile())
        os.dup2(held.fileno(), 2)
        is_shown = _is_no_log_line
        try:
            yield
        except BaseException:
            is_shown = bool
            raise
        finally:
            os.dup2(kept, 2)
            held.seek(0)
            for line in filter(is_shown, held):
                os.write(2, line)


def _is_no_log_line(line):
    return not _LOG_LINE.match(line) and not line.startswith(_UNMARKED)


def listener(api, host, port):
    """Returns a socket that listens at `host:port`; port 0 takes a free one.

    Raises:
        OSError: If it is not available.
    """
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=128)
    except OSError as error:
        reason = error.strerror.partition(" (while")[0]
        message = f"{api} cannot listen at {host}:{port}: {reason}. Expected an address of this machine and a free port."
        raise OSError(message) from error


def late(package, homes):
    """Returns a package's `__getattr__` and `__dir__`, which import its public names at their first use and list them.

    Args:
        package: Name of the package.
        homes: Dictionary from public names to dotted paths, such as `{"Run": "gan_keras.runs.files.Run"}`.
    """

    def find(name):
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module, _, attribute = homes[name].rpartition(".")
        return getattr(importlib.import_module(module), attribute)

    return find, lambda: sys.modules[package].__all__
