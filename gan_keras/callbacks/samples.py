"""Writes samples of the same noise after every epoch, so that training can be watched."""

import pathlib

import keras
import numpy as np

from gan_keras.media.safe_files import replace_whole


class Samples(keras.callbacks.Callback):
    """Writes what the GAN generates, in the form that its codec gives samples: of text `epoch_001.txt`, a sample a line; of
    images `epoch_001.png`, a grid; without a codec `epoch_001.npy`.

    Args:
        directory: Where; it is made if it is missing.
        num: Samples an epoch, >= 1.
        seed: Of the first sample; the noise is the same at every epoch.
    """

    def __init__(self, directory, num=10, seed=0):
        super().__init__()
        self.directory, self.num, self.seed = pathlib.Path(directory), num, seed

    def on_epoch_end(self, epoch, logs=None):
        self.directory.mkdir(parents=True, exist_ok=True)
        samples = self.model.generate(self.num, seed=self.seed)
        write = getattr(self.model.codec, "write_samples", write_array)
        write(self.directory / f"epoch_{epoch + 1:03d}", samples)


def write_array(path, samples):
    """Writes an array as `path` with the ending `.npy`."""
    replace_whole(path.with_suffix(".npy"), lambda temporary: np.save(temporary, samples))
