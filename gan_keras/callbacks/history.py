"""Records of a training: `History` (`history.csv`), `Events` (`events.csv`), lines of progress, and the cost of each epoch."""

import csv
import importlib
import importlib.util
import os
import statistics
import sys
import time

import keras
import tensorflow as tf

from gan_keras.media.safe_files import replace_whole


def read_history(path):
    """Returns the rows of a CSV file as dictionaries of strings; an empty list if there is no file."""
    if not os.path.exists(path):
        return []
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _write_rows(path, columns, rows):
    """Writes CSV atomically; missing cells stay empty."""

    def write(temporary):
        with open(temporary, "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, columns, restval="")
            writer.writeheader()
            writer.writerows(rows)

    replace_whole(path, write)


class History(keras.callbacks.Callback):
    """Writes `epoch` (from 1), `stage`, `seconds` and the logs of each epoch to a CSV file.

    Stages log different values, so columns can appear late: the whole file is rewritten atomically after each epoch. Existing
    rows of earlier epochs are kept, later ones are dropped.

    Args:
        path: Path of the CSV file.
    """

    def __init__(self, path):
        super().__init__()
        self.path = os.fspath(path)

    def on_train_begin(self, logs=None):
        self.rows = read_history(self.path)

    def on_epoch_begin(self, epoch, logs=None):
        self.start = time.monotonic()

    def on_epoch_end(self, epoch, logs=None):
        values = {name: f"{float(value):.7g}" for name, value in (logs or {}).items()}
        row = {"epoch": str(epoch + 1), "stage": self.model.stage_of(epoch), "seconds": f"{time.monotonic() - self.start:.2f}"}
        self.rows = [row for row in self.rows if int(row["epoch"]) <= epoch] + [{**row, **values}]
        self.write()

    def write(self):
        _write_rows(self.path, list(dict.fromkeys(name for row in self.rows for name in row)), self.rows)


# --- Events: what happened besides epochs. ---

ENDED = "ended training"
EVENT_COLUMNS = ("epoch", "batch", "kind", "seen", "done")


class Events:
    """Rows of `epoch` and `batch` (from 1; no batch for what an epoch has shown), `kind`, what was `seen`, what was `done`.

    The file is rewritten atomically with each row.

    Args:
        path: Path of the CSV file; None keeps the rows in memory only.
        show: Called with a line about each event, such as `print`.

    Attributes:
        rows: List of dictionaries of strings.
    """

    def __init__(self, path=None, show=print):
        self.path, self.show = path if path is None else os.fspath(path), show
        self.rows, self.is_known = [], False

    def add(self, epoch, batch, kind, seen, done):
        """Adds a row; `epoch` counts from 0, `batch` from 0 or is None."""
        values = (str(epoch + 1), "" if batch is None else str(batch + 1), kind, seen, done)
        self.rows.append(dict(zip(EVENT_COLUMNS, values, strict=True)))
        self._write()
        place = f"epoch {epoch + 1}" if batch is None else f"epoch {epoch + 1}, batch {batch + 1}"
        self.show(f"{place}, {kind}: {seen}; {done}.")

    def add_end(self, epoch, kind, seen):
        """Adds the row of a training that ends before its last epoch: see `has_ended`."""
        self.add(epoch, None, kind, seen, ENDED)

    def begin(self, epoch):
        """Reads the file's rows of epochs before `epoch`, which counts from 0, unless rows are already known."""
        if not self.is_known:
            rows = [] if self.path is None else read_history(self.path)
            self.set_rows([row for row in rows if int(row["epoch"]) <= epoch])

    def set_rows(self, rows):
        """Sets the rows of a resumed training; other rows of the file are dropped."""
        self.rows, self.is_known = [dict(row) for row in rows], True
        if self.path is not None and (self.rows or os.path.exists(self.path)):
            self._write()

    def _write(self):
        if self.path is not None:
            _write_rows(self.path, EVENT_COLUMNS, self.rows)


def has_ended(path):
    """Returns True if an events file says that the training was ended for good: resuming would only end it again."""
    rows = read_history(path)
    return bool(rows) and rows[-1]["done"] == ENDED


# --- Progress and speed. ---

SHOWN = ("nll", "val_nll", "d_loss", "g_loss", "val_gain", "val_frechet")


class Progress(keras.callbacks.Callback):
    """Reports each epoch in a line: stage, values, duration and remaining time.

    Args:
        show: Called with each line, such as `print`.
        seconds: Estimated seconds per epoch, by stage; measured ones replace them.
    """

    def __init__(self, show=print, seconds=None):
        super().__init__()
        self.show, self.seconds = show, dict(seconds or {})

    def on_epoch_begin(self, epoch, logs=None):
        self.start = time.monotonic()

    def on_epoch_end(self, epoch, logs=None):
        stage, total = self.model.stage_of(epoch), self.params["epochs"]
        self.seconds[stage] = time.monotonic() - self.start
        values = ", ".join(f"{name} {logs[name]:.4g}" for name in SHOWN if logs and logs.get(name))
        self.show(f"epoch {epoch + 1}/{total}, {stage}: {values} ({self.seconds[stage]:.0f} s{self.left(epoch + 1)})")

    def left(self, epoch):
        """Returns a text such as `, about 3 min left`; a stage not yet seen is assumed to cost as much as the slowest one."""
        stages = [self.model.stage_of(each) for each in range(epoch, self.params["epochs"])]
        if not stages:
            return ""
        slowest = max(self.seconds.values())
        seconds = sum(self.seconds.get(stage, slowest) for stage in stages)
        return f", about {seconds:.0f} s left" if seconds < 90 else f", about {seconds / 60:.0f} min left"


OF_THE_MACHINE = ("step_ms", "samples_per_second", "peak_memory_mb", "peak_gpu_memory_mb")
"""Logged values that describe the machine instead of the training, and differ from run to run."""


class Speed(keras.callbacks.Callback):
    """Logs the cost of each epoch.

    `steps`: steps of the epoch; `step_ms`: median milliseconds per step; `samples_per_second`: real samples read, from the
    epoch's first step to its last; `peak_memory_mb`: the process's peak resident memory in MiB, except on Windows; and
    `peak_gpu_memory_mb`: that of the first GPU, if there is one. Place it before callbacks that record logs.
    """

    def on_epoch_begin(self, epoch, logs=None):
        self.steps, self.times = 0, []

    def on_train_batch_begin(self, batch, logs=None):
        self.start = time.perf_counter()
        if not self.times:
            self.epoch_start, self.before = self.start, batch

    def on_train_batch_end(self, batch, logs=None):
        self.end = time.perf_counter()
        behind = batch + 1 if self.params["steps"] is None else min(batch + 1, self.params["steps"])
        steps = behind - self.before  # several if `steps_per_execution` is more than 1
        self.times.append(1000.0 * (self.end - self.start) / steps)
        self.steps, self.before = self.steps + steps, behind

    def on_epoch_end(self, epoch, logs=None):
        # A training resumed after the last batch of an epoch sees no step of it.
        steps = self.before if self.times else self.params["steps"]
        if steps is not None:
            logs["steps"] = steps
        if self.times:
            seconds = self.end - self.epoch_start
            trained = self.steps / self.before  # share of the epoch that was trained since resuming
            logs.update(step_ms=statistics.median(self.times), samples_per_second=logs["samples"] * trained / seconds)
        if importlib.util.find_spec("resource"):  # missing on Windows
            resource = importlib.import_module("resource")
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            logs["peak_memory_mb"] = peak / 2**20 if sys.platform == "darwin" else peak / 2**10  # bytes on macOS, else KiB
        if tf.config.list_physical_devices("GPU"):
            logs["peak_gpu_memory_mb"] = tf.config.experimental.get_memory_info("GPU:0")["peak"] / 2**20
