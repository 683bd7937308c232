"""Downstream tasks: what labelled samples of a modality are used for, and how well a training set serves.

A further modality is one more class with the methods of `Downstream`, and one more line here.
"""

from gan_keras.downstream.tasks.base import Downstream
from gan_keras.downstream.tasks.image import ImageDownstream
from gan_keras.downstream.tasks.series import SeriesDownstream
from gan_keras.downstream.tasks.table import TableDownstream

__all__ = ["Downstream", "ImageDownstream", "SeriesDownstream", "TableDownstream", "get"]

_BY_MODALITY = {"image": ImageDownstream, "table": TableDownstream, "series": SeriesDownstream}


def get(modality):
    """The class of the downstream task of a modality, by its name.

    Raises:
        ValueError: If there is none.
    """
    if modality not in _BY_MODALITY:
        raise ValueError(f"Got a run of the modality {modality}. Expected one of {', '.join(_BY_MODALITY)}, with labels.")
    return _BY_MODALITY[modality]
