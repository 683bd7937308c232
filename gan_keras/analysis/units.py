"""Units: what each channel of a generator makes, by switching it off on the same latents.

Reference: [GAN Dissection, Bau et al., 2018](https://arxiv.org/abs/1811.10597), here without a segmenter: a channel's effect is
measured on attributes of the samples.
"""

import dataclasses
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from keras import layers, ops

from gan_keras import noise
from gan_keras.analysis.attributes import attributes_of, kind_of, plain_columns
from gan_keras.analysis.directions import changed_output, layer_calls
from gan_keras.analysis.effects import deviation
from gan_keras.codecs.sound_pictures import spectrogram_pictures
from gan_keras.diagnosis.names import choice_of
from gan_keras.gans.sampling import seeds_from
from gan_keras.media.images import encode_png, image_grid, to_levels
from gan_keras.media.plots import Picture
from gan_keras.metrics.seeds import Interval, paired_interval
from gan_keras.networks.layers import GroupedConv2D

CONVOLUTIONS = (
    *(getattr(layers, f"Conv{rank}D{kind}") for rank in (1, 2, 3) for kind in ("", "Transpose")),
    *(getattr(layers, f"{kind}Conv{rank}D") for rank in (1, 2) for kind in ("Separable", "Depthwise")),
    GroupedConv2D,
)
CHANGED = 0.1
"""Share of the range of all samples by which a value has to move to count as changed."""

_SHOWN = 6  # samples in a picture
_BLOCK = 256  # samples per call of the graph


class UnitLayer(NamedTuple):
    """A layer whose channels are units.

    Attributes:
        name: Name of the convolution or dense layer.
        layer: The layer whose output is masked: the normalization that directly follows, or the layer itself.
        places: Values of each channel per sample, such as the pixels of a feature map.
        channels: Number of channels.
    """

    name: str
    layer: layers.Layer
    places: int
    channels: int


class Unit(NamedTuple):
    """A channel, the share of values that change without it, and its effects: an `Interval` by attribute, in deviations."""

    channel: int
    changed: float
    effects: dict


@dataclasses.dataclass(frozen=True)
class Units:
    """Effects of switching off each channel of a layer, and of as many random mixtures of channels.

    Attributes:
        layer: Name of the layer.
        names: Names of the attributes.
        effects: Mean change of each attribute, float64 `(channels, attributes)`, in deviations of the attribute over the samples,
            of one label each if there are labels; for a category the share of samples that have another value.
        bounds: Ends of the 95 % intervals over samples, `(channels, attributes, 2)`.
        changed: Share of the values of a sample, such as pixels, that move by more than a tenth of their range, `(channels,)`.
        placebo: The same as `effects` for random mixtures: unit vectors across channels whose part is taken out of the output.
            On average they take out as much as a channel does. What they reach needs no special channel.
        placebo_changed: The same as `changed` for random mixtures.
        samples: Some samples as they are, in the form of `samples_of`.
        without: The same samples without each of the largest units, by channel.
        pictures: Function from such samples to images; None for samples that are no pictures.
    """

    layer: str
    names: tuple
    effects: np.ndarray
    bounds: np.ndarray
    changed: np.ndarray
    placebo: np.ndarray
    placebo_changed: np.ndarray
    samples: object
    without: dict
    pictures: object

    @property
    def sizes(self):
        """Size of each channel's effect: root mean square over the attributes, `(channels,)`."""
        return sizes_of(self.effects)

    @property
    def placebo_sizes(self):
        """Size of the effect of each random mixture, `(channels,)`."""
        return sizes_of(self.placebo)

    def largest(self, num=8):
        """Returns the `num` units of the largest size, the largest first."""
        found = []
        for channel in np.argsort(-self.sizes, kind="stable")[:num]:
            rows = zip(self.names, self.effects[channel], self.bounds[channel], strict=True)
            effects = {name: Interval(float(mean), float(low), float(high)) for name, mean, (low, high) in rows}
            found.append(Unit(int(channel), float(self.changed[channel]), effects))
        return found

    def picture(self):
        """Returns a `media.plots.Picture` of some samples as they are, and below without each of the largest units.

        To the right are the differences: brighter than grey is brighter without the unit, at full contrast for the whole picture.

        Raises:
            ValueError: If samples are neither images, clips nor sounds.
        """
        if self.pictures is None:
            raise ValueError("Samples of this GAN are no pictures. Expected images, clips or sounds: see `Units.largest()`.")
        rows = [to_levels(self.pictures(each)) / 255.0 for each in (self.samples, *self.without.values())]
        differences = np.array(rows) - rows[0]
        differences = 0.5 + 0.5 * differences / max(np.abs(differences).max(), 1.0 / 255.0)
        units = {unit.channel: unit for unit in self.largest(len(self.effects))}
        labels = ["all", *(f"no {channel}: {_strongest(units[channel])}" for channel in self.without)]
        pairs = np.concatenate([np.array(rows), differences], axis=1)
        grid = image_grid(pairs.reshape(-1, *pairs.shape[2:]), columns=pairs.shape[1], row_labels=labels)
        title = f"Samples without one channel of {self.layer}, and the differences"
        return Picture(title, f"{title}: {'; '.join(labels[1:])}.", encode_png(grid))


