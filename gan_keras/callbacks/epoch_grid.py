"""`EpochGrid`: samples of fixed latents, written after every epoch."""

import pathlib

import keras

from gan_keras.callbacks.fixed_images import check_grid


class EpochGrid(keras.callbacks.Callback):
    """Base of callbacks that write the files `epoch_001`, `epoch_002`, ...; a subclass implements `write`.

    The latents are the same at every epoch. For a generator with labels a row is a label and a column is a latent.

    Args:
        directory: Where; it is made if it is missing.
        rows: Rows of the grid, >= 1: where there are more labels, the first.
        columns: Samples in a row, >= 1.
        seed: Of the first latent.
        every: Epochs from one sample to the next, >= 1; the last epoch has one in any case.

    Raises:
        ValueError: If a size is below 1.
    """

    def __init__(self, directory, rows, columns, seed=0, every=1):
        super().__init__()
        check_grid(rows=rows, columns=columns, every=every)
        self.directory, self.rows, self.columns = pathlib.Path(directory), rows, columns
        self.seed, self.every = seed, every

    def on_epoch_end(self, epoch, logs=None):
        if (epoch + 1) % self.every == 0 or epoch + 1 == self.params["epochs"]:
            self.directory.mkdir(parents=True, exist_ok=True)
            self.write(self.directory / f"epoch_{epoch + 1:03d}")

    def write(self, path):
        """Writes the samples of an epoch; the path gets the ending of the file."""
        raise NotImplementedError
