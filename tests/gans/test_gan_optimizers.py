"""Keras' optimizers clip and accumulate gradients inside `GAN` too, each network with its own optimizer.

The expected steps are worked out by hand for the linear pair G(z) = a_2 a_1 z, D(x) = w_2 w_1 x and the Wasserstein loss.
"""

import keras
import numpy as np
import pytest
import tensorflow as tf

from broken_off import furthest
from gan_keras import GAN, noise
from gan_keras.data import mixtures
from small_gans import compiled_gan

RATE = 0.1
A, W = np.array([2.0, -1.5]), np.array([3.0, 0.5])
REAL = np.array([[4.0], [7.0], [-2.0], [1.0]], np.float32)


def trained_weights(batch_size, generator_options, discriminator_options):
    """Returns `(a_1, a_2)` and `(w_1, w_2)` after an epoch of gradient descent."""
    networks = []
    for weights in (A, W):
        scales = [keras.layers.Dense(1, use_bias=False) for _ in weights]
        networks.append(keras.Sequential([keras.Input((1,)), *scales]))
        networks[-1].set_weights([np.array([[weight]]) for weight in weights])
    gan = GAN(*networks, seed=5)
    gan.compile(
        keras.optimizers.SGD(RATE, **generator_options), keras.optimizers.SGD(RATE, **discriminator_options), "wasserstein"
    )
    gan.fit(REAL, batch_size=batch_size, shuffle=False, verbose=0)
    return [np.ravel(network.get_weights()) for network in networks]


def latents_mean(draw, num):
    """Mean of the latents of one draw of training noise."""
    seeds = noise.split(noise.split(tf.constant([5], tf.int64), draw), tf.range(num, dtype=tf.int64))
    return float(tf.reduce_mean(noise.normal(seeds, 1)))


def discriminator_gradient(a, w, latents, real):
    """The gradient of mean(D(G(z))) - mean(D(x)) with respect to `(w_1, w_2)`."""
    return w[::-1] * (a.prod() * latents - real)


def generator_gradient(a, w, latents):
    """The gradient of -mean(D(G(z))) with respect to `(a_1, a_2)`."""
    return -a[::-1] * w.prod() * latents


CLIPS = {
    "clipnorm": lambda gradient, maximum: np.clip(gradient, -maximum, maximum),  # each weight is a variable of its own
    "global_clipnorm": lambda gradient, maximum: gradient * min(1, maximum / np.linalg.norm(gradient)),
}


@pytest.mark.parametrize("of_generator, of_discriminator", [("clipnorm", "global_clipnorm"), ("global_clipnorm", "clipnorm")])
def test_gradients_are_clipped_as_each_optimizer_says(of_generator, of_discriminator):
    found_a, found_w = trained_weights(4, {of_generator: 0.3}, {of_discriminator: 1.0})
    w_gradient = discriminator_gradient(A, W, latents_mean(1, 4), REAL.mean())
    w = W - RATE * CLIPS[of_discriminator](w_gradient, 1.0)
    a_gradient = generator_gradient(A, w, latents_mean(2, 4))
    a = A - RATE * CLIPS[of_generator](a_gradient, 0.3)
    assert np.linalg.norm(w_gradient) > 1.0 and np.linalg.norm(a_gradient) > 0.3  # so that there is something to clip
    np.testing.assert_allclose([found_a, found_w], [a, w], rtol=1e-5)


def test_two_accumulated_batches_make_one_step_of_the_batch_twice_as_large():
    """The generator's first gradient is of the discriminator before its step, the second of the one after it."""
    accumulate = {"gradient_accumulation_steps": 2}
    found_a, found_w = trained_weights(2, accumulate, accumulate)
    fake_mean = (latents_mean(1, 2) + latents_mean(3, 2)) / 2
    w = W - RATE * discriminator_gradient(A, W, fake_mean, REAL.mean())
    gradients = generator_gradient(A, W, latents_mean(2, 2)), generator_gradient(A, w, latents_mean(4, 2))
    np.testing.assert_allclose([found_a, found_w], [A - RATE * np.mean(gradients, axis=0), w], rtol=1e-5)


def test_the_average_moves_only_when_the_weights_do():
    """The first of two accumulated batches changes nothing, the second moves weights and average once."""
    gan = compiled_gan(keras.optimizers.SGD(RATE, gradient_accumulation_steps=2), "sgd", generator_ema=0.9)
    start = gan.generator.get_weights()
    gan.fit(mixtures.ring(8, seed=0), batch_size=8, verbose=0)
    assert furthest(gan.ema_generator.get_weights(), start) == 0
    gan.fit(mixtures.ring(8, seed=0), batch_size=8, verbose=0)
    expected = [2 / 11 * old + 9 / 11 * new for old, new in zip(start, gan.generator.get_weights(), strict=True)]
    assert furthest(gan.ema_generator.get_weights(), start) > 1e-3
    assert furthest(gan.ema_generator.get_weights(), expected) < 1e-6


SLOW = [pytest.param(name, marks=pytest.mark.slow) for name in ("adagrad", "adadelta", "adamax", "rmsprop", "lion", "sgd")]


@pytest.mark.parametrize("name", ["adam", "muon", *SLOW])
def test_an_optimizer_by_its_name_moves_every_weight_and_is_saved_with_its_state(name, tmp_path):
    gan = compiled_gan(name, name)
    start = gan.get_weights()
    history = gan.fit(mixtures.ring(32, seed=0), batch_size=16, shuffle=False, verbose=0).history
    assert np.isfinite(history["loss"]).all()
    assert all((old != new).any() for old, new in zip(start, gan.get_weights(), strict=True))
    gan.save(tmp_path / "gan.keras")
    loaded = keras.models.load_model(tmp_path / "gan.keras")
    for side in ("generator_optimizer", "discriminator_optimizer"):
        first, second = ([each.numpy() for each in getattr(one, side).variables] for one in (loaded, gan))
        assert type(getattr(loaded, side)) is type(getattr(gan, side))
        assert furthest(first, second) == 0
