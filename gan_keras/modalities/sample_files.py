"""Where samples that are no text are written to: a file of a known ending, or a directory with a file each."""

from gan_keras.media.safe_files import check_in_directory, check_parent

# --- The files of samples that a training writes epoch by epoch, as a report shows them.


def all_epochs(run, ending):
    """Paths of `samples/epoch_001.ENDING`, `epoch_002.ENDING`, ... in order: `epoch_1000` comes after `epoch_999`.

    Args:
        run: Path of the run.
        ending: With its point, such as `".png"`.
    """
    return sorted((run / "samples").glob(f"epoch_*{ending}"), key=lambda path: (len(path.name), path.name))


def last_and_first(run, ending):
    """The paths of the last and of the first epoch; one path where there is one, none where there is none."""
    paths = all_epochs(run, ending)
    return [paths[-1], paths[0]] if len(paths) > 1 else paths


def title_of(path):
    """What the report calls an epoch: `Epoch 004`."""
    return path.stem.replace("_", " ").capitalize()


# --- Where samples that are no text are written to: a file of a known ending, or a directory with a file each.


def check_output(output, endings, samples, expected):
    """Raises unless samples can be written to a path, before they are made.

    Args:
        output: A `pathlib.Path`, or None for standard output.
        endings: Endings of single files, such as `(".png", ".npz")`; without an ending it is a directory, new or empty.
        samples: What the samples are called, in the plural.
        expected: The endings in words, for messages: "Expected --output and ...".

    Raises:
        ValueError: If nothing can be written there, or something is there already.
        NotADirectoryError: If it is a file without an ending.
        FileNotFoundError: If the directory around it is missing.
    """
    if output is None:
        raise ValueError(f"{samples.capitalize()} are not text: standard output does not show them. {expected}.")
    if output.suffix in endings:
        check_parent(output)
    elif output.suffix and not output.is_dir():
        raise ValueError(f"{output} ends in {output.suffix}. {expected}.")
    elif output.exists() and not output.is_dir():
        raise NotADirectoryError(f"{output} is a file without an ending. {expected}.")
    elif output.is_dir() and any(output.iterdir()):
        raise ValueError(f"{output} is not empty. Expected a new or an empty directory: name another.")
    check_in_directory(output)
