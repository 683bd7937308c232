"""`Images`: what a data set of images is, however it was read, and how it is split."""

import dataclasses
import hashlib

import numpy as np

from gan_keras.data.sample_set import SampleSet, part_of, several_classes, split_samples


@dataclasses.dataclass(frozen=True, eq=False)
class Images(SampleSet):
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

    noun, by_sample = "images", ("images", "hashes")

    def __len__(self):
        return len(self.images)

    @property
    def fingerprint(self):
        """SHA-256 of images, shape and labels, 64 hexadecimal digits: equal if and only if the data are."""
        return hashlib.sha256(repr(self.image_shape).encode() + self.hashes.tobytes() + self.label_bytes).hexdigest()


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
    labels, label_names, one_class = several_classes(labelling)
    counts = {"images": len(images), "duplicates": len(images) - len(set(hashes)), **report, **one_class}
    return Images(name, images, image_shape, labels, label_names, np.asarray(hashes, np.uint64), counts)


def split_images(images, held_out=None, seed=0):
    """Splits `Images` at random, so that no held-out image stays among the training images: see `sample_set.split_samples`."""
    return split_samples(images, held_out, seed)


def some_images(images, num, seed=0):
    """At most `num` of the images, drawn at random, in the order they came in."""
    return part_of(images, np.sort(np.random.default_rng(seed).permutation(len(images))[:num]), {})


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
