"""Downstream tasks: predicting the labels of a modality's samples, to measure the worth of a training set.

A new modality needs a class with the methods of `Downstream`, and an entry here.
"""

from gan_keras.downstream.tasks.base import Downstream
from gan_keras.downstream.tasks.image import ImageDownstream
from gan_keras.downstream.tasks.series import SeriesDownstream
from gan_keras.downstream.tasks.table import TableDownstream

__all__ = ["Downstream", "ImageDownstream", "SeriesDownstream", "TableDownstream", "get"]

_BY_MODALITY = {"image": ImageDownstream, "table": TableDownstream, "series": SeriesDownstream}


def get(modality):
    """Returns the downstream task class of a modality by name; raises `ValueError` if there is none."""
    if modality not in _BY_MODALITY:
        raise ValueError(f"Got a run of the modality {modality}. Expected one of {', '.join(_BY_MODALITY)}, with labels.")
    return _BY_MODALITY[modality]
