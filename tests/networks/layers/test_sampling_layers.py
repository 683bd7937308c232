"""Gumbel-softmax sampling against NumPy, alone and in a `GAN`."""

import keras
import numpy as np
import pytest
import scipy.stats
import tensorflow as tf

from gan_keras import GAN, noise
from gan_keras.networks import layers

RANDOM = np.random.default_rng(5)


def test_gumbel_softmax_is_its_formula():
    logits, normals = RANDOM.normal(size=(6, 4)), RANDOM.normal(size=(6, 4))
    gumbel = -np.log(-np.log(scipy.stats.norm.cdf(normals)))
    expected = np.exp((logits + gumbel) / 0.5)
    expected /= expected.sum(axis=1, keepdims=True)
    found = layers.GumbelSoftmaxSampling(0.5)(logits.astype("float32"), normals.astype("float32"))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


def test_straight_through_draws_each_category_as_often_as_its_probability():
    probabilities = np.array([0.1, 0.2, 0.3, 0.4])
    logits = np.tile(np.log(probabilities), (20_000, 1)).astype("float32")
    drawn = layers.StraightThroughSampling(0.7)(logits, noise.normal(tf.range(20_000), 4)).numpy()
    assert set(np.unique(drawn)) == {0.0, 1.0} and (drawn.sum(axis=1) == 1).all()
    np.testing.assert_allclose(drawn.mean(axis=0), probabilities, atol=0.01)


def test_straight_through_has_the_gradient_of_the_soft_draw():
    logits, normals = (tf.constant(RANDOM.normal(size=(3, 4)), tf.float32) for _ in range(2))
    weights, gradients = tf.constant([1.0, -2.0, 3.0, 0.5]), []
    for layer in (layers.GumbelSoftmaxSampling(0.7), layers.StraightThroughSampling(0.7)):
        with tf.GradientTape() as tape:
            tape.watch(logits)
            value = tf.reduce_sum(weights * layer(logits, normals))
        gradients.append(tape.gradient(value, logits).numpy())
    np.testing.assert_allclose(gradients[1], gradients[0], atol=1e-6)
    assert np.abs(gradients[0]).max() > 0.01


def test_extreme_noise_gives_finite_draws_and_a_temperature_of_zero_is_an_error():
    found = layers.GumbelSoftmaxSampling(0.1)(np.zeros((1, 3), "float32"), np.array([[-9.0, 9.0, 0.0]], "float32"))
    assert np.isfinite(found).all()
    pytest.raises(ValueError, layers.GumbelSoftmaxSampling, 0).match("temperature=0. Expected more than 0")


def test_a_generator_of_categories_trains_and_repeats_them_for_a_seed():
    keras.utils.set_random_seed(2)
    latents = keras.Input((4 + 3,))
    category = layers.StraightThroughSampling(0.5)(keras.layers.Dense(3)(latents[:, :4]), latents[:, 4:])
    discriminator = keras.Sequential([keras.Input((3,)), keras.layers.Dense(8, "relu"), keras.layers.Dense(1)])
    gan = GAN(keras.Model(latents, category), discriminator)
    gan.compile(keras.optimizers.Adam(0.02), keras.optimizers.Adam(0.02))
    real = np.eye(3, dtype=np.float32)[np.arange(256) % 2]  # the third category never occurs
    gan.fit(real, batch_size=64, epochs=30, verbose=0)
    found = gan.generate(400)
    assert found[:, 2].mean() < 0.15 and found[:, :2].mean(axis=0).min() > 0.2
    np.testing.assert_array_equal(gan.generate(5, seed=3), gan.generate(60)[3:8])
