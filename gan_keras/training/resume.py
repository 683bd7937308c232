"""`fit` that resumes in the middle of an epoch, with exactly the batches that were still to come.

Three places decide about `--resume`: `runs.train.check_same_run`, whether the options match the run's; `Checkpoint.begin`
(`callbacks/checkpoint.py`), which checkpoint is loaded; and `fit` below, from which epoch and batch training continues.

Keras' `fit` can only start at an epoch. Here, the interrupted epoch starts again, but batches that were already trained on are
only read, and callbacks are not told about them.
"""

import json
import pathlib
import zlib
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from gan_keras.data.arrays import array_batches


class Position(NamedTuple):
    """Number of completed epochs, and of completed batches in the next epoch."""

    epoch: int = 0
    batch: int = 0


class Resuming(keras.callbacks.Callback):
    """Base of a callback that knows where training resumes. `fit` accepts one and calls it after all other callbacks.

    Attributes:
        earlier: Rows of the completed epochs: dictionaries of `epoch`, from 0, and `logs`.
        has_ended: Whether a callback ended the training for good, so that no epoch is left.
    """

    earlier, has_ended = (), False

    def begin(self, gan, callbacks, data, within_epochs):
        """Restores the GAN's state and returns its `Position`. `fit` calls this first.

        Args:
            gan: A compiled `GAN`.
            callbacks: The other callbacks.
            data: JSON-compatible dictionary that describes the data.
            within_epochs: Whether training on these data can resume in the middle of an epoch.
        """
        raise NotImplementedError


def fit(gan, keras_fit, options):
    """Calls `keras_fit(**options)`, Keras' own `fit`, from the position given by a `Resuming` callback.

    Raises:
        ValueError: If the options do not allow resuming.
    """
    others, resuming = _split_callbacks(options.get("callbacks"))
    if resuming is None and (backup := _backup_among(others)):
        return keras_fit(**_from_position(gan, options, _backed_up(gan, backup)))
    if resuming is None:
        return keras_fit(**_in_seeded_order(gan, options, options.get("initial_epoch", 0)))
    _check_options(options)
    position = resuming.begin(gan, others, _description(options), _is_replayable(options))
    if resuming.has_ended:
        position = Position(max(position.epoch, options.get("epochs", 1)))
    options = _from_position(gan, {**options, "callbacks": [*others, resuming], "initial_epoch": position.epoch}, position)
    if position.batch:
        options["callbacks"] = ResumedCallbacks(position.batch, gan, options)
    try:
        return _with_earlier_epochs(keras_fit(**options), resuming.earlier)
    finally:
        if isinstance(gan.train_function, SkippedBatches):
            gan.train_function = gan.train_function.train


def _split_callbacks(callbacks):
    """Returns all callbacks but the `Resuming` one, and that one or None."""
    callbacks = callbacks if isinstance(callbacks, list | tuple) else [callbacks] if callbacks else []
    found = [each for each in callbacks if isinstance(each, Resuming)]
    if len(found) > 1:
        raise ValueError(f"Got {len(found)} callbacks that write checkpoints. Expected one.")
    return [each for each in callbacks if each not in found], found[0] if found else None


def _backup_among(callbacks):
    return next((each for each in callbacks if isinstance(each, keras.callbacks.BackupAndRestore)), None)


def _backed_up(gan, backup):
    """Returns the `Position` that Keras' callback will begin at, and enters the stage of the epoch before."""
    path = pathlib.Path(backup.backup_dir) / "training_metadata.json"
    epoch = json.loads(path.read_text(encoding="utf-8"))["epoch"] if path.exists() else 0
    if epoch and hasattr(gan, "enter"):
        gan.enter(gan.stage_of(epoch - 1))
    return Position(epoch)


def _check_options(options):
    if options.get("initial_epoch"):
        raise ValueError(
            f"Got initial_epoch={options['initial_epoch']} and a checkpoint callback. Expected one: a checkpoint holds its epoch."
        )
    steps, data = options.get("steps_per_epoch"), options.get("x")
    if steps and isinstance(data, tf.data.Dataset) and int(data.cardinality()) != tf.data.INFINITE_CARDINALITY:
        raise ValueError(
            f"Got steps_per_epoch={steps} with a data set that may end. Expected one of them to resume from a checkpoint: "
            f"`.take({steps})` batches per epoch, or `.repeat()` the data set."
        )


# --- The order of the data. ---


def _is_array(data):
    return isinstance(data, np.ndarray) or tf.is_tensor(data)


def _is_replayable(options):
    """Returns True if the data can be replayed in the same order; False for Python generators."""
    if isinstance(options.get("x"), tf.data.Dataset):
        return True
    in_order = _is_array(options.get("x")) and not options.get("shuffle", True) and not options.get("steps_per_epoch")
    return in_order or can_be_ordered(options)


