"""Arrays of sounds and labels: checked, brought to int16 and to one channel."""

import pathlib
import struct
import warnings

import numpy as np
from scipy.io import wavfile

from gan_keras.data.audio.sounds import check_at_least_one, collect_sounds
from gan_keras.data.class_folders import NAMED_FILES, check_mostly_sound, labels_of, list_files
from gan_keras.data.image.arrays import check_labels
from gan_keras.media.sounds import LEVELS

_MOST_CHANNELS = 8  # an axis of more numbers is no axis of channels


def sounds_from_arrays(name, samples, sample_rate, labels=None, label_names=None, length=None):
    """Makes `Sounds` of an array in memory.

    Args:
        name: Its name in reports.
        samples: `(num, length)`, or `(num, length, channels)`, whose mean is taken: integers of 8 (unsigned), 16 or 32 bits, or
            floats in [-1, 1].
        sample_rate: Samples a second, in Hz.
        labels: A whole number for each sound, `(num,)` or `(num, 1)`, or `None`.
        label_names: The names of labels 0, 1, ...; by default their numbers.
        length: Samples that each sound is cut or padded to, at its end; `None` keeps theirs.

    Returns:
        `Sounds`.

    Raises:
        ValueError: Wrong shape, dtype or range; NaN; labels that do not fit; a rate below 1.
    """
    samples = np.asarray(samples)
    is_sound = samples.ndim == 2 or samples.ndim == 3 and samples.shape[2] <= _MOST_CHANNELS
    if not is_sound or not samples.size:
        raise ValueError(
            f"{name} holds sounds of shape {samples.shape}. Expected (num, length), or (num, length, channels), all sounds of "
            "one length: shorter ones end in zeros."
        )
    check_at_least_one(name, sample_rate=sample_rate)
    levels, report = to_int16(name, samples)
    labelling = check_labels(name, labels, label_names, len(samples), "sounds")
    return collect_sounds(name, levels, sample_rate, length, labelling, report)


def to_int16(name, samples):
    """int16 samples `(num, length)` of an array of sounds, and counts of those changed on the way.

    Raises:
        ValueError: For another dtype, NaN or infinity.
    """
    if samples.dtype.kind == "f":
        levels, clipped = _from_floats(name, samples)
    elif (native := samples.dtype.newbyteorder("=")) in _FROM_INTEGERS:
        levels, clipped = _FROM_INTEGERS[native](samples), 0
    else:
        raise ValueError(
            f"{name} holds samples of dtype {samples.dtype}. Expected int16, or uint8, int32 (24 bits are shifted up by 8) or "
            "floats in [-1, 1]."
        )
    report = {"clipped": clipped} if clipped else {}
    if samples.ndim == 2:
        return levels, report
    report |= {"mixed_down": len(samples)} if samples.shape[2] > 1 else {}
    return np.round(levels.mean(axis=2)).astype(np.int16), report


_FROM_INTEGERS = {
    np.dtype("int16"): lambda samples: samples.astype(np.int16, copy=False),
    np.dtype("uint8"): lambda samples: (samples.astype(np.int16) - 128) << 8,
    np.dtype("int32"): lambda samples: (samples >> 16).astype(np.int16),
}
"""How integers of WAV files become int16; of 24 bits `scipy.io.wavfile` makes int32."""


def _from_floats(name, samples):
    axes = tuple(range(1, samples.ndim))
    bad = np.flatnonzero(~np.isfinite(samples).all(axis=axes))
    if len(bad):
        raise ValueError(
            f"{name}: {len(bad)} sounds hold NaN or infinity, the first is number {bad[0]}. Expected finite samples: leave "
            "those sounds out."
        )
    most = float(np.abs(samples).max())
    if most > 2:  # filters overshoot a little, but 2 is no slip of a filter
        raise ValueError(
            f"{name} holds floats up to {most:g}. Expected [-1, 1]: samples of 16 bits become integers by "
            "`samples.astype('int16')`."
        )
    clipped = int((np.abs(samples) > 1).any(axis=axes).sum())
    return np.round(np.clip(samples, -1, 1) * LEVELS).astype(np.int16), clipped


# --- Folders of WAV files: every file is read once, and all are kept in memory.

_EXPECTED = "files ending in .wav: convert others, such as by `ffmpeg -i sound.mp3 sound.wav`"


def read_wav_folder(path, length=None):
    """Reads a folder of WAV files; those in sub-folders, if all are, get the sub-folder's name for a label.

    Files are taken in the order of their names; hidden ones are passed over. PCM of 8, 16, 24 and 32 bits and floats are
    read; several channels are mixed to one by their mean, and counted. A file that breaks off is
    kept as far as it goes, and counted.

    Args:
        path: The folder.
        length: Samples that each sound is cut or padded to, at its end; `None` for the longest.

    Returns:
        `Sounds`.

    Raises:
        ValueError: No WAV file, files beside class folders, more than 1 % corrupt or empty files, or rates that differ.
    """
    folder = pathlib.Path(path)
    paths, num_other = list_files(folder, (".wav",), "WAV files", _EXPECTED)
    read = [(path, read_wav(path)) for path in paths]
    unreadable = [str(path.relative_to(folder)) for path, found in read if found is None]
    check_mostly_sound(folder, unreadable, len(paths), "WAV files", "are corrupt or empty")
    sound = [(path, *found) for path, found in read if found is not None]
    paths, rates, recordings, counts = zip(*sound, strict=True)
    _check_one_rate(folder, paths, rates)
    report = {name: sum(count.get(name, 0) for count in counts) for name in ("mixed_down", "clipped", "truncated")}
    report |= {"unreadable": len(unreadable), "first_unreadable": unreadable[:NAMED_FILES], "other": num_other}
    name = folder.resolve().name
    return collect_sounds(name, recordings, rates[0], length, labels_of(folder, paths), report)


def read_wav(path):
    """Rate, int16 samples `(length,)` and counts of what was changed, of a WAV file; None if it is corrupt or empty."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", wavfile.WavFileWarning)  # of chunks that hold no sound
            rate, samples = wavfile.read(path)
    except _BROKEN:
        return None
    if not samples.size or rate < 1:
        return None
    samples, counts = to_int16(str(path), samples[np.newaxis])
    return rate, samples[0], {**counts, "truncated": _ends_early(path)}


_BROKEN = (ValueError, EOFError, struct.error, TypeError, ZeroDivisionError, UnboundLocalError)
"""What SciPy raises for files that are no WAV: the last three for a number of bits or channels that is none, or no sound."""


def _ends_early(path):
    """Whether a file is shorter than its header says, as after a copy that broke off; of a stream the header does not know."""
    with path.open("rb") as file:
        head = file.read(8)
    told = int.from_bytes(head[4:], "big" if head.startswith(b"RIFX") else "little")
    return told != _UNKNOWN and path.stat().st_size + 1 < told + len(head)  # some leave out the last, padding byte


_UNKNOWN = 2**32 - 1


def _check_one_rate(folder, paths, rates):
    other = next((index for index, rate in enumerate(rates) if rate != rates[0]), None)
    if other is not None:
        first, second = (f"{paths[index].relative_to(folder)} {rates[index]:,} Hz" for index in (0, other))
        raise ValueError(
            f"The files of {folder} have different sample rates: {first}, {second}. Expected one rate: convert them, such as by "
            f"`ffmpeg -i in.wav -ar {min(rates)} out.wav`."
        )
