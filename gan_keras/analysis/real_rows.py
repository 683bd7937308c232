"""Real rows of an audit: read from data of any modality, checked for copies, and divided into members, others and references."""

import dataclasses
import math

import numpy as np
import tensorflow as tf

from gan_keras.analysis.attributes import kind_of
from gan_keras.analysis.inversion import tensors_of
from gan_keras.data.audio.sounds import Sounds
from gan_keras.data.image.images import Images, image_batches
from gan_keras.data.sample_set import part_of, without_labels
from gan_keras.data.series.series import Series
from gan_keras.data.table.load import read_like
from gan_keras.data.table.table import Table
from gan_keras.data.text.corpus import Corpus
from gan_keras.data.translation.domains import DOMAINS, Domains
from gan_keras.data.video.videos import Videos

MIN_ROWS = 100
"""Members, and other rows, below which an audit is refused: intervals would be wider than any leak."""

MIN_REFERENCES = 50
"""References below which there are none: attacks that need some are left out."""

NOUNS = {
    "image": "images",
    "clip": "clips",
    "sound": "sounds",
    "table": "rows",
    "series": "windows",
    "text": "lines",
    "vector": "samples",
}
"""Plural noun of a kind's rows."""

_MAX_NUMBERS, _MAX_ROWS, _BLOCK = 2**25, 20_000, 256  # in memory, of the training or the held-out rows


@dataclasses.dataclass(frozen=True, eq=False)
class Rows:
    """Rows as networks read them.

    Attributes:
        samples: Text: a list of str. Tables: float64 cells `(num, columns)`. All others: the codec's tensors, float32.
        labels: Their label numbers, int32 `(num,)`, or None.
    """

    samples: object
    labels: np.ndarray | None = None

    def __len__(self):
        return len(self.samples)

    def take(self, rows):
        """Returns the rows with these numbers."""
        is_list = isinstance(self.samples, list)
        samples = [self.samples[row] for row in rows] if is_list else self.samples[rows]
        return Rows(samples, None if self.labels is None else self.labels[rows])


