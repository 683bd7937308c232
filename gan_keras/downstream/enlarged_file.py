"""A run's training set with generated samples behind the real ones, as a file."""

from gan_keras.downstream.run import read_labelled_run
from gan_keras.downstream.study import Comparison, generated
from gan_keras.media.safe_files import check_parent


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
    known = read_labelled_run(run)
    task = known.task
    if output.suffix != task.ending:
        raise ValueError(f"{output} ends in {output.suffix or 'nothing'}. Expected NAME{task.ending}.")
    check_parent(output)
    made = generated(task, run.load(compile=False), task.labels_of(known.training), choices or Comparison(), seed)
    task.write(output, known.training, *made)
    return len(known.training), len(made[1])
