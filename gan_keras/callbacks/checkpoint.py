"""`Checkpoint`: a training that was broken off goes on as if it had not been."""

import pathlib
import time
import warnings

import numpy as np

from gan_keras.media.safe_files import check_writable, sweep
from gan_keras.training import checkpoint_files
from gan_keras.training.fingerprint import check_same, identity_of
from gan_keras.training.resume import Position, Resuming

SHARE = 0.01
"""Checkpoints of a large GAN come more seldom than asked for: they take no more than this share of the time."""


class Checkpoint(Resuming):
    """Writes checkpoints while `GAN.fit` runs; `fit` with the same directory goes on from the newest one.

        gan.fit(data, epochs=100, callbacks=[gan_keras.callbacks.Checkpoint("runs/a")])

    Broken off at any moment, even by `kill -9` in the midst of a write, and begun again by the same program, training ends with
    the same bits as if it had never been: a checkpoint holds both networks, optimizers, averages, random and adaptive state,
    the epoch, the batch within the epoch, and the values logged so far. It is written beside its place and renamed into it. A
    damaged one is told by its checksums, named in a warning, and the one before is used. The `History` that `fit` returns
    begins with the first epoch.

    What the data must be for that:

    - A `tf.data.Dataset` that gives the same batches each time a program runs: give `shuffle` a seed. Each epoch takes one
      iterator of it. To go on, one batch of each epoch that is behind is read, and the batches of its own epoch. With
      `steps_per_epoch` the data set has no end, and all batches that are behind are read.
    - Arrays: their order follows from the GAN's `seed` and the epoch.
    - All else, such as `PyDataset`, generators or a `validation_split`, is checkpointed at the ends of epochs alone, and goes on
      in whatever order it gives.

    A training that `Guard`, `Watch` or `EarlyStop` has ended stays ended: begun again, nothing is trained. One that another
    callback has stopped by `stop_training` goes on.

    Other callbacks in the list are asked for `get_state()`, a dictionary of what JSON holds and NumPy arrays, and get it back
    by `set_state(state)` after their `on_train_begin`. Those of Keras that remember something, such as `EarlyStopping`, have
    neither and begin anew. Wherever it stands in the list, this callback is called last.

    Args:
        directory: Where checkpoints go. One directory for one training.
        seconds: From one checkpoint to the next, >= 0; 0 writes one after every batch. The last epoch always ends with one.
        keep: How many stay, >= 1.
        show: Called with a line about every damaged checkpoint; `warnings.warn` by default.

    Raises:
        ValueError: If an argument is out of its range. By `fit`, before anything is written, if the newest checkpoint is of
            another GAN, other arrays, or another version of `gan_keras`, `keras` or `tensorflow` (each difference is named), or
            if there are checkpoints and none is whole.
        TypeError: By `fit`, if the GAN holds an object that has no `get_config`, so that it cannot be saved.
        OSError: By `fit`, if nothing can be written; the checkpoints there are stay whole.
    """

    def __init__(self, directory, seconds=60.0, keep=2, show=warnings.warn):
        super().__init__()
        check_seconds(seconds)
        if keep < 1:
            raise ValueError(f"keep={keep}. Expected at least 1 checkpoint.")
        self.directory, self.seconds, self.keep, self.show = pathlib.Path(directory), seconds, keep, show
        self.others = None

    def begin(self, gan, callbacks, data, within_epochs):
        """Called by `GAN.fit`: checks the directory, loads the newest checkpoint, and returns its `Position`."""
        identity = identity_of(gan, data)
        path, state = checkpoint_files.newest(self.directory, self.show)
        if path is not None:
            check_same(state["config"], identity, path)
        check_writable(self.directory)
        sweep(self.directory)
        if path is not None:
            before = updates_of(gan)
            load_into(gan, path, state)
            if before > updates_of(gan):
                self.show(f"The GAN had been trained beyond {path}. It went back to it; what it has learned since is gone.")
            if state["ended"]:
                self.show(f"{path} is of a training that was ended on purpose. Nothing is trained; to go on, load the GAN of it.")
        self.start = state or {"epoch": 0, "batch": 0, "rows": [], "metrics": [], "callbacks": {}, "ended": False}
        self.has_ended, self.broken_off = self.start["ended"], False
        self.earlier, self.config = list(self.start["rows"]), identity
        self.others, self.within_epochs, self.cost = callbacks, within_epochs, 0.0
        self.rows, self.position = list(self.earlier), Position(self.start["epoch"], self.start["batch"])
        return self.position

    def on_train_begin(self, logs=None):
        if self.others is None:
            raise ValueError("A Checkpoint was called by something else than `GAN.fit`. Expected it in its list of callbacks.")
        for name, callback in named(self.others).items():
            if hasattr(callback, "set_state") and name in self.start["callbacks"]:
                callback.set_state(self.start["callbacks"][name])
        self.last = time.monotonic()

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self.start["epoch"] and self.start["batch"]:  # Keras has just set the metrics back
            for variable, value in zip(self.model.metrics_variables, self.start["metrics"], strict=True):
                variable.assign(value)

    def on_train_batch_end(self, batch, logs=None):
        self.position = Position(self.position.epoch, batch + 1)
        # Stopped within its epoch: the values of the epoch are not yet those of its held-out data.
        self.broken_off = self.within_epochs and self.model.stop_training and not self.was_ended()
        if self.broken_off or self.within_epochs and self.is_due():
            self.save()

    def on_epoch_end(self, epoch, logs=None):
        if self.broken_off:
            return
        self.rows.append({"epoch": epoch, "logs": {name: float(value) for name, value in (logs or {}).items()}})
        self.position = Position(epoch + 1)
        if epoch + 1 == self.params["epochs"] or self.model.stop_training or self.is_due():
            self.save()

    def was_ended(self):
        """Whether a callback has ended the training for good."""
        return any(getattr(each, "has_ended", False) for each in self.others)

    def is_due(self):
        wanted = max(self.seconds, self.cost / SHARE) if self.seconds else 0.0
        return time.monotonic() - self.last >= wanted

    def save(self):
        """Writes a checkpoint of the GAN as it is."""
        start = time.monotonic()
        checkpoint_files.write(self.directory, self.model, self.state(), self.keep)
        self.last = time.monotonic()
        self.cost = self.last - start

    def state(self):
        """What a checkpoint holds besides the GAN."""
        states = {name: each.get_state() for name, each in named(self.others).items() if hasattr(each, "get_state")}
        return {
            "epoch": self.position.epoch,
            "batch": self.position.batch,
            "ended": self.was_ended(),
            "stage": getattr(self.model, "stage", None),
            "seed": self.model.seed,
            "rows": self.rows,
            "metrics": [np.asarray(variable) for variable in self.model.metrics_variables],
            "config": self.config,
            "callbacks": states,
        }


def check_seconds(seconds):
    """Raises `ValueError` unless it is a time from one checkpoint to the next."""
    if not seconds >= 0:
        raise ValueError(f"seconds={seconds}. Expected seconds >= 0; 0 writes a checkpoint after every batch.")


def updates_of(gan):
    """How many updates both networks have had."""
    return int(gan.generator_optimizer.iterations) + int(gan.discriminator_optimizer.iterations)


def load_into(gan, path, state):
    """Gives a compiled GAN the state of a checkpoint."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        gan.load_weights(path / checkpoint_files.MODEL)
    if skipped := [str(each.message) for each in told if "Skipping variable loading" in str(each.message)]:
        raise ValueError(f"{path} does not fit the GAN: {skipped[0]} Expected a GAN built and compiled as the one in it.")
    if state["stage"] is not None:
        gan.enter(state["stage"])


def named(callbacks):
    """Callbacks by the name of their class, of which the second is `Name_2`."""
    found = {}
    for callback in callbacks:
        name = type(callback).__name__
        num = sum(type(each).__name__ == name for each in found.values())
        found[f"{name}_{num + 1}" if num else name] = callback
    return found
