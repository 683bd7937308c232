"""Files of samples: those that training writes epoch by epoch, and those that `generate` writes."""

from gan_keras.media.html import picture
from gan_keras.media.plots import Picture
from gan_keras.media.safe_files import check_in_directory, check_parent


def all_epochs(run, ending):
    """Paths of `samples/epoch_001.ENDING`, ... in order: `epoch_1000` follows `epoch_999`.

    Args:
        run: Path of the run.
        ending: Suffix with its dot, such as `".png"`.
    """
    return sorted((run / "samples").glob(f"epoch_*{ending}"), key=lambda path: (len(path.name), path.name))


def last_and_first(run, ending):
    """Paths of the last and the first epoch: two, one or none."""
    paths = all_epochs(run, ending)
    return [paths[-1], paths[0]] if len(paths) > 1 else paths


def title_of(path):
    """The report's title of an epoch: `Epoch 4`."""
    return f"Epoch {int(path.stem.removeprefix('epoch_'))}"


def figure(path, title, text):
    """A PNG or GIF file as an HTML figure; `text` says what it shows, below the title and instead of the picture."""
    return picture(Picture(title, f"{title}. {text}", path.read_bytes(), path.suffix[1:]), text)


def check_output(output, endings, samples, expected):
    """Raises unless samples can be written to a path, before they are generated.

    Args:
        output: A `pathlib.Path`, or None for standard output.
        endings: Suffixes of single files, such as `(".png", ".npz")`; a path without a suffix is a directory, new or empty.
        samples: Plural noun for the samples.
        expected: What `--output` takes, in words.
    """
    if output is None:
        raise ValueError(f"{samples.capitalize()} are not text: standard output does not show them. {expected}.")
    if output.suffix in endings:
        check_parent(output)
    elif output.suffix and not output.is_dir():
        raise ValueError(f"{output} ends in {output.suffix}. {expected}.")
    elif output.exists() and not output.is_dir():
        raise NotADirectoryError(f"{output} is a file without a suffix. {expected}.")
    elif output.is_dir() and any(output.iterdir()):
        raise ValueError(f"{output} is not empty. Expected a new or an empty directory: name another.")
    check_in_directory(output)


def check_table_output(output, endings):
    """Raises unless a table can be written to a path with one of the suffixes, or to standard output (None)."""
    if output is None:
        return
    if output.suffix not in endings:
        names = " or ".join(", ".join(f"NAME{ending}" for ending in endings).rsplit(", ", 1))
        raise ValueError(f"{output} ends in {output.suffix or 'nothing'}. Expected {names}, or no --output for standard output.")
    check_parent(output)
