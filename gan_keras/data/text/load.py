"""`load_text`: a corpus by the name of a data set or from a file, and the exact likelihood of built-in corpora."""

import os
import pathlib

from gan_keras import catalogue
from gan_keras.data.text.corpus import corpus_from_lines, read_corpus, read_folder
from gan_keras.data.text.docstrings import load_docstrings
from gan_keras.data.text.oracle import Oracle, load_oracle
from gan_keras.data.text.phrases import chinese_phrases, english_phrases, load_chinese_phrases, load_english_phrases
from gan_keras.media.safe_files import check_is_file

DATASETS = catalogue.DATASETS["text"]

_LOADERS = {
    "docstrings": load_docstrings,
    "english_phrases": load_english_phrases,
    "chinese_phrases": load_chinese_phrases,
    "oracle": load_oracle,
}

_DISTRIBUTIONS = {"english_phrases": english_phrases, "chinese_phrases": chinese_phrases, "oracle": Oracle}


def load_text(name_or_path, labels=None, column=""):
    """Loads a `Corpus`: a built-in data set by its name (see `DATASETS`), text files with one sample per line, or strings.

    Args:
        name_or_path: A name in `DATASETS`; the path of a file (see `read_corpus`) or of a folder of text files, where
            sub-folders are labels; or a list of strings, such as a column of a DataFrame. Write `./oracle` for a file named
            like a data set.
        labels: Path of a file with one label per line, only for a file; a list of labels for a list of strings.
        column: Column of a CSV file or field of JSON lines that holds the samples; `""` for a file of lines.

    Raises:
        FileNotFoundError: If it is neither a name nor a file.
        ValueError: If labels are given for a built-in set or a folder, or `read_corpus` refuses the file.
    """
    if not isinstance(name_or_path, str | os.PathLike):
        return _from_strings(name_or_path, labels)
    is_built_in, is_folder = str(name_or_path) in _LOADERS, pathlib.Path(name_or_path).is_dir()
    if (is_built_in or is_folder) and (labels is not None or column):
        given, noun = "a column" if column else "labels", "built-in data set" if is_built_in else "folder"
        raise ValueError(f"Got {given} for the {noun} {name_or_path}, which takes none. Expected a file of text.")
    if is_built_in:
        return _LOADERS[str(name_or_path)]()
    if is_folder:
        return read_folder(name_or_path)
    check_is_file(name_or_path, "Built-in text data sets", DATASETS)
    return read_corpus(name_or_path, labels, column=column)


def _from_strings(strings, labels):
    strings = list(strings)
    wrong = [each for each in strings if not isinstance(each, str)]
    if wrong or labels is not None and len(labels) != len(strings):
        raise ValueError(
            f"Got {len(strings)} samples, {len(wrong)} of them no strings (such as {wrong[:1]}), and "
            f"{None if labels is None else len(labels)} labels. Expected strings, and a label for each or none."
        )
    lines = [" ".join(each.split("\n")).strip() for each in strings]
    kept = [index for index, line in enumerate(lines) if line]
    if len(kept) < 2:
        raise ValueError(f"Got {len(kept)} strings that are not blank. Expected at least 2.")
    labels = None if labels is None else [str(label) for label in labels]
    report = {"blank": len(lines) - len(kept)}
    return corpus_from_lines("strings", [lines[i] for i in kept], labels and [labels[i] for i in kept], report)


def likelihood_of(name, fingerprint):
    """Returns the exact log-likelihood of lines under the distribution of a built-in data set.

    Args:
        name: Name of a corpus.
        fingerprint: Fingerprint of the corpus, since a file may have the same name.

    Returns:
        A function from a line to nats, minus infinity for an impossible line; None if the distribution is unknown.
    """
    if name not in _DISTRIBUTIONS or load_text(name).fingerprint != fingerprint:
        return None
    return _DISTRIBUTIONS[name]().log_likelihood
