"""`Guard`: rolls a failing training back to its last good state and continues with smaller learning rates."""

import collections
import math
import statistics

import keras

from gan_keras.callbacks.history import Events
from gan_keras.training.rollback import Snapshot, check_rates, not_finite, set_schedules, shrink_numbers, shrink_schedules

FACTOR = 1000.0
"""A norm diverges if it exceeds this multiple of the median of previous batches. From epoch to epoch, norms of healthy
trainings of points and small images changed by a factor below 10; with 100 times the learning rates, by up to 100,000
(`benchmarks/guards.py`)."""

PATIENCE = 20
"""Number of consecutive batches that must exceed it: norms of healthy trainings jump, but return."""

MEMORY, MIN_BATCHES = 200, 50  # maximum and minimum number of batches in the median

SHRINKING = 0.5
"""Factor for both learning rates after a failure."""


class TrainingFailed(RuntimeError):
    """A training failed repeatedly. Its last good state is kept."""


class Divergence:
    """Detects that a gradient norm has diverged, from the running mean over the epoch that callbacks receive.

    Batches that may belong to a divergence do not affect the median.
    """

    def __init__(self):
        self.recent, self.high = collections.deque(maxlen=MEMORY), 0
        self.begin_mean(0)

    def begin_mean(self, batch):
        """Starts a new running mean at `batch`."""
        self.first, self.seen, self.sum = batch, 0, 0.0

    def observe(self, batch, mean):
        """Takes the running mean after a batch; returns the last norm as a multiple of the median if it has diverged."""
        num = batch + 1 - self.first
        norm = (num * mean - self.sum) / (num - self.seen)
        self.seen, self.sum = num, num * mean
        usual = statistics.median(self.recent) if len(self.recent) >= MIN_BATCHES else 0.0
        if usual <= 0.0 or norm <= FACTOR * usual:
            self.high = 0
            self.recent.append(norm)
            return None
        self.high += 1
        return norm / usual if self.high >= PATIENCE else None

    def get_state(self):
        """Returns the state as JSON values."""
        mean = {"first": self.first, "seen": self.seen, "sum": self.sum}
        return {"recent": list(self.recent), "high": self.high, "mean": mean}

    def set_state(self, state):
        self.recent, self.high = collections.deque(state["recent"], maxlen=MEMORY), state["high"]
        self.first, self.seen, self.sum = (state["mean"][name] for name in ("first", "seen", "sum"))


