"""Image grids and their labels, PNG files, animations, and conversions of size, colour and levels."""

import base64
import io
import math
import pathlib

import numpy as np
import tensorflow as tf
from PIL import Image, ImageDraw, ImageFont

from gan_keras.media.safe_files import replace_whole

LEVELS = 255.0
CHANNELS = (1, 3)  # grey, colour

_MIN_SIDE = 64  # pixels: smaller images are enlarged by a whole factor until each side has at least this many
_GAP = 2  # pixels between images
_FONT_SIZE = 13  # pixels, next to images of at most 104; larger next to larger images
_LABEL_WIDTH = 12  # font sizes: longer row labels are shortened
_MAX_FRAMES = 50  # per animation


def image_grid(images, columns=None, row_labels=None, column_labels=None):
    """Arranges images in rows on a white background.

    Args:
        images: uint8 levels or floats in [0, 1], `(num, height, width, 1 or 3)`, num >= 1. Each pixel of a
            small image becomes a square: a side has at least 64 pixels.
        columns: Images per row, >= 1; None for a roughly square grid whose last row is as full as possible.
        row_labels: A text per row, drawn to its left; None for none.
        column_labels: A text per column, drawn above it; None for none. A text that does not fit is shortened.

    Returns:
        uint8 `(height, width, channels)`. Without labels, it holds the images and the gaps between them alone.

    Raises:
        ValueError: If the images have another shape or range, `columns` is below 1, or the number of labels is not that
            of the rows or columns.
    """
    images = to_levels(images)
    if columns is None:
        root = math.sqrt(len(images))
        columns = fullest_columns(len(images), math.ceil(root), math.floor(2 * root))
    if columns < 1:
        raise ValueError(f"Got columns={columns}. Expected at least 1.")
    factor = max(1, -(-_MIN_SIDE // min(images.shape[1:3])))
    images = images.repeat(factor, axis=1).repeat(factor, axis=2)
    num, height, width, channels = images.shape
    rows = -(-num // columns)
    for labels, expected, name in ((row_labels, rows, "row"), (column_labels, columns, "column")):
        if labels is not None and len(labels) != expected:
            raise ValueError(f"Got {len(labels)} {name} labels for {expected} {name}s. Expected one for each.")
    grid = np.full((rows * (height + _GAP) - _GAP, columns * (width + _GAP) - _GAP, channels), 255, np.uint8)
    for index, image in enumerate(images):
        top, left = index // columns * (height + _GAP), index % columns * (width + _GAP)
        grid[top : top + height, left : left + width] = image
    return _labelled(grid, height, width, row_labels or (), column_labels or ())


def fullest_columns(num, min_columns, max_columns):
    """Returns the number of columns, from `min_columns` to `max_columns`, that fills the last row of `num` best."""
    return min(range(min_columns, max_columns + 1), key=lambda columns: -num % columns)


def _labelled(grid, height, width, row_labels, column_labels):
    """Returns a grid of images of one size with labels in a margin to the left of its rows and above its columns."""
    if not row_labels and not column_labels:
        return grid
    size = max(_FONT_SIZE, min(height, width) // 8)
    font = _font(size)
    row_labels = [_fitting(str(label), font, _LABEL_WIDTH * size) for label in row_labels]
    left = math.ceil(max(map(font.getlength, row_labels)) + 0.8 * size) if row_labels else 0
    top = round(1.6 * size) if column_labels else 0
    canvas = as_pillow(np.pad(grid, [(top, 0), (left, 0), (0, 0)], constant_values=255))
    draw = ImageDraw.Draw(canvas)
    for row, label in enumerate(row_labels):
        place = (left - size // 2, top + row * (height + _GAP) + height / 2)
        draw.text(place, label, fill="black", font=font, anchor="rm")
    for column, label in enumerate(column_labels):
        place = (left + column * (width + _GAP) + width / 2, top - size // 2)
        draw.text(place, _fitting(str(label), font, width), fill="black", font=font, anchor="ms")
    return np.asarray(canvas).reshape(*canvas.size[::-1], grid.shape[2])


def _font(size):
    """The font of plots, at a size in pixels."""
    import matplotlib  # only for its font

    return ImageFont.truetype(pathlib.Path(matplotlib.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf"), size)


def _fitting(text, font, width):
    """Returns a text, or as much of it as fits into a width in pixels, followed by an ellipsis."""
    shortened = (shorten(text, length) for length in range(max(1, len(text)), 0, -1))
    return next((short for short in shortened if font.getlength(short) <= width), "…")


def shorten(text, length):
    """Returns a text, or as much of it as fits into a number of characters, followed by an ellipsis."""
    return text if len(text) <= length else f"{text[: length - 1].rstrip()}…"


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


def picture_html(picture, kind="png", data=None):
    """Returns an `img` element with a uint8 picture, or with the `data` of a file of this `kind`."""
    encoded = base64.b64encode(encode_png(picture) if data is None else data).decode()
    return f'<img alt="Some samples" src="data:image/{kind};base64,{encoded}">'


def write_png(path, picture):
    """Writes uint8 `(height, width, 1 or 3)` atomically."""
    replace_whole(path, lambda temporary: temporary.write_bytes(encode_png(picture)))


def write_animation(path, frames, seconds=5.0, titles=None):
    """Writes PNG files as a looping GIF: at most 50 frames, evenly spaced, including the first and the last.

    Args:
        path: The GIF, written atomically.
        frames: Paths of PNG files in order, at least one. A smaller one is shown at the top left.
        seconds: Time from the first frame to the last, which then stays for one second.
        titles: A text for each frame, drawn above it; None for none.
    """
    chosen = np.unique(np.linspace(0, len(frames) - 1, min(len(frames), _MAX_FRAMES)).round().astype(int))
    images = [Image.open(io.BytesIO(pathlib.Path(frames[index]).read_bytes())) for index in chosen]
    top = 0 if titles is None else 2 * _FONT_SIZE
    size = max(image.width for image in images), top + max(image.height for image in images)
    first, *others = [Image.new(images[-1].mode, size, "white") for _ in images]
    for canvas, image, index in zip((first, *others), images, chosen, strict=True):
        canvas.paste(image, (0, top))
        if titles is not None:
            ImageDraw.Draw(canvas).text((4, top - 8), titles[index], fill="black", font=_font(_FONT_SIZE), anchor="ls")
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


def write_picture(path, picture):
    """Writes uint8 `(height, width, 1 or 3)` atomically in the format of the path's suffix: JPEG at quality 95, WebP lossless."""
    image, options = as_pillow(picture), {".webp": {"lossless": True}}.get(path.suffix.lower(), {"quality": 95})
    kind = Image.registered_extensions()[path.suffix.lower()]

    def write(temporary):
        with temporary.open("wb") as file:
            image.save(file, format=kind, **options)

    path.parent.mkdir(parents=True, exist_ok=True)
    replace_whole(path, write)


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


def stretch_levels(image, image_shape):
    """Converts a uint8 image of any size and colour to `image_shape`, whole: its aspect ratio may change."""
    height, width, channels = image_shape
    if image.shape[:2] != (height, width):
        image = tf.cast(tf.round(tf.image.resize(image, (height, width), antialias=True)), tf.uint8)
    return np.asarray(convert_colour(tf.convert_to_tensor(image)[tf.newaxis], channels)[0])


def fit_levels(images, image_shape):
    """Converts uint8 images of any size and colour to `image_shape`, uint8: see `fit_to` and `convert_colour`."""
    height, width, channels = image_shape
    return tf.cast(tf.round(convert_colour(fit_to(images, height, width), channels)), tf.uint8)
