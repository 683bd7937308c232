"""Images to work on: a file, a folder, or an array, cut to one shape."""

import os
import pathlib

import numpy as np
import tensorflow as tf

from gan_keras.codecs.image import fit_levels
from gan_keras.data.array_files import ArrayFile
from gan_keras.data.image_arrays import to_levels
from gan_keras.data.image_folders import SUFFIXES, decode_file, list_images
from gan_keras.data.images import HINTS


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
