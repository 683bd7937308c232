"""Variety, copies and lengths of generated text."""

from gan_keras.metrics import text_quality

SAMPLES = [s.split() for s in ("a b a b", "a b", "a b", "c")]


def test_ngrams_unique_and_copied_sentences_and_lengths_are_counted():
    assert text_quality.distinct(SAMPLES, 1) == 3 / 9 and text_quality.distinct(SAMPLES, 2) == 2 / 5
    assert text_quality.distinct(SAMPLES, 5) == 0
    training = [["a", "b"], ["b", "b"]]
    assert text_quality.unique_fraction(SAMPLES) == 3 / 4 and text_quality.copied_fraction(SAMPLES, training) == 2 / 4
    assert text_quality.mean_length(SAMPLES) == 9 / 4
