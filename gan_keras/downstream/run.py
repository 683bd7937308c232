"""Runs with labels: their data and downstream task, and their training set with generated samples as a file."""

from typing import NamedTuple

import numpy as np

from gan_keras import modalities
from gan_keras.downstream import tasks
from gan_keras.downstream.augment import SEEDS_APART, labelling
from gan_keras.downstream.tasks.base import Downstream
from gan_keras.media.safe_files import check_parent
from gan_keras.modalities.base import Modality
from gan_keras.modalities.preset import Preset


class LabelledRun(NamedTuple):
    """Contents of a run whose samples have labels.

    Attributes:
        modality: Its modality.
        preset: Its preset.
        training: Training part, without the samples that have no label.
        held_out: Held-out part.
        task: The downstream task for the whole training part.
        target: Result of the task's `target_of`.
    """

    modality: Modality
    preset: Preset
    training: object
    held_out: object
    task: Downstream
    target: int | None

    def task_of(self, part):
        """Returns the downstream task for a part of the training data."""
        return type(self.task)(part, self.target)


def read_labelled_run(run):
    """Reads the data of a `Run` as a `LabelledRun`; raises `ValueError` without downstream task or labels."""
    config = run.config
    kind = tasks.get(config.get("modality", "text"))
    if config["labels"] is None:
        raise ValueError(
            f"{run.path} has no labels. Expected a run of labelled data and of a preset with `conditional=True`: samples "
            "without labels teach a downstream model nothing."
        )
    modality = modalities.get(config["modality"])
    preset = modality.preset_class.from_config(config["preset"])
    training, held_out = modality.parts(run)
    target = kind.target_of(training, preset)
    task = kind(training, target)
    return LabelledRun(modality, preset, task.labelled(training), held_out, task, target)


def generated(task, gan, labels, choices, seed):
    """Generates samples, at least one, for the labels of a training set, and returns them with their label numbers.

    Args:
        task: A `Downstream`.
        gan: A GAN with labels.
        labels: Labels of the real samples.
        choices: An object with `ratio` and `balanced`, see `augment`.
        seed: Seed of the noise and of the labels.
    """
    num = max(1, round(choices.ratio * len(labels)))
    numbers = labelling(choices.balanced, task.num_labels).choose(labels, num, np.random.default_rng(seed))
    return task.generated(gan, numbers, seed * SEEDS_APART), numbers


def write_enlarged(run, output, choices, seed=0):
    """Writes the training part of a run, followed by generated samples with their labels.

    Args:
        run: A `Run` with a trained GAN with labels.
        output: Path with the modality's suffix: `.npz` for images and series, `.csv` for tables.
        choices: An object with `ratio` and `balanced`, see `augment`.
        seed: Seed of the generated samples.

    Returns:
        The numbers of real and of generated samples.

    Raises:
        ValueError: If the run has no labels, or the suffix differs.
    """
    known = read_labelled_run(run)
    task = known.task
    if output.suffix != task.ending:
        raise ValueError(f"{output} ends in {output.suffix or 'nothing'}. Expected NAME{task.ending}.")
    check_parent(output)
    made = generated(task, run.load(compile=False), task.labels_of(known.training), choices, seed)
    task.write(output, known.training, *made)
    return len(known.training), len(made[1])
