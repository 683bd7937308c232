"""Behaviour that the word, the character and the subword codec share."""

import importlib.util
import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from gan_keras.codecs import CharacterCodec, SubwordCodec, TextCodec, WordCodec
from gan_keras.codecs.text import END, PADDING, UNKNOWN
from refusals import refused

LINES = ["The wheel turns.", "the (old) wheel", "床前明月光，疑是地上霜。", "na\u0308ive 👩🏽\u200d🚀 \u202eabc!"]
WITH_TENSORFLOW_TEXT = pytest.mark.skipif(importlib.util.find_spec("tensorflow_text") is None, reason="needs tensorflow_text")
CODECS = pytest.mark.parametrize(
    "codec_class", [WordCodec, CharacterCodec, pytest.param(SubwordCodec, marks=WITH_TENSORFLOW_TEXT)]
)


def adapted(codec_class, lines=LINES, **arguments):
    codec = codec_class(**arguments)
    codec.adapt(lines)
    return codec


def texts(strings):
    return [string.decode() for string in strings.numpy()]


@CODECS
def test_lines_of_any_script_round_trip_alone_in_batches_and_in_a_pipeline(codec_class):
    codec = adapted(codec_class)
    assert texts(codec.decode(codec.encode(LINES))) == LINES
    together = codec.encode(LINES).numpy()
    alone = [codec.encode([line]).numpy()[0] for line in LINES]
    np.testing.assert_array_equal(together, alone)
    batches = list(tf.data.Dataset.from_tensor_slices(LINES).batch(2).map(codec.encode))
    np.testing.assert_array_equal(tf.concat(batches, axis=0), codec.encode(LINES))


@CODECS
def test_a_row_is_tokens_then_one_end_then_padding(codec_class):
    codec = adapted(codec_class, length=9)
    ids = codec.encode([*LINES, ""])
    assert ids.dtype == tf.int32 and ids.shape == (5, 9)
    for row in ids.numpy():
        end = row.tolist().index(END)
        assert np.all(row[:end] >= UNKNOWN) and np.all(row[end + 1 :] == PADDING)
    assert ids[4].numpy().tolist() == [END] + [PADDING] * 8


@CODECS
def test_an_empty_batch_stays_empty_both_ways_and_a_scalar_is_refused(codec_class):
    codec = adapted(codec_class)
    assert codec.encode([]).shape == (0, codec.length) and codec.decode(tf.zeros([0, 3], tf.int64)).shape == (0,)
    with pytest.raises((ValueError, tf.errors.InvalidArgumentError)):
        adapted(codec_class).encode(tf.constant("a scalar"))


@CODECS
def test_a_very_long_line_is_cut_and_still_ends(codec_class):
    codec = adapted(codec_class, ["ab cd " * 5000, "ab"])
    assert codec.length == 128 and codec.report["cut_lines"] == 1
    row = codec.encode(["ab cd " * 5000]).numpy()[0]
    assert row[-1] == END and np.all(row[:-1] > UNKNOWN)


@CODECS
def test_a_prompt_has_no_end_and_leaves_room_for_it(codec_class):
    codec = adapted(codec_class, length=6)
    ids, lengths = codec.encode_prompt(["the", "", "the the the the the the the"])
    assert ids.shape == (3, 6) and lengths.dtype == tf.int32 and lengths.numpy()[1] == 0 and lengths.numpy()[2] == 5
    np.testing.assert_array_equal(ids.numpy() != PADDING, np.arange(6) < lengths.numpy()[:, None])
    assert END not in ids.numpy()


@CODECS
def test_the_vocabulary_is_sorted_after_the_special_entries_for_any_order_of_lines(codec_class):
    codec = adapted(codec_class)
    assert codec.vocabulary[:3] == ["<pad>", "<start>", "<end>"]
    assert codec.vocabulary[4:] == sorted(set(codec.vocabulary[4:]))
    assert codec.vocabulary_size == len(codec.vocabulary)
    assert adapted(codec_class, LINES[::-1]).vocabulary == codec.vocabulary


@CODECS
def test_invalid_bytes_are_replaced_and_blank_lines_dropped_and_both_are_counted(codec_class):
    codec = adapted(codec_class, ["one", b"t\xffwo", "  \t", "", "three"])
    assert (codec.report["lines"], codec.report["empty_lines"], codec.report["invalid_lines"]) == (3, 2, 1)
    decoded = codec.decode(codec.encode(tf.constant([b"t\xffwo"]))).numpy()[0].decode()
    assert decoded == "t\ufffdwo"


