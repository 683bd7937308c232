"""Weight clipping in Keras: after `fit`, no weight exceeds its limit."""

import keras
import numpy as np
import pytest

from gan_keras import GAN
from gan_keras.constraints import Clip
from gan_keras.data import mixtures
from gan_keras.networks import MLPGenerator


def discriminator_after_training(constraint):
    keras.utils.set_random_seed(4)
    layer = keras.layers.Dense(8, "relu", kernel_constraint=constraint, bias_constraint=constraint)
    discriminator = keras.Sequential([keras.Input((2,)), layer, keras.layers.Dense(1)])
    gan = GAN(MLPGenerator((2,), latent_dim=4, units=(8,)), discriminator)
    gan.compile("rmsprop", keras.optimizers.RMSprop(0.02), loss="wasserstein")
    gan.fit(mixtures.ring(64, seed=0), batch_size=16, verbose=0)
    return layer


def test_fit_keeps_weights_within_the_limit():
    free, clipped = discriminator_after_training(None), discriminator_after_training(Clip(0.05))
    for weight in clipped.get_weights():
        assert np.abs(weight).max() == np.float32(0.05)
    assert np.abs(free.get_weights()[0]).max() > 0.1


def test_weights_within_the_limit_are_unchanged_and_a_limit_of_zero_is_refused():
    np.testing.assert_array_equal(Clip(0.5)(np.array([-2.0, -0.5, 0.1, 0.7], np.float32)), np.float32([-0.5, -0.5, 0.1, 0.5]))
    pytest.raises(ValueError, Clip, 0).match(r"limit=0\. Expected a number > 0")
