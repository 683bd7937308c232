"""`load_images`: images by the name of a data set, from a folder, or from arrays in a `.npz` file."""

import functools
import pathlib
from typing import NamedTuple

import keras
import numpy as np

from gan_keras import catalogue
from gan_keras.data.files import PARTS, TEST_KEYS, ArrayFile, Hints, is_array_file, is_path, part_for_tests, visible
from gan_keras.data.image.files import SUFFIXES, UNREADABLE, read_picture
from gan_keras.data.image.readers import images_from_arrays, read_folder, to_levels

DOWNLOADED = {
    "mnist": keras.datasets.mnist,
    "fashion_mnist": keras.datasets.fashion_mnist,
    "cifar10": keras.datasets.cifar10,
}
"""Data sets that Keras downloads once."""

IMAGE_DATASETS = {name: about for name, about in catalogue.DATASETS["image"].items() if name not in DOWNLOADED}

SIZE = 16
"""Side of enlarged digits: the smallest multiple of 8 that suits networks with two or three halvings."""

_HINTS = Hints("a folder of images", "images=array", "images of several sizes go into a folder instead", "images")
_KEYS = {"train": (("x_train", "y_train"), ("images", "labels")), "test": TEST_KEYS}
_DARKEST = 16.0  # scikit-learn's digits count inked pixels of blocks of 4 x 4
_NUM_STACKED = 20_000


def load_images(source, size=None, channels=None, part="train", labels=None, label_names=None):
    """Loads `Images` by name, from a path, or from arrays.

    Args:
        source: A name in `IMAGE_DATASETS` or `DOWNLOADED`; a folder of image files (see `read_folder`); a `.npz` file with
            arrays `images` and optionally `labels`, or `x_train` and optionally `y_train`, and optionally `label_names`; a
            `.npy` file; an array, or a list of arrays, Pillow images or paths of files (see `images_from_arrays`). Write
            `./digits` for a folder named like a data set.
        size: Pixels that images are cropped and resized to, an int or `(height, width)`; `None` keeps their size.
        channels: 1 for grey, 3 for colour; `None` keeps their channels.
        part: `"train"`, or `"test"` for a file with `x_test` and for data sets of Keras.
        labels: Labels of an array or list, an integer for each image.
        label_names: Names of these labels.

    Raises:
        FileNotFoundError: If it is neither a name nor a file nor a folder.
        ConnectionError: If a data set of Keras cannot be downloaded.
        ValueError: If images and labels do not fit together, or arguments are out of range.
    """
    size = checked_size(size)
    if channels not in (None, 1, 3) or part not in PARTS:
        raise ValueError(f"Got channels={channels!r}, part={part!r}. Expected channels 1 or 3, and part 'train' or 'test'.")
    if not is_path(source, labels):
        return images_from_arrays("images", source, labels, label_names, size, channels)
    name, path = str(source), pathlib.Path(source)
    if name in DOWNLOADED:
        try:
            images, labels = DOWNLOADED[name].load_data()[PARTS.index(part)]
        except Exception as error:  # Keras raises a plain `Exception` if a download fails
            message = f"{name} cannot be downloaded ({error}). Expected a network, or the path of a .npz file."
            raise ConnectionError(message) from error
        return images_from_arrays(name, images, labels, size=size, channels=channels)
    if is_array_file(source, part, [*IMAGE_DATASETS, *DOWNLOADED], "images", "Image data sets"):
        if path.suffix.lower() in SUFFIXES:
            raise ValueError(f"{path} is a single image. Expected a folder of images, at least 2: a GAN learns what varies.")
        file = ArrayFile(path, _HINTS)
        images, labels = file.labelled(_KEYS[part], f"for part={part!r}")
        return images_from_arrays(path.name, images, labels, file.label_names, size, channels)
    if name == "digits":
        return load_digits(size, channels)
    if name != "stacked_digits":
        return read_folder(path, size, channels)
    if channels == 1:
        raise ValueError("Got channels=1 for stacked_digits. Expected 3: its channels are three digits.")
    return stacked_digits(load_digits(size))


def load_test_images(name_or_path, size=None, channels=None):
    """Loads the part that a source reserves for tests, or all of it if there is no such part; see `load_images`."""
    is_download = str(name_or_path) in DOWNLOADED
    part = "test" if is_download else part_for_tests(name_or_path, IMAGE_DATASETS, _HINTS)
    return load_images(name_or_path, size, channels, part)


