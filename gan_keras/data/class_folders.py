"""Folders of files, with a sub-folder for each class or without: what lies in them, what is broken, and the labels."""

MOST_BROKEN = 0.01
"""The share of the samples of a folder that may be broken, and are left out."""

NAMED_FILES = 5  # of those that are broken


def list_files(folder, suffixes, samples, expected):
    """Paths of the files with some endings, sorted, and the number of other files; hidden ones are passed over.

    Args:
        folder: A `pathlib.Path`.
        suffixes: The endings, in small letters, with their points.
        samples: What such files are called, in the plural.
        expected: What is expected where there are none, for the message.

    Raises:
        ValueError: If there are none, or some beside folders of classes.
    """
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not _is_hidden(path.relative_to(folder)))
    paths = [path for path in files if path.suffix.lower() in suffixes]
    if not paths:
        raise ValueError(f"{folder} holds no {samples} among {len(files)} files. Expected {expected}.")
    loose = sum(path.parent == folder for path in paths)
    if 0 < loose < len(paths):
        raise ValueError(
            f"{folder} holds {loose} {samples} itself and {len(paths) - loose} in sub-folders. Expected all in sub-folders, "
            "one for each class, or all in the folder itself."
        )
    return paths, len(files) - len(paths)


def _is_hidden(relative):
    return any(part.startswith((".", "__MACOSX")) for part in relative.parts)


def check_mostly_sound(folder, broken, num, samples, fault):
    """Raises `ValueError` if more than 1 % of the samples of a folder are broken.

    Args:
        folder: Its path.
        broken: Names of those that are.
        num: Number of all.
        samples: What they are called, in the plural.
        fault: What is wrong with them, such as `"are corrupt"`.
    """
    if len(broken) > MOST_BROKEN * num:
        raise ValueError(
            f"{len(broken)} of the {num} {samples} of {folder} {fault}: {', '.join(broken[:NAMED_FILES])}"
            f"{', ...' if len(broken) > NAMED_FILES else ''}. Expected at most 1 %: remove or replace them."
        )


def labels_of(folder, paths):
    """Labels by the first folder below `folder`, in the order of the names, and these; two `None` without such folders."""
    if paths[0].parent == folder:
        return None, None
    classes = [path.relative_to(folder).parts[0] for path in paths]
    names = sorted(set(classes))
    places = {name: place for place, name in enumerate(names)}
    return [places[name] for name in classes], names
