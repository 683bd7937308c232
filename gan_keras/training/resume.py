"""Training that goes on in the midst of an epoch, with the batches that were still to come.

Keras' `fit` begins epochs only. Here the epoch that was broken off begins again, but the batches that are behind are read
and not trained on, and callbacks hear nothing of them.
"""

import zlib
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from gan_keras.data.arrays import array_batches


class Position(NamedTuple):
    """How many epochs, and batches of the next one, are behind."""

    epoch: int = 0
    batch: int = 0


class Resuming(keras.callbacks.Callback):
    """Base of a callback that knows where a training goes on. `fit` takes one, and calls it after all others.

    Attributes:
        earlier: Rows of the epochs that are behind: dictionaries of `epoch`, from 0, and `logs`.
        has_ended: Whether the training was ended on purpose, so that no epoch is left.
    """

    earlier, has_ended = (), False

    def begin(self, gan, callbacks, data, within_epochs):
        """Called by `fit` before all else: gives the GAN its state and returns its `Position`.

        Args:
            gan: A compiled `GAN`.
            callbacks: The other callbacks.
            data: What is known of the data, a dictionary that JSON holds.
            within_epochs: Whether a training on these data can go on in the midst of an epoch.
        """
        raise NotImplementedError


def fit(gan, keras_fit, options):
    """`keras_fit(**options)`, which is Keras' own, from where a `Resuming` callback says.

    Raises:
        ValueError: If the options leave no place to go on at.
    """
    others, resuming = parted(options.get("callbacks"))
    if resuming is None:
        return keras_fit(**in_seeded_order(gan, options, options.get("initial_epoch", 0)))
    check_options(options)
    position = resuming.begin(gan, others, description(options), is_ordered(options))
    if resuming.has_ended:
        position = Position(max(position.epoch, options.get("epochs", 1)))
    options = placed(gan, {**options, "callbacks": [*others, resuming], "initial_epoch": position.epoch}, position)
    if position.batch:
        options["callbacks"] = GoingOn(position.batch, gan, options)
    try:
        return with_earlier_epochs(keras_fit(**options), resuming.earlier)
    finally:
        if isinstance(gan.train_function, Skipping):
            gan.train_function = gan.train_function.train


def parted(callbacks):
    """Callbacks without the `Resuming` one, and that one or None."""
    callbacks = callbacks if isinstance(callbacks, list | tuple) else [callbacks] if callbacks else []
    found = [each for each in callbacks if isinstance(each, Resuming)]
    if len(found) > 1:
        raise ValueError(f"Got {len(found)} callbacks that write checkpoints. Expected one.")
    return [each for each in callbacks if each not in found], found[0] if found else None


def check_options(options):
    if options.get("initial_epoch"):
        raise ValueError(
            f"Got initial_epoch={options['initial_epoch']} and a checkpoint callback. Expected one: the checkpoint tells it."
        )
    steps, data = options.get("steps_per_epoch"), options.get("x")
    if steps and isinstance(data, tf.data.Dataset) and int(data.cardinality()) != tf.data.INFINITE_CARDINALITY:
        raise ValueError(
            f"Got steps_per_epoch={steps} with a data set that may end. Expected one of them to go on from a checkpoint: "
            f"`.take({steps})` batches an epoch, or `.repeat()` the data set."
        )


# --- The order of the data. ---


def is_array(data):
    return isinstance(data, np.ndarray) or tf.is_tensor(data)


def kind_of(array):
    """The kind of number, as NumPy's `dtype.kind` has it, of an array or a tensor."""
    return np.dtype(getattr(array.dtype, "as_numpy_dtype", array.dtype)).kind


def is_ordered(options):
    """Whether the batches of an epoch come again as they came: of generators nobody knows."""
    if isinstance(options.get("x"), tf.data.Dataset):
        return True
    in_order = is_array(options.get("x")) and not options.get("shuffle", True) and not options.get("steps_per_epoch")
    return in_order or can_be_ordered(options)


def can_be_ordered(options):
    """Whether the data are arrays of numbers to be shuffled that nothing else in `fit` asks for."""
    besides = ("steps_per_epoch", "validation_split", "sample_weight", "class_weight")
    numbers = is_array(options.get("x")) and kind_of(options["x"]) in "biuf"
    plain = not any(options.get(name) is not None and np.any(options[name]) for name in besides)
    return numbers and options.get("shuffle", True) is True and plain and len(options["x"]) > 0


