"""Checkpoints on disk: directories that appear complete or not at all, with checksums to detect damage.

`epoch_000003_batch_00000012/` was written after three complete epochs and twelve batches of the fourth. It holds
`model.keras`, `state.json`, `arrays.npz` (the arrays of the state) and `SHA256SUMS`, which `sha256sum --check` reads too.
"""

import hashlib
import json
import os
import pathlib
import re
import shutil

import keras
import numpy as np

from gan_keras.media.safe_files import explained_write_errors, temporary_path

MODEL, STATE, ARRAYS, SUMS = "model.keras", "state.json", "arrays.npz", "SHA256SUMS"
_MARK = "__array__"
_NAME = re.compile(r"epoch_\d{6}_batch_\d{8}")


def write(directory, gan, state, keep):
    """Writes a checkpoint to a temporary directory, syncs and renames it, then removes all but the last `keep` checkpoints.

    Checkpoints of later positions are removed too: they belong to a training that was abandoned. If the disk is full or
    read-only, an `OSError` is raised and existing checkpoints are unchanged.

    Args:
        directory: Path of the directory that holds all checkpoints.
        gan: A compiled `GAN`.
        state: Dictionary of JSON values and NumPy arrays, with `epoch` and `batch`.
        keep: Number of checkpoints to keep, >= 1.
    """
    path = directory / f"epoch_{state['epoch']:06d}_batch_{state['batch']:08d}"
    temporary = temporary_path(path)
    with explained_write_errors(path, _size_of_newest(directory)):
        try:
            temporary.mkdir(parents=True)
            _write_files(temporary, gan, state)
            _rename(temporary, path)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    up_to_this = [each for each in names(directory) if each <= path.name]
    for name in set(names(directory)) - set(up_to_this[-keep:]):
        shutil.rmtree(directory / name)


def _write_files(path, gan, state):
    arrays = {}
    gan.save(path / MODEL)
    (path / STATE).write_text(json.dumps(_without_arrays(state, arrays)), encoding="utf-8")
    np.savez(path / ARRAYS, **arrays)
    (path / SUMS).write_text("".join(_checksums(path)), encoding="utf-8")
    for each in (*path.iterdir(), path):
        _sync(each)


def _rename(temporary, path):
    """Renames a directory; a damaged checkpoint at `path` is removed once the new one is in place."""
    replaced = temporary_path(path)
    if path.exists():
        path.rename(replaced)
    temporary.rename(path)
    _sync(path.parent)
    shutil.rmtree(replaced, ignore_errors=True)


def _sync(path):
    """Waits until a file or directory has reached the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def names(directory):
    """Returns the names of all checkpoints in a directory, damaged ones included, oldest first."""
    directory = pathlib.Path(directory)
    return sorted(each.name for each in directory.iterdir() if _NAME.fullmatch(each.name)) if directory.is_dir() else []


def _size_of_newest(directory):
    """Returns the bytes of the newest checkpoint, an estimate for the next one; None if there is none."""
    found = names(directory)
    return sum(each.stat().st_size for each in (directory / found[-1]).iterdir()) if found else None


def newest(directory, show):
    """Returns the path and the state of the newest undamaged checkpoint; `(None, None)` if there are no checkpoints.

    Calls `show` with a line about each damaged checkpoint, and raises `ValueError` if all of them are damaged.
    """
    found = [pathlib.Path(directory) / name for name in reversed(names(directory))]
    for path in found:
        if not (reason := _damage(path)):
            with np.load(path / ARRAYS) as arrays:
                return path, _with_arrays(json.loads((path / STATE).read_text(encoding="utf-8")), arrays)
        show(f"{path} is damaged ({reason}) and is not used.")
    if found:
        raise ValueError(
            f"All {len(found)} checkpoints in {directory} are damaged. Expected one to resume from: restore a copy, or start "
            "again in another directory."
        )
    return None, None


def _damage(path):
    """Returns what is wrong with a checkpoint, in a few words; empty if it is undamaged."""
    missing = [name for name in (MODEL, STATE, ARRAYS, SUMS) if not (path / name).is_file()]
    if missing:
        return f"{', '.join(missing)} missing"
    written, expected = (path / SUMS).read_bytes(), _checksums(path)
    wrong = [line.split()[1] for line in expected if line.encode() not in written]
    if wrong:
        return f"the checksum of {', '.join(wrong)} differs"
    return "" if written == "".join(expected).encode() else f"{SUMS} was changed"


def _checksums(path):
    """Returns one line per file, in the format of `sha256sum`."""
    lines = []
    for name in (MODEL, STATE, ARRAYS):
        with open(path / name, "rb") as file:
            lines.append(f"{hashlib.file_digest(file, 'sha256').hexdigest()}  {name}\n")
    return lines


def load_model(path, compile=True):
    """Returns the GAN of an undamaged checkpoint, compiled for training unless `compile` is False."""
    return keras.saving.load_model(path / MODEL, compile=compile)


def _without_arrays(value, arrays):
    """Returns `value` with each NumPy array moved into the dictionary `arrays` and replaced by a mark with its name there."""
    if isinstance(value, np.ndarray | np.generic):  # np.generic: a weight that is a single number
        name = f"array_{len(arrays)}"
        arrays[name] = value
        return {_MARK: name}
    if isinstance(value, dict):
        return {name: _without_arrays(each, arrays) for name, each in value.items()}
    return [_without_arrays(each, arrays) for each in value] if isinstance(value, list | tuple) else value


def _with_arrays(value, arrays):
    """Reverses `_without_arrays`."""
    if isinstance(value, dict):
        is_array = value.keys() == {_MARK}
        return arrays[value[_MARK]] if is_array else {name: _with_arrays(each, arrays) for name, each in value.items()}
    return [_with_arrays(each, arrays) for each in value] if isinstance(value, list) else value
