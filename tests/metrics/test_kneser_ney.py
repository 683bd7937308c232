"""The Kneser-Ney model against hand-worked numbers, nltk's smoothing and its own full distributions."""

import itertools
import math
from collections import Counter

import numpy as np
import pytest
from nltk.lm import KneserNeyInterpolated
from nltk.util import everygrams

from gan_keras.metrics.kneser_ney import END, UNKNOWN, KneserNey
from refusals import refused

SENTENCES = [s.split() for s in ("a b c a", "a b d", "b c", "a b c a", "d", "c a b", "a a a b")]


def test_a_bigram_probability_equals_the_hand_worked_one():
    # Bigrams of "<s> a b </s>", "<s> a a </s>": <s>a x2, ab, b</s>, aa, a</s>. Distinct words before: a 2, b 1, </s> 2.
    model = KneserNey(order=2, discount=0.5).fit([["a", "b"], ["a", "a"]])
    unigram_backoff = 0.5 * 3 / 5
    unigram_b = (1 - 0.5) / 5 + unigram_backoff / 4
    expected = {"b": (1 - 0.5) / 3 + 0.5 * 3 / 3 * unigram_b, UNKNOWN: 0.5 * 3 / 3 * unigram_backoff / 4}
    found = model.next_token_probabilities(["a"])
    assert {token: found[token] for token in expected} == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("min_sentences", [1, 2, 3])
def test_higher_orders_are_smoothed_like_nltk(min_sentences):
    """nltk pads with nothing of its own here, and has no unknown words: only its unigrams are replaced."""
    order, discount = 4, 0.75
    model = KneserNey(order, discount, min_sentences).fit(SENTENCES)
    oracle = KneserNeyInterpolated(order, discount=discount)
    padded = [["<s>", *sentence, "</s>"] for sentence in SENTENCES]
    oracle.fit([list(everygrams(s, max_len=order)) for s in padded], sorted(set(itertools.chain(*padded))))
    unigrams = KneserNey(2, discount).fit(SENTENCES).next_token_probabilities(["never seen"])

    def expected(word, context):
        if not context:
            return unigrams[word]
        lower = expected(word, context[1:])
        if not oracle.counts[context].N():
            return lower
        weights = {each: oracle.estimator.alpha_gamma(each, context) for each in oracle.counts[context]}
        known = {each for each in weights if contained((*context, each)) >= min_sentences}
        backoff = oracle.estimator.alpha_gamma(word, context)[1] + sum(weights[each][0] for each in weights.keys() - known)
        return (weights[word][0] if word in known else 0.0) + backoff * lower

    def contained(ngram):
        """Number of sentences with the n-gram."""
        return sum(any(tuple(s[i : i + len(ngram)]) == ngram for i in range(len(s))) for s in padded)

    for context in itertools.chain(*(itertools.product("abcd", repeat=n) for n in (1, 2, 3))):
        # A word before the context keeps it from beginning the sentence, where nltk counts other things.
        found = model.next_token_probabilities(["d", "d", "d", *context])
        for word in ("a", "b", "c", "d", END):
            assert found[word] == pytest.approx(expected(word, context), abs=1e-9), (word, context)


@pytest.mark.parametrize("order", [1, 2, 3, 5])
@pytest.mark.parametrize("context", [[], ["a"], ["a", "b"], ["a", "b", "c"], ["z", "a"], ["b", "z"], list("abcabcd")])
def test_every_distribution_sums_to_one(order, context):
    probabilities = (
        KneserNey(order, min_sentences=1 + order % 2).fit(SENTENCES, vocabulary_size=50).next_token_probabilities(context)
    )
    assert sum(probabilities.values()) == pytest.approx(1.0, abs=1e-12) and min(probabilities.values()) > 0


@pytest.mark.parametrize("order", [1, 2, 5])
def test_log_likelihood_is_the_sum_over_tokens_and_the_end(order):
    model, sentence = KneserNey(order).fit(SENTENCES), ["a", "b", "c", "d", "a", "b"]
    steps = [model.next_token_probabilities(sentence[:i])[token] for i, token in enumerate([*sentence, END])]
    assert model.log_likelihood(sentence) == pytest.approx(sum(map(math.log, steps)), abs=1e-9)


