"""`augment`: a labelled training set, enlarged by samples that a GAN generates for its labels.

Reference: [Antoniou et al., 2017](https://arxiv.org/abs/1711.04340).
"""

import math

import numpy as np
import tensorflow as tf

from gan_keras.downstream.forms import label_form, source_of

SEEDS_APART = 2**32
"""Maximum number of generated samples per seed: sample `j` uses the noise of seed `seed * SEEDS_APART + j`."""

_MAX_SEED = 2**29
_ROUNDING = 1e-9  # 0.29 * 100 is slightly less than 29


def augment(dataset, gan, ratio=1.0, seed=0, balanced=False, batch_size=32):
    """Returns a data set with `ratio` generated samples per real one.

    It contains each real sample once, mixed with generated samples, in more batches of the same size. Samples are generated as
    they are read, so nothing stays in memory. Every pass gives the same samples: use `cache` to generate them only once, or
    repeat the data first for new samples in each epoch: `augment(dataset.repeat(), gan)` with `fit(..., steps_per_epoch=...)`.

    Enlarge only the training data, with a GAN trained on nothing else: a test set that a generator has seen, or that contains
    generated samples, measures nothing.

    Args:
        dataset: A `tf.data.Dataset` of batches `(samples, labels)`, or a pair of such arrays. Samples are what the GAN generates,
            in any form that it trains on: images as levels 0 to 255, in [0, 1] or in [-1, 1] (the first batch decides: floats
            above 1 are levels, floats below 0 mean [-1, 1]), table rows as a dictionary of columns, series in the data's units.
            Labels are integers from 0, `(batch,)` or `(batch, 1)`, or one-hot rows; for tables, values of the label column, as
            text, or as numbers if all of them are numbers.
        gan: A trained `GAN` with labels.
        ratio: Number of generated samples per real one, >= 0; fractions are allowed.
        seed: The same seed gives the same samples in the same order, int from 0 to 2^29.
        balanced: False gives generated samples the labels of the real ones in their batch, which keeps the class proportions.
            True gives each the rarest label so far, of real and generated samples together: rare classes are filled up as far
            as `ratio` allows.
        batch_size: Batch size for a pair of arrays, whose rows are shuffled; a `tf.data.Dataset` keeps its own.

    Returns:
        A `tf.data.Dataset` with the same `element_spec`. If that has a fixed batch size, an incomplete last batch is dropped.

    Raises:
        ValueError: If the GAN has no labels, its samples or labels do not match the data, or an argument is out of its range. An
            unknown label in a later batch raises `tf.errors.InvalidArgumentError` when it is read.
    """
    if not 0 <= ratio < math.inf:
        raise ValueError(f"ratio={ratio!r}. Expected a number of generated samples for each real one, 0 or more, such as 1.0.")
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or not 0 <= seed <= _MAX_SEED:
        raise ValueError(f"seed={seed!r}. Expected a whole number from 0 to 2^29.")
    dataset, num_rows = _as_batches(dataset, batch_size, seed)
    spec = _checked_spec(dataset)
    first = next(dataset.take(1).as_numpy_iterator(), None)
    if first is None:
        raise ValueError("The data set has no batch. Expected at least one.")
    samples, labels = first
    source = source_of(gan, samples)
    form = label_form(labels, source.num_labels, source.names)
    form.to_numbers(labels)  # reports unknown labels before training
    enlarged = tf.data.Dataset.from_generator(
        lambda: _enlarged(dataset, source, form, ratio, seed, labelling(balanced, source.num_labels)),
        output_signature=tf.nest.map_structure(lambda each: tf.TensorSpec([None, *each.shape[1:]], each.dtype), spec),
    )
    size = tf.nest.flatten(spec)[0].shape[0]
    size = (len(labels), False) if size is None else (size, True)
    return _rebatched(enlarged, dataset, size, num_rows, ratio).prefetch(2)


