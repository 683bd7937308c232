"""Auxiliary objectives against their formulas in NumPy, and in training with ready-made and custom networks."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from gan_keras import GAN, auxiliary, networks, noise, penalties
from gan_keras.auxiliary import Batch
from gan_keras.networks.base import call_network

REAL = np.random.default_rng(1).normal(size=(4, 2)).astype(np.float32)
LABELS = np.array([0, 2, 1, 2])


class LabelledGenerator(networks.MLPGenerator):
    """The label moves the sample along the first axis."""

    num_labels = 3

    def call(self, latents, labels=None, training=False):
        return super().call(latents) + tf.cast(labels, "float32")[:, None] * tf.constant([4.0, 0.0])


def own_discriminator():
    return keras.Sequential([keras.Input((2,)), keras.layers.Dense(5, "tanh"), keras.layers.Dense(1)])


def classifying_gan(objective):
    keras.utils.set_random_seed(3)
    gan = GAN(LabelledGenerator((2,), latent_dim=3, units=(6,)), networks.TwoHeaded(own_discriminator(), 3))
    gan.compile(loss="hinge", penalties=[penalties.R1(0.1)], auxiliary=[objective])
    return gan


def coded_gan(objective):
    keras.utils.set_random_seed(3)
    generator = networks.Coded(networks.MLPGenerator((2,), latent_dim=9, units=(16,)), categorical=(3, 2), continuous=2)
    gan = GAN(generator, networks.TwoHeaded(networks.MLPDiscriminator((16,)), generator.code_dim, units=(8,)))
    gan.compile(keras.optimizers.Adam(0.01), keras.optimizers.Adam(0.01), auxiliary=[objective])
    return gan


def batch_of(gan, labels=None):
    latents = gan.latents_from(tf.range(4, dtype=tf.int64))
    return Batch(tf.constant(REAL), call_network(gan.generator, latents, labels, training=True), latents, labels)


def log_softmax(logits):
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def dense(inputs, kernel, bias):
    return inputs @ kernel.astype(np.float64) + bias


def test_the_auxiliary_classifier_is_the_cross_entropy_of_the_second_head():
    gan = classifying_gan(objective := auxiliary.AuxiliaryClassifier(weight=0.5))
    batch, kernels = batch_of(gan, tf.constant(LABELS)), gan.discriminator.get_weights()
    body, head = kernels[:2], kernels[4:]

    def cross_entropy(samples):
        found = log_softmax(dense(np.tanh(dense(np.array(samples), *body)), *head))
        return -np.mean(found[np.arange(4), LABELS])

    real, fake = cross_entropy(batch.real_data), cross_entropy(batch.fake_data)
    assert float(objective.discriminator(gan, batch)) == pytest.approx(0.5 * (real + fake), rel=1e-5)
    assert float(objective.generator(gan, batch)) == pytest.approx(0.5 * fake, rel=1e-5)


def test_mutual_information_is_the_negative_log_likelihood_of_the_codes():
    gan = coded_gan(objective := auxiliary.MutualInformation(weight=0.5, continuous_weight=0.2))
    batch = batch_of(gan)
    latents, found = batch.latents.numpy(), np.array(gan.discriminator.second(batch.fake_data), np.float64)
    first, second = log_softmax(found[:, :3]), log_softmax(found[:, 3:5])
    rows = np.arange(4)
    unlikely = -first[rows, latents[:, :3].argmax(1)] - second[rows, latents[:, 3:5].argmax(1)]
    values = np.vectorize(lambda normal: math.erf(normal / math.sqrt(2)))(latents[:, 5:7].astype(np.float64))
    expected = 0.5 * np.mean(unlikely + 0.2 * ((values - found[:, 5:]) ** 2).sum(1) / 2)
    assert float(objective.generator(gan, batch)) == pytest.approx(expected, rel=1e-5)
    assert float(objective.discriminator(gan, batch)) == pytest.approx(expected, rel=1e-5)


def test_feature_matching_is_the_squared_distance_of_the_mean_features():
    gan = classifying_gan(objective := auxiliary.FeatureMatching(weight=0.5))
    batch, body = batch_of(gan, tf.constant(LABELS)), gan.discriminator.get_weights()[:2]
    means = [np.tanh(dense(np.array(samples), *body)).mean(axis=0) for samples in (batch.real_data, batch.fake_data)]
    assert float(objective.generator(gan, batch)) == pytest.approx(0.5 * np.square(means[0] - means[1]).sum(), rel=1e-5)
    assert objective.discriminator(gan, batch) == 0


def test_objectives_are_added_to_the_losses_of_both_networks():
    class Constant(auxiliary.Objective):
        def discriminator(self, gan, batch):
            return 10.0

        def generator(self, gan, batch):
            return 100.0

    histories = []
    for objectives in ([], [Constant(), Constant()]):
        keras.utils.set_random_seed(3)
        gan = GAN(networks.MLPGenerator((2,), latent_dim=3, units=(6,)), own_discriminator())
        gan.compile(auxiliary=objectives, run_eagerly=True)
        histories.append(gan.fit(REAL, verbose=0).history)
    assert histories[1]["d_loss"][0] == pytest.approx(histories[0]["d_loss"][0] + 20, rel=1e-5)
    assert histories[1]["g_loss"][0] == pytest.approx(histories[0]["g_loss"][0] + 200, rel=1e-5)


def test_infogan_learns_codes_that_its_second_head_recovers(tmp_path):
    """Without the objective, the second head would recover the first code by chance, 1 time in 3."""
    gan = coded_gan(auxiliary.MutualInformation())
    points = np.random.default_rng(0).normal(size=(512, 2)).astype(np.float32)
    gan.fit(points, batch_size=64, epochs=12, shuffle=False, verbose=0)
    latents = gan.generator.with_codes(gan.latents_from(np.arange(300)), np.stack([np.arange(300) % 3, np.zeros(300, int)], 1))
    found = np.argmax(gan.discriminator.second(gan.generator(latents))[:, :3], axis=1)
    assert np.mean(found == np.arange(300) % 3) > 0.8
    gan.save(tmp_path / "gan.keras")
    loaded = keras.models.load_model(tmp_path / "gan.keras")
    assert loaded.auxiliary[0].get_config() == gan.auxiliary[0].get_config()
    np.testing.assert_array_equal(loaded.discriminator.second(points), gan.discriminator.second(points))
    for found, saved in zip(loaded.discriminator_optimizer.variables, gan.discriminator_optimizer.variables, strict=True):
        np.testing.assert_array_equal(found, saved)


def test_latents_become_codes_of_the_right_distribution_and_back():
    coded = networks.Coded(networks.MLPGenerator((2,), latent_dim=9), categorical=(3, 2), continuous=2)
    latents = noise.normal(tf.range(4000), 9)
    codes = coded.codes(latents).numpy()
    np.testing.assert_array_equal(codes[:, :3].argmax(1), latents.numpy()[:, :3].argmax(1))
    np.testing.assert_allclose(codes[:, :5].mean(axis=0), [1 / 3] * 3 + [1 / 2] * 2, atol=0.03)
    deciles = np.histogram(codes[:, 5:], bins=10, range=(-1, 1))[0] / 8000
    np.testing.assert_allclose(deciles, 0.1, atol=0.015)
    categories, values = [[2, 0], [1, 1]], [[-1.0, 0.25], [0.5, 1.0]]
    found = coded.codes(coded.with_codes(latents[:2], categories, values)).numpy()
    np.testing.assert_array_equal(found[:, :5], [[0, 0, 1, 1, 0], [0, 1, 0, 0, 1]])
    np.testing.assert_allclose(found[:, 5:], values, atol=1e-5)
    np.testing.assert_array_equal(coded.with_codes(latents[:2], values=values)[:, :5], latents[:2, :5])


IMAGES = np.random.default_rng(0).uniform(-1, 1, (4, 16, 16, 1)).astype("float32")


@pytest.mark.parametrize("name", ["SNGAN", "WGANGP", "BigGAN"])
def test_the_second_head_reads_the_features_of_every_ready_made_discriminator(name):
    body = getattr(networks, f"{name}Discriminator")((16, 16, 1), width=2)
    two_headed = networks.TwoHeaded(body, 3)
    np.testing.assert_allclose(two_headed(IMAGES), body(IMAGES), rtol=1e-6)
    features = body.features(IMAGES)
    np.testing.assert_allclose(body.logit(features), body(IMAGES), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(two_headed.second(IMAGES), two_headed.head[-1](features), rtol=1e-5)


def test_an_auxiliary_classifier_trains_with_a_ready_made_pair_of_images():
    keras.utils.set_random_seed(2)
    generator = networks.DCGANGenerator((16, 16, 1), latent_dim=10, width=2, num_labels=3)
    gan = GAN(generator, networks.TwoHeaded(networks.DCGANDiscriminator((16, 16, 1), width=2), 3))
    gan.compile(auxiliary=[auxiliary.AuxiliaryClassifier(), auxiliary.FeatureMatching(0.1)], run_eagerly=True)
    head = gan.discriminator.head[-1].get_weights()[0]
    history = gan.fit(IMAGES, LABELS, batch_size=4, verbose=0).history
    assert np.isfinite(history["loss"]).all()
    assert (gan.discriminator.head[-1].get_weights()[0] != head).any()


def test_networks_weights_and_sizes_that_cannot_work_are_errors_before_training():
    plain = GAN(networks.MLPGenerator((2,), latent_dim=3), own_discriminator())
    with pytest.raises(ValueError, match=r"has 0 outputs, .* Expected `.*TwoHeaded\(discriminator, num_labels\)`"):
        plain.compile(auxiliary=[auxiliary.AuxiliaryClassifier()])
    pytest.raises(ValueError, plain.compile, auxiliary=[auxiliary.MutualInformation()]).match("needs a generator with codes")
    few = GAN(LabelledGenerator((2,), latent_dim=3), networks.TwoHeaded(own_discriminator(), 2))
    with pytest.raises(ValueError, match=r"has 2 outputs.*TwoHeaded\(discriminator, 3\)"):
        few.compile(auxiliary=[auxiliary.AuxiliaryClassifier()])
    unknown = GAN(networks.MLPGenerator((2,), latent_dim=3), networks.Packed(networks.MLPDiscriminator()))
    pytest.raises(ValueError, unknown.compile, auxiliary=[auxiliary.FeatureMatching()]).match("The features of 'packed")
    pytest.raises(ValueError, plain.compile, auxiliary=["feature_matching"]).match("Expected an object such as")
    gan = GAN(networks.MLPGenerator((2,), latent_dim=3), networks.TwoHeaded(own_discriminator(), 3))
    gan.compile(auxiliary=[auxiliary.AuxiliaryClassifier()])
    pytest.raises(ValueError, gan.fit, REAL, verbose=0).match("AuxiliaryClassifier got no labels")
    pytest.raises(ValueError, auxiliary.FeatureMatching, -1).match("weight=-1. Expected")
    pytest.raises(ValueError, auxiliary.MutualInformation, continuous_weight=-1).match("continuous_weight=-1. Expected")
    pytest.raises(ValueError, networks.TwoHeaded, own_discriminator(), 0).match("num_outputs=0. Expected at least 1")
    for options in ({"categorical": (10,)}, {"categorical": (1,)}, {"categorical": ()}, {"categorical": (), "continuous": -1}):
        with pytest.raises(ValueError, match="for 3 latents. Expected at least one code"):
            networks.Coded(networks.MLPGenerator((2,), latent_dim=3), **options)


def test_codes_may_all_be_continuous_and_categories_must_exist():
    coded = networks.Coded(networks.MLPGenerator((2,), 4), (), continuous=2)
    assert coded.codes(np.zeros((3, 4), np.float32)).shape == (3, 2)
    coded = networks.Coded(networks.MLPGenerator((2,), 4), (3,))
    for category in (3, -1):
        pytest.raises(ValueError, coded.with_codes, np.zeros((1, 4), np.float32), [[category]]).match("below")
