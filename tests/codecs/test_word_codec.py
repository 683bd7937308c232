import pathlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gan_keras.codecs import WordCodec

ANY_TEXT = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\uffed"), max_size=30)
KNOWN = ["The", "wheel", "don't", "3.5", "床前", "हिन्दी", "(", ")", ".", "—", "🚲", " ", "  ", "\t", "…!", "'", "naïve"]
IMAGE_COCO = pathlib.Path(__file__).parents[2] / "../shared/data/image_coco/train.txt"


def adapted(lines, **arguments):
    codec = WordCodec(**arguments)
    codec.adapt(lines)
    return codec


def decoded(codec, line):
    return codec.decode(codec.encode([line])).numpy()[0].decode()


def test_punctuation_is_a_token_that_marks_its_neighbours():
    for line, tokens in (
        ("The wheel.", ["The", "wheel", "￭."]),
        ("(the end)", ["(￭", "the", "end", "￭)"]),
        ("a . b", ["a", ".", "b"]),
        ("say:yes", ["say", "￭:￭", "yes"]),
        ("don't be state-of-the-art", ["don't", "be", "state-of-the-art"]),
        ("3.5 of 1,000, e.g. x,y", ["3.5", "of", "1,000", "￭,", "e.g", "￭.", "x", "￭,￭", "y"]),
        ('"Hi!" ... she', ['"￭', "Hi", '￭!"', "...", "she"]),
        ("'tis snake_case", ["'￭", "tis", "snake_case"]),
        ("é\u0301 👩🏽\u200d🚀 go", ["é\u0301", "👩🏽\u200d🚀", "go"]),
        ("霜。光", ["霜", "￭。￭", "光"]),
    ):
        assert WordCodec().tokens(line) == tokens, line


@given(ANY_TEXT)
def test_splitting_and_joining_any_text_changes_white_space_only(text):
    codec = WordCodec()
    joined = codec.detokenize(codec.tokenize([text])).numpy()[0].decode()
    assert joined == " ".join(text.split())


@given(st.lists(st.lists(st.sampled_from(KNOWN), min_size=1).map("".join), min_size=1, max_size=4))
def test_lines_of_known_words_round_trip_up_to_white_space(lines):
    codec = adapted([*lines, "one line with text"], length=100)
    for line in lines:
        assert decoded(codec, line) == " ".join(line.split())


def test_joiners_in_a_text_are_replaced_and_impossible_sequences_of_them_still_decode():
    codec = adapted(["￭ a￭b ￭￭"])
    assert decoded(codec, "￭ a￭b ￭￭") == "■ a■b ■■"
    codec = adapted(["(a) b."])
    left, right, stop = (codec.vocabulary.index(token) for token in ("(￭", "￭)", "￭."))
    texts = codec.decode([[right, left], [left, stop], [left, left]]).numpy()
    assert [text.decode() for text in texts] == [") (", "(.", "(("]


def test_min_count_and_max_vocabulary_keep_the_most_frequent_and_break_ties_by_spelling():
    lines = ["c c c b b a a d"]
    assert adapted(lines).vocabulary[4:] == ["a", "b", "c", "d"]
    assert adapted(lines, min_count=2).vocabulary[4:] == ["a", "b", "c"]
    assert adapted(lines, max_vocabulary=6).vocabulary[4:] == ["a", "c"]


def test_case_folding_works_in_any_alphabet_and_unknown_words_are_named_without_joiners():
    codec = adapted(["Straße ÉTÉ Ωμέγα"], fold_case=True)
    assert codec.vocabulary[4:] == ["straße", "été", "ωμέγα"]
    assert decoded(codec, "STRAßE été ΩΜΈΓΑ") == "straße été ωμέγα"
    codec = adapted(["the wheel."], length=8)
    assert codec.unknown_words("the (red) wheel.") == ["(", "red", ")"]
    assert decoded(codec, "the red wheel.") == "the <unk> wheel."


@pytest.mark.skipif(not IMAGE_COCO.exists(), reason="needs shared/data")
def test_ten_thousand_captions_round_trip_in_seconds():
    lines = IMAGE_COCO.read_text().splitlines()
    codec = adapted(lines)
    start = time.perf_counter()
    ids = codec.encode(lines)
    assert time.perf_counter() - start < 3
    assert [text.decode() for text in codec.decode(ids).numpy()] == [" ".join(line.split()) for line in lines]
