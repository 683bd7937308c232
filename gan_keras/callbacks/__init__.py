"""Keras callbacks for GANs."""

from gan_keras.callbacks.adaptive_augmentation import AdaptiveAugmentation
from gan_keras.callbacks.best import KeepBest, Quality
from gan_keras.callbacks.checkpoint import Checkpoint
from gan_keras.callbacks.guard import Guard
from gan_keras.callbacks.history import Progress, Speed
from gan_keras.callbacks.samples import Interpolation, SampleGrid, Samples, TensorBoard
from gan_keras.callbacks.samples_of_kinds import ClipGrid, SampleSounds, SeriesPictures, TranslationGrid
from gan_keras.callbacks.watch import EarlyStop, Watch

__all__ = [
    "AdaptiveAugmentation",
    "Checkpoint",
    "ClipGrid",
    "EarlyStop",
    "Guard",
    "Interpolation",
    "KeepBest",
    "Progress",
    "Quality",
    "SampleGrid",
    "SampleSounds",
    "Samples",
    "SeriesPictures",
    "Speed",
    "TensorBoard",
    "TranslationGrid",
    "Watch",
]
