"""Image networks: sizes of feature maps, every pair (shapes, labels, training, saving), and the blocks of R3GAN and BigGAN."""

import keras
import numpy as np
import pytest

from gan_keras import GAN, losses, networks, noise, penalties
from gan_keras.networks.image_base import narrowed, resolutions
from gan_keras.networks.r3gan import R3GANBlock
from small_gans import assert_labels_matter, assert_trains_and_loads

PAIRS = {
    "DCGAN": (losses.NonSaturating(), ()),
    "SNGAN": (losses.Hinge(), ()),
    "R3GAN": (losses.RelativisticPaired(), (penalties.R1(),)),
    "WGANGP": (losses.Wasserstein(), (penalties.GradientPenalty(),)),
    "BigGAN": (losses.Hinge(), ()),
}
LABELS = np.array([0, 1, 2, 1], "int32")
each_pair = pytest.mark.parametrize("name", PAIRS)


def pair(name, size, num_labels=0, width=4):
    keras.utils.set_random_seed(4)
    shape = (size, size, 1)
    generator = getattr(networks, f"{name}Generator")(shape, latent_dim=6, width=width, num_labels=num_labels)
    return generator, getattr(networks, f"{name}Discriminator")(shape, width=width, num_labels=num_labels)


def latents(num=4):
    return noise.normal(np.arange(num), 6)


def test_sizes_double_from_the_start_to_the_image_and_others_are_an_error():
    for size, expected in [(16, (4, 8, 16)), (28, (7, 14, 28)), (32, (4, 8, 16, 32)), (256, (4, 8, 16, 32, 64, 128, 256))]:
        assert resolutions((size, size, 3)) == expected, size
    for shape in [(8, 8, 3), (24, 24, 3), (32, 64, 3), (512, 512, 3), (32, 32), (32, 32, 0)]:
        pytest.raises(ValueError, resolutions, shape).match("Expected .size, size, channels. with a size of 28 or one of")


def test_filters_halve_beyond_32_pixels_or_earlier_at_any_size():
    assert [narrowed(96, size) for size in (4, 28, 32, 64, 256)] == [96, 96, 96, 48, 12]
    assert [narrowed(64, size, full_width_size=8) for size in (7, 14, 28, 32)] == [64, 32, 16, 16]


@each_pair
def test_the_discriminator_reads_the_generators_images(name):
    generator, discriminator = pair(name, 64, width=2)
    images = generator(latents(2))
    assert images.shape == (2, 64, 64, 1)
    assert discriminator(images).shape == (2, 1)
    assert np.abs(images).max() > 0 and np.isfinite(images).all()


@each_pair
def test_labels_change_samples_and_logits_and_the_rest_of_the_batch_does_not(name):
    generator, discriminator = pair(name, 28, num_labels=3)
    images, spread = assert_labels_matter(generator, discriminator, latents(), LABELS)
    assert images.shape == (4, 28, 28, 1) and discriminator(images, LABELS).shape == (4, 1)
    assert np.isfinite(images).all()
    means = np.mean([discriminator(images, np.full(4, label)) for label in range(3)], axis=0)
    np.testing.assert_allclose(discriminator(images), means, rtol=1e-4, atol=1e-4 * spread)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name in ("BigGAN", "WGANGP"))) for name in PAIRS]
)
def test_training_reaches_all_weights_and_a_loaded_gan_makes_the_same_images(name, tmp_path):
    gan = GAN(*pair(name, 16, num_labels=3, width=2))
    loss, terms = PAIRS[name]
    gan.compile(loss=loss, penalties=terms, run_eagerly=True)
    images = np.random.default_rng(0).uniform(-1, 1, (8, 16, 16, 1)).astype("float32")
    assert_trains_and_loads(gan, images, np.tile(LABELS, 2), tmp_path)


@pytest.mark.parametrize("name", ["DCGAN", "SNGAN", "R3GAN", "BigGAN"])  # WGAN-GP has the layers of SN-GAN
def test_images_and_logits_are_float32_under_mixed_precision(name):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        generator, discriminator = pair(name, 16)
        images = generator(latents(2), training=True)
        logits = discriminator(images, training=True)
    finally:
        keras.config.set_dtype_policy(before)
    assert (images.dtype, logits.dtype) == ("float32", "float32")
    assert any(layer.compute_dtype == "bfloat16" for layer in discriminator._flatten_layers() if layer is not discriminator)
    assert np.isfinite(images).all() and np.isfinite(logits).all()


