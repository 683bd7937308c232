"""Files that are whole at any moment, and places that can be written to."""

import contextlib
import json
import os
import pathlib
import re
import shutil
import uuid

_TEMPORARY = re.compile(r"\.[0-9a-f]{32}(\..*)?")


def replace_whole(path, write):
    """Has `write` fill a file beside `path` and renames it into its place: a reader never meets half of it."""
    path = pathlib.Path(path)
    temporary = temporary_beside(path)
    with telling_why(path):
        try:
            write(temporary)
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)


def temporary_beside(path):
    """A new hidden name in the directory of `path`, with its ending, that `sweep` knows."""
    return path.with_name(f".{uuid.uuid4().hex}{path.suffix}")


def sweep(directory):
    """Removes what writes left behind that were killed."""
    for path in directory.iterdir() if directory.is_dir() else ():
        if _TEMPORARY.fullmatch(path.name):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


@contextlib.contextmanager
def telling_why(path, needed=None):
    """Has an `OSError` of writing tell the path and the room on its disk, as of a full or a read-only one.

    Args:
        path: What is written.
        needed: About how many bytes it takes; None if that is not known.
    """
    try:
        yield
    except OSError as error:
        if error.errno is None:
            raise
        room = f"{free_bytes(path):,} bytes are free" + (f", about {needed:,} are needed" if needed else "")
        raise OSError(error.errno, f"{path} was not written: {error.strerror or error}; {room}.") from error


def free_bytes(path):
    """Bytes that can still be written to the disk of a path, which need not exist."""
    while not path.exists():
        path = path.parent
    return shutil.disk_usage(path).free


def check_writable(directory):
    """Makes a directory and raises `OSError` unless files can be written to it."""
    with telling_why(directory):
        directory.mkdir(parents=True, exist_ok=True)
        probe = temporary_beside(directory / "probe")
        try:
            probe.write_bytes(b"\0")
        finally:
            probe.unlink(missing_ok=True)


def check_parent(path):
    """Raises unless a file can be written at `path` as far as directories go."""
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a directory. Expected the name of a file to write.")
    check_in_directory(path)


def check_in_directory(path):
    """Raises unless `path` lies in a directory that exists."""
    if not path.parent.is_dir():
        raise FileNotFoundError(f"There is no directory {path.parent}. Expected an existing one for {path.name}.")


def read_json(path):
    return json.loads(path.read_text(encoding="utf-8"))


def write_json(path, value):
    """Writes JSON beside `path` and renames it into its place."""
    text = json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    replace_whole(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))
