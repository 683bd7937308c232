"""Networks of series: shapes, labels, noise of each step, and the networks of TimeGAN."""

import numpy as np
import pytest

from gan_keras import networks

SHAPE = (5, 3)
PAIRS = {
    "dense": lambda num_labels: (
        networks.DenseSeriesGenerator(SHAPE, 4, 8, num_labels=num_labels),
        networks.DenseSeriesDiscriminator(8, num_labels=num_labels),
    ),
    "gaussian": lambda num_labels: (
        networks.GaussianSeriesGenerator(SHAPE, 2, 8, num_labels=num_labels),
        networks.DenseSeriesDiscriminator(8, num_labels=num_labels),
    ),
    "rcgan": lambda num_labels: (
        networks.RCGANGenerator(SHAPE, 2, 6, num_labels),
        networks.RCGANDiscriminator(6, num_labels),
    ),
}
LATENTS = np.random.default_rng(0).standard_normal((6, 17)).astype(np.float32)


@pytest.mark.parametrize("num_labels", [0, 3])
@pytest.mark.parametrize("name", PAIRS)
def test_pairs_make_and_judge_series(name, num_labels):
    generator, discriminator = PAIRS[name](num_labels)
    labels = np.array([0, 1, 2, 0, 1, 2]) if num_labels else None
    latents = LATENTS[:, : generator.latent_dim]
    series = generator(latents, labels)
    assert series.shape == (6, *SHAPE) and discriminator(series, labels).shape == (6, 1)


@pytest.mark.parametrize("name", PAIRS)
def test_labels_change_series_and_logits_and_are_required(name):
    generator, discriminator = PAIRS[name](2)
    latents = LATENTS[:, : generator.latent_dim]
    ones, zeros = np.ones(6, int), np.zeros(6, int)
    series = generator(latents, ones)
    assert np.abs(series - generator(latents, zeros)).max() > 1e-3
    assert np.abs(discriminator(series, ones) - discriminator(series, zeros)).max() > 1e-4
    pytest.raises(ValueError, generator, latents).match("Got no labels")
    pytest.raises(ValueError, PAIRS[name](0)[1], series, ones).match("num_labels=0")


def test_noise_of_a_step_changes_only_that_step_and_later_ones():
    generator = networks.RCGANGenerator(SHAPE, 2, 6)
    changed = LATENTS.copy()
    changed[:, 4:6] += 1.0  # two numbers per step: these are of the third
    differences = np.abs(np.asarray(generator(LATENTS[:, :10])) - np.asarray(generator(changed[:, :10]))).max(axis=(0, 2))
    assert (differences[:2] == 0).all() and (differences[2:] > 0).all()


def test_a_gaussian_generator_adds_noise_of_the_given_deviations():
    generator = networks.GaussianSeriesGenerator((2,), 3, 4, deviations=[0.5, 2.0])
    assert generator.latent_dim == 5
    latents = LATENTS[:, :5]
    whole = np.asarray(generator(latents))
    generator.scales.assign([0.0, 0.0])
    layers = np.asarray(generator(latents))  # their output for the same latents, without noise
    np.testing.assert_allclose(whole - layers, latents[:, :2] * [0.5, 2.0], rtol=1e-4, atol=1e-6)


def test_an_rcgan_logit_is_the_mean_of_the_steps_logits():
    discriminator = networks.RCGANDiscriminator(6)
    series = np.random.default_rng(1).standard_normal((2, *SHAPE)).astype(np.float32)
    logits = discriminator(series)
    of_steps = np.asarray(discriminator.recurrent(series)) @ discriminator.logit.kernel + discriminator.logit.bias
    np.testing.assert_allclose(logits, np.mean(of_steps, axis=1), rtol=1e-4, atol=1e-6)


def test_timegans_recovery_turns_hidden_states_into_series():
    generator, discriminator = networks.TimeGANGenerator(SHAPE, 2, 4, depth=1), networks.TimeGANDiscriminator(4, depth=1)
    series = generator(LATENTS[:, :10])
    made, foretold = generator.hidden(LATENTS[:, :10])
    assert made.shape == foretold.shape == (6, 5, 4)
    np.testing.assert_allclose(generator.recovery(foretold), series, rtol=1e-5, atol=1e-6)
    hidden = discriminator.embedder(series)
    np.testing.assert_allclose(discriminator(series), np.mean(discriminator.judge(hidden), axis=1), rtol=1e-5, atol=1e-6)
