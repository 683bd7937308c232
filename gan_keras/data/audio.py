"""`load_audio`: sounds by the name of a data set, from a folder of WAV files, or from arrays in a `.npz` file."""

import pathlib
import zipfile

import numpy as np

from gan_keras.data.audio_arrays import sounds_from_arrays
from gan_keras.data.audio_folders import read_wav_folder
from gan_keras.data.corpus import check_is_file
from gan_keras.data.tones import load_tones

AUDIO_DATASETS = {"tones": "2,000 harmonic tones of four timbres at two pitches, 1.024 s at 4,000 Hz"}

_KEYS = {"train": (("x_train", "y_train"), ("audio", "labels")), "test": (("x_test", "y_test"),)}
_NAME_KEYS = ("label_names", "class_names")


def load_audio(name_or_path, length=None, part="train"):
    """Loads sounds by name or from a path.

    Args:
        name_or_path: A name in `AUDIO_DATASETS`; a folder of WAV files (see `read_wav_folder`); or a `.npz` file with a number
            `sample_rate` and arrays `audio` and maybe `labels`, or `x_train` and maybe `y_train`, and maybe `label_names` (see
            `sounds_from_arrays`). Write `./tones` for a folder named like a data set.
        length: Samples that each sound is cut or padded with silence to, at its end; `None` keeps their length, of files that
            of the longest.
        part: `"train"`, or `"test"` for a file with `x_test`.

    Returns:
        `Sounds`.

    Raises:
        FileNotFoundError: Neither a name nor a file nor a folder.
        ValueError: Sounds or labels that do not fit together, or arguments out of their range.
    """
    if part not in _KEYS or length is not None and length < 1:
        raise ValueError(f"Got length={length!r}, part={part!r}. Expected length >= 1, and part 'train' or 'test'.")
    is_name, path = str(name_or_path) in AUDIO_DATASETS, pathlib.Path(name_or_path)
    if not is_name and not path.is_dir():
        check_is_file(name_or_path, hint=f"Audio data sets: {', '.join(AUDIO_DATASETS)}.")
        return _read_npz(path, length, part)
    if part == "test":
        raise ValueError(f"{name_or_path} has no part 'test'. Expected part='train': hold sounds out by `split_sounds`.")
    return load_tones(length=length) if is_name else read_wav_folder(path, length)


def load_test_audio(name_or_path, length=None):
    """The part that a set keeps for tests, where it has one, else all of it; see `load_audio`."""
    path = pathlib.Path(name_or_path)
    has_part = str(name_or_path) not in AUDIO_DATASETS and path.is_file() and "x_test" in arrays_of(path)
    return load_audio(name_or_path, length, "test" if has_part else "train")


def _read_npz(path, length, part):
    arrays = arrays_of(path)
    pairs = [pair for pair in _KEYS[part] if pair[0] in arrays]
    if not pairs or "sample_rate" not in arrays:
        expected = " or ".join(pair[0] for pair in _KEYS[part])
        raise ValueError(
            f"{path} holds the arrays {sorted(arrays)}. Expected {expected} for part={part!r}, and a number sample_rate, in Hz."
        )
    samples, labels = (array_of(path, arrays, key) for key in pairs[0])
    rate = np.ravel(array_of(path, arrays, "sample_rate"))
    if rate.size != 1 or rate.dtype.kind not in "iu":
        raise ValueError(f"{path}: sample_rate is {rate.tolist()}. Expected one whole number, in Hz, such as 16000.")
    names = next((array_of(path, arrays, key) for key in _NAME_KEYS if key in arrays), None)
    names = None if names is None else [str(name) for name in np.atleast_1d(names)]
    return sounds_from_arrays(path.name, samples, int(rate[0]), labels, names, length)


def arrays_of(path):
    """The arrays of a `.npz` file by name, each read only when it is asked for."""
    if path.suffix.lower() == ".wav":
        raise ValueError(f"{path} is one sound. Expected a folder of WAV files, or a .npz file.")
    try:
        arrays = np.load(path, allow_pickle=False)
    except (ValueError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path} cannot be read as arrays. Expected a .npz file, or a folder of WAV files.") from error
    if not isinstance(arrays, np.lib.npyio.NpzFile):
        raise ValueError(
            f"{path} holds one array without a name. Expected a .npz file: `np.savez(path, audio=array, sample_rate=8000)`."
        )
    return arrays


def array_of(path, arrays, key):
    """One array of a file; None if it has none of that name."""
    try:
        return arrays.get(key)
    except (ValueError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(
            f"The array {key!r} of {path} cannot be read ({error}). Expected numbers in an array of one shape: sounds of "
            "several lengths go into a folder of WAV files, or end in zeros."
        ) from error
