"""`Checkpoint`: an interrupted training resumes as if it had not been interrupted."""

import pathlib
import time
import warnings

import numpy as np

from gan_keras.media.safe_files import check_writable, sweep
from gan_keras.training import checkpoint_files
from gan_keras.training.fingerprint import check_same, identity_of
from gan_keras.training.resume import Position, Resuming

SHARE = 0.01
"""Maximum share of the time that writing takes: checkpoints of a large GAN are written less often than requested."""


class Checkpoint(Resuming):
    """Writes checkpoints during `GAN.fit`; a later `fit` with the same directory resumes from the newest one.

        gan.fit(data, epochs=100, callbacks=[gan_keras.callbacks.Checkpoint("runs/a")])

    A training that is interrupted at any moment, even by `kill -9` in the middle of a write, and restarted by the same program
    ends with the same bits as an uninterrupted one. A checkpoint holds both networks, optimizers, averages, random and
    adaptive state, the epoch, the batch within the epoch, and all values logged so far. It is written to a temporary directory
    that is then renamed. Checksums detect damaged checkpoints: a warning names them, and the previous one is used. The
    `History` that `fit` returns starts with the first epoch.

    Requirements for the data:

    - A `tf.data.Dataset` must give the same batches each time a program runs: pass a seed to `shuffle`. Each epoch takes one
      iterator. Resuming reads one batch of each completed epoch and the completed batches of the current one. With
      `steps_per_epoch`, the data set must be infinite, and resuming reads all completed batches.
    - Arrays are shuffled by the GAN's `seed` and the epoch.
    - With anything else, such as `PyDataset`, generators or a `validation_split`, checkpoints are written at the end of epochs
      only, and training resumes in whatever order the data have.

    A training that `Guard`, `Watch` or `EarlyStop` has ended stays ended: restarting it trains nothing. A training that another
    callback has stopped with `stop_training` resumes.

    Other callbacks may have `get_state()`, which returns a dictionary of JSON values and NumPy arrays, and `set_state(state)`,
    which is called after their `on_train_begin`. Keras' callbacks with state, such as `EarlyStopping`, have neither and
    start again. This callback is called last, wherever it is in the list.

    Args:
        directory: Directory of the checkpoints, one per training.
        seconds: Seconds between two checkpoints, >= 0; 0 writes one after every batch. The last epoch always ends with one.
        keep: Number of checkpoints to keep, >= 1.
        show: Called with a line about each damaged checkpoint; `warnings.warn` by default.
        free: Names of configuration entries that may differ from those of the checkpoint, such as a schedule's `decay_steps`.

    Raises:
        ValueError: If an argument is out of range. By `fit`, before anything is written, if the newest checkpoint is of
            another GAN, other arrays, or another version of `gan_keras`, `keras` or `tensorflow` (the message names each
            difference), or if all checkpoints are damaged.
        TypeError: By `fit`, if the GAN holds an object without `get_config`, which cannot be saved.
        OSError: By `fit`, if nothing can be written; existing checkpoints are unchanged.
    """

    def __init__(self, directory, seconds=60.0, keep=2, show=warnings.warn, free=()):
        super().__init__()
        check_seconds(seconds)
        if keep < 1:
            raise ValueError(f"keep={keep}. Expected at least 1 checkpoint.")
        self.directory, self.seconds, self.keep, self.show = pathlib.Path(directory), seconds, keep, show
        self.others, self.free = None, free

    def begin(self, gan, callbacks, data, within_epochs):
        """Checks the directory, loads the newest checkpoint and returns its `Position`. `GAN.fit` calls this."""
        identity = identity_of(gan, data)
        path, state = checkpoint_files.newest(self.directory, self.show)
        if path is not None:
            check_same(state["config"], identity, path, free=self.free)
        check_writable(self.directory)
        sweep(self.directory)
        if path is not None:
            before = _updates_of(gan)
            _load_into(gan, path, state)
            if before > _updates_of(gan):
                self.show(f"The GAN had been trained beyond {path} and was reset to it. Later training is lost.")
            if state["ended"]:
                self.show(f"The training of {path} was ended on purpose. Nothing is trained; to train further, load its GAN.")
        self.start = state or {"epoch": 0, "batch": 0, "rows": [], "metrics": [], "callbacks": {}, "ended": False}
        self.has_ended, self.interrupted = self.start["ended"], False
        self.earlier, self.config = list(self.start["rows"]), identity
        self.others, self.within_epochs, self.cost = callbacks, within_epochs, 0.0
        self.rows, self.position = list(self.earlier), Position(self.start["epoch"], self.start["batch"])
        return self.position

    def on_train_begin(self, logs=None):
        if self.others is None:
            raise ValueError("Checkpoint was not called by `GAN.fit`. Expected it in the list of callbacks given to `GAN.fit`.")
        for name, callback in _named(self.others).items():
            if hasattr(callback, "set_state") and name in self.start["callbacks"]:
                callback.set_state(self.start["callbacks"][name])
        self.last = time.monotonic()

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self.start["epoch"] and self.start["batch"]:  # Keras has just reset the metrics
            for variable, value in zip(self.model.metrics_variables, self.start["metrics"], strict=True):
                variable.assign(value)

    def on_train_batch_end(self, batch, logs=None):
        self.position = Position(self.position.epoch, batch + 1)
        # When training stops within an epoch, the logs do not hold the validation values yet.
        self.interrupted = self.within_epochs and self.model.stop_training and not self.was_ended()
        if self.interrupted or self.within_epochs and self.is_due():
            self.save()

    def on_epoch_end(self, epoch, logs=None):
        if self.interrupted:
            return
        self.rows.append({"epoch": epoch, "logs": {name: float(value) for name, value in (logs or {}).items()}})
        self.position = Position(epoch + 1)
        if epoch + 1 == self.params["epochs"] or self.model.stop_training or self.is_due():
            self.save()

    def was_ended(self):
        """Returns True if a callback has ended the training for good."""
        return any(getattr(each, "has_ended", False) for each in self.others)

    def is_due(self):
        interval = max(self.seconds, self.cost / SHARE) if self.seconds else 0.0
        return time.monotonic() - self.last >= interval

    def save(self):
        """Writes a checkpoint of the current GAN."""
        start = time.monotonic()
        checkpoint_files.write(self.directory, self.model, self.state(), self.keep)
        self.last = time.monotonic()
        self.cost = self.last - start

    def state(self):
        """Returns what a checkpoint holds besides the GAN."""
        states = {name: each.get_state() for name, each in _named(self.others).items() if hasattr(each, "get_state")}
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
    """Raises `ValueError` unless `seconds` is a valid interval between checkpoints."""
    if not seconds >= 0:
        raise ValueError(f"seconds={seconds}. Expected seconds >= 0; 0 writes a checkpoint after every batch.")


def _updates_of(gan):
    """Returns the number of updates of both networks."""
    return int(gan.generator_optimizer.iterations) + int(gan.discriminator_optimizer.iterations)


def _load_into(gan, path, state):
    """Loads a checkpoint into a compiled GAN."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        gan.load_weights(path / checkpoint_files.MODEL)
    if skipped := [str(each.message) for each in caught if "Skipping variable loading" in str(each.message)]:
        raise ValueError(f"{path} does not fit the GAN: {skipped[0]} Expected a GAN that is built and compiled in the same way.")
    if state["stage"] is not None:
        gan.enter(state["stage"])


def _named(callbacks):
    """Returns callbacks by class name; the second one of a class is `Name_2`."""
    found = {}
    for callback in callbacks:
        name = type(callback).__name__
        num = sum(type(each).__name__ == name for each in found.values())
        found[f"{name}_{num + 1}" if num else name] = callback
    return found
