"""The default feature extractor: a small classifier trained on the real data alone, so that no download is needed.

Features of another training are another ruler: the hash of the extractor belongs to every score, see `Protocol`. Without
labels the network learns to tell by how many quarters an image was turned, and needs no label for it.

Reference: [Gidaris et al., 2018](https://arxiv.org/abs/1803.07728) (rotations).
"""

import dataclasses
import hashlib
import json
import os
import pathlib
import re
import warnings
from collections.abc import Callable
from typing import NamedTuple

import keras
import numpy as np
from keras import layers

from gan_keras.media.safe_files import replace_whole


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How an extractor is trained.

    Attributes:
        widths: Filters of each convolution; all but the first halve the image. The last is the features' dimension.
        steps: Updates.
        batch_size: Images an update.
        learning_rate: Of Adam at first; it falls to 0 with a cosine.
        held_out: Fraction of the images by which the accuracy is measured, in (0, 1).
    """

    widths: tuple[int, ...] = (32, 64, 128)
    steps: int = 1500
    batch_size: int = 128
    learning_rate: float = 1e-3
    held_out: float = 0.1


@keras.saving.register_keras_serializable(package="gan_keras")
class Extractor(keras.Model):
    """Convolutions from images in [-1, 1], `(batch, height, width, channels)`, to `{"features": ..., "logits": ...}`.

    Args:
        num_classes: Number of logits.
        widths: Filters of each convolution, see `Recipe`.
        seed: Of the initial weights.
        held_out_accuracy: Fraction of held-out images whose class it names; None before training.
    """

    title, convolution, pooling, first_stride = "extractor", layers.Conv2D, layers.GlobalAveragePooling2D, 1

    def __init__(self, num_classes, widths=(32, 64, 128), seed=0, held_out_accuracy=None, **kwargs):
        super().__init__(**{"name": self.title, **kwargs})
        self.num_classes, self.widths, self.seed = num_classes, tuple(widths), seed
        self.held_out_accuracy = held_out_accuracy
        self.convolutions = [
            self.convolution(width, 3, stride, "same", use_bias=False, kernel_initializer=self.initial(index))
            for index, (width, stride) in enumerate(zip(self.widths, (self.first_stride, *[2] * len(self.widths)), strict=False))
        ]
        self.normalizations = [layers.BatchNormalization(momentum=0.9) for _ in self.widths]
        self.pool = self.pooling()
        self.classify = layers.Dense(num_classes, kernel_initializer=self.initial(len(self.widths)))

    def initial(self, index):
        return keras.initializers.HeNormal(seed=self.seed * 100 + index)

    def call(self, images, training=False):
        for convolution, normalization in zip(self.convolutions, self.normalizations, strict=True):
            images = keras.ops.relu(normalization(convolution(images), training=training))
        features = self.pool(images)
        return {"features": features, "logits": self.classify(features)}

    def get_config(self):
        config = {"num_classes": self.num_classes, "widths": self.widths, "seed": self.seed}
        return {**super().get_config(), **config, "held_out_accuracy": self.held_out_accuracy}


class Kind(NamedTuple):
    """A kind of samples, for `train_extractor`.

    Attributes:
        network: Class of the extractor that reads them: `Extractor` or a subclass.
        task: What it learns: a function of samples and labels, None for none, to an object like `LabelTask`.
    """

    network: type
    task: Callable


IMAGES = Kind(Extractor, lambda images, labels: RotationTask(images) if labels is None else LabelTask(images, labels))


def train_extractor(images, labels=None, seed=0, recipe=None, directory=None, kind=IMAGES):
    """Trains an `Extractor` on real training images, or loads it where the same call trained it before.

    Args:
        images: Real training images in [-1, 1], `(num, height, width, channels)`; never those that scores are measured on.
        labels: Their classes, integers from 0, `(num,)`; None to learn rotations.
        seed: Of the weights, the held-out images and their order; the same gives the same extractor.
        recipe: A `Recipe`; None for the default.
        directory: Where trained extractors are kept; None for `gan_keras/extractors` below `KERAS_HOME` (by default
            `~/.keras`).
        kind: A `Kind`; see `metrics.clip_extractor` for clips.

    Returns:
        An `Extractor`; `held_out_accuracy` tells how good it is: near `1 / num_classes` its features are worth little.

    Raises:
        ValueError: If the images are not in [-1, 1] or too few, or labels do not fit.
    """
    recipe = recipe or Recipe()
    images = as_images(images)
    task = kind.task(images, labels)
    path = _directory(directory) / f"{_key(images, labels, seed, recipe, task)}.keras"
    if path.is_file():
        return keras.saving.load_model(path)
    extractor = _train(task, seed, recipe, kind.network)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_whole(path, extractor.save)
    except OSError as error:  # the extractor is good: only the next call has to train again
        warnings.warn(f"The extractor is not kept: {error}. Give `train_extractor` a directory to write to.", stacklevel=2)
    return extractor


def as_images(images):
    """Images or clips as float32; raises `ValueError` unless they are `(num, [frames,] height, width, channels)` in [-1, 1]."""
    images = np.asarray(images, np.float32)
    if images.ndim not in (4, 5) or not len(images):
        raise ValueError(f"Got images of shape {images.shape}. Expected (num, height, width, channels) with num >= 1.")
    low, high = images.min(), images.max()
    if not (low >= -1.001 and high <= 1.001):  # not a number fails too
        raise ValueError(f"Got images from {low} to {high}. Expected numbers in [-1, 1]: divide bytes by 127.5, subtract 1.")
    return images


def _train(task, seed, recipe, network):
    generator = np.random.default_rng(seed)
    order = generator.permutation(len(task.images))
    num_held_out = round(recipe.held_out * len(order))
    held_out, rest = order[:num_held_out], order[num_held_out:]
    if not len(held_out) or not len(rest):
        raise ValueError(f"Got {len(order)} images, {num_held_out} of them held out. Expected some of both: use more images.")
    extractor = network(task.num_classes, recipe.widths, seed)
    inputs = keras.Input(task.images.shape[1:])
    classifier = keras.Model(inputs, extractor(inputs)["logits"])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    rate = keras.optimizers.schedules.CosineDecay(recipe.learning_rate, recipe.steps)
    classifier.compile(keras.optimizers.Adam(rate), loss)
    for rows in _batches(rest, recipe, generator):
        classifier.train_on_batch(*task.batch(rows, generator))
    shown, targets = task.batch(held_out, generator)
    found = np.concatenate([part.argmax(axis=1) for part in _logits(extractor, shown)])
    extractor.held_out_accuracy = float((found == targets).mean())
    return extractor


def _batches(rows, recipe, generator):
    """Rows of each update, in a new order each time that all were seen."""
    size, left = min(recipe.batch_size, len(rows)), []
    for _ in range(recipe.steps):
        if len(left) < size:
            left = generator.permutation(rows)
        yield left[:size]
        left = left[size:]


def _logits(extractor, images, size=256):
    for start in range(0, len(images), size):
        yield np.asarray(extractor(images[start : start + size])["logits"])


def _directory(directory):
    return keras_home() / "gan_keras" / "extractors" if directory is None else pathlib.Path(directory)


def keras_home():
    """Where Keras keeps files of its own: `KERAS_HOME`, by default `~/.keras`."""
    return pathlib.Path(os.environ.get("KERAS_HOME") or os.path.expanduser("~/.keras"))


def _key(images, labels, seed, recipe, task):
    """Hash of all that the training depends on."""
    learned = {"task": type(task).__name__, "classes": task.num_classes}
    settings = {"shape": images.shape, "seed": seed, **learned, **dataclasses.asdict(recipe)}
    digest = hashlib.sha256(json.dumps(settings).encode())
    digest.update(np.ascontiguousarray(images).data)
    if labels is not None:
        digest.update(np.asarray(labels, np.int64).tobytes())
    return digest.hexdigest()


def hash_of(extractor):
    """SHA-256 of a network's architecture and weights, 64 hexadecimal digits.

    The names that Keras numbers, such as `conv2d_7`, depend on what was made before: they count by their order alone.

    Args:
        extractor: A built `keras.Model` with a `get_config`.
    """
    text = json.dumps(extractor.get_config(), sort_keys=True, default=str)
    names = dict.fromkeys(re.findall(r'"name": "([^"]+)"', text) + re.findall(r'"(keras_tensor\w*)"', text))
    for number, name in enumerate(names):
        text = text.replace(f'"{name}"', f'"#{number}"')
    digest = hashlib.sha256(f"{type(extractor).__name__} {text}".encode())
    for weight in extractor.get_weights():
        digest.update(f"{weight.shape} {weight.dtype}".encode() + weight.tobytes())
    return digest.hexdigest()


# --- What an extractor learns: a task hands out samples with what there is to be told of them.


class LabelTask:
    """Tell the label of an image.

    Args:
        images: `(num, height, width, channels)`.
        labels: Integers from 0, `(num,)`.
    """

    def __init__(self, images, labels):
        labels = np.asarray(labels)
        if labels.shape != (len(images),) or labels.dtype.kind not in "iu" or labels.min() < 0 or labels.max() < 1:
            raise ValueError(
                f"Got labels of shape {labels.shape} and type {labels.dtype} for {len(images)} images. "
                "Expected one integer for each image, 0 or more, of at least two classes."
            )
        self.images, self.labels, self.num_classes = images, labels, int(labels.max()) + 1

    def batch(self, rows, generator):
        return self.images[rows], self.labels[rows]


class RotationTask:
    """Tell by how many quarters, 0 to 3, a square image was turned.

    Args:
        images: `(num, size, size, channels)`.
    """

    num_classes = 4

    def __init__(self, images):
        if images.shape[1] != images.shape[2]:
            raise ValueError(
                f"Got images of shape {images.shape[1:]} without labels. Expected square ones, which can be turned, or labels."
            )
        self.images = images

    def batch(self, rows, generator):
        turns = generator.integers(4, size=len(rows))
        turned = [np.rot90(image, turn) for image, turn in zip(self.images[rows], turns, strict=True)]
        return np.stack(turned), turns
