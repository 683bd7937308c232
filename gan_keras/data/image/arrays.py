"""Arrays of images and labels: checked, brought to uint8 levels and to one shape."""

import numpy as np

from gan_keras.data.image.images import collect
from gan_keras.data.sample_set import hash_of
from gan_keras.media.images import CHANNELS, LEVELS, fit_levels

_BLOCK = 1024  # images resized at a time


def images_from_arrays(name, images, labels=None, label_names=None, size=None, channels=None):
    """Makes `Images` of an array in memory.

    Args:
        name: Its name in reports.
        images: `(num, height, width, 1 or 3)`, or `(num, height, width)` for grey: uint8 levels, or floats in [0, 1] or
            [-1, 1] (taken for the latter if one is below 0).
        labels: A whole number for each image, `(num,)` or `(num, 1)`, or `None`.
        label_names: The names of labels 0, 1, ...; by default their numbers.
        size: `(height, width)` that images are cropped and resized to; `None` keeps theirs.
        channels: 1 for grey, 3 for colour; `None` keeps theirs.

    Returns:
        `Images`.

    Raises:
        ValueError: Wrong shape, dtype or range; NaN; labels that do not fit.
    """
    levels, value_range = to_levels(name, np.asarray(images))
    labelling = check_labels(name, labels, label_names, len(levels))
    image_shape = (*(size or levels.shape[1:3]), channels or levels.shape[3])
    report = {"values": value_range}
    if image_shape != levels.shape[1:]:
        grows = image_shape[0] > levels.shape[1] or image_shape[1] > levels.shape[2]
        report |= {"enlarged": len(levels)} if grows else {}
        blocks = [levels[start : start + _BLOCK] for start in range(0, len(levels), _BLOCK)]
        levels = np.concatenate([fit_levels(block, image_shape).numpy() for block in blocks])
    hashes = [hash_of(image.tobytes()) for image in levels]
    return collect(name, levels, image_shape, labelling, hashes, report)


def to_levels(name, images):
    """uint8 levels `(num, height, width, channels)` of an array of images, and its range of values in words."""
    images = images[..., np.newaxis] if images.ndim == 3 else images
    if images.ndim != 4 or images.shape[-1] not in CHANNELS or not images.size:
        hint = " Move the channels last: `np.moveaxis(images, 1, -1)`." if images.shape[1:2] in {(1,), (3,)} else ""
        raise ValueError(
            f"{name} holds images of shape {images.shape}. Expected (num, height, width, channels) with 1 channel "
            f"(grey) or 3 (colour), all images of one size.{hint}"
        )
    if images.dtype == np.uint8:
        return images, "0 to 255"
    if images.dtype.kind != "f":
        raise ValueError(
            f"{name} holds images of dtype {images.dtype}. Expected uint8, or floats in [0, 1] or [-1, 1]: "
            "levels from 0 to 255 become uint8 by `images.astype('uint8')`."
        )
    return _float_levels(name, images)


def _float_levels(name, images):
    bad = np.flatnonzero(~np.isfinite(images).all(axis=(1, 2, 3)))
    if len(bad):
        raise ValueError(
            f"{name}: {len(bad)} images hold NaN or infinity, the first is number {bad[0]}. Expected finite pixels: "
            "leave those images out."
        )
    least, most = float(images.min()), float(images.max())
    if least < -1 or most > 1:
        raise ValueError(
            f"{name} holds floats from {least:g} to {most:g}. Expected [0, 1] or [-1, 1], or levels of dtype uint8: "
            "levels from 0 to 255 become uint8 by `images.astype('uint8')`."
        )
    fractions, value_range = ((images + 1) / 2, "-1 to 1") if least < 0 else (images, "0 to 1")
    return np.round(fractions * LEVELS).astype(np.uint8), value_range


def check_labels(name, labels, label_names, num, samples="images"):
    """The pair of int32 labels `(num,)` and their names, or `(None, None)`; raises `ValueError` if they do not fit.

    Args:
        name: Of the data, for messages.
        labels: A whole number for each sample, `(num,)` or `(num, 1)`, or `None`.
        label_names: The names of labels 0, 1, ...; `None` for their numbers.
        num: Samples.
        samples: What they are called, in the plural.
    """
    if labels is None:
        return None, None
    labels = np.asarray(labels)
    labels = labels[:, 0] if labels.ndim == 2 and labels.shape[1] == 1 else labels
    if labels.shape != (num,) or labels.dtype.kind not in "iu":
        hint = " One-hot labels become numbers by `labels.argmax(axis=1)`." if labels.ndim == 2 else ""
        raise ValueError(
            f"{name} holds labels of shape {labels.shape} and dtype {labels.dtype} for {num} {samples}. Expected a whole "
            f"number for each.{hint}"
        )
    num_labels = num if label_names is None else len(label_names)
    wrong = np.flatnonzero((labels < 0) | (labels >= num_labels))
    if len(wrong):
        raise ValueError(
            f"{name}: {len(wrong)} labels are out of range, the first is {labels[wrong[0]]} of {samples} {wrong[0]}. "
            f"Expected 0 to {num_labels - 1}, counted from 0 without a gap."
        )
    return labels.astype(np.int32), label_names or [str(label) for label in range(int(labels.max()) + 1)]
