"""`load_text`: a corpus by the name of a data set or from a file, and the exact likelihood of built-in corpora."""

from gan_keras import catalogue
from gan_keras.data.text.corpus import read_corpus
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


def load_text(name_or_path, labels=None):
    """Loads a `Corpus`: a built-in data set by its name (see `DATASETS`), or a text file with one sample per line.

    Args:
        name_or_path: A name in `DATASETS`, or the path of a file; write `./oracle` for a file named like a data set.
        labels: Path of a file with one label per line, only for files.

    Raises:
        FileNotFoundError: If it is neither a name nor a file.
        ValueError: If labels are given for a built-in set, or `read_corpus` refuses the file.
    """
    if str(name_or_path) not in _LOADERS:
        check_is_file(name_or_path, "Built-in text data sets", DATASETS)
        return read_corpus(name_or_path, labels)
    if labels is not None:
        raise ValueError(f"Got labels for the built-in data set {name_or_path}, which takes none. Expected a file of text.")
    return _LOADERS[str(name_or_path)]()


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
