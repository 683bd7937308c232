"""What a training costs, measured before it begins, and how many epochs of each stage fit into a time."""

import time

import keras
import numpy as np

from gan_keras.data import text_batches
from gan_keras.presets import STAGES

MEASURED_STEPS = 12
UNMEASURED_STEPS = 2  # The first steps compile the graph: one for a shape, one for all shapes.
SPARE = 0.9  # Share of the time that is planned: machines slow down.
# Epochs with a discriminator are rated (`callbacks.KeepBest`) by one draw and the best of four, against the baseline at six
# temperatures, which are drawn once.
CALIBRATION_DRAFTS, RATING_POINTS, BASELINE_POINTS = 4096, 5, 6
PILOT_DRAFTS = 256


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


def measure(preset, lines, labels=None, seed=0):
    """Trains a throw-away copy for some steps of each stage.

    Returns:
        Seconds of an epoch by stage, and seconds that the training takes besides (to compile, to calibrate).
    """
    epochs = {stage: min(num, 1) for stage, num in preset.stage_epochs.items()}
    gan = preset.with_stage_epochs(epochs).build(lines, labels, seed)
    batches = text_batches(lines, gan.codec, preset.batch_size, labels, seed)
    stopwatch, start = Stopwatch(), time.monotonic()
    some = batches.repeat().take(MEASURED_STEPS)
    gan.fit(some, epochs=sum(epochs.values()), callbacks=[stopwatch], verbose=0, shuffle=False)
    draft = seconds_per_draft(gan) if sum(epochs.values()) > epochs[STAGES[0]] else 0.0
    besides = time.monotonic() - start - sum(MEASURED_STEPS * stopwatch.mean_step(stage) for stage in STAGES)
    seconds = {stage: int(batches.cardinality()) * stopwatch.mean_step(stage) for stage in STAGES}
    for stage in STAGES[1:]:
        seconds[stage] += (CALIBRATION_DRAFTS + RATING_POINTS * preset.rating_samples) * draft
    return seconds, max(besides, 0.0) + BASELINE_POINTS * preset.rating_samples * draft


def seconds_per_draft(gan):
    """Seconds to write a sentence, many at a time."""
    for _ in range(2):  # the first time builds the graph
        start = time.monotonic()
        gan.generate(PILOT_DRAFTS)
    return (time.monotonic() - start) / PILOT_DRAFTS


class Stopwatch(keras.callbacks.Callback):
    """Takes the time of every step, by the stage of a `TextGAN`."""

    def __init__(self):
        super().__init__()
        self.steps = {stage: [] for stage in STAGES}

    def on_train_batch_begin(self, batch, logs=None):
        self.start = time.monotonic()

    def on_train_batch_end(self, batch, logs=None):
        self.steps[self.model.stage].append(time.monotonic() - self.start)

    def mean_step(self, stage):
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
