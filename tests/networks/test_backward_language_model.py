"""A language model from right to left, and relations of positions: both compared with slow plain versions."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from gan_keras.codecs.text import END, START
from gan_keras.networks import BackwardLanguageModel, ConvolutionalDiscriminator, RelationalDiscriminator

TOKENS = np.array([[5, 6, 7, END, 0, 0], [8, END, 0, 0, 0, 0], [9, 9, 4, 9, 9, END]], "int32")


def make(**options):
    keras.utils.set_random_seed(0)
    return BackwardLanguageModel(12, embedding_dim=4, units=5, dropout=0.5, **options)


def relational(**options):
    keras.utils.set_random_seed(0)
    return RelationalDiscriminator(12, 7, width=3, units=4, **options)


def slow_log_likelihood(network, row, state):
    """Reads a row token by token from its end, with the LSTM's cell."""
    line, total = [token for token in row if token], 0.0
    for token, before in zip(reversed(line), [*reversed(line[:-1]), START], strict=True):
        embedded = network.embedding.embeddings.numpy()[None, token]
        hidden, state = network.recurrent.cell(tf.constant(embedded), state)
        logits = network.projection(hidden).numpy() @ network.embedding.embeddings.numpy().T + network.token_bias.numpy()
        total += logits[0, before] - np.log(np.exp(logits[0]).sum())
    return total


def test_the_likelihood_is_that_of_reading_each_line_from_its_end():
    network = make()
    network.token_bias.assign(np.random.default_rng(0).normal(size=12))
    expected = [slow_log_likelihood(network, row, [tf.zeros((1, 5))] * 2) for row in TOKENS]
    np.testing.assert_allclose(network.log_likelihood(TOKENS), expected, rtol=1e-5)
    np.testing.assert_allclose(network.features(TOKENS)[:, 0], expected, rtol=1e-5)
    np.testing.assert_allclose(network(TOKENS)[:, 0], expected / (TOKENS != 0).sum(axis=1), rtol=1e-5)


def test_losses_are_those_of_the_tokens_in_reading_order_and_padding_has_none():
    losses = np.asarray(make().token_losses(TOKENS))
    np.testing.assert_array_equal(losses > 0, TOKENS != 0)
    wider = np.asarray(make().token_losses(np.pad(TOKENS, ((0, 0), (0, 3)))))
    np.testing.assert_allclose(wider[:, :6], losses, rtol=1e-5)
    changed = TOKENS.copy()
    changed[2, 0] = 4  # read last: only its own loss and that of the start after it can change
    other = np.asarray(make().token_losses(changed))
    np.testing.assert_allclose(other[2, :4], losses[2, :4], rtol=1e-5)
    assert np.abs(other[2, 4:] - losses[2, 4:]).min() > 1e-5


def test_a_label_sets_the_first_state_and_an_unknown_one_that_of_the_mean():
    network, table = make(num_labels=2), np.random.default_rng(1).normal(size=(2, 10)).astype(np.float32)
    network.label_embedding.embeddings.assign(table)
    for labels, rows in (([0, 1, 0], table[[0, 1, 0]]), (None, np.repeat(table.mean(axis=0, keepdims=True), 3, axis=0))):
        states = [list(map(tf.constant, np.split(np.tanh(row)[None], 2, axis=1))) for row in rows]
        expected = [slow_log_likelihood(network, *pair) for pair in zip(TOKENS, states, strict=True)]
        given = None if labels is None else np.array(labels, "int32")
        np.testing.assert_allclose(network.log_likelihood(TOKENS, given), expected, rtol=1e-5)
    pytest.raises(ValueError, make().log_likelihood, TOKENS, np.zeros(3, "int32")).match("num_labels=0")


def test_only_a_head_reads_drafts_and_adds_features():
    alone, headed = make(), make(head=ConvolutionalDiscriminator(12, (2, 3), embedding_dim=4, filters=4))
    assert (alone.reads_drafts, alone.feature_names) == (False, ("backward_log_likelihood",))
    assert (headed.reads_drafts, headed.feature_names) == (True, ("backward_log_likelihood", "logit"))
    features = headed.features(TOKENS)
    assert features.shape == (3, 2)
    np.testing.assert_allclose(features[:, 1:], headed.head(TOKENS), rtol=1e-6)
    np.testing.assert_allclose(headed(TOKENS), headed.head(TOKENS), rtol=1e-6)
    assert alone.corrupted(TOKENS, np.arange(3)) is None


def test_relations_are_bilinear_forms_of_all_pairs_of_positions():
    network = relational()
    vectors = np.random.default_rng(0).normal(size=(2, 7, 3)).astype(np.float32)
    found = np.asarray(network.relations(tf.constant(vectors))).reshape(2, 7, 7)
    matrices = network.matrices.numpy().reshape(7, 3, 7, 3)
    for b, p, q in np.ndindex(2, 7, 7):
        assert found[b, p, q] == pytest.approx(vectors[b, p] @ matrices[p, :, q] @ vectors[b, q], abs=1e-5)


def test_padding_does_not_change_relations_and_longer_lines_are_refused():
    network = relational(num_labels=2)
    labels = np.array([0, 1, 1], "int32")
    np.testing.assert_allclose(network(TOKENS, labels), network(np.pad(TOKENS, ((0, 0), (0, 1))), labels), rtol=1e-5)
    assert not np.allclose(network(TOKENS, labels), network(TOKENS, 1 - labels))
    pytest.raises(ValueError, network, np.pad(TOKENS, ((0, 0), (0, 2)))).match("lines of 8 tokens. Expected at most length=7")


def test_a_spoiled_line_ends_like_the_next_one():
    lines = np.arange(4, 8)[:, None] * 10 + np.arange(9)
    lines[:, -1] = END
    spoiled = np.asarray(relational().corrupted(tf.constant(lines), tf.range(4, dtype=tf.int64)))
    before = np.roll(lines, 1, axis=0)
    for row, own, other in zip(spoiled, lines, before, strict=True):
        kept = int((row == own).argmin())
        assert 2 <= kept <= 7
        np.testing.assert_array_equal(row, [*own[:kept], *other[kept:]])
    many = np.asarray(relational().corrupted(tf.constant(np.tile(lines, (50, 1))), tf.range(200, dtype=tf.int64)))
    assert len({int((row == own).argmin()) for row, own in zip(many, np.tile(lines, (50, 1)), strict=True)}) == 5
