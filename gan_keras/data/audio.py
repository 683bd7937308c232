"""`load_audio`: sounds by the name of a data set, from a folder of WAV files, or from arrays in a `.npz` file."""

import pathlib

import numpy as np

from gan_keras.data.array_files import PARTS, TEST_KEYS, ArrayFile, Hints
from gan_keras.data.audio_arrays import sounds_from_arrays
from gan_keras.data.audio_folders import read_wav_folder
from gan_keras.data.corpus import check_is_file
from gan_keras.data.tones import load_tones

AUDIO_DATASETS = {"tones": "2,000 harmonic tones of four timbres at two pitches, 1.024 s at 4,000 Hz"}

_HINTS = Hints(
    "a folder of WAV files",
    "audio=array, sample_rate=8000",
    "sounds of several lengths go into a folder of WAV files, or end in zeros",
)
_KEYS = {"train": (("x_train", "y_train"), ("audio", "labels")), "test": TEST_KEYS}


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
    if part not in PARTS or length is not None and length < 1:
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
    has_part = str(name_or_path) not in AUDIO_DATASETS and path.is_file() and _open(path).has_test
    return load_audio(name_or_path, length, "test" if has_part else "train")


def _read_npz(path, length, part):
    file = _open(path)
    expected = f"for part={part!r}, and a number sample_rate, in Hz"
    samples, labels = file.labelled(_KEYS[part], expected, needed=("sample_rate",))
    rate = np.ravel(file.array("sample_rate"))
    if rate.size != 1 or rate.dtype.kind not in "iu":
        raise ValueError(f"{path}: sample_rate is {rate.tolist()}. Expected one whole number, in Hz, such as 16000.")
    return sounds_from_arrays(path.name, samples, int(rate[0]), labels, file.label_names, length)


def _open(path):
    if path.suffix.lower() == ".wav":
        raise ValueError(f"{path} is one sound. Expected a folder of WAV files, or a .npz file.")
    return ArrayFile(path, _HINTS)