def can_be_ordered(options):
    """Returns True for numeric arrays to be shuffled, unless another option of `fit` changes which samples an epoch has."""
    others = ("steps_per_epoch", "validation_split", "sample_weight", "class_weight")
    data = options.get("x")
    if not _is_array(data) or np.dtype(getattr(data.dtype, "as_numpy_dtype", data.dtype)).kind not in "biuf":
        return False
    plain = not any(options.get(name) is not None and np.any(options[name]) for name in others)
    return options.get("shuffle", True) is True and plain and len(data) > 0


def _in_seeded_order(gan, options, first_epoch):
    """Returns options with arrays replaced by batches whose order depends on the GAN's seed and the epoch only."""
    if not can_be_ordered(options):
        return options
    columns = [np.asarray(each) for each in (options["x"], options.get("y")) if each is not None]
    batches = array_batches(columns, options.get("batch_size") or 32, gan.seed, first_epoch)
    return {**options, "x": batches, "y": None, "shuffle": False}


def _from_position(gan, options, position):
    """Returns options whose data start with the first batch of the epoch at `position`."""
    data, steps = options.get("x"), options.get("steps_per_epoch")
    if not isinstance(data, tf.data.Dataset):
        return _in_seeded_order(gan, options, position.epoch)
    if steps:
        return {**options, "x": data.skip(position.epoch * steps)}
    data = _with_one_iterator_per_epoch(data)
    for _ in range(position.epoch):  # each completed epoch had an iterator, and each iterator advances the shuffling
        next(iter(data.take(1)), None)
    return {**options, "x": data}


def _with_one_iterator_per_epoch(data):
    """Returns the same batches. Keras creates iterators that it never uses; this data set creates its own on the first batch."""
    lazy, num = tf.data.Dataset.range(1).flat_map(lambda _: data), data.cardinality()
    known = int(num) != tf.data.UNKNOWN_CARDINALITY
    return lazy.apply(tf.data.experimental.assert_cardinality(num)) if known else lazy


def _description(options):
    """Returns what distinguishes these data from others, without reading data sets."""
    data, labels = options.get("x"), options.get("y")
    if isinstance(data, tf.data.Dataset):
        return {"batches": int(data.cardinality()), "element": str(data.element_spec), "steps": options.get("steps_per_epoch")}
    if not _is_array(data):
        return {"class": type(data).__name__}
    columns = {"samples": np.asarray(data), **({} if labels is None else {"labels": np.asarray(labels)})}
    described = {name: f"{each.dtype.name} {each.shape}, {_checksum(each)}" for name, each in columns.items()}
    return {**described, "batch_size": options.get("batch_size") or 32}


def _checksum(array):
    if array.dtype.kind not in "biuf":
        return "not compared"
    return f"crc32 {zlib.crc32(np.ascontiguousarray(array).data.cast('B')) if array.size else 0:08x}"


# --- The interrupted epoch. ---


class ResumedCallbacks(keras.callbacks.CallbackList):
    """Keras' list of callbacks, without calls for the batches of the resumed epoch that were trained on before."""

    def __init__(self, completed, gan, options):
        verbose, data, steps = options.get("verbose", "auto"), options["x"], options.get("steps_per_epoch")
        if not steps and isinstance(data, tf.data.Dataset):
            steps = int(data.cardinality())
            steps = steps if steps >= 0 else None
        elif not steps:
            steps = -(-len(data) // (options.get("batch_size") or 32))
        super().__init__(
            options["callbacks"],
            add_history=True,
            add_progbar=verbose != 0,
            model=gan,
            verbose=verbose,
            epochs=options.get("epochs", 1),
            steps=steps,
        )
        self.epoch, self.completed = options["initial_epoch"], completed

    def on_epoch_begin(self, epoch, logs=None):
        super().on_epoch_begin(epoch, logs)
        if epoch == self.epoch:
            self.model.train_function = SkippedBatches(self.model, self.completed)
        else:
            self.completed = 0

    def on_train_batch_begin(self, batch, logs=None):
        if batch >= self.completed:
            super().on_train_batch_begin(batch, logs)

    def on_train_batch_end(self, batch, logs=None):
        if batch >= self.completed:
            super().on_train_batch_end(batch, logs)


class SkippedBatches:
    """Replaces a GAN's compiled step until the completed batches have been read."""

    def __init__(self, gan, completed):
        self.gan, self.completed, self.train = gan, completed, gan.train_function

    def __call__(self, iterator):
        for _ in range(self.gan.steps_per_execution):
            next(iterator, None)
        self.completed -= self.gan.steps_per_execution
        if self.completed <= 0:
            self.gan.train_function = self.train
        return self.gan.step_metrics.result()


def _with_earlier_epochs(history, rows):
    """Returns Keras' `History` with the epochs before this call to `fit`."""
    history.epoch = [row["epoch"] for row in rows] + history.epoch
    for name in dict.fromkeys(name for row in reversed(rows) for name in row["logs"]):
        earlier = [row["logs"][name] for row in rows if name in row["logs"]]
        history.history[name] = earlier + history.history.get(name, [])
    return history