class Guard(keras.callbacks.Callback):
    """Checks gradient norms after each batch and all variables after each epoch, and rolls failures back.

    If a value is not finite, or a norm has diverged (`Divergence`), every variable that affects training (`Snapshot`) is
    restored to the start of the epoch, or of the last epoch that started with finite values. Both learning rates are halved,
    and training continues with the next batch: no batch is repeated. After `rollbacks` rollbacks, the next failure ends `fit`
    with the last good state in the model. Place it first in the list, before callbacks that judge or save the model.

    Args:
        events: `Events` that record what was done; None creates one that prints.
        rollbacks: Maximum number of rollbacks, >= 0.

    Attributes:
        failure: Reason for giving up, a line; None otherwise.

    Raises:
        ValueError: If `rollbacks` is negative. By `fit`, if the GAN is not finite at the start, or if a learning rate is
            neither a number nor a schedule.
    """

    def __init__(self, events=None, rollbacks=3):
        super().__init__()
        if rollbacks < 0:
            raise ValueError(f"rollbacks={rollbacks}. Expected at least 0; 0 gives up at the first failure.")
        self.events, self.max_rollbacks = Events() if events is None else events, rollbacks
        self.failure, self.num, self.factor = None, 0, 1.0
        self.norms, self.stage = {"d_norm": Divergence(), "g_norm": Divergence()}, None

    def on_train_begin(self, logs=None):
        check_rates(self.model)
        self.failure, self.epoch = None, None
        if names := not_finite(self.model):
            raise ValueError(f"The GAN is not finite in {_listed(names)}. Expected finite weights: build or load another GAN.")
        self.good, self.good_factor, self.good_epoch = Snapshot(self.model), self.factor, 0

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self.epoch:  # a training resumed within an epoch has the state of its start
            return
        self.events.begin(epoch)
        self.epoch, stage = epoch, self.model.stage_of(epoch)
        if stage != self.stage:  # other stages have other losses
            self.norms, self.stage = {name: Divergence() for name in self.norms}, stage
        for norm in self.norms.values():
            norm.begin_mean(0)
        if names := not_finite(self.model):  # something changed them between two epochs
            self.roll_back(None, "not finite", f"in {_listed(names)}")
        self.good, self.good_factor, self.good_epoch = Snapshot(self.model), self.factor, epoch

    def on_train_batch_end(self, batch, logs=None):
        strange = [f"{name} is {value:g}" for name, value in logs.items() if not math.isfinite(value)]
        if strange:
            self.roll_back(batch, "not finite", ", ".join(strange))
            return
        for name, norm in self.norms.items():
            ratio = norm.observe(batch, float(logs[name])) if name in logs else None
            if ratio is not None:
                self.roll_back(batch, "divergence", f"{name} is {ratio:.0f} times its median")
                return

    def on_epoch_end(self, epoch, logs=None):
        if names := not_finite(self.model):
            self.roll_back(None, "not finite", f"in {_listed(names)}")

    def roll_back(self, batch, kind, seen):
        self.good.restore(self.model)
        self.begin_means(batch)
        place = f"rolled back to the start of epoch {self.good_epoch + 1}"
        if self.num >= self.max_rollbacks:
            self.failure = f"Training was given up in epoch {self.epoch + 1}, after {self.num} rollbacks: {seen}."
            self.model.stop_training = True
            self.events.add(self.epoch, batch, kind, seen, f"{place} and gave up")
            return
        self.num, self.factor = self.num + 1, self.factor * SHRINKING
        shrink_numbers(self.model, self.factor / self.good_factor)  # the good state includes its own rates
        shrink_schedules(self.model, SHRINKING)
        self.events.add(self.epoch, batch, kind, seen, f"{place}, learning rates times {self.factor:g} from now on")

    def begin_means(self, batch):
        """Discards what the epoch has measured so far, except the number of samples."""
        for metric in self.model.metrics:
            if isinstance(metric, keras.metrics.Mean):
                metric.reset_state()
        for norm in self.norms.values():
            norm.begin_mean(0 if batch is None else batch + 1)
            norm.high = 0

    @property
    def has_ended(self):
        """True once this callback has ended the training."""
        return self.failure is not None

    def get_state(self):
        """Returns the state of a training to resume, the good state included, as JSON values and arrays."""
        return {
            "failure": self.failure,
            "rollbacks": self.num,
            "factor": self.factor,
            "stage": self.stage,
            "epoch": self.epoch,
            "norms": {name: norm.get_state() for name, norm in self.norms.items()},
            "events": self.events.rows,
            "good": {"epoch": self.good_epoch, "factor": self.good_factor, "values": self.good.values},
        }

    def set_state(self, state):
        """Restores the result of `get_state`, after `on_train_begin`, when the model has been loaded.

        Learning rates that are numbers were saved with the model, already reduced; schedules get their factor here.
        """
        self.num, self.factor, self.stage, self.epoch = (state[name] for name in ("rollbacks", "factor", "stage", "epoch"))
        self.failure = state["failure"]
        self.good_epoch, self.good_factor = state["good"]["epoch"], state["good"]["factor"]
        self.good.values = state["good"]["values"]
        set_schedules(self.model, self.factor)
        for name, norm in self.norms.items():
            norm.set_state(state["norms"][name])
        self.events.set_rows(state["events"])


def _listed(names, max_names=3):
    """Returns the first names and the number of others."""
    more = f" and {len(names) - max_names} more" if len(names) > max_names else ""
    return ", ".join(names[:max_names]) + more
