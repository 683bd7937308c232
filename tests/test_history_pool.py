"""Pool of past samples: what it returns and stores, in training and after resuming."""

import types

import keras
import numpy as np
import pytest
import tensorflow as tf

from broken_off import furthest
from gan_keras import GAN, HistoryPool, networks
from small_gans import compiled_gan, train


def pool_of(size, sample_shape=(1,)):
    pool = HistoryPool(size, seed=4)
    pool.prepare(types.SimpleNamespace(discriminator=None, sample_shape=sample_shape))
    return pool


def test_an_empty_pool_returns_the_samples_that_it_stores():
    pool, samples = pool_of(8), np.arange(1, 9, dtype=np.float32)[:, None]
    np.testing.assert_array_equal(pool(samples), samples)
    np.testing.assert_array_equal(np.sort(pool.samples.numpy(), axis=0), samples)


def test_half_of_the_samples_are_replaced_by_past_ones_and_none_is_lost():
    pool, shares = pool_of(50), []
    pool(np.arange(50, dtype=np.float32)[:, None])
    compiled = tf.function(pool)
    for step in range(1, 81):
        fresh = (1000 * step + np.arange(20, dtype=np.float32))[:, None]
        before = pool.samples.numpy()
        found = compiled(fresh).numpy()
        past = (found != fresh)[:, 0]
        shares.append(past.mean())
        together = np.concatenate([found, pool.samples.numpy()])
        np.testing.assert_array_equal(np.sort(together, axis=0), np.sort(np.concatenate([fresh, before]), axis=0))
        assert np.isin(found[past], before).all()
    assert np.mean(shares) == pytest.approx(0.5, abs=0.04)  # of 1,600 coins
    assert found[past].min() < 80_000  # some are older than the last batch


def test_a_batch_larger_than_the_pool_keeps_the_rest_of_its_samples():
    pool, samples = pool_of(3, (2, 1)), np.random.default_rng(0).normal(size=(10, 2, 1)).astype(np.float32)
    pool(samples)
    found = pool(samples + 100)
    assert ((found < 50).numpy().any(axis=(1, 2))).sum() <= 3
    assert pool.samples.shape == (3, 2, 1) and pool.is_filled.numpy().all()


def test_the_pool_changes_training_and_is_resumed(tmp_path):
    pools = (HistoryPool(20), HistoryPool(20), None)
    straight, half, without = (compiled_gan("sgd", "sgd", history_pool=pool) for pool in pools)
    for gan, epochs in ((straight, 4), (half, 2), (without, 4)):
        train(gan, epochs=epochs)
    half.save(tmp_path / "gan.keras")
    resumed = keras.models.load_model(tmp_path / "gan.keras")
    np.testing.assert_array_equal(resumed.history_pool.samples, half.history_pool.samples)
    train(resumed, epochs=2)
    assert furthest(resumed.get_weights(), straight.get_weights()) < 1e-6
    assert furthest(without.get_weights(), straight.get_weights()) > 1e-5
    np.testing.assert_allclose(resumed.history_pool.samples, straight.history_pool.samples, atol=1e-5)
    loaded = keras.models.load_model(tmp_path / "gan.keras", compile=False)
    np.testing.assert_array_equal(loaded.generate(3), half.generate(3))


def test_a_size_of_zero_and_a_discriminator_that_reads_labels_are_errors():
    pytest.raises(ValueError, HistoryPool, 0).match("size=0. Expected at least one")
    options = {"width": 2, "num_labels": 2}
    gan = GAN(networks.DCGANGenerator((16, 16, 1), **options), networks.DCGANDiscriminator((16, 16, 1), **options))
    with pytest.raises(ValueError, match="reads 2 labels, but a history pool keeps samples only"):
        gan.compile(history_pool=HistoryPool())
