"""Named data sets and files."""

from gan_keras.data.audio.load import AUDIO_DATASETS, load_audio, load_test_audio
from gan_keras.data.audio.readers import sounds_from_arrays
from gan_keras.data.audio.sounds import Sounds, audio_batches, describe_sounds, split_sounds
from gan_keras.data.image.arrays import images_from_arrays
from gan_keras.data.image.batches import image_batches
from gan_keras.data.image.digits import stacked_digits
from gan_keras.data.image.images import Images, describe_images, split_images
from gan_keras.data.image.load import DOWNLOADED, IMAGE_DATASETS, load_images, load_test_images
from gan_keras.data.series.load import SERIES_DATASETS, load_series
from gan_keras.data.series.series import Series, describe_series, series_batches, split_series
from gan_keras.data.table.batches import table_batches
from gan_keras.data.table.load import TABLE_DATASETS, load_table
from gan_keras.data.table.table import Table, describe_table, split_table, write_csv
from gan_keras.data.text.batches import text_batches
from gan_keras.data.text.corpus import Corpus, check_is_file, describe, read_corpus, split
from gan_keras.data.text.docstrings import load_docstrings
from gan_keras.data.text.oracle import Oracle, load_oracle
from gan_keras.data.text.phrases import chinese_phrases, english_phrases, load_chinese_phrases, load_english_phrases
from gan_keras.data.translation.domains import Domains, PairedDomains, describe_domains, domain_batches, split_domains
from gan_keras.data.translation.load import TRANSLATION_DATASETS, load_domains
from gan_keras.data.video.load import VIDEO_DATASETS, load_test_videos, load_videos
from gan_keras.data.video.readers import videos_from_arrays
from gan_keras.data.video.videos import Videos, describe_videos, split_videos

__all__ = [
    "AUDIO_DATASETS",
    "DATASETS",
    "DOWNLOADED",
    "IMAGE_DATASETS",
    "SERIES_DATASETS",
    "TABLE_DATASETS",
    "TRANSLATION_DATASETS",
    "VIDEO_DATASETS",
    "Corpus",
    "Domains",
    "Images",
    "PairedDomains",
    "Series",
    "Sounds",
    "Table",
    "Videos",
    "audio_batches",
    "describe",
    "describe_domains",
    "describe_images",
    "describe_series",
    "describe_sounds",
    "describe_table",
    "describe_videos",
    "domain_batches",
    "image_batches",
    "images_from_arrays",
    "likelihood_of",
    "load_audio",
    "load_domains",
    "load_images",
    "load_series",
    "load_table",
    "load_test_audio",
    "load_test_images",
    "load_test_videos",
    "load_text",
    "load_videos",
    "read_corpus",
    "series_batches",
    "sounds_from_arrays",
    "split",
    "split_domains",
    "split_images",
    "split_series",
    "split_sounds",
    "split_table",
    "split_videos",
    "stacked_digits",
    "table_batches",
    "text_batches",
    "videos_from_arrays",
    "write_csv",
]

DATASETS = {
    "docstrings": "real English: about 14,500 first sentences of docstrings of Python and of the installed packages",
    "english_phrases": "20,000 English sentences of a phrase grammar with exact likelihood",
    "chinese_phrases": "20,000 Chinese sentences of a phrase grammar with exact likelihood",
    "oracle": "10,000 sequences of 20 words by a random LSTM with exact likelihood, the text-GAN benchmark",
}

_LOADERS = {
    "docstrings": load_docstrings,
    "english_phrases": load_english_phrases,
    "chinese_phrases": load_chinese_phrases,
    "oracle": load_oracle,
}

_DISTRIBUTIONS = {"english_phrases": english_phrases, "chinese_phrases": chinese_phrases, "oracle": Oracle}


def likelihood_of(name, fingerprint):
    """The exact log-likelihood of a line under the distribution that a built-in data set was drawn from.

    Args:
        name: Of a corpus.
        fingerprint: Of that corpus: a file of the same name is another corpus.

    Returns:
        A function from a line to nats, minus infinity for a line that cannot be; None where the distribution is unknown.
    """
    if name not in _DISTRIBUTIONS or load_text(name).fingerprint != fingerprint:
        return None
    return _DISTRIBUTIONS[name]().log_likelihood


def load_text(name_or_path, labels=None):
    """Loads a built-in text data set by its name (see `DATASETS`), or a text file with one sample a line.

    Args:
        name_or_path: A name in `DATASETS`, or the path of a file; write `./oracle` for a file named like a data set.
        labels: Path of a file with one label a line, for files only.

    Returns:
        A `Corpus`.

    Raises:
        FileNotFoundError: Neither a name nor a file.
        ValueError: Labels for a built-in set, or a file that `read_corpus` refuses.
    """
    if str(name_or_path) not in _LOADERS:
        check_is_file(name_or_path, hint=f"Built-in text data sets: {', '.join(DATASETS)}.")
        return read_corpus(name_or_path, labels)
    if labels is not None:
        raise ValueError(f"Got labels for the built-in data set {name_or_path}, which takes none. Expected a file of text.")
    return _LOADERS[str(name_or_path)]()
