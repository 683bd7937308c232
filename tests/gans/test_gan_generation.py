"""`generate` and `score`: a sample follows from its seed and its label alone."""

import keras
import numpy as np
import pytest
import scipy.stats
import tensorflow as tf

from gan_keras import GAN, noise
from gan_keras.data import mixtures
from gan_keras.networks import MLPDiscriminator, MLPGenerator
from small_gans import POINTS


@pytest.fixture(scope="module")
def wide_gan():
    """Wide enough that a matrix product of one row rounds differently from one of many."""
    keras.utils.set_random_seed(4)
    return GAN(MLPGenerator((2,), latent_dim=32, units=(600, 600)), MLPDiscriminator(units=(600, 600)))


def test_the_batch_never_changes_a_sample_nor_a_score(wide_gan):
    many = wide_gan.generate(300, seed=9)
    assert many.shape == (300, 2) and len(np.unique(many[:, 0])) == 300
    for n in (1, 5, 64):
        np.testing.assert_array_equal(wide_gan.generate(n, seed=9), many[:n])
    np.testing.assert_array_equal(wide_gan.generate(3, seed=9 + 290), many[290:293])
    samples = mixtures.ring(300, seed=2)
    many = wide_gan.score(samples)
    assert many.shape == (300,)
    for n in (1, 5, 64):
        np.testing.assert_array_equal(wide_gan.score(samples[:n]), many[:n])
    np.testing.assert_allclose(many, wide_gan.discriminator(samples).numpy()[:, 0], atol=1e-5)


def test_samples_follow_from_the_seed_through_the_averaged_generator(wide_gan):
    np.testing.assert_array_equal(wide_gan.generate(4, seed=-2), wide_gan.generate(4, seed=-2))
    assert np.abs(wide_gan.generate(4, seed=1) - wide_gan.generate(4, seed=100)).min() > 0
    latents = noise.normal(tf.constant([7, 8, 9], tf.int64), 32)
    np.testing.assert_allclose(wide_gan.generate(3, seed=7), wide_gan.ema_generator(latents), atol=1e-6)


def test_arguments_out_of_their_range_are_errors(wide_gan):
    for n in (0, -1, 1_000_001, 2.0, True, "3", None):
        pytest.raises(ValueError, wide_gan.generate, n).match("Expected a whole number of samples from 1 to 1,000,000")
    for seed in (0.5, True, "0", 2**62 + 1, -(2**62) - 1):
        pytest.raises(ValueError, wide_gan.generate, 1, seed=seed).match(r"Expected a whole number from -2\^62 to 2\^62")
    for truncation in (0, -1.0, 4.5, float("nan")):
        with pytest.raises(ValueError, match=r"Expected a number in \(0, 4\], such as 0.7"):
            wide_gan.generate(1, truncation=truncation)


@keras.saving.register_keras_serializable(package="test_gan_generation")
class LabelledGenerator(MLPGenerator):
    num_labels = 3

    def __init__(self, **config):
        super().__init__(**config)
        self.embedding = keras.layers.Embedding(3, 2)

    def call(self, latents, labels=None, training=False):
        return super().call(latents) + self.embedding(labels)


@keras.saving.register_keras_serializable(package="test_gan_generation")
class LabelledDiscriminator(MLPDiscriminator):
    def __init__(self, **config):
        super().__init__(**config)
        self.embedding = keras.layers.Embedding(3, 2)

    def call(self, samples, labels=None, training=False):
        return super().call(samples * self.embedding(labels))


def test_labels_reach_both_networks_in_training_and_in_use():
    generator = LabelledGenerator(sample_shape=(2,), latent_dim=4, units=(8,))
    gan = GAN(generator, LabelledDiscriminator(units=(8,)))
    gan.compile("sgd", "sgd", generator_ema=0.0)
    networks = gan.generator, gan.discriminator
    before = [network.embedding.get_weights()[0] for network in networks]
    gan.fit(POINTS, np.arange(64) % 2, batch_size=16, verbose=0)  # labels 0 and 1 occur, 2 does not
    for network, start in zip(networks, before, strict=True):
        moved = np.abs(network.embedding.get_weights()[0] - start).max(axis=1)
        assert moved[0] > 0 and moved[1] > 0 and moved[2] == 0
    labels = np.array([2, 0, 1, 1, 2], np.int32)
    expected = generator(noise.normal(tf.range(5), 4), labels)
    np.testing.assert_allclose(gan.generate(5, labels=labels), expected, atol=1e-6)
    np.testing.assert_array_equal(gan.generate(5, seed=1), gan.generate(5, seed=1, labels=[1, 2, 0, 1, 2]))
    with pytest.raises(ValueError, match="Got labels from 1 to 3. Expected one whole number from 0 to 2"):
        gan.generate(2, labels=[1, 3])
    pytest.raises(ValueError, gan.generate, 4, labels=labels).match("Got 5 labels for n=4 samples. Expected one label for each")


def test_truncated_noise_is_distributed_as_if_what_is_beyond_were_drawn_again(wide_gan):
    normals = noise.normal(tf.range(4000), 5)
    found = np.ravel(noise.truncated(normals, tf.constant(0.7)))
    expected = scipy.stats.truncnorm(-0.7, 0.7)
    assert np.abs(found).max() < 0.7
    assert scipy.stats.kstest(found, expected.cdf).statistic < 0.012  # of 20,000 numbers; chance keeps it below in 99 of 100
    np.testing.assert_allclose(found, expected.ppf(scipy.stats.norm.cdf(np.ravel(normals).astype(np.float64))), atol=1e-5)
    extreme = noise.truncated(tf.constant([-5.4, 0.0, 5.4]), tf.constant(4.0))
    assert np.isfinite(extreme).all() and np.abs(extreme).max() <= 4.01


def test_generate_truncates_the_latents_of_each_sample_by_itself(wide_gan):
    latents = noise.truncated(noise.normal(tf.constant([7, 8, 9], tf.int64), 32), 0.5)
    found = wide_gan.generate(3, seed=7, truncation=0.5)
    np.testing.assert_allclose(found, wide_gan.ema_generator(latents), atol=1e-6)
    np.testing.assert_array_equal(wide_gan.generate(40, seed=7, truncation=0.5)[:3], found)
    assert np.abs(found - wide_gan.generate(3, seed=7)).max() > 1e-3
