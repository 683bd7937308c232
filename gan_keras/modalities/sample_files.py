"""Files of samples: those that training writes epoch by epoch, and those that `generate` writes."""

from gan_keras import catalogue
from gan_keras.diagnosis.names import choice_of
from gan_keras.media.safe_files import check_in_directory, check_parent


def all_epochs(run, ending):
    """Paths of `samples/epoch_001.ENDING`, ... in order: `epoch_1000` follows `epoch_999`. Other names are left out.

    Args:
        run: Path of the run.
        ending: Suffix with its dot, such as `".png"`.
    """
    paths = (run / "samples").glob(f"epoch_*{ending}")
    return sorted(
        (path for path in paths if path.stem.removeprefix("epoch_").isdecimal()), key=lambda path: (len(path.name), path.name)
    )


def last_and_first(run, ending):
    """Paths of the last and the first epoch: two, one or none."""
    paths = all_epochs(run, ending)
    return [paths[-1], paths[0]] if len(paths) > 1 else paths


def title_of(path):
    """The report's title of an epoch: `Epoch 4`."""
    return f"Epoch {int(path.stem.removeprefix('epoch_'))}"


def figure(path, title, text):
    """A PNG or GIF file as an HTML figure; `text` says what it shows, below the title and instead of the picture."""
    from gan_keras.media.html import picture
    from gan_keras.media.plots import Picture

    return picture(Picture(title, f"{title}. {text}", path.read_bytes(), path.suffix[1:]), text)


def check_output(output, modality):
    """Raises unless samples of a modality can be written to a path, before they are generated.

    Args:
        output: A `pathlib.Path`, or None for standard output. Without a suffix, it is a directory, new or empty, for samples that
            are not text.
        modality: Name of the modality.
    """
    _, endings, files = catalogue.GENERATED[modality]
    if output is None:
        if files:
            raise ValueError(f"Standard output shows text alone. Expected --output and {files}.")
        return
    if not files:
        if endings and output.suffix not in endings:
            names = " or ".join(", ".join(f"NAME{ending}" for ending in endings).rsplit(", ", 1))
            ending = output.suffix or "nothing"
            raise ValueError(f"{output} ends in {ending}. Expected {names}, or no --output for standard output.")
        check_parent(output)
    elif output.suffix in endings:
        check_parent(output)
    elif output.suffix and not output.is_dir():
        raise ValueError(f"{output} ends in {output.suffix}. Expected --output and {files}.")
    elif output.exists() and not output.is_dir():
        raise NotADirectoryError(f"{output} is a file without a suffix. Expected --output and {files}.")
    elif output.is_dir() and any(output.iterdir()):
        raise ValueError(f"{output} is not empty. Expected a new or an empty directory: name another.")
    check_in_directory(output)


def with_defaults(options, modality):
    """Completes the given options of `generate`. Raises `ValueError` for an option of another modality."""
    known = catalogue.GENERATED[modality].options
    strange = [f"--{name.replace('_', '-')}" for name in options if name not in known]
    if strange:
        expected = ", ".join(f"--{name.replace('_', '-')}" for name in known) or "no such option"
        raise ValueError(f"Got {', '.join(strange)} for a model of the modality {modality}. Expected {expected}.")
    return {**known, **options}


def chosen_label(labels, names, modality, columns=None):
    """Returns the given labels of `generate` in the form that a modality takes.

    Args:
        labels: List of texts: names of labels, or their numbers.
        names: Names of the labels of a model; None if it has none, or if they are not known.
        modality: Name of the modality.
        columns: Types of the columns of a table, by name.

    Returns:
        The number of the label, None without labels. For a table, a list of texts `COLUMN=VALUE`.

    Raises:
        ValueError: If there is no such label, or too many are given.
    """
    if modality == "table":
        return [_condition(part, names or [], columns or {}) for label in labels for part in _parts(label, names or [])]
    if not labels:
        return None
    if len(labels) > 1:
        raise ValueError(f"Got {len(labels)} labels. Expected one: a sample of the modality {modality} has one label.")
    return label_number(labels[0], names)


def label_number(label, names):
    """Returns the number of a label by its name, or the number itself."""
    if names is None and not label.isdecimal():
        raise ValueError(f"label={label!r}. Expected none: this model has no labels, or does not know their names.")
    if names is not None and label in names:
        return names.index(label)
    if not label.isdecimal() or names is not None and int(label) >= len(names):
        raise ValueError(f"label={label!r}. {choice_of(label, names)}.")
    return int(label)


def _parts(label, names):
    """Cuts `city=Oslo,sex=F` into its conditions, unless it is a single one."""
    parts = label.split(",")
    return parts if label not in names and all("=" in part for part in parts) else [label]


def _condition(label, names, columns):
    """A label of a table in full: `VALUE` stands for `COLUMN=VALUE` if no other column has that value."""
    column, mark, value = label.partition("=")
    if mark and column in columns:
        known = [name for name in names if name.startswith(f"{column}=")]
        if known and label not in known:
            raise ValueError(f"label={label!r}. {choice_of(label, known)}.")
        return label
    if label.isdecimal() and label not in [name.partition("=")[2] for name in names] and int(label) < len(names):
        return names[int(label)]
    found = [name for name in names if name == label or name.partition("=")[2] == label]
    if len(found) != 1:
        ranges = [f"{name}=LOW..HIGH" for name, kind in columns.items() if kind in ("number", "date")]
        raise ValueError(f"label={label!r}. {choice_of(label, found or [*names, *ranges])}.")
    return found[0]
