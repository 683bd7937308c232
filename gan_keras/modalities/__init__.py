"""Modalities: everything that depends on the kind of samples, behind one set of methods.

A modality is a chapter of three files: `modality.py` (from data file to report), `presets.py` (networks and tuned numbers) and
`evaluation.py` (scores, baselines, verdict). A further modality is one more chapter, and its data sets in `catalogue.py`.
"""

import functools
import importlib

from gan_keras import catalogue, startup
from gan_keras.diagnosis.names import choice_of

__all__ = [
    "CHARACTERS",
    "AudioModality",
    "ImageModality",
    "Modality",
    "SeriesModality",
    "TableModality",
    "TextModality",
    "TranslationModality",
    "VideoModality",
    "Yardstick",
    "column_histograms",
    "evaluate",
    "evaluate_text",
    "frontier_picture",
    "get",
    "names",
    "of_data",
    "of_version",
    "score_rows",
    "translation_grid",
    "vocabulary_size",
]

__getattr__, __dir__ = startup.late(
    __name__,
    {
        **{f"{name.title()}Modality": f"{__name__}.{name}.modality.{name.title()}Modality" for name in catalogue.MODALITIES},
        "CHARACTERS": f"{__name__}.text.yardstick.CHARACTERS",
        "Modality": f"{__name__}.base.Modality",
        "Yardstick": f"{__name__}.text.yardstick.Yardstick",
        "column_histograms": f"{__name__}.table.modality.histograms",
        "evaluate_text": f"{__name__}.text.evaluation.evaluate_text",
        "frontier_picture": f"{__name__}.text.comparison.frontier_picture",
        "score_rows": f"{__name__}.table.evaluation.score",
        "translation_grid": "gan_keras.callbacks.samples_of_kinds.translation_grid",
        "vocabulary_size": f"{__name__}.text.yardstick.vocabulary_size",
    },
)


def names():
    """The names of all modalities."""
    return list(catalogue.MODALITIES)


def check_name(name):
    """Raises `ValueError` unless there is a modality with this name."""
    if name not in catalogue.MODALITIES:
        raise ValueError(f"There is no modality {name!r} in this release. {choice_of(name, names())}.")


@functools.cache
def get(name):
    """Returns the modality with a name. Raises `ValueError` if there is none."""
    check_name(name)
    return getattr(importlib.import_module(f"{__name__}.{name}.modality"), f"{name.title()}Modality")()


def of_version(version):
    """Returns the modality of an exported model, an `exported.Version`, by the inputs and outputs of its `serving_default`.

    Raises:
        ValueError: If it belongs to none.
    """
    # Tables first: their columns may be named like another modality's output, and their card identifies them.
    for modality in map(get, sorted(names(), key=lambda name: name != "table")):
        if modality.exports(version):
            return modality
    raise ValueError(f"The model returns {', '.join(sorted(version.outputs))}. Expected a version made by `gan-keras export`.")


def of_data(data):
    """Returns the modality of a data object, such as `gan_keras.data.Images`. Raises `ValueError` for any other object."""
    modalities = list(map(get, names()))
    for modality in modalities:
        if isinstance(data, modality.data_class):
            return modality
    classes = ", ".join(modality.data_class.__name__ for modality in modalities)
    raise ValueError(f"Got data of type {type(data).__name__}. Expected a data object of `gan_keras.data`: {classes}.")


def evaluate(gan, training, test, num=None, seed=0, progress=print, label=None):
    """Evaluates a GAN with the protocol of its modality: scores of the GAN, of baselines and of real samples, and a verdict.

    `gan-keras evaluate` writes the same dictionary to `evaluation.json`.

    ```python
    training, held_out = gan_keras.data.split_images(gan_keras.data.load_images("digits"))
    gan = gan_keras.presets.get("image", "tiny").fit(training)
    result = gan_keras.evaluate(gan, training, held_out, num=100)
    print("\\n".join(result["verdict"]))
    ```

    Args:
        gan: A trained GAN.
        training: Its training data: `Corpus`, `Images`, `Sounds`, `Videos`, `Table`, `Series` or `Domains` of `gan_keras.data`.
        test: Data of the same class that took no part in training.
        num: Samples per sampler (for text, per temperature); None for a number that suits the data.
        seed: Seed of the samples: sample i is generated from `seed + i`.
        progress: Function that receives each line of progress; None for silence.
        label: For a table, the column that downstream models predict; None for the last column that holds a value.

    Returns:
        Dictionary that JSON can hold, with `samplers`, `real`, `verdict`, `settings` and entries of the modality.

    Raises:
        ValueError: If the data are of another or of two types, do not fit the GAN, or are too few.
    """
    modality = of_data(training)
    if not isinstance(test, modality.data_class):
        raise ValueError(
            f"Got training data of type {type(training).__name__} and test data of type {type(test).__name__}. Expected one "
            "type: split a data set, or load both alike."
        )
    if label is not None and modality.name != "table":
        raise ValueError(f"label={label!r} for {modality.samples}. Expected none: only a table has a column to predict.")
    modality.check_fits(gan, training)
    options = {} if label is None else {"target": label}
    return modality.score(gan, training, test, num, seed, progress or (lambda line: None), **options)
