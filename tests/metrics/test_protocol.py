"""Scores are comparable only under one protocol."""

import operator

import pytest

from gan_keras.metrics.protocol import Protocol, Score
from refusals import refused

PROTOCOL = Protocol("bleu", data="ab12", split="test", num_real=10, num_fake=5, seeds=(1, 2))


def test_scores_of_one_protocol_are_subtracted_and_ordered_by_all_their_numbers():
    difference = Score({"2": 0.5, "3": 0.25}, PROTOCOL) - Score({"2": 0.25, "3": 0.5}, PROTOCOL)
    assert difference == {"2": 0.25, "3": -0.25}
    low, high, mixed = (Score(dict(enumerate(values)), PROTOCOL) for values in ((1, 1), (2, 2), (0, 3)))
    assert low <= high and high >= low and not high <= low and not mixed <= high and not mixed >= high
    assert Protocol(**PROTOCOL.as_dict()) == PROTOCOL and PROTOCOL.as_dict()["temperature"] is None


@pytest.mark.parametrize("compare", [operator.sub, operator.le, operator.ge])
def test_scores_of_different_protocols_never_compare(compare):
    other = Protocol("bleu", data="ab12", split="train", num_real=10, num_fake=7, seeds=(1, 2))
    refused("different protocols", compare, Score({2: 1.0}, PROTOCOL), Score({2: 1.0}, other))


def test_the_error_names_exactly_the_fields_that_differ_and_other_names_never_compare():
    other = Protocol("bleu", data="ab12", split="train", num_real=10, num_fake=7, seeds=(1, 2))
    with pytest.raises(ValueError, match=r"differ in split \('test' and 'train'\), num_fake \(5 and 7\)\."):
        Score({2: 1.0}, PROTOCOL) - Score({2: 1.0}, other)
    with pytest.raises(ValueError, match="same names"):
        Score({2: 1.0}, PROTOCOL) - Score({3: 1.0}, PROTOCOL)
