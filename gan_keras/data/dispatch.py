"""`load`, `split`, `describe` and `batches` for every kind of data; each calls the function of that kind."""

import functools
import pathlib
from collections.abc import Callable, Collection
from typing import NamedTuple

from gan_keras.data.audio.load import AUDIO_DATASETS, load_audio
from gan_keras.data.audio.readers import SUFFIXES as OF_SOUNDS
from gan_keras.data.audio.sounds import Sounds, audio_batches, describe_sounds, split_sounds
from gan_keras.data.files import is_path, visible
from gan_keras.data.image.files import SUFFIXES
from gan_keras.data.image.images import Images, describe_images, image_batches, split_images
from gan_keras.data.image.load import DOWNLOADED, IMAGE_DATASETS, load_images
from gan_keras.data.sample_set import without_labels
from gan_keras.data.series.load import SERIES_DATASETS, load_series
from gan_keras.data.series.series import Series, describe_series, series_batches, split_series
from gan_keras.data.table.load import TABLE_DATASETS, load_table
from gan_keras.data.table.table import AllRows, RowsByCondition, Table, describe_table, split_table, table_batches
from gan_keras.data.text.corpus import Corpus, describe_corpus, split_corpus, text_batches
from gan_keras.data.text.load import DATASETS, load_text
from gan_keras.data.translation.domains import Domains, describe_domains, domain_batches, split_domains
from gan_keras.data.translation.load import FOLDERS, TRANSLATION_DATASETS, load_domains
from gan_keras.data.video.files import VIDEOS
from gan_keras.data.video.load import VIDEO_DATASETS, load_videos
from gan_keras.data.video.videos import Videos, describe_videos, split_videos, video_batches
from gan_keras.diagnosis.names import choice_of
from gan_keras.media.safe_files import check_is_file

MIN_STEPS = 20
"""Minimum steps per epoch of a table, whose rows are drawn with replacement."""


class Kind(NamedTuple):
    """The functions of a modality, and the names of its built-in data sets."""

    load: Callable
    names: Collection
    type: type
    describe: Callable


KINDS = {
    "text": Kind(load_text, DATASETS, Corpus, describe_corpus),
    "image": Kind(load_images, [*IMAGE_DATASETS, *DOWNLOADED], Images, describe_images),
    "audio": Kind(load_audio, AUDIO_DATASETS, Sounds, describe_sounds),
    "video": Kind(load_videos, VIDEO_DATASETS, Videos, describe_videos),
    "table": Kind(load_table, TABLE_DATASETS, Table, describe_table),
    "series": Kind(load_series, SERIES_DATASETS, Series, describe_series),
    "translation": Kind(load_domains, TRANSLATION_DATASETS, Domains, describe_domains),
}

_OF_FOLDERS = ["image", "audio", "video", "series", "translation"]
_BY_SUFFIX = {".txt": ["text"], ".csv": ["table", "series"], ".npz": _OF_FOLDERS, ".npy": ["image", "video"], ".gif": ["video"]}
_BY_SUFFIX |= dict.fromkeys(OF_SOUNDS, ["audio"]) | dict.fromkeys(VIDEOS, ["video"])