def in_seeded_order(gan, options, first_epoch):
    """Options with arrays in batches whose order follows from the GAN's seed and the epoch."""
    if not can_be_ordered(options):
        return options
    columns = [np.asarray(each) for each in (options["x"], options.get("y")) if each is not None]
    batches = array_batches(columns, options.get("batch_size") or 32, gan.seed, first_epoch)
    return {**options, "x": batches, "y": None, "shuffle": False}


def placed(gan, options, position):
    """Options whose data begin with the first batch of the epoch at `position`."""
    data, steps = options.get("x"), options.get("steps_per_epoch")
    if not isinstance(data, tf.data.Dataset):
        return in_seeded_order(gan, options, position.epoch)
    if steps:
        return {**options, "x": data.skip(position.epoch * steps)}
    data = with_one_iterator_an_epoch(data)
    for _ in range(position.epoch):  # every epoch that is behind had its iterator, by which shuffling moves on
        next(iter(data.take(1)), None)
    return {**options, "x": data}


def with_one_iterator_an_epoch(data):
    """The same batches. Keras makes iterators that it does not use; this data set makes its own with the first batch."""
    lazy, num = tf.data.Dataset.range(1).flat_map(lambda _: data), data.cardinality()
    known = int(num) != tf.data.UNKNOWN_CARDINALITY
    return lazy.apply(tf.data.experimental.assert_cardinality(num)) if known else lazy


def description(options):
    """What tells these data from others, without reading data sets."""
    data, labels = options.get("x"), options.get("y")
    if isinstance(data, tf.data.Dataset):
        return {"batches": int(data.cardinality()), "element": str(data.element_spec), "steps": options.get("steps_per_epoch")}
    if not is_array(data):
        return {"class": type(data).__name__}
    columns = {"samples": np.asarray(data), **({} if labels is None else {"labels": np.asarray(labels)})}
    told = {name: f"{each.dtype.name} {each.shape}, {checksum(each)}" for name, each in columns.items()}
    return {**told, "batch_size": options.get("batch_size") or 32}


def checksum(array):
    if array.dtype.kind not in "biuf":
        return "not compared"
    return f"crc32 {zlib.crc32(np.ascontiguousarray(array).data.cast('B')) if array.size else 0:08x}"


# --- The epoch that was broken off. ---


class GoingOn(keras.callbacks.CallbackList):
    """Keras' list of callbacks; in the epoch that goes on it keeps to itself the batches that are behind."""

    def __init__(self, behind, gan, options):
        verbose, data = options.get("verbose", "auto"), options["x"]
        super().__init__(
            options["callbacks"],
            add_history=True,
            add_progbar=verbose != 0,
            model=gan,
            verbose=verbose,
            epochs=options.get("epochs", 1),
            steps=options.get("steps_per_epoch") or num_batches(data, options.get("batch_size") or 32),
        )
        self.epoch, self.behind = options["initial_epoch"], behind

    def on_epoch_begin(self, epoch, logs=None):
        super().on_epoch_begin(epoch, logs)
        if epoch == self.epoch:
            self.model.train_function = Skipping(self.model, self.behind)
        else:
            self.behind = 0

    def on_train_batch_begin(self, batch, logs=None):
        if batch >= self.behind:
            super().on_train_batch_begin(batch, logs)

    def on_train_batch_end(self, batch, logs=None):
        if batch >= self.behind:
            super().on_train_batch_end(batch, logs)


def num_batches(data, batch_size):
    """Batches of an epoch; None where that is not known."""
    if isinstance(data, tf.data.Dataset):
        num = int(data.cardinality())
        return num if num >= 0 else None
    return -(-len(data) // batch_size)


class Skipping:
    """Stands in for a GAN's compiled step until the batches that are behind have been read."""

    def __init__(self, gan, behind):
        self.gan, self.behind, self.train = gan, behind, gan.train_function

    def __call__(self, iterator):
        for _ in range(self.gan.steps_per_execution):
            next(iterator, None)
        self.behind -= self.gan.steps_per_execution
        if self.behind <= 0:
            self.gan.train_function = self.train
        return self.gan.step_metrics.result()


def with_earlier_epochs(history, rows):
    """Keras' `History` with the epochs before those that it saw."""
    history.epoch = [row["epoch"] for row in rows] + history.epoch
    for name in dict.fromkeys(name for row in reversed(rows) for name in row["logs"]):
        earlier = [row["logs"][name] for row in rows if name in row["logs"]]
        history.history[name] = earlier + history.history.get(name, [])
    return history
