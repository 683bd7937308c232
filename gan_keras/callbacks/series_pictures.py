"""`SeriesPictures`: generated windows beside real ones after every epoch."""

import pathlib

import keras

from gan_keras.media.safe_files import replace_whole
from gan_keras.media.series import SHOWN_SERIES, picture_of


class SeriesPictures(keras.callbacks.Callback):
    """Writes `epoch_001.png`, `epoch_002.png`, ...: a panel for each column, real windows at the left, generated at the right.

    The noise is the same at every epoch.

    Args:
        directory: Where; it is made if it is missing.
        real: Real windows to show, `(num, steps, columns)`.
        columns: Names of the columns.
        seed: Of the first generated window.
        every: Epochs from one picture to the next, >= 1; the last epoch has one in any case.

    Raises:
        ValueError: If `every` is below 1.
    """

    def __init__(self, directory, real, columns, seed=0, every=1):
        super().__init__()
        if every < 1:
            raise ValueError(f"every={every}. Expected at least 1.")
        self.directory, self.real, self.columns = pathlib.Path(directory), real[:SHOWN_SERIES], columns
        self.seed, self.every = seed, every

    def on_epoch_end(self, epoch, logs=None):
        if (epoch + 1) % self.every == 0 or epoch + 1 == self.params["epochs"]:
            self.directory.mkdir(parents=True, exist_ok=True)
            groups = {"real": self.real, "generated": self.model.generate(SHOWN_SERIES, self.seed)}
            picture = picture_of(groups, self.columns)
            replace_whole(self.directory / f"epoch_{epoch + 1:03d}.png", lambda path: path.write_bytes(picture))