def checked_size(size):
    """Returns `size` as `(height, width)` or None; raises `ValueError` if it is invalid."""
    if size is None:
        return None
    pair = (size, size) if isinstance(size, int) else tuple(size)
    if len(pair) != 2 or not all(isinstance(each, int) and each >= 1 for each in pair):
        raise ValueError(f"size={size!r}. Expected a number of pixels such as 64, or a pair (height, width).")
    return pair


def digit_levels():
    """scikit-learn's 1,797 digits, uint8 `(num, 8, 8, 1)`, and their labels, int64."""
    from sklearn.datasets import load_digits as load

    digits = load()
    return np.round(digits.images * (255.0 / _DARKEST)).astype(np.uint8)[..., np.newaxis], digits.target


def load_digits(size=None, channels=None):
    """1,797 handwritten digits, 8 x 8 with 17 levels, enlarged to 16 x 16: see `load_images` for the arguments."""
    levels, labels = digit_levels()
    return images_from_arrays("digits", levels, labels, size=size or (SIZE, SIZE), channels=channels)


def stacked_digits(digits, num=_NUM_STACKED, seed=0):
    """Three random digits as the channels of one image: 1,000 modes that can be counted.

    Args:
        digits: `Images` in memory, grey, with the labels 0 to 9: those of `load_images("digits")`, or MNIST from a file.
        num: Number of images, >= 2.
        seed: Seed of the choice of digits, int >= 0.

    Returns:
        `Images` with the labels 0 to 999: the hundreds are the first channel's digit.

    Reference: [Metz et al., 2017](https://arxiv.org/abs/1611.02163), section 3.3.1.
    """
    is_grey = isinstance(digits.images, np.ndarray) and digits.image_shape[2] == 1
    if not is_grey or digits.labels is None or digits.labels.max() > 9:
        raise ValueError(
            f"{digits.name} has the shape {digits.image_shape} and the labels {digits.label_names}. Expected grey images in "
            "memory with the labels 0 to 9, such as `load_images('digits')`."
        )
    rows = np.random.default_rng(seed).integers(len(digits), size=(num, 3))
    stacked = np.moveaxis(digits.images[rows, ..., 0], 1, -1)
    names = [f"{label:03d}" for label in range(1000)]
    return images_from_arrays(f"stacked_{digits.name}", stacked, digits.labels[rows] @ [100, 10, 1], names)


class Inputs(NamedTuple):
    """Images of any sizes to translate: names as relative paths, and functions that return uint8 `(height, width, 1 or 3)`."""

    names: list
    readers: list


def find_inputs(path, first=0, num=None):
    """Finds images from number `first` on, as `Inputs`.

    Args:
        path: An image file; a folder of them with all its sub-folders, sorted by name; or a `.npz` file with `images`.
        first: Number of the first image, >= 0.
        num: Maximum number of images, >= 1; None for all.

    Raises:
        FileNotFoundError: If there is no such file or folder.
        ValueError: If it holds no image from number `first` on.
    """
    path = pathlib.Path(path)
    if not path.exists():
        raise FileNotFoundError(f"There is no {path}. Expected an image, a folder of images or a .npz file.")
    if path.suffix == ".npz":
        file = ArrayFile(path, _HINTS)
        if "images" not in file:
            raise ValueError(f"{path} holds the arrays {', '.join(file.names) or 'none'}. Expected an array `images`.")
        levels, _ = to_levels(path.name, np.asarray(file.array("images")))
        names = [f"{index:05d}.png" for index in range(len(levels))]
        readers = [functools.partial(levels.__getitem__, index) for index in range(len(levels))]
    elif path.is_file() and path.suffix.lower() not in SUFFIXES:
        raise ValueError(f"{path} ends in {path.suffix or 'nothing'}. Expected {', '.join(SUFFIXES)}, .npz or a folder.")
    else:
        found = sorted(each for each in path.rglob("*") if visible(each.relative_to(path))) if path.is_dir() else [path]
        found = [each for each in found if each.suffix.lower() in SUFFIXES]
        names = [str(each.relative_to(path)) if path.is_dir() else each.name for each in found]
        readers = [functools.partial(_pixels_of, each) for each in found]
    if not names:
        raise ValueError(f"{path} holds no images. Expected files that end in {', '.join(SUFFIXES)}.")
    if first >= len(names):
        raise ValueError(f"{path} holds {len(names)} images. Expected a seed below that: it is the number of the first, from 0.")
    chosen = slice(first, None if num is None else first + num)
    return Inputs(names[chosen], readers[chosen])


def _pixels_of(path):
    try:
        return read_picture(path).pixels
    except UNREADABLE as error:
        raise ValueError(f"{path} cannot be read as an image ({error}). Expected one of {', '.join(SUFFIXES)}.") from error