def units(gan, layer=None, attributes=None, n=64, num=8, seed=0):
    """Measures what each channel of a layer makes: each is switched off, on the same latents.

    A unit is a channel of a convolution, or of a hidden dense layer in networks without convolutions, after the normalization
    that directly follows. Its output is multiplied by 0 in the averaged generator.

    Example:

        found = gan_keras.analysis.units(gan, attributes=["ink", "slant"])
        print(found.layer, found.largest(3), found.sizes.max() / found.placebo_sizes.max())

    Args:
        gan: A `gan_keras.GAN` that makes samples from latents.
        layer: Name or index of a layer, as the error about an unknown one lists them. None: the one whose feature maps have about
            a quarter of the sample's places; among equals, and for dense layers, the last.
        attributes: See `attributes_of`.
        n: Number of samples, >= 2. The time is that of `2 * channels * n` samples.
        num: Number of units whose samples are kept for `Units.picture`.
        seed: Seed of the samples, and of the random mixtures.

    Returns:
        `Units`.

    Raises:
        ValueError: If the layer is unknown, there is no hidden layer, or the GAN writes text or translates images.
    """
    seeds = seeds_from(n, seed)
    if n < 2:
        raise ValueError(f"n={n}. Expected at least 2 samples, to tell an effect from chance.")
    chosen, measured = unit_layer(gan, layer), attributes_of(gan, attributes)
    gan.follow_generator()
    latents, labels = gan.latents_from(seeds), gan.labels_from(seeds)
    render = renderer(gan, chosen, labels)
    before, plain = render(latents, labels, np.zeros(chosen.channels))
    values = {name: attribute(plain) for name, attribute in measured.items()}
    threshold, groups = CHANGED * np.ptp(before), np.broadcast_to(groups_of(gan, labels), [n])

    def effects_of(vectors):
        """Changes of each attribute, `(vectors, attributes, n)`, and the share of changed values, `(vectors,)`."""
        changes, shares = [], []
        for vector in vectors:
            after, samples = render(latents, labels, vector)
            changes.append([changes_of(values[name], attribute(samples), groups) for name, attribute in measured.items()])
            shares.append(np.mean(np.abs(after - before) > threshold))
        return np.array(changes), np.array(shares)

    channels = np.eye(chosen.channels)
    mixtures = np.random.default_rng(seed).standard_normal((chosen.channels, chosen.channels))
    mixtures /= np.linalg.norm(mixtures, axis=1, keepdims=True)
    changes, shares = effects_of(channels)
    placebo, placebo_shares = effects_of(mixtures)
    intervals = np.array([[mean_interval(each) for each in row] for row in changes])
    effects, some, some_labels = intervals[..., 0], latents[:_SHOWN], None if labels is None else labels[:_SHOWN]
    largest = np.argsort(-sizes_of(effects), kind="stable")[:num]
    return Units(
        chosen.name,
        tuple(measured),
        effects,
        intervals[..., 1:],
        shares,
        np.array([[mean_interval(each).mean for each in row] for row in placebo]),
        placebo_shares,
        render(some, some_labels, np.zeros(chosen.channels))[1],
        {int(channel): render(some, some_labels, channels[channel])[1] for channel in largest},
        pictures_of(gan),
    )


# --- Layers. ---


def unit_layer(gan, layer=None):
    """Returns the `UnitLayer` of a name or an index, or the default; raises `ValueError` if there is none."""
    if gan.reads_pairs or not gan.makes_floats:
        noun = "translates images" if gan.reads_pairs else "writes tokens"
        raise ValueError(
            f"Got a {type(gan).__name__}, which {noun}. Expected a GAN that makes samples of numbers from latents; see "
            "`analysis.attribute` and `analysis.counterfactuals`."
        )
    found = unit_layers(gan)
    if not found:
        raise ValueError(
            f"The generator {gan.generator.name!r} has no hidden convolution or dense layer, whose channels could be switched "
            "off. Expected one; `analysis.Directions` needs none."
        )
    names = [each.name for each in found]
    if layer is None:
        quarter = np.prod(gan.sample_shape[:-1]) / 4
        return min(reversed(found), key=lambda each: abs(np.log(each.places / quarter)))
    if layer in names:
        return found[names.index(layer)]
    if isinstance(layer, int | np.integer) and -len(found) <= layer < len(found):
        return found[layer]
    sizes = ", ".join(f"{each.name} ({each.channels} channels of {each.places} places)" for each in found)
    choice = f" {choice_of(layer, names).split('Expected')[0]}" if isinstance(layer, str) else " "
    raise ValueError(f"Got the layer {layer!r}.{choice}Expected one of {sizes}, or its index from 0 to {len(found) - 1}.")


