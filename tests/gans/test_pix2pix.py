"""`Pix2Pix`: its loss worked out by hand, learning compared with unchanged images, exact resuming."""

import keras
import numpy as np
import pytest

from gan_keras import Pix2Pix, networks
from gan_keras.codecs import ImageCodec

SHAPE = (8, 8, 1)
RANDOM = np.random.default_rng(0)
A = RANDOM.integers(0, 255, (16, *SHAPE)).astype(np.uint8)
B = 255 - A


def small_gan(**options):
    keras.utils.clear_session()
    keras.utils.set_random_seed(1)
    discriminator = networks.PatchGANDiscriminator((8, 8, 2), 2, 1)
    gan = Pix2Pix(networks.Pix2PixGenerator(SHAPE, 8, 2, dropout=0.3), discriminator, ImageCodec(SHAPE), seed=3)
    gan.compile(keras.optimizers.Adam(5e-3), keras.optimizers.Adam(5e-3), generator_ema=0.5, **options)
    return gan


def fit(gan, epochs):
    return gan.fit(A, B, batch_size=4, epochs=epochs, verbose=0, shuffle=False).history


def test_the_loss_is_that_of_the_paper():
    double = keras.Sequential([keras.Input(SHAPE), keras.layers.Conv2D(1, 1, use_bias=False, kernel_initializer="ones")])
    double.latent_dim = 0
    pool = keras.layers.GlobalAveragePooling2D()
    weights = keras.initializers.Constant([[2.0], [3.0]])
    judge = keras.Sequential([keras.Input((8, 8, 2)), pool, keras.layers.Dense(1, kernel_initializer=weights)])
    gan = Pix2Pix(double, judge)
    gan.compile(keras.optimizers.SGD(0.0), keras.optimizers.SGD(0.0), l1_weight=7.0, run_eagerly=True)
    a, b = (RANDOM.uniform(-1, 1, (4, *SHAPE)).astype(np.float32) for _ in range(2))
    history = gan.fit(a, b, batch_size=4, verbose=0).history
    softplus, mean = lambda x: np.log1p(np.exp(x)), lambda x: x.mean(axis=(1, 2, 3))
    real, fake = 2 * mean(a) + 3 * mean(b), 2 * mean(a) + 3 * mean(a)
    assert history["d_loss"][0] == pytest.approx(softplus(-real).mean() + softplus(fake).mean(), rel=1e-5)
    assert history["l1"][0] == pytest.approx(np.abs(a - b).mean(), rel=1e-5)
    assert history["g_loss"][0] == pytest.approx(softplus(-fake).mean() + 7 * np.abs(a - b).mean(), rel=1e-5)


@pytest.mark.slow
def test_it_learns_from_pairs_and_a_loaded_gan_resumes_exactly(tmp_path):
    gan = small_gan()
    fit(gan, 40)
    error = np.abs(gan.translate(A) - B / 255.0).mean()
    assert error < 0.5 * np.abs(A / 255.0 - B / 255.0).mean()
    gan.save(tmp_path / "gan.keras")
    loaded = keras.saving.load_model(tmp_path / "gan.keras")
    assert loaded.l1_weight == 100.0
    fit(loaded, 1)
    fit(gan, 1)
    assert all((one == other).all() for one, other in zip(loaded.get_weights(), gan.get_weights(), strict=True))


def test_there_is_one_direction_and_wrong_settings_are_errors():
    gan = small_gan()
    assert list(gan.signatures()) == ["serving_default", "a_to_b"]
    for call in (lambda: gan.translate(A, "b_to_a"), lambda: gan.reconstruct(A)):
        pytest.raises(ValueError, call).match("direction='b_to_a'. Expected 'a_to_b'.")
    for options, words in (({"l1_weight": -1.0}, "l1_weight=-1.0"), ({"auxiliary": [1]}, "of a Pix2Pix")):
        pytest.raises(ValueError, small_gan, **options).match(words)
    with pytest.raises(ValueError, match="does not read"):
        Pix2Pix(networks.Pix2PixGenerator(SHAPE, 2, 2), networks.PatchGANDiscriminator(SHAPE, 2, 1))
