"""What a trained GAN has learned: measurements of its samples, by modality."""

from gan_keras.analysis.attributes import Attribute, attributes_of, kind_of, samples_of
from gan_keras.analysis.attribution import Attribution, attribute, randomisation_test

__all__ = ["Attribute", "Attribution", "attribute", "attributes_of", "kind_of", "randomisation_test", "samples_of"]
