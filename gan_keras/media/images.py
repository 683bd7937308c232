"""Images as pictures: grids of many, PNG files, animations."""

import io
import math

import numpy as np
import tensorflow as tf
from PIL import Image

from gan_keras.media.safe_files import replace_whole

LEVELS = 255.0
CHANNELS = (1, 3)  # grey, colour

_SMALLEST = 32  # pixels: the sides of smaller images are enlarged to at least this, by a whole factor
_GAP = 2  # pixels between images
_MOST_FRAMES = 100  # of an animation


def image_grid(images, columns=None):
    """Puts images side by side, row after row, on white.

    Args:
        images: uint8 levels or floats in [0, 1], `(num, height, width, 1 or 3)`, num >= 1. Small ones are enlarged, each
            pixel to a square.
        columns: Images in a row, >= 1; None for a grid about as wide as it is high. The last row may have fewer.

    Returns:
        uint8 `(height of the grid, width of the grid, channels)`.

    Raises:
        ValueError: If the images have another shape or are not in that range, or `columns` is below 1.
    """
    images = to_levels(images)
    columns = math.ceil(math.sqrt(len(images))) if columns is None else columns
    if columns < 1:
        raise ValueError(f"Got columns={columns}. Expected at least 1.")
    factor = max(1, -(-_SMALLEST // min(images.shape[1:3])))
    images = images.repeat(factor, axis=1).repeat(factor, axis=2)
    num, height, width, channels = images.shape
    rows = -(-num // columns)
    grid = np.full((rows * (height + _GAP) - _GAP, columns * (width + _GAP) - _GAP, channels), 255, np.uint8)
    for index, image in enumerate(images):
        top, left = index // columns * (height + _GAP), index % columns * (width + _GAP)
        grid[top : top + height, left : left + width] = image
    return grid


def to_levels(images):
    """Images as uint8 levels, `(num, height, width, 1 or 3)`: floats in [0, 1] are rounded, levels stay; see `image_grid`."""
    images = np.asarray(images)
    if images.ndim != 4 or not len(images) or images.shape[-1] not in (1, 3):
        raise ValueError(f"Got images of shape {images.shape}. Expected (num, height, width, channels), 1 channel or 3.")
    if images.dtype == np.uint8:
        return images
    if not (images.min() >= 0 and images.max() <= 1):  # not a number fails too
        raise ValueError(f"Got images from {images.min()} to {images.max()}. Expected numbers in [0, 1], as codecs decode to.")
    return np.round(images * 255.0).astype(np.uint8)


def encode_png(picture):
    """The bytes of a PNG file of uint8 `(height, width, 1 or 3)`."""
    buffer = io.BytesIO()
    as_pillow(picture).save(buffer, format="PNG")
    return buffer.getvalue()


def write_png(path, picture):
    """Writes uint8 `(height, width, 1 or 3)`; a reader never meets half of the file."""
    replace_whole(path, lambda temporary: temporary.write_bytes(encode_png(picture)))


def write_animation(path, frames, seconds=5.0):
    """Writes PNG files as a GIF that repeats: at most 100 of them, the first, the last and others evenly between.

    Args:
        path: The GIF; a reader never meets half of it.
        frames: Paths of PNG files of one size, in their order, at least one.
        seconds: From the first frame to the last; the last then stays for a second.
    """
    chosen = np.unique(np.linspace(0, len(frames) - 1, min(len(frames), _MOST_FRAMES)).round().astype(int))
    first, *others = [_read(frames[index]) for index in chosen]
    durations = [max(20, round(1000 * seconds / len(chosen)))] * len(others) + [1000]  # ms; viewers slow shorter ones down

    def write(temporary):
        first.save(temporary, format="GIF", save_all=True, append_images=others, duration=durations, loop=0)

    replace_whole(path, write)


def _read(path):
    with Image.open(path) as image:
        return image.copy()


def as_pillow(picture):
    """A Pillow image of uint8 `(height, width, 1 or 3)`."""
    return Image.fromarray(picture[..., 0] if picture.shape[-1] == 1 else picture)


def write_images(path, images):
    """Writes images in the form that the name of `path` asks for.

    Args:
        path: `NAME.npz` for the array `images` of uint8 levels; `NAME.png` for one image, or a grid of several; else a
            directory, which is made, for `00000.png`, `00001.png`, ...
        images: As of `image_grid`.
    """
    levels = to_levels(images)
    if path.suffix == ".npz":
        replace_whole(path, lambda temporary: np.savez_compressed(temporary, images=levels))
    elif path.suffix == ".png":
        write_png(path, levels[0] if len(levels) == 1 else image_grid(levels))
    else:
        path.mkdir(exist_ok=True)
        for index, image in enumerate(levels):
            write_png(path / f"{index:05d}.png", image)


def checked_shape(image_shape):
    """The shape as a tuple of three int; raises `ValueError` unless it is a height, a width and 1 or 3 channels."""
    shape = tuple(int(size) for size in image_shape)
    if len(shape) != 3 or min(shape) < 1 or shape[2] not in CHANNELS:
        raise ValueError(f"image_shape={shape}. Expected (height, width, channels), 1 channel for grey or 3 for colour.")
    return shape


def fit_to(images, height, width):
    """Crops images centrally to the proportions of `height` and `width`, then resizes them, antialiased.

    Args:
        images: `(batch, any height, any width, channels)`, any numbers.
        height: Rows of the result.
        width: Columns of the result.

    Returns:
        float32 `(batch, height, width, channels)`: bilinear where it grows, triangle-filtered where it shrinks.
    """
    images = tf.cast(images, tf.float32)
    if images.shape[1:3] == (height, width):
        return images
    rows, columns = tf.unstack(tf.shape(images)[1:3])
    kept_rows = tf.clip_by_value(columns * height // width, 1, rows)
    kept_columns = tf.clip_by_value(rows * width // height, 1, columns)
    top, left = (rows - kept_rows) // 2, (columns - kept_columns) // 2
    cropped = images[:, top : top + kept_rows, left : left + kept_columns]
    return tf.image.resize(cropped, (height, width), antialias=True)


def convert_colour(images, channels):
    """Grey images to `channels=3`, colour images to `channels=1` (luma of BT.601), others as they are.

    Raises:
        ValueError: If the images have neither 1 nor 3 channels.
    """
    found = images.shape[-1]
    if found not in CHANNELS:
        raise ValueError(f"Got images of shape {tuple(images.shape)}. Expected 1 channel (grey) or 3 (colour), last.")
    if found == channels:
        return images
    return tf.image.grayscale_to_rgb(images) if channels == 3 else tf.image.rgb_to_grayscale(images)


def fit_levels(images, image_shape):
    """uint8 images of any size and colour to uint8 images of one shape: see `fit_to` and `convert_colour`."""
    height, width, channels = image_shape
    return tf.cast(tf.round(convert_colour(fit_to(images, height, width), channels)), tf.uint8)
