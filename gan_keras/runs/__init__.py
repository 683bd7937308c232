"""Runs: training in a directory that holds everything a training produces.

`train_run` is the function `train` of the file of that name, which would hide the file here.
"""

from gan_keras import startup

__all__ = ["MACHINE_COLUMNS", "Run", "Watchers", "train_run"]

__getattr__, __dir__ = startup.late(
    __name__,
    {
        "MACHINE_COLUMNS": "gan_keras.callbacks.history.OF_THE_MACHINE",
        "Run": "gan_keras.runs.files.Run",
        "Watchers": "gan_keras.runs.default_callbacks.Watchers",
        "train_run": "gan_keras.runs.train.train",
    },
)
