"""Presets: a name for a whole recipe of codec, networks, optimizers and schedule. The only place with tuned numbers."""

import copy

from gan_keras.presets import audio, image, points, series, table, text, translation, video
from gan_keras.presets.audio import AudioPreset
from gan_keras.presets.base import Preset
from gan_keras.presets.image import ImagePreset
from gan_keras.presets.series import SeriesPreset
from gan_keras.presets.table import TablePreset
from gan_keras.presets.text import STAGES, TextPreset, choose_codec
from gan_keras.presets.translation import TranslationPreset
from gan_keras.presets.video import VideoPreset
from gan_keras.settings import with_settings

__all__ = [
    "STAGES",
    "AudioPreset",
    "ImagePreset",
    "Preset",
    "SeriesPreset",
    "TablePreset",
    "TextPreset",
    "TranslationPreset",
    "VideoPreset",
    "choose_codec",
    "get",
    "names",
    "with_settings",
]

_BY_MODALITY = {
    "text": text.PRESETS,
    "image": image.PRESETS,
    "audio": audio.PRESETS,
    "video": video.PRESETS,
    "table": table.PRESETS,
    "series": series.PRESETS,
    "translation": translation.PRESETS,
    "points": points.PRESETS,
}


def names(modality="text"):
    """Names of the presets of a modality, and a line about each: a dict."""
    return {name: preset.description for name, preset in _presets_of(modality).items()}


def get(modality, name):
    """A preset of its own, whose fields can be changed.

    Raises:
        ValueError: If there is no such preset.
    """
    presets = _presets_of(modality)
    if name not in presets:
        raise ValueError(f"There is no {modality} preset {name!r}. Expected one of {', '.join(presets)}.")
    return copy.deepcopy(presets[name])


def _presets_of(modality):
    if modality not in _BY_MODALITY:
        raise ValueError(f"There is no modality {modality!r}. Expected one of {', '.join(_BY_MODALITY)}.")
    return _BY_MODALITY[modality]
