"""`Checkpoint`: the newest epoch, whole at any moment."""

import pathlib
import re
import shutil

import keras

from gan_keras.files import replace_whole


class Checkpoint(keras.callbacks.Callback):
    """Saves the model after every epoch as `directory/epoch_NNN.keras`, then removes the one before.

    Args:
        directory: Where checkpoints go.
        copy_to: Path of a second copy, the model as it is used; None for none.
    """

    def __init__(self, directory, copy_to=None):
        super().__init__()
        self.directory, self.copy_to = pathlib.Path(directory), copy_to

    def on_epoch_end(self, epoch, logs=None):
        self.directory.mkdir(parents=True, exist_ok=True)
        path = self.directory / f"epoch_{epoch + 1:03d}.keras"
        replace_whole(path, self.model.save)
        if self.copy_to is not None:
            replace_whole(self.copy_to, lambda temporary: shutil.copyfile(path, temporary))
        for other in self.directory.glob("epoch_*.keras"):
            if other != path:
                other.unlink()


def newest_checkpoint(directory):
    """The path of the newest checkpoint and the number of epochs it has seen; `(None, 0)` if there is none."""
    found = {}
    for path in pathlib.Path(directory).glob("epoch_*.keras"):
        if match := re.fullmatch(r"epoch_(\d+)\.keras", path.name):
            found[int(match[1])] = path
    return (found[max(found)], max(found)) if found else (None, 0)
