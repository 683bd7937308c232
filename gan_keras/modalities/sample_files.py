"""Where samples that are no text are written to: a file of a known ending, or a directory with a file each."""

from gan_keras.media.safe_files import check_in_directory, check_parent


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
