"""Atomic file writes, write checks that fail early, and JSON files."""

import contextlib
import json
import os
import pathlib
import re
import shutil
import uuid

from gan_keras.diagnosis.names import closest

_TEMPORARY = re.compile(r"\.[0-9a-f]{32}(\..*)?")


def replace_whole(path, write):
    """Calls `write` with a temporary path next to `path`, then renames that file to `path`: no reader sees half a file."""
    path = pathlib.Path(path)
    temporary = temporary_path(path)
    with explained_write_errors(path):
        try:
            write(temporary)
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)


def replace_folder(path, files):
    """Writes `files`, bytes by name, to a temporary folder, then renames it to `path`: no reader sees half of them."""
    path = pathlib.Path(path)
    temporary, old = temporary_path(path), temporary_path(path)
    with explained_write_errors(path):
        try:
            temporary.mkdir()
            for name, content in files.items():
                (temporary / name).write_bytes(content)
            if path.exists():
                os.replace(path, old)
            os.replace(temporary, path)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def temporary_path(path):
    """Returns a new hidden path next to `path`, with the same suffix, that `sweep` recognises."""
    return path.with_name(f".{uuid.uuid4().hex}{path.suffix}")


def sweep(directory):
    """Removes temporary files of interrupted writes."""
    for path in directory.iterdir() if directory.is_dir() else ():
        if _TEMPORARY.fullmatch(path.name):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


@contextlib.contextmanager
def explained_write_errors(path, needed=None):
    """Adds the path, the free disk space and the bytes `needed`, if known, to write errors."""
    try:
        yield
    except OSError as error:
        if error.errno is None:
            raise
        existing = next(each for each in (path, *path.parents) if each.exists())
        space = f"{shutil.disk_usage(existing).free:,} bytes are free" + (f", about {needed:,} are needed" if needed else "")
        raise OSError(error.errno, f"{path} was not written: {error.strerror or error}; {space}.") from error


def check_writable(directory):
    """Creates a directory and raises `OSError` unless files can be written to it."""
    with explained_write_errors(directory):
        directory.mkdir(parents=True, exist_ok=True)
        probe = temporary_path(directory / "probe")
        try:
            probe.write_bytes(b"\0")
        finally:
            probe.unlink(missing_ok=True)


def check_is_file(path, title="", datasets=()):
    """Raises unless `path` is a file. The message about a missing one suggests similar names of files and data sets.

    Args:
        path: See above.
        title: What the message calls the built-in data sets.
        datasets: Names of the built-in data sets that may be given instead of a path.
    """
    path = pathlib.Path(path)
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a directory. Expected a file: name one in it.")
    if not path.exists():
        names = [each.name for each in path.parent.glob("[!.]*")] if path.parent.is_dir() else []
        paths = {name: str(path.parent / name) for name in names}
        close = [paths.get(name, name) for name in closest(path.name, [*paths, *datasets])]
        hints = [f"Did you mean {', '.join(close)}?" if close else "", f"{title}: {', '.join(datasets)}." if datasets else ""]
        raise FileNotFoundError(" ".join([f"There is no file {path}.", *filter(None, hints)]))


def check_parent(path):
    """Raises unless `path` can name a file: it is not a directory, and its parent directory exists."""
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a directory. Expected the name of a file to write.")
    check_in_directory(path)


def check_in_directory(path):
    """Raises `FileNotFoundError` unless the parent directory of `path` exists."""
    if not path.parent.is_dir():
        raise FileNotFoundError(f"There is no directory {path.parent}. Expected an existing one for {path.name}.")


def read_json(path):
    """Returns the object in a JSON file; raises `ValueError`, with the path, if the file is damaged or holds anything else."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is damaged: {error}. Expected JSON.") from error
    if not isinstance(values, dict):
        raise ValueError(f"{path} holds a {type(values).__name__}. Expected a JSON object.")
    return values


def write_json(path, value):
    """Writes JSON atomically."""
    text = json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    replace_whole(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))
