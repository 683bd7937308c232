"""The words of a comparison of two samplers."""

from gan_keras.modalities.score_table import outcome

COLUMNS = {"frechet": "Frechet distance", "recall": "recall", "kernel": "kernel distance", "speed": "speed"}
SIGNS = {"frechet": -1, "recall": 1, "kernel": -1}


def test_a_score_is_won_in_its_own_direction_and_words_without_a_score_are_left_out():
    own = {"frechet": 1.0, "recall": 0.5, "kernel": 3.0, "speed": 9.0}
    other = {"frechet": 2.0, "recall": 0.5, "kernel": 2.0, "speed": 1.0}
    assert outcome(own, other, SIGNS, COLUMNS) == ["wins in Frechet distance", "does NOT win in recall, kernel distance"]
    assert outcome(other, own, SIGNS, COLUMNS) == ["wins in kernel distance", "does NOT win in Frechet distance, recall"]
    worse, better = {"frechet": 2.0, "recall": 0.1, "kernel": 2.0}, {"frechet": 1.0, "recall": 0.2, "kernel": 1.0}
    assert outcome(better, worse, SIGNS, COLUMNS) == ["wins in Frechet distance, recall, kernel distance"]
    assert outcome(worse, better, SIGNS, COLUMNS) == ["does NOT win in Frechet distance, recall, kernel distance"]
