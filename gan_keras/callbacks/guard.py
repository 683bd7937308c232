"""`Guard`: goes back to the last good state when a training breaks, and on with smaller steps."""

import collections
import math
import statistics

import keras

from gan_keras.callbacks.events import Events
from gan_keras.training.rollback import Snapshot, check_rates, not_finite, set_schedules, shrink_numbers, shrink_schedules

# --- `Divergence`: whether a norm has left its usual size for good.

FACTOR = 1000.0
"""How many times the median of the batches before a norm has to be. From epoch to epoch healthy trainings of points and small
images moved by less than 10, one with 100 times the learning rates by up to 100,000 (`benchmarks/guards.py`)."""

PATIENCE = 20
"""How many batches in a row: the norm of a healthy training leaps, but it comes back."""

MEMORY, LEAST = 200, 50  # batches that the median is of, and the fewest


class Divergence:
    """Follows a norm, batch by batch, by its running mean over the epoch, which is what callbacks are told.

    Batches that may be a part of a divergence do not move the median.
    """

    def __init__(self):
        self.recent, self.high = collections.deque(maxlen=MEMORY), 0
        self.begin_mean(0)

    def begin_mean(self, batch):
        """Called when the running mean begins anew; `batch` is the next one."""
        self.first, self.seen, self.sum = batch, 0, 0.0

    def observe(self, batch, mean):
        """Takes the running mean after a batch: returns how often the last norm exceeds the median, if that is a divergence."""
        num = batch + 1 - self.first
        norm = (num * mean - self.sum) / (num - self.seen)
        self.seen, self.sum = num, num * mean
        usual = statistics.median(self.recent) if len(self.recent) >= LEAST else 0.0
        if usual <= 0.0 or norm <= FACTOR * usual:
            self.high = 0
            self.recent.append(norm)
            return None
        self.high += 1
        return norm / usual if self.high >= PATIENCE else None

    def get_state(self):
        """What it knows, as JSON can hold it."""
        mean = {"first": self.first, "seen": self.seen, "sum": self.sum}
        return {"recent": list(self.recent), "high": self.high, "mean": mean}

    def set_state(self, state):
        self.recent, self.high = collections.deque(state["recent"], maxlen=MEMORY), state["high"]
        self.first, self.seen, self.sum = (state["mean"][name] for name in ("first", "seen", "sum"))


# --- `Guard`: goes back to the last good state when a training breaks, and on with smaller steps.

SHRINKING = 0.5
"""What both learning rates are multiplied by after a failure."""


class TrainingFailed(RuntimeError):
    """A training broke again and again. What it had reached is kept."""


class Guard(keras.callbacks.Callback):
    """Watches the norms of the gradients after each batch and all variables at the end of each epoch.

    Where one is not finite, or a norm has diverged (`Divergence`), everything that shapes training (`Snapshot`) is set back to
    the start of the epoch, or of the last one that began with finite numbers; both learning rates are halved, and training
    goes on with the next batch: no batch is repeated. After `rollbacks` of these the next failure ends `fit`, with the last
    good state in the model. Stands first in the list of callbacks, before those that judge or save the model.

    Args:
        events: The `Events` that tell what was done; None makes one that prints.
        rollbacks: How often at most, >= 0.

    Attributes:
        failure: Why training was given up, a line; None while it was not.

    Raises:
        ValueError: If `rollbacks` is negative; when `fit` begins, if the GAN is not finite as it is, or if a learning rate is
            neither a number nor a schedule.
    """

    def __init__(self, events=None, rollbacks=3):
        super().__init__()
        if rollbacks < 0:
            raise ValueError(f"rollbacks={rollbacks}. Expected at least 0; 0 gives up at the first failure.")
        self.events, self.most = Events() if events is None else events, rollbacks
        self.failure, self.num, self.factor = None, 0, 1.0
        self.norms, self.stage = {"d_norm": Divergence(), "g_norm": Divergence()}, None

    def on_train_begin(self, logs=None):
        check_rates(self.model)
        self.failure, self.epoch = None, None
        if names := not_finite(self.model):
            raise ValueError(
                f"The GAN is not finite in {listed(names)}. Expected finite numbers to train on: build or load another."
            )
        self.good, self.good_factor, self.good_epoch = Snapshot(self.model), self.factor, 0

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self.epoch:  # a training that goes on within an epoch knows how it began
            return
        self.events.begin(epoch)
        self.epoch, stage = epoch, self.model.stage_of(epoch)
        if stage != self.stage:  # another stage trains by other losses
            self.norms, self.stage = {name: Divergence() for name in self.norms}, stage
        for norm in self.norms.values():
            norm.begin_mean(0)
        if names := not_finite(self.model):  # something between two epochs has spoilt them
            self.roll_back(None, "not finite", f"in {listed(names)}")
        self.good, self.good_factor, self.good_epoch = Snapshot(self.model), self.factor, epoch

    def on_train_batch_end(self, batch, logs=None):
        strange = [f"{name} is {value:g}" for name, value in logs.items() if not math.isfinite(value)]
        if strange:
            self.roll_back(batch, "not finite", ", ".join(strange))
            return
        for name, norm in self.norms.items():
            ratio = norm.observe(batch, float(logs[name])) if name in logs else None
            if ratio is not None:
                self.roll_back(batch, "divergence", f"{name} is {ratio:.0f} times what it was")
                return

    def on_epoch_end(self, epoch, logs=None):
        if names := not_finite(self.model):
            self.roll_back(None, "not finite", f"in {listed(names)}")

    def roll_back(self, batch, kind, seen):
        self.good.restore(self.model)
        self.begin_means(batch)
        place = f"went back to the start of epoch {self.good_epoch + 1}"
        if self.num >= self.most:
            self.failure = f"Training was given up in epoch {self.epoch + 1}, after {self.num} rollbacks: {seen}."
            self.model.stop_training = True
            self.events.add(self.epoch, batch, kind, seen, f"{place} and gave up")
            return
        self.num, self.factor = self.num + 1, self.factor * SHRINKING
        shrink_numbers(self.model, self.factor / self.good_factor)  # the good state holds the rates of its time
        shrink_schedules(self.model, SHRINKING)
        self.events.add(self.epoch, batch, kind, seen, f"{place}, learning rates times {self.factor:g} from now on")

    def begin_means(self, batch):
        """What was measured in the epoch so far is spoilt; only the count of samples goes on."""
        for metric in self.model.metrics:
            if isinstance(metric, keras.metrics.Mean):
                metric.reset_state()
        for norm in self.norms.values():
            norm.begin_mean(0 if batch is None else batch + 1)
            norm.high = 0

    @property
    def has_ended(self):
        """Whether it has ended the training."""
        return self.failure is not None

    def get_state(self):
        """What a training that goes on has to know, the good state with it: what JSON can hold, and arrays."""
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
        """Goes on from `get_state`. Called after `on_train_begin`, when the model holds what was saved with it.

        Learning rates that are numbers were saved with the model, shrunk as they are; schedules get their factor.
        """
        self.num, self.factor, self.stage, self.epoch = (state[name] for name in ("rollbacks", "factor", "stage", "epoch"))
        self.failure = state["failure"]
        self.good_epoch, self.good_factor = state["good"]["epoch"], state["good"]["factor"]
        self.good.values = state["good"]["values"]
        set_schedules(self.model, self.factor)
        for name, norm in self.norms.items():
            norm.set_state(state["norms"][name])
        self.events.set_rows(state["events"])


def listed(names, most=3):
    """The first names, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
