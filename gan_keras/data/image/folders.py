"""Folders of PNG and JPEG files: every file is looked at once, none is kept in memory."""

import collections
import concurrent.futures
import pathlib

import tensorflow as tf

from gan_keras.data.class_folders import NAMED_FILES, check_mostly_sound, labels_of, list_files
from gan_keras.data.image.images import collect
from gan_keras.data.sample_set import hash_of
from gan_keras.media.images import fit_levels

SUFFIXES = (".png", ".jpg", ".jpeg")
_SIGNATURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")
NAMED_SIZES = 3


def read_folder(path, size=None, channels=None):
    """Looks through a folder of images; those in sub-folders, if all are, get the sub-folder's name for a label.

    Every file is read and decoded once, several at a time, so that none fails in the midst of a training. Files are
    taken in the order of their names; hidden ones are passed over.

    Args:
        path: The folder.
        size: `(height, width)` that images are cropped and resized to; `None` if all have one size already.
        channels: 1 for grey, 3 for colour; `None` for colour if any image is coloured.

    Returns:
        `Images` with paths.

    Raises:
        ValueError: No image, images beside class folders, more than 1 % corrupt files, or sizes that differ.
    """
    folder = pathlib.Path(path)
    paths, num_other = list_images(folder)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        looks = list(pool.map(_look_at, paths))
    corrupt = [str(path.relative_to(folder)) for path, look in zip(paths, looks, strict=True) if look is None]
    check_mostly_sound(folder, corrupt, len(paths), "images", "are corrupt")
    sound = [(path, *look) for path, look in zip(paths, looks, strict=True) if look is not None]
    paths, hashes, shapes = zip(*sound, strict=True)
    image_shape = (*(size or _common_size(folder, shapes)), channels or (3 if any(shape[2] > 2 for shape in shapes) else 1))
    report = {"corrupt": len(corrupt), "first_corrupt": corrupt[:NAMED_FILES], "other": num_other}
    report |= _count(shapes, image_shape)
    files = tuple(str(path) for path in paths)
    return collect(folder.resolve().name, files, image_shape, labels_of(folder, paths), hashes, report)


def decode_file(path, image_shape):
    """One file to a uint8 image of `image_shape`, in the graph."""
    # This op reads JPEG too. Grey is made of colour by `fit_levels`, as for arrays: the op's own rounding differs.
    image = tf.io.decode_png(tf.io.read_file(path), channels=3)
    return tf.ensure_shape(fit_levels(image[tf.newaxis], image_shape)[0], image_shape)


def list_images(folder):
    """Paths of the image files, sorted, and the number of other files."""
    return list_files(folder, SUFFIXES, "images", f"files {', '.join(SUFFIXES)}")


def _look_at(path):
    """The hash and the shape of an image file; None if it is corrupt."""
    content = path.read_bytes()
    if not content.startswith(_SIGNATURES):
        return None
    try:
        return hash_of(content), tuple(tf.io.decode_png(content).shape)
    except tf.errors.InvalidArgumentError:
        return None


def _common_size(folder, shapes):
    sizes = collections.Counter(shape[:2] for shape in shapes)
    if len(sizes) > 1:
        named = ", ".join(f"{height} x {width} ({num})" for (height, width), num in sizes.most_common(NAMED_SIZES))
        raise ValueError(
            f"The images of {folder} have {len(sizes)} sizes, most often {named}. Expected one: give the size that they "
            "are to be cropped and resized to, such as size=64."
        )
    return next(iter(sizes))


def _count(shapes, image_shape):
    """Counts what decoding will change: transparency, grey among colour, images smaller than they will be."""
    return {
        "alpha": sum(shape[2] in (2, 4) for shape in shapes),
        "grey": sum(shape[2] < 3 for shape in shapes) if image_shape[2] == 3 else 0,
        "enlarged": sum(shape[0] < image_shape[0] or shape[1] < image_shape[1] for shape in shapes),
    }
