"""WAV files and 16-bit samples."""

import io

import numpy as np

LEVELS = 32767.0
"""Largest int16 sample."""


def encode_wav(waveform, sample_rate):
    """Returns the bytes of a 16-bit WAV file: `waveform` `(length,)`, floats in [-1, 1]; `sample_rate` in Hz."""
    from scipy.io import wavfile

    buffer = io.BytesIO()
    wavfile.write(buffer, int(sample_rate), to_int16(waveform))
    return buffer.getvalue()


def to_int16(waveforms):
    """Converts floats to int16 samples of the same shape; values outside [-1, 1] are clipped."""
    return np.round(np.clip(waveforms, -1.0, 1.0) * LEVELS).astype(np.int16)
