"""`Watch`: tells as an epoch ends what is going wrong, and ends a training that stays collapsed."""

import math
import warnings

import keras

from gan_keras.callbacks.events import Events
from gan_keras.diagnosis import rules

# --- `Judge`: base of callbacks that decide by the rows of the history.


class Judge(keras.callbacks.Callback):
    """Calls `judge(epoch, rows)` of a subclass with the rows up to an epoch as it ends.

    What is decided by rows alone is decided again in the same way when an interrupted training goes on.

    Args:
        events: The `Events` that tell of it; None makes one that prints.
        history: The `callbacks.history.History`, before this one in the list of callbacks, whose rows are judged; None keeps
            rows of its own, which end with the process.

    Attributes:
        has_ended: Whether it has ended the training.
    """

    def __init__(self, events=None, history=None):
        super().__init__()
        self.events, self.history, self.own = Events() if events is None else events, history, []
        self.has_ended = False

    def on_train_begin(self, logs=None):
        self.has_ended = False

    def on_epoch_end(self, epoch, logs=None):
        if self.history is None:
            values = {name: float(value) for name, value in (logs or {}).items()}
            row = {"epoch": epoch + 1, "stage": self.model.stage_of(epoch), **values}
            self.own = [row for row in self.own if row["epoch"] <= epoch] + [row]
        self.judge(epoch, self.own if self.history is None else self.history.rows)

    def judge(self, epoch, rows):
        raise NotImplementedError

    def stop(self, epoch, kind, seen):
        self.model.stop_training = self.has_ended = True
        self.events.add_end(epoch, kind, seen)

    def get_state(self):
        """For `callbacks.Checkpoint`."""
        return {"rows": self.own, "has_ended": self.has_ended}

    def set_state(self, state):
        self.own, self.has_ended = state["rows"], state["has_ended"]


# --- `EarlyStop`: ends a training whose quality has long ceased to rise.


class EarlyStop(Judge):
    """Ends training after some scorings in a row without a new best one.

    Unlike `keras.callbacks.EarlyStopping` it decides by the rows of the history alone, so that a training that was interrupted
    ends at the same epoch; epochs without a score do not count; and no weights are given back: `Quality` and `KeepBest` do that.
    Losses tell nothing here: those of the two networks move against each other. Stands in the list after callbacks that score.

    Args:
        monitor: What is logged and watched, such as `"val_frechet"`.
        mode: `"min"` if less is better, else `"max"`.
        patience: Scorings without a better one, >= 1; 0 for never.
        events: See `Judge`.
        history: See `Judge`.

    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(self, monitor="val_frechet", mode="min", patience=20, events=None, history=None):
        super().__init__(events, history)
        if mode not in ("min", "max") or patience < 0:
            raise ValueError(f"mode={mode!r}, patience={patience}. Expected 'min' or 'max', and scorings >= 1 or 0 for never.")
        self.monitor, self.sign, self.patience = monitor, 1.0 if mode == "min" else -1.0, patience

    def on_train_end(self, logs=None):
        if self.patience and self.own and not any(self.monitor in row for row in self.own):
            warnings.warn(
                f"{self.monitor} was never logged, so that EarlyStop had nothing to watch. Expected a callback that logs it, as "
                f"Quality does, before EarlyStop in the list; what was logged is {', '.join(self.own[-1])}.",
                stacklevel=2,
            )

    def judge(self, epoch, rows):
        if not self.patience or rows[-1].get(self.monitor) in (None, ""):
            return
        scored = [(row["epoch"], float(row[self.monitor])) for row in rows if row.get(self.monitor) not in (None, "")]
        losses = [math.inf if math.isnan(score) else self.sign * score for _, score in scored]
        best = losses.index(min(losses))
        if len(scored) - 1 - best >= self.patience:
            place, score = scored[best]
            seen = f"{self.monitor} {scored[-1][1]:.4g}, no better than {score:.4g} of epoch {place} in {self.patience} scorings"
            self.stop(epoch, "early stop", seen)


# --- `Watch`: tells as an epoch ends what is going wrong, and ends a training that stays collapsed.


FATAL = "collapse"
"""The finding that ends a training once it has lasted."""


class Watch(Judge):
    """Asks the rules of `diagnosis` after each epoch; a finding is told when it begins, and again only after it has ended.

    Few generators come back from a collapse that lasts, so that training ends; callbacks such as `Quality` and `KeepBest` then
    give back the best weights. Stands in the list after callbacks that score.

    Args:
        events: See `Judge`.
        history: See `Judge`.
        patience: Epochs of collapse in a row after which training ends, >= 1; 0 for never.

    Raises:
        ValueError: If `patience` is negative.
    """

    def __init__(self, events=None, history=None, patience=5):
        super().__init__(events, history)
        if patience < 0:
            raise ValueError(f"patience={patience}. Expected epochs >= 1, or 0 for never.")
        self.patience = patience

    def judge(self, epoch, rows):
        now, before = rules.seen_now(rows), rules.seen_now(rows[:-1])
        for rule, seen in now.items():
            if rule not in before:
                self.events.add(epoch, None, rule.kind, seen, f"training goes on. {rule.meaning} {rule.advice}".rstrip("."))
        for rule, seen in now.items():
            if rule.kind == FATAL and self.has_lasted(rule, rows):
                self.stop(epoch, rule.kind, f"{seen}, for {self.patience} epochs")

    def has_lasted(self, rule, rows):
        ends = range(len(rows) - self.patience, len(rows))
        return self.patience > 0 and ends[0] >= 0 and all(rule in rules.seen_now(rows[: end + 1]) for end in ends)