@CODECS
def test_a_codec_survives_json_and_keras_serialisation_before_adapt_too(codec_class):
    codec = adapted(codec_class, fold_case=True)
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(codec)))
    copy = keras.saving.deserialize_keras_object(config)
    assert type(copy) is codec_class and copy.get_config() == codec.get_config()
    assert copy.report == codec.report and copy.report["lines"] == 4
    np.testing.assert_array_equal(copy.encode(LINES), codec.encode(LINES))
    copy = codec_class.from_config(codec_class(length=7).get_config())
    copy.adapt(LINES)
    assert copy.length == 7


@CODECS
def test_a_saved_model_encodes_and_decodes_as_python_does(codec_class, tmp_path):
    codec = adapted(codec_class)
    module = tf.Module()
    module.trackables = codec.trackables
    module.encode = tf.function(codec.encode, input_signature=[tf.TensorSpec([None], tf.string)])
    module.decode = tf.function(codec.decode, input_signature=[tf.TensorSpec([None, None], tf.int32)])
    tf.saved_model.save(module, tmp_path / "codec")
    loaded = tf.saved_model.load(tmp_path / "codec")
    strings = [*LINES, "something unknown ✗", ""]
    ids = codec.encode(strings)
    np.testing.assert_array_equal(loaded.encode(tf.constant(strings)), ids)
    assert texts(loaded.decode(ids)) == texts(codec.decode(ids))
    assert loaded.encode(tf.zeros([0], tf.string)).shape == (0, codec.length)


@CODECS
def test_a_codec_created_during_tracing_works_in_and_after_it(codec_class):
    config, made = adapted(codec_class).get_config(), []

    @tf.function
    def encode(strings):
        made.append(codec_class.from_config(config))
        return made[0].encode(strings)

    np.testing.assert_array_equal(encode(tf.constant(LINES)), made[0].encode(LINES))


@CODECS
def test_the_error_before_adapt_asks_for_a_call_of_adapt(codec_class):
    for use in (lambda codec: codec.encode(["a"]), lambda codec: codec.decode([[4]]), lambda codec: codec.vocabulary):
        refused("call `codec.adapt", use, codec_class())


@CODECS
def test_lines_without_text_are_refused(codec_class):
    for lines, words in (
        ([], "Got 0 lines"),
        (["", " \n", b""], "Got 3 lines, all of them empty"),
        ("one string", "expected a list of lines"),
        (["fine", 3], "line of type int: 3"),
    ):
        refused(words, codec_class().adapt, lines)


def test_wrong_limits_and_vocabularies_and_the_abstract_base_class_are_refused():
    for arguments in ({"length": 1}, {"length": 2.5}, {"max_vocabulary": 4}, {"min_count": 0}):
        refused(f"{next(iter(arguments))}=", WordCodec, **arguments)
    refused("expected .*<pad>", WordCodec, vocabulary=["a", "b", "c", "d", "e"])
    refused("lower `min_count`", WordCodec(min_count=2).adapt, ["every word once"])
    with pytest.raises(TypeError):
        TextCodec()


def test_lines_come_from_any_iterable_and_decoding_stops_at_the_first_end():
    codec = adapted(WordCodec, (line for line in ["plain", "bro\ud800ken"]))
    assert codec.report["invalid_lines"] == 1 and "plain" in codec.vocabulary
    codec = adapted(WordCodec, ["a b c"])
    assert codec.vocabulary[4:] == ["a", "b", "c"]
    assert texts(codec.decode([[1, 4, 0, 5, 2, 6], [2, 4, 4, 4, 4, 4], [4, 3, 6, 0, 0, 0]])) == ["a b", "", "a <unk> c"]


def test_the_report_counts_tokens_and_unknown_tokens_by_hand():
    codec = adapted(WordCodec, ["a a a b", "a b c", "a"], min_count=2, length=4)
    assert codec.vocabulary[4:] == ["a", "b"]
    counts = {"lines": 3, "empty_lines": 0, "invalid_lines": 0, "longest_line": 4, "cut_lines": 1}
    assert codec.report == counts | {"tokens": 8, "unknown_tokens": 1, "unknown_share": 1 / 8, "vocabulary_size": 6}
