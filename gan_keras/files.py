"""Files that are whole at any moment."""

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
