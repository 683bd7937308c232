"""Sounds as pictures of their spectrograms, and as files of every kind."""

import matplotlib
import numpy as np

from gan_keras.codecs.griffin_lim import ShortTimeFourier
from gan_keras.codecs.spectrogram import bands, loudness_levels, window_of
from gan_keras.media.images import image_grid, write_png
from gan_keras.media.safe_files import replace_whole
from gan_keras.media.sounds import encode_wav, to_int16

_BANDS, _DECIBELS = 64, 60.0

_ENLARGED = 2  # pixels of a cell, each way


_COLOURS = "magma"


def spectrogram_pictures(waveforms, sample_rate):
    """Pictures of sounds: time from left to right, pitch (mel) from below to above, bright is loud.

    Args:
        waveforms: Floats in [-1, 1], `(num, length)`.
        sample_rate: In Hz.

    Returns:
        uint8 `(num, height, width, 3)`.
    """
    window = window_of(sample_rate)
    hop, length = window // 4, np.shape(waveforms)[1]
    missing = -length % hop
    padded = np.pad(np.asarray(waveforms, np.float32), [(0, 0), (0, missing)])
    transform = ShortTimeFourier(length + missing, hop, window)
    levels = loudness_levels(padded, transform, bands(_BANDS, sample_rate, window), _DECIBELS).numpy()
    upright = np.flip(np.swapaxes(levels, 1, 2), axis=1)
    colours = matplotlib.colormaps[_COLOURS]((upright + 1.0) / 2.0)[..., :3]
    return np.round(colours * 255.0).astype(np.uint8).repeat(_ENLARGED, axis=1).repeat(_ENLARGED, axis=2)


def write_spectrograms(path, waveforms, sample_rate, columns=None):
    """Writes the pictures of sounds as one grid, `columns` in a row; see `spectrogram_pictures`."""
    write_png(path, image_grid(spectrogram_pictures(waveforms, sample_rate), columns))


def write_sounds(path, waveforms, sample_rate):
    """Writes sounds in the form that the name of `path` asks for.

    Args:
        path: `NAME.wav` for one sound; `NAME.npz` for the array `audio` of int16 and the number `sample_rate`; `NAME.png` for
            their spectrograms; else a directory, which is made, for `00000.wav`, `00001.wav`, ...
        waveforms: Floats in [-1, 1], `(num, length)`.
        sample_rate: In Hz.

    Raises:
        ValueError: For several sounds in one WAV file.
    """
    if path.suffix == ".npz":
        arrays = {"audio": to_int16(waveforms), "sample_rate": int(sample_rate)}
        replace_whole(path, lambda temporary: np.savez_compressed(temporary, **arrays))
    elif path.suffix == ".png":
        write_spectrograms(path, waveforms, sample_rate)
    elif path.suffix == ".wav":
        if len(waveforms) != 1:
            raise ValueError(f"Got {len(waveforms)} sounds for {path}. Expected one: use `-n 1`, NAME.npz or a directory.")
        _write_wav(path, waveforms[0], sample_rate)
    else:
        path.mkdir(exist_ok=True)
        for index, waveform in enumerate(waveforms):
            _write_wav(path / f"{index:05d}.wav", waveform, sample_rate)


def _write_wav(path, waveform, sample_rate):
    replace_whole(path, lambda temporary: temporary.write_bytes(encode_wav(waveform, sample_rate)))
