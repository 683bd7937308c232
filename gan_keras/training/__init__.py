"""The machinery of `fit`: devices, precision, time budget, checkpoints and resuming.

Names are imported when they are first used, so that a file of this package can be imported without TensorFlow.
"""

import importlib

_PLACES = {
    "Player": ("player", "Player"),
    "checkpoint_names": ("checkpoint_files", "names"),
    "load_checkpoint": ("checkpoint_files", "load_model"),
    "newest_checkpoint": ("checkpoint_files", "newest"),
}

__all__ = ["Player", "checkpoint_names", "load_checkpoint", "newest_checkpoint"]


def __getattr__(name):
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    file, attribute = _PLACES[name]
    return getattr(importlib.import_module(f"{__name__}.{file}"), attribute)
