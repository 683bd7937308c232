"""`History`: one row an epoch in a CSV file."""

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


class History(keras.callbacks.Callback):
    """Writes `epoch` (from 1), `stage`, `seconds` and the logs of every epoch as it ends.

    Stages log different values, so that columns can come late: the file is written anew each time, beside its place and
    renamed into it, and is whole at any moment. Rows of earlier epochs that the file holds are kept, later ones dropped.

    Args:
        path: The CSV file.
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
        replace_whole(self.path, self.write_rows)

    def write_rows(self, path):
        columns = list(dict.fromkeys(name for row in self.rows for name in row))
        with open(path, "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, columns, restval="")
            writer.writeheader()
            writer.writerows(self.rows)


def read_history(path):
    """Rows of a history, a dict of text by column each; none if there is no file."""
    if not os.path.exists(path):
        return []
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


# --- `Progress`: a line an epoch, with the time left.

SHOWN = ("nll", "val_nll", "d_loss", "g_loss", "val_gain", "val_frechet")


class Progress(keras.callbacks.Callback):
    """Tells of every epoch: its stage, its values, its time and the time left.

    Args:
        show: Called with each line, such as `print`.
        seconds: What an epoch of each stage is thought to cost, by the stage's name; what is measured replaces it.
    """

    def __init__(self, show=print, seconds=None):
        super().__init__()
        self.show, self.seconds = show, dict(seconds or {})

    def on_epoch_begin(self, epoch, logs=None):
        self.start = time.monotonic()

    def on_epoch_end(self, epoch, logs=None):
        stage = self.model.stage_of(epoch)
        self.seconds[stage] = time.monotonic() - self.start
        values = [f"{name} {logs[name]:.4g}" for name in SHOWN if logs and logs.get(name)]
        total = self.params["epochs"]
        text = f"epoch {epoch + 1}/{total}, {stage}: {', '.join(values)} ({self.seconds[stage]:.0f} s{self.left(epoch + 1)})"
        self.show(text)

    def left(self, epoch):
        """`, about 3 min left`, from the cost of each epoch to come; a stage not yet met costs as much as the dearest."""
        stages = [self.model.stage_of(each) for each in range(epoch, self.params["epochs"])]
        if not stages:
            return ""
        dearest = max(self.seconds.values())
        seconds = sum(self.seconds.get(stage, dearest) for stage in stages)
        return f", about {seconds:.0f} s left" if seconds < 90 else f", about {seconds / 60:.0f} min left"


# --- `Speed`: what a step costs, and how much memory training has taken.

OF_THE_MACHINE = ("step_ms", "samples_per_second", "peak_memory_mb", "peak_gpu_memory_mb")
"""What is logged of the machine and not of the training: it differs from run to run."""


class Speed(keras.callbacks.Callback):
    """Logs what each epoch has cost.

    `steps` of the epoch, `step_ms`: median milliseconds of a step; `samples_per_second`: real samples read, over the time from
    the epoch's first step to its last; `peak_memory_mb`: the largest resident size of the process so far, in MiB, but not on
    Windows; and `peak_gpu_memory_mb`: the largest of the first GPU, where there is one. Stands before callbacks that keep what
    is logged.
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
        steps = behind - self.before  # several where `steps_per_execution` is more than 1
        self.times.append(1000.0 * (self.end - self.start) / steps)
        self.steps, self.before = self.steps + steps, behind

    def on_epoch_end(self, epoch, logs=None):
        # A training that goes on after the last batch of an epoch sees no step of it.
        steps = self.before if self.times else self.params["steps"]
        if steps is not None:
            logs["steps"] = steps
        if self.times:
            seconds = self.end - self.epoch_start
            trained = self.steps / self.before  # the part of the epoch that was trained here, not before a resumption
            logs.update(step_ms=statistics.median(self.times), samples_per_second=logs["samples"] * trained / seconds)
        if importlib.util.find_spec("resource"):  # Windows has none
            logs["peak_memory_mb"] = peak_memory()
        if tf.config.list_physical_devices("GPU"):
            logs["peak_gpu_memory_mb"] = tf.config.experimental.get_memory_info("GPU:0")["peak"] / 2**20


def peak_memory():
    """The largest resident size of this process so far, in MiB."""
    resource = importlib.import_module("resource")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10  # bytes there, KiB elsewhere
