"""Dense networks of points: equally likely components, and waves of every length."""

import keras
import numpy as np
import pytest
from scipy import stats

from gan_keras import networks, noise


def test_the_first_latent_selects_a_component_by_its_quantile_and_all_are_equally_likely():
    generator = networks.ComponentGenerator((2,), latent_dim=3, units=(4,), components=10)
    latents = np.zeros((7, 3), np.float32)
    latents[:, 0] = stats.norm.ppf([1e-30, 0.05, 0.1499, 0.1501, 0.85, 0.9999, 1 - 1e-16])
    np.testing.assert_array_equal(generator.component_of(latents), [0, 0, 1, 1, 8, 9, 9])
    generator = networks.ComponentGenerator((2,), units=(4,), components=16)
    counts = np.bincount(generator.component_of(noise.normal(np.arange(32_000), 3)), minlength=16)
    assert stats.chisquare(counts).pvalue > 0.001


def test_samples_jump_between_components_but_not_within_one():
    generator = networks.ComponentGenerator((2,), latent_dim=2, units=(8,), components=2)
    below, above, further = (generator(np.array([[first, 0.5]], np.float32)).numpy() for first in (-1e-3, 1e-3, 1.0))
    assert np.abs(below - above).max() > 1e-2
    np.testing.assert_array_equal(above, further)


def test_waves_have_any_direction_and_lengths_from_1_to_the_highest_frequency():
    discriminator = networks.FourierDiscriminator(units=(4,), waves=2000, highest_frequency=100.0)
    discriminator(np.zeros((1, 2), np.float32))
    frequencies = discriminator.angles.kernel.numpy()
    lengths = np.linalg.norm(frequencies, axis=0)
    assert stats.kstest(np.log(lengths) / np.log(100.0), "uniform").pvalue > 0.001
    assert stats.kstest((np.arctan2(*frequencies) / np.pi + 1) / 2, "uniform").pvalue > 0.001


def test_the_discriminator_separates_points_that_are_close():
    """Two points 0.01 apart, which dense layers of small slope cannot separate."""
    keras.utils.set_random_seed(0)
    discriminator = networks.FourierDiscriminator(units=(16,), waves=64, highest_frequency=300.0)
    logits = discriminator(np.array([[0.0, 0.0], [0.01, 0.0], [1.0, 1.0]], np.float32)).numpy()
    assert abs(logits[0] - logits[1]) > 0.01 * abs(logits[0] - logits[2])


def test_too_few_latents_components_or_waves_are_an_error():
    for wrong in [{"latent_dim": 1}, {"components": 0}]:
        pytest.raises(ValueError, networks.ComponentGenerator, (2,), **wrong).match("at least one component")
    for wrong in [{"waves": 0}, {"highest_frequency": 1.0}]:
        pytest.raises(ValueError, networks.FourierDiscriminator, **wrong).match("frequency > 1")


@pytest.mark.parametrize("make", [networks.ComponentGenerator, lambda shape: networks.Coded(networks.MLPGenerator(shape, 12))])
def test_mixed_precision_does_not_round_the_latents_that_select(make, monkeypatch):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        generator, seen = make((2,)), []
        generator(np.zeros((1, generator.latent_dim), np.float32))
        name = "component_of" if hasattr(generator, "component_of") else "codes"
        original = getattr(generator, name)
        object.__setattr__(generator, name, lambda latents: (seen.append(latents), original(latents))[1])
        generator(np.full((1, generator.latent_dim), 1.001, np.float32))
    finally:
        keras.config.set_dtype_policy("float32")
    np.testing.assert_array_equal(seen[0], np.float32(1.001))


def test_a_generator_of_moments_without_any_covariance_makes_means():
    generator = networks.MomentsGenerator((2, 2, 1), rank=0, noise_dim=3, units=(4,), num_labels=2)
    generator(np.zeros((1, 3), "float32"), np.zeros(1, "int32"))
    generator.means.assign([[0.1] * 4, [0.2] * 4])
    samples = generator(np.zeros((3, 3), "float32"), np.array([0, 1, 1]))
    np.testing.assert_allclose(samples[:, 0, 0, 0], [0.1, 0.2, 0.2])
