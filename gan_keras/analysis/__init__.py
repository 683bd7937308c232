"""What a trained GAN has learned: measurements of its samples, by modality."""

from gan_keras.analysis.attributes import Attribute, attributes_of, kind_of, samples_of, share_of_words, words_gained, words_of

__all__ = ["Attribute", "attributes_of", "kind_of", "samples_of", "share_of_words", "words_gained", "words_of"]
