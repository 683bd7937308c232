"""Writes samples of the same noise after every epoch, so that training can be watched."""

import pathlib
import re

import keras
import numpy as np

from gan_keras.media.images import image_grid, write_animation, write_png
from gan_keras.media.latent_paths import spherical_interpolation
from gan_keras.media.safe_files import replace_whole

# --- `EpochGrid`: samples of fixed latents, written after every epoch.


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


# --- Images, clips and sounds of fixed latents, so that pictures of different epochs show the same samples.


def check_grid(**sizes):
    """Raises `ValueError` unless every named size is at least 1."""
    small = [f"{name}={size}" for name, size in sizes.items() if size < 1]
    if small:
        raise ValueError(f"Got {', '.join(small)}. Expected at least 1.")


def sample_grid(gan, rows, columns, seed):
    """A picture of samples, uint8 `(height, width, channels)`.

    Args:
        gan: A `GAN` of images.
        rows: With labels a row is a label, in turn, and all images of a column have one latent.
        columns: Images in a row.
        seed: Of the first latent.
    """
    return image_grid(fixed_samples(gan, rows, columns, seed), columns)


def fixed_samples(gan, rows, columns, seed):
    """The samples of such a picture, row after row: images and clips in [0, 1], waveforms; arguments as of `sample_grid`."""
    labels, seeds = gan.labels_from(np.arange(rows)), seed + np.arange(rows * columns, dtype=np.int64)
    if labels is not None:
        labels, seeds = np.repeat(labels, columns), np.tile(seeds[:columns], rows)
    return images_of(gan, gan.latents_from(seeds), labels)


def interpolation_strips(gan, pairs, steps, seed):
    """A picture with a row for each pair of latents, uint8 `(height, width, channels)`; with labels row `i` has label `i`."""
    ends = np.asarray(gan.latents_from(seed + np.arange(2 * pairs, dtype=np.int64)))
    latents = spherical_interpolation(ends[:pairs], ends[pairs:], steps)
    labels = gan.labels_from(np.arange(pairs))
    labels = None if labels is None else np.repeat(labels, steps)
    return image_grid(images_of(gan, latents.reshape(pairs * steps, -1), labels), steps)


def images_of(gan, latents, labels=None):
    """Images in [0, 1] that a GAN makes of latents, a block at a time; without a codec its tensors are taken as in [-1, 1]."""
    images = gan.in_blocks(gan.samples_from_latents, latents, labels)
    return images if gan.codec is not None else np.clip((images + 1.0) / 2.0, 0.0, 1.0)


# --- `Interpolation`: rows of images between fixed pairs of latents.


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


# --- `SampleGrid`: the images of fixed latents after every epoch, and how they came about as an animation.

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


# --- Writes samples of the same noise after every epoch, so that training can be watched.


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
