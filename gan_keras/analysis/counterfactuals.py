"""Counterfactuals: the same latents with another label, or the same image in another domain. What changes, and what stays."""

import dataclasses
import itertools
from typing import NamedTuple

import numpy as np

from gan_keras.analysis.attributes import attributes_of, kind_of, num_of, samples_of
from gan_keras.analysis.disentanglement import ratio_interval
from gan_keras.analysis.units import mean_interval
from gan_keras.diagnosis.names import choice_of
from gan_keras.gans.image_translation import DIRECTIONS, checked_images
from gan_keras.metrics.seeds import Interval

_MAX_LABELS = 10  # by default


class LabelEffect(NamedTuple):
    """What another label does to an attribute; each an `Interval` over seeds.

    Differences of numbers are absolute and in the attribute's unit; categories differ by 1 or 0.

    Attributes:
        between_labels: Mean difference of two samples with equal latents and different labels.
        between_seeds: Mean difference of two samples with different latents and equal labels.
        ratio: `between_labels / between_seeds`: below 1, latents matter more than labels.
        kept: Share of the identity that is kept. Each label's mean is subtracted from numbers; then it is 1 - the difference of
            samples with equal latents and different labels, relative to that of different latents and different labels: 1 if
            latents mean the same for each label, 0 if equal latents are worth nothing.
    """

    between_labels: Interval
    between_seeds: Interval
    ratio: Interval
    kept: Interval


class Cell(NamedTuple):
    """A cell of a table that another condition changes: the row, the label, the column, and its values before and after."""

    row: int
    label: str
    column: str
    before: object
    after: object


@dataclasses.dataclass(frozen=True)
class Counterfactuals:
    """Samples with equal latents and different labels.

    Attributes:
        labels: The labels, or `("original", "translated")`.
        samples: Samples by label, each in the form of `samples_of`; sample `i` has the same latents for each label.
        effects: `LabelEffect` by attribute, but for the column of the condition itself.
        cells: For tables, all `Cell`s that differ from those of the first label, but for the column of the condition itself.
        back: For translation, the translated images translated back; otherwise None. Its error is `back_error`.
        back_error: Mean absolute difference of the originals and `back`, an `Interval` over images; None if there is none.
    """

    labels: tuple
    samples: dict
    effects: dict
    cells: tuple = ()
    back: np.ndarray | None = None
    back_error: Interval | None = None


def counterfactuals(gan, n=8, labels=None, condition=None, attributes=None, images=None, direction="a_to_b", seed=0):
    """Generates samples with the same latents for each label, and measures what changes and what stays.

    Example:

        found = gan_keras.analysis.counterfactuals(gan, n=64, labels=[3, 8])
        print(found.effects["slant"].kept)
        found = gan_keras.analysis.counterfactuals(table_gan, n=64, condition="income")
        print(found.cells[:5])

    Args:
        gan: A `gan_keras.GAN` with labels, a `TableGAN` with a categorical column, or a GAN that translates images.
        n: Number of samples per label, >= 2.
        labels: Labels as for `gan.generate`, at least two. None takes all, at most the first ten.
        condition: For tables, the column whose values are the labels; None for the last categorical one.
        attributes: See `attributes_of`.
        images: For translation, the images to translate; `n` does not count then.
        direction: For translation: see `translate`.
        seed: Seed of the samples.

    Returns:
        `Counterfactuals`.

    Raises:
        ValueError: If the GAN has no labels, a label or a column is unknown, or there are fewer than two labels or samples.
    """
    if gan.reads_pairs:
        return _translated(gan, images, direction, attributes)
    if images is not None:
        raise ValueError(f"Got images for a {type(gan).__name__}, which makes samples from latents. Expected `images=None`.")
    if n < 2:
        raise ValueError(f"n={n}. Expected at least 2: one sample does not tell what differs between samples.")
    labels, column = _labels_of(gan, labels, condition)
    samples = {label: samples_of(gan, n, seed, labels=label) for label in labels}
    measured = attributes_of(gan, attributes)
    effects = {name: effect_of([each(rows) for rows in samples.values()]) for name, each in measured.items() if name != column}
    cells = tuple(changed_cells(samples, column)) if kind_of(gan) == "table" else ()
    return Counterfactuals(tuple(labels), samples, effects, cells)


def _labels_of(gan, labels, condition):
    """Returns the labels, as `generate` takes them, and for tables the column that they set, if it is only one."""
    names = list(gan.label_names or ())
    if kind_of(gan) == "table":
        return _conditions_of(gan, names, labels, condition)
    if condition is not None:
        raise ValueError(f"condition={condition!r} for a {type(gan).__name__}. Expected `labels`: only tables have conditions.")
    if not gan.num_labels:
        raise ValueError(
            f"The networks of this {type(gan).__name__} take no labels, so that latents decide alone about samples. Expected a "
            "GAN whose networks have `num_labels`; `analysis.Directions` finds what latents change."
        )
    if labels is None:
        labels = (names or list(range(gan.num_labels)))[:_MAX_LABELS]
    gan.labels_for(list(labels), len(labels))
    return _several(labels), None


