"""Runs: training in a directory that holds everything a training produces.

`train_run` is the function `train` of the file of that name, which would hide the file here. Names are imported when they are
first used, so that the doctor can be imported without TensorFlow.
"""

import importlib

_PLACES = {
    "MACHINE_COLUMNS": ("gan_keras.callbacks.history", "OF_THE_MACHINE"),
    "Run": ("gan_keras.runs.files", "Run"),
    "Watchers": ("gan_keras.runs.default_callbacks", "Watchers"),
    "train_run": ("gan_keras.runs.train", "train"),
}

__all__ = ["MACHINE_COLUMNS", "Run", "Watchers", "train_run"]


def __getattr__(name):
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    file, attribute = _PLACES[name]
    return getattr(importlib.import_module(file), attribute)
