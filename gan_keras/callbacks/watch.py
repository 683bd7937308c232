"""`Watch`: tells as an epoch ends what is going wrong, and ends a training that stays collapsed."""

from gan_keras import diagnosis
from gan_keras.callbacks.judge import Judge

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
        now, before = diagnosis.seen_now(rows), diagnosis.seen_now(rows[:-1])
        for rule, seen in now.items():
            if rule not in before:
                self.events.add(epoch, None, rule.kind, seen, f"training goes on. {rule.meaning} {rule.advice}".rstrip("."))
        for rule, seen in now.items():
            if rule.kind == FATAL and self.has_lasted(rule, rows):
                self.stop(epoch, rule.kind, f"{seen}, for {self.patience} epochs")

    def has_lasted(self, rule, rows):
        ends = range(len(rows) - self.patience, len(rows))
        return self.patience > 0 and ends[0] >= 0 and all(rule in diagnosis.seen_now(rows[: end + 1]) for end in ends)
