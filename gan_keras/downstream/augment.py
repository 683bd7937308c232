"""`augment`: a labelled training set, enlarged by samples that a GAN makes for its labels.

What changes samples while a GAN trains is another thing: `gan_keras.augmentation`.

Reference: [Antoniou et al., 2017](https://arxiv.org/abs/1711.04340).
"""

import functools
import math

import numpy as np
import tensorflow as tf

from gan_keras.downstream.labels import LABELLINGS, label_form
from gan_keras.downstream.samples import source_of

SEEDS_APART = 2**32
"""Generated samples of one seed at most: sample `j` is made of the noise of `seed * SEEDS_APART + j`."""

_MOST_SEED = 2**29
_ROUNDING = 1e-9  # 0.29 * 100 is a little less than 29


def augment(dataset, gan, ratio=1.0, seed=0, balanced=False, batch_size=32):
    """A data set in which `ratio` generated samples come for each real one.

    The real samples are all there, each once. Generated ones are mixed among the real ones of the same batch, and batches are as
    large as before, so there are more of them. Nothing is kept in memory: samples are made as they are read, for `fit` or
    any other reader. Every pass gives the same samples; for new ones in each epoch, repeat the data first:
    `augment(dataset.repeat(), gan)` with `fit(..., steps_per_epoch=...)`. For the same without the work, use `cache`.

    Enlarge the training data alone, with a GAN that was trained on them alone: a test set that a generator has
    seen, or that holds generated samples, measures nothing.

    Args:
        dataset: A `tf.data.Dataset` of batches `(samples, labels)`, or a pair of such arrays. Samples are what the GAN
            generates, in any form that it trains on: images as levels 0 to 255, in [0, 1] or in [-1, 1] (told by the first
            batch, of which floats above 1 are levels and floats below 0 mean [-1, 1]), rows of a table as a dictionary of
            columns, series in the data's units. Labels are whole numbers from 0, `(batch,)` or `(batch, 1)`, or one-hot rows;
            of tables the values of the column that is the label, as text, or as numbers where all of them are numbers.
        gan: A trained `GAN` with labels.
        ratio: Generated samples for each real one, >= 0, not necessarily whole.
        seed: The same seed gives the same samples in the same order, int from 0 to 2^29.
        balanced: False gives generated samples the labels of the real ones beside them, so that the proportions stay those of the
            data. True gives each the label that is the rarest so far, real and generated counted together: rare classes are
            filled up as far as `ratio` allows.
        batch_size: Of a pair of arrays, whose rows are shuffled; a `tf.data.Dataset` keeps its own.

    Returns:
        A `tf.data.Dataset` of the same `element_spec`. Where that has a fixed batch size, a last batch that is not full is left
            out.

    Raises:
        ValueError: If the GAN has no labels, its samples or labels are not like the data's, or an argument is out of its range.
            A label that the GAN does not know, in a later batch, raises `tf.errors.InvalidArgumentError` as it is read.
    """
    check_choices(ratio, seed)
    dataset, num_rows = _in_batches(dataset, batch_size, seed)
    spec = _checked_spec(dataset)
    samples, labels = _first_batch(dataset)
    source = source_of(gan, samples)
    form = label_form(labels, source.num_labels, source.names)
    form.to_numbers(labels)  # labels that do not fit are told before training
    signature = tf.nest.map_structure(lambda each: tf.TensorSpec([None, *each.shape[1:]], each.dtype), spec)
    labelling = functools.partial(LABELLINGS[balanced], source.num_labels)
    enlarged = tf.data.Dataset.from_generator(
        lambda: _enlarged(dataset, _Generated(source, form, seed), ratio, labelling()), output_signature=signature
    )
    size = tf.nest.flatten(spec)[0].shape[0]
    size = (len(labels), False) if size is None else (size, True)
    return _rebatched(enlarged, dataset, size, num_rows, ratio).prefetch(2)


