"""The metrics of a step, against numbers worked out by hand."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from gan_keras import GAN, networks
from gan_keras.gans.many_seeds import ManySeeds
from gan_keras.gans.step_metrics import distinct_fraction
from gan_keras.training.player import global_norm


def linear_gan(**options):
    """G(z) = 2 z and D(x) = 3 x of one number each."""
    keras.utils.set_random_seed(0)
    layers = [
        keras.layers.Dense(1, use_bias=False, kernel_initializer=keras.initializers.Constant(value)) for value in (2.0, 3.0)
    ]
    generator, discriminator = (keras.Sequential([keras.Input((1,)), layer]) for layer in layers)
    gan = GAN(generator, discriminator, seed=5)
    gan.compile(keras.optimizers.SGD(0.0), keras.optimizers.SGD(0.0), loss="wasserstein", **options)
    return gan


def test_an_epoch_logs_the_norms_of_both_gradients_the_accuracy_and_the_diversity():
    gan, real = linear_gan(), np.linspace(-1.0, 2.0, 8, dtype=np.float32)[:, None]
    other = linear_gan()
    latents = [np.asarray(other.draw(real).latents) for _ in range(2)]  # of the discriminator's step, of the generator's
    found = {name: values[0] for name, values in gan.fit(real, batch_size=8, shuffle=False, verbose=0).history.items()}
    fake = 2.0 * latents[0]
    expected = {
        "d_norm": abs(fake.mean() - real.mean()),  # the derivative of mean D(fake) - mean D(real) by the weight of D
        "g_norm": abs(3.0 * latents[1].mean()),
        "d_accuracy": (real > fake).mean(),
        "diversity": fake.std() / real.std(),
        "samples": 8,
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-4)


def test_the_norms_are_those_of_the_loss_however_it_is_scaled():
    real = np.linspace(-1.0, 2.0, 8, dtype=np.float32)[:, None]
    plain, scaled = linear_gan(), linear_gan()
    scaled.generator_optimizer.loss_scale_factor = scaled.discriminator_optimizer.loss_scale_factor = 1024.0
    found = [gan.fit(real, batch_size=4, verbose=0).history for gan in (plain, scaled)]
    for name in ("d_norm", "g_norm"):
        assert found[0][name] == pytest.approx(found[1][name], rel=1e-5) and found[0][name][0] > 0


def test_a_norm_adds_the_parts_of_a_row_first_and_leaves_out_what_has_no_gradient():
    parts = tf.IndexedSlices(tf.constant([[1.0], [2.0]]), tf.constant([4, 4]), tf.constant([6, 1]))
    assert float(global_norm([parts, None, tf.constant([4.0], tf.bfloat16)])) == pytest.approx(5.0)
    assert float(global_norm([None])) == 0.0
    assert np.isnan(float(global_norm([tf.constant([1.0, np.nan])])))


def test_equal_samples_have_no_diversity_nor_have_collapsed_members_together():
    gan, real = linear_gan(), tf.constant([[0.0, 4.0], [2.0, 4.0]])
    assert float(gan.step_metrics.diversity_of(real, tf.ones((2, 2)))) == 0.0
    assert float(gan.step_metrics.diversity_of(real, real)) == pytest.approx(1.0)
    assert float(gan.step_metrics.diversity_of(tf.ones((2, 2)), tf.ones((2, 2)))) == 0.0  # no division by zero
    gans = [GAN(networks.MLPGenerator((2,), 2, (4,)), networks.MLPDiscriminator((4,)), seed=seed) for seed in (0, 1)]
    for gan in gans:
        gan.compile()
    fake = tf.constant([[0.0, 0.0], [9.0, 9.0]] * 3)  # rows of the two members in turn
    real = tf.constant(np.random.default_rng(0).normal(size=(6, 2)), tf.float32)
    assert float(ManySeeds(gans).step_metrics.diversity_of(real, fake)) == pytest.approx(0.0, abs=1e-6)


def test_the_diversity_of_text_is_the_share_of_sentences_that_differ():
    rows = [[1, 2, 0], [2, 1, 0], [1, 2, 0], [1, 2, 3]]
    assert float(distinct_fraction(tf.constant(rows))) == pytest.approx(3 / 4)
    random = np.random.default_rng(0).integers(3, size=(256, 5))
    assert float(distinct_fraction(tf.constant(random))) == pytest.approx(len(np.unique(random, axis=0)) / 256)
