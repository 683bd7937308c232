"""Keras callbacks for GANs."""

from gan_keras.callbacks.adaptive_augmentation import AdaptiveAugmentation
from gan_keras.callbacks.checkpoint import Checkpoint
from gan_keras.callbacks.clip_grid import ClipGrid
from gan_keras.callbacks.early_stop import EarlyStop
from gan_keras.callbacks.guard import Guard
from gan_keras.callbacks.interpolation import Interpolation
from gan_keras.callbacks.keep_best import KeepBest
from gan_keras.callbacks.mlflow import MLflow
from gan_keras.callbacks.quality import Quality
from gan_keras.callbacks.sample_grid import SampleGrid
from gan_keras.callbacks.samples import Samples
from gan_keras.callbacks.series_pictures import SeriesPictures
from gan_keras.callbacks.sounds import SampleSounds
from gan_keras.callbacks.speed import Speed
from gan_keras.callbacks.tensorboard import TensorBoard
from gan_keras.callbacks.translation_grid import TranslationGrid
from gan_keras.callbacks.watch import Watch
from gan_keras.callbacks.weights_and_biases import WeightsAndBiases

__all__ = [
    "AdaptiveAugmentation",
    "Checkpoint",
    "ClipGrid",
    "EarlyStop",
    "Guard",
    "Interpolation",
    "KeepBest",
    "MLflow",
    "Quality",
    "SampleGrid",
    "SampleSounds",
    "Samples",
    "SeriesPictures",
    "Speed",
    "TensorBoard",
    "TranslationGrid",
    "Watch",
    "WeightsAndBiases",
]
