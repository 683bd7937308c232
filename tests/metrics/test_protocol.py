"""Scores are comparable only under one protocol."""

import operator

from gan_keras.metrics.protocol import Protocol, Score
from refusals import refused

PROTOCOL = Protocol("bleu", data="ab12", split="test", num_real=10, num_fake=5, seeds=(1, 2))


def test_scores_of_one_protocol_are_subtracted_and_ordered_by_all_their_numbers():
    difference = Score({"2": 0.5, "3": 0.25}, PROTOCOL) - Score({"2": 0.25, "3": 0.5}, PROTOCOL)
    assert difference == {"2": 0.25, "3": -0.25}
    low, high, mixed = (Score(dict(enumerate(values)), PROTOCOL) for values in ((1, 1), (2, 2), (0, 3)))
    assert low <= high and high >= low and not high <= low and not mixed <= high and not mixed >= high
    assert Protocol(**PROTOCOL.as_dict()) == PROTOCOL and PROTOCOL.as_dict()["temperature"] is None


def test_scores_of_different_protocols_or_names_never_compare_and_the_error_names_what_differs():
    other = Protocol("bleu", data="ab12", split="train", num_real=10, num_fake=7, seeds=(1, 2))
    for compare in (operator.sub, operator.le, operator.ge):
        words = r"different protocols.* differ in split \('test' and 'train'\), num_fake \(5 and 7\)\."
        refused(words, compare, Score({2: 1.0}, PROTOCOL), Score({2: 1.0}, other))
    refused("same names", operator.sub, Score({2: 1.0}, PROTOCOL), Score({3: 1.0}, PROTOCOL))
