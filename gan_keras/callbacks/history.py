"""Records of a training: `History` (`history.csv`), `Events` (`events.csv`), lines of progress, and the cost of each epoch."""

import collections
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
from gan_keras.training.console import Console, duration
from gan_keras.training.time_budget import UNMEASURED_STEPS, TimeLeft


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

SCORES = ("val_gain", "val_frechet", "val_fid")
"""Logged scores that tell how good an epoch is; others are in `history.csv` only."""

RECENT = 200  # steps whose median tells how long an epoch takes
BAR = 6, 20  # columns of the bar itself: it gives way to the values


class Progress(keras.callbacks.Callback):
    """Shows the progress of a training: on a terminal a bar by step, and everywhere a line per epoch with the remaining time.

    Both show what the current stage measures: losses of the networks, losses of the GAN's own, and scores of the epoch. Place it
    last in the list of callbacks and pass `verbose=0` to `fit`.

    Args:
        console: A `training.console.Console`, or a function that is called with each line; None prints.
        plan: Measured costs, a `training.time_budget.Plan`; without it, the remaining time is known after some steps.
        scoring: Callbacks of the training; those with an attribute `every` above 1 make the last epoch and every `every`-th
            longer.
    """

    def __init__(self, console=None, plan=None, scoring=()):
        super().__init__()
        self.console = console if isinstance(console, Console) else Console(console)
        self.plan, self.intervals = plan, [each.every for each in scoring if (getattr(each, "every", None) or 0) > 1]
        self.time_left = self.stage = None

    def on_train_begin(self, logs=None):
        self.time_left, self.stage, self.used, self.names = None, None, set(), names_of(self.model)
        self.epoch_start = time.monotonic()

    def kinds(self):
        """Returns the stage of each epoch, and whether it is scored."""
        total = self.params["epochs"]
        return [(self.model.stage_of(each), self.is_scored(each + 1, total)) for each in range(total)]

    def is_scored(self, number, total):
        return bool(self.intervals) and (number == total or any(number % every == 0 for every in self.intervals))

    def on_epoch_begin(self, epoch, logs=None):
        if self.time_left is None:
            self.time_left = TimeLeft(self.kinds(), self.plan)
        stage = self.model.stage_of(epoch)
        if stage != self.stage:
            self.stage, self.used, self.times = stage, set(), collections.deque(maxlen=RECENT)
            self.compiling = []
        self.epoch, self.step, self.logs = epoch, 0, {}
        self.step_start = self.epoch_start
        self.console.follow(self.doing)

    def on_train_batch_end(self, batch, logs=None):
        now, steps = time.monotonic(), self.params["steps"]
        times = self.times if len(self.compiling) == UNMEASURED_STEPS else self.compiling
        times.append((now - self.step_start) / max(1, batch + 1 - self.step))
        self.step_start, self.step, self.logs = now, batch + 1, self.measured(logs)
        if steps and self.times:
            self.time_left.step(self.epoch, steps * statistics.median(self.times))
        self.console.draw(self.bar)
        self.console.beat()

    def on_epoch_end(self, epoch, logs=None):
        seconds = time.monotonic() - self.epoch_start
        compiling = sum(self.compiling) - len(self.compiling) * statistics.median(self.times) if self.times else 0.0
        self.time_left.finish(epoch, seconds, max(0.0, compiling))
        values, took = ", ".join(texts_of(self.measured(logs))), [f"{seconds:.0f} s"]
        if epoch + 1 < self.params["epochs"] and not self.model.stop_training:
            took.append(text_of(self.time_left.left(epoch + 1)))
        self.console(f"{self.title()}: {values}{' ' * bool(values)}({', '.join(filter(None, took))})")
        self.epoch_start = time.monotonic()

    def on_train_end(self, logs=None):
        self.console.follow("Finishing the training")

    def measured(self, logs):
        """Returns the values that the stage uses, by name. What it does not measure stays 0 throughout."""
        found = {name: float(logs[name]) for name in self.names if name in (logs or {})}
        self.used.update(name for name, value in found.items() if value != 0.0)
        return {name: value for name, value in found.items() if name in self.used}

    def left(self):
        """Returns the seconds left in the middle of an epoch, or None."""
        steps = self.params["steps"]
        return self.time_left.left(self.epoch, time.monotonic() - self.epoch_start, 1.0 - self.step / steps if steps else 0.0)

    def title(self):
        return f"epoch {self.epoch + 1}/{self.params['epochs']}, {self.stage}"

    def doing(self):
        """Returns the heartbeat: what the epoch is at."""
        steps = self.params["steps"]
        if self.console.is_terminal and self.step != steps:
            return self.bar(self.console.width)
        if steps and self.step >= steps:
            now = f"{self.step} steps done, validating and scoring for {duration(time.monotonic() - self.step_start)}"
        else:
            now = ", ".join([f"step {self.step}" + (f"/{steps}" if steps else ""), *texts_of(self.logs)])
        return f"{self.title()}: {now}" + (f" ({left})" if (left := text_of(self.left())) else "")

    def bar(self, width):
        """Returns a line with a bar; values for which it has no room are left out."""
        steps, shown = self.params["steps"], texts_of(self.logs, "#.3g")
        start = self.title()
        ends = [
            f"{self.step:>{len(str(steps))}}/{steps}" if steps else f"step {self.step}",
            *shown,
            *filter(None, [text_of(self.left())]),
        ]
        while (room := width - len(start) - len(", ".join(ends)) - 4) < BAR[0] and shown:
            ends.remove(shown.pop())
        room = max(0, min(room, BAR[1]))
        done = round(room * self.step / steps) if steps else 0
        bar = f" [{'=' * done}{' ' * (room - done)}]" if steps and room else ""
        return f"{start}{bar} {', '.join(ends)}"[:width]


def names_of(gan):
    """Returns the logged names that tell how a training of a GAN goes: losses, further ones of its own, and scores."""
    own = [metric.name for metric in (*gan.step_metrics.more, *gan.sample_metrics)]
    return ["d_loss", "g_loss", *own, *(f"val_{name}" for name in own), *SCORES]


def texts_of(values, digits=".4g"):
    """Returns texts such as `d_loss 0.6931`, a list."""
    return [f"{name} {value:{digits}}" for name, value in values.items()]


def text_of(left):
    """Returns a text such as `about 3 min left`; an empty one for None."""
    return "" if left is None else f"about {duration(left)} left"


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