def read_rows(gan, data, seed=0, like=None):
    """Returns the `Rows` of data, at random if there are more than fit into memory.

    Args:
        gan: A `gan_keras.GAN` that makes samples from latents.
        data: Data of `gan_keras.data`, raw samples as `gan.score` takes them, or a pair of these and their labels.
        seed: Seed of the choice.
        like: The training data, whose labels number those of a `Corpus`.
    """
    kind, labels = kind_of(gan), getattr(data, "labels", None)
    if isinstance(data, Corpus):
        names = sorted(set((data if like is None else like).labels or ()))
        labels = None if labels is None else [names.index(label) for label in labels]
        data = list(data.lines)
    elif isinstance(data, tuple) and len(data) == 2 and not isinstance(data[0], str):
        data, labels = data
    if kind == "text":
        if isinstance(data, str) or not all(isinstance(line, str) for line in data):
            raise ValueError(f"Got {type(data).__name__} as text. Expected lines: a `Corpus` or a list of str.")
        chosen = _some(len(data), _MAX_ROWS, seed)
        samples = [data[row] for row in chosen]
    elif kind == "table":
        cells = _cells(gan, data)
        chosen = _some(len(cells), _MAX_ROWS, seed)
        return Rows(np.asarray(cells[chosen], np.float64))
    else:
        chosen = _some(len(data), min(_MAX_ROWS, _MAX_NUMBERS // max(1, math.prod(gan.sample_shape))), seed)
        samples = tensors_of(gan, _raw(data, chosen))
    return Rows(samples, None if labels is None else np.asarray(labels, np.int32)[chosen])


def _some(num, limit, seed):
    """Numbers of all rows, or of `limit` at random, in ascending order."""
    return np.sort(np.random.default_rng([seed, 2]).permutation(num)[:limit])


def _cells(gan, data):
    if isinstance(data, Table):
        return data.like(gan.codec.columns).cells
    if hasattr(data, "iloc"):
        return read_like(data, gan.codec.columns).cells
    if isinstance(data, dict):
        return gan.codec.from_columns(data).numpy()
    cells = np.asarray(data, np.float64)
    if cells.ndim != 2 or cells.shape[1] != len(gan.codec.columns):
        raise ValueError(
            f"Got rows of shape {cells.shape}. Expected a table with the columns "
            f"{', '.join(column.name for column in gan.codec.columns)}, or cells (num, {len(gan.codec.columns)})."
        )
    return cells


def _raw(data, rows):
    """Returns some samples as `gan.score` takes them."""
    if isinstance(data, Images):
        part = part_of(without_labels(data), rows, {})
        return np.concatenate([block.numpy() for block in image_batches(part, _BLOCK, shuffle=False)])
    if isinstance(data, Sounds):
        return data.samples[rows]
    if isinstance(data, Videos):
        return data.videos[rows]
    if isinstance(data, Series):
        return data.samples(rows)
    return np.asarray(data)[rows]


def read_domains(gan, data):
    """Returns the tensors of both domains of a translation, a dictionary of `Rows` by name; pairs stay together."""
    if isinstance(data, Domains):
        found = {name: _raw(getattr(data, name), np.arange(len(getattr(data, name)))) for name in DOMAINS}
    else:
        data = data[0] if isinstance(data[0], tuple) else data
        found = dict(zip(DOMAINS, data, strict=True))
    return {name: Rows(gan.in_blocks(gan.encode, images).astype(np.float32)) for name, images in found.items()}


# --- Copies. ---


def keys_of(gan, samples):
    """Returns bytes per sample, equal for samples that are equal as they are written: letters, levels of pixels, cells.

    White space and upper case of text do not count, nor do a table's identifiers. Other numbers count to 12 bits of their range.
    """
    kind = kind_of(gan)
    if kind == "text":
        return ["".join(line.split()).casefold().encode() for line in samples]
    if kind == "table":
        learned = [index for index, column in enumerate(gan.codec.columns) if column.kind != "id"]
        cells = np.where(np.isnan(samples), np.inf, samples)[:, learned] + 0.0  # one representation of NaN and of zero
        return [row.tobytes() for row in np.ascontiguousarray(cells)]
    scale = 127.5 if kind in ("image", "clip") and gan.codec is not None else 2.0**11
    return [np.round((sample.astype(np.float64) + 1.0) * scale).astype(np.int64).tobytes() for sample in samples]


def check_apart(training_keys, held_out_keys, noun):
    """Raises `ValueError` if more held-out rows equal a training row than chance explains.

    Rows of a few coarse columns are equal by chance. Then as large a share of the training rows equals another training row.
    """
    counts = {}
    for key in training_keys:
        counts[key] = counts.get(key, 0) + 1
    found = sum(key in counts for key in held_out_keys)
    expected = len(held_out_keys) * sum(counts[key] > 1 for key in training_keys) / len(training_keys)
    if found > expected + 3.0 * math.sqrt(expected):
        raise ValueError(
            f"The control holds members: {found:,} of {len(held_out_keys):,} held-out {noun} equal {noun} that were trained "
            f"on; by chance there would be {expected:,.0f}. Expected {noun} that took no part in training: leave them out."
        )


# --- Parts. ---


@dataclasses.dataclass(frozen=True, eq=False)
class Parts:
    """Rows of an attack: `members` were trained on, `others` were not, and an attacker knows `reference`, none of both."""

    members: Rows
    others: Rows
    reference: Rows | None


def divide(training, held_out, num, seed, noun):
    """Draws as many members as others, and references from the rest of the held-out rows.

    Raises:
        ValueError: If there are too few rows, or `num` is too small.
    """
    check_enough(len(training), len(held_out), noun)
    if num is not None and num < MIN_ROWS:
        raise ValueError(f"num={num}. Expected at least {MIN_ROWS} {noun}: fewer tell nothing.")
    num_references = min(len(held_out) // 2, len(held_out) - MIN_ROWS)
    num_references = num_references if num_references >= MIN_REFERENCES else 0
    size = min(len(training), len(held_out) - num_references, num or len(training))
    random = np.random.default_rng(seed)
    order = random.permutation(len(held_out))
    num_references = num_references and min(len(held_out) - size, size)
    members, others, references = random.permutation(len(training))[:size], order[:size], order[size : size + num_references]
    return Parts(
        training.take(np.sort(members)),
        held_out.take(np.sort(others)),
        held_out.take(np.sort(references)) if num_references else None,
    )


def check_enough(num_training, num_held_out, noun):
    """Raises `ValueError` unless both parts have `MIN_ROWS` rows."""
    for name, num in (("training", num_training), ("held-out", num_held_out)):
        if num < MIN_ROWS:
            raise ValueError(
                f"Got {num} {name} {noun}. Expected at least {MIN_ROWS}: with fewer, any attack could be chance. Hold out more, "
                f"or give other {noun} of the same source."
            )


def generated_rows(gan, num, seed):
    """Generates `Rows` without noise of decoding: lines, cells, or tensors."""
    kind = kind_of(gan)
    if kind == "text":
        return Rows(gan.generate(num, seed))
    if kind == "table":
        return Rows(gan.generate_cells(num, seed))
    seeds = np.arange(num, dtype=np.int64) + seed
    labels = gan.labels_from(seeds)
    gan.follow_generator()
    samples = in_graph(gan, gan.latents_from(seeds), labels)
    return Rows(samples, None if labels is None else np.asarray(labels))


def in_graph(function, *columns):
    """Calls a function on rows in blocks, compiled once for any number of rows; a column may be None. Returns an array."""
    columns = [None if each is None else np.asarray(each) for each in columns]
    columns = columns if columns[-1] is not None else columns[:-1]
    signature = [tf.TensorSpec([None, *each.shape[1:]], each.dtype) for each in columns]
    graph = tf.function(function, input_signature=signature, autograph=False)
    starts = range(0, len(columns[0]), _BLOCK)
    return np.concatenate([graph(*(tf.constant(each[start : start + _BLOCK]) for each in columns)).numpy() for start in starts])
