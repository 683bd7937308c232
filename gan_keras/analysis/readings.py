"""What a discriminator reads of raw samples, and its score of samples between a baseline and themselves, in a graph.

A part of a sample has a share a in [0, 1]: at 0 it is the baseline's, at 1 the sample's. The gradient of a score by the shares is
that by the sample, multiplied by its difference from the baseline, and summed over all that belongs to a part: the numbers of an
embedded token, the slots of a table's column.
"""

import contextlib
import copy

import numpy as np
import tensorflow as tf
from keras import layers

from gan_keras.analysis.attributes import kind_of
from gan_keras.codecs.image import ImageCodec
from gan_keras.codecs.series_components import ComponentCodec
from gan_keras.codecs.spectrogram import SpectrogramCodec
from gan_keras.codecs.subwords import SUFFIX
from gan_keras.codecs.table import TableCodec
from gan_keras.codecs.text import END, JOINER, PADDING, UNKNOWN, CharacterCodec, TextCodec
from gan_keras.data.table.load import read_like
from gan_keras.gans import inputs
from gan_keras.gans.pix2pix import stack_pairs
from gan_keras.gans.sampling import check_samples
from gan_keras.gans.table_gan import pack
from gan_keras.networks.backward_language_model import BackwardLanguageModel
from gan_keras.networks.backward_language_model import reading as backwards
from gan_keras.networks.base import call_network, in_float32, is_ready_made
from gan_keras.networks.cyclegan import Pair
from gan_keras.networks.language_model import token_mask
from gan_keras.networks.tabular import Packed

_BLOCK = 256  # samples encoded at once
_GENERATED = 256  # samples whose mean is a baseline
_DOMAINS = ("a", "b")
_GROUNDS = {"image": {"black": -1.0, "white": 1.0}, "spectrogram": {"silence": -1.0}, "waveform": {"silence": 0.0}}
_GROUNDS["clip"] = _GROUNDS["image"]
_PATCHES = {"image": (8, 8), "spectrogram": (8, 8), "clip": (4, 8, 8), "series": (32,), "waveform": (64,)}  # along each axis


def read(gan, samples, labels=None, baseline=None, seed=0, domain=None):
    """Returns the `Reading` of raw samples; arguments and errors are those of `attribute`."""
    if domain is not None and not gan.reads_pairs:
        raise ValueError(f"domain={domain!r} for a {type(gan).__name__}. Expected None: only image translations have domains.")
    if gan.reads_pairs:
        return _of_translation(gan, samples, labels, baseline, "b" if domain is None else domain)
    if isinstance(gan.codec, TextCodec):
        return TextReading(gan, samples, _labels(gan, labels, len(samples)), baseline)
    if isinstance(gan.codec, TableCodec):
        return TableReading(gan, samples, labels, baseline, seed)
    if isinstance(gan.discriminator, Packed):
        raise ValueError(
            f"{gan.discriminator.name!r} judges {gan.discriminator.num} neighbours of a batch as one. Expected a discriminator "
            "whose score of a sample does not depend on other samples."
        )
    tensors, raw = _tensors(gan, samples)
    kind = ComponentReading if isinstance(gan.codec, ComponentCodec) else Reading
    return kind(gan, gan.discriminator, tensors, raw, _labels(gan, labels, len(tensors)), baseline, seed)


def _labels(gan, labels, num):
    if labels is None and gan.needs_labels_to_score():
        raise ValueError(
            "Got no labels. Expected one per sample, which the discriminator reads: `attribute(gan, samples, labels=...)`."
        )
    return None if labels is None else gan.labels_for(labels, num)


def _tensors(gan, samples):
    """Returns raw samples as the discriminator reads them and as an array, as `gan.score` reads them."""
    raw = inputs.as_array(samples)
    if isinstance(gan.codec, ImageCodec) and (raw.ndim not in (3, 4) or raw.ndim == 4 and raw.shape[3] not in (1, 3)):
        raise ValueError(f"Got images of shape {raw.shape}. Expected (num, height, width, channels), 1 channel or 3.")
    if inputs.needs_a_look(gan, raw) and (scale := inputs.Source(gan).look(raw)) is not None:
        raw = inputs.decoded(raw, scale)
    return _encoded(gan, raw), raw


