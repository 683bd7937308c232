"""Two domains to pairs of batches, from memory or straight from files."""

import dataclasses
import hashlib
import os
from typing import ClassVar

import numpy as np
import tensorflow as tf

from gan_keras.data.image.folders import decode_file
from gan_keras.data.image.images import Images, describe_images, split_images
from gan_keras.data.sample_set import part_of, without_copies


def domain_batches(domains, batch_size=1, seed=0, flip=False):
    """One epoch of pairs of batches of uint8 images: of domain a, and of domain b.

    An epoch is one pass over the longer domain; the shorter one begins again where it ends. Each domain has an order of its
    own, which changes from epoch to epoch; pairs stay together.

    Args:
        domains: `Domains` or `PairedDomains`.
        batch_size: Images of each domain in a batch, >= 1; every batch is full.
        seed: Of the orders.
        flip: Whether images are mirrored, left for right, at random: half of them.

    Returns:
        A `tf.data.Dataset` of two uint8 `(batch, height, width, channels)`. Its cardinality is known.

    Raises:
        ValueError: If the images do not fill one batch.
    """
    if not 1 <= batch_size <= len(domains):
        raise ValueError(f"Got batch_size={batch_size} for {len(domains)} images. Expected from 1 to {len(domains)}.")
    num_batches, epochs, columns = len(domains) // batch_size, iter(range(2**31)), [pixels_of(domains.a), pixels_of(domains.b)]

    def batches():
        epoch = next(epochs)
        drawn = [drawing(len(column), num_batches * batch_size, [seed, stream, epoch]) for column, stream in streams]
        for start in range(0, num_batches * batch_size, batch_size):
            part = slice(start, start + batch_size)
            yield tuple((column[rows[part]], coins[part] & flip) for column, (rows, coins) in zip(columns, drawn, strict=True))

    streams = list(zip(columns, domains.streams, strict=True))
    spec = tuple((tf.TensorSpec([None, *column.shape[1:]], column.dtype), tf.TensorSpec([None], tf.bool)) for column in columns)
    dataset = tf.data.Dataset.from_generator(batches, output_signature=spec)

    def decode(*parts):
        return tuple(mirrored(decoded(pixels, domains.image_shape), coins) for pixels, coins in parts)

    dataset = dataset.map(decode, num_parallel_calls=tf.data.AUTOTUNE)
    return dataset.apply(tf.data.experimental.assert_cardinality(num_batches)).prefetch(4)


def pixels_of(images):
    """The images as an array: of pixels, or of paths."""
    in_memory = isinstance(images.images, np.ndarray)
    return images.images if in_memory else np.array([os.fsencode(path) for path in images.images])


