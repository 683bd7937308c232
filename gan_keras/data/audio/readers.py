"""Sounds from arrays and from audio files, converted to int16, to one or two channels and to one rate."""

import collections
import math
import pathlib
import struct
import warnings

import numpy as np

from gan_keras.data.arrays import check_labels
from gan_keras.data.audio.sounds import Sounds, collect_sounds
from gan_keras.data.files import NUM_NAMED, check_broken, labels_of, list_files
from gan_keras.media.sounds import LEVELS

WAV = (".wav", ".wave")
SUFFIXES = (*WAV, *(".flac", ".ogg", ".oga", ".opus", ".mp3", ".aiff", ".aif", ".aifc", ".au", ".caf", ".w64"))
"""Endings of audio files, in lower case. All but WAV need the extra `audio`."""

_MAX_CHANNELS = 8  # a longer axis is not an axis of channels
_OTHER_FORMATS = b"fLaC", b"OggS", b"FORM", b"ID3", b"\xff\xfb"  # first bytes of FLAC, Ogg, AIFF and MP3 files
_UNKNOWN_SIZE = 2**32 - 1  # in headers of streams

_COUNTED = ("mixed_down", "doubled", "cancelled", "clipped")

_BROKEN = (ValueError, EOFError, struct.error, TypeError, ZeroDivisionError, UnboundLocalError)
"""Exceptions of SciPy for files that are no WAV: the last three for invalid numbers of bits or channels, or no sound."""


def sounds_from_arrays(name, samples, sample_rate, labels=None, label_names=None, length=None, channels=1):
    """Makes `Sounds` of an array in memory.

    Args:
        name: Name of the set in reports.
        samples: `(num, length)`, or `(num, length, channels)`: integers of 8 (unsigned), 16 or 32 bits, or floats in [-1, 1].
            Or a list of such sounds of any length, without the first axis.
        sample_rate: Samples per second, in Hz.
        labels: An integer for each sound, `(num,)` or `(num, 1)`, or `None`.
        label_names: Names of labels 0, 1, ...; by default their numbers.
        length: See `load_audio`. Longer sounds of a list are cut into pieces, those of an array at their end.
        channels: See `load_audio`.

    Raises:
        ValueError: Wrong shape, dtype or range; NaN; labels that do not fit; a rate below 1; too many channels.
    """
    if not hasattr(samples, "shape"):
        return _sounds_of_list(name, list(samples), sample_rate, labels, label_names, length, channels)
    is_sound = samples.ndim == 2 or samples.ndim == 3 and samples.shape[2] <= _MAX_CHANNELS
    if not is_sound or not samples.size:
        raise ValueError(
            f"{name} holds sounds of shape {samples.shape}. Expected (num, length), or (num, length, channels), all sounds of "
            "one length: shorter ones end in zeros."
        )
    levels, report = to_int16(name, samples, channels)
    labelling = check_labels(name, labels, label_names, len(samples), Sounds.noun)
    return collect_sounds(name, levels, sample_rate, length, labelling, report)


def _sounds_of_list(name, sounds, sample_rate, labels, label_names, length, channels):
    sounds = [np.asarray(sound) for sound in sounds]
    wrong = next((index for index, sound in enumerate(sounds) if sound.ndim not in (1, 2) or not sound.size), None)
    if not sounds or wrong is not None:
        found = "an empty list" if not sounds else f"a sound of shape {sounds[wrong].shape}, number {wrong}"
        raise ValueError(f"{name} holds {found}. Expected (length,), or (length, channels), for each sound.")
    read = (to_int16(f"{name}, sound {index}", sound[None], channels) for index, sound in enumerate(sounds))
    levels, reports = zip(*read, strict=True)
    report = {key: sum(each.get(key, 0) for each in reports) for key in _COUNTED}
    labelling = check_labels(name, labels, label_names, len(sounds), Sounds.noun)
    return collect_sounds(name, [each[0] for each in levels], sample_rate, length, labelling, report, in_pieces=True)


