"""Runs: training in a directory that holds everything a training produces.

`train_run` is the function `train` of the file of that name, which would hide the file here.
"""

from gan_keras.callbacks.history import OF_THE_MACHINE as MACHINE_COLUMNS
from gan_keras.runs.default_callbacks import Watchers
from gan_keras.runs.files import Run
from gan_keras.runs.train import train as train_run

__all__ = ["MACHINE_COLUMNS", "Run", "Watchers", "train_run"]
