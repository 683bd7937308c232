import math

import numpy as np
import pytest

from gan_keras.data.text.phrases import PhraseGrammar, chinese_phrases, english_phrases, load_chinese_phrases
from refusals import refused

GRAMMARS = pytest.mark.parametrize("grammar", [english_phrases(), chinese_phrases()], ids=["english", "chinese"])


def tiny():
    return PhraseGrammar({"SENTENCE": "3: the NOUN runs . | 1: NOUN", "NOUN": "2: dog | cat | red fox"})


def test_the_likelihood_is_the_product_of_the_rules_summed_over_the_derivations():
    assert math.exp(tiny().log_likelihood("the dog runs.")) == pytest.approx(3 / 4 * 2 / 4)
    assert math.exp(tiny().log_likelihood("red fox")) == pytest.approx(1 / 4 * 1 / 4)
    grammar = PhraseGrammar({"SENTENCE": "1: LEFT z | 3: x RIGHT", "LEFT": "x y | y", "RIGHT": "2: y z | 3: z"})
    assert math.exp(grammar.log_likelihood("x y z")) == pytest.approx(1 / 4 * 1 / 2 + 3 / 4 * 2 / 5)
    grammar = PhraseGrammar({"SENTENCE": "LEFT RIGHT", "LEFT": "x | x y", "RIGHT": "2: y z | 3: z"})
    assert math.exp(grammar.log_likelihood("x y z")) == pytest.approx(1 / 2 * 2 / 5 + 1 / 2 * 3 / 5)


@pytest.mark.parametrize("line", ["", "the dog", "the dog runs. runs", "the bird runs.", "The dog runs.", "dog runs."])
def test_a_line_outside_the_grammar_has_likelihood_zero(line):
    assert tiny().log_likelihood(line) == -math.inf


def test_the_entropy_and_the_number_of_lines_match_an_enumeration():
    probabilities = np.array([3 / 8, 3 / 16, 3 / 16, 1 / 8, 1 / 16, 1 / 16])
    assert probabilities.sum() == 1
    assert tiny().entropy == pytest.approx(-(probabilities * np.log(probabilities)).sum())
    assert tiny().num_derivations == 6


def test_samples_follow_the_probabilities():
    lines = tiny().sample(8000, seed=1)
    for line in set(lines):
        expected = math.exp(tiny().log_likelihood(line))
        assert lines.count(line) / 8000 == pytest.approx(expected, abs=4 * math.sqrt(expected / 8000))
    assert len(set(lines)) == 6


def test_a_recursive_grammar_and_an_unknown_symbol_are_refused():
    refused("NOUN derives itself", PhraseGrammar, {"SENTENCE": "the NOUN", "NOUN": "dog | dog of NOUN"})
    refused("NOUNS is not a symbol.*SENTENCE, NOUN", PhraseGrammar, {"SENTENCE": "the NOUNS", "NOUN": "dog"})
    refused("num=0", tiny().sample, 0, seed=0)


@GRAMMARS
def test_samples_have_the_entropy_of_their_grammar_are_varied_and_do_not_depend_on_their_number(grammar):
    losses = [-grammar.log_likelihood(line) for line in grammar.sample(2000, seed=3)]
    assert np.mean(losses) == pytest.approx(grammar.entropy, abs=4 * np.std(losses) / math.sqrt(2000))
    assert grammar.sample(50, seed=7)[:20] == grammar.sample(20, seed=7)
    assert grammar.sample(20, seed=7) != grammar.sample(20, seed=8)
    assert grammar.num_derivations > 1_000_000 and len(set(grammar.sample(1000, seed=0))) > 800


def test_the_english_grammar_knows_agreement():
    for right, wrong in (
        ("the girl sings.", "the girl sing."),
        ("the girls that the old man sees sing.", "the girls that the old man sees sings."),
        ("an old dog sleeps at home.", "a old dog sleeps at home."),
        ("do two cats run?", "does two cats run?"),
    ):
        assert english_phrases().log_likelihood(right) > -math.inf, right
        assert english_phrases().log_likelihood(wrong) == -math.inf, wrong


def test_the_chinese_grammar_knows_measure_words_and_needs_no_spaces():
    assert chinese_phrases().log_likelihood("一位老师喝三杯茶。") > -math.inf
    assert chinese_phrases().log_likelihood("一只老师喝三杯茶。") == -math.inf
    assert chinese_phrases().log_likelihood("一位老师喝三本茶。") == -math.inf
    assert not any(" " in line for line in load_chinese_phrases().lines)