def check_choices(ratio, seed):
    if not 0 <= ratio < math.inf:
        raise ValueError(f"ratio={ratio!r}. Expected a number of generated samples for each real one, 0 or more, such as 1.0.")
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or not 0 <= seed <= _MOST_SEED:
        raise ValueError(f"seed={seed!r}. Expected a whole number from 0 to 2^29.")


def _in_batches(data, batch_size, seed):
    """A data set of batches and its number of rows where it is known: arrays come in an order that follows from the seed."""
    if isinstance(data, tf.data.Dataset):
        return data, None
    if not isinstance(data, tuple | list) or len(data) != 2:
        raise ValueError(
            f"Got a {type(data).__name__}. Expected a tf.data.Dataset of batches (samples, labels), or a pair of such arrays."
        )
    samples, labels = data[0], np.asarray(data[1])
    samples = {name: np.asarray(column) for name, column in samples.items()} if isinstance(samples, dict) else np.asarray(samples)
    rows = {len(column) for column in (*tf.nest.flatten(samples), labels)}
    if len(rows) > 1 or min(rows) < 1 or batch_size < 1:
        raise ValueError(
            f"Got {sorted(rows)} samples and labels, and batch_size={batch_size}. Expected as many of both, at least 1."
        )
    order = np.random.default_rng(seed).permutation(len(labels))
    shuffled = tf.nest.map_structure(lambda column: column[order], (samples, labels))
    return tf.data.Dataset.from_tensor_slices(shuffled).batch(batch_size), len(labels)


def _checked_spec(dataset):
    """The element spec; raises `ValueError` unless it is of batches of samples and labels."""
    spec = dataset.element_spec
    is_pair = isinstance(spec, tuple) and len(spec) == 2
    if not is_pair or not all(isinstance(each, tf.TensorSpec) and each.shape.rank for each in tf.nest.flatten(spec)):
        raise ValueError(
            f"Got a data set of {spec}. Expected batches (samples, labels) of dense tensors: leave weights out, and call `batch`."
        )
    return spec


def _first_batch(dataset):
    for batch in dataset.take(1).as_numpy_iterator():
        return batch
    raise ValueError("The data set has no batch. Expected at least one.")


def _rebatched(enlarged, dataset, size, num_rows, ratio):
    """Batches of one size; they know their number where the number of rows of the data is known."""
    batch_size, is_exact = size
    rebatched, cardinality = enlarged.rebatch(batch_size, drop_remainder=is_exact), int(dataset.cardinality())
    if is_exact and cardinality > 0:
        num_rows = cardinality * batch_size
    if num_rows is not None:
        total = num_rows + _due(ratio, num_rows)
        cardinality = total // batch_size if is_exact else -(-total // batch_size)
    if num_rows is None and cardinality != tf.data.INFINITE_CARDINALITY:
        return rebatched
    return rebatched.apply(tf.data.experimental.assert_cardinality(cardinality))


def _due(ratio, num_rows):
    """How many generated samples belong to so many real ones."""
    return math.floor(ratio * num_rows + _ROUNDING)


class _Generated:
    """The generated samples of a data set and their labels, made one after the other."""

    def __init__(self, source, form, seed):
        self.source, self.form, self.seed, self.num = source, form, seed, 0

    def next(self, numbers):
        """Samples and labels, of the data's form, for label numbers."""
        samples = self.source.make(numbers, self.seed * SEEDS_APART + self.num)
        self.num += len(numbers)
        return samples, self.form.from_numbers(numbers)


def _enlarged(dataset, generated, ratio, labelling):
    """Yields each batch with its generated samples, in a random order."""
    seen = 0
    for index, (samples, labels) in enumerate(dataset.as_numpy_iterator()):
        random, seen = np.random.default_rng([generated.seed, index]), seen + len(labels)
        num = _due(ratio, seen) - generated.num
        numbers = labelling.choose(generated.form.to_numbers(labels), num, random)
        parts = [(samples, labels), *([generated.next(numbers)] if num else [])]
        yield _mixed(parts, random.permutation(len(labels) + num))


def _mixed(parts, order):
    return tf.nest.map_structure(lambda *columns: np.concatenate(columns)[order], *parts)
