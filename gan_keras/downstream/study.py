"""What augmentation bought: the test score of a downstream model, with and without, at several shares of the real data.

At a share of the data the GAN is trained on that share alone: one that had seen the rest would hand its secrets on.

Reference: [Ravuri and Vinyals, 2019](https://arxiv.org/abs/1905.10887), who found that samples that look real need not help.
"""

import dataclasses
import math
import time

import keras
import numpy as np

from gan_keras.callbacks import AdaptiveAugmentation
from gan_keras.downstream.augment import SEEDS_APART
from gan_keras.downstream.labels import LABELLINGS
from gan_keras.downstream.run import read_labelled_run
from gan_keras.media.safe_files import write_json
from gan_keras.metrics.seeds import paired_interval
from gan_keras.training import time_budget

TREATMENTS = {
    "none": "none",
    "classical": "classical",
    "generated": "generated",
    "both": "generated and classical",
}
"""Titles of what the training set was enlarged by."""

GAINS = {"generated": "none", "classical": "none", "both": "classical"}
"""What is compared with what."""


@dataclasses.dataclass(frozen=True)
class Comparison:
    """What to compare.

    Attributes:
        shares: Percentages of the real training data, in (0, 100].
        seeds: How many seeds, >= 2: of the share that is drawn, of the GAN and of the downstream model.
        minutes: Time for the training of all GANs together.
        ratio: Generated samples for each real one, > 0.
        balanced: Whether generated samples get the labels that are rare: see `augment`.
    """

    shares: tuple[float, ...] = (1.0, 5.0, 20.0, 100.0)
    seeds: int = 3
    minutes: float = 10.0
    ratio: float = 1.0
    balanced: bool = False

    def check(self):
        """Raises `ValueError` unless every field is in its range."""
        if not self.shares or not all(0 < share <= 100 for share in self.shares):
            raise ValueError(f"shares={self.shares}. Expected percentages, more than 0 and at most 100, such as 5,100.")
        if self.seeds < 2:
            raise ValueError(f"seeds={self.seeds}. Expected at least 2: one tells nothing about chance.")
        if not 0 < self.minutes < math.inf or not 0 < self.ratio < math.inf:
            raise ValueError(f"minutes={self.minutes}, ratio={self.ratio}. Expected more than 0.")

    @property
    def num_gans(self):
        return len(self.shares) * self.seeds


def compare_augmentation(run, comparison, data=None, progress=print):
    """Trains GANs and downstream models on shares of a run's training data, and scores the models on test data.

    Every network makes as many updates, whatever its training set was enlarged by; trees grow until they are done.

    Args:
        run: A `Run` of images, tables or series with labels: its preset is the recipe of all GANs.
        comparison: A `Comparison`.
        data: Name or path of test data; None for the run's held-out part.
        progress: Called with every line of progress.

    Returns:
        Dictionary that JSON holds as it is, kept in the run after every share: `shares` (a list: `share`, `num_real`,
        `num_generated`, `gan_updates`, `scores` by treatment, a list over the seeds, and `gains` by treatment), `verdict` (lines
        of text), `protocol`, `settings`.

    Raises:
        ValueError: If an argument is out of its range, or the data have no labels.
    """
    comparison.check()
    laboratory = Laboratory(run, comparison, data, progress)
    laboratory.plan()
    result = {"shares": [], "verdict": [], "protocol": laboratory.protocol(), "settings": dataclasses.asdict(comparison)}
    for share in sorted(comparison.shares):
        part = laboratory.at_share(share)
        result["shares"].append(part)
        result["verdict"] += verdict(part, laboratory.task.metric)
        write_json(run.augmentation_path, result)  # hours may lie behind it, and others before it
    return result


