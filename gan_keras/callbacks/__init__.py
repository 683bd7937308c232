"""Keras callbacks for GANs."""

from gan_keras.callbacks.keep_best import KeepBest
from gan_keras.callbacks.quality import Quality
from gan_keras.callbacks.samples import Samples

__all__ = ["KeepBest", "Quality", "Samples"]
