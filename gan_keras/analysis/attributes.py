"""Attributes: what can be measured of a GAN's samples, such as the slant of digits, the pitch of sounds or a table's columns.

They show what a change of a latent does, in units that people know. Each modality has its own; a user's own functions join them.
"""

import collections
import dataclasses
import functools
import math
import operator
import re
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from gan_keras.analysis import attributes_of_media as media
from gan_keras.codecs import ImageCodec, SeriesCodec, TableCodec, TextCodec, VideoCodec
from gan_keras.codecs.waveform import SoundCodec
from gan_keras.data.table.dates import DAY
from gan_keras.diagnosis.names import choice_of

_BLOCK = 64  # samples measured at once

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

    ```python
    gan = gan_keras.presets.get("image", "default").build(gan_keras.data.load("digits"))
    slants = analysis.attributes_of(gan)["slant"](analysis.samples_of(gan, 256))
    ```

    Args:
        gan: A `gan_keras.GAN`.
        attributes: None for all that the modality has, a list of their names, or a dictionary of functions by name, each from
            samples as of `samples_of` to an array `(num,)`; a value may also be an `Attribute`, which has a unit.

    Returns:
        Dictionary of `Attribute` by name.

    Raises:
        ValueError: If a name is unknown, or there is no attribute.
    """
    if isinstance(attributes, str):
        raise ValueError(f"attributes={attributes!r}. Expected a list of names: [{attributes!r}].")
    if isinstance(attributes, dict):
        if strange := [name for name, each in attributes.items() if not callable(each)]:
            raise ValueError(f"The attribute {strange[0]!r} is {attributes[strange[0]]!r}. Expected a function of samples.")
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
    kind, codec = kind_of(gan), gan.codec
    if kind == "table":
        units = {"date": "days"}
        return {
            each.name: Attribute(each.name, operator.itemgetter(each.name), units.get(each.kind, "")) for each in codec.learned
        }
    if kind == "text":
        return {name: Attribute(name, over_lines(measure), unit) for name, (measure, unit) in TEXT.items()}
    if kind in ("image", "clip"):
        found = {**(media.IMAGES if kind == "image" else media.CLIPS), **(media.COLOURS if gan.sample_shape[-1] == 3 else {})}
    elif kind == "sound":
        found = media.sounds_at(codec.sample_rate)
    elif kind == "series":
        found = media.series_of(codec.columns, codec.varying)
    else:
        if len(gan.sample_shape) != 1:
            raise ValueError(
                f"Got a GAN of samples of shape {gan.sample_shape} without a codec, which have no attributes of their own. "
                "Expected a dictionary of functions by name."
            )
        found = {f"x{index}": (functools.partial(coordinate, index), "") for index in range(gan.sample_shape[0])}
    return {name: Attribute(name, in_blocks(measure), unit) for name, (measure, unit) in found.items()}


def coordinate(index, points):
    return np.asarray(points)[:, index]


def in_blocks(measure):
    """Returns the measurement of any number of samples, `_BLOCK` at a time, so that memory does not grow with their number."""

    def measure_all(samples):
        return np.concatenate([measure(samples[start : start + _BLOCK]) for start in range(0, len(samples), _BLOCK)])

    return measure_all


# --- Text.

_HAN = r"\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_HAN}]|(?:(?![{_HAN}])\w)+(?:['’-](?:(?![{_HAN}])\w)+)*")


def words_of(line):
    """Returns the words of a line in lower case; each Chinese or Japanese character is one. Punctuation is left out."""
    return _WORD.findall(line.casefold())


def over_lines(measure):
    """Returns the measurement of a list of lines that measures each line."""
    return lambda lines: np.array([measure(line) for line in lines], np.float64)


def word_length(line):
    """Mean number of characters per word; NaN for a line without words."""
    words = words_of(line)
    return sum(map(len, words)) / len(words) if words else np.nan


def distinct_words(line):
    """Number of different words divided by the number of words: below 1 if words repeat; NaN for a line without words."""
    words = words_of(line)
    return len(set(words)) / len(words) if words else np.nan


TEXT = {
    "words": (lambda line: len(words_of(line)), "words"),
    "characters": (len, "characters"),
    "word length": (word_length, "characters"),
    "distinct words": (distinct_words, ""),
    "punctuation": (lambda line: len(re.findall(r"[^\w\s]", line)), "marks"),
}
"""Measurement of a line and unit of each attribute of text, by name."""


def share_of_words(words):
    """Returns an attribute of text: the share of a line's words that are among the given ones, in [0, 1].

    Example: `attributes_of(gan, {"colours": share_of_words(["red", "green", "blue"])})`.
    """
    wanted = {word.casefold() for word in words}

    def share(line):
        found = words_of(line)
        return sum(word in wanted for word in found) / len(found) if found else np.nan

    return Attribute("share of words", over_lines(share))


class WordChange(NamedTuple):
    """A word, and how many lines have it before and after a change. `z` is McNemar's: beyond 2 or -2 it is hardly chance."""

    word: str
    before: int
    after: int
    z: float


def words_gained(before, after, num=5):
    """Returns the words that a change of the latents brings, and those that it takes away.

    Args:
        before: List of lines.
        after: List of as many lines, each made of the same noise as its counterpart before the change.
        num: Largest number of words of each kind.

    Returns:
        Two lists of `WordChange`, gained and lost words, the most certain change first.

    Raises:
        ValueError: If the numbers of lines differ.
    """
    if len(before) != len(after) or isinstance(before, str):
        raise ValueError(f"Got {len(before)} lines before and {len(after)} after. Expected two lists of as many lines.")
    had, has, gained, lost = (collections.Counter() for _ in range(4))
    for old, new in zip(before, after, strict=True):
        old, new = set(words_of(old)), set(words_of(new))
        had.update(old), has.update(new), gained.update(new - old), lost.update(old - new)
    changes = [
        WordChange(word, had[word], has[word], (gained[word] - lost[word]) / math.sqrt(gained[word] + lost[word]))
        for word in sorted(gained | lost)
    ]
    ranked = sorted(changes, key=lambda change: -change.z)
    return [each for each in ranked[:num] if each.z > 0], [each for each in ranked[::-1][:num] if each.z < 0]
