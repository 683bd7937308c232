"""`CycleGAN`: its terms worked out by hand, each domain by its own networks, saving, use and mistakes."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from broken_off import furthest
from gan_keras import CycleGAN, augmentation, networks, penalties
from gan_keras.codecs import ImageCodec
from gan_keras.history_pool import HistoryPools
from gan_keras.training.rollback import not_finite

SHAPE = (8, 8, 1)
RANDOM = np.random.default_rng(0)
A, B = (RANDOM.integers(low, low + 100, (12, *SHAPE)).astype(np.uint8) for low in (0, 155))


def scale(factor):
    """A generator that multiplies: its weight is the factor."""
    layer = keras.layers.Conv2D(1, 1, use_bias=False, kernel_initializer=keras.initializers.Constant(factor))
    return keras.Sequential([keras.Input(SHAPE), layer])


def mean_plus(offset):
    """A discriminator of one logit: the mean of all pixels plus an offset."""
    pool = keras.layers.GlobalAveragePooling2D()
    dense = keras.layers.Dense(1, kernel_initializer="ones", bias_initializer=keras.initializers.Constant(offset))
    return keras.Sequential([keras.Input(SHAPE), pool, dense])


def gan_by_hand(**options):
    gan = CycleGAN((scale(2.0), scale(0.25)), (mean_plus(0.5), mean_plus(-0.5)))
    still = [keras.optimizers.SGD(0.0) for _ in range(2)]
    gan.compile(*still, **options)
    return gan


def small_gan(**options):
    keras.utils.clear_session()  # so that layers have the names of a fresh process: the order of sums in a graph follows names
    keras.utils.set_random_seed(1)
    generators = networks.CycleGANGenerator(SHAPE, 2, 1), networks.Pix2PixGenerator(SHAPE, 2, 2, dropout=0.3)
    discriminators = tuple(networks.PatchGANDiscriminator(SHAPE, 2, 1) for _ in range(2))
    gan = CycleGAN(generators, discriminators, ImageCodec(SHAPE), seed=3)
    settings = {"pool_size": 6, "generator_ema": 0.5, **options}
    gan.compile(keras.optimizers.Adam(1e-3), keras.optimizers.Adam(1e-3), **settings)
    return gan


@pytest.fixture(scope="module")
def trained():
    gan = small_gan(run_eagerly=True)
    gan.fit(A[:4], B[:4], batch_size=4, verbose=0)
    return gan


def test_losses_and_terms_are_those_of_the_paper():
    a, b = (RANDOM.uniform(-1, 1, (4, *SHAPE)).astype(np.float32) for _ in range(2))
    gan = gan_by_hand(cycle_weight=3.0, identity_weight=0.7, pool_size=0, run_eagerly=True)
    history = gan.fit(a, b, batch_size=4, verbose=0).history
    fake_b, fake_a = 2.0 * a, 0.25 * b
    logits = {"a": lambda x: x.mean(axis=(1, 2, 3)) + 0.5, "b": lambda x: x.mean(axis=(1, 2, 3)) - 0.5}
    adversarial = sum(np.mean((logits[d](fake) - 1) ** 2) / 2 for d, fake in (("a", fake_a), ("b", fake_b)))
    cycle = np.abs(0.25 * fake_b - a).mean() + np.abs(2.0 * fake_a - b).mean()
    identity = np.abs(2.0 * b - b).mean() + np.abs(0.25 * a - a).mean()
    real_term = np.mean([(logits["a"](a) - 1) ** 2, (logits["b"](b) - 1) ** 2])
    fake_term = np.mean([logits["a"](fake_a) ** 2, logits["b"](fake_b) ** 2])
    assert history["g_loss"][0] == pytest.approx(adversarial + 3.0 * cycle + 0.7 * identity, rel=1e-5)
    assert history["d_loss"][0] == pytest.approx((real_term + fake_term) / 2, rel=1e-5)
    assert history["cycle"][0] == pytest.approx(cycle / 2, rel=1e-5)
    assert history["identity"][0] == pytest.approx(identity / 2, rel=1e-5)
    assert history["samples"][0] == 8
    history = gan_by_hand(identity_weight=0.0, run_eagerly=True).fit(a, a, batch_size=4, verbose=0).history
    assert "identity" not in history  # without weight the term is left out


def test_an_update_moves_all_four_networks_and_a_penalty_and_an_augmentation_go_along():
    options = {"penalties": [penalties.Lazy(penalties.R1(0.1), 2)], "augmentation": augmentation.DiffAugment(("translation",))}
    gan = small_gan(**options, run_eagerly=True)
    before = [weight.numpy() for weight in gan.trainable_variables]
    history = gan.fit(A[:4], B[:4], batch_size=4, verbose=0).history
    moved = [np.abs(weight.numpy() - old).max() for weight, old in zip(gan.trainable_variables, before, strict=True)]
    assert min(moved) > 0 and not not_finite(gan)
    assert {"cycle", "identity", "d_real", "d_fake", "d_norm", "g_norm", "diversity"} <= history.keys()


def test_each_discriminator_has_a_pool_of_its_own():
    pools = HistoryPools(4, seed=1)
    gan = CycleGAN((scale(1.0), scale(1.0)), (mean_plus(0.0), mean_plus(0.0)))
    pools.prepare(gan)
    exchanged = []
    for step in range(1, 9):
        samples = np.concatenate([np.full((3, *SHAPE), step), np.full((3, *SHAPE), -step)]).astype(np.float32)
        found = pools(samples).numpy()
        assert found[:3].min() > 0 > found[3:].max()
        exchanged.append((found != samples).any(axis=(1, 2, 3)).reshape(2, 3))
    assert np.sum(exchanged, axis=(0, 2)).min() > 0  # past ones of both
    assert not np.array_equal(*np.swapaxes(exchanged, 0, 1))  # and the coins of one are not those of the other


# Exact resuming is tested in `modalities/test_translation_run.py`.
def test_a_file_keeps_networks_terms_and_pools(trained, tmp_path):
    trained.save(tmp_path / "gan.keras")
    loaded = keras.saving.load_model(tmp_path / "gan.keras")
    assert (loaded.cycle_weight, loaded.identity_weight, loaded.pool_size) == (5.0, 2.5, 6)
    assert furthest(loaded.get_weights(), trained.get_weights()) == 0
    state, expected = (gan.own_state() for gan in (loaded, trained))
    assert {"history_0", "history_3", "seed_0"} < state.keys() == expected.keys()
    assert all(np.array_equal(state[name].numpy(), expected[name].numpy()) for name in state)


def test_a_translation_does_not_depend_on_its_neighbours_and_images_of_another_size_are_fitted(trained):
    images = A[:, :, :, 0]  # grey images may lack the axis of channels
    translated = trained.translate(images)
    assert translated.shape == (12, *SHAPE) and translated.dtype == np.float32
    assert translated.min() >= 0 and translated.max() <= 1
    np.testing.assert_array_equal(trained.translate(images[3:5]), translated[3:5])
    np.testing.assert_allclose(trained.translate(A / 255.0), translated, atol=1e-5)
    there_and_back = trained.translate(trained.translate(B, "b_to_a"), "a_to_b")
    np.testing.assert_array_equal(trained.reconstruct(B, "b_to_a"), there_and_back)
    samples = trained.ema_generator.first(trained.codec.encode(A))
    np.testing.assert_allclose(translated, np.clip((samples + 1) / 2, 0, 1), atol=1e-5)
    assert trained.translate(np.zeros((2, 20, 30, 3), np.uint8)).shape == (2, *SHAPE)


def test_signatures_translate_and_refuse_what_is_no_image(trained):
    signatures = trained.signatures()
    assert set(signatures) == {"serving_default", "a_to_b", "b_to_a"}
    images = tf.constant(A[:3] / 255.0, tf.float32)
    for name, direction in (("serving_default", "a_to_b"), ("b_to_a", "b_to_a")):
        found = signatures[name].function(image=images)["image"]
        np.testing.assert_allclose(found, trained.translate(A[:3], direction), atol=1e-6)
    for bad, words in ((np.nan, "finite"), (1.5, "from 0 to 1"), (-0.1, "from 0 to 1")):
        with pytest.raises(tf.errors.InvalidArgumentError, match=words):
            signatures["a_to_b"].function(image=tf.fill([1, *SHAPE], tf.constant(bad, tf.float32)))
    assert trained.model_card()["modality"] == "translation"


def test_evaluate_measures_both_domains(trained):
    found = trained.evaluate(A, B, batch_size=6, verbose=0, return_dict=True)
    assert np.isfinite(list(found.values())).all() and {"d_loss", "g_loss", "d_accuracy"} <= found.keys()


def test_wrong_use_settings_data_and_networks_are_errors(trained):
    pytest.raises(ValueError, trained.translate, A, "back").match("direction='back'. Expected 'a_to_b' or 'b_to_a'")
    pytest.raises(ValueError, trained.translate, A[:0]).match("at least one image")
    pytest.raises(ValueError, trained.translate, np.full((1, *SHAPE), np.nan)).match("finite")
    with pytest.raises(ValueError, match="Got images from -1 to 0. Expected uint8 levels, or floats"):
        trained.translate(A[:2] * 0.0 - np.arange(2.0)[:, None, None, None])
    pytest.raises(ValueError, trained.translate, np.full((1, *SHAPE), 99)).match("to 99. Expected uint8 levels")
    pytest.raises(TypeError, trained.generate, 2).match("translate")
    pytest.raises(TypeError, trained.score, A).match("scores no images")
    pytest.raises(ValueError, trained.signatures, score=True).match("discriminators are not exported")
    for options, words in (
        ({"cycle_weight": -1.0}, "cycle_weight=-1.0"),
        ({"pool_size": -1}, "pool_size=-1"),
        ({"auxiliary": [1]}, "have weights"),
        ({"generator_steps": 0}, "generator_steps=0"),
    ):
        pytest.raises(ValueError, gan_by_hand, **options).match(words)
    pytest.raises(ValueError, trained.fit, A, batch_size=4, verbose=0).match("Expected pairs of batches")
    pytest.raises(tf.errors.InvalidArgumentError, trained.unpack, (A[:4], B[:3])).match("as many images of a as of b")
    with pytest.raises(ValueError, match=r"shape \(2, 6, 6, 1\)"):
        trained.unpack((np.zeros((2, 6, 6, 1), np.float32), np.zeros((2, 6, 6, 1), np.float32)))
    wide = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Flatten(), keras.layers.Dense(1)])
    pytest.raises(ValueError, CycleGAN, (scale(1.0), scale(1.0)), (wide, wide)).match("does not read")
