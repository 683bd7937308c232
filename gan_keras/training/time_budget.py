"""Time budget: measures the cost of a step before training and computes how many epochs of each stage fit."""

import collections
import time

import keras
import numpy as np

MEASURED_STEPS = 12
UNMEASURED_STEPS = 2  # the first steps compile the graph: one for a fixed shape, one for any shape
MIN_EPOCHS = 10  # of a training with a time limit: each epoch gives a sample and a point of the curves
SPARE = 0.9  # share of the time that is planned, as machines may slow down


def share_epochs(epochs, total):
    """Splits `total` epochs among the stages in the proportion of `epochs`; each stage gets one before any gets more."""
    wanted = {stage: num * (total // sum(epochs.values()) + 1) for stage, num in epochs.items()}
    return allot(wanted, dict.fromkeys(epochs, 1.0), total)


def allot(wanted, seconds, budget):
    """Returns the epochs of each stage that fit into a budget.

    Args:
        wanted: Maximum epochs of each stage, which also give the proportion.
        seconds: Seconds per epoch of each stage.
        budget: Seconds available for all stages.

    Returns:
        Dictionary from stage to epochs: at least one epoch in total, at most `wanted`.
    """
    given, unfinished = dict.fromkeys(wanted, 0), list(wanted)
    while unfinished:
        unfinished = [stage for stage in unfinished if given[stage] < wanted[stage]]
        stage = min(unfinished, key=lambda stage: given[stage] / wanted[stage], default=None)
        spent = sum(given[each] * seconds[each] for each in given)
        if stage is not None and (spent + seconds[stage] <= budget or not any(given.values())):
            given[stage] += 1
        elif stage is not None:
            unfinished.remove(stage)  # too expensive: other stages get the rest
    return given


def epochs_within(budget, step, max_steps):
    """Returns the number of epochs that fill a budget, and the steps per epoch.

    An epoch is a pass over the data of `max_steps` steps, or shorter if fewer than `MIN_EPOCHS` passes fit. `budget` and `step`
    are the seconds available and per step.
    """
    steps = max(1, min(max_steps, int(budget / MIN_EPOCHS / step)))
    return max(1, int(budget / (steps * step))), steps


def measure_steps(gan, batches, epochs):
    """Trains a GAN for `MEASURED_STEPS` steps in each of `epochs` epochs and returns the `Stopwatch` that timed them."""
    stopwatch = Stopwatch()
    gan.fit(batches.repeat().take(MEASURED_STEPS), epochs=epochs, callbacks=[stopwatch], verbose=0, shuffle=False)
    return stopwatch


class Stopwatch(keras.callbacks.Callback):
    """Times every step, by stage."""

    def __init__(self):
        super().__init__()
        self.steps = collections.defaultdict(list)

    def on_epoch_begin(self, epoch, logs=None):
        self.stage = self.model.stage_of(epoch)

    def on_train_batch_begin(self, batch, logs=None):
        self.start = time.monotonic()

    def on_train_batch_end(self, batch, logs=None):
        self.steps[self.stage].append(time.monotonic() - self.start)

    def mean(self, stage):
        """Returns the mean seconds per step, without the steps that compile; 0 for a stage without steps."""
        steps = self.steps[stage]
        return float(np.mean(steps[UNMEASURED_STEPS:] or steps)) if steps else 0.0


def describe(epochs, seconds, overhead):
    """Returns a text such as `about 12 min: 10 pretraining epochs of 31 s, 3 adversarial epochs of 110 s`.

    `epochs` and `seconds` per epoch are by stage; `overhead` is in seconds.
    """
    total = overhead + sum(num * seconds[stage] for stage, num in epochs.items())
    parts = [f"{num} {stage} epoch{'s' * (num != 1)} of {seconds[stage]:.0f} s" for stage, num in epochs.items() if num]
    return f"about {duration(total)}: {', '.join(parts)}"


def duration(seconds):
    """Returns a text such as `40 s`, `12 min` or `2 h 5 min`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
