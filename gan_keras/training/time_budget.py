"""What a training costs, measured before it begins, and how many epochs of each stage fit into a time."""

import collections
import time

import keras
import numpy as np

MEASURED_STEPS = 12
UNMEASURED_STEPS = 2  # The first steps compile the graph: one for a shape, one for all shapes.
LEAST_EPOCHS = 10
"""A training by the clock has at least so many: epochs are what samples, curves and checkpoints are made of."""

SPARE = 0.9  # Share of the time that is planned: machines slow down.


def share_epochs(epochs, total):
    """Epochs by stage, in about the proportion of `epochs` and `total` in all; each stage has one before any has more."""
    wanted = {stage: num * (total // sum(epochs.values()) + 1) for stage, num in epochs.items()}
    return allot(wanted, dict.fromkeys(epochs, 1.0), total)


def allot(wanted, seconds, budget):
    """Epochs by stage that fit into a budget.

    Args:
        wanted: Epochs by stage: the most of each, and their proportion.
        seconds: What an epoch of each stage costs.
        budget: What all may cost.

    Returns:
        Epochs by stage, at least one in all, at most those wanted.
    """
    given, unfinished = dict.fromkeys(wanted, 0), list(wanted)
    while unfinished:
        unfinished = [stage for stage in unfinished if given[stage] < wanted[stage]]
        stage = min(unfinished, key=lambda stage: given[stage] / wanted[stage], default=None)
        spent = sum(given[each] * seconds[each] for each in given)
        if stage is not None and (spent + seconds[stage] <= budget or not any(given.values())):
            given[stage] += 1
        elif stage is not None:
            unfinished.remove(stage)  # too dear: the rest goes to the others
    return given


def epochs_within(budget, step, most_steps):
    """Epochs and steps of each that fill a time; a training has at least `LEAST_EPOCHS`, shorter than a pass if need be.

    Args:
        budget: Seconds.
        step: Seconds of a step.
        most_steps: Steps of a pass over the data.
    """
    steps = max(1, min(most_steps, int(budget / LEAST_EPOCHS / step)))
    return max(1, int(budget / (steps * step))), steps


def measure_steps(gan, batches, epochs):
    """Trains a GAN for some steps of each epoch: returns the `Stopwatch` that took their times."""
    stopwatch = Stopwatch()
    some = batches.repeat().take(MEASURED_STEPS)
    gan.fit(some, epochs=epochs, callbacks=[stopwatch], verbose=0, shuffle=False)
    return stopwatch


class Stopwatch(keras.callbacks.Callback):
    """Takes the time of every step, by the stage of the GAN."""

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
        """Mean seconds of a step, without those that compile; 0 for a stage without steps."""
        steps = self.steps[stage]
        return float(np.mean(steps[UNMEASURED_STEPS:] or steps)) if steps else 0.0


def describe(epochs, seconds, besides):
    """`about 12 min: 10 pretraining epochs of 31 s, 1 discriminator epoch of 45 s, 3 adversarial epochs of 110 s`."""
    total = besides + sum(num * seconds[stage] for stage, num in epochs.items())
    parts = [f"{num} {stage} epoch{'s' * (num != 1)} of {seconds[stage]:.0f} s" for stage, num in epochs.items() if num]
    return f"about {duration(total)}: {', '.join(parts)}"


def duration(seconds):
    """`40 s`, `12 min` or `2 h 5 min`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