def test_an_unknown_word_has_its_share_of_the_unseen_mass():
    model = KneserNey(3).fit(SENTENCES, vocabulary_size=25)  # 4 words and the end are seen: 20 are not
    steps = [model.next_token_probabilities(["a"])[UNKNOWN] / 20, model.next_token_probabilities(["a", "zebra"])[END]]
    expected = math.log(model.next_token_probabilities()["a"]) + sum(map(math.log, steps))
    assert model.log_likelihood(["a", "zebra"]) == pytest.approx(expected, abs=1e-9)


def test_likelihood_per_token_counts_sentence_ends_and_is_lower_for_shuffled_sentences():
    model = KneserNey().fit(SENTENCES)
    sentences = [["a", "b"], [], ["d"]]
    expected = -sum(model.log_likelihood(sentence) for sentence in sentences) / 6
    assert model.negative_log_likelihood_per_token(sentences) == pytest.approx(expected, abs=1e-12)
    reverse = [sentence[::-1] for sentence in SENTENCES]
    likelihood = model.negative_log_likelihood_per_token
    assert likelihood(SENTENCES) + 0.3 < likelihood(reverse)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 1.7])
def test_samples_follow_the_tempered_distribution(temperature):
    model, num = KneserNey(order=3).fit(SENTENCES), 40_000
    samples = [[*sentence, END] for sentence in model.sample(num, seed=1, temperature=temperature)]
    for context in ((), ("a",), ("a", "b")):
        followers = [s[len(context)] for s in samples if tuple(s[: len(context)]) == context and len(s) > len(context)]
        powers = {w: p ** (1 / temperature) for w, p in model.next_token_probabilities(context).items() if w != UNKNOWN}
        expected = np.array(list(powers.values())) / sum(powers.values())
        found = np.array([Counter(followers)[word] for word in powers]) / len(followers)
        assert np.all(np.abs(found - expected) < 5 * np.sqrt(expected * (1 - expected) / len(followers)))


def test_sampling_is_reproducible_ends_at_the_maximum_length_and_is_greedy_at_a_low_temperature():
    model = KneserNey(4).fit([[1, 2, 3] * 10])
    assert model.sample(5, seed=2, max_length=7) == model.sample(5, seed=2, max_length=7)
    assert max(len(sentence) for sentence in model.sample(50, seed=2, max_length=7)) == 7 and model.sample(0) == []
    assert set(itertools.chain(*KneserNey(1).fit(SENTENCES).sample(50))) == set("abcd")
    model = KneserNey(3).fit(SENTENCES)
    (sentence,) = {tuple(sentence) for sentence in model.sample(20, temperature=0.001, max_length=6)}
    for i, token in enumerate(sentence):
        probabilities = model.next_token_probabilities(sentence[:i])
        assert probabilities[token] == max(probabilities.values())


def test_wrong_input_of_the_ngram_model_is_refused():
    for call, message in (
        (lambda: KneserNey(order=0), "order >= 1"),
        (lambda: KneserNey(discount=1.0), "discount in"),
        (lambda: KneserNey(min_sentences=0), "min_sentences=0"),
        (lambda: KneserNey().fit([]), "no sentences"),
        (lambda: KneserNey().fit(SENTENCES, vocabulary_size=4), "vocabulary_size 4"),
        (lambda: KneserNey().fit(SENTENCES).sample(1, temperature=0.0), "temperature 0.0"),
        (lambda: KneserNey().fit(SENTENCES).sample(1, temperature=math.nan), "temperature nan"),
        (lambda: KneserNey().fit(SENTENCES).negative_log_likelihood_per_token([]), "no sentences"),
    ):
        refused(message, call)


def test_sentences_shorter_than_the_order_are_enough():
    model = KneserNey(order=9).fit([["a", "b"], ["b"]])
    assert sum(model.next_token_probabilities(["a"]).values()) == pytest.approx(1.0, abs=1e-12)
    assert model.log_likelihood(["a", "b"]) == pytest.approx(KneserNey(4).fit([["a", "b"], ["b"]]).log_likelihood("ab"))
    assert set(itertools.chain(*model.sample(20))) == {"a", "b"}
