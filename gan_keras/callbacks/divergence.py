"""`Divergence`: whether a norm has left its usual size for good."""

import collections
import statistics

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
