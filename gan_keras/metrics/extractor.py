"""Feature extractors: a small classifier trained on the real data alone, or Inception if its weights are at hand.

The trained extractor is the default, because it needs no download. Features of differently trained extractors are not
comparable: every score carries the extractor's hash, see `Protocol`. Without labels the network learns to recognise rotations.

References: [Gidaris et al., 2018](https://arxiv.org/abs/1803.07728) (rotations), [Heusel et al.,
2017](https://arxiv.org/abs/1706.08500) (Inception features, FID).
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

INCEPTION_SIZE = (299, 299)
"""Height and width of the images that Inception reads."""

WEIGHTS_FILE = "inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5"
WEIGHTS_URL = f"https://storage.googleapis.com/tensorflow/keras-applications/inception_v3/{WEIGHTS_FILE}"


@dataclasses.dataclass(frozen=True)
class Recipe:
    """Training settings of an extractor.

    Attributes:
        widths: Filters of each convolution; all but the first halve the image. The last is the features' dimension.
        steps: Number of updates.
        batch_size: Images per update.
        learning_rate: Adam's initial learning rate; it falls to 0 along a cosine.
        held_out: Fraction of the images used to measure the accuracy, in (0, 1).
    """

    widths: tuple[int, ...] = (32, 64, 128)
    steps: int = 1500
    batch_size: int = 128
    learning_rate: float = 1e-3
    held_out: float = 0.1


@keras.saving.register_keras_serializable(package="gan_keras")
class Extractor(keras.Model):
    """Convolutional network from images in [-1, 1], `(batch, height, width, channels)`, to `{"features": ..., "logits": ...}`.

    Args:
        num_classes: Number of logits.
        widths: Filters of each convolution, see `Recipe`.
        seed: Seed of the initial weights.
        held_out_accuracy: Accuracy on held-out images; None before training.
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


class LabelTask:
    """Pretext task of an extractor: predict the label of an image.

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
    """Pretext task of an extractor: predict the number of quarter turns, 0 to 3, of a square image `(size, size, channels)`."""

    num_classes = 4

    def __init__(self, images):
        if images.shape[1] != images.shape[2]:
            raise ValueError(
                f"Got images of shape {images.shape[1:]} without labels. Expected square ones, which can be rotated, or labels."
            )
        self.images = images

    def batch(self, rows, generator):
        turns = generator.integers(4, size=len(rows))
        turned = [np.rot90(image, turn) for image, turn in zip(self.images[rows], turns, strict=True)]
        return np.stack(turned), turns


class Kind(NamedTuple):
    """Kind of samples for `train_extractor`.

    Attributes:
        network: Class of the extractor: `Extractor` or a subclass.
        task: Function from samples and labels (or None) to a task with the attributes of `LabelTask`.
    """

    network: type
    task: Callable


IMAGES = Kind(Extractor, lambda images, labels: RotationTask(images) if labels is None else LabelTask(images, labels))


def train_extractor(images, labels=None, seed=0, recipe=None, directory=None, kind=IMAGES):
    """Trains an `Extractor` on real training images, or loads it if an earlier call with equal arguments saved it.

    Args:
        images: Real training images in [-1, 1], `(num, height, width, channels)`; never those used to measure scores.
        labels: Their classes, integers from 0, `(num,)`; None to learn rotations.
        seed: Seed of the weights, of the held-out images and of the batches. The same seed gives the same extractor.
        recipe: A `Recipe`; None for the default.
        directory: Directory of trained extractors; None for `gan_keras/extractors` below `KERAS_HOME` (by default `~/.keras`).
        kind: Kind of samples, such as `CLIPS`; images by default.

    Returns:
        An `Extractor`. If its `held_out_accuracy` is near `1 / num_classes`, its features are worth little.

    Raises:
        ValueError: If the images are not in [-1, 1] or too few, or the labels do not fit.
    """
    recipe = recipe or Recipe()
    images = as_images(images)
    task = kind.task(images, labels)
    directory = keras_home() / "gan_keras" / "extractors" if directory is None else pathlib.Path(directory)
    path = directory / f"{_key(images, labels, seed, recipe, task)}.keras"
    if path.is_file():
        return keras.saving.load_model(path)
    extractor = _train(task, seed, recipe, kind.network)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_whole(path, extractor.save)
    except OSError as error:  # the extractor is valid: only the next call has to train again
        warnings.warn(f"Did not save the extractor: {error}. Give `train_extractor` a writable directory.", stacklevel=2)
    return extractor


def as_images(images):
    """Images or clips as float32; raises `ValueError` unless they are `(num, [frames,] height, width, channels)` in [-1, 1]."""
    images = np.asarray(images, np.float32)
    if images.ndim not in (4, 5) or not len(images):
        raise ValueError(f"Got images of shape {images.shape}. Expected (num, height, width, channels) with num >= 1.")
    low, high = images.min(), images.max()
    if not (low >= -1.001 and high <= 1.001):  # NaN fails too
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
    logits = [np.asarray(extractor(shown[start : start + 256])["logits"]) for start in range(0, len(shown), 256)]
    extractor.held_out_accuracy = float((np.concatenate(logits).argmax(axis=1) == targets).mean())
    return extractor


def _batches(rows, recipe, generator):
    """Yields the rows of each update, in a new random order for each pass."""
    size, left = min(recipe.batch_size, len(rows)), []
    for _ in range(recipe.steps):
        if len(left) < size:
            left = generator.permutation(rows)
        yield left[:size]
        left = left[size:]


def keras_home():
    """Directory of Keras' own files: `KERAS_HOME`, by default `~/.keras`."""
    return pathlib.Path(os.environ.get("KERAS_HOME") or os.path.expanduser("~/.keras"))


