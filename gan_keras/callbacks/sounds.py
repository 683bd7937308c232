"""`SampleSounds`: the sounds of fixed latents after every epoch, to be heard and to be looked at."""

import numpy as np

from gan_keras.callbacks.fixed_images import fixed_samples
from gan_keras.callbacks.sample_grid import SampleGrid
from gan_keras.media.safe_files import replace_whole
from gan_keras.media.sounds import encode_wav, write_spectrograms

_PAUSE = 0.15  # seconds of silence between two sounds


class SampleSounds(SampleGrid):
    """Writes `epoch_001.wav`, all sounds one after the other, and `epoch_001.png`, their spectrograms, and so on; when `fit`
    ends, all pictures as `animation.gif`.

    The latents are the same at every epoch. For a generator with labels a row is a label and a column is a latent. A resumed
    training animates the earlier epochs too.

    Args:
        directory: Where; it is made if it is missing.
        rows: Rows of the grid, >= 1: where there are more labels, the first.
        columns: Sounds in a row, >= 1.
        seed: Of the first latent.
        every: Epochs from one sample to the next, >= 1; the last epoch has one in any case.

    Raises:
        ValueError: If a size is below 1.
    """

    def __init__(self, directory, rows=10, columns=4, seed=0, every=1):
        super().__init__(directory, rows, columns, seed, every)

    def write(self, path):
        waveforms = fixed_samples(self.model, self.rows, self.columns, self.seed)
        rate = self.model.codec.sample_rate
        write_spectrograms(path.with_suffix(".png"), waveforms, rate, self.columns)
        wav = encode_wav(in_a_row(waveforms, rate), rate)
        replace_whole(path.with_suffix(".wav"), lambda temporary: temporary.write_bytes(wav))


def in_a_row(waveforms, sample_rate):
    """One waveform with all after each other, a short silence between."""
    pause = np.zeros((len(waveforms), round(_PAUSE * sample_rate)), np.float32)
    return np.concatenate([waveforms, pause], axis=1).ravel()
