"""Batch normalisation that a penalty on gradients can be trained through."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from gan_keras.networks.layers.normalization import BatchNormalization

IMAGES = np.random.default_rng(0).uniform(-1, 1, (8, 6, 6, 1))


@pytest.fixture
def discriminator():
    keras.config.set_dtype_policy("float64")  # finite differences of a gradient need its digits
    keras.utils.set_random_seed(1)
    try:
        layers = [keras.layers.Conv2D(3, 3), BatchNormalization(), keras.layers.Activation("tanh")]
        return keras.Sequential([keras.Input((6, 6, 1), dtype="float64"), *layers, keras.layers.Flatten(), keras.layers.Dense(1)])
    finally:
        keras.config.set_dtype_policy("float32")


def squared_gradient(discriminator):
    images = tf.constant(IMAGES)
    with tf.GradientTape() as tape:
        tape.watch(images)
        logits = discriminator(images, training=True)
    return tf.reduce_mean(tf.reduce_sum(tf.square(tape.gradient(logits, images)), axis=(1, 2, 3)))


def test_the_gradient_of_a_gradient_equals_finite_differences(discriminator):
    kernel = discriminator.trainable_variables[0]
    with tf.GradientTape() as tape:
        penalty = squared_gradient(discriminator)
    gradient, weights = tape.gradient(penalty, kernel.value).numpy(), kernel.numpy()
    for place in ((0, 0, 0, 0), (1, 2, 0, 1), (2, 1, 0, 2)):
        step = np.zeros_like(weights)
        step[place] = 1e-5
        sides = []
        for side in (weights + step, weights - step):
            kernel.assign(side)
            sides.append(float(squared_gradient(discriminator)))
        kernel.assign(weights)
        assert gradient[place] == pytest.approx((sides[0] - sides[1]) / 2e-5, rel=1e-6)
