"""GANs of points with networks of a few units, and checks of networks, which several tests share."""

import keras
import numpy as np
import pytest

from gan_keras import GAN
from gan_keras.data import mixtures
from gan_keras.networks import MLPDiscriminator, MLPGenerator

POINTS = mixtures.ring(64, seed=0)


def small_gan(seed=0):
    keras.utils.set_random_seed(3)
    return GAN(MLPGenerator((2,), latent_dim=4, units=(8,)), MLPDiscriminator(units=(8,)), seed=seed)


def compiled_gan(*optimizers, **options):
    gan = small_gan()
    gan.compile(*optimizers, **options)
    return gan


def train(gan, data=POINTS, epochs=1, **options):
    return gan.fit(data, batch_size=16, epochs=epochs, shuffle=False, verbose=0, **options)


def copy_of(thing):
    """What Keras restores from the config of an object."""
    return keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(thing))


def awaken(*networks):
    """Changes all weights: layers that start near zero hide the layers before them."""
    for network in networks:
        for index, weight in enumerate(network.trainable_weights):
            weight.assign_add(0.3 * np.random.default_rng(index).normal(size=weight.shape))


def kernels(gan):
    """Trained weights except biases, which have no effect and no gradient before a batch normalisation."""
    trained = (*gan.generator.trainable_weights, *gan.discriminator.trainable_weights)
    return [weight for weight in trained if weight.name not in ("bias", "beta")]


def assert_labels_matter(generator, discriminator, latents, labels):
    """Other labels, from 0 to 2, change each sample and logit; the rest of a batch does not. Returns samples and logits."""
    discriminator(generator(latents, labels), labels)
    awaken(generator, discriminator)
    samples, others = generator(latents, labels).numpy(), generator(latents, (labels + 1) % 3).numpy()
    assert all(np.abs(sample - other).max() > 1e-4 for sample, other in zip(samples, others, strict=True))
    logits = discriminator(samples, labels).numpy()
    spread = float(np.ptp(logits))
    assert np.abs(logits - discriminator(samples, (labels + 1) % 3)).min() > 1e-4 * spread
    np.testing.assert_allclose(discriminator(samples[:1], labels[:1]), logits[:1], rtol=1e-4, atol=1e-4 * spread)
    pytest.raises(ValueError, generator, latents).match("Got no labels. Expected one per sample, from 0 to 2")
    return samples, spread


def assert_trains_and_loads(gan, samples, labels, path):
    """Training on labelled samples in two batches moves every kernel, and a loaded GAN makes and judges the same samples."""
    before = [np.array(weight) for weight in kernels(gan)]
    gan.fit(samples, labels, batch_size=len(samples) // 2, shuffle=False, verbose=0)
    assert all(np.isfinite(weight).all() for weight in gan.weights)
    assert [weight.path for weight, old in zip(kernels(gan), before, strict=True) if np.array_equal(weight, old)] == []
    gan.save(path / "gan.keras")
    loaded = keras.models.load_model(path / "gan.keras", compile=False)
    np.testing.assert_array_equal(loaded.generate(4, labels=labels[:4]), gan.generate(4, labels=labels[:4]))
    np.testing.assert_array_equal(loaded.discriminator(samples), gan.discriminator(samples))
