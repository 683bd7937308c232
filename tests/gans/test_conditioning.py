"""Labels of a user's own networks: concatenated in the generator, projected or classified in the discriminator."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from gan_keras import GAN, auxiliary, networks, penalties
from gan_keras.networks.base import projection

CENTRES = np.array([[2.0, 0.0], [-1.0, 1.7], [-1.0, -1.7]], np.float32)
LABELS = np.arange(768) % 3
POINTS = (CENTRES[LABELS] + 0.1 * np.random.default_rng(0).normal(size=(768, 2))).astype(np.float32)


def dense(inputs):
    return keras.Sequential([keras.Input((inputs,)), *[keras.layers.Dense(32, "leaky_relu") for _ in range(2)]])


class Generator(keras.Model):
    """Concatenates the one-hot label with the latents."""

    latent_dim, num_labels = 4, 3

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.body, self.last = dense(7), keras.layers.Dense(2)

    def call(self, latents, labels=None, training=False):
        return self.last(self.body(tf.concat([latents, tf.one_hot(labels, 3)], axis=-1)))

    def get_config(self):
        return {}


class Projecting(keras.Model):
    """Projects the features on the embedded label."""

    num_labels = 3

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.body, self.last, self.embedding = dense(2), keras.layers.Dense(1), keras.layers.Embedding(3, 32)

    def call(self, samples, labels=None, training=False):
        features = self.body(samples)
        return self.last(features) + projection(features, self.embedding, labels, 3)


def classifying():
    return networks.TwoHeaded(keras.Sequential([*dense(2).layers, keras.layers.Dense(1)]), 3)


SLOW = pytest.param(classifying, (auxiliary.AuxiliaryClassifier(),), marks=pytest.mark.slow)


@pytest.mark.parametrize("discriminator, objectives", [(Projecting, ()), SLOW])
def test_samples_lie_where_their_label_says(discriminator, objectives):
    keras.utils.set_random_seed(1)
    gan = GAN(Generator(), discriminator())
    optimizers = [keras.optimizers.Adam(0.003, beta_1=0.5) for _ in range(2)]
    gan.compile(*optimizers, penalties=[penalties.R1(0.1)], auxiliary=objectives, generator_ema=0.9)
    gan.fit(POINTS, LABELS, batch_size=128, epochs=40, verbose=0)
    labels = np.arange(300) % 3
    distances = np.linalg.norm(gan.generate(300, labels=labels)[:, None] - CENTRES, axis=-1)
    assert np.mean(distances.argmin(axis=1) == labels) > 0.97
    assert np.median(distances.min(axis=1)) < 0.7  # the centres are 3.4 apart