def to_int16(name, samples, channels=1):
    """Converts an array of sounds to int16 and counts changes; raises `ValueError` for invalid samples.

    The result is `(num, length)` for one of `channels`, and `(num, length, 2)` for two.
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
    converted, changes = (_in_stereo if channels == 2 else _in_mono)(name, levels)
    return converted, report | changes


def _in_mono(name, levels):
    """Levels `(num, length)` or `(num, length, channels)` with their channels averaged, and counts of changes."""
    if levels.ndim == 2:
        return levels, {}
    report = {"mixed_down": len(levels)} if levels.shape[2] > 1 else {}
    mixed = np.round(levels.mean(axis=2)).astype(np.int16)
    cancelled = levels.any(axis=(1, 2)) & ~mixed.any(axis=1)
    mixed[cancelled] = levels[cancelled, :, 0]
    return mixed, report | ({"cancelled": int(cancelled.sum())} if cancelled.any() else {})


def _in_stereo(name, levels):
    """Levels with one channel doubled, and counts of changes; raises `ValueError` for more than two channels."""
    levels = levels if levels.ndim == 3 else levels[..., np.newaxis]
    if levels.shape[2] > 2:
        raise ValueError(
            f"{name} has {levels.shape[2]} channels. Expected one or two for channels=2: mix them down, such as with `ffmpeg -i "
            "sound.wav -ac 2 stereo.wav`, or use channels=1, their mean."
        )
    return (levels, {}) if levels.shape[2] == 2 else (levels.repeat(2, axis=2), {"doubled": len(levels)})


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


def read_sounds(path, length=None, sample_rate=None, channels=1):
    """Reads a folder of audio files, or a single file, into memory; if all are in sub-folders, their names are the labels.

    Files are sorted by name; hidden ones are ignored. Integers of 8 to 32 bits and floats are read. Several channels are
    averaged, or kept for `channels=2`, rates that differ from `sample_rate` are resampled, and recordings longer than `length`
    are cut into pieces; all is counted. The sound of a truncated file is kept, and counted.

    Args:
        path: The folder or file; see `SUFFIXES`.
        length: See `load_audio`.
        sample_rate: Rate of the result in Hz; None for that of most files.
        channels: See `load_audio`.

    Raises:
        ImportError: A file is no WAV, and the extra `audio` is not installed.
        ValueError: No audio file, files next to class folders, too many corrupt or empty files, or too many channels.
    """
    path, others = pathlib.Path(path), {}
    folder = path if path.is_dir() else path.parent
    paths = [path]
    if path.is_dir():
        expected = f"files ending in {', '.join(SUFFIXES)}: convert others, such as with `ffmpeg -i sound.m4a sound.wav`"
        paths, others = list_files(folder, SUFFIXES, "audio files", expected)
    read = [(path, read_sound(path, channels)) for path in paths]
    unreadable = [str(path.relative_to(folder)) for path, found in read if found is None]
    check_broken(path, unreadable, len(paths), "audio files", "are corrupt or empty")
    paths, rates, recordings, counts = zip(*((path, *found) for path, found in read if found is not None), strict=True)
    sample_rate = sample_rate or _most_frequent(rates)
    report = {name: sum(count.get(name, 0) for count in counts) for name in (*_COUNTED, "truncated")}
    report |= {"unreadable": len(unreadable), "first_unreadable": unreadable[:NUM_NAMED], **others}
    if others := [f"{rate:,}" for rate in sorted({rate for rate in rates if rate != sample_rate})]:
        report |= {"resampled": sum(rate != sample_rate for rate in rates), "rates": others[:NUM_NAMED]}
    recordings = [resampled(*found, sample_rate) for found in zip(recordings, rates, strict=True)]
    silent = [str(path.relative_to(folder)) for path, found in zip(paths, recordings, strict=True) if not found.any()]
    report["first_silent"] = silent[:NUM_NAMED]
    labelling = labels_of(folder, paths)
    return collect_sounds(path.resolve().name, recordings, sample_rate, length, labelling, report, in_pieces=length is not None)


def _most_frequent(rates):
    """The most frequent rate; of several, the lowest, to which no sound has to be guessed."""
    counts = collections.Counter(rates)
    return min(rates, key=lambda rate: (-counts[rate], rate))


def resampled(samples, rate, wanted):
    """int16 samples `(length,)` or `(length, channels)` at a rate in Hz as int16 samples at another rate."""
    if rate == wanted:
        return samples
    from scipy.signal import resample_poly

    shared = math.gcd(rate, wanted)
    found = resample_poly(samples.astype(np.float64), wanted // shared, rate // shared)
    return np.clip(np.round(found), -LEVELS - 1, LEVELS).astype(np.int16)


def read_sound(path, channels=1):
    """Returns rate, int16 samples and counts of changes of an audio file; None if it is corrupt or empty.

    The samples are `(length,)` for one of `channels`, and `(length, 2)` for two.
    """
    try:
        rate, samples = _read_wav(path) if path.suffix.lower() in WAV else _read_with_soundfile(path)
    except _BROKEN:
        return None
    if not samples.size or rate < 1:
        return None
    samples, counts = to_int16(str(path), samples[np.newaxis], channels)
    return rate, samples[0], {**counts, "truncated": path.suffix.lower() in WAV and _ends_early(path)}


def _read_wav(path):
    from scipy.io import wavfile

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", wavfile.WavFileWarning)  # about chunks without sound
        try:
            return wavfile.read(path)
        except ValueError as error:
            with path.open("rb") as file:
                has_other_format = file.read(4).startswith(_OTHER_FORMATS)
            if not has_other_format and "Unknown wave file format" not in str(error):  # such as one of compressed samples
                raise
            return _read_with_soundfile(path)


def _read_with_soundfile(path):
    try:
        import soundfile
    except ImportError as error:
        raise ImportError(
            f'{path} is no plain WAV file. Expected the extra that reads it: pip install "gan_keras[audio]", or convert it, such '
            f"as with `ffmpeg -i {path.name} {path.stem}.wav`."
        ) from error
    try:
        with soundfile.SoundFile(path) as file:
            dtype = {"PCM_16": "int16", "PCM_S8": "int16", "PCM_U8": "int16", "PCM_24": "int32", "PCM_32": "int32"}
            samples = file.read(dtype=dtype.get(file.subtype, "float32"))
            return file.samplerate, samples
    except soundfile.LibsndfileError as error:
        raise ValueError(str(error)) from error


def _ends_early(path):
    """Returns whether a file is shorter than its header says, as after an interrupted copy."""
    with path.open("rb") as file:
        head = file.read(8)
    size = int.from_bytes(head[4:], "big" if head.startswith(b"RIFX") else "little")
    return size != _UNKNOWN_SIZE and path.stat().st_size + 1 < size + len(head)  # some files lack the last, padding byte
