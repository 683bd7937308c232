"""Variety, copies, lengths and judges of generated text."""

import json

import pytest

from gan_keras.metrics import text_quality
from gan_keras.metrics.kneser_ney import KneserNey

SAMPLES = [s.split() for s in ("a b a b", "a b", "a b", "c")]


def test_distinct_counts_ngrams_inside_sentences_only():
    assert text_quality.distinct(SAMPLES, 1) == 3 / 9
    assert text_quality.distinct(SAMPLES, 2) == 2 / 5
    assert text_quality.distinct(SAMPLES, 5) == 0


def test_unique_copied_and_known_fractions_are_counted_over_sentences():
    training = [["a", "b"], ["b", "b"]]
    assert text_quality.unique_fraction(SAMPLES) == 3 / 4
    assert text_quality.copied_fraction(SAMPLES, training) == 2 / 4
    assert text_quality.known_fraction(SAMPLES, training) == 3 / 4


def test_lengths_are_counted_in_tokens():
    assert text_quality.length_histogram(SAMPLES) == {1: 1, 2: 2, 4: 1}
    assert text_quality.mean_length(SAMPLES) == 9 / 4


def test_judges_share_one_vocabulary_and_swap_roles():
    training, held_out = [["a", "b"], ["c", "d"]], [["a", "e"]]
    scores = text_quality.judge_scores(SAMPLES, training, held_out)
    judge, reverse_judge = KneserNey().fit(training, 7), KneserNey().fit(SAMPLES, 7)  # a to e, the end, one unknown
    assert scores == {
        "lm_score": judge.negative_log_likelihood_per_token(SAMPLES),
        "reverse_lm_score": reverse_judge.negative_log_likelihood_per_token(held_out),
        "real_lm_score": judge.negative_log_likelihood_per_token(held_out),
    }


def test_one_good_sentence_repeated_has_a_good_lm_score_and_a_bad_reverse_one():
    training = [[a, b, c] for a in "ab" for b in "cd" for c in "ef"]
    repeated, diverse = [training[0]] * 8, training[::-1]
    scores, diverse_scores = (text_quality.judge_scores(x, training, training) for x in (repeated, diverse))
    assert scores["lm_score"] == pytest.approx(diverse_scores["lm_score"], abs=0.2)
    assert scores["reverse_lm_score"] > diverse_scores["reverse_lm_score"] + 0.5


def test_the_report_sees_a_copy_through_its_spacing_and_fits_into_json():
    report = text_quality.text_report(["a dog .", "two cats"], ["a dog.", "a cat."], ["two dogs."])
    assert report["copies"] == 0.5
    assert report["known"] == 0.5
    assert report["length_histogram"] == {2: 1, 3: 1}
    assert json.loads(json.dumps(report))["num_samples"] == 2


def test_the_report_uses_the_given_tokens():
    assert text_quality.text_report(["ab"], ["ab"], ["b"], tokenize=list)["mean_length"] == 2


def test_a_report_without_lines_names_what_is_missing():
    with pytest.raises(ValueError, match="no held_out_lines"):
        text_quality.text_report(["a"], ["a"], [])
