"""Modalities: what depends on the kind of samples, behind one set of methods.

A further modality is one more class with the methods of `Modality`, and one more line here.
"""

from gan_keras.modalities.audio.modality import AudioModality
from gan_keras.modalities.base import Modality
from gan_keras.modalities.image.modality import ImageModality
from gan_keras.modalities.series.modality import SeriesModality
from gan_keras.modalities.table.modality import TableModality
from gan_keras.modalities.text.modality import TextModality
from gan_keras.modalities.translation.modality import TranslationModality
from gan_keras.modalities.video.modality import VideoModality

__all__ = [
    "AudioModality",
    "ImageModality",
    "Modality",
    "SeriesModality",
    "TableModality",
    "TextModality",
    "TranslationModality",
    "VideoModality",
    "get",
    "names",
    "of_version",
]

_BY_NAME = {
    modality.name: modality
    for modality in (
        TableModality(),  # first: its columns may be named as the output of another, and its card tells it
        TextModality(),
        ImageModality(),
        TranslationModality(),
        AudioModality(),
        VideoModality(),
        SeriesModality(),
    )
}


def names():
    """The names of all modalities."""
    return list(_BY_NAME)


def get(name):
    """The modality of a name.

    Raises:
        ValueError: If there is none.
    """
    if name not in _BY_NAME:
        raise ValueError(f"There is no modality {name!r} in this release. Expected one of {', '.join(_BY_NAME)}.")
    return _BY_NAME[name]


def of_version(version):
    """The modality of an exported model, an `exported.Version`, told by what its `serving_default` reads and returns.

    Raises:
        ValueError: If there is none.
    """
    for modality in _BY_NAME.values():
        if modality.exports(version):
            return modality
    raise ValueError(f"The model returns {', '.join(sorted(version.outputs))}. Expected a version made by `gan-keras export`.")
