"""Every pair of image networks: shapes, labels, training, saving."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from gan_keras import GAN, losses, networks, noise, penalties

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


def awaken(network):
    """Moves all weights: layers that start at zero hide what stands before them."""
    for index, weight in enumerate(network.trainable_weights):
        weight.assign_add(0.3 * np.random.default_rng(index).normal(size=weight.shape))


@each_pair
def test_the_discriminator_reads_the_images_that_the_generator_makes(name):
    generator, discriminator = pair(name, 64, width=2)
    images = generator(latents(2))
    assert images.shape == (2, 64, 64, 1)
    assert discriminator(images).shape == (2, 1)
    assert np.abs(images).max() > 0 and np.isfinite(images).all()


@each_pair
def test_labels_change_what_is_made_and_how_it_is_judged_and_neighbours_do_not(name):
    generator, discriminator = pair(name, 28, num_labels=3)
    images = generator(latents(), LABELS)
    assert images.shape == (4, 28, 28, 1) and discriminator(images, LABELS).shape == (4, 1)
    assert np.abs(images).max() > 0 and np.isfinite(images).all()
    awaken(generator), awaken(discriminator)
    images, others = generator(latents(), LABELS).numpy(), generator(latents(), (LABELS + 1) % 3).numpy()
    assert all(np.abs(image - other).max() > 1e-4 for image, other in zip(images, others, strict=True))
    logits = discriminator(images, LABELS).numpy()
    spread = float(np.ptp(logits))
    assert np.abs(logits - discriminator(images, (LABELS + 1) % 3)).min() > 1e-4 * spread
    np.testing.assert_allclose(discriminator(images[:1], LABELS[:1]), logits[:1], rtol=1e-4, atol=1e-4 * spread)
    means = np.mean([discriminator(images, np.full(4, label)) for label in range(3)], axis=0)
    np.testing.assert_allclose(discriminator(images), means, rtol=1e-4, atol=1e-4 * spread)


@each_pair
def test_two_steps_of_training_reach_all_weights_and_the_file_makes_the_same_images(name, tmp_path):
    gan = GAN(*pair(name, 16, num_labels=3, width=2))
    loss, terms = PAIRS[name]
    gan.compile(loss=loss, penalties=terms, run_eagerly=True)
    before = [np.array(weight) for weight in kernels(gan)]
    images = np.random.default_rng(0).uniform(-1, 1, (8, 16, 16, 1)).astype("float32")
    gan.fit(tf.data.Dataset.from_tensor_slices((images, np.tile(LABELS, 2))).batch(4), shuffle=False, verbose=0)
    assert all(np.isfinite(weight).all() for weight in gan.weights)
    assert [weight.path for weight, old in zip(kernels(gan), before, strict=True) if np.array_equal(weight, old)] == []
    gan.save(tmp_path / "gan.keras")
    loaded = keras.models.load_model(tmp_path / "gan.keras", compile=False)
    np.testing.assert_array_equal(loaded.generate(4, labels=LABELS), gan.generate(4, labels=LABELS))
    np.testing.assert_array_equal(loaded.discriminator(images), gan.discriminator(images))


def kernels(gan):
    """Trained weights but biases: before a batch normalisation a bias changes nothing and gets no gradient."""
    trained = (*gan.generator.trainable_weights, *gan.discriminator.trainable_weights)
    return [weight for weight in trained if weight.name not in ("bias", "beta")]


@each_pair
def test_the_configuration_makes_the_same_architecture(name):
    for network in pair(name, 28, num_labels=3, width=6):
        copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(network))
        assert type(copy) is type(network) and copy.get_config() == network.get_config()
        assert (copy.image_shape, copy.width, copy.num_labels) == ((28, 28, 1), 6, 3)


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


def test_missing_and_unexpected_labels_are_errors():
    generator, discriminator = pair("DCGAN", 16, num_labels=2)
    with pytest.raises(ValueError, match="Got no labels. Expected one per sample, from 0 to 1"):
        generator(latents())
    unlabelled, blind = pair("DCGAN", 16)
    with pytest.raises(ValueError, match="Got labels, but num_labels=0"):
        unlabelled(latents(), LABELS)
    with pytest.raises(ValueError, match="Got labels, but num_labels=0"):
        blind(np.zeros((4, 16, 16, 1), "float32"), LABELS)


def test_a_generator_with_labels_is_saved_on_its_own(tmp_path):
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
