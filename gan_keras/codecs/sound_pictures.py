"""Spectrogram pictures of sounds, and files of generated sounds."""

import matplotlib
import numpy as np

from gan_keras.codecs.griffin_lim import ShortTimeFourier
from gan_keras.codecs.spectrogram import bands, loudness_levels, window_of
from gan_keras.media.images import image_grid, write_png
from gan_keras.media.safe_files import replace_whole
from gan_keras.media.sounds import encode_wav, to_int16

_BANDS, _DECIBELS, _COLOURS = 64, 60.0, "magma"
_CELL = 2  # pixels per side


def spectrogram_pictures(waveforms, sample_rate):
    """Spectrogram pictures, uint8 `(num, height, width, 3)`: time from left to right, pitch (mel) upwards, bright is loud.

    The left channel of stereo sounds is above the right one.

    Args:
        waveforms: Floats in [-1, 1], `(num, length)`, or `(num, length, 2)` for stereo.
        sample_rate: In Hz.
    """
    window = window_of(sample_rate)
    hop, length = window // 4, np.shape(waveforms)[1]
    missing = -length % hop
    channels = np.reshape(np.asarray(waveforms, np.float32), (len(waveforms), length, -1)).swapaxes(1, 2)
    padded = np.pad(channels, [(0, 0), (0, 0), (0, missing)])
    transform = ShortTimeFourier(length + missing, hop, window)
    levels = loudness_levels(padded, transform, bands(_BANDS, sample_rate, window), _DECIBELS).numpy()
    upright = np.concatenate(np.flip(levels.transpose(1, 0, 3, 2), axis=2), axis=1)
    colours = matplotlib.colormaps[_COLOURS]((upright + 1.0) / 2.0)[..., :3]
    return np.round(colours * 255.0).astype(np.uint8).repeat(_CELL, axis=1).repeat(_CELL, axis=2)


def write_spectrograms(path, waveforms, sample_rate, columns=None, row_labels=None):
    """Writes a grid of `spectrogram_pictures`: see `image_grid`."""
    write_png(path, image_grid(spectrogram_pictures(waveforms, sample_rate), columns, row_labels))


def write_sounds(path, waveforms, sample_rate):
    """Writes sounds in the format given by the suffix of `path`.

    Args:
        path: `NAME.wav` for one sound; `NAME.npz` for the int16 array `audio` and the number `sample_rate`; `NAME.png` for
            spectrograms; otherwise a directory, created if needed, for `00000.wav`, `00001.wav`, ...
        waveforms: Floats in [-1, 1], `(num, length)`, or `(num, length, 2)` for stereo.
        sample_rate: In Hz.
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
