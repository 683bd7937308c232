from hypothesis import given
from hypothesis import strategies as st

from gan_keras.codecs import CharacterCodec

ANY_LINE = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\ufffd"), max_size=20)


def adapted(lines, **arguments):
    codec = CharacterCodec(**arguments)
    codec.adapt(lines)
    return codec


def decoded(codec, line):
    return codec.decode(codec.encode([line])).numpy()[0].decode()


@given(ANY_LINE)
def test_any_line_round_trips_exactly_including_white_space(line):
    codec = adapted([f"not blank{line}"], length=30)
    assert decoded(codec, line) == line


def test_a_chinese_verse_has_one_token_per_character_and_rare_ones_can_be_left_out():
    codec = adapted(["床前明月光", "月光"])
    assert codec.vocabulary[4:] == sorted("床前明月光") and codec.length == 6 and codec.tokens("月光") == ["月", "光"]
    assert adapted(["aab", "abc"], min_count=2).vocabulary[4:] == ["a", "b"]
    assert adapted(["aab", "abc"], max_vocabulary=5).vocabulary[4:] == ["a"]


def test_unknown_characters_are_named_and_decode_to_the_replacement_mark_which_has_one_entry():
    codec = adapted(["abc"], length=8)
    assert decoded(codec, "abxc") == "ab\ufffdc" and codec.unknown_words("abxcy") == ["x", "y"]
    codec = adapted(["a\ufffdb"])
    assert codec.vocabulary == ["<pad>", "<start>", "<end>", "\ufffd", "a", "b"]
    assert codec.report["unknown_tokens"] == 1
