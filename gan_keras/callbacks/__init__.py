"""Keras callbacks for GANs."""

from gan_keras.callbacks.adaptive_augmentation import AdaptiveAugmentation
from gan_keras.callbacks.guard import Guard
from gan_keras.callbacks.interpolation import Interpolation
from gan_keras.callbacks.keep_best import KeepBest
from gan_keras.callbacks.quality import Quality
from gan_keras.callbacks.sample_grid import SampleGrid
from gan_keras.callbacks.samples import Samples
from gan_keras.callbacks.tensorboard import TensorBoard

__all__ = ["AdaptiveAugmentation", "Guard", "Interpolation", "KeepBest", "Quality", "SampleGrid", "Samples", "TensorBoard"]
