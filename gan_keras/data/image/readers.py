"""Images from arrays, converted to uint8 levels, and from folders of PNG and JPEG files, which stay on disk."""

import collections
import concurrent.futures
import pathlib

import numpy as np
import tensorflow as tf

from gan_keras.data.arrays import check_labels
from gan_keras.data.files import NUM_NAMED, check_broken, labels_of, list_files
from gan_keras.data.image.images import Images
from gan_keras.data.sample_set import collect, hash_of
from gan_keras.media.images import CHANNELS, LEVELS, fit_levels

SUFFIXES = (".png", ".jpg", ".jpeg")
NUM_SIZES = 3
"""Number of sizes that messages name."""

_SIGNATURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")
_BLOCK = 1024  # images resized at a time


def images_from_arrays(name, images, labels=None, label_names=None, size=None, channels=None):
    """Makes `Images` of an array in memory.

    Args:
        name: Name of the set in reports.
        images: `(num, height, width, 1 or 3)`, or `(num, height, width)` for grey: uint8 levels, or floats in [0, 1] or
            [-1, 1] (if one is below 0).
        labels: An integer for each image, `(num,)` or `(num, 1)`, or `None`.
        label_names: Names of labels 0, 1, ...; by default their numbers.
        size: `(height, width)` that images are cropped and resized to; `None` keeps their size.
        channels: 1 for grey, 3 for colour; `None` keeps their channels.

    Raises:
        ValueError: Wrong shape, dtype or range; NaN; labels that do not fit.
    """
    levels, value_range = to_levels(name, np.asarray(images))
    labelling = check_labels(name, labels, label_names, len(levels), Images.noun)
    levels, enlarged = fit_all(levels, size, channels)
    report = {"values": value_range, **({"enlarged": len(levels)} if enlarged else {})}
    hashes = np.array([hash_of(image.tobytes()) for image in levels], np.uint64)
    return collect(Images, name, levels, labelling, hashes, report, image_shape=levels.shape[1:])


def fit_all(levels, size=None, channels=None):
    """uint8 images `(num, height, width, channels)`, cropped, resized and converted in blocks, and whether they grew."""
    image_shape = (*(size or levels.shape[1:3]), channels or levels.shape[3])
    if image_shape == levels.shape[1:]:
        return levels, False
    blocks = [levels[start : start + _BLOCK] for start in range(0, len(levels), _BLOCK)]
    fitted = np.concatenate([fit_levels(block, image_shape).numpy() for block in blocks])
    return fitted, image_shape[0] > levels.shape[1] or image_shape[1] > levels.shape[2]


def to_levels(name, images):
    """uint8 levels `(num, height, width, channels)` of an array of images, and the range of its values as text."""
    images = images[..., np.newaxis] if images.ndim == 3 else images
    if images.ndim != 4 or images.shape[-1] not in CHANNELS or not images.size:
        hint = " Move the channels last: `np.moveaxis(images, 1, -1)`." if images.shape[1:2] in {(1,), (3,)} else ""
        raise ValueError(
            f"{name} holds images of shape {images.shape}. Expected (num, height, width, channels) with 1 channel (grey) or 3 "
            f"(colour), all images of one size.{hint}"
        )
    if images.dtype == np.uint8:
        return images, "0 to 255"
    expected = "levels from 0 to 255 become uint8 with `images.astype('uint8')`."
    if images.dtype.kind != "f":
        raise ValueError(
            f"{name} holds images of dtype {images.dtype}. Expected uint8, or floats in [0, 1] or [-1, 1]: {expected}"
        )
    bad = np.flatnonzero(~np.isfinite(images).all(axis=(1, 2, 3)))
    if len(bad):
        raise ValueError(
            f"{name}: {len(bad)} images hold NaN or infinity, the first is number {bad[0]}. Expected finite pixels: leave those "
            "images out."
        )
    low, high = float(images.min()), float(images.max())
    if low < -1 or high > 1:
        raise ValueError(
            f"{name} holds floats from {low:g} to {high:g}. Expected [0, 1] or [-1, 1], or levels of dtype uint8: {expected}"
        )
    fractions, value_range = ((images + 1) / 2, "-1 to 1") if low < 0 else (images, "0 to 1")
    return np.round(fractions * LEVELS).astype(np.uint8), value_range


def read_folder(path, size=None, channels=None):
    """Reads a folder of images into `Images` with paths; if all are in sub-folders, the names of these are the labels.

    Every file is read and decoded once, several at a time, so that none fails in the middle of training. Files are sorted by
    name; hidden ones are ignored. See `load_images` for the arguments: without `size` all images must have one size, without
    `channels` they become coloured if any is.

    Raises:
        ValueError: No image, images next to class folders, more than 1 % corrupt files, or sizes that differ.
    """
    folder = pathlib.Path(path)
    paths, num_other = list_images(folder)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        looks = list(pool.map(_look_at, paths))
    corrupt = [str(path.relative_to(folder)) for path, look in zip(paths, looks, strict=True) if look is None]
    check_broken(folder, corrupt, len(paths), Images.noun, "are corrupt")
    paths, hashes, shapes = zip(
        *((path, *look) for path, look in zip(paths, looks, strict=True) if look is not None), strict=True
    )
    size = size or one_size(folder, [shape[:2] for shape in shapes], Images.noun, "size=64")
    channels = channels or (3 if any(shape[2] > 2 for shape in shapes) else 1)
    report = {"corrupt": len(corrupt), "first_corrupt": corrupt[:NUM_NAMED], "other": num_other}
    report |= {
        "alpha": sum(shape[2] in (2, 4) for shape in shapes),
        "grey": sum(shape[2] < 3 for shape in shapes) if channels == 3 else 0,
        "enlarged": sum(shape[0] < size[0] or shape[1] < size[1] for shape in shapes),
    }
    files, hashes, labelling = tuple(map(str, paths)), np.array(hashes, np.uint64), labels_of(folder, paths)
    return collect(Images, folder.resolve().name, files, labelling, hashes, report, image_shape=(*size, channels))


def list_images(folder):
    """Returns sorted paths of the image files, and the number of other files."""
    return list_files(folder, SUFFIXES, Images.noun, f"files {', '.join(SUFFIXES)}")


def _look_at(path):
    """Returns hash and shape of an image file; None if it is corrupt."""
    content = path.read_bytes()
    if not content.startswith(_SIGNATURES):
        return None
    try:
        return hash_of(content), tuple(tf.io.decode_png(content).shape)
    except tf.errors.InvalidArgumentError:
        return None


def one_size(folder, sizes, noun, example):
    """Returns the common `(height, width)` of images; raises `ValueError` if sizes differ."""
    counts = collections.Counter(sizes)
    if len(counts) > 1:
        named = ", ".join(f"{height} x {width} ({num})" for (height, width), num in counts.most_common(NUM_SIZES))
        raise ValueError(
            f"The {noun} of {folder} have {len(counts)} sizes, most often {named}. Expected one: give the size that they are "
            f"to be cropped and resized to, such as {example}."
        )
    return sizes[0]
