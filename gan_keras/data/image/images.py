"""`Images`: a data set of images, its split, its description and its batches."""

import dataclasses
import hashlib
import os

import numpy as np
import tensorflow as tf

from gan_keras.data.arrays import sample_batches
from gan_keras.data.image.files import REPAIRS, read_picture
from gan_keras.data.sample_set import (
    OTHER,
    SampleSet,
    description,
    num_classes,
    part_of,
    split_samples,
    texts_of_samples,
    without_labels,
)
from gan_keras.media.images import fit_levels, image_grid, picture_html


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Images(SampleSet):
    """Images of one shape, in memory or in files; see `SampleSet` for the other attributes.

    Attributes:
        images: uint8 array `(num, height, width, channels)`, or a tuple of paths of image files, which are read, cropped and
            resized on demand.
        image_shape: `(height, width, channels)` of every image as networks get it.
        report: Counts: always `images` and `duplicates`; for files also `corrupt`, `other` (files that are no images),
            `grey` (among colour), `enlarged`, the keys of `files.REPAIRS`, and `first_corrupt`, at most five names.
        released: The `privacy.NoisedMoments` of these images that were paid for before, such as by the run that is resumed; None
            before that.
    """

    name: str
    images: np.ndarray | tuple[str, ...]
    image_shape: tuple[int, int, int]
    labels: np.ndarray | None
    label_names: tuple[str, ...] | None
    hashes: np.ndarray
    report: dict
    released: object = None

    noun, by_sample = "images", ("images", "hashes")

    @property
    def fingerprint(self):
        """SHA-256 of images, shape and labels, 64 hexadecimal digits: equal if and only if the data are."""
        return hashlib.sha256(repr(self.image_shape).encode() + self.hashes.tobytes() + self.label_bytes).hexdigest()

    def describe(self):
        return describe_images(self)

    def thumbnails(self, num):
        """Returns at most `num` images as HTML."""
        first = part_of(without_labels(self), np.arange(min(num, len(self))), {})
        (levels,) = image_batches(first, len(first), shuffle=False)
        return picture_html(image_grid(levels.numpy(), columns=num))

    @property
    def pixels(self):
        """The images as an array of pixels, or of encoded paths."""
        in_memory = isinstance(self.images, np.ndarray)
        return self.images if in_memory else np.array([os.fsencode(path) for path in self.images])


def split_images(images, held_out=None, seed=0):
    """Splits `Images` at random, so that no training image equals a held-out one: see `sample_set.split_samples`."""
    return split_samples(images, held_out, seed)


def some_images(images, num, seed=0):
    """At most `num` images, drawn at random, in their original order."""
    return part_of(images, np.sort(np.random.default_rng(seed).permutation(len(images))[:num]), {})


TEXTS = {
    "values": "values {}",
    "corrupt": "{} corrupt skipped",
    **OTHER,
    **REPAIRS,
    "grey": "{} grey among colour",
    "enlarged": "{} enlarged",
    **texts_of_samples(Images.noun),
}


def describe_images(images):
    """One line for logs: `digits: 1,797 images of 16 x 16 x 1, 10 classes, 1,797 enlarged, 0 duplicates`."""
    facts = [f"{len(images):,} images of {' x '.join(map(str, images.image_shape))}", *num_classes(images)]
    texts = {key: text for key, text in TEXTS.items() if images.report.get(key) != "0 to 255"}
    return description(images, facts, texts, ("first_corrupt", "first corrupt files"))


def image_batches(images, batch_size=64, seed=0, shuffle=True):
    """One epoch of batches of uint8 images; files are read, cropped and resized on demand, several at a time.

    Args:
        images: `Images`.
        batch_size: Images per batch, >= 1.
        seed: Seed of the order, which changes from epoch to epoch.
        shuffle: True for training: every batch is full, and the remaining images come in other epochs. False keeps the
            order and every image, so that the last batch may be smaller.

    Returns:
        A `tf.data.Dataset` of uint8 `(batch, height, width, channels)`, or of pairs with int32 labels `(batch,)`. Its
        cardinality is known.

    Raises:
        ValueError: If the images do not fill one batch for training.
    """

    def read(path, *label):
        image = read_image(path, images.image_shape)
        return (image, *label) if label else image

    def read_files(dataset):
        return dataset.unbatch().map(read, num_parallel_calls=tf.data.AUTOTUNE).batch(batch_size)

    columns = [images.pixels] + ([] if images.labels is None else [images.labels])
    transform = None if columns[0].dtype == np.uint8 else read_files
    return sample_batches(columns, batch_size, seed, shuffle, transform, Images.noun)


def read_image(path, image_shape):
    """Reads one file as a uint8 image of `image_shape`, in the graph."""

    def colour(path):
        pixels = read_picture(os.fsdecode(path)).pixels
        return np.broadcast_to(pixels, (*pixels.shape[:2], 3))

    # `fit_levels` turns colour into grey, as for arrays: decoders round differently.
    image = tf.ensure_shape(tf.numpy_function(colour, [path], tf.uint8), (None, None, 3))
    return tf.ensure_shape(fit_levels(image[tf.newaxis], image_shape)[0], image_shape)
