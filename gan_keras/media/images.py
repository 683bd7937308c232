"""Image grids, PNG files, animations, and conversions of size, colour and levels."""

import io
import math
import pathlib

import numpy as np
import tensorflow as tf
from PIL import Image

from gan_keras.media.safe_files import replace_whole

LEVELS = 255.0
CHANNELS = (1, 3)  # grey, colour

_MIN_SIDE = 32  # pixels: smaller images are enlarged by a whole factor until each side has at least this many
_GAP = 2  # pixels between images
_MAX_FRAMES = 100  # per animation


def image_grid(images, columns=None):
    """Arranges images in rows on a white background.

    Args:
        images: uint8 levels or floats in [0, 1], `(num, height, width, 1 or 3)`, num >= 1. Each pixel of a
            small image becomes a square.
        columns: Images per row, >= 1; None for a roughly square grid. The last row may have fewer.

    Returns:
        uint8 `(grid height, grid width, channels)`.

    Raises:
        ValueError: If the images have another shape or range, or `columns` is below 1.
    """
    images = to_levels(images)
    columns = math.ceil(math.sqrt(len(images))) if columns is None else columns
    if columns < 1:
        raise ValueError(f"Got columns={columns}. Expected at least 1.")
    factor = max(1, -(-_MIN_SIDE // min(images.shape[1:3])))
    images = images.repeat(factor, axis=1).repeat(factor, axis=2)
    num, height, width, channels = images.shape
    rows = -(-num // columns)
    grid = np.full((rows * (height + _GAP) - _GAP, columns * (width + _GAP) - _GAP, channels), 255, np.uint8)
    for index, image in enumerate(images):
        top, left = index // columns * (height + _GAP), index % columns * (width + _GAP)
        grid[top : top + height, left : left + width] = image
    return grid


def to_levels(images):
    """Converts images to uint8 levels, `(num, height, width, 1 or 3)`: floats in [0, 1] are scaled and rounded."""
    images = np.asarray(images)
    if images.ndim != 4 or not len(images) or images.shape[-1] not in (1, 3):
        raise ValueError(f"Got images of shape {images.shape}. Expected (num, height, width, channels), 1 channel or 3.")
    if images.dtype == np.uint8:
        return images
    if not (images.min() >= 0 and images.max() <= 1):  # NaN fails too
        raise ValueError(f"Got images from {images.min()} to {images.max()}. Expected numbers in [0, 1], as codecs decode to.")
    return np.round(images * 255.0).astype(np.uint8)


def encode_png(picture):
    """Returns the bytes of a PNG file of uint8 `(height, width, 1 or 3)`."""
    buffer = io.BytesIO()
    as_pillow(picture).save(buffer, format="PNG")
    return buffer.getvalue()


def write_png(path, picture):
    """Writes uint8 `(height, width, 1 or 3)` atomically."""
    replace_whole(path, lambda temporary: temporary.write_bytes(encode_png(picture)))


def write_animation(path, frames, seconds=5.0):
    """Writes PNG files as a looping GIF: at most 100 frames, evenly spaced, including the first and the last.

    Args:
        path: The GIF, written atomically.
        frames: Paths of PNG files of equal size, in order, at least one.
        seconds: Time from the first frame to the last, which then stays for one second.
    """
    chosen = np.unique(np.linspace(0, len(frames) - 1, min(len(frames), _MAX_FRAMES)).round().astype(int))
    first, *others = [Image.open(io.BytesIO(pathlib.Path(frames[index]).read_bytes())) for index in chosen]
    durations = [max(20, round(1000 * seconds / len(chosen)))] * len(others) + [1000]  # ms; viewers slow down shorter ones

    def write(temporary):
        first.save(temporary, format="GIF", save_all=True, append_images=others, duration=durations, loop=0)

    replace_whole(path, write)


def as_pillow(picture):
    """Returns uint8 `(height, width, 1 or 3)` as a Pillow image."""
    return Image.fromarray(picture[..., 0] if picture.shape[-1] == 1 else picture)


def write_images(path, images):
    """Writes images in the format given by the name of `path`.

    Args:
        path: `NAME.npz` for the array `images` of uint8 levels; `NAME.png` for one image or a grid of several; any other
            name is a directory to create for `00000.png`, `00001.png`, ...
        images: See `image_grid`.
    """
    write_by_name(path, {"images": to_levels(images)}, ".png", write_png, image_grid)


def write_by_name(path, arrays, suffix, write, grid):
    """Writes the only array in `arrays` as `.npz`, as one file with `suffix` (a grid of several), or as one file each."""
    (samples,) = arrays.values()
    if path.suffix == ".npz":
        replace_whole(path, lambda temporary: np.savez_compressed(temporary, **arrays))
    elif path.suffix == suffix:
        write(path, samples[0] if len(samples) == 1 else grid(samples))
    else:
        path.mkdir(exist_ok=True)
        for index, sample in enumerate(samples):
            write(path / f"{index:05d}{suffix}", sample)


def checked_shape(image_shape):
    """Returns the shape as a tuple of int; raises `ValueError` unless it is (height, width, 1 or 3 channels)."""
    shape = tuple(int(size) for size in image_shape)
    if len(shape) != 3 or min(shape) < 1 or shape[2] not in CHANNELS:
        raise ValueError(f"image_shape={shape}. Expected (height, width, channels), 1 channel for grey or 3 for colour.")
    return shape


def fit_to(images, height, width):
    """Crops the centre of images to the aspect ratio of `height` and `width`, then resizes it with antialiasing.

    Args:
        images: `(batch, any height, any width, channels)`, any dtype and range.
        height: Height of the result.
        width: Width of the result.

    Returns:
        float32 `(batch, height, width, channels)`, bilinear when enlarged and triangle-filtered when reduced.
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
    """Converts grey images to 3 channels or colour images to 1 (BT.601 luma); leaves other images unchanged.

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
    """Converts uint8 images of any size and colour to `image_shape`, uint8: see `fit_to` and `convert_colour`."""
    height, width, channels = image_shape
    return tf.cast(tf.round(convert_colour(fit_to(images, height, width), channels)), tf.uint8)
