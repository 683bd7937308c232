"""The machinery of `fit`: devices, precision, time budget, checkpoints and resuming."""

from gan_keras.training.checkpoint_files import load_model as load_checkpoint
from gan_keras.training.checkpoint_files import names as checkpoint_names
from gan_keras.training.checkpoint_files import newest as newest_checkpoint
from gan_keras.training.player import Player

__all__ = ["Player", "checkpoint_names", "load_checkpoint", "newest_checkpoint"]
