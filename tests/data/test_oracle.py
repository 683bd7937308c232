import itertools
import math

import numpy as np
import pytest

from gan_keras.data.text.oracle import Oracle
from refusals import refused


def all_sequences(oracle):
    return np.array(list(itertools.product(range(oracle.vocabulary_size), repeat=oracle.length)))


def probabilities(oracle):
    lines = oracle.lines(all_sequences(oracle))
    return np.exp([oracle.log_likelihood(line) for line in lines])


def log_probability_by_hand(oracle, tokens):
    """The equations of the LSTM, one number at a time."""

    def sigmoid(value):
        return 1 / (1 + math.exp(-value))

    previous, hidden, cell, total = 0, [0.0] * oracle.units, [0.0] * oracle.units, 0.0
    for token in tokens:
        inputs = [*map(float, oracle._embedding[previous]), *hidden]
        gates = [
            sum(value * float(weight) for value, weight in zip(inputs, column, strict=True)) + float(bias)
            for column, bias in zip(oracle._kernel.T, oracle._bias, strict=True)
        ]
        size = oracle.units
        for unit in range(size):
            input_gate, forget_gate, output_gate = (sigmoid(gates[unit + size * gate]) for gate in range(3))
            cell[unit] = forget_gate * cell[unit] + input_gate * math.tanh(gates[unit + 3 * size])
            hidden[unit] = output_gate * math.tanh(cell[unit])
        logits = [float(value) for value in np.array(hidden) @ oracle._output_kernel + oracle._output_bias]
        total += logits[token] - math.log(sum(math.exp(logit) for logit in logits))
        previous = token
    return total


def test_the_likelihood_follows_the_equations_of_the_lstm_and_sums_to_one():
    oracle = Oracle(vocabulary_size=7, length=4, units=3, seed=5)
    tokens = [6, 0, 3, 3]
    by_hand = -log_probability_by_hand(oracle, tokens) / 4
    assert oracle.negative_log_likelihood([tokens]) == pytest.approx(by_hand, rel=1e-5)
    assert probabilities(Oracle(vocabulary_size=5, length=3, units=4)).sum() == pytest.approx(1, abs=1e-5)


def test_samples_follow_the_likelihood_and_do_not_depend_on_their_number():
    oracle = Oracle(vocabulary_size=3, length=2, units=2, seed=3)
    samples = oracle.sample(20_000, seed=0)
    counts = np.bincount(samples @ [3, 1], minlength=9) / 20_000
    expected = probabilities(oracle)
    np.testing.assert_array_less(np.abs(counts - expected), 4 * np.sqrt(expected / 20_000) + 1e-6)
    oracle = Oracle(vocabulary_size=50, length=6, units=8)
    np.testing.assert_array_equal(oracle.sample(300, seed=1)[:10], oracle.sample(10, seed=1))
    assert (oracle.sample(10, seed=1) != oracle.sample(10, seed=2)).any()


def test_the_published_setting_reproduces_the_published_score_of_real_data_approximately():
    oracle = Oracle()
    samples = oracle.sample(256, seed=0)
    assert samples.shape == (256, 20) and samples.dtype == np.int32
    assert oracle.negative_log_likelihood(samples) == pytest.approx(5.75, abs=0.35)  # 5.750 with SeqGAN's weights
    uniform = np.random.default_rng(0).integers(5000, size=(256, 20))
    assert oracle.negative_log_likelihood(uniform) > 10


def test_the_mean_does_not_depend_on_the_number_of_batches():
    oracle = Oracle(vocabulary_size=20, length=5, units=4)
    samples = oracle.sample(600, seed=0)
    separate = [oracle.log_likelihood(line) for line in oracle.lines(samples)]
    assert oracle.negative_log_likelihood(samples) == pytest.approx(-np.mean(separate) / 5, rel=1e-5)


def test_lines_are_numbered_words_and_others_have_likelihood_zero():
    oracle = Oracle(vocabulary_size=200, length=3, units=2)
    assert oracle.lines(np.array([[7, 0, 123]])) == ["w0007 w0000 w0123"]
    for line in ("", "w0001", "w0001 w0001 w0001", "w0001 w0200", "w1 w0001", "w0001 wet", "w0001 w²"):
        assert Oracle(vocabulary_size=200, length=2, units=2).log_likelihood(line) == -math.inf, line


def test_wrong_arguments_are_refused():
    oracle = Oracle(vocabulary_size=5, length=3, units=2)
    refused(r"shape \(1, 2\). Expected \(num, 3\)", oracle.negative_log_likelihood, [[0, 1]])
    refused("tokens 0 to 5. Expected 0 to 4", oracle.negative_log_likelihood, [[0, 1, 5]])
    refused("num=0", oracle.sample, 0, seed=0)
    refused("vocabulary_size=1", Oracle, vocabulary_size=1)
