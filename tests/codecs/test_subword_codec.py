import sys

import pytest

from gan_keras.codecs import SubwordCodec
from refusals import refused

LINES = ["walk walking walked talk talking talked", "walking (talking)."] * 20


def adapted(lines, **arguments):
    pytest.importorskip("tensorflow_text")
    codec = SubwordCodec(**arguments)
    codec.adapt(lines)
    return codec


def decoded(codec, line):
    return codec.decode(codec.encode([line])).numpy()[0].decode()


def test_frequent_words_are_one_piece_unseen_ones_several_and_only_unseen_characters_are_unknown():
    codec = adapted(LINES)
    assert codec.tokens("walkinged") == ["walking", "￮e", "￮d"] and decoded(codec, "walkinged lat") == "walkinged lat"
    assert adapted(LINES).tokens("(walking) talking.") == ["(￭", "walking", "￭", "￮)", "talking", "￭", "￮."]
    assert codec.unknown_words("walker, walk (tax).") == ["walker", ",", "tax"]
    assert decoded(codec, "walk tax.") == "walk <unk>."


def test_the_vocabulary_respects_its_limit_and_spells_every_word():
    codec = adapted(LINES, max_vocabulary=36)
    assert codec.vocabulary_size <= 36 and codec.report["unknown_tokens"] == 0
    assert adapted(LINES).vocabulary_size > codec.vocabulary_size


def test_private_marks_are_replaced_by_similar_ones_and_words_longer_than_any_piece_are_learned():
    codec = adapted(["a￮b ￭c d\x00e ## ##f"])
    assert decoded(codec, "a￮b ￭c d\x00e ## ##f") == "a○b ■c d\ufffde ## ##f"
    codec = adapted(["光" * 40 + "霜" * 40])
    assert decoded(codec, "霜光") == "霜光" and codec.report["unknown_tokens"] == 0


def test_without_tensorflow_text_the_error_names_it_and_the_alternatives(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow_text", None)
    refused("tensorflow-text.*Linux on x86_64.*WordCodec", SubwordCodec, error=ImportError)
