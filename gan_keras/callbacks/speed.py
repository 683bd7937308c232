"""`Speed`: what a step costs, and how much memory training has taken."""

import importlib
import importlib.util
import statistics
import sys
import time

import keras
import tensorflow as tf

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
