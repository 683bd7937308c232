"""Time budget: measures the cost of a step before training, computes how many epochs of each stage fit, and what is left."""

import collections
import math
import statistics
import time
from typing import NamedTuple

import keras
import numpy as np

from gan_keras.training.console import duration

MEASURED_STEPS = 12
UNMEASURED_STEPS = 2  # the first steps compile the graph: one for a fixed shape, one for any shape
MIN_EPOCHS = 10  # of a training with a time limit: each epoch gives a sample and a point of the curves
MIN_UPDATES = 50  # of a training with a time limit: with fewer, the networks learn nothing
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
    stopwatch, measured = Stopwatch(), batches.repeat().take(MEASURED_STEPS)
    if hasattr(batches, "privacy"):  # they are still Poisson samples
        measured.privacy = batches.privacy
    gan.fit(measured, epochs=epochs, callbacks=[stopwatch], verbose=0, shuffle=False)
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


class Plan(NamedTuple):
    """Measured costs of a training in seconds.

    Attributes:
        seconds: Dictionary from stage to seconds per epoch; empty if nothing was measured.
        scoring: Further seconds of an epoch that is scored.
        overhead: Seconds for building, compiling and other work that happens once.
    """

    seconds: dict
    scoring: float = 0.0
    overhead: float = 0.0


class TimeLeft:
    """Seconds that a training still takes: from the epochs that have finished and, as long as there are none, from its plan.

    Epochs of one kind cost the median of those that have finished, without the first epoch of a stage, which compiles. A scored
    epoch costs as much more as scored epochs have cost so far, in any stage.

    Args:
        kinds: The kind of each epoch, from the training's first on: its stage, and whether it is scored.
        plan: A `Plan`.
    """

    def __init__(self, kinds, plan=None):
        self.kinds, self.plan = kinds, plan or Plan({})
        self.finished, self.first, self.stepped = collections.defaultdict(list), {}, {}

    def step(self, epoch, seconds):
        """Takes the seconds that all steps of an epoch take, as those so far predict them."""
        self.stepped[self.kinds[epoch][0]] = seconds

    def finish(self, epoch, seconds, compiling=0.0):
        """Takes the seconds of a finished epoch, and how many of them its first steps took for compiling."""
        stage, is_scored = self.kinds[epoch]
        if stage in self.first:
            self.finished[stage, is_scored].append(seconds)
        else:
            self.first[stage] = seconds - compiling - is_scored * self.scoring

    @property
    def scoring(self):
        """Seconds that scoring adds to an epoch."""
        both = [stage for stage, is_scored in self.finished if is_scored and self.finished.get((stage, False))]
        costs = [statistics.median(self.finished[stage, True]) - statistics.median(self.finished[stage, False]) for stage in both]
        return max(0.0, statistics.mean(costs)) if costs else self.plan.scoring

    @property
    def slowness(self):
        """How much more than planned the finished epochs have cost, such as 1.1; 1 without any."""
        pairs = [
            (statistics.median(self.finished[stage, False]), self.plan.seconds[stage])
            for stage in self.plan.seconds
            if (stage, False) in self.finished
        ]
        planned = sum(plan for _, plan in pairs)
        return sum(cost for cost, _ in pairs) / planned if planned else 1.0

    def of_kind(self, stage, is_scored):
        """Returns the seconds of an epoch; None if nothing is known about any."""
        scoring = self.scoring
        if (stage, is_scored) in self.finished:
            return statistics.median(self.finished[stage, is_scored])
        plain = self.of_unscored(stage)
        return plain + scoring if is_scored and plain is not None else plain

    def of_unscored(self, stage):
        lowest = self.stepped.get(stage, 0.0)
        if (stage, False) in self.finished:
            return statistics.median(self.finished[stage, False])
        if (stage, True) in self.finished:
            return max(lowest, statistics.median(self.finished[stage, True]) - self.scoring)
        if stage in self.plan.seconds:  # the first epoch may include more that happens only once
            return max(lowest, min(self.slowness * self.plan.seconds[stage], self.first.get(stage, math.inf)))
        if stage in self.first or lowest:
            return self.first.get(stage, lowest)
        return max((self.of_unscored(other) for other in self.first), default=None)  # as dear as the dearest so far

    def left(self, epoch, spent=0.0, share=1.0):
        """Returns the seconds left before the end of the training; None if they cannot be known yet.

        Args:
            epoch: The current epoch, or the next one.
            spent: Seconds since it began.
            share: Share of its steps that are left, in [0, 1].
        """
        if epoch >= len(self.kinds):
            return 0.0
        costs = {kind: self.of_kind(*kind) for kind in set(self.kinds[epoch:])}
        if None in costs.values():
            return None
        further = collections.Counter(self.kinds[epoch + 1 :])
        kind = stage, _ = self.kinds[epoch]
        unseen = {each for each, _ in costs} - {*self.first, *self.stepped}
        compiled = 0.5 if stage in unseen and share < 1.0 else 0.0  # the first step compiles for one shape, the second for any
        compiling = self.plan.overhead * (len(unseen) - compiled) / max(1, len(self.plan.seconds))
        if stage in self.first:
            now = max(share * self.stepped.get(stage, 0.0), costs[kind] - spent)
        else:  # in a stage's first epoch, some of the seconds were spent on compiling
            now = costs[kind] - (1.0 - share) * self.stepped.get(stage, costs[kind])
        return now + sum(num * costs[kind] for kind, num in further.items()) + compiling


def describe(epochs, seconds, overhead):
    """Returns a text such as `about 12 min: 10 pretraining epochs of 31 s, 3 adversarial epochs of 110 s`.

    `epochs` and `seconds` per epoch are by stage; `overhead` is in seconds.
    """
    total = overhead + sum(num * seconds[stage] for stage, num in epochs.items())
    parts = [f"{num} {stage} epoch{'s' * (num != 1)} of {seconds[stage]:.0f} s" for stage, num in epochs.items() if num]
    return f"about {duration(total)}: {', '.join(parts)}"
