"""`load_audio`: sounds by the name of a data set, from audio files, or from arrays."""

import itertools
import pathlib

import numpy as np

from gan_keras import catalogue
from gan_keras.data.audio.readers import SUFFIXES, read_sounds, sounds_from_arrays, to_int16
from gan_keras.data.audio.sounds import collect_sounds
from gan_keras.data.files import PARTS, TEST_KEYS, ArrayFile, Hints, is_array_file, is_path, part_for_tests
from gan_keras.media.sounds import LEVELS

AUDIO_DATASETS = catalogue.DATASETS["audio"]

_HINTS = Hints(
    "a folder of audio files",
    "audio=array, sample_rate=8000",
    "sounds of several lengths go into a folder of audio files, or end in zeros",
)
_KEYS = {"train": (("x_train", "y_train"), ("audio", "labels")), "test": TEST_KEYS}


def load_audio(source, length=None, part="train", sample_rate=None, labels=None, label_names=None, channels=1):
    """Loads `Sounds` by name, from a path, or from arrays.

    Args:
        source: A name in `AUDIO_DATASETS`; a folder of audio files or a single one (see `read_sounds`); a `.npz` file with a
            number `sample_rate` and arrays `audio` and optionally `labels`, or `x_train` and optionally `y_train`, and
            optionally `label_names`; or an array or a list of arrays (see `sounds_from_arrays`). Write `./tones` for a folder
            named like a data set.
        length: Samples per sound. Shorter ones are padded with silence at their end; longer files are cut into pieces. `None`
            keeps the length, for files that of the longest. A function `(sample_rate, lengths)` chooses it.
        part: `"train"`, or `"test"` for a file with `x_test`.
        sample_rate: In Hz: the rate of an array or list, or the rate that files are resampled to; None for most files' own.
        labels: Labels of an array or list, an integer for each sound.
        label_names: Names of these labels.
        channels: 1 for mono: several channels are averaged. 2 for stereo: two channels are kept, one is doubled, and more are
            refused.

    Raises:
        FileNotFoundError: If it is neither a name nor a file nor a folder.
        ImportError: If a file is no WAV, and the extra `audio` is not installed.
        ValueError: If sounds and labels do not fit together, or arguments are out of range.
    """
    if part not in PARTS or not callable(length) and length is not None and length < 1:
        raise ValueError(f"Got length={length!r}, part={part!r}. Expected length >= 1, and part 'train' or 'test'.")
    if channels not in (1, 2):
        raise ValueError(f"Got channels={channels!r}. Expected 1 (mono) or 2 (stereo).")
    if not is_path(source, labels):
        if sample_rate is None:
            raise ValueError("Got sounds without a rate. Expected sample_rate=8000 or another, in Hz.")
        return sounds_from_arrays("sounds", source, sample_rate, labels, label_names, length, channels)
    path = pathlib.Path(source)
    if path.suffix.lower() in SUFFIXES and path.is_file():
        return read_sounds(path, length, sample_rate, channels)
    if is_array_file(source, part, AUDIO_DATASETS, "sounds", "Audio data sets"):
        return at_rate(_read_npz(path, length, part, channels), sample_rate)
    return (
        at_rate(load_tones(length=length, channels=channels), sample_rate)
        if str(source) in AUDIO_DATASETS
        else read_sounds(source, length, sample_rate, channels)
    )


def load_test_audio(source, length=None, sample_rate=None, channels=1):
    """Loads the part that a source reserves for tests, or all of it if there is no such part; see `load_audio`."""
    is_sound = pathlib.Path(source).suffix.lower() in SUFFIXES
    part = "train" if is_sound else part_for_tests(source, AUDIO_DATASETS, _HINTS)
    return load_audio(source, length, part, sample_rate, channels=channels)


def at_rate(sounds, sample_rate):
    """The sounds of an array; raises `ValueError` if they have another rate than asked for."""
    if sample_rate not in (None, sounds.sample_rate):
        raise ValueError(
            f"{sounds.name} has {sounds.sample_rate:,} Hz, not the wanted {sample_rate:,} Hz. Expected equal rates: only audio "
            "files are resampled."
        )
    return sounds


def _read_npz(path, length, part, channels):
    file = ArrayFile(path, _HINTS)
    expected = f"for part={part!r}, and a number sample_rate, in Hz"
    samples, labels = file.labelled(_KEYS[part], expected, needed=("sample_rate",))
    rate = np.ravel(file.array("sample_rate"))
    if rate.size != 1 or rate.dtype.kind not in "iu":
        raise ValueError(f"{path}: sample_rate is {rate.tolist()}. Expected one whole number, in Hz, such as 16000.")
    return sounds_from_arrays(path.name, samples, int(rate[0]), labels, file.label_names, length, channels)


# --- Harmonic tones: labelled sounds that need no recording. ---

SAMPLE_RATE, LENGTH = 4000, 4096

TIMBRES = {  # amplitudes of the harmonics 1, 2, ..., and seconds until a tone has faded by half
    "flute": ((1.0, 0.1, 0.02), 2.0),
    "clarinet": ((1.0, 0.0, 0.6, 0.0, 0.3, 0.0, 0.15), 2.0),
    "string": ((1.0, 0.7, 0.5, 0.35, 0.25, 0.18, 0.12), 0.4),
    "bell": ((1.0, 0.0, 0.0, 0.5, 0.0, 0.4), 0.12),
}
PITCHES = {"low": 110.0, "high": 220.0}  # Hz; tones are up to half an octave higher


def load_tones(num=2000, seed=0, length=None, channels=1):
    """Tones at 4,000 Hz, 1.024 s long: four timbres at two pitches are the eight labels, such as `flute low`.

    Tones of a label differ in pitch (over half an octave), loudness, start and duration. `length` and
    `channels` are as for `load_audio`.
    """
    random = np.random.default_rng(seed)
    kinds = list(itertools.product(TIMBRES, PITCHES))
    labels = np.arange(num) % len(kinds)
    tones = [tone(*kinds[label], random) for label in labels]
    names = [f"{timbre} {pitch}" for timbre, pitch in kinds]
    levels, report = to_int16("tones", np.stack(tones), channels)
    return collect_sounds("tones", levels, SAMPLE_RATE, length or LENGTH, (labels, names), report)


def tone(timbre, pitch, random):
    """One tone, int16 `(LENGTH,)`; silent before its start and after its end."""
    amplitudes, half_life = TIMBRES[timbre]
    frequency = PITCHES[pitch] * 2.0 ** random.uniform(0.0, 0.5)
    start, duration = random.uniform(0.0, 0.1), random.uniform(0.5, 0.8)
    seconds = np.arange(LENGTH) / SAMPLE_RATE - start
    harmonics = [
        amplitude * np.sin(2 * np.pi * (number * frequency * seconds + random.uniform()))
        for number, amplitude in enumerate(amplitudes, 1)
        if number * frequency < SAMPLE_RATE / 2
    ]
    attack_and_end = np.clip(seconds / 0.02, 0.0, 1.0) * np.clip((duration - seconds) / 0.05, 0.0, 1.0)
    wave = sum(harmonics) * attack_and_end * 0.5 ** (seconds / half_life)
    return np.round(wave / np.abs(wave).max() * random.uniform(0.2, 1.0) * LEVELS).astype(np.int16)
