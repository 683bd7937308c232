"""Benefit of generated samples: test scores of a downstream model with and without them, at several shares of the real data.

At each share the GAN is trained on that share alone: otherwise it would pass on information about the rest.

Reference: [Ravuri and Vinyals, 2019](https://arxiv.org/abs/1905.10887), who found that samples that look real need not help.
"""

import dataclasses
import math
import time

import keras
import numpy as np

from gan_keras.callbacks import AdaptiveAugmentation
from gan_keras.downstream.run import generated, read_labelled_run
from gan_keras.media.safe_files import write_json
from gan_keras.metrics.seeds import paired_interval
from gan_keras.training.console import duration

TREATMENTS = {
    "none": "none",
    "classical": "classical",
    "generated": "generated",
    "both": "generated and classical",
}
"""Titles of the additions to the training set."""

GAINS = {"generated": "none", "classical": "none", "both": "classical"}
"""Treatments and what each is compared with."""


@dataclasses.dataclass(frozen=True)
class Comparison:
    """Settings of `compare_augmentation`.

    Attributes:
        shares: Percentages of the real training data, in (0, 100].
        seeds: Number of seeds, >= 2: of the drawn share, of the GAN and of the downstream model.
        minutes: Total training time of all GANs.
        ratio: Number of generated samples per real one, > 0.
        balanced: If True, generated samples get rare labels: see `augment`.
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

    Every network makes the same number of updates, whatever was added to its training set; trees grow until they are done.

    Args:
        run: A `Run` of images, tables or series with labels: all GANs use its preset.
        comparison: A `Comparison`.
        data: Name or path of test data; None for the run's held-out part.
        progress: Function called with every line of progress.

    Returns:
        JSON-compatible dictionary, saved in the run after every share: `shares` (a list: `share`, `num_real`, `num_generated`,
        `gan_updates`, `scores` by treatment, a list over seeds, and `gains` by treatment), `verdict` (lines of text), `protocol`,
        `settings`.

    Raises:
        ValueError: If an argument is out of its range, or the data have no labels.
    """
    comparison.check()
    study = Study(run, comparison, data, progress)
    study.plan()
    result = {"shares": [], "verdict": [], "protocol": study.protocol(), "settings": dataclasses.asdict(comparison)}
    for share in sorted(comparison.shares):
        part = study.at_share(share)
        result["shares"].append(part)
        result["verdict"] += verdict(part, study.task.metric)
        write_json(run.augmentation_path, result)  # a share can take hours
    return result


class Study:
    """Data and clock of `compare_augmentation`, with its arguments."""

    def __init__(self, run, comparison, data, progress):
        self.comparison, self.progress, self.num_done = comparison, progress, 0
        self.known = known = read_labelled_run(run)
        self.modality, self.preset, self.training, self.task = known.modality, known.preset, known.training, known.task
        test = known.held_out if data is None else self.modality.test_part(run, data, self.training)
        self.test_name = "held-out part of the run" if data is None else test.name
        test = self.task.labelled(test)
        if not len(test):
            raise ValueError(f"The test data ({self.test_name}) have no sample with a known label. Expected some.")
        self.test = self.task.samples_of(test), self.task.labels_of(test)

    def plan(self):
        """Measures the cost of a GAN's step, and logs the plan."""
        num, seconds = self.comparison.num_gans, 60 * self.comparison.minutes
        self.progress(f"Measuring how much {num} GANs of {duration(seconds / num)} each can learn")
        self.seconds, self.building_seconds = self.modality.measure(self.preset, self.training, 0)
        is_short = self.building_seconds > seconds / num
        warning = ", more than the time for each: they will learn next to nothing" if is_short else ""
        self.progress(
            f"{num} GANs for {duration(seconds)} in all, including {self.building_seconds:.0f} s each for building"
            f"{warning}. Plus {num * len(TREATMENTS)} downstream models ({self.task.model}), timed with the first GAN."
        )
        self.start = time.monotonic()

    def at_share(self, share):
        """Returns the result for one share."""
        trials = [self.trial(share, seed) for seed in range(self.comparison.seeds)]
        scores = {name: [trial["scores"][name] for trial in trials] for name in TREATMENTS}
        return {
            "share": share,
            **{name: trials[0][name] for name in ("num_real", "num_generated")},
            "gan_updates": [trial["gan_updates"] for trial in trials],
            "scores": scores,
            "gains": {name: paired_interval(scores[name], scores[other])._asdict() for name, other in GAINS.items()},
        }

    def trial(self, share, seed):
        """Trains a GAN on a share of the data, and downstream models with and without its samples."""
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
        self.log(share, seed, scores)
        updates = int(keras.ops.convert_to_numpy(gan.generator_optimizer.iterations))
        return {"num_real": len(rows), "num_generated": len(made[1]), "gan_updates": updates, "scores": scores}

    def train_gan(self, part, seed):
        """Trains a GAN with the run's preset on a part, for its share of the time."""
        preset = self.preset
        if not self.modality.steps_of(preset, part):  # fewer samples than a batch
            preset = dataclasses.replace(preset, batch_size=len(part))
        scale = self.modality.steps_of(preset, part) / self.modality.steps_of(self.preset, self.training)
        seconds = {**self.seconds, **{stage: scale * self.seconds[stage] for stage in preset.stage_epochs}}
        budget = 60 * self.comparison.minutes / self.comparison.num_gans - self.building_seconds
        preset, _ = self.modality.fit_into(preset, part, seconds, max(budget, 0.0))
        keras.utils.clear_session(free_memory=False)
        gan = self.modality.build(preset, part, seed)
        callbacks = [AdaptiveAugmentation()] if preset.augmentation is not None else []
        epochs = sum(preset.stage_epochs.values())
        gan.fit(self.modality.batches(gan, preset, part, seed), epochs=epochs, callbacks=callbacks, verbose=0, shuffle=False)
        return gan

    def log(self, share, seed, scores):
        self.num_done += 1
        left = (time.monotonic() - self.start) / self.num_done * (self.comparison.num_gans - self.num_done)
        line = ", ".join(f"{TREATMENTS[name]} {score:.4f}" for name, score in scores.items())
        self.progress(f"{share:g} %, seed {seed}: {line} (about {duration(left)} left)")

    def protocol(self):
        """Returns the conditions that the scores depend on."""
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
    """Draws the same percentage of each label at random, at least one sample of each, and returns sorted row numbers.

    Args:
        labels: int `(num,)`.
        share: Percentage, in (0, 100].
        seed: Seed of the draw.
    """
    random, rows = np.random.default_rng(seed), []
    for label in np.unique(labels):
        of_label = random.permutation(np.flatnonzero(labels == label))
        rows.append(of_label[: max(1, round(len(of_label) * share / 100))])
    return np.sort(np.concatenate(rows))


def verdict(part, metric):
    """Returns the outcome at one share in plain words, one line per comparison.

    Args:
        part: An element of `shares` of the result of `compare_augmentation`.
        metric: Name of the scores.
    """
    lines = []
    for name, other in GAINS.items():
        mean, low, high = (part["gains"][name][bound] for bound in ("mean", "low", "high"))
        outcome = "better" if low > 0 else "WORSE" if high < 0 else "NOT shown to be better: the interval contains 0"
        gain = f"{mean:+.4f} [{low:+.4f}, {high:+.4f}] {metric.split(' (')[0]}"
        lines.append(f"At {part['share']:g} % of the data, {TREATMENTS[name]} over {TREATMENTS[other]}: {gain}: {outcome}.")
    return lines
