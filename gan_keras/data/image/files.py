"""Image files as pixels: upright, opaque, 8 bits, whatever format holds them."""

import io
import pathlib
import struct
import warnings
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from PIL import Image, ImageOps

SUFFIXES = (
    *(".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".avif", ".jp2"),
    *(".ppm", ".pgm", ".pbm"),
)
"""Endings of image files, in lower case."""

BACKGROUND = "white"
"""What shines through transparent pixels."""

UNREADABLE = (OSError, ValueError, SyntaxError, EOFError, struct.error, Image.DecompressionBombError, tf.errors.OpError)
"""Exceptions of decoders for files that are no images or are damaged."""

_ORIENTATION = 0x0112  # EXIF: 1 is upright, 2 to 8 are turns and reflections
_SEQUENCES = ("GIF", "WEBP", "PNG", "TIFF", "AVIF")


class Picture(NamedTuple):
    """A decoded image.

    Attributes:
        pixels: uint8 `(height, width, 1 or 3)`.
        repairs: Keys of `REPAIRS`: what was done to it.
        brightest: Highest level of an image of 16 bits; otherwise None.
    """

    pixels: np.ndarray
    repairs: frozenset
    brightest: int | None = None


REPAIRS = {
    "turned": "{} turned upright by their EXIF orientation",
    "alpha": f"{{}} with transparency, put on {BACKGROUND}",
    "several": "{} of several frames or pages, the first kept",
    "deep": "{} of 16 bits reduced to 8",
    "cmyk": "{} CMYK converted to RGB",
}
"""Texts of the repairs, each with the number of images."""


def read_picture(path):
    """Decodes an image file of any of the `SUFFIXES`; raises one of `UNREADABLE` for others."""
    content = pathlib.Path(path).read_bytes()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about odd metadata and many pixels
        with Image.open(io.BytesIO(content)) as image:
            if image.format in ("PNG", "JPEG", "MPO") and image.mode in ("1", "L", "P", "RGB") and not repairs_of(image):
                return Picture(tf.io.decode_png(content).numpy(), frozenset())  # JPEG too
            return picture_of(image, str(path))


def repairs_of(image):
    """Returns the keys of `REPAIRS` that a Pillow image may need."""
    needed = {
        "turned": image.getexif().get(_ORIENTATION, 1) in range(2, 9),
        "alpha": image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info,
        "several": image.format in _SEQUENCES and getattr(image, "n_frames", 1) > 1,
        "deep": image.mode.startswith("I"),
        "cmyk": image.mode == "CMYK",
    }
    return frozenset(name for name, is_needed in needed.items() if is_needed)


def picture_of(image, name="An image"):
    """Returns the `Picture` of a Pillow image; raises `ValueError` for floats and more than 16 bits."""
    repairs, upright = repairs_of(image), ImageOps.exif_transpose(image)
    if image.mode[0] in "IF":
        levels = np.asarray(upright)
        if image.mode[0] == "F" or not 0 <= levels.min() <= levels.max() < 2**16:
            raise ValueError(
                f"{name} holds numbers from {levels.min():g} to {levels.max():g}, mode {image.mode}, as files of high dynamic "
                "range do. Expected levels of 8 or 16 bits: convert it."
            )
        return Picture((levels.astype(np.int64) >> 8).astype(np.uint8)[..., np.newaxis], repairs, int(levels.max()))
    if "alpha" in repairs:
        layer = upright.convert("RGBA")
        repairs -= {"alpha"} if layer.getchannel("A").getextrema()[0] == 255 else set()
        upright = Image.alpha_composite(Image.new("RGBA", layer.size, BACKGROUND), layer)
    pixels = np.asarray(upright.convert("RGB"))
    is_grey = image.mode in ("1", "L", "LA", "La") or image.mode == "P" and not np.ptp(pixels, axis=2).any()
    return Picture(pixels[..., :1] if is_grey else pixels, repairs)


def check_depth(name, brightest):
    """Raises `ValueError` if images of 16 bits use 12 bits or fewer: they would be all but black."""
    deep = [level for level in brightest if level is not None]
    if deep and max(deep) < 2**12:
        raise ValueError(
            f"The brightest pixel of the {len(deep)} images of 16 bits of {name} has the level {max(deep):,} of 65,535: all "
            "would be black in 8 bits. Expected the whole range: multiply the levels, or convert the files to 8 bits."
        )
