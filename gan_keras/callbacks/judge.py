"""`Judge`: base of callbacks that decide by the rows of the history."""

import keras

from gan_keras.callbacks.events import Events


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
