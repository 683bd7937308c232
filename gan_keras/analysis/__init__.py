"""What a trained GAN has learned: measurements of its samples, by modality."""

from gan_keras.analysis.attributes import Attribute, attributes_of, kind_of, samples_of, share_of_words, words_gained, words_of
from gan_keras.analysis.label_attribute import LabelAttribute, label_attribute

__all__ = [
    "Attribute",
    "LabelAttribute",
    "attributes_of",
    "kind_of",
    "label_attribute",
    "samples_of",
    "share_of_words",
    "words_gained",
    "words_of",
]
