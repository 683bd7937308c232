"""`Domains`: two sets of images to translate into each other, their split, their description and their batches."""

import dataclasses
import hashlib
from html import escape
from typing import ClassVar

import numpy as np
import tensorflow as tf

from gan_keras.data.arrays import epochs_of
from gan_keras.data.image.images import Images, describe_images, read_image, split_images
from gan_keras.data.sample_set import NUM_THUMBNAILS, part_of, without_copies

DOMAINS = ("a", "b")


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Domains:
    """Images of domain a and of domain b, unpaired.

    Attributes:
        name: Name of the set in reports.
        a: `Images` of domain a.
        b: `Images` of domain b, of the same shape.
        test: The `Images` of both domains that the source reserves for tests, or `None`.
        layout: What was guessed from the layout of a folder, for logs.
    """

    name: str
    a: Images
    b: Images
    test: tuple[Images, Images] | None = None
    layout: str = ""

    label_names: ClassVar[None] = None
    streams: ClassVar[tuple[int, int]] = (0, 1)
    """Stream of random numbers that orders each domain; pairs share one."""

    def __post_init__(self):
        shapes = [images.image_shape for images in self.all_images]
        if len(set(shapes)) > 1:
            found = " and ".join(" x ".join(map(str, shape)) for shape in shapes[:2])
            raise ValueError(
                f"The domains of {self.name} have images of {found}. Expected one shape: give the size that they are to be "
                "cropped and resized to, such as size=64, and channels, 1 for grey or 3 for colour."
            )

    def __repr__(self):
        return f"<{type(self).__name__} {describe_domains(self)}>"

    def _repr_html_(self):
        pictures = "<br>".join(getattr(self, domain).thumbnails(NUM_THUMBNAILS) for domain in DOMAINS)
        return f"<p>{escape(describe_domains(self))}</p>{pictures}"

    def __len__(self):
        """Number of images of the longer domain, which make an epoch."""
        return max(len(self.a), len(self.b))

    @property
    def all_images(self):
        """The images of a and b, followed by those for tests."""
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
        """Splits domains without a part for tests into training and held-out domains."""
        splits = [split_images(images, seed=seed) for images in (self.a, self.b)]
        return tuple(dataclasses.replace(self, a=of_a, b=of_b) for of_a, of_b in zip(*splits, strict=True))

    def without_those(self, test):
        """The domains without images that are also in `test`."""
        a, b = (without_copies(images, others) for images, others in zip((self.a, self.b), test, strict=True))
        return dataclasses.replace(self, a=a, b=b, test=None)


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class PairedDomains(Domains):
    """Paired images: `a[i]` and `b[i]` show the same scene. See `Domains` for the attributes."""

    streams: ClassVar[tuple[int, int]] = (0, 0)

    def __post_init__(self):
        super().__post_init__()
        for a, b in filter(None, ((self.a, self.b), self.test)):
            if len(a) != len(b):
                found = f"{len(a):,} images of domain a and {len(b):,} of domain b"
                raise ValueError(f"{self.name} has {found}. Expected pairs, as many of both.")

    def without_test(self, seed):
        num = len(self)
        chosen = np.sort(np.random.default_rng(seed).permutation(num)[: max(1, num // 10)])
        held_out = self.rows(chosen)
        return self.without_those((held_out.a, held_out.b)), held_out

    def without_those(self, test):
        """The pairs without those that contain an image of `test`."""
        a, b = (np.isin(images.hashes, others.hashes) for images, others in zip((self.a, self.b), test, strict=True))
        rest = np.flatnonzero(~(a | b))
        if not len(rest):
            raise ValueError(f"All pairs of {self.name} hold copies of held-out images. Expected more different ones.")
        return self.rows(rest)

    def rows(self, rows):
        """The pairs in these rows."""
        return dataclasses.replace(self, a=part_of(self.a, rows, {}), b=part_of(self.b, rows, {}), test=None)


def in_colour(domains):
    """Returns `Images` of both colours as colour: grey ones are converted, and counted."""
    channels = max(images.image_shape[2] for images in domains)
    return [images if images.image_shape[2] == channels else _as_colour(images) for images in domains]


def _as_colour(images):
    pixels = images.images if isinstance(images.images, tuple) else np.repeat(images.images, 3, axis=-1)
    report = images.report | {"grey": len(images)}
    return dataclasses.replace(images, images=pixels, image_shape=(*images.image_shape[:2], 3), report=report)


def split_domains(domains, seed=0):
    """Splits domains into training and held-out domains that share no image: see `gan_keras.data.split`.

    Held out is the part that the source reserves for tests, or a random tenth if there is no such part.
    """
    if domains.test is None:
        return domains.without_test(seed)
    a, b = domains.test
    return domains.without_those(domains.test), dataclasses.replace(domains, a=a, b=b, test=None)


def describe_domains(domains):
    """One line for logs: the relation of the domains, and `describe_images` of both."""
    relation = "pairs" if isinstance(domains, PairedDomains) else "unpaired"
    lines = [describe_images(dataclasses.replace(getattr(domains, domain), name=domain)) for domain in DOMAINS]
    if domains.test is not None:
        lines.append(f"test: {' and '.join(f'{len(images):,}' for images in domains.test)} images")
    relation = ", ".join(filter(None, (relation, domains.layout)))
    return f"{domains.name}, {relation}; {'; '.join(lines)}"


def domain_batches(domains, batch_size=1, seed=0, flip=False):
    """One epoch of pairs of batches of uint8 images, one of each domain.

    An epoch is one pass over the longer domain; the shorter one starts again at its end. Each domain has its own order, which
    changes from epoch to epoch; pairs stay together.

    Args:
        domains: `Domains` or `PairedDomains`.
        batch_size: Images of each domain per batch, >= 1; every batch is full.
        seed: Seed of the orders.
        flip: Whether to mirror a random half of the images, left to right.

    Returns:
        A `tf.data.Dataset` of two uint8 `(batch, height, width, channels)`. Its cardinality is known.

    Raises:
        ValueError: If the images do not fill one batch.
    """
    if not 1 <= batch_size <= len(domains):
        raise ValueError(f"Got batch_size={batch_size} for {len(domains)} images. Expected from 1 to {len(domains)}.")
    num_batches, columns = len(domains) // batch_size, [domains.a.pixels, domains.b.pixels]

    def epoch(number):
        streams = zip(columns, domains.streams, strict=True)
        drawn = [draw_rows(len(column), num_batches * batch_size, [seed, stream, number]) for column, stream in streams]
        for start in range(0, num_batches * batch_size, batch_size):
            part = slice(start, start + batch_size)
            yield tuple((column[rows[part]], flips[part] & flip) for column, (rows, flips) in zip(columns, drawn, strict=True))

    def decode(*parts):
        both = [(_decoded(pixels, domains.image_shape), flips) for pixels, flips in parts]
        return tuple(tf.where(flips[:, None, None, None], images[:, :, ::-1], images) for images, flips in both)

    specs = tuple((tf.TensorSpec([None, *column.shape[1:]], column.dtype), tf.TensorSpec([None], tf.bool)) for column in columns)
    return epochs_of(epoch, specs, num_batches, lambda dataset: dataset.map(decode, num_parallel_calls=tf.data.AUTOTUNE))


def draw_rows(num, num_drawn, seed):
    """Row indices without repetition within a pass over `num` rows, and a random mirror flag for each."""
    random = np.random.default_rng(seed)
    rows = np.concatenate([random.permutation(num) for _ in range(-(-num_drawn // num))])
    return rows[:num_drawn], random.random(num_drawn) < 0.5


def _decoded(pixels, image_shape):
    """Images in memory unchanged; paths as the images in these files."""
    if pixels.dtype != tf.string:
        return pixels
    return tf.map_fn(lambda path: read_image(path, image_shape), pixels, fn_output_signature=tf.TensorSpec(image_shape, tf.uint8))
