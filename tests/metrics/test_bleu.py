"""BLEU, Self-BLEU and their tokens agree with nltk."""

import math
import pathlib
import random
import time

import numpy as np
import pytest
from nltk.tokenize import NLTKWordTokenizer
from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu

from gan_keras.metrics.bleu import References, bleu, bleu_tokens, self_bleu
from refusals import refused

ORDERS = (2, 3, 4, 5)
IMAGE_COCO = pathlib.Path(__file__).parents[2] / "../shared/data/image_coco"
LINES = [
    *("", "   ", "a dog's bed.", 'He said "hello" to (them), didn\'t he?', "I'll, we've; they're: you'd & I'M"),
    *("it costs $3.50, or 1,000 at 10:30 -- no...", "cannot gimme gonna gotta lemme wanna go more'n d'ye"),
    *(" 'tis nobler, 'twas 'better'", "the dogs' bowl 'quoted' it's", "u.s. flag at the u.s.", 'the end.") '),
    *("a [b] {c} <d> *e* #f @g 100%!", "«oui» “yes” ‘no’ „ja“ – — ```x'' ''y", "一隻貓。 caffè, naïve!"),
    "two.sentences. And another. ",
]


def nltk_bleu(hypothesis, references, n):
    return sentence_bleu(references, hypothesis, [1 / n] * n, SmoothingFunction().method1)


def random_sentences(generator, num):
    letters = "abcde"[: generator.randint(1, 5)]
    return [[generator.choice(letters) for _ in range(generator.randint(0, 9))] for _ in range(num)]


def test_bleu_of_random_sentences_equals_nltk():
    for seed in range(60):
        generator = random.Random(seed)
        hypotheses, references = random_sentences(generator, 5) + [["z"], []], random_sentences(generator, 5)
        for n, score in bleu(hypotheses, references).items():
            assert score == pytest.approx(np.mean([nltk_bleu(h, references, n) for h in hypotheses]), abs=1e-9), seed


def test_self_bleu_of_random_sentences_equals_nltk_against_all_others():
    for seed in range(60):
        sentences = random_sentences(random.Random(seed), 6)
        sentences += sentences[:1]
        for n, score in self_bleu(sentences).items():
            expected = [nltk_bleu(s, sentences[:i] + sentences[i + 1 :], n) for i, s in enumerate(sentences)]
            assert score == pytest.approx(np.mean(expected), abs=1e-9), seed


def test_edge_cases_equal_nltk():
    """Empty, shorter than n, no word in common, short, a repeated word, longer than the references."""
    longer = ["a", "cat", "sat", "on", "the", "mat", "today", "and", "slept"]
    hypotheses = ([], ["the"], ["zebra", "yak"], ["the", "cat"], ["the"] * 7, longer)
    references = [["the", "cat", "is", "on", "the", "mat"], ["there", "is", "a", "cat"]]
    for hypothesis in hypotheses:
        for n, scores in References(references).scores([hypothesis], orders=(1, *ORDERS)).items():
            assert scores[0] == pytest.approx(nltk_bleu(hypothesis, references, n), abs=1e-9), hypothesis


def test_hand_worked_sentences_have_their_scores():
    # Words: 2 of 3 match; pairs: 1 of 2; the closest reference is 4 long.
    score = bleu([["a", "b", "x"]], [["a", "b", "c", "d"]], orders=(2,))[2]
    assert score == pytest.approx(math.exp(1 - 4 / 3) * math.sqrt(2 / 3 * 1 / 2), abs=1e-12)
    references = [["a"] * 5, ["a"] * 3]
    assert bleu([["a"] * 4], references, orders=(2,))[2] == pytest.approx(1.0, abs=1e-12)
    # "a a a" is clipped to the two of the other sentence, "a a" is not clipped at all.
    scores = References([["a", "a", "a"], ["a", "a"]]).leave_one_out(orders=(1,))[1]
    np.testing.assert_allclose(scores, [2 / 3, math.exp(1 - 3 / 2)], atol=1e-12)
    assert self_bleu([["a", "b", "c", "d", "e", "f"]] * 3) == pytest.approx(dict.fromkeys(ORDERS, 1.0))


def test_self_bleu_of_the_first_sentences_still_has_all_others_as_references():
    sentences = random_sentences(random.Random(3), 8)
    expected = np.mean([nltk_bleu(s, sentences[:i] + sentences[i + 1 :], 3) for i, s in enumerate(sentences[:2])])
    assert self_bleu(sentences, orders=(3,), num_hypotheses=2)[3] == pytest.approx(expected, abs=1e-9)


def test_token_ids_score_like_words_and_prepared_references_like_fresh_ones():
    words = [["a", "b", "a", "c"], ["b", "a", "c", "c"], ["c", "a", "b", "a"]]
    ids = [[" abc".index(word) for word in sentence] for sentence in words]
    assert bleu(ids[:2], ids[1:]) == bleu(words[:2], words[1:])
    references = References([["a", "b", "c"], ["a", "c"]])
    for hypotheses in ([["a", "b"]], [["c"], ["a", "c", "b"]]):
        assert bleu(hypotheses, references) == bleu(hypotheses, [["a", "b", "c"], ["a", "c"]])


def test_wrong_input_is_refused():
    refused("no reference sentences", bleu, [["a"]], [])
    refused("no sentences to score", bleu, [], [["a"]])
    refused("at least 2", self_bleu, [["a"]])
    refused("from 1 to 3", bleu, [["a"]], References([["a"]], max_order=3), orders=(4,))


@pytest.mark.skipif(not IMAGE_COCO.exists(), reason="Image COCO is not there")
def test_real_captions_have_the_published_protocols_score_within_ten_seconds():
    train, test = (
        [bleu_tokens(line) for line in (IMAGE_COCO / name).read_text("utf-8").splitlines()] for name in ("train.txt", "test.txt")
    )
    start = time.process_time()
    scores, self_scores = bleu(train, test), References(train).leave_one_out()
    assert time.process_time() - start < 10 and [round(scores[n], 3) for n in ORDERS] == [0.740, 0.520, 0.337, 0.218]
    for i in (0, 4321):
        assert self_scores[5][i] == pytest.approx(nltk_bleu(train[i], train[:i] + train[i + 1 :], 5), abs=1e-9)


def test_handmade_and_random_lines_are_split_like_nltk():
    for line in LINES:
        assert bleu_tokens(line) == NLTKWordTokenizer().tokenize(line), line
    assert bleu_tokens("a dog's bed isn't red.") == ["a", "dog", "'s", "bed", "is", "n't", "red", "."]
    generator, nltk_tokenizer = random.Random(0), NLTKWordTokenizer()
    pieces = ["a", "dog", "can", "not", "1", "n't", "'s", " 'tis", "wanna ", "more'n", "u.s.", *"'\"`.,:()[<-?!*$%”’‘ "]
    for _ in range(2000):
        line = "".join(generator.choice(pieces) + generator.choice(["", "", " "]) for _ in range(9))
        assert bleu_tokens(line) == nltk_tokenizer.tokenize(line), line


@pytest.mark.skipif(not IMAGE_COCO.exists(), reason="Image COCO is not there")
def test_image_coco_is_split_like_nltk():
    nltk_tokenizer = NLTKWordTokenizer()
    for line in (IMAGE_COCO / "test.txt").read_text("utf-8").splitlines():
        assert bleu_tokens(line) == nltk_tokenizer.tokenize(line)