def load(name_or_path, modality=None, **options):
    """Loads data by name or from a path, with the loader of their modality.

    Without `modality`, the source must leave no doubt: a built-in name, a `.txt` file (text), a folder with audio files (audio),
    videos (video) or CSV files (series), or a folder that directly contains images (image). Sub-folders of images may be
    classes, clips or domains, a GIF an image or a clip, a `.csv` file a table or series, and a `.npz` file or an array several
    kinds: these need a `modality`.

    Args:
        name_or_path: Name of a built-in data set, path of a file or folder, or arrays that the modality's loader takes.
        modality: `"text"`, `"image"`, `"audio"`, `"video"`, `"table"`, `"series"` or `"translation"`; None to infer it.
        **options: Further arguments of the modality's loader, such as `size=64` for `load_images`.

    Returns:
        A `Corpus`, `Images`, `Sounds`, `Videos`, `Table`, `Series` or `Domains`.

    Raises:
        FileNotFoundError: If it is neither a name nor a file nor a folder.
        ValueError: If the modality is unknown or ambiguous, or the loader refuses the data.

    Example: `images = data.load("digits", size=32)`, `table = data.load("customers.csv", modality="table")`.
    """
    choices = _modalities_of(name_or_path) if modality is None else [modality]
    if len(choices) != 1:
        named = " or ".join(f'modality="{choice}"' for choice in choices)
        raise ValueError(f"{name_or_path} may be {', '.join(choices)}. Expected a choice: {named}.")
    if choices[0] not in KINDS:
        raise ValueError(f"modality={modality!r}. {choice_of(modality, KINDS)}.")
    return KINDS[choices[0]].load(name_or_path, **options)


def _modalities_of(name_or_path):
    """Returns the modalities that a source may have, at least one."""
    if not is_path(name_or_path):
        raise ValueError(f'Got data of type {type(name_or_path).__name__}. Expected their modality, such as modality="image".')
    path, named = pathlib.Path(name_or_path), [each for each, kind in KINDS.items() if str(name_or_path) in kind.names]
    if named or path.is_dir():
        return named or _modalities_of_folder(path) or _OF_FOLDERS
    check_is_file(path, "Built-in data sets", [name for kind in KINDS.values() for name in kind.names])
    return _BY_SUFFIX.get(path.suffix.lower(), ["text", "table", "series"])


def _modalities_of_folder(folder):
    files = [path.relative_to(folder) for path in folder.rglob("*") if path.is_file() and visible(path.relative_to(folder))]
    parents = {path.parts[0] for path in files if path.suffix.lower() in SUFFIXES and len(path.parts) > 1}
    is_pair = any(parents.issuperset(pair) for pair in FOLDERS)
    holds = {
        "audio": any(path.suffix.lower() in OF_SOUNDS for path in files),
        "series": any(path.suffix.lower() == ".csv" and len(path.parts) == 1 for path in files),
        "image": any(path.suffix.lower() in SUFFIXES for path in files),
        "video": parents or any(path.suffix.lower() in (".gif", *VIDEOS) for path in files),
        "translation": is_pair,
        "text": bool(files) and all(path.suffix.lower() == ".txt" for path in files),
    }
    return [modality for modality, is_held in holds.items() if is_held]


def _refuse(data):
    raise TypeError(
        f"Got data of type {type(data).__name__}. Expected Corpus, Images, Sounds, Videos, Table, Series or Domains, such as "
        "`data.load` returns, or arrays made into one by `images_from_arrays` and the like."
    )


@functools.singledispatch
def split(data, held_out=None, seed=0):
    """Splits data at random into a training and a held-out part that share nothing; see the `split_*` function of the type.

    Args:
        data: `Corpus`, `Images`, `Sounds`, `Videos`, `Table`, `Series` or `Domains`.
        held_out: Number of samples to hold out, at least 1. By default 10 %, at most 10,000 (1000 lines of text). For
            `Series` and `Domains` only None: these hold out whole series, blocks of steps, or the source's part for tests.
        seed: Seed of the split, int >= 0: the same seed gives the same parts.

    Returns:
        Training and held-out part, each of the type of the data and in the original order.

    Raises:
        TypeError: If the data are of another type.
        ValueError: If `held_out` leaves nothing to train on, is below 1, or cannot be chosen.

    Example: `training, held_out = data.split(data.load("wine"), held_out=20)`.
    """
    _refuse(data)


@split.register(Series)
@split.register(Domains)
def _(data, held_out=None, seed=0):
    if held_out is not None:
        raise ValueError(f"Got held_out={held_out} for {type(data).__name__}. Expected None: their number cannot be chosen.")
    return split_series(data, seed) if isinstance(data, Series) else split_domains(data, seed)


