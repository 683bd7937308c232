"""What a trained GAN has learned: measurements of its samples, by modality."""

from gan_keras.analysis.attributes import Attribute, attributes_of, kind_of, samples_of
from gan_keras.analysis.directions import Directions, Effect, Effects, decided_by_style
from gan_keras.analysis.traversal import Traversal, traversal

__all__ = [
    "Attribute",
    "Directions",
    "Effect",
    "Effects",
    "Traversal",
    "attributes_of",
    "decided_by_style",
    "kind_of",
    "samples_of",
    "traversal",
]
