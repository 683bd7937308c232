"""Sounds as files: WAV, arrays, and pictures of their spectrograms."""

import io

import numpy as np
from scipy.io import wavfile

LEVELS = 32767.0
"""The loudest sample of an int16 sound."""


def encode_wav(waveform, sample_rate):
    """The bytes of a WAV file of 16 bits: `waveform` `(length,)`, floats in [-1, 1]; `sample_rate` in Hz."""
    buffer = io.BytesIO()
    wavfile.write(buffer, int(sample_rate), to_int16(waveform))
    return buffer.getvalue()


def to_int16(waveforms):
    """Floats in [-1, 1] to int16 samples of the same shape; what is beyond is clipped."""
    return np.round(np.clip(waveforms, -1.0, 1.0) * LEVELS).astype(np.int16)
