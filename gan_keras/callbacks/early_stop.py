"""`EarlyStop`: ends a training whose quality has long ceased to rise."""

import math
import warnings

from gan_keras.callbacks.judge import Judge


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
