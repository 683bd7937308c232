"""Files that are whole at any moment, and places that can be written to."""

import os
import pathlib
import uuid


def replace_whole(path, write):
    """Has `write` fill a file beside `path` and renames it into its place: a reader never meets half of it."""
    path = pathlib.Path(path)
    temporary = path.with_name(f".{uuid.uuid4().hex}{path.suffix}")
    try:
        write(temporary)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def check_parent(path):
    """Raises unless a file can be written at `path` as far as directories go."""
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a directory. Expected the name of a file to write.")
    check_in_directory(path)


def check_in_directory(path):
    """Raises unless `path` lies in a directory that exists."""
    if not path.parent.is_dir():
        raise FileNotFoundError(f"There is no directory {path.parent}. Expected an existing one for {path.name}.")
