"""Presets: a name for a whole recipe of codec, networks, optimizers and schedule. The only place with tuned numbers.

The same lines train any modality:

```python
training, held_out = gan_keras.data.split_images(gan_keras.data.load_images("digits"))
preset = gan_keras.presets.get("image", "tiny")  # its fields can be changed
gan = preset.build(training)
gan.fit(preset.batches(gan, training), epochs=preset.epochs)
gan.generate(10, seed=0)
```
"""

import copy

from gan_keras.diagnosis.names import choice_of
from gan_keras.modalities import points
from gan_keras.modalities.audio import presets as audio
from gan_keras.modalities.audio.presets import AudioPreset
from gan_keras.modalities.image import presets as image
from gan_keras.modalities.image.presets import ImagePreset
from gan_keras.modalities.points import PointsPreset
from gan_keras.modalities.preset import Preset
from gan_keras.modalities.series import presets as series
from gan_keras.modalities.series.presets import SeriesPreset
from gan_keras.modalities.settings import with_settings
from gan_keras.modalities.table import presets as table
from gan_keras.modalities.table.presets import TablePreset
from gan_keras.modalities.text import presets as text
from gan_keras.modalities.text.presets import STAGES, TextPreset, choose_codec
from gan_keras.modalities.translation import presets as translation
from gan_keras.modalities.translation.presets import TranslationPreset
from gan_keras.modalities.video import presets as video
from gan_keras.modalities.video.presets import VideoPreset

__all__ = [
    "STAGES",
    "AudioPreset",
    "ImagePreset",
    "PointsPreset",
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

_MODALITIES = {
    **{"text": text, "image": image, "audio": audio, "video": video},
    **{"table": table, "series": series, "translation": translation, "points": points},
}


def names(modality="text"):
    """Returns the descriptions of a modality's presets by name."""
    return {name: preset.description for name, preset in _presets_of(modality).items()}


def get(modality, name):
    """Returns a copy of a preset; its fields can be changed. Raises `ValueError` if there is no such preset."""
    presets = _presets_of(modality)
    if name not in presets:
        raise ValueError(f"There is no {modality} preset {name!r}. {choice_of(name, presets)}.")
    return copy.deepcopy(presets[name])


def _presets_of(modality):
    if modality not in _MODALITIES:
        raise ValueError(f"There is no modality {modality!r}. {choice_of(modality, _MODALITIES)}.")
    return _MODALITIES[modality].PRESETS