class Laboratory:
    """The data and the clock of a comparison; see `compare_augmentation`."""

    def __init__(self, run, comparison, data, progress):
        self.comparison, self.progress, self.done = comparison, progress, 0
        self.known = read_labelled_run(run)
        self.modality, self.preset, self.training, self.task = (
            getattr(self.known, name) for name in ("modality", "preset", "training", "task")
        )
        test = self.known.held_out if data is None else self.modality.test_part(run, data, self.training)
        self.test_name = "held-out part of the run" if data is None else test.name
        test = self.task.labelled(test)
        if not len(test):
            raise ValueError(f"The test data ({self.test_name}) have no sample with a known label. Expected some.")
        self.test = self.task.samples_of(test), self.task.labels_of(test)

    def plan(self):
        """Measures what a step of a GAN costs, and tells what is to come."""
        num, seconds = self.comparison.num_gans, 60 * self.comparison.minutes
        self.progress(f"Measuring what {num} GANs of {time_budget.duration(seconds / num)} each can learn")
        self.seconds, self.besides = self.modality.measure(self.preset, self.training, 0)
        more = ", more than there is time for: they will learn next to nothing" if self.besides > seconds / num else ""
        self.progress(
            f"{num} GANs for {time_budget.duration(seconds)} in all, of which building takes {self.besides:.0f} s each{more}. "
            f"Besides {num * len(TREATMENTS)} downstream models ({self.task.model}): what these cost is told after the first."
        )
        self.begun = time.monotonic()

    def at_share(self, share):
        """The result of one share."""
        trials = [self.trial(share, seed) for seed in range(self.comparison.seeds)]
        scores = {name: [trial["scores"][name] for trial in trials] for name in TREATMENTS}
        gains = {name: paired_interval(scores[name], scores[other])._asdict() for name, other in GAINS.items()}
        counts = {name: trials[0][name] for name in ("num_real", "num_generated")}
        return {
            "share": share,
            **counts,
            "gan_updates": [trial["gan_updates"] for trial in trials],
            "scores": scores,
            "gains": gains,
        }

    def trial(self, share, seed):
        """Trains a GAN on a share of the data, and models on what they and it give."""
        rows = share_of(self.task.labels_of(self.training), share, seed)
        part = self.task.take(self.training, rows)
        task, real = self.known.task_of(part), (self.task.samples_of(part), self.task.labels_of(part))
        gan = self.train_gan(part, seed)
        made = generated(task, gan, real[1], self.comparison, seed)
        enlarged = tuple(map(np.concatenate, zip(real, made, strict=True)))
        scores = {
            "none": task.score(real, self.test, seed),
            "classical": task.score_varied(real, self.test, seed),
            "generated": task.score(enlarged, self.test, seed),
            "both": task.score_varied(enlarged, self.test, seed),
        }
        self.tell(share, seed, scores)
        updates = int(keras.ops.convert_to_numpy(gan.generator_optimizer.iterations))
        return {"num_real": len(rows), "num_generated": len(made[1]), "gan_updates": updates, "scores": scores}

    def train_gan(self, part, seed):
        """A GAN of the run's preset, trained on a part for its time."""
        preset = self.preset
        if not self.modality.steps_of(preset, part):  # fewer samples than fill a batch
            preset = dataclasses.replace(preset, batch_size=len(part))
        scale = self.modality.steps_of(preset, part) / self.modality.steps_of(self.preset, self.training)
        seconds = {**self.seconds, **{stage: scale * self.seconds[stage] for stage in preset.stage_epochs}}
        budget = 60 * self.comparison.minutes / self.comparison.num_gans - self.besides
        preset, _ = self.modality.fit_into(preset, part, seconds, max(budget, 0.0))
        keras.utils.clear_session(free_memory=False)
        gan = self.modality.build(preset, part, seed)
        callbacks = [AdaptiveAugmentation()] if preset.augmentation is not None else []
        epochs = sum(preset.stage_epochs.values())
        gan.fit(self.modality.batches(gan, preset, part, seed), epochs=epochs, callbacks=callbacks, verbose=0, shuffle=False)
        return gan

    def tell(self, share, seed, scores):
        self.done += 1
        left = (time.monotonic() - self.begun) / self.done * (self.comparison.num_gans - self.done)
        told = ", ".join(f"{TREATMENTS[name]} {score:.4f}" for name, score in scores.items())
        self.progress(f"{share:g} %, seed {seed}: {told} (about {time_budget.duration(left)} left)")

    def protocol(self):
        """What the scores depend on."""
        return {
            "metric": self.task.metric,
            "model": self.task.model,
            "classical": self.task.classical,
            "test": self.test_name,
            "num_test": len(self.test[1]),
            "interval": "95 %, Student's t of the paired differences over the seeds",
            "gan": "trained anew for each share and seed, on that share alone",
        }


def share_of(labels, share, seed):
    """Row numbers of a random share of the data: the same percentage of each label, and at least one of each.

    Args:
        labels: int `(num,)`.
        share: Percentage, in (0, 100].
        seed: Of the draw.

    Returns:
        Sorted row numbers.
    """
    random, rows = np.random.default_rng(seed), []
    for label in np.unique(labels):
        of_label = random.permutation(np.flatnonzero(labels == label))
        rows.append(of_label[: max(1, round(len(of_label) * share / 100))])
    return np.sort(np.concatenate(rows))


def generated(task, gan, labels, choices, seed):
    """Generated samples, at least one, and their label numbers, for the labels of a training set.

    Args:
        task: A `Downstream`.
        gan: A GAN with labels.
        labels: Of the real samples.
        choices: An object with `ratio` and `balanced`: see `augment`.
        seed: Of the noise and the labels.
    """
    labelling = LABELLINGS[choices.balanced](task.num_labels)
    numbers = labelling.choose(labels, max(1, round(choices.ratio * len(labels))), np.random.default_rng(seed))
    return task.generated(gan, numbers, seed * SEEDS_APART), numbers


def verdict(part, metric):
    """The outcome at one share in plain words, a line for each comparison.

    Args:
        part: An element of `shares` of the result of `compare_augmentation`.
        metric: Of the scores.
    """
    lines = []
    for name, other in GAINS.items():
        mean, low, high = (part["gains"][name][bound] for bound in ("mean", "low", "high"))
        outcome = "better" if low > 0 else "WORSE" if high < 0 else "NOT shown to be better: the interval holds 0"
        gain = f"{mean:+.4f} [{low:+.4f}, {high:+.4f}] {metric.split(' (')[0]}"
        lines.append(f"At {part['share']:g} % of the data, {TREATMENTS[name]} over {TREATMENTS[other]}: {gain}: {outcome}.")
    return lines
