"""`SampleGrid`: the images of fixed latents after every epoch, and how they came about as an animation."""

import re

from gan_keras.callbacks.epoch_grid import EpochGrid
from gan_keras.callbacks.fixed_images import sample_grid
from gan_keras.media.images import write_animation, write_png

_NAME = re.compile(r"epoch_(\d+)\.png")


class SampleGrid(EpochGrid):
    """Writes `epoch_001.png`, `epoch_002.png`, ... and, when `fit` ends, all of them as `animation.gif`.

    The latents are the same at every epoch. For a generator with labels a row is a label and a column is a latent: what a
    label changes shows down a column, what a latent changes along a row. A resumed training animates the earlier epochs too.

    Args:
        directory: Where; it is made if it is missing.
        rows: Rows of the grid, >= 1: where there are more labels, the first.
        columns: Images in a row, >= 1.
        seed: Of the first latent.
        every: Epochs from one picture to the next, >= 1; the last epoch has one in any case.

    Raises:
        ValueError: If a size is below 1.
    """

    def __init__(self, directory, rows=10, columns=10, seed=0, every=1):
        super().__init__(directory, rows, columns, seed, every)
        self.epoch = 0

    def on_epoch_end(self, epoch, logs=None):
        self.epoch = epoch + 1
        super().on_epoch_end(epoch, logs)

    def write(self, path):
        write_png(path.with_suffix(".png"), self.picture())

    def picture(self):
        """The picture of an epoch, uint8 `(height, width, channels)`."""
        return sample_grid(self.model, self.rows, self.columns, self.seed)

    def get_state(self):
        """How many epochs there are pictures of, for `callbacks.Checkpoint`."""
        return {"epoch": self.epoch}

    def set_state(self, state):
        self.epoch = state["epoch"]

    def on_train_end(self, logs=None):
        if frames := self.frames():
            write_animation(self.directory / "animation.gif", frames)

    def frames(self):
        """Paths of the pictures up to the last epoch trained, in order: later ones are of another training."""
        epochs = {int(match[1]): path for path in self.directory.glob("epoch_*.png") if (match := _NAME.fullmatch(path.name))}
        return [epochs[epoch] for epoch in sorted(epochs) if epoch <= self.epoch]
