"""Keras callbacks for GANs."""

from gan_keras.callbacks.adaptive_augmentation import AdaptiveAugmentation
from gan_keras.callbacks.keep_best import KeepBest
from gan_keras.callbacks.quality import Quality
from gan_keras.callbacks.samples import Samples

__all__ = ["AdaptiveAugmentation", "KeepBest", "Quality", "Samples"]