@functools.singledispatch
def describe(data):
    """Describes data in one line, for logs: name, size, shape, classes, and what was repaired or left out.

    Args:
        data: `Corpus`, `Images`, `Sounds`, `Videos`, `Table`, `Series` or `Domains`.

    Raises:
        TypeError: If the data are of another type.

    Example: `data.describe(data.load("wine"))` returns
    `"wine: 178 rows of 14 columns (13 numbers, 1 categories), 0 missing cells"`.
    """
    _refuse(data)


@functools.singledispatch
def batches(data, batch_size=64, codec=None, labels=True, seed=0, **options):
    """One epoch of training batches of raw samples, in a new random order in each epoch; ready for `fit`.

    Args:
        data: `Corpus`, `Images`, `Sounds`, `Videos`, `Table`, `Series` or `Domains`.
        batch_size: Samples per batch, >= 1.
        codec: The adapted codec, needed for a `Corpus` (its token ids are the batches) and for a `Table` with labels (its
            conditions are the labels); ignored otherwise.
        labels: Whether to add labels, if the data have any; False for networks that take none. For a part of a `Corpus`,
            the list of all label names, since the part may lack some.
        seed: Seed of the order, int >= 0.
        **options: `shuffle=False` for a `Corpus`, `Images` and `Sounds`: every sample in order; `steps` for a `Table`: batches
            per epoch, by default as many as its rows fill, at least 20; `flip=True` for `Domains`: random mirroring.

    Returns:
        A `tf.data.Dataset` of samples, or of pairs of samples and int32 labels; of two images for `Domains`.

    Raises:
        TypeError: If the data are of another type.
        ValueError: If a codec is missing, or the data do not fill one batch.

    Example:
    ```python
    training, held_out = data.split(data.load("digits"))
    for images, labels in data.batches(training, batch_size=32):
        ...
    ```
    """
    _refuse(data)


@batches.register
def _(data: Corpus, batch_size=64, codec=None, labels=True, seed=0, shuffle=True):
    _check_codec(data, codec, "codecs.WordCodec")
    numbers = None
    if labels and data.labels is not None:
        names = sorted(set(data.labels)) if labels is True else list(labels)
        numbers = [names.index(label) for label in data.labels]
    return text_batches(data.lines, codec, batch_size, numbers, seed, shuffle)


@batches.register
def _(data: Table, batch_size=64, codec=None, labels=True, seed=0, steps=None):
    rows = AllRows(len(data))
    if labels:
        _check_codec(data, codec, "codecs.TableCodec")
        if codec.slots:
            rows = RowsByCondition(len(data), codec.conditions_of(data.cells), codec.num_conditions)
    return table_batches(data.cells, rows, batch_size, steps or max(MIN_STEPS, len(data) // batch_size), seed)


@batches.register
def _(data: Domains, batch_size=64, codec=None, labels=True, seed=0, flip=False):
    return domain_batches(data, batch_size, seed, flip)


def _labelled_batches(of_kind, data, batch_size=64, codec=None, labels=True, seed=0, **options):
    return of_kind(data if labels else without_labels(data), batch_size, seed, **options)


def _check_codec(data, codec, example):
    if codec is None:
        raise ValueError(f"Got codec=None for a {type(data).__name__}. Expected an adapted codec, such as `{example}`.")


for each in KINDS.values():
    describe.register(each.type, each.describe)
for kind, split_kind in ((Corpus, split_corpus), (Images, split_images), (Sounds, split_sounds), (Videos, split_videos)):
    split.register(kind, split_kind)
split.register(Table, split_table)
for kind, batches_of in ((Images, image_batches), (Sounds, audio_batches), (Videos, video_batches), (Series, series_batches)):
    batches.register(kind, functools.partial(_labelled_batches, batches_of))
