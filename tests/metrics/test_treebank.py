"""The tokenizer agrees with nltk's."""

import pathlib
import random

import pytest
from nltk.tokenize import NLTKWordTokenizer

from gan_keras.metrics.bleu import bleu_tokens

IMAGE_COCO_TEST = pathlib.Path(__file__).parents[2] / "../shared/data/image_coco/test.txt"

LINES = [
    "",
    "   ",
    "a dog's bed.",
    'He said "hello" to (them), didn\'t he?',
    "I'll, we've; they're: you'd & I'M",
    "it costs $3.50, or 1,000 at 10:30 -- no...",
    "cannot gimme gonna gotta lemme wanna go more'n d'ye",
    " 'tis nobler, 'twas 'better'",
    "the dogs' bowl 'quoted' it's",
    "u.s. flag at the u.s.",
    'the end.") ',
    "a [b] {c} <d> *e* #f @g 100%!",
    "«oui» “yes” ‘no’ „ja“ – — ```x'' ''y",
    "一隻貓。 caffè, naïve!",
    "two.sentences. And another. ",
]


@pytest.mark.parametrize("line", LINES)
def test_hand_made_lines_are_split_like_nltk(line):
    assert bleu_tokens(line) == NLTKWordTokenizer().tokenize(line)


def test_clitics_and_the_final_stop_are_tokens():
    assert bleu_tokens("a dog's bed isn't red.") == ["a", "dog", "'s", "bed", "is", "n't", "red", "."]


def test_random_punctuation_is_split_like_nltk():
    generator, nltk_tokenizer = random.Random(0), NLTKWordTokenizer()
    pieces = ["a", "dog", "can", "not", "1", "n't", "'s", " 'tis", "wanna ", "more'n", "u.s.", *"'\"`.,:()[<-?!*$%”’‘ "]
    for _ in range(2000):
        line = "".join(generator.choice(pieces) + generator.choice(["", "", " "]) for _ in range(9))
        assert bleu_tokens(line) == nltk_tokenizer.tokenize(line), line


@pytest.mark.skipif(not IMAGE_COCO_TEST.exists(), reason="Image COCO is not there")
def test_image_coco_is_split_like_nltk():
    nltk_tokenizer = NLTKWordTokenizer()
    for line in IMAGE_COCO_TEST.read_text("utf-8").splitlines():
        assert bleu_tokens(line) == nltk_tokenizer.tokenize(line)