def test_unexpected_labels_are_errors():
    unlabelled, blind = pair("DCGAN", 16)
    pytest.raises(ValueError, unlabelled, latents(), LABELS).match("Got labels, but num_labels=0")
    pytest.raises(ValueError, blind, np.zeros((4, 16, 16, 1), "float32"), LABELS).match("Got labels, but num_labels=0")


def test_a_generator_with_labels_can_be_saved_alone(tmp_path):
    generator, _ = pair("DCGAN", 16, num_labels=3)
    expected = generator(latents(), LABELS)
    generator.save(tmp_path / "generator.keras")
    np.testing.assert_array_equal(keras.models.load_model(tmp_path / "generator.keras")(latents(), LABELS), expected)


def test_the_label_embedding_of_a_spectrally_normalised_critic_iterates_in_training_only():
    _, critic = pair("SNGAN", 16, num_labels=3)
    images = np.zeros((4, 16, 16, 1), "float32")
    critic(images, LABELS)
    u = critic.label_embedding.u.numpy()
    critic(images, LABELS)
    np.testing.assert_array_equal(critic.label_embedding.u.numpy(), u)
    critic(images, LABELS, training=True)
    assert not np.allclose(critic.label_embedding.u.numpy(), u)


FEATURES = np.random.default_rng(0).normal(size=(2, 6, 6, 32)).astype("float32")


def test_a_block_starts_as_the_identity_with_as_many_weights_as_counted_by_hand():
    """32 channels, 64 in the middle, in 4 groups of 16; biases after the first two convolutions only."""
    block = R3GANBlock(32, depth=8)
    block(FEATURES)
    expand, grouped, contract = 32 * 64 + 64, 3 * 3 * 16 * 64 + 64, 64 * 32
    assert block.count_params() == expand + grouped + contract
    assert block.grouped.groups == 4
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
    images = networks.R3GANGenerator((32, 32, 3), latent_dim=16, width=32)(np.random.default_rng(1).normal(size=(64, 16)))
    logits = networks.R3GANDiscriminator((32, 32, 3), width=32)(np.random.default_rng(2).normal(size=(64, 32, 32, 3)))
    assert 0.2 < np.std(images) < 2
    assert 0.02 < np.std(logits) < 2


def test_channels_halve_beyond_32_pixels_and_a_small_network_has_fewer_blocks():
    critic = networks.R3GANDiscriminator((128, 128, 3), width=32)
    assert [stage.layers[0].filters for stage in critic.stages] == [8, 16, 32, 32, 32, 32]
    critic = networks.R3GANDiscriminator((28, 28, 1), width=64, blocks=1, full_width_size=8)
    assert [[block.filters for block in stage.layers] for stage in critic.stages] == [[16], [32], [64]]
    assert critic.get_config()["full_width_size"] == 8


def test_modulation_scales_and_shifts_by_linear_functions_of_the_vector():
    random = np.random.default_rng(3)
    images, vectors = random.normal(2, 3, size=(8, 4, 4, 6)).astype("float32"), random.normal(size=(8, 5)).astype("float32")
    layer = networks.layers.ModulatedBatchNormalization(momentum=0.0, epsilon=1e-3)
    for _ in range(50):  # the power iterations settle
        found = layer(images, vectors, training=True)
    kernels = [each.kernel.numpy().astype(np.float64) for each in (layer.scale, layer.shift)]
    scale, shift = (vectors @ kernel / np.linalg.svd(kernel)[1][0] for kernel in kernels)
    normalized = (images - images.mean(axis=(0, 1, 2))) / np.sqrt(images.var(axis=(0, 1, 2)) + 1e-3)
    expected = normalized * (1 + scale[:, None, None]) + shift[:, None, None]
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_the_first_piece_gets_the_remainder_and_every_latent_reaches_the_image():
    generator = networks.BigGANGenerator((16, 16, 1), latent_dim=8, width=2)
    assert [piece.shape[-1] for piece in generator.pieces(np.zeros((1, 8)))] == [4, 2, 2]
    np.testing.assert_array_equal(np.concatenate(generator.pieces(np.arange(8.0)[None]), axis=1), np.arange(8.0)[None])
    latents = noise.normal([0], 8).numpy()
    first, *others = generator(np.concatenate([latents, latents + np.eye(8, dtype=np.float32)]))
    assert min(np.abs(other - first).max() for other in others) > 1e-6
    with pytest.raises(ValueError, match="latent_dim=2. Expected at least 3: one for the start and one per block"):
        networks.BigGANGenerator((16, 16, 1), latent_dim=2)
