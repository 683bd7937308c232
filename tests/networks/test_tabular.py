"""Networks of rows: format of samples, conditions, packs, likelihoods."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from gan_keras.networks import (
    EncodedTableGenerator,
    PackedTableDiscriminator,
    ResidualTableGenerator,
    TableDecoder,
    TableEncoder,
)
from gan_keras.networks.tabular_autoencoder import divergence

SIZES = (3, 1, 4)
LABELS = np.array([0, 1, 4, 2, 2, 0], np.int32)


def latents_of(network, num=6):
    return np.random.default_rng(0).normal(size=(num, network.latent_dim)).astype(np.float32)


def generators():
    keras.utils.set_random_seed(0)
    options = {"noise_dim": 5, "num_labels": 5}
    return [kind(2, SIZES, units=(8,), **options) for kind in (ResidualTableGenerator, TableDecoder, EncodedTableGenerator)]


@pytest.mark.parametrize("generator", generators(), ids=lambda network: type(network).__name__)
def test_a_row_has_numbers_in_range_and_choices_that_sum_to_one(generator):
    samples = generator(latents_of(generator), LABELS).numpy()
    assert samples.shape == (6, 10) and np.abs(samples[:, :2]).max() <= 1
    for start, size in ((2, 3), (5, 1), (6, 4)):
        np.testing.assert_allclose(samples[:, start : start + size].sum(axis=1), 1.0, rtol=1e-5)
    others = generator(latents_of(generator), (LABELS + 1) % 5).numpy()
    assert np.abs(samples - others).max() > 1e-3  # the condition is read
    pytest.raises(ValueError, generator, latents_of(generator)).match("Got no labels")


def test_choices_are_drawn_with_the_probabilities_of_their_softmax():
    generator = ResidualTableGenerator(0, (3,), noise_dim=2, num_labels=0, units=(4,))
    logits = np.log([[0.5, 0.3, 0.2]]).astype(np.float32).repeat(20_000, axis=0)
    normals = np.random.default_rng(0).normal(size=(20_000, 3)).astype(np.float32)
    chosen = np.argmax(generator.activate(logits, normals), axis=1)
    np.testing.assert_allclose(np.bincount(chosen) / 20_000, [0.5, 0.3, 0.2], atol=0.012)


def test_rows_of_a_pack_share_a_logit_that_depends_on_every_row_and_condition():
    keras.utils.set_random_seed(0)
    network = PackedTableDiscriminator(5, (8,), num=3)
    samples = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32)
    logits = network(samples, LABELS).numpy()
    assert logits.shape == (6, 1) and len(np.unique(logits)) == 2
    changed = samples.copy()
    changed[4] += 1
    np.testing.assert_array_equal(network(changed, LABELS).numpy() != logits, [[False]] * 3 + [[True]] * 3)
    assert (network(samples, np.roll(LABELS, 3)).numpy() != logits).all()
    pytest.raises(tf.errors.InvalidArgumentError, network, samples[:4], LABELS[:4], training=True).match("whole packs")


def test_the_likelihood_of_a_row_is_that_of_its_numbers_and_choices():
    keras.utils.set_random_seed(1)
    decoder = TableDecoder(2, SIZES, noise_dim=5, num_labels=0, units=(8,))
    decoder(latents_of(decoder))
    decoder.log_deviations.assign([-1.0, 0.5])
    codes = latents_of(decoder)[:, :5]
    choices = np.concatenate([np.eye(3)[[0, 1, 2, 2, 1, 0]], np.ones((6, 1)), np.eye(4)[[3, 2, 1, 0, 0, 1]]], axis=1)
    samples = np.concatenate([np.linspace(-0.9, 0.9, 12).reshape(6, 2), choices], axis=1).astype(np.float32)
    logits = decoder.logits(codes).numpy()
    expected = -stats.norm.logpdf(samples[:, :2], np.tanh(logits[:, :2]), np.exp([-1.0, 0.5])).sum(axis=1)
    expected -= np.log(2 * np.pi)  # two constants of half that
    for start, size in ((2, 3), (6, 4)):
        own = logits[:, start : start + size]
        chances = np.exp(own) / np.exp(own).sum(axis=1, keepdims=True)
        expected -= np.log((chances * samples[:, start : start + size]).sum(axis=1))
    np.testing.assert_allclose(decoder.negative_log_likelihood(samples, codes), expected, rtol=1e-4)


def test_the_divergence_of_codes_is_that_of_two_gaussians():
    mean, log_variance = np.array([[0.5, -1.0]]), np.array([[0.2, -0.7]])
    variance = np.exp(log_variance)
    expected = 0.5 * np.sum(variance + mean**2 - 1 - np.log(variance))
    assert float(divergence(mean, log_variance)[0]) == pytest.approx(expected)
    draws = np.random.default_rng(0).normal(mean, np.sqrt(variance), (200_000, 2))
    by_chance = (stats.norm.logpdf(draws, mean, np.sqrt(variance)) - stats.norm.logpdf(draws)).sum(axis=1).mean()
    assert by_chance == pytest.approx(expected, abs=0.01)


def test_networks_are_saved_and_loaded(tmp_path):
    rows = np.zeros((2, 10), np.float32)
    readers = [(network, rows) for network in (PackedTableDiscriminator(5, (8,), 2), TableEncoder(4, 5, (8,)))]
    for network, inputs in [*readers, *((each, latents_of(each, 2)) for each in generators())]:
        answer = network(inputs, LABELS[:2])
        network.save(tmp_path / "network.keras")
        np.testing.assert_array_equal(keras.saving.load_model(tmp_path / "network.keras")(inputs, LABELS[:2]), answer)


def test_the_bound_is_below_a_rows_likelihood_integrated_over_the_codes():
    keras.utils.set_random_seed(3)
    generator = EncodedTableGenerator(2, SIZES, noise_dim=2, num_labels=5, units=(8,))
    row = generator(latents_of(generator, 1), LABELS[:1]).numpy()
    row[0, 2:] = [1, 0, 0, 1, 0, 0, 1, 0]
    random, num = np.random.default_rng(0), 200_000
    many, labels = np.repeat(row, num, axis=0), np.repeat(LABELS[:1], num)
    codes = random.normal(size=(num, 2)).astype(np.float32)
    exact = np.log(np.mean(np.exp(-generator.negative_log_likelihood(many, codes, labels).numpy().astype(np.float64))))
    bound = -np.mean(generator.bound(many, labels, codes, 1.0))
    mean, log_variance = (part.numpy()[0] for part in generator.encoder.code(row, LABELS[:1]))
    places = mean + np.exp(log_variance / 2) * codes
    slack = generator.negative_log_likelihood(many, places.astype(np.float32), labels).numpy()
    by_hand = -np.mean(slack) - 0.5 * np.sum(np.exp(log_variance) + mean**2 - 1 - log_variance)
    assert bound == pytest.approx(by_hand, abs=1e-3) and bound < exact
    twice = -np.mean(generator.bound(many, labels, codes, 2.0))
    assert twice == pytest.approx(bound - np.mean(slack), abs=1e-3)  # the likelihood alone counts twice