def _conditions_of(gan, names, labels, condition):
    columns = {}
    for name, place in zip(names, gan.codec.labels.places, strict=True):
        columns.setdefault(gan.codec.columns[place].name, []).append(name)
    if not columns:
        raise ValueError(
            "The table has no categorical column, whose values are the labels. Expected one; `analysis.Directions` finds what "
            "latents change."
        )
    if labels is not None and condition is not None:
        raise ValueError("Got labels and a condition. Expected one of them: a condition takes all labels of its column.")
    if labels is None:
        condition = list(columns)[-1] if condition is None else condition
        if condition not in columns:
            raise ValueError(f"Got the condition {condition!r}. {choice_of(condition, columns)}: only categories are conditions.")
        return _several(columns[condition][:_MAX_LABELS]), condition
    if unknown := [label for label in labels if label not in names]:
        raise ValueError(f"Got the label {unknown[0]!r}. {choice_of(unknown[0], names)}.")
    owners = {column for column, its in columns.items() if any(label in its for label in labels)}
    return _several(labels), owners.pop() if len(owners) == 1 else None


def _several(labels):
    labels = list(labels)
    if len(labels) < 2 or len(set(map(str, labels))) < len(labels):
        raise ValueError(f"Got the labels {labels}. Expected at least two different ones, to be compared.")
    return labels


def _translated(gan, images, direction, attributes):
    if images is None:
        raise ValueError(
            f"Got no images for a {type(gan).__name__}, which makes images from images. Expected `images` of domain "
            f"{direction[:1]!r}: at least two."
        )
    gan.translator(direction)
    images = checked_images(images, is_pixels=gan.codec is not None)
    if len(images) < 2:
        raise ValueError(f"Got {len(images)} image. Expected at least 2: one does not tell what differs between images.")
    # Originals are compared as the networks read them: cropped and resized.
    originals = gan.in_blocks(lambda block: gan.decode(gan.encode(block)), images)
    samples = {"original": originals, "translated": gan.translate(images, direction)}
    measured = attributes_of(gan, attributes)
    effects = {name: effect_of([each(rows) for rows in samples.values()]) for name, each in measured.items()}
    back = back_error = None
    opposite = DIRECTIONS[1 - DIRECTIONS.index(direction)]
    if opposite in gan.translators:
        back = gan.reconstruct(images, direction)
        back_error = mean_interval(np.abs(back - originals).reshape(len(back), -1).mean(axis=1))
    return Counterfactuals(tuple(samples), samples, effects, (), back, back_error)


def effect_of(values):
    """Returns the `LabelEffect` on one attribute, from its values `(n,)` for each label, in the order of the same latents."""
    same = np.eye(len(values[0]), dtype=bool)
    across = np.array([difference(*pair) for pair in itertools.combinations(values, 2)])
    within = np.array([difference(each, each) for each in values])
    centred = values if values[0].dtype == object else [each - mean_of(each) for each in values]
    rest = np.array([difference(*pair) for pair in itertools.combinations(centred, 2)])
    between_labels, between_seeds = mean_of(across[:, same], 0), mean_of(np.where(same, np.nan, within), (0, 2))
    both_ways = np.concatenate([rest, rest.swapaxes(1, 2)])
    left = _ratio(mean_of(rest[:, same], 0), mean_of(np.where(same, np.nan, both_ways), (0, 2)))
    return LabelEffect(
        mean_interval(between_labels),
        mean_interval(between_seeds),
        _ratio(between_labels, between_seeds),
        Interval(1.0 - left.mean, 1.0 - left.high, 1.0 - left.low),
    )


def mean_of(values, axis=None):
    """Mean over the finite values; NaN where there is none."""
    known = np.isfinite(values)
    counts = known.sum(axis=axis)
    return np.where(counts, np.where(known, values, 0.0).sum(axis=axis) / np.maximum(counts, 1), np.nan)


def difference(first, second):
    """Absolute differences of each value of the first to each of the second, `(n, n)`; 1 or 0 for categories."""
    if first.dtype == object or second.dtype == object:
        return (first[:, None] != second[None]).astype(np.float64)
    return np.abs(first[:, None] - second[None])


def _ratio(numerators, denominators):
    """Ratio of means over samples that have both; NaN unless two of the denominators or more are above 0."""
    known = np.isfinite(numerators) & np.isfinite(denominators)
    if (denominators[known] > 0).sum() < 2:
        return Interval(np.nan, np.nan, np.nan)
    return ratio_interval(numerators[known], denominators[known])


def changed_cells(samples, column):
    """Yields each `Cell` that differs from that of the first label, row by row; `column` itself is left out."""
    first, *others = samples
    plain = {label: {name: values.tolist() for name, values in rows.items() if name != column} for label, rows in samples.items()}
    for label in others:
        for row in range(num_of(samples[first])):
            for name, values in plain[label].items():
                before, after = plain[first][name][row], values[row]
                if before != after and not (before != before and after != after):  # missing numbers are NaN
                    yield Cell(row, label, name, before, after)