def drawing(num, wanted, seed):
    """So many rows, each once before any comes again, and a coin for each."""
    random = np.random.default_rng(seed)
    rows = np.concatenate([random.permutation(num) for _ in range(-(-wanted // num))])
    return rows[:wanted], random.random(wanted) < 0.5


def decoded(pixels, image_shape):
    if pixels.dtype != tf.string:
        return pixels
    return tf.map_fn(
        lambda path: decode_file(path, image_shape), pixels, fn_output_signature=tf.TensorSpec(image_shape, tf.uint8)
    )


def mirrored(images, coins):
    """The images, left for right where the coin is True."""
    return tf.where(coins[:, None, None, None], images[:, :, ::-1], images)


# --- `Domains`: two sets of images to translate into each other, however they were read, and how they are split.

DOMAINS = ("a", "b")


@dataclasses.dataclass(frozen=True, eq=False)
class Domains:
    """Images of domain a and of domain b, in no relation to each other.

    Attributes:
        name: What the set is called in reports.
        a: `Images` of domain a.
        b: `Images` of domain b, of the same shape.
        test: The `Images` of both that the source keeps for tests, or `None`.

    Raises:
        ValueError: If the images of both have not one shape.
    """

    name: str
    a: Images
    b: Images
    test: tuple[Images, Images] | None = None

    label_names: ClassVar[None] = None
    streams: ClassVar[tuple[int, int]] = (0, 1)
    """Which stream of random numbers orders each domain: of pairs both have one."""

    def __post_init__(self):
        shapes = [images.image_shape for images in self.all_images]
        if len(set(shapes)) > 1:
            found = " and ".join(" x ".join(map(str, shape)) for shape in shapes[:2])
            raise ValueError(
                f"The domains of {self.name} have images of {found}. Expected one shape: give the size that they are to be "
                "cropped and resized to, such as size=64, and channels, 1 for grey or 3 for colour."
            )

    def __len__(self):
        """Images of the longer domain: so many make an epoch."""
        return max(len(self.a), len(self.b))

    @property
    def all_images(self):
        """Those of a and b, and then those for tests."""
        return [self.a, self.b, *(self.test or ())]

    @property
    def image_shape(self):
        """`(height, width, channels)` of every image."""
        return self.a.image_shape

    @property
    def fingerprint(self):
        """SHA-256 of all images, 64 hexadecimal digits."""
        parts = [type(self).__name__, *(images.fingerprint for images in self.all_images)]
        return hashlib.sha256(" ".join(parts).encode()).hexdigest()

    @property
    def report(self):
        """Counts by domain: see `Images`."""
        return {domain: getattr(self, domain).report for domain in DOMAINS}

    def without_test(self, seed):
        """What is trained on and what is held out of each domain, of images that have no part for tests."""
        splits = [split_images(images, seed=seed) for images in (self.a, self.b)]
        return tuple(dataclasses.replace(self, a=of_a, b=of_b) for of_a, of_b in zip(*splits, strict=True))

    def without_those(self, test):
        """What is trained on: no image that is for tests."""
        a, b = (without_copies(images, others) for images, others in zip((self.a, self.b), test, strict=True))
        return dataclasses.replace(self, a=a, b=b, test=None)


@dataclasses.dataclass(frozen=True, eq=False)
class PairedDomains(Domains):
    """Images of domain a, and of domain b what each of them should become: those of a place belong together.

    Attributes are those of `Domains`.

    Raises:
        ValueError: Also if there are not as many images of both.
    """

    streams: ClassVar[tuple[int, int]] = (0, 0)

    def __post_init__(self):
        super().__post_init__()
        for a, b in filter(None, ((self.a, self.b), self.test)):
            if len(a) != len(b):
                raise ValueError(
                    f"{self.name} has {len(a):,} images of domain a and {len(b):,} of domain b. Expected pairs, as many of both."
                )

    def without_test(self, seed):
        num = len(self)
        chosen = np.sort(np.random.default_rng(seed).permutation(num)[: max(1, num // 10)])
        held_out = self.rows(chosen)
        return self.without_those((held_out.a, held_out.b)), held_out

    def without_those(self, test):
        """Pairs of which neither image is for tests."""
        a, b = (np.isin(images.hashes, others.hashes) for images, others in zip((self.a, self.b), test, strict=True))
        rest = np.flatnonzero(~(a | b))
        if not len(rest):
            raise ValueError(f"All pairs of {self.name} hold copies of held-out images. Expected more different ones.")
        return self.rows(rest)

    def rows(self, rows):
        """The pairs of these rows."""
        return dataclasses.replace(self, a=part_of(self.a, rows, {}), b=part_of(self.b, rows, {}), test=None)


def split_domains(domains, seed=0):
    """Training and held-out domains, which share no image: what the source keeps for tests, else a tenth at random.

    Args:
        domains: `Domains` or `PairedDomains`.
        seed: The same seed splits the same images alike, int >= 0.

    Raises:
        ValueError: If nothing is left to train on.
    """
    if domains.test is None:
        return domains.without_test(seed)
    a, b = domains.test
    return domains.without_those(domains.test), dataclasses.replace(domains, a=a, b=b, test=None)


def describe_domains(domains):
    """One line for a log: what `describe_images` says of both domains."""
    relation = "pairs" if isinstance(domains, PairedDomains) else "unpaired"
    lines = [describe_images(dataclasses.replace(getattr(domains, domain), name=domain)) for domain in DOMAINS]
    return f"{domains.name}, {relation}; {'; '.join(lines)}"
