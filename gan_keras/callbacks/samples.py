"""Callbacks that show the samples of fixed latents: files per epoch, interpolations between latents, and TensorBoard."""

import importlib.util
import os
import pathlib
import re

import keras
import numpy as np
import tensorflow as tf

from gan_keras.media.images import image_grid, write_animation, write_png
from gan_keras.media.safe_files import replace_whole

_NAME = re.compile(r"epoch_(\d+)\.png")
_MIN_SINE = 1e-6  # of the angle between two latents; below it, they have the same or opposite directions


class EpochFiles(keras.callbacks.Callback):
    """Base of callbacks that write the files `epoch_001`, `epoch_002`, ...; a subclass implements `write`.

    Args:
        directory: Directory to write to; created if missing.
        seed: Seed of the first latent; the latents are the same at every epoch.
        every: Epochs between two files, >= 1; the last epoch always has one.
        **sizes: Further numbers that must be at least 1.

    Raises:
        ValueError: If a number is below 1.
    """

    def __init__(self, directory, seed=0, every=1, **sizes):
        super().__init__()
        check_sizes(**sizes, every=every)
        self.directory, self.seed, self.every = pathlib.Path(directory), seed, every

    def on_epoch_end(self, epoch, logs=None):
        if (epoch + 1) % self.every == 0 or epoch + 1 == self.params["epochs"]:
            self.directory.mkdir(parents=True, exist_ok=True)
            self.write(self.directory / f"epoch_{epoch + 1:03d}")

    def write(self, path):
        """Writes the samples of an epoch to `path` with a suffix of the subclass's choice."""
        raise NotImplementedError


def check_sizes(**sizes):
    """Raises `ValueError` unless every named size is at least 1."""
    small = [f"{name}={size}" for name, size in sizes.items() if size < 1]
    if small:
        raise ValueError(f"Got {', '.join(small)}. Expected at least 1.")


class Samples(EpochFiles):
    """Writes generated samples after every epoch, in the codec's format.

    Text becomes `epoch_001.txt`, one sample per line; images become a grid, `epoch_001.png`; samples of a GAN without a
    codec become an array, `epoch_001.npy`.

    Args:
        directory: Directory to write to; created if missing.
        num: Samples per epoch, >= 1.
        seed: Seed of the first sample; the noise is the same at every epoch.
    """

    def __init__(self, directory, num=10, seed=0):
        super().__init__(directory, seed, num=num)
        self.num = num

    def write(self, path):
        samples = self.model.generate(self.num, seed=self.seed)
        write_samples = getattr(self.model.codec, "write_samples", None)
        if hasattr(samples, "to_csv"):  # of a GAN that was built for a data frame
            replace_whole(path.with_suffix(".csv"), samples.to_csv)
        elif write_samples is None:
            replace_whole(path.with_suffix(".npy"), lambda temporary: np.save(temporary, samples))
        else:
            write_samples(path, samples)


class SampleGrid(EpochFiles):
    """Writes `epoch_001.png`, `epoch_002.png`, ... and, when `fit` ends, all of them as `animation.gif`.

    The latents are the same at every epoch. For a generator with labels, a row is a label and a column is a latent: the
    effect of a label shows down a column, that of a latent along a row. A resumed training animates the earlier epochs too.

    Args:
        directory: Directory to write to; created if missing.
        rows: Maximum number of rows, >= 1. With labels, each row shows one of them, starting with the first.
        columns: Images per row, >= 1.
        seed: Seed of the first latent.
        every: Epochs between two pictures, >= 1; the last epoch always has one.
        label_names: Names of the labels, written next to the rows; None writes numbers.

    Raises:
        ValueError: If a size is below 1.
    """

    def __init__(self, directory, rows=10, columns=10, seed=0, every=1, label_names=None):
        super().__init__(directory, seed, every, rows=rows, columns=columns)
        self.rows, self.columns, self.label_names, self.epoch = rows, columns, label_names, 0

    def on_epoch_end(self, epoch, logs=None):
        self.epoch = epoch + 1
        super().on_epoch_end(epoch, logs)

    def write(self, path):
        write_png(path.with_suffix(".png"), self.picture())

    def picture(self):
        """Returns the picture of an epoch, uint8 `(height, width, channels)`."""
        return sample_grid(self.model, self.rows, self.columns, self.seed, self.label_names)

    def get_state(self):
        """Returns the number of epochs with pictures, for `callbacks.Checkpoint`."""
        return {"epoch": self.epoch}

    def set_state(self, state):
        self.epoch = state["epoch"]

    def on_train_end(self, logs=None):
        paths = {int(match[1]): path for path in self.directory.glob("epoch_*.png") if (match := _NAME.fullmatch(path.name))}
        epochs = [epoch for epoch in sorted(paths) if epoch <= self.epoch]  # later ones are of another training
        if epochs:
            frames, titles = [paths[epoch] for epoch in epochs], [f"epoch {epoch}" for epoch in epochs]
            write_animation(self.directory / "animation.gif", frames, titles=titles)


