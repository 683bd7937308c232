"""Private GANs of points, which several tests share: their noise is given, so that nothing is calibrated."""

import keras
import numpy as np
import tensorflow as tf

from gan_keras.data import poisson_batches
from gan_keras.privacy import DifferentialPrivacy
from small_gans import POINTS, small_gan


def privacy_of(kind=DifferentialPrivacy, **changes):
    """A `DifferentialPrivacy` of `POINTS`, with a wide epsilon."""
    given = {"epsilon": 50.0, "delta": 1e-3, "train_size": 64, "batch_size": 16, "train_steps": 40, "noise_multiplier": 2.0}
    return kind(**{**given, **changes})


def private_gan(privacy=None, generator_rate=0.1, discriminator_rate=1.0, **options):
    """A compiled private GAN; with a discriminator's rate of 1, its weights move by minus the noisy gradient."""
    gan = small_gan()
    rates = [keras.optimizers.SGD(rate) for rate in (generator_rate, discriminator_rate)]
    gan.compile(*rates, **{"loss": "non_saturating", **options}, privacy=privacy or privacy_of())
    return gan


def fit(gan, rows=POINTS, steps=None, **options):
    return gan.fit(poisson_batches(rows, gan.privacy, steps), **{"verbose": 0, **options})


class NoNoise:
    """In the place of a privacy's noise, to see what is under it."""

    def normal(self, shape, stddev):
        return tf.zeros(shape)


def flat(variables):
    """All values of some variables in one array."""
    return np.concatenate([np.ravel(keras.ops.convert_to_numpy(each)) for each in variables])
