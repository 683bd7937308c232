import keras
import numpy as np
import pytest

from gan_keras.networks import R3GANDiscriminator, R3GANGenerator
from gan_keras.networks.r3gan import R3GANBlock

FEATURES = np.random.default_rng(0).normal(size=(2, 6, 6, 32)).astype("float32")


def test_a_block_has_as_many_weights_as_counted_by_hand():
    """32 channels, 64 in the middle, in 4 groups of 16; biases after the first two convolutions only."""
    block = R3GANBlock(32, depth=8)
    block(FEATURES)
    expand, grouped, contract = 32 * 64 + 64, 3 * 3 * 16 * 64 + 64, 64 * 32
    assert block.count_params() == expand + grouped + contract
    assert block.grouped.groups == 4


def test_a_block_starts_as_the_identity():
    np.testing.assert_array_equal(R3GANBlock(32, depth=8)(FEATURES), FEATURES)


def test_the_first_convolutions_start_scaled_down_by_the_fourth_root_of_the_depth():
    keras.utils.set_random_seed(0)
    block = R3GANBlock(64, depth=16)
    block(np.zeros((1, 4, 4, 64), "float32"))
    gain = np.sqrt(2 / 1.04) / 2
    assert block.expand.kernel.numpy().std() == pytest.approx(gain / np.sqrt(64), rel=0.05)
    assert block.grouped.kernel.numpy().std() == pytest.approx(gain / np.sqrt(9 * 16), rel=0.05)


def test_both_networks_start_near_unit_variance():
    keras.utils.set_random_seed(0)
    images = R3GANGenerator((32, 32, 3), latent_dim=16, width=32)(np.random.default_rng(1).normal(size=(64, 16)))
    logits = R3GANDiscriminator((32, 32, 3), width=32)(np.random.default_rng(2).normal(size=(64, 32, 32, 3)))
    assert 0.2 < np.std(images) < 2
    assert 0.02 < np.std(logits) < 2


def test_channels_halve_beyond_32_pixels():
    critic = R3GANDiscriminator((128, 128, 3), width=32)
    assert [stage.layers[0].filters for stage in critic.stages] == [8, 16, 32, 32, 32, 32]


def test_a_small_network_has_fewer_blocks_and_fewer_channels_where_maps_are_large():
    critic = R3GANDiscriminator((28, 28, 1), width=64, blocks=1, full_width_size=8)
    assert [[block.filters for block in stage.layers] for stage in critic.stages] == [[16], [32], [64]]
    assert critic.get_config()["full_width_size"] == 8
