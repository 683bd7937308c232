"""Images from arrays, converted to uint8 levels, and from folders of files, which stay on disk."""

import collections
import concurrent.futures
import pathlib

import numpy as np

from gan_keras.data.arrays import check_labels
from gan_keras.data.files import NUM_NAMED, check_broken, labels_of, list_files
from gan_keras.data.image.files import REPAIRS, SUFFIXES, UNREADABLE, check_depth, picture_of, read_picture
from gan_keras.data.image.images import Images
from gan_keras.data.sample_set import collect, hash_of
from gan_keras.media.images import CHANNELS, LEVELS, fit_levels

NUM_SIZES = 3
"""Number of sizes that messages name."""

_BLOCK = 1024  # images resized at a time


def images_from_arrays(name, images, labels=None, label_names=None, size=None, channels=None):
    """Makes `Images` of an array or a list in memory.

    Args:
        name: Name of the set in reports.
        images: `(num, height, width, 1 or 3)`, or `(num, height, width)` for grey, or a list of such images without the first
            axis, of Pillow images and of paths. Levels from 0 to 255 or, as uint16, to 65,535; floats in [0, 1], [-1, 1] (if
            one is below 0) or [0, 255] (if one is above 2).
        labels: An integer for each image, `(num,)` or `(num, 1)`, or `None`.
        label_names: Names of labels 0, 1, ...; by default their numbers.
        size: `(height, width)` that images are cropped and resized to; `None` keeps their size.
        channels: 1 for grey, 3 for colour; `None` keeps their channels.

    Raises:
        ValueError: Wrong shape, dtype or range; NaN; labels that do not fit.
    """
    images, report = (images, {}) if hasattr(images, "shape") else _of_list(name, list(images), size, channels)
    levels, value_range = to_levels(name, np.asarray(images))
    labelling = check_labels(name, labels, label_names, len(levels), Images.noun)
    levels, enlarged = fit_all(levels, size, channels)
    report = {"values": value_range, **report, **({"enlarged": len(levels)} if enlarged else {})}
    hashes = np.array([hash_of(image.tobytes()) for image in levels], np.uint64)
    return collect(Images, name, levels, labelling, hashes, report, image_shape=levels.shape[1:])


def _of_list(name, images, size, channels):
    """Returns a list of arrays, Pillow images or paths as one array, and the counts of their repairs."""
    if not images:
        raise ValueError(f"{name} holds an empty list. Expected images.")
    pictures = [each for each in images if not hasattr(each, "shape")]
    read = iter([picture_of(each) if hasattr(each, "getexif") else read_picture(each) for each in pictures])
    found = [next(read) if not hasattr(each, "shape") else each for each in images]
    check_depth(name, [each.brightest for each in found if not hasattr(each, "shape")])
    report = counts_of([each.repairs for each in found if not hasattr(each, "shape")])
    arrays = [np.asarray(getattr(each, "pixels", each)) for each in found]
    arrays = [array[..., np.newaxis] if array.ndim == 2 else array for array in arrays]
    shapes = {array.shape for array in arrays}
    if len(shapes) == 1:
        return np.stack(arrays), report
    if any(array.ndim != 3 or array.shape[2] not in CHANNELS for array in arrays):
        raise ValueError(f"{name} holds images of the shapes {sorted(shapes)}. Expected (height, width, 1 or 3) for each.")
    size = size or one_size(name, [array.shape[:2] for array in arrays], Images.noun, "size=64")
    channels = channels or max(array.shape[2] for array in arrays)
    levels, _ = to_levels(name, np.concatenate([array.ravel() for array in arrays])[np.newaxis, :, np.newaxis, np.newaxis])
    parts = np.split(levels.ravel(), np.cumsum([array.size for array in arrays])[:-1])
    parts = [part.reshape(1, *array.shape) for part, array in zip(parts, arrays, strict=True)]
    report["grey"] = sum(array.shape[2] < channels for array in arrays)
    return np.concatenate([fit_all(part, size, channels)[0] for part in parts]), report


def counts_of(repairs):
    """Numbers of images by the key of their repair, without zeros."""
    counts = collections.Counter(key for each in repairs for key in each)
    return {key: counts[key] for key in REPAIRS if counts[key]}


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
    if images.dtype.kind not in "fiub":
        raise ValueError(f"{name} holds images of dtype {images.dtype}. Expected numbers: levels, or floats in [0, 1].")
    bad = np.flatnonzero(~np.isfinite(images).all(axis=(1, 2, 3)))
    if len(bad):
        raise ValueError(
            f"{name}: {len(bad)} images hold NaN or infinity, the first is number {bad[0]}. Expected finite pixels: leave those "
            "images out."
        )
    low, high, is_whole = float(images.min()), float(images.max()), images.dtype.kind in "iu"
    if images.dtype.kind == "b":
        return images.astype(np.uint8) * 255, "false and true"
    if low >= 0 and (is_whole or high > 2) and high <= LEVELS and (high > 1 or images.dtype == np.uint16):
        return np.round(images).astype(np.uint8), f"0 to 255 in {images.dtype}"
    if images.dtype == np.uint16:
        check_depth(name, [int(high)])
        return (images >> 8).astype(np.uint8), "0 to 65,535"
    if low < -1 or high > 1 or is_whole:
        raise ValueError(
            f"{name} holds {images.dtype} from {low:g} to {high:g}. Expected levels from 0 to 255, or floats in [0, 1] or "
            "[-1, 1]: scale them, such as with `images / images.max()`."
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
    paths, others = list_images(folder)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        looks = list(pool.map(_look_at, paths))
    corrupt = [str(path.relative_to(folder)) for path, look in zip(paths, looks, strict=True) if look is None]
    check_broken(folder, corrupt, len(paths), Images.noun, "are corrupt")
    paths, hashes, shapes, repairs, brightest = zip(
        *((path, *look) for path, look in zip(paths, looks, strict=True) if look is not None), strict=True
    )
    check_depth(folder, brightest)
    size = size or one_size(folder, [shape[:2] for shape in shapes], Images.noun, "size=64")
    channels = channels or max(shape[2] for shape in shapes)
    report = {"corrupt": len(corrupt), "first_corrupt": corrupt[:NUM_NAMED], **others, **counts_of(repairs)}
    report |= {
        "grey": sum(shape[2] < 3 for shape in shapes) if channels == 3 else 0,
        "enlarged": sum(shape[0] < size[0] or shape[1] < size[1] for shape in shapes),
    }
    files, hashes, labelling = tuple(map(str, paths)), np.array(hashes, np.uint64), labels_of(folder, paths)
    return collect(Images, folder.resolve().name, files, labelling, hashes, report, image_shape=(*size, channels))


def list_images(folder):
    """Returns sorted paths of the image files, and counts of other files."""
    return list_files(folder, SUFFIXES, Images.noun, f"files ending in {', '.join(SUFFIXES)}")


def _look_at(path):
    """Returns hash, shape, repairs and brightest level of an image file; None if it is corrupt."""
    try:
        found = read_picture(path)
    except UNREADABLE as error:
        if "high dynamic range" in str(error):
            raise
        return None
    return hash_of(path.read_bytes()), found.pixels.shape, found.repairs, found.brightest


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
