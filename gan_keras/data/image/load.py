"""Images to work on: a file, a folder, or an array, cut to one shape."""

import os
import pathlib

import keras
import numpy as np
import tensorflow as tf

from gan_keras.data.arrays import PARTS, TEST_KEYS, ArrayFile, Hints
from gan_keras.data.image.arrays import images_from_arrays, to_levels
from gan_keras.data.image.digits import load_digits, stacked_digits
from gan_keras.data.image.folders import SUFFIXES, decode_file, list_images, read_folder
from gan_keras.data.text.corpus import check_is_file
from gan_keras.media.images import fit_levels


def read_inputs(path, image_shape, first=0, num=10):
    """At most `num` images from a place on, cropped, resized and turned to colour or grey as an `ImageCodec` does.

    Args:
        path: A PNG or JPEG file; a folder of them, taken in the order of their names; or a `.npz` file with `images`.
        image_shape: `(height, width, channels)`.
        first: Number of the first image, >= 0.
        num: Most images, >= 1.

    Returns:
        uint8 `(at most num, *image_shape)`.

    Raises:
        FileNotFoundError: There is no such file or folder.
        ValueError: It holds no image from that place on, or one that cannot be read.
    """
    path = pathlib.Path(path)
    if not path.exists():
        raise FileNotFoundError(f"There is no {path}. Expected an image, a folder of images or a .npz file.")
    if path.suffix == ".npz":
        return _of_array(path, image_shape, first, num)
    if path.is_file() and path.suffix.lower() not in SUFFIXES:
        raise ValueError(f"{path} ends in {path.suffix or 'nothing'}. Expected {', '.join(SUFFIXES)}, .npz or a folder.")
    paths = list_images(path)[0] if path.is_dir() else [path]
    check_some(path, len(paths), first)
    return np.stack([_read(each, image_shape) for each in paths[first : first + num]])


def check_some(path, num, first):
    """Raises `ValueError` unless there is an image at a place."""
    if first >= num:
        raise ValueError(f"{path} holds {num} images. Expected a seed below that: it is the number of the first, from 0.")


def _of_array(path, image_shape, first, num):
    file = ArrayFile(path, HINTS)
    if "images" not in file:
        raise ValueError(f"{path} holds the arrays {', '.join(file.names) or 'none'}. Expected an array `images`.")
    levels, _ = to_levels(path.name, np.asarray(file.array("images")))
    check_some(path, len(levels), first)
    return fit_levels(levels[first : first + num], image_shape).numpy()


def _read(path, image_shape):
    try:
        return decode_file(os.fsencode(path), image_shape).numpy()
    except tf.errors.InvalidArgumentError as error:
        raise ValueError(f"{path} cannot be read as an image. Expected a PNG or JPEG file.") from error


# --- `load_images`: images by the name of a data set, from a folder, or from arrays in a `.npz` file.

IMAGE_DATASETS = {
    "digits": "1,797 handwritten digits of scikit-learn, 8 x 8, enlarged to 16 x 16",
    "stacked_digits": "20,000 images of three such digits as channels: 1,000 modes",
}

DOWNLOADED = {
    "mnist": keras.datasets.mnist,
    "fashion_mnist": keras.datasets.fashion_mnist,
    "cifar10": keras.datasets.cifar10,
}
"""Data sets that Keras downloads once."""

HINTS = Hints("a folder of images", "images=array", "images of several sizes go into a folder instead")
_KEYS = {"train": (("x_train", "y_train"), ("images", "labels")), "test": TEST_KEYS}


def load_images(name_or_path, size=None, channels=None, part="train"):
    """Loads images by name or from a path.

    Args:
        name_or_path: A name in `IMAGE_DATASETS` or `DOWNLOADED`; a folder of PNG and JPEG files (see `read_folder`); or
            a `.npz` file with arrays `images` and maybe `labels`, or `x_train` and maybe `y_train`, and maybe
            `label_names`. Write `./digits` for a folder named like a data set.
        size: Pixels that images are cropped and resized to, an int or `(height, width)`; `None` keeps their size.
        channels: 1 for grey, 3 for colour; `None` keeps what they have.
        part: `"train"`, or `"test"` for a file with `x_test` and for data sets of Keras.

    Returns:
        `Images`.

    Raises:
        FileNotFoundError: Neither a name nor a file nor a folder.
        ConnectionError: A data set of Keras cannot be downloaded.
        ValueError: Images or labels that do not fit together, or arguments out of their range.
    """
    size = checked_size(size)
    if channels not in (None, 1, 3) or part not in PARTS:
        raise ValueError(f"Got channels={channels!r}, part={part!r}. Expected channels 1 or 3, and part 'train' or 'test'.")
    if str(name_or_path) in DOWNLOADED:
        return _download(str(name_or_path), size, channels, part)
    if not pathlib.Path(name_or_path).is_dir() and str(name_or_path) not in IMAGE_DATASETS:
        names = ", ".join([*IMAGE_DATASETS, *DOWNLOADED])
        check_is_file(name_or_path, hint=f"Image data sets: {names}.")
        return _read_npz(pathlib.Path(name_or_path), size, channels, part)
    if part == "test":
        raise ValueError(f"{name_or_path} has no part 'test'. Expected part='train': hold images out by `split_images`.")
    return _load_whole(name_or_path, size, channels)


def load_test_images(name_or_path, size=None, channels=None):
    """The part that a set keeps for tests, where it has one, else all of it; see `load_images`."""
    path = pathlib.Path(name_or_path)
    is_file = str(name_or_path) not in (*IMAGE_DATASETS, *DOWNLOADED) and path.is_file()
    has_part = str(name_or_path) in DOWNLOADED or is_file and ArrayFile(path, HINTS).has_test
    return load_images(name_or_path, size, channels, "test" if has_part else "train")


def _load_whole(name_or_path, size, channels):
    """What has no parts: the built-in sets and folders."""
    if str(name_or_path) == "digits":
        return load_digits(size, channels)
    if str(name_or_path) != "stacked_digits":
        return read_folder(name_or_path, size, channels)
    if channels == 1:
        raise ValueError("Got channels=1 for stacked_digits. Expected 3: its channels are three digits.")
    return stacked_digits(load_digits(size))


def checked_size(size):
    if size is None:
        return None
    pair = (size, size) if isinstance(size, int) else tuple(size)
    if len(pair) != 2 or not all(isinstance(each, int) and each >= 1 for each in pair):
        raise ValueError(f"size={size!r}. Expected a number of pixels such as 64, or a pair (height, width).")
    return pair


def _download(name, size, channels, part):
    try:
        train, test = DOWNLOADED[name].load_data()
    except Exception as error:  # Keras raises a plain one when a download fails
        raise ConnectionError(
            f"{name} cannot be downloaded ({error}). Expected a network, or the path of a .npz file."
        ) from error
    images, labels = train if part == "train" else test
    return images_from_arrays(name, images, labels, size=size, channels=channels)


def _read_npz(path, size, channels, part):
    file = ArrayFile(path, HINTS)
    images, labels = file.labelled(_KEYS[part], f"for part={part!r}")
    return images_from_arrays(path.name, images, labels, file.label_names, size, channels)
