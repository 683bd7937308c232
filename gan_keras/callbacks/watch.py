"""Callbacks that judge a training by its history: `Watch` reports findings, `EarlyStop` ends a training without progress."""

import math
import warnings

import keras

from gan_keras.callbacks.history import Events
from gan_keras.diagnosis import rules

FATAL = "collapse"
"""Kind of finding that ends a training if it persists."""


class Judge(keras.callbacks.Callback):
    """Base of callbacks that call `judge(epoch, rows)` after each epoch, with all rows of the history so far.

    Decisions depend on the rows only, so a resumed training decides in the same way.

    Args:
        events: `Events` that record decisions; None creates one that prints.
        history: The `callbacks.history.History` to judge, which must come earlier in the list of callbacks; None keeps
            rows in memory.

    Attributes:
        has_ended: Whether this callback has ended the training.
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
        """Returns the state for `callbacks.Checkpoint`."""
        return {"rows": self.own, "has_ended": self.has_ended}

    def set_state(self, state):
        self.own, self.has_ended = state["rows"], state["has_ended"]


class EarlyStop(Judge):
    """Ends training when the score has not improved for `patience` scores in a row.

    Unlike `keras.callbacks.EarlyStopping`, it decides from the history alone, so that an interrupted training ends at the
    same epoch; it ignores epochs without a score; and it restores no weights, which `Quality` and `KeepBest` do. Do not
    monitor losses: those of the two networks move against each other. Place it after callbacks that score.

    Args:
        monitor: Name of the logged score, such as `"val_frechet"`.
        mode: `"min"` if lower is better, otherwise `"max"`.
        patience: Number of scores without improvement, >= 1; 0 to never end training.
        events: See `Judge`.
        history: See `Judge`.

    Raises:
        ValueError: If an argument is out of range.
    """

    def __init__(self, monitor="val_frechet", mode="min", patience=20, events=None, history=None):
        super().__init__(events, history)
        if mode not in ("min", "max") or patience < 0:
            raise ValueError(f"mode={mode!r}, patience={patience}. Expected 'min' or 'max', and a number >= 1, or 0 for never.")
        self.monitor, self.sign, self.patience = monitor, 1.0 if mode == "min" else -1.0, patience

    def on_train_end(self, logs=None):
        if self.patience and self.own and not any(self.monitor in row for row in self.own):
            warnings.warn(
                f"{self.monitor} was never logged, so EarlyStop had nothing to monitor. Expected a callback that logs it, "
                f"such as Quality, before EarlyStop in the list; logged values are {', '.join(self.own[-1])}.",
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
            seen = f"{self.monitor} {scored[-1][1]:.4g}, no better than {score:.4g} of epoch {place} for {self.patience} scores"
            self.stop(epoch, "early stop", seen)


class Watch(Judge):
    """Applies the rules of `diagnosis` after each epoch and reports each finding when it starts.

    A lasting collapse ends training, because few generators recover from it; `Quality` and `KeepBest` then restore the best
    weights. Place it after callbacks that score.

    Args:
        events: See `Judge`.
        history: See `Judge`.
        patience: Consecutive epochs of collapse that end training, >= 1; 0 to never end it.

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
                self.events.add(epoch, None, rule.kind, seen, f"training continues. {rule.meaning} {rule.advice}".rstrip("."))
        for rule, seen in now.items():
            if rule.kind == FATAL and self.has_lasted(rule, rows):
                self.stop(epoch, rule.kind, f"{seen}, for {self.patience} epochs")

    def has_lasted(self, rule, rows):
        ends = range(len(rows) - self.patience, len(rows))
        return self.patience > 0 and ends[0] >= 0 and all(rule in rules.seen_now(rows[: end + 1]) for end in ends)
