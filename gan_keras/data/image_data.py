"""`Images`: what a data set of images is, however it was read, and how it is split."""

import dataclasses
import hashlib

import numpy as np


@dataclasses.dataclass(frozen=True, eq=False)
class Images:
    """Images of one shape, in memory or in files, and what was met while they were read.

    Attributes:
        name: What the set is called in reports: a built-in name or the name of the file or folder.
        images: uint8 array `(num, height, width, channels)`, or a tuple of paths of PNG and JPEG files, to be read,
            cropped and resized as they are needed.
        image_shape: `(height, width, channels)` of every image as networks get it.
        labels: int32 array `(num,)` of indices into `label_names`, or `None`.
        label_names: One `str` a class, or `None`.
        hashes: uint64 array `(num,)`: equal for equal images.
        report: Counts: `images` and `duplicates` always; of files also `corrupt`, `other` (files that are no images),
            `alpha` (transparency left out), `grey` (among colour), `enlarged`, and `first_corrupt`, at most five names.
    """

    name: str
    images: np.ndarray | tuple[str, ...]
    image_shape: tuple[int, int, int]
    labels: np.ndarray | None
    label_names: tuple[str, ...] | None
    hashes: np.ndarray
    report: dict

    def __len__(self):
        return len(self.images)

    @property
    def fingerprint(self):
        """SHA-256 of images, shape and labels, 64 hexadecimal digits: equal if and only if the data are."""
        digest = hashlib.sha256(repr(self.image_shape).encode() + self.hashes.tobytes())
        if self.labels is not None:
            digest.update(self.labels.tobytes() + "\n".join(self.label_names).encode())
        return digest.hexdigest()


def hash_of(content):
    """64 bits of the SHA-256 of bytes, as an int."""
    return int.from_bytes(hashlib.sha256(content).digest()[:8], "little")


def collect(name, images, image_shape, labelling, hashes, report):
    """Makes `Images` and counts them and their duplicates.

    Args:
        name: Its name in reports.
        images: Array or paths.
        image_shape: Of every image.
        labelling: The pair of labels and label names; labels that name one class alone are left out, and counted.
        hashes: A number for each image, equal for equal ones.
        report: Further counts.

    Raises:
        ValueError: If there are fewer than two images.
    """
    if len(images) < 2:
        raise ValueError(f"{name} holds {len(images)} images. Expected at least 2.")
    labels, label_names = labelling
    counts = {"images": len(images), "duplicates": len(images) - len(set(hashes)), **report}
    if labels is not None and len(np.unique(labels)) == 1:
        counts["one_class"], labels, label_names = len(images), None, None
    if labels is not None:
        labels, label_names = np.asarray(labels, np.int32), tuple(label_names)
    return Images(name, images, image_shape, labels, label_names, np.asarray(hashes, np.uint64), counts)


def split_images(images, held_out=None, seed=0):
    """Splits images at random, so that no held-out image stays among the training images.

    Args:
        images: `Images`.
        held_out: Number of images to hold out, at least 1. By default 10 %, at most 10,000.
        seed: The same seed splits the same images alike, int >= 0.

    Returns:
        Training and held-out `Images`, each in the order they came in. Training copies of a held-out image are dropped,
        and counted as `dropped` in the training report.

    Raises:
        ValueError: `held_out` leaves nothing to train on, or is below 1.
    """
    num = len(images)
    held_out = max(1, min(10_000, num // 10)) if held_out is None else held_out
    if not 1 <= held_out < num:
        raise ValueError(f"Got held_out={held_out} for {num} images. Expected 1 to {num - 1}.")
    chosen = np.sort(np.random.default_rng(seed).permutation(num)[:held_out])
    rest = np.flatnonzero(~np.isin(images.hashes, images.hashes[chosen]))
    if not len(rest):
        raise ValueError(f"All images of {images.name} are copies of held-out images. Expected more different ones.")
    return part_of(images, rest, {"dropped": num - held_out - len(rest)}), part_of(images, chosen, {})


def some_images(images, num, seed=0):
    """At most `num` of the images, drawn at random, in the order they came in."""
    return part_of(images, np.sort(np.random.default_rng(seed).permutation(len(images))[:num]), {})


def with_label_names(images, label_names):
    """Images whose labels are numbered by other names; labels are left out where `label_names` is None.

    Raises:
        ValueError: If the images have a class that is not among the names, or no labels where names are expected.
    """
    if label_names is None or images.label_names == label_names:
        return images if label_names is not None else dataclasses.replace(images, labels=None, label_names=None)
    strange = [] if images.labels is None else sorted(set(images.label_names) - set(label_names))
    if images.labels is None or strange:
        found = f"the classes {', '.join(strange[:5])}" if strange else "no labels"
        raise ValueError(f"{images.name} has {found}. Expected the classes {', '.join(label_names[:10])}.")
    numbers = np.array([label_names.index(name) for name in images.label_names], np.int32)
    return dataclasses.replace(images, labels=numbers[images.labels], label_names=label_names)


def part_of(images, rows, report):
    in_memory = isinstance(images.images, np.ndarray)
    pixels = images.images[rows] if in_memory else tuple(images.images[row] for row in rows)
    labels = None if images.labels is None else images.labels[rows]
    hashes = images.hashes[rows]
    counts = {"images": len(rows), "duplicates": len(rows) - len(np.unique(hashes)), **report}
    return dataclasses.replace(images, images=pixels, labels=labels, hashes=hashes, report=counts)


def without_copies(images, others):
    """The images that are not among the others, counted as `copies` where some are.

    Raises:
        ValueError: If none is left.
    """
    rows = np.flatnonzero(~np.isin(images.hashes, others.hashes))
    if not len(rows):
        raise ValueError(f"All images of {images.name} are images that were trained on. Expected others.")
    return images if len(rows) == len(images) else part_of(images, rows, {"copies": len(images) - len(rows)})


DESCRIPTIONS = {
    "corrupt": "{} corrupt skipped",
    "other": "{} other files skipped",
    "alpha": "{} with transparency left out",
    "grey": "{} grey among colour",
    "enlarged": "{} enlarged",
    "one_class": "{} of one class, labels left out",
    "duplicates": "{} duplicates",
    "copies": "{} left out that were trained on",
    "dropped": "{} dropped as copies of held-out images",
}


def describe_images(images):
    """One line for a log: `digits: 1,797 images of 16 x 16 x 1, 10 classes, 1,797 enlarged, 0 duplicates`."""
    parts = [f"{len(images):,} images of {' x '.join(map(str, images.image_shape))}"]
    parts += [] if images.labels is None else [f"{len(images.label_names):,} classes"]
    parts += [text.format(f"{images.report[key]:,}") for key, text in DESCRIPTIONS.items() if key in images.report]
    line = f"{images.name}: {', '.join(parts)}"
    names = images.report.get("first_corrupt")
    return line + f" (first corrupt files: {', '.join(names)})" if names else line
