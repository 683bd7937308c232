"""`Interpolation`: rows of images between fixed pairs of latents."""

import pathlib

import keras

from gan_keras.callbacks.fixed_images import interpolation_strips
from gan_keras.media.images import write_png


class Interpolation(keras.callbacks.Callback):
    """Writes `interpolation.png` when `fit` ends: along each row one image turns into another.

    Smooth rows whose every image is a good one speak against a generator that knows its training images by heart. The
    path is an arc, see `latents.spherical_interpolation`. For a generator with labels each row keeps one label. Stands in
    the list after callbacks that give back the best weights.

    Args:
        directory: Where; it is made if it is missing.
        pairs: Rows, >= 1.
        steps: Images in a row, both ends included, >= 2.
        seed: Of the first latent.
        every: Epochs after which `interpolation_001.png`, ... are written too, >= 1; None for none.

    Raises:
        ValueError: If a size is out of its range.
    """

    def __init__(self, directory, pairs=8, steps=10, seed=0, every=None):
        super().__init__()
        if pairs < 1 or steps < 2 or (every is not None and every < 1):
            raise ValueError(f"Got pairs={pairs}, steps={steps}, every={every}. Expected pairs >= 1, steps >= 2, every >= 1.")
        self.directory, self.pairs, self.steps = pathlib.Path(directory), pairs, steps
        self.seed, self.every = seed, every

    def on_epoch_end(self, epoch, logs=None):
        if self.every is not None and (epoch + 1) % self.every == 0:
            self.write(f"interpolation_{epoch + 1:03d}.png")

    def on_train_end(self, logs=None):
        self.write("interpolation.png")

    def write(self, name):
        self.directory.mkdir(parents=True, exist_ok=True)
        write_png(self.directory / name, interpolation_strips(self.model, self.pairs, self.steps, self.seed))