def _key(images, labels, seed, recipe, task):
    """Hash of everything that determines the trained extractor."""
    learned = {"task": type(task).__name__, "classes": task.num_classes}
    settings = {"shape": images.shape, "seed": seed, **learned, **dataclasses.asdict(recipe)}
    digest = hashlib.sha256(json.dumps(settings).encode())
    digest.update(np.ascontiguousarray(images).data)
    if labels is not None:
        digest.update(np.asarray(labels, np.int64).tobytes())
    return digest.hexdigest()


def hash_of(extractor):
    """SHA-256 of a built `keras.Model`'s architecture and weights, 64 hexadecimal digits.

    Names that Keras numbers, such as `conv2d_7`, depend on earlier layers of the process: only their order counts.
    """
    text = json.dumps(extractor.get_config(), sort_keys=True, default=str)
    names = dict.fromkeys(re.findall(r'"name": "([^"]+)"', text) + re.findall(r'"(keras_tensor\w*)"', text))
    for number, name in enumerate(names):
        text = text.replace(f'"{name}"', f'"#{number}"')
    digest = hashlib.sha256(f"{type(extractor).__name__} {text}".encode())
    for weight in extractor.get_weights():
        digest.update(f"{weight.shape} {weight.dtype}".encode() + weight.tobytes())
    return digest.hexdigest()


class Inception(keras.Model):
    """An extractor whose Frechet distance is called `fid`; see `load_inception`."""

    frechet_name = "fid"


def load_inception(weights_path=None, channels=3):
    """Loads Keras' InceptionV3 as extractor: `ImageQuality(load_inception(), images, size=INCEPTION_SIZE)` reports the `fid`.

    Nothing is downloaded. The weights are Keras' own, trained on ImageNet, not those of the 2015 graph behind published FIDs:
    compare its FID only with values of this extractor, which the hash in the protocol enforces. Greyscale images are repeated to
    three channels.

    Args:
        weights_path: Weights file without the classification layer. None looks for the file that Keras itself would download, in
            `models` below `KERAS_HOME` (by default `~/.keras`).
        channels: Channels of the images, 1 or 3.

    Returns:
        A `keras.Model` from images in [-1, 1], `(batch, 299, 299, channels)`, to features `(batch, 2048)`.

    Raises:
        FileNotFoundError: If the file does not exist.
        ValueError: If it holds other weights, or the number of channels is neither 1 nor 3.
    """
    if channels not in (1, 3):
        raise ValueError(f"Got channels={channels}. Expected 1 or 3.")
    path = keras_home() / "models" / WEIGHTS_FILE if weights_path is None else pathlib.Path(weights_path)
    if not path.is_file():
        raise FileNotFoundError(
            f"There are no Inception weights at {path}. Expected the file at {WEIGHTS_URL}: download it to that place, or use "
            "`train_extractor`, which needs none."
        )
    images = keras.Input((*INCEPTION_SIZE, channels))
    colours = images if channels == 3 else layers.Concatenate()([images] * 3)
    network = keras.applications.InceptionV3(
        include_top=False, weights=None, input_shape=(*INCEPTION_SIZE, 3), pooling="avg", name="inception_v3"
    )
    try:
        network.load_weights(path)
    except (ValueError, OSError, KeyError) as error:
        raise ValueError(f"{path} does not hold the weights of InceptionV3 without its classification layer: {error}") from error
    return Inception(images, network(colours), name="keras_inception_v3")
