"""Freezing the lower layers of a discriminator, of a user's own and of ready-made ones, before fine-tuning."""

import keras
import numpy as np
import pytest

from gan_keras import GAN, freeze, networks
from gan_keras.gans.saving import layers_by_depth
from small_gans import POINTS


def own_gan():
    keras.utils.set_random_seed(3)
    layers = keras.layers
    body = [layers.Dense(8, "relu"), layers.BatchNormalization(), layers.Dropout(0.1), layers.Dense(8, "relu")]
    discriminator = keras.Sequential([keras.Input((2,)), *body, layers.Dense(1)])
    return GAN(networks.MLPGenerator((2,), latent_dim=4, units=(8,)), discriminator)


def moved(network, train):
    """Tells for each weight whether training moves it."""
    before = network.get_weights()
    train()
    return [bool((old != new).any()) for old, new in zip(before, network.get_weights(), strict=True)]


def test_frozen_layers_keep_weights_and_statistics_and_the_others_learn(tmp_path):
    gan = own_gan()
    freeze(gan.discriminator, 2)
    gan.compile()
    assert moved(gan.discriminator, lambda: gan.fit(POINTS, verbose=0)) == [False] * 6 + [True] * 4
    gan.save(tmp_path / "gan.keras")
    loaded = keras.models.load_model(tmp_path / "gan.keras")
    assert moved(loaded.discriminator, lambda: loaded.fit(POINTS, verbose=0)) == [False] * 6 + [True] * 4


def test_a_ready_made_discriminator_freezes_from_the_image_on():
    def paths(network):
        return {weight.path for weight in network.trainable_weights}

    for name, depths in (("DCGAN", 3), ("SNGAN", 4), ("WGANGP", 4), ("BigGAN", 4)):
        discriminator = getattr(networks, f"{name}Discriminator")((16, 16, 1), width=2)
        discriminator(np.zeros((2, 16, 16, 1)))
        assert len(layers_by_depth(discriminator)) == depths, name
        freeze(discriminator, depths - 1)
        assert paths(discriminator) == paths(discriminator.logit), name
        freeze(discriminator, 0)
        assert len(paths(discriminator)) > 6, name


def test_layers_of_a_ready_made_network_are_still_frozen_in_its_file(tmp_path):
    gan = GAN(networks.DCGANGenerator((16, 16, 1), width=2), networks.DCGANDiscriminator((16, 16, 1), width=2))
    freeze(gan.discriminator, 2)
    gan.compile()
    gan.save(tmp_path / "gan.keras")
    loaded = keras.models.load_model(tmp_path / "gan.keras")
    assert len(loaded.discriminator.trainable_weights) == 2
    assert len(loaded.discriminator_optimizer.variables) == len(gan.discriminator_optimizer.variables)


def test_more_layers_than_there_are_before_the_last_are_an_error():
    gan = own_gan()
    for num in (4, -1):
        with pytest.raises(ValueError, match=f"num_layers={num}. Expected a number from 0 to 3: the network has the layers"):
            freeze(gan.discriminator, num)


def test_layers_by_depth_hold_every_weight_once():
    for discriminator in (networks.DCGANDiscriminator, networks.BigGANDiscriminator, networks.R3GANDiscriminator):
        network = discriminator((16, 16, 1), width=16, num_labels=3)
        network(np.zeros((2, 16, 16, 1), np.float32), np.zeros(2, np.int32))
        held = [id(weight) for group in layers_by_depth(network) for layer in group for weight in layer.weights]
        assert sorted(held) == sorted(id(weight) for weight in network.weights)


def test_a_frozen_layer_keeps_its_estimate_of_the_spectral_norm():
    layer = networks.layers.SpectralNormalization(keras.layers.Dense(3))
    layer.build((None, 4))
    layer.trainable, before = False, layer.u.numpy()
    layer(np.ones((2, 4), np.float32), training=True)
    np.testing.assert_array_equal(layer.u, before)
