"""WAV files, 16-bit samples and players."""

import base64
import io
from html import escape

import numpy as np

LEVELS = 32767.0
"""Largest int16 sample."""


def encode_wav(waveform, sample_rate):
    """Returns the bytes of a 16-bit WAV file.

    Args:
        waveform: `(length,)`, or `(length, 2)` for stereo: floats in [-1, 1] or int16.
        sample_rate: In Hz.
    """
    from scipy.io import wavfile

    buffer = io.BytesIO()
    wavfile.write(buffer, int(sample_rate), to_int16(waveform))
    return buffer.getvalue()


class SoundPlayer:
    """Players of sounds: a notebook shows them for the last value of a cell, and the report contains them.

    ```python
    gan_keras.media.SoundPlayer(gan.generate(3), gan.codec.sample_rate)
    ```

    Args:
        waveforms: Floats in [-1, 1] or int16 samples, `(num, length)`, or `(num, length, 2)` for stereo.
        sample_rate: In Hz.
        titles: A text per sound; None numbers them.

    Raises:
        ValueError: If the waveforms have another shape, or the number of titles is another one.
    """

    def __init__(self, waveforms, sample_rate, titles=None):
        waveforms = np.asarray(waveforms)
        if waveforms.ndim not in (2, 3) or waveforms.shape[2:] not in ((), (1,), (2,)):
            raise ValueError(
                f"Got waveforms of shape {waveforms.shape}. Expected (num, length), or (num, length, 2) for stereo: one sound is "
                "`waveform[None]`."
            )
        titles = [f"sound {number}" for number in range(1, len(waveforms) + 1)] if titles is None else list(titles)
        if len(titles) != len(waveforms):
            raise ValueError(f"Got {len(titles)} titles for {len(waveforms)} sounds. Expected one for each.")
        self.waveforms, self.sample_rate, self.titles = waveforms, sample_rate, titles

    def _repr_html_(self):
        return f'<div class="sounds">{"".join(map(self._one, self.waveforms, self.titles))}</div>'

    def _one(self, waveform, title):
        data = base64.b64encode(encode_wav(waveform, self.sample_rate)).decode()
        player = f'<audio controls preload="none" aria-label="{escape(title)}" src="data:audio/wav;base64,{data}"></audio>'
        return f'<figure style="display: inline-block; margin: 0.3rem"><figcaption>{escape(title)}</figcaption>{player}</figure>'


def to_int16(waveforms):
    """Converts floats to int16 samples of the same shape; values outside [-1, 1] are clipped. int16 samples are unchanged."""
    if np.asarray(waveforms).dtype == np.int16:
        return np.asarray(waveforms)
    return np.round(np.clip(waveforms, -1.0, 1.0) * LEVELS).astype(np.int16)
