"""Sounds from arrays and from folders of WAV files, converted to int16 and to one channel."""

import pathlib
import struct
import warnings

import numpy as np

from gan_keras.data.arrays import check_labels
from gan_keras.data.audio.sounds import Sounds, collect_sounds
from gan_keras.data.files import NUM_NAMED, check_broken, labels_of, list_files
from gan_keras.media.sounds import LEVELS

_MAX_CHANNELS = 8  # a longer axis is not an axis of channels
_UNKNOWN_SIZE = 2**32 - 1  # in headers of streams

_BROKEN = (ValueError, EOFError, struct.error, TypeError, ZeroDivisionError, UnboundLocalError)
"""Exceptions of SciPy for files that are no WAV: the last three for invalid numbers of bits or channels, or no sound."""


def sounds_from_arrays(name, samples, sample_rate, labels=None, label_names=None, length=None):
    """Makes `Sounds` of an array in memory.

    Args:
        name: Name of the set in reports.
        samples: `(num, length)`, or `(num, length, channels)`, to be averaged: integers of 8 (unsigned), 16 or 32 bits, or
            floats in [-1, 1].
        sample_rate: Samples per second, in Hz.
        labels: An integer for each sound, `(num,)` or `(num, 1)`, or `None`.
        label_names: Names of labels 0, 1, ...; by default their numbers.
        length: Samples that each sound is cut or padded to, at its end; `None` keeps the length.

    Raises:
        ValueError: Wrong shape, dtype or range; NaN; labels that do not fit; a rate below 1.
    """
    samples = np.asarray(samples)
    is_sound = samples.ndim == 2 or samples.ndim == 3 and samples.shape[2] <= _MAX_CHANNELS
    if not is_sound or not samples.size:
        raise ValueError(
            f"{name} holds sounds of shape {samples.shape}. Expected (num, length), or (num, length, channels), all sounds of "
            "one length: shorter ones end in zeros."
        )
    levels, report = to_int16(name, samples)
    labelling = check_labels(name, labels, label_names, len(samples), Sounds.noun)
    return collect_sounds(name, levels, sample_rate, length, labelling, report)


def to_int16(name, samples):
    """Converts an array of sounds to int16 `(num, length)` and counts changes; raises `ValueError` for invalid samples."""
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
"""Conversions of WAV integers to int16; `scipy.io.wavfile` returns 24 bits as int32."""


def _from_floats(name, samples):
    axes = tuple(range(1, samples.ndim))
    bad = np.flatnonzero(~np.isfinite(samples).all(axis=axes))
    if len(bad):
        raise ValueError(
            f"{name}: {len(bad)} sounds hold NaN or infinity, the first is number {bad[0]}. Expected finite samples: leave "
            "those sounds out."
        )
    loudest = float(np.abs(samples).max())
    if loudest > 2:  # filters overshoot, but not that much
        raise ValueError(
            f"{name} holds floats up to {loudest:g}. Expected [-1, 1]: 16-bit samples become integers with "
            "`samples.astype('int16')`."
        )
    clipped = int((np.abs(samples) > 1).any(axis=axes).sum())
    return np.round(np.clip(samples, -1, 1) * LEVELS).astype(np.int16), clipped


def read_wav_folder(path, length=None):
    """Reads a folder of WAV files into memory; if all are in sub-folders, the names of these are the labels.

    Files are sorted by name; hidden ones are ignored. PCM of 8, 16, 24 and 32 bits and floats are read. Several channels are
    averaged, and counted. The sound of a truncated file is kept, and counted. See `load_audio` for `length`.

    Raises:
        ValueError: No WAV file, files next to class folders, more than 1 % corrupt or empty files, or rates that differ.
    """
    folder = pathlib.Path(path)
    expected = "files ending in .wav: convert others, such as with `ffmpeg -i sound.mp3 sound.wav`"
    paths, others = list_files(folder, (".wav",), "WAV files", expected)
    read = [(path, read_wav(path)) for path in paths]
    unreadable = [str(path.relative_to(folder)) for path, found in read if found is None]
    check_broken(folder, unreadable, len(paths), "WAV files", "are corrupt or empty")
    readable = [(path, *found) for path, found in read if found is not None]
    paths, rates, recordings, counts = zip(*readable, strict=True)
    other = next((index for index, rate in enumerate(rates) if rate != rates[0]), None)
    if other is not None:
        first, second = (f"{paths[index].relative_to(folder)} {rates[index]:,} Hz" for index in (0, other))
        raise ValueError(
            f"The files of {folder} have different sample rates: {first}, {second}. Expected one rate: convert them, such as "
            f"with `ffmpeg -i in.wav -ar {min(rates)} out.wav`."
        )
    report = {name: sum(count.get(name, 0) for count in counts) for name in ("mixed_down", "clipped", "truncated")}
    report |= {"unreadable": len(unreadable), "first_unreadable": unreadable[:NUM_NAMED], **others}
    name = folder.resolve().name
    return collect_sounds(name, recordings, rates[0], length, labels_of(folder, paths), report)


def read_wav(path):
    """Returns rate, int16 samples `(length,)` and counts of changes of a WAV file; None if it is corrupt or empty."""
    from scipy.io import wavfile

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", wavfile.WavFileWarning)  # about chunks without sound
            rate, samples = wavfile.read(path)
    except _BROKEN:
        return None
    if not samples.size or rate < 1:
        return None
    samples, counts = to_int16(str(path), samples[np.newaxis])
    return rate, samples[0], {**counts, "truncated": _ends_early(path)}


def _ends_early(path):
    """Returns whether a file is shorter than its header says, as after an interrupted copy."""
    with path.open("rb") as file:
        head = file.read(8)
    size = int.from_bytes(head[4:], "big" if head.startswith(b"RIFX") else "little")
    return size != _UNKNOWN_SIZE and path.stat().st_size + 1 < size + len(head)  # some files lack the last, padding byte