def _as_batches(data, batch_size, seed):
    """A data set of batches, and its number of rows if known. Arrays are shuffled by the seed."""
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
            f"Got {sorted(rows)} samples and labels, and batch_size={batch_size}. Expected equal numbers of both, at least 1."
        )
    order = np.random.default_rng(seed).permutation(len(labels))
    shuffled = tf.nest.map_structure(lambda column: column[order], (samples, labels))
    return tf.data.Dataset.from_tensor_slices(shuffled).batch(batch_size), len(labels)


def _checked_spec(dataset):
    """The element spec; raises `ValueError` unless it describes batches of samples and labels."""
    spec = dataset.element_spec
    is_pair = isinstance(spec, tuple) and len(spec) == 2
    if not is_pair or not all(isinstance(each, tf.TensorSpec) and each.shape.rank for each in tf.nest.flatten(spec)):
        raise ValueError(
            f"Got a data set of {spec}. Expected batches (samples, labels) of dense tensors: leave weights out, and call `batch`."
        )
    return spec


def _enlarged(dataset, source, form, ratio, seed, labels_for):
    """Yields each batch with its generated samples, in random order."""
    num_real = num_generated = 0
    for index, (samples, labels) in enumerate(dataset.as_numpy_iterator()):
        random, num_real = np.random.default_rng([seed, index]), num_real + len(labels)
        num = _num_generated(ratio, num_real) - num_generated
        numbers = labels_for.choose(form.to_numbers(labels), num, random)
        parts = [(samples, labels)]
        if num:
            parts.append((source.make(numbers, seed * SEEDS_APART + num_generated), form.from_numbers(numbers)))
        num_generated += num
        yield _mixed(parts, random.permutation(len(labels) + num))


def _mixed(parts, order):
    return tf.nest.map_structure(lambda *columns: np.concatenate(columns)[order], *parts)


def _num_generated(ratio, num_real):
    return math.floor(ratio * num_real + _ROUNDING)


def _rebatched(enlarged, dataset, size, num_rows, ratio):
    """Batches of one size, with a known number of batches if the number of rows is known."""
    batch_size, is_exact = size
    rebatched, cardinality = enlarged.rebatch(batch_size, drop_remainder=is_exact), int(dataset.cardinality())
    if is_exact and cardinality > 0:
        num_rows = cardinality * batch_size
    if num_rows is not None:
        total = num_rows + _num_generated(ratio, num_rows)
        cardinality = total // batch_size if is_exact else -(-total // batch_size)
    if num_rows is None and cardinality != tf.data.INFINITE_CARDINALITY:
        return rebatched
    return rebatched.apply(tf.data.experimental.assert_cardinality(cardinality))


def labelling(balanced, num_labels):
    """Returns the object that chooses the labels of generated samples, see `augment`."""
    return Balanced(num_labels) if balanced else Proportional()


class Proportional:
    """Gives generated samples the labels of the real ones, equally often; a remainder is drawn at random."""

    def choose(self, real, num, random):
        """Chooses the labels of `num` generated samples, int32 `(num,)`.

        Args:
            real: Labels of the real samples in the same batch, int `(num_real,)`.
            num: Number of labels, >= 0.
            random: A `numpy.random.Generator`.
        """
        times, rest = divmod(num, len(real))
        drawn = real[random.permutation(len(real))[:rest]]
        return np.concatenate([np.tile(real, times), drawn]).astype(np.int32)


class Balanced:
    """Gives each generated sample the rarest label so far, counting real and generated samples."""

    def __init__(self, num_labels):
        self.counts = np.zeros(num_labels, np.int64)

    def choose(self, real, num, random):
        """Like `Proportional.choose`."""
        self.counts += np.bincount(real, minlength=len(self.counts))
        chosen = np.empty(num, np.int32)
        for index in range(num):
            chosen[index] = self.counts.argmin()
            self.counts[chosen[index]] += 1
        return chosen
