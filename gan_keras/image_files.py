"""Images as files: one PNG, a grid of many in one PNG, a directory of PNGs, or arrays in a `.npz` file."""

import math

import numpy as np
import tensorflow as tf

from gan_keras.files import replace_whole

LEVELS = 255.0
_GAP = 2  # white pixels between the images of a grid
_LEAST_SIZE = 64  # smaller images are shown larger in a grid, by a whole factor


def to_levels(images):
    """Images in [0, 1], or uint8 levels as they are, to uint8 levels of the same shape."""
    images = np.asarray(images)
    return images if images.dtype == np.uint8 else np.round(np.clip(images, 0.0, 1.0) * LEVELS).astype(np.uint8)


def png_of(image):
    """The bytes of a PNG file of one image, uint8 levels or floats in [0, 1], `(height, width, 1 or 3)`."""
    return tf.io.encode_png(to_levels(image)).numpy()


def grid_of(images, columns=None):
    """Many images as one, row by row, with a white line between them.

    Args:
        images: uint8 levels or floats in [0, 1], `(num, height, width, channels)`.
        columns: Images in a row; None for a grid about as wide as it is high.

    Returns:
        uint8 `(rows, columns, channels)`. Images of less than 64 pixels are enlarged by a whole factor.
    """
    levels = to_levels(images)
    num, height, width, channels = levels.shape
    factor = max(1, _LEAST_SIZE // max(height, width))
    levels = levels.repeat(factor, axis=1).repeat(factor, axis=2)
    columns = columns or math.ceil(math.sqrt(num))
    rows = -(-num // columns)
    cells = np.full((rows * columns, height * factor + _GAP, width * factor + _GAP, channels), 255, np.uint8)
    cells[:num, _GAP:, _GAP:] = levels
    cells = cells.reshape(rows, columns, *cells.shape[1:])
    joined = cells.swapaxes(1, 2).reshape(rows * cells.shape[2], columns * cells.shape[3], channels)
    return np.pad(joined, ((0, _GAP), (0, _GAP), (0, 0)), constant_values=255)


def write_png(path, image):
    """Writes one image as a PNG file, whole or not at all."""
    replace_whole(path, lambda temporary: temporary.write_bytes(png_of(image)))


def write_images(path, images):
    """Writes images in the form that the name of `path` asks for.

    Args:
        path: `NAME.npz` for the array `images` of uint8 levels; `NAME.png` for one image, or a grid of several; else a
            directory, which is made, for `00000.png`, `00001.png`, ...
        images: uint8 levels or floats in [0, 1], `(num, height, width, channels)`.
    """
    if path.suffix == ".npz":
        replace_whole(path, lambda temporary: np.savez_compressed(temporary, images=to_levels(images)))
    elif path.suffix == ".png":
        write_png(path, images[0] if len(images) == 1 else grid_of(images))
    else:
        path.mkdir(exist_ok=True)
        for index, image in enumerate(images):
            write_png(path / f"{index:05d}.png", image)
