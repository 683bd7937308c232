"""`load_audio`: sounds by the name of a data set, from a folder of WAV files, or from arrays in a `.npz` file."""

import itertools
import pathlib

import numpy as np

from gan_keras.data.arrays import PARTS, TEST_KEYS, ArrayFile, Hints
from gan_keras.data.audio.readers import read_wav_folder, sounds_from_arrays
from gan_keras.data.audio.sounds import collect_sounds
from gan_keras.data.text.corpus import check_is_file
from gan_keras.media.sounds import LEVELS

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


# --- Harmonic tones of a few instruments and pitches: labelled sounds that need no recording.

SAMPLE_RATE, LENGTH = 4000, 4096
NUM = 2000

TIMBRES = {  # how loud the harmonics 1, 2, ... are, and seconds until a tone has faded by half
    "flute": ((1.0, 0.1, 0.02), 2.0),
    "clarinet": ((1.0, 0.0, 0.6, 0.0, 0.3, 0.0, 0.15), 2.0),
    "string": ((1.0, 0.7, 0.5, 0.35, 0.25, 0.18, 0.12), 0.4),
    "bell": ((1.0, 0.0, 0.0, 0.5, 0.0, 0.4), 0.12),
}
PITCHES = {"low": 110.0, "high": 220.0}  # Hz; a tone is up to half an octave above


def load_tones(num=NUM, seed=0, length=None):
    """Tones at 4,000 Hz, 1.024 s long: four timbres at two pitches are the eight labels, such as `flute low`.

    Within a label, pitch (over half an octave), loudness, beginning and duration differ from tone to tone.

    Args:
        num: Number of sounds, >= 2.
        seed: The same seed makes the same tones, int >= 0.
        length: Samples that each is cut or padded to; `None` for 4,096.

    Returns:
        `Sounds`.
    """
    random = np.random.default_rng(seed)
    kinds = list(itertools.product(TIMBRES, PITCHES))
    labels = np.arange(num) % len(kinds)
    tones = [tone(*kinds[label], random) for label in labels]
    names = [f"{timbre} {pitch}" for timbre, pitch in kinds]
    return collect_sounds("tones", tones, SAMPLE_RATE, length or LENGTH, (labels, names), {})


def tone(timbre, pitch, random):
    """One tone, int16 `(LENGTH,)`; silent before its beginning and after its end."""
    loudness, half_life = TIMBRES[timbre]
    frequency = PITCHES[pitch] * 2.0 ** random.uniform(0.0, 0.5)
    begin, duration = random.uniform(0.0, 0.1), random.uniform(0.5, 0.8)
    seconds = np.arange(LENGTH) / SAMPLE_RATE - begin
    harmonics = [
        amplitude * np.sin(2 * np.pi * (number * frequency * seconds + random.uniform()))
        for number, amplitude in enumerate(loudness, start=1)
        if number * frequency < SAMPLE_RATE / 2
    ]
    attack_and_end = np.clip(seconds / 0.02, 0.0, 1.0) * np.clip((duration - seconds) / 0.05, 0.0, 1.0)
    wave = sum(harmonics) * attack_and_end * 0.5 ** (seconds / half_life)
    return np.round(wave / np.abs(wave).max() * random.uniform(0.2, 1.0) * LEVELS).astype(np.int16)
