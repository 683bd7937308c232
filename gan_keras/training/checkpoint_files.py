"""Checkpoints on disk: directories that are whole or not there, with checksums by which a damaged one is told.

`epoch_000003_batch_00000012/` was written after three whole epochs and twelve batches of the fourth. It holds `model.keras`,
`state.json`, `arrays.npz` (what the state has in arrays) and `SHA256SUMS`, which `sha256sum --check` reads too.
"""

import hashlib
import json
import os
import pathlib
import re
import shutil

import keras
import numpy as np

from gan_keras.media.safe_files import telling_why, temporary_beside

MODEL, STATE, ARRAYS, SUMS = "model.keras", "state.json", "arrays.npz", "SHA256SUMS"
_MARK = "__array__"
_NAME = re.compile(r"epoch_\d{6}_batch_\d{8}")


def write(directory, gan, state, keep):
    """Writes a checkpoint beside its place, to the disk, and renames it into it; then removes older ones.

    Args:
        directory: Where checkpoints lie, a path.
        gan: A compiled `GAN`.
        state: Dictionary with `epoch` and `batch`, of what JSON holds and NumPy arrays.
        keep: How many checkpoints stay, >= 1. Those of a later position go: the training took another way from here.

    Raises:
        OSError: If the disk is full or read-only; all checkpoints are as they were then.
    """
    path = directory / f"epoch_{state['epoch']:06d}_batch_{state['batch']:08d}"
    temporary = temporary_beside(path)
    with telling_why(path, size_of_newest(directory)):
        try:
            temporary.mkdir(parents=True)
            fill(temporary, gan, state)
            put_in_place(temporary, path)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    up_to_this = [each for each in names(directory) if each <= path.name]
    for name in set(names(directory)) - set(up_to_this[-keep:]):
        shutil.rmtree(directory / name)


def fill(path, gan, state):
    arrays = {}
    gan.save(path / MODEL)
    (path / STATE).write_text(json.dumps(without_arrays(state, arrays)), encoding="utf-8")
    np.savez(path / ARRAYS, **arrays)
    (path / SUMS).write_text("".join(sums(path)), encoding="utf-8")
    for each in (*path.iterdir(), path):
        sync(each)


def put_in_place(temporary, path):
    """Renames a directory; what was there, a damaged checkpoint, goes when the new one is in its place."""
    replaced = temporary_beside(path)
    if path.exists():
        path.rename(replaced)
    temporary.rename(path)
    sync(path.parent)
    shutil.rmtree(replaced, ignore_errors=True)


def sync(path):
    """Waits until a file or directory is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def names(directory):
    """Names of the checkpoints in a directory, the oldest first, damaged ones too."""
    directory = pathlib.Path(directory)
    return sorted(each.name for each in directory.iterdir() if _NAME.fullmatch(each.name)) if directory.is_dir() else []


def size_of_newest(directory):
    """Bytes of the newest checkpoint: about what the next one takes; None if there is none."""
    found = names(directory)
    return sum(each.stat().st_size for each in (directory / found[-1]).iterdir()) if found else None


def newest(directory, show):
    """The newest whole checkpoint and its state; `(None, None)` where there is none at all.

    Args:
        directory: Where checkpoints lie.
        show: Called with a line about every damaged one that is passed over.

    Raises:
        ValueError: If there are checkpoints and all of them are damaged.
    """
    found = [pathlib.Path(directory) / name for name in reversed(names(directory))]
    for path in found:
        if not (what := damage(path)):
            return path, read_state(path)
        show(f"{path} is damaged ({what}) and is not used.")
    if found:
        raise ValueError(
            f"None of the {len(found)} checkpoints in {directory} is whole. Expected one to go on from: "
            "put back a copy, or train anew in another directory."
        )
    return None, None


def damage(path):
    """What is wrong with a checkpoint, in a few words; empty if it is whole."""
    missing = [name for name in (MODEL, STATE, ARRAYS, SUMS) if not (path / name).is_file()]
    if missing:
        return f"{', '.join(missing)} missing"
    written, expected = (path / SUMS).read_bytes(), sums(path)
    wrong = [line.split()[1] for line in expected if line.encode() not in written]
    if wrong:
        return f"the checksum of {', '.join(wrong)} differs"
    return "" if written == "".join(expected).encode() else f"{SUMS} was changed"


def sums(path):
    """A line for each file, as `sha256sum` writes them."""
    return [f"{digest(path / name)}  {name}\n" for name in (MODEL, STATE, ARRAYS)]


def digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_state(path):
    """The state of a whole checkpoint."""
    with np.load(path / ARRAYS) as arrays:
        return with_arrays(json.loads((path / STATE).read_text(encoding="utf-8")), arrays)


def load_model(path, compile=True):
    """Returns the GAN of a whole checkpoint, compiled for training unless `compile` is False."""
    return keras.saving.load_model(path / MODEL, compile=compile)


def without_arrays(value, arrays):
    """`value` with every NumPy array in it replaced by a mark with a name, and put into `arrays` under that name."""
    if isinstance(value, np.ndarray | np.generic):  # a weight that is a single number comes as the latter
        name = f"array_{len(arrays)}"
        arrays[name] = value
        return {_MARK: name}
    if isinstance(value, dict):
        return {name: without_arrays(each, arrays) for name, each in value.items()}
    return [without_arrays(each, arrays) for each in value] if isinstance(value, list | tuple) else value


def with_arrays(value, arrays):
    """The inverse of `without_arrays`."""
    if isinstance(value, dict):
        is_array = value.keys() == {_MARK}
        return arrays[value[_MARK]] if is_array else {name: with_arrays(each, arrays) for name, each in value.items()}
    return [with_arrays(each, arrays) for each in value] if isinstance(value, list) else value