def unit_layers(gan):
    """Returns all `UnitLayer`s in the order of their calls: convolutions, or dense layers if there are none.

    The last of both makes the sample, and has no hidden units.
    """
    seeds = np.arange(2, dtype=np.int64)
    calls = layer_calls(gan, seeds)
    makers = {}
    for layer, _, outputs in calls:
        if isinstance(layer, (*CONVOLUTIONS, layers.Dense)) and len(outputs.shape) > 1:
            makers.setdefault(id(layer), (layer, outputs))
    hidden = list(makers.values())[:-1]
    convolutions = [each for each in hidden if isinstance(each[0], CONVOLUTIONS)]
    found = []
    for layer, outputs in convolutions or hidden:
        followers = [each for each, inputs, _ in calls if inputs is outputs and is_normalization(each)]
        channels = int(outputs.shape[-1])
        places = int(np.prod(outputs.shape)) // (2 * channels)
        found.append(UnitLayer(layer.name, followers[-1] if followers else layer, places, channels))
    return found


def is_normalization(layer):
    return type(layer).__name__.endswith("Normalization") and not isinstance(layer, layers.Wrapper)


def renderer(gan, chosen, labels):
    """Returns a function from latents, labels and a vector across channels to samples without that part of a layer's output.

    A unit vector along a channel switches this channel off: its output is exactly 0, and that of the others stays. A vector of
    zeros changes nothing. The graph is traced once, and the layer is changed only meanwhile.

    Returns:
        A function that returns tensors, float32, and samples in the form of `samples_of`.
    """

    def without(layer, inputs, outputs):
        return outputs - ops.sum(outputs * vector_in_graph, axis=-1, keepdims=True) * vector_in_graph

    def rendered(latents, labels, vector):
        nonlocal vector_in_graph
        vector_in_graph, num = vector, tf.shape(latents)[0]
        with changed_output(chosen.layer, without):
            samples = gan(noise.pad_rows(latents), None if labels is None else noise.pad_rows(labels))[:num]
        return samples, gan.decode(samples)

    vector_in_graph = None
    specs = [tf.TensorSpec([None, gan.latent_dim]), None if labels is None else tf.TensorSpec([None], tf.int32)]
    graph = tf.function(rendered, autograph=False).get_concrete_function(*specs, tf.TensorSpec([chosen.channels]))

    def render(latents, labels, vector):
        blocks, vector = [], tf.constant(vector, tf.float32)
        for start in range(0, len(latents), _BLOCK):
            rows = slice(start, start + _BLOCK)
            given = {} if labels is None else {"labels": labels[rows]}
            blocks.append([each.numpy() for each in graph(latents=latents[rows], vector=vector, **given)])
        samples, raw = map(np.concatenate, zip(*blocks, strict=True))
        return samples, plain_of(gan, raw)

    return render


# --- Changes, and their intervals: also for counterfactuals. ---


def plain_of(gan, raw):
    """Returns decoded samples, as an array, in the form of `samples_of`."""
    if kind_of(gan) != "table":
        return raw
    columns = {name: values.numpy() for name, values in gan.codec.to_columns(tf.constant(raw)).items()}
    decoded = {name: [text.decode() for text in each] if each.dtype == object else each for name, each in columns.items()}
    return plain_columns(gan.codec, decoded)


def changes_of(before, after, groups):
    """Returns the change of an attribute for each sample, float64 `(n,)`.

    Numbers change by deviations of `before` within groups of one label; NaN where either is missing. A category changes by 1 if
    it is another one, otherwise by 0.
    """
    if before.dtype == object:
        return (before != after).astype(np.float64)
    return (after - before) / deviation(before, groups) if np.isfinite(before).any() else np.full(len(before), np.nan)


def groups_of(gan, labels):
    """Returns the labels of samples, within which attributes vary; zeros without labels, or for the many conditions of rows."""
    return np.zeros(1, int) if labels is None or kind_of(gan) == "table" else np.asarray(labels)


def mean_interval(values):
    """Returns the mean of all finite values as `metrics.Interval`, Student's; without bounds for fewer than two values."""
    values = np.asarray(values, np.float64)
    values = values[np.isfinite(values)]
    if len(values) < 2:
        return Interval(float(values[0]) if len(values) else np.nan, np.nan, np.nan)
    return paired_interval(values, np.zeros(len(values)))


def sizes_of(effects):
    """Root mean square of each row over the attributes that have values, 0 if none has: `(rows,)`."""
    known = np.isfinite(effects)
    return np.sqrt(np.square(np.where(known, effects, 0.0)).sum(axis=1) / np.maximum(known.sum(axis=1), 1))


# --- Pictures. ---


def pictures_of(gan):
    """Returns a function from samples to images, one each; None for samples that are no pictures."""
    kind = kind_of(gan)
    if kind == "image":
        return (lambda images: images) if gan.codec is not None else lambda images: np.clip((images + 1.0) / 2.0, 0.0, 1.0)
    if kind == "clip":
        return lambda clips: clips[:, clips.shape[1] // 2]
    if kind == "sound":
        return lambda sounds: spectrogram_pictures(sounds, gan.codec.sample_rate)
    return None


def _strongest(unit):
    """The largest effect of a unit in words."""
    known = {name: effect.mean for name, effect in unit.effects.items() if np.isfinite(effect.mean)}
    name = max(known, key=lambda name: abs(known[name]))
    return f"{name} {known[name]:+.1f}"
