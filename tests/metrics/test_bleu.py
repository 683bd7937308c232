"""BLEU and Self-BLEU agree with nltk."""

import math
import pathlib
import random
import time

import numpy as np
import pytest
from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu

from gan_keras.metrics.bleu import References, bleu, bleu_tokens, self_bleu

ORDERS = (2, 3, 4, 5)
IMAGE_COCO = pathlib.Path(__file__).parents[2] / "../shared/data/image_coco"


def nltk_bleu(hypothesis, references, n):
    return sentence_bleu(references, hypothesis, [1 / n] * n, SmoothingFunction().method1)


def random_sentences(generator, num):
    letters = "abcde"[: generator.randint(1, 5)]
    return [[generator.choice(letters) for _ in range(generator.randint(0, 9))] for _ in range(num)]


@pytest.mark.parametrize("seed", range(60))
def test_bleu_of_random_sentences_equals_nltk(seed):
    generator = random.Random(seed)
    hypotheses, references = random_sentences(generator, 5) + [["z"], []], random_sentences(generator, 5)
    for n, score in bleu(hypotheses, references).items():
        assert score == pytest.approx(np.mean([nltk_bleu(h, references, n) for h in hypotheses]), abs=1e-9)


@pytest.mark.parametrize("seed", range(60))
def test_self_bleu_of_random_sentences_equals_nltk_against_all_others(seed):
    sentences = random_sentences(random.Random(seed), 6)
    sentences += sentences[:1]
    for n, score in self_bleu(sentences).items():
        expected = [nltk_bleu(s, sentences[:i] + sentences[i + 1 :], n) for i, s in enumerate(sentences)]
        assert score == pytest.approx(np.mean(expected), abs=1e-9)


@pytest.mark.parametrize(
    "hypothesis",
    [
        [],
        ["the"],
        ["zebra", "yak"],
        ["the", "cat"],
        ["the"] * 7,
        ["a", "cat", "sat", "on", "the", "mat", "today", "and", "slept"],
    ],
    ids=["empty", "shorter than n", "no word in common", "short", "repeated word", "longer than the references"],
)
def test_edge_cases_equal_nltk(hypothesis):
    references = [["the", "cat", "is", "on", "the", "mat"], ["there", "is", "a", "cat"]]
    for n, scores in References(references).scores([hypothesis], orders=(1, *ORDERS)).items():
        assert scores[0] == pytest.approx(nltk_bleu(hypothesis, references, n), abs=1e-9)


def test_bleu_2_of_a_hand_worked_sentence():
    # Words: 2 of 3 match; pairs: 1 of 2; the closest reference is 4 long.
    score = bleu([["a", "b", "x"]], [["a", "b", "c", "d"]], orders=(2,))[2]
    assert score == pytest.approx(math.exp(1 - 4 / 3) * math.sqrt(2 / 3 * 1 / 2), abs=1e-12)


def test_of_two_references_as_close_the_shorter_sets_the_brevity_penalty():
    references = [["a"] * 5, ["a"] * 3]
    assert bleu([["a"] * 4], references, orders=(2,))[2] == pytest.approx(1.0, abs=1e-12)


def test_leaving_a_sentence_out_keeps_the_second_largest_count_of_its_ngrams():
    # "a a a" is clipped to the two of the other sentence, "a a" is not clipped at all.
    scores = References([["a", "a", "a"], ["a", "a"]]).leave_one_out(orders=(1,))[1]
    np.testing.assert_allclose(scores, [2 / 3, math.exp(1 - 3 / 2)], atol=1e-12)


def test_self_bleu_of_copies_is_one():
    assert self_bleu([["a", "b", "c", "d", "e", "f"]] * 3) == pytest.approx(dict.fromkeys(ORDERS, 1.0))


def test_self_bleu_of_the_first_sentences_still_has_all_others_as_references():
    sentences = random_sentences(random.Random(3), 8)
    expected = np.mean([nltk_bleu(s, sentences[:i] + sentences[i + 1 :], 3) for i, s in enumerate(sentences[:2])])
    assert self_bleu(sentences, orders=(3,), num_hypotheses=2)[3] == pytest.approx(expected, abs=1e-9)


def test_token_ids_score_as_the_words_do():
    words = [["a", "b", "a", "c"], ["b", "a", "c", "c"], ["c", "a", "b", "a"]]
    ids = [[" abc".index(word) for word in sentence] for sentence in words]
    assert bleu(ids[:2], ids[1:]) == bleu(words[:2], words[1:])


def test_prepared_references_score_several_sets_like_fresh_ones():
    references = References([["a", "b", "c"], ["a", "c"]])
    for hypotheses in ([["a", "b"]], [["c"], ["a", "c", "b"]]):
        assert bleu(hypotheses, references) == bleu(hypotheses, [["a", "b", "c"], ["a", "c"]])


def test_wrong_input_is_named():
    with pytest.raises(ValueError, match="no reference sentences"):
        bleu([["a"]], [])
    with pytest.raises(ValueError, match="no sentences to score"):
        bleu([], [["a"]])
    with pytest.raises(ValueError, match="at least 2"):
        self_bleu([["a"]])
    with pytest.raises(ValueError, match="from 1 to 3"):
        bleu([["a"]], References([["a"]], max_order=3), orders=(4,))


@pytest.mark.skipif(not IMAGE_COCO.exists(), reason="Image COCO is not there")
def test_real_captions_have_the_published_protocols_score_within_ten_seconds():
    train, test = (
        [bleu_tokens(line) for line in (IMAGE_COCO / name).read_text("utf-8").splitlines()] for name in ("train.txt", "test.txt")
    )
    start = time.process_time()
    scores, self_scores = bleu(train, test), References(train).leave_one_out()
    assert time.process_time() - start < 10
    assert [round(scores[n], 3) for n in ORDERS] == [0.740, 0.520, 0.337, 0.218]
    for i in (0, 4321):
        assert self_scores[5][i] == pytest.approx(nltk_bleu(train[i], train[:i] + train[i + 1 :], 5), abs=1e-9)
