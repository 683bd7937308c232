"""Writes samples of the same noise after every epoch, so that training can be watched."""

import pathlib

import keras


class Samples(keras.callbacks.Callback):
    """Writes `epoch_001.txt`, `epoch_002.txt`, ... with a sample a line.

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
        path = self.directory / f"epoch_{epoch + 1:03d}.txt"
        path.write_text("".join(f"{sample}\n" for sample in samples), encoding="utf-8")
