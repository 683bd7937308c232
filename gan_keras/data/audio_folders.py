"""Folders of WAV files: every file is read once, and all are kept in memory."""

import pathlib
import struct
import warnings

import numpy as np
from scipy.io import wavfile

from gan_keras.data.audio_arrays import to_int16
from gan_keras.data.audio_data import collect_sounds
from gan_keras.data.class_folders import NAMED_FILES, check_mostly_sound, labels_of, list_files

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
