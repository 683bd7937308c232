"""Seeds trained side by side are the seeds trained one by one."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from gan_keras import GAN, HistoryPool, losses, networks, penalties
from gan_keras.data.mixtures import ring
from gan_keras.gans.many_seeds import ManySeeds, SummedLoss, interleave
from gan_keras.modalities.points import PointsPreset

SEEDS, STEPS = (3, 8), 6


def recipe():
    return PointsPreset(units=(16, 16), components=8, waves=6, steps=STEPS)


def built(points):
    """The recipe for each seed, with gradient descent: Adam would turn gradients that are mere rounding into full steps."""
    gans = [recipe().build(each, seed) for seed, each in zip(SEEDS, points, strict=True)]
    for gan in gans:
        optimizers = [keras.optimizers.SGD(0.05, momentum=0.5) for _ in range(2)]
        gan.compile(*optimizers, loss="relativistic_paired", penalties=recipe().penalties(), generator_ema=0.9)
    return gans


@pytest.mark.slow
def test_seeds_trained_as_one_batch_equal_the_seeds_trained_one_by_one():
    points = [ring(24 * STEPS, seed=seed, deviation=0.1) for seed in SEEDS]
    members, singles, fresh = built(points), built(points), built(points)
    many = ManySeeds(members)
    encoded = np.stack([gan.codec.encode(each) for gan, each in zip(members, points, strict=True)], axis=1)
    together = tf.data.Dataset.from_tensor_slices(encoded).batch(24).map(interleave)
    many.fit(together, epochs=1, shuffle=False, verbose=0)
    many.hand_back()
    for member, single, first, each in zip(members, singles, fresh, points, strict=True):
        single.fit(tf.data.Dataset.from_tensor_slices(each).batch(24), epochs=1, shuffle=False, verbose=0)
        for name in ("generator", "discriminator", "ema_generator"):
            found, expected, before = (getattr(gan, name).get_weights() for gan in (member, single, first))
            for index in range(len(found)):
                np.testing.assert_allclose(found[index], expected[index], atol=1e-5, err_msg=f"{name}, weight {index}")
            assert max(np.abs(a - b).max() for a, b in zip(found, before, strict=True)) > 1e-3  # it has moved
    kernels = [gan.generator.get_weights()[1] for gan in members]
    assert np.abs(kernels[0] - kernels[1]).max() > 0.1


def test_the_loss_and_the_penalties_of_all_are_the_sums_of_those_alone():
    real, fake = np.random.default_rng(0).normal(size=(2, 5, 3)).astype(np.float32)
    loss = losses.RelativisticAverage()
    alone = sum(float(loss.discriminator(real[:, [i]], fake[:, [i]])) for i in range(3))
    together = SummedLoss(loss, 3).discriminator(tf.reshape(real, (-1, 1)), tf.reshape(fake, (-1, 1)))
    assert float(together) == pytest.approx(alone, rel=1e-5)
    gans = [GAN(networks.MLPGenerator((2,), 2, (4,)), networks.MLPDiscriminator((4,)), seed=seed) for seed in SEEDS]
    for gan in gans:
        gan.compile(penalties=[penalties.R1(0.5)])
    many, points = ManySeeds(gans), np.random.default_rng(1).normal(size=(5, 2, 2)).astype(np.float32)
    together = many.penalties[0](many.judge, interleave(tf.constant(points)), None)
    alone = sum(float(penalties.R1(0.5)(gan.judge, tf.constant(points[:, i]), None)) for i, gan in enumerate(gans))
    assert float(together) == pytest.approx(alone, rel=1e-5)


def test_only_members_are_saved_and_what_would_mix_them_is_an_error(tmp_path):
    gan = GAN(networks.MLPGenerator((2,), 2, (4,)), networks.MLPDiscriminator((4,)))
    gan.compile()
    pytest.raises(ValueError, ManySeeds([gan]).save, tmp_path / "many.keras").match("save its members")
    pytest.raises(ValueError, ManySeeds, []).match("no members")
    generator = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2), keras.layers.BatchNormalization()])
    gan = GAN(generator, networks.MLPDiscriminator((4,)))
    gan.compile()
    pytest.raises(ValueError, ManySeeds, [gan]).match("trainable weights alone")
    for layer_options, options, message in (
        ({"kernel_regularizer": "l2"}, {}, "regularizer"),
        ({}, {"history_pool": HistoryPool(4)}, "history pool"),
        ({}, {"generator_optimizer": keras.optimizers.Adam(clipnorm=1.0)}, "clipped"),
    ):
        pytest.raises(ValueError, ManySeeds, [sequential_gan(0, layer_options, **options)]).match(message)


def sequential_gan(seed, layer_options, **options):
    keras.utils.set_random_seed(seed)
    generator = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    discriminator = keras.Sequential([keras.Input((2,)), keras.layers.Dense(4, **layer_options), keras.layers.Dense(1)])
    gan = GAN(generator, discriminator, seed=seed)
    gan.compile(**options)
    return gan


def test_members_of_ones_own_layers_keep_the_constraints_of_each():
    members = [sequential_gan(seed, {"kernel_constraint": "unit_norm"}) for seed in (0, 1)]
    many = ManySeeds(members)
    many.fit(np.ones((8, 2), np.float32), batch_size=4, shuffle=False, verbose=0)
    many.hand_back()
    for member in members:
        np.testing.assert_allclose(np.linalg.norm(member.discriminator.get_weights()[0], axis=0), 1.0, atol=1e-5)
