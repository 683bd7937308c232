"""Folders of WAV files: every file is read once, and all are kept in memory."""

import pathlib
import struct
import warnings

import numpy as np
from scipy.io import wavfile

from gan_keras.data.audio_arrays import to_int16
from gan_keras.data.audio_data import collect_sounds

MOST_UNREADABLE = 0.01
NAMED_FILES = 5


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
    paths, num_other = _list_files(folder)
    read = [(path, read_wav(path)) for path in paths]
    unreadable = [str(path.relative_to(folder)) for path, found in read if found is None]
    _check_mostly_readable(folder, unreadable, len(paths))
    sound = [(path, *found) for path, found in read if found is not None]
    paths, rates, recordings, counts = zip(*sound, strict=True)
    _check_one_rate(folder, paths, rates)
    report = {name: sum(count.get(name, 0) for count in counts) for name in ("mixed_down", "clipped", "truncated")}
    report |= {"unreadable": len(unreadable), "first_unreadable": unreadable[:NAMED_FILES], "other": num_other}
    name = folder.resolve().name
    return collect_sounds(name, recordings, rates[0], length, _labels_of(folder, paths), report)


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


def _list_files(folder):
    """Paths of the WAV files, sorted, and the number of other files."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not _is_hidden(path.relative_to(folder)))
    paths = [path for path in files if path.suffix.lower() == ".wav"]
    if not paths:
        raise ValueError(
            f"{folder} holds no WAV file among {len(files)} files. Expected files ending in .wav: convert others, such as by "
            "`ffmpeg -i sound.mp3 sound.wav`."
        )
    loose = sum(path.parent == folder for path in paths)
    if 0 < loose < len(paths):
        raise ValueError(
            f"{folder} holds {loose} WAV files itself and {len(paths) - loose} in sub-folders. Expected all in sub-folders, "
            "one for each class, or all in the folder itself."
        )
    return paths, len(files) - len(paths)


def _is_hidden(relative):
    return any(part.startswith((".", "__MACOSX")) for part in relative.parts)


def _check_mostly_readable(folder, unreadable, num_files):
    if len(unreadable) > MOST_UNREADABLE * num_files:
        raise ValueError(
            f"{len(unreadable)} of the {num_files} WAV files of {folder} are corrupt or empty: "
            f"{', '.join(unreadable[:NAMED_FILES])}{', ...' if len(unreadable) > NAMED_FILES else ''}. Expected at most 1 %: "
            "remove or replace them."
        )


def _check_one_rate(folder, paths, rates):
    other = next((index for index, rate in enumerate(rates) if rate != rates[0]), None)
    if other is not None:
        first, second = (f"{paths[index].relative_to(folder)} {rates[index]:,} Hz" for index in (0, other))
        raise ValueError(
            f"The files of {folder} have different sample rates: {first}, {second}. Expected one rate: convert them, such as by "
            f"`ffmpeg -i in.wav -ar {min(rates)} out.wav`."
        )


def _labels_of(folder, paths):
    """Labels by the first folder below `folder`, in the order of the names; none for files in the folder itself."""
    if paths[0].parent == folder:
        return None, None
    classes = [path.relative_to(folder).parts[0] for path in paths]
    names = sorted(set(classes))
    places = {name: place for place, name in enumerate(names)}
    return [places[name] for name in classes], names