def _encoded(gan, raw):
    blocks = [gan.encode(raw[start : start + _BLOCK]) for start in range(0, len(raw), _BLOCK)]
    tensors = np.concatenate([np.asarray(block, np.float32) for block in blocks])
    check_samples(gan, tf.constant(tensors))
    return tensors


def _of_translation(gan, samples, labels, baseline, domain):
    """The reading of images of one domain by its discriminator, or of pairs whose other image stays."""
    if domain not in _DOMAINS:
        raise ValueError(f"domain={domain!r}. Expected 'a' or 'b', the domain of the images that are explained.")
    if labels is not None:
        raise ValueError(f"Got labels for a {type(gan).__name__}. Expected none.")
    place = _DOMAINS.index(domain)
    if isinstance(gan.discriminator, Pair):
        return Reading(gan, gan.discriminator.networks[place], *_tensors(gan, samples), None, baseline, 0)
    if not isinstance(samples, tuple | list) or len(samples) != 2 or len(samples[0]) != len(samples[1]):
        raise ValueError(f"Got no pairs for a {type(gan).__name__}. Expected (images of a, images of b), as many of each.")
    (first, _), (second, _) = pairs = [_tensors(gan, part) for part in samples]
    half = Reading(gan, gan.discriminator, pairs[place][0], pairs[place][1], None, baseline, 0)
    return half.beside(second if place == 0 else first, place)


