"""A run's training set with generated samples behind the real ones, as a file."""

from gan_keras import downstream, modalities
from gan_keras.augmentation_gain import Comparison, generated
from gan_keras.files import check_parent


def write_enlarged(run, output, choices=None, seed=0):
    """Writes the training part of a run, and behind it generated samples with their labels.

    Args:
        run: A `Run` with a trained GAN with labels.
        output: Path; its ending is that of the modality: `.npz` for images and series, `.csv` for tables.
        choices: An object with `ratio` and `balanced`: see `augment`; None for its defaults.
        seed: Of the generated samples.

    Returns:
        The numbers of real and of generated samples.

    Raises:
        ValueError: If the run has no labels, or the file's ending is another.
    """
    modality = modalities.get(run.config["modality"])
    kind = downstream.get(modality.name)
    if output.suffix != kind.ending:
        raise ValueError(f"{output} ends in {output.suffix or 'nothing'}. Expected NAME{kind.ending}.")
    check_parent(output)
    training, _ = modality.parts(run)
    preset = modality.preset_class.from_config(run.config["preset"])
    task = kind(training, kind.target_of(training, preset))
    known = task.labelled(training)
    made = generated(task, run.load(), task.labels_of(known), choices or Comparison(), seed)
    task.write(output, known, *made)
    return len(known), len(made[1])