def sample_grid(gan, rows, columns, seed, label_names=None):
    """Returns the picture of `SampleGrid` for a `GAN` of images, uint8 `(height, width, channels)`."""
    return image_grid(fixed_samples(gan, rows, columns, seed), columns, row_labels(gan, rows, label_names))


def fixed_samples(gan, rows, columns, seed):
    """Returns the samples of `sample_grid`, row by row: images and clips in [0, 1], or waveforms."""
    labels, seeds = _row_numbers(gan, rows), seed + np.arange(rows * columns, dtype=np.int64)
    if labels is not None:
        labels, seeds = np.repeat(labels, columns), np.tile(seeds[:columns], len(labels))
    return _images_of(gan, gan.latents_from(seeds), labels)


def row_labels(gan, rows, label_names=None):
    """Returns the names of the labels that the rows of `fixed_samples` have, or their numbers; None without labels."""
    return _names(_row_numbers(gan, rows), label_names)


def _names(labels, label_names):
    """Returns labels, numbers or None, as texts: their names if they are known."""
    if labels is None:
        return None
    labels = np.asarray(labels)
    if label_names is None:
        return [f"label {label}" for label in labels]
    if labels.max() >= len(label_names):
        raise ValueError(f"Got {len(label_names)} label_names for labels up to {labels.max()}. Expected a name for each label.")
    return [label_names[label] for label in labels]


def _row_numbers(gan, rows):
    """Returns the first labels, at most `rows`, as numbers; None for a generator without labels."""
    num_labels = getattr(gan.generator, "num_labels", 0)
    return np.arange(min(rows, num_labels), dtype=np.int32) if num_labels else None


def _images_of(gan, latents, labels=None):
    """Returns images in [0, 1], generated in blocks; without a codec, tensors are taken to be in [-1, 1]."""
    images = gan.in_blocks(gan.samples_from_latents, latents, labels)
    return images if gan.codec is not None else np.clip((images + 1.0) / 2.0, 0.0, 1.0)


# --- Interpolation between latents. ---


class Interpolation(keras.callbacks.Callback):
    """Writes `interpolation.png` when `fit` ends: along each row, one image turns into another.

    Smooth rows of good images are evidence against a generator that has memorised its training images. The path is an arc,
    see `spherical_interpolation`. For a generator with labels, each row keeps one label. Place it after callbacks that
    restore the best weights.

    Args:
        directory: Directory to write to; created if missing.
        pairs: Number of rows, >= 1.
        steps: Images per row, both ends included, >= 2.
        seed: Seed of the first latent.
        every: Epochs between two further pictures `interpolation_001.png`, ..., >= 1; None for none.
        label_names: Names of the labels, written next to the rows; None writes numbers.

    Raises:
        ValueError: If a size is out of range.
    """

    def __init__(self, directory, pairs=8, steps=10, seed=0, every=None, label_names=None):
        super().__init__()
        if pairs < 1 or steps < 2 or (every is not None and every < 1):
            raise ValueError(f"Got pairs={pairs}, steps={steps}, every={every}. Expected pairs >= 1, steps >= 2, every >= 1.")
        self.directory, self.pairs, self.steps = pathlib.Path(directory), pairs, steps
        self.seed, self.every, self.label_names = seed, every, label_names

    def on_epoch_end(self, epoch, logs=None):
        if self.every is not None and (epoch + 1) % self.every == 0:
            self.write(f"interpolation_{epoch + 1:03d}.png")

    def on_train_end(self, logs=None):
        self.write("interpolation.png")

    def write(self, name):
        self.directory.mkdir(parents=True, exist_ok=True)
        ends = np.asarray(self.model.latents_from(self.seed + np.arange(2 * self.pairs, dtype=np.int64)))
        latents = spherical_interpolation(ends[: self.pairs], ends[self.pairs :], self.steps)
        labels = self.model.labels_from(np.arange(self.pairs))
        repeated = None if labels is None else np.repeat(labels, self.steps)
        images = _images_of(self.model, latents.reshape(self.pairs * self.steps, -1), repeated)
        shares = [f"{share:.0%}" for share in np.linspace(0.0, 1.0, self.steps)]  # of the way to the second latent
        write_png(self.directory / name, image_grid(images, self.steps, _names(labels, self.label_names), shares))