def parts_of(shape, patches):
    """Numbers of the parts that each number of a sample belongs to, int `shape`: `patches` along the first axes.

    Numbers along the last axis, channels, belong together if all other axes have patches and there are several of those.
    """
    sizes = [-(-side // num) for side, num in zip(shape, patches, strict=False)]
    places = np.indices(shape)
    keys = [places[axis] // size for axis, size in enumerate(sizes)]
    keys += [places[axis] for axis in range(len(sizes), len(shape)) if len(sizes) != len(shape) - 1 or len(sizes) == 1]
    return np.unique(np.stack([key.ravel() for key in keys]), axis=1, return_inverse=True)[1].reshape(shape)


class Reading:
    """Samples as a discriminator reads them, a baseline of the same shape, and labels.

    Attributes:
        samples: Tensors `(num, ...)`, an array.
        baselines: Of each sample, in the same shape.
        baseline_text: Description of the baseline.
        labels: Of each sample, int32; None for a discriminator without.
        free: Which parts of each sample differ from the baseline's by choice, bool `(num, *part_shape)`.
        parts: Number of the patch of each part, int `part_shape`.
        shown: The samples for pictures and pages.
        names: Names of columns, or None.
    """

    tokens = None

    def __init__(self, gan, network, samples, raw, labels, baseline, seed):
        self.gan, self.network, self.samples, self.labels = gan, network, samples, labels
        self.kind = kind_of(gan)
        if self.kind == "sound":
            self.kind = "spectrogram" if isinstance(gan.codec, SpectrogramCodec) else "waveform"
        self.free = np.ones(samples.shape, bool)
        self.raw_rank = np.ndim(raw)
        if self.kind == "series" and gan.codec.varying:  # the end stays: cells after it, and the column that marks it
            inside = np.cumprod(samples[..., -1:] > 0, axis=1) > 0
            self.free = np.broadcast_to(inside, samples.shape) & (np.arange(samples.shape[2]) < samples.shape[2] - 1)
        baselines, self.baseline_text = self.baselines_from(baseline, seed)
        self.baselines = np.where(self.free, baselines, samples).astype(np.float32)
        self.parts = parts_of(samples.shape[1:], _PATCHES.get(self.kind, samples.shape[1:]))
        self.names, self.shown = None, samples
        if self.kind in ("image", "clip", "spectrogram"):
            low, high = (-1.0, 1.0) if gan.codec is not None else (samples.min(), max(samples.max(), samples.min() + 1e-6))
            self.shown = np.clip((samples - low) / (high - low), 0.0, 1.0)
        elif self.kind == "series":
            self.names, self.shown = list(gan.codec.columns), np.asarray(raw, np.float32)
        elif self.kind == "vector":
            self.names = [f"column {index + 1}" for index in range(int(np.prod(samples.shape[1:])))]
            rows = np.reshape(gan.decode(samples), (len(samples), -1))
            self.shown = [[f"{value:.4g}" for value in row] for row in rows]

    def baselines_from(self, baseline, seed):
        """Returns the baselines, which broadcast to the samples, and their description."""
        has_levels = self.gan.codec is not None or self.gan.reads_pairs  # translations without a codec are of [-1, 1]
        grounds = _GROUNDS.get(self.kind, {}) if has_levels else {}
        if baseline is None:
            baseline = next(iter(grounds), "mean")
        if isinstance(baseline, str):
            if baseline not in grounds and (baseline != "mean" or self.gan.reads_pairs):
                known = [repr(name) for name in (*grounds, *(["mean"] * (not self.gan.reads_pairs)))]
                raise ValueError(
                    f"baseline={baseline!r} for samples of kind {self.kind!r}. Expected {', '.join(known)} or an array."
                )
            if baseline in grounds:
                return np.float32(grounds[baseline]), baseline
            return self.generated_mean(seed), f"mean of {_GENERATED} generated samples"
        given = np.asarray(baseline)
        given = given if given.ndim == self.raw_rank else given[np.newaxis]
        if given.ndim != self.raw_rank or len(given) not in (1, len(self.samples)):
            raise ValueError(
                f"Got a baseline of shape {np.shape(baseline)} for {len(self.samples)} samples. Expected one raw sample, or one "
                "for each."
            )
        return self.encoded(given), "given"

    def encoded(self, raw):
        """Returns raw samples as tensors whose numbers belong to parts."""
        return _encoded(self.gan, raw)

    def made(self, seeds):
        """Returns generated samples as such tensors."""
        return np.asarray(self.gan(self.gan.latents_from(seeds), self.gan.labels_from(seeds)))

    def generated_mean(self, seed):
        self.gan.follow_generator()
        tensors = self.made(tf.range(seed, seed + _GENERATED, dtype=tf.int64))
        if self.kind != "series" or not self.gan.codec.varying:
            return tensors.mean(axis=0)
        inside = np.cumprod(tensors[..., -1:] > 0, axis=1) > 0  # each step over the series that reach it
        return (tensors * inside).sum(axis=0) / np.maximum(inside.sum(axis=0), 1)

    def beside(self, others, place):
        """Returns this reading with another image, which stays, stacked before or after each image."""

        def stacked(own, other):
            return np.asarray(stack_pairs(*((own, other) if place == 0 else (other, own))))

        width = self.samples.shape[-1]
        self.samples, self.baselines = stacked(self.samples, others), stacked(self.baselines, others)
        self.free = np.concatenate([self.free, ~self.free] if place == 0 else [~self.free, self.free], axis=-1)
        self.parts = parts_of(self.samples.shape[1:], _PATCHES["image"])
        whole = self.finish
        self.finish = lambda maps: whole(maps[..., place * width : (place + 1) * width])
        return self

    def first(self, num):
        """Returns the reading of the first `num` samples."""
        part = copy.copy(self)
        part.samples, part.baselines, part.free = self.samples[:num], self.baselines[:num], self.free[:num]
        part.labels = None if self.labels is None else self.labels[:num]
        return part

    def score(self, network, shares, samples, baselines, labels):
        """Scores samples that are the baseline's by 1 - `shares`, in a graph: `(batch,)`. All have a row per sample."""
        return self.score_of(network, baselines + self.spread(shares) * (samples - baselines), labels)

    def spread(self, shares):
        """Shares of all numbers of a sample, of those of its parts."""
        return shares

    def score_of(self, network, samples, labels):
        with in_float32(network):
            logits = call_network(network, samples, labels)
        return tf.reduce_mean(tf.reshape(logits, [tf.shape(samples)[0], -1]), axis=1)

    def finish(self, maps):
        """Returns attributions of the parts in the shape of raw samples."""
        if self.kind == "image" and self.raw_rank == 3:
            return maps[..., 0]
        if self.kind == "series":  # copies of columns, and columns that never change, are not read
            found = np.zeros((*maps.shape[:2], len(self.gan.codec.columns)), maps.dtype)
            kept = self.gan.codec._kept
            found[..., kept] = maps[..., : len(kept)]
            return found
        return maps


class ComponentReading(Reading):
    """Series whose discriminator reads components, a linear function of scaled windows: a part is a step of a column."""

    def __init__(self, gan, network, tensors, raw, labels, baseline, seed):
        self.gan = gan
        super().__init__(gan, network, self.encoded(raw), raw, labels, baseline, seed)

    def encoded(self, raw):
        windows = self.gan.codec.scaled_windows
        return np.concatenate([windows(raw[start : start + _BLOCK]).numpy() for start in range(0, len(raw), _BLOCK)])

    def made(self, seeds):
        return self.encoded(self.gan.decode(tf.constant(super().made(seeds))).numpy())

    def score_of(self, network, samples, labels):
        return super().score_of(network, self.gan.codec.components_of(samples), labels)


class TableReading(Reading):
    """Rows of a table: a part is a column. Each row is judged in a pack with the same generated rows, as by `TableGAN.score`."""

    def __init__(self, gan, samples, labels, baseline, seed):
        codec = gan.codec
        if labels is not None:
            raise ValueError("Got labels for rows of a table. Expected None: a row's condition is its own value.")
        cells = _cells(gan, samples)
        self.others = tf.range(getattr(gan.discriminator, "num", 1) - 1, dtype=tf.int64)
        self.other_conditions = gan.labels_from(self.others)
        self.others = gan(gan.latents_from(self.others), self.other_conditions)
        conditions = codec.last_condition(tf.constant(cells))
        tensors = np.asarray(codec.encode(tf.constant(cells)))
        super().__init__(
            gan, gan.discriminator, tensors, cells, None if conditions is None else conditions.numpy(), baseline, seed
        )
        self.kind, self.names = "table", [column.name for column in codec.learned]
        places = [*codec.number_places, *codec.number_places, *codec.category_places]
        learned = [index for index, column in enumerate(codec.columns) if column.kind != "id"]
        sizes = [*[1] * codec.num_numbers, *codec.sizes]
        self.columns = np.repeat([learned.index(place) for place in places], sizes)
        self.free = np.ones((len(cells), len(learned)), bool)
        self.parts = np.arange(len(learned))
        texts = [np.asarray(values) for values in codec.to_columns(tf.constant(cells)).values()]
        rows = zip(*(texts[index] for index in learned), strict=True)
        self.shown = [[each.decode() if isinstance(each, bytes) else f"{each:g}" for each in row] for row in rows]

    def baselines_from(self, baseline, seed):
        if baseline is None or isinstance(baseline, str):
            return super().baselines_from(baseline, seed)
        cells = _cells(self.gan, baseline)
        if len(cells) not in (1, len(self.samples)):
            raise ValueError(
                f"Got a baseline of {len(cells)} rows for {len(self.samples)} rows. Expected one row, or one for each."
            )
        return np.asarray(self.gan.codec.encode(tf.constant(cells))), "given"

    def spread(self, shares):
        return tf.gather(shares, self.columns, axis=1)

    def score_of(self, network, samples, labels):
        packs = pack(samples, self.others)
        conditions = None if labels is None else pack(labels, self.other_conditions)
        with in_float32(network):
            logits = call_network(network, packs, conditions)
        return tf.reshape(logits, [tf.shape(samples)[0], -1])[:, 0]

    def finish(self, maps):
        return maps


def _cells(gan, samples):
    """Returns rows, as `TableGAN.score` takes them, as cells; raises `ValueError` for other columns."""
    columns = gan.codec.columns
    if hasattr(samples, "iloc"):
        return read_like(samples, columns).cells
    if isinstance(samples, dict):
        absent = [column.name for column in gan.codec.learned if column.name not in samples]
        if absent:
            raise ValueError(f"Got rows without the column {absent[0]!r}. Expected all columns that were trained on.")
        return gan.codec.from_columns(samples).numpy()
    cells = np.asarray(samples)
    if cells.ndim != 2 or cells.shape[1] != len(columns) or cells.dtype.kind not in "iuf" or not len(cells):
        raise ValueError(
            f"Got rows of type {type(samples).__name__}, shape {cells.shape}. Expected columns by name as `generate` returns "
            f"them, a data frame, or cells (num, {len(columns)})."
        )
    return cells.astype(np.float64)


class TextReading(Reading):
    """Lines of text: a part is a token, between the embedding of the unknown word and its own. The end and padding stay."""

    kind, baseline_text, names = "text", "the unknown word in the place of each token", None

    def __init__(self, gan, lines, labels, baseline):
        if baseline is not None:
            raise ValueError(f"baseline={baseline!r} for text. Expected None: the unknown word in the place of each token.")
        if isinstance(lines, str | bytes) or not all(isinstance(line, str) for line in lines):
            raise ValueError(f"Got {type(lines).__name__} as text. Expected a list of lines, each a str.")
        self.gan, self.network, self.labels, codec = gan, gan.discriminator, labels, gan.codec
        ids = gan.tokens_of(lines)
        longest = int((ids != PADDING).sum(axis=1).max())
        self.samples = ids[:, :longest] if is_ready_made(self.network) else ids  # which may not mask padding
        self.baselines = np.zeros_like(self.samples)
        self.free = (self.samples != PADDING) & (self.samples != END)
        self.parts = np.arange(self.samples.shape[1])
        self.size = codec.vocabulary_size
        if not self.embeddings_of(self.network):
            raise ValueError(
                f"The discriminator {self.network.name!r} has no `keras.layers.Embedding` of {self.size} tokens, between whose "
                "vectors a path could lead. Expected a network of `gan_keras.networks`, or one with such a layer."
            )
        pieces = [codec.tokens(line)[:num] for line, num in zip(lines, self.free.sum(axis=1), strict=True)]
        self.tokens = [[token.strip(JOINER + SUFFIX) for token in line] for line in pieces]
        is_spaced = not isinstance(codec, CharacterCodec)
        self.shown = [_spaced(line) if is_spaced else line for line in pieces]

    def embeddings_of(self, network):
        """The layers of a network that embed tokens."""
        found = [layer for layer in network._flatten_layers() if isinstance(layer, layers.Embedding)]
        return [layer for layer in found if layer.input_dim == self.size]

    def score(self, network, shares, samples, baselines, labels):
        """Scores lines whose tokens are unknown words by 1 - `shares`.

        Each token of the batch gets a number of its own, after those of the vocabulary. So an embedding tells the share of a
        token wherever the network has moved it.
        """
        is_token = (samples != PADDING) & (samples != END)
        own = self.size + tf.reshape(tf.range(tf.size(samples)), tf.shape(samples))
        numbered = tf.where(is_token, own, samples)
        token_of = tf.concat([tf.range(self.size), tf.reshape(samples, [-1])], axis=0)
        share_of = tf.concat([tf.ones([self.size]), tf.reshape(shares, [-1])], axis=0)

        def shares_of(ids):
            return tf.gather_nd(share_of, ids[..., tf.newaxis])  # unlike that of `gather`, its gradient is dense

        def mixing(lookup):
            def embed(ids):
                unknown, known = lookup(tf.constant([UNKNOWN])), lookup(tf.gather(token_of, ids))
                return unknown + shares_of(ids)[..., tf.newaxis] * (known - unknown)

            return embed

        with contextlib.ExitStack() as stack:
            stack.enter_context(in_float32(network))
            for layer in self.embeddings_of(network):
                stack.enter_context(_called(layer, mixing(layer.call)))
            if not isinstance(network, BackwardLanguageModel) or network.head is not None:
                return self.score_of(network, numbered, labels)
            read, following = backwards(numbered)
            likelihoods = tf.nn.log_softmax(network.token_logits(network.projected(read, labels)))
            known, unknown = tf.gather(likelihoods, tf.gather(token_of, following), batch_dims=2), likelihoods[..., UNKNOWN]
            found = unknown + shares_of(following) * (known - unknown)
            return tf.reduce_sum(found * token_mask(read), axis=1) / tf.reduce_sum(token_mask(read), axis=1)

    def finish(self, maps):
        return maps


@contextlib.contextmanager
def _called(layer, function):
    """Context in which a layer computes a function in the place of its `call`."""
    layer.call = function
    try:
        yield
    finally:
        del layer.call


def _spaced(tokens):
    """Tokens with the space before them, if there is one, and without the marks of those that are joined."""
    found, is_joined = [], True
    for token in tokens:
        is_joined = is_joined or token.startswith((JOINER, SUFFIX))
        found.append(token.strip(JOINER + SUFFIX) if is_joined else f" {token.strip(JOINER + SUFFIX)}")
        is_joined = token.endswith(JOINER)
    return found
