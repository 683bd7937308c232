"""BigGAN's latents in pieces: each block reads its own."""

import numpy as np
import pytest

from gan_keras import networks, noise
from gan_keras.networks import layers


def test_modulation_scales_and_shifts_by_linear_functions_of_the_vector():
    random = np.random.default_rng(3)
    images, vectors = random.normal(2, 3, size=(8, 4, 4, 6)).astype("float32"), random.normal(size=(8, 5)).astype("float32")
    layer = layers.ModulatedBatchNormalization(momentum=0.0, epsilon=1e-3)
    for _ in range(50):  # the power iterations settle
        found = layer(images, vectors, training=True)
    kernels = [each.kernel.numpy().astype(np.float64) for each in (layer.scale, layer.shift)]
    scale, shift = (vectors @ kernel / np.linalg.svd(kernel)[1][0] for kernel in kernels)
    normalized = (images - images.mean(axis=(0, 1, 2))) / np.sqrt(images.var(axis=(0, 1, 2)) + 1e-3)
    expected = normalized * (1 + scale[:, None, None]) + shift[:, None, None]
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_the_first_piece_has_the_latents_that_are_left_over_and_every_latent_reaches_the_image():
    generator = networks.BigGANGenerator((16, 16, 1), latent_dim=8, width=2)
    assert [piece.shape[-1] for piece in generator.pieces(np.zeros((1, 8)))] == [4, 2, 2]
    np.testing.assert_array_equal(np.concatenate(generator.pieces(np.arange(8.0)[None]), axis=1), np.arange(8.0)[None])
    latents = noise.normal([0], 8).numpy()
    first, *others = generator(np.concatenate([latents, latents + np.eye(8, dtype=np.float32)]))
    assert min(np.abs(other - first).max() for other in others) > 1e-6


def test_fewer_latents_than_pieces_are_an_error():
    with pytest.raises(ValueError, match="latent_dim=2. Expected at least 3: one for the start and one per block"):
        networks.BigGANGenerator((16, 16, 1), latent_dim=2)
