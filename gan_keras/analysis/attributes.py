"""Attributes: what can be measured of a GAN's samples, such as the slant of digits, the pitch of sounds or a table's columns.

They show what a change of a latent does, in units that people know. Each modality has its own; a user's own functions join them.
"""

import dataclasses
from collections.abc import Callable

import numpy as np

from gan_keras.analysis import attributes_of_media as media
from gan_keras.codecs import ImageCodec, SeriesCodec, TableCodec, TextCodec, VideoCodec
from gan_keras.codecs.waveform import SoundCodec
from gan_keras.data.table.dates import DAY
from gan_keras.diagnosis.names import choice_of

KINDS = {
    VideoCodec: "clip",
    ImageCodec: "image",
    SoundCodec: "sound",
    TableCodec: "table",
    SeriesCodec: "series",
    TextCodec: "text",
}
"""Kind of samples by the class of the codec."""


@dataclasses.dataclass(frozen=True)
class Attribute:
    """A measurement of samples, called with `num` samples in the form of `samples_of`.

    A call returns float64 `(num,)`, NaN where a sample has no value, or an object array of str `(num,)` for categories. It raises
    `ValueError` if the function returns anything else.

    Attributes:
        name: Name in tables and messages.
        measure: Function from samples to an array `(num,)` of numbers or str.
        unit: Unit of the numbers, such as `"pixels"`; empty for none.
    """

    name: str
    measure: Callable
    unit: str = ""

    def __call__(self, samples):
        values = np.asarray(self.measure(samples))
        num = num_of(samples)
        if values.shape != (num,) or values.dtype.kind not in "biufUO":
            raise ValueError(
                f"The attribute {self.name!r} of {num} samples is an array of shape {values.shape} and dtype {values.dtype}. "
                f"Expected one number or one text per sample, shape ({num},)."
            )
        if values.dtype.kind in "biuf":
            return values.astype(np.float64)
        return np.array([str(value) for value in values], object)


def num_of(samples):
    """Returns the number of samples in the form of `samples_of`."""
    return len(next(iter(samples.values()))) if isinstance(samples, dict) else len(samples)


def kind_of(gan):
    """Returns the kind of a GAN's samples: "image", "clip", "sound", "table", "series", "text", or "vector" for all others.

    The codec decides. Without a codec, samples `(height, width, 1 or 3)` are images.
    """
    for codec, kind in KINDS.items():
        if isinstance(gan.codec, codec):
            return kind
    is_image = gan.codec is None and len(gan.sample_shape) == 3 and gan.sample_shape[-1] in (1, 3)
    return "image" if is_image else "vector"


def samples_of(gan, n, seed=0, labels=None, edits=None):
    """Generates samples in one plain form per modality, in which attributes are measured.

    Args:
        gan: A `gan_keras.GAN` that makes samples from latents.
        n: Number of samples.
        seed: Sample `i` depends on `seed + i` only.
        labels: As for `gan.generate`; None takes all labels in turn.
        edits: As for `gan.generate`; None changes nothing.

    Returns:
        Images, clips, sounds, series and vectors: an array of floats, as `gan.generate` returns it. Text: a list of `n` str.
        Tables: a dictionary of arrays `(n,)` by column: float64 for numbers (NaN if missing) and for dates, in days since 1970;
        object arrays of str for categories and identifiers, empty if missing.

    Raises:
        ValueError: If the GAN translates images, or an argument is out of its range.
    """
    if gan.reads_pairs:
        raise ValueError(
            f"Got a {type(gan).__name__}, which makes images from images. Expected a GAN that makes samples from latents."
        )
    kind = kind_of(gan)
    options = {} if edits is None else {"edits": edits}
    if kind == "text":
        return gan.generate(n, seed, label=labels, **options)
    if kind in ("table", "series"):
        options["as_frame"] = False
    samples = gan.generate(n, seed, labels=labels, **options)
    return plain_columns(gan.codec, samples) if kind == "table" else samples


def plain_columns(codec, columns):
    """Brings the output of `TableGAN.generate` to the form of `samples_of`."""
    plain = {}
    for column in codec.columns:
        values = columns[column.name]
        if column.kind == "date":
            values = column.from_tensor(values).numpy() * (column.unit / DAY)
        is_number = column.kind in ("number", "date")
        plain[column.name] = values.astype(np.float64) if is_number else np.array([str(value) for value in values], object)
    return plain


def attributes_of(gan, attributes=None):
    """Returns attributes of a GAN's samples by name.

    Example:

        gan = gan_keras.presets.get("image").gan
        slants = attributes_of(gan, ["slant"])["slant"](samples_of(gan, 256))

    Args:
        gan: A `gan_keras.GAN`.
        attributes: None for all that the modality has, a list of their names, or a dictionary of functions by name, each from
            samples as of `samples_of` to an array `(num,)`; a value may also be an `Attribute`, which has a unit.

    Returns:
        Dictionary of `Attribute` by name.

    Raises:
        ValueError: If a name is unknown, or there is no attribute.
    """
    if isinstance(attributes, dict):
        found = {name: each if isinstance(each, Attribute) else Attribute(name, each) for name, each in attributes.items()}
    else:
        known = known_attributes(gan)
        for name in known if attributes is None else attributes:
            if name not in known:
                raise ValueError(f"Got the attribute {name!r}. {choice_of(name, known)}, or a dictionary of your own functions.")
        found = {name: known[name] for name in (known if attributes is None else attributes)}
    if not found:
        raise ValueError("Got no attribute. Expected names, or a dictionary of functions of samples by name.")
    return found


def known_attributes(gan):
    """Returns all attributes of the modality of a GAN."""
    kind = kind_of(gan)
    if kind == "table":
        return {column.name: column_attribute(column) for column in gan.codec.learned}
    if kind in ("image", "clip"):
        own, colours = (media.IMAGES, media.COLOURS) if kind == "image" else (media.CLIPS, media.CLIP_COLOURS)
        found = {**own, **(colours if gan.sample_shape[-1] == 3 else {})}
    else:
        found = {f"x{index}": (coordinate(index), "") for index in range(gan.sample_shape[-1])}
    return {name: Attribute(name, measure, unit) for name, (measure, unit) in found.items()}


def column_attribute(column):
    return Attribute(column.name, lambda rows: rows[column.name], "days" if column.kind == "date" else "")


def coordinate(index):
    return lambda points: np.asarray(points)[:, index]
