"""A run as a source of labelled samples: its data, and the downstream task that they serve."""

from typing import NamedTuple

from gan_keras import modalities
from gan_keras.downstream import tasks
from gan_keras.downstream.tasks.base import Downstream
from gan_keras.modalities.base import Modality
from gan_keras.modalities.preset import Preset


class LabelledRun(NamedTuple):
    """What is known of a run whose samples have labels.

    Attributes:
        modality: Its modality.
        preset: Its preset.
        training: Training part, of which every sample has a label.
        held_out: Held-out part.
        task: The downstream task, for the whole training part.
        target: What the task's `target_of` returned.
    """

    modality: Modality
    preset: Preset
    training: object
    held_out: object
    task: Downstream
    target: int | None

    def task_of(self, part):
        """The downstream task, for a part of the training data."""
        return type(self.task)(part, self.target)


def read_labelled_run(run):
    """Reads the data of a run again.

    Args:
        run: A `Run` of a modality that `gan_keras.downstream.tasks` knows.

    Raises:
        ValueError: If the modality has no downstream task, or the run no labels.
    """
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
