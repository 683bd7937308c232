"""`SampleSounds`: the sounds of fixed latents after every epoch, to be heard and to be looked at."""

import pathlib
import re

import keras
import numpy as np

from gan_keras.callbacks.fixed_images import check_grid
from gan_keras.files import replace_whole
from gan_keras.pictures import write_animation
from gan_keras.sounds import encode_wav, write_spectrograms

_NAME = re.compile(r"epoch_(\d+)\.png")
_PAUSE = 0.15  # seconds of silence between two sounds


class SampleSounds(keras.callbacks.Callback):
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
        super().__init__()
        check_grid(rows=rows, columns=columns, every=every)
        self.directory, self.rows, self.columns = pathlib.Path(directory), rows, columns
        self.seed, self.every, self.epoch = seed, every, 0

    def on_epoch_end(self, epoch, logs=None):
        self.epoch = epoch + 1
        if self.epoch % self.every == 0 or self.epoch == self.params["epochs"]:
            self.directory.mkdir(parents=True, exist_ok=True)
            waveforms, rate = sample_sounds(self.model, self.rows, self.columns, self.seed), self.model.codec.sample_rate
            write_spectrograms(self.directory / f"epoch_{self.epoch:03d}.png", waveforms, rate, self.columns)
            wav = encode_wav(in_a_row(waveforms, rate), rate)
            replace_whole(self.directory / f"epoch_{self.epoch:03d}.wav", lambda temporary: temporary.write_bytes(wav))

    def get_state(self):
        """How many epochs there are sounds of, for `callbacks.Checkpoint`."""
        return {"epoch": self.epoch}

    def set_state(self, state):
        self.epoch = state["epoch"]

    def on_train_end(self, logs=None):
        epochs = {int(match[1]): path for path in self.directory.glob("epoch_*.png") if (match := _NAME.fullmatch(path.name))}
        if frames := [epochs[epoch] for epoch in sorted(epochs) if epoch <= self.epoch]:
            write_animation(self.directory / "animation.gif", frames)


def sample_sounds(gan, rows, columns, seed):
    """Waveforms `(rows * columns, length)` of fixed latents; with labels a row is a label, in turn."""
    labels, seeds = gan.labels_from(np.arange(rows)), seed + np.arange(rows * columns, dtype=np.int64)
    if labels is not None:
        labels, seeds = np.repeat(labels, columns), np.tile(seeds[:columns], rows)
    return gan.in_blocks(gan.samples_from_latents, gan.latents_from(seeds), labels)


def in_a_row(waveforms, sample_rate):
    """One waveform with all after each other, a short silence between."""
    pause = np.zeros((len(waveforms), round(_PAUSE * sample_rate)), np.float32)
    return np.concatenate([waveforms, pause], axis=1).ravel()