def spherical_interpolation(first, second, num):
    """Returns latents along an arc, which keeps their lengths typical of a normal distribution.

    Nearly all of a normal distribution lies close to a sphere. Halfway along a straight line, latents are shorter by a
    factor of about sqrt(2), which the generator has never seen. If both latents have the same or opposite directions, no arc
    is defined and the path is straight.

    Args:
        first: Latents `(num_pairs, latent_dim)`.
        second: Latents of the same shape.
        num: Latents per path, both ends included, >= 2.

    Returns:
        float32 `(num_pairs, num, latent_dim)`.

    Reference: [White, 2016](https://arxiv.org/abs/1609.04468).
    """
    first, second = np.asarray(first, np.float64), np.asarray(second, np.float64)
    if first.ndim != 2 or first.shape != second.shape or num < 2:
        raise ValueError(
            f"Got latents of shapes {first.shape} and {second.shape}, num={num}. Expected (num_pairs, latent_dim) for both "
            "and num >= 2."
        )
    lengths = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    cosines = (first * second).sum(axis=1) / np.maximum(lengths, np.finfo(np.float64).tiny)
    angles = np.arccos(np.clip(cosines, -1.0, 1.0))[:, np.newaxis]
    steps = np.linspace(0.0, 1.0, num)
    paths = _shares(angles, 1.0 - steps) * first[:, np.newaxis] + _shares(angles, steps) * second[:, np.newaxis]
    return paths.astype(np.float32)


def _shares(angles, steps):
    """Returns the share of one end in each step, `(num_pairs, num, 1)`."""
    sines = np.sin(angles)
    straight = sines < _MIN_SINE
    return np.where(straight, steps, np.sin(steps * angles) / np.where(straight, 1.0, sines))[..., np.newaxis]


# --- TensorBoard. ---


class TensorBoard(keras.callbacks.Callback):
    """Logs every epoch's values as scalars and, for a GAN of images, a grid of samples of fixed latents.

    `tensorboard --logdir DIRECTORY` shows them. Keras' callback of the same name logs no samples of a GAN.

    Args:
        directory: Directory of the event files.
        rows: Rows of the grid, >= 1: see `SampleGrid`.
        columns: Images per row, >= 1.
        seed: Seed of the first latent.
        every: Epochs between two grids, >= 1; scalars are logged at each epoch.

    Raises:
        ImportError: If TensorBoard is not installed.
        ValueError: If a size is below 1.
    """

    def __init__(self, directory, rows=10, columns=10, seed=0, every=1):
        super().__init__()
        check_sizes(rows=rows, columns=columns, every=every)
        if importlib.util.find_spec("tensorboard") is None:
            raise ImportError("TensorBoard is not installed. Install it: pip install 'gan_keras[tensorboard]'.")
        self.directory, self.rows, self.columns = os.fspath(directory), rows, columns
        self.seed, self.every, self.writer = seed, every, None

    def on_train_begin(self, logs=None):
        self.writer = tf.summary.create_file_writer(self.directory)

    def on_epoch_end(self, epoch, logs=None):
        with self.writer.as_default(step=epoch + 1):
            for name, value in (logs or {}).items():
                tf.summary.scalar(name, float(value))
            if (epoch + 1) % self.every == 0 and len(self.model.sample_shape) == 3:  # only images have three dimensions
                tf.summary.image("samples", sample_grid(self.model, self.rows, self.columns, self.seed)[None])
        self.writer.flush()

    def on_train_end(self, logs=None):
        self.writer.close()
