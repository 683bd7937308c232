"""Directions of the latent space: planted ones are found, and effects are those that an independent computation gives."""

import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

from gan_keras import GAN, noise
from gan_keras.analysis import Directions, Effect, Effects, decided_by_style
from gan_keras.analysis.directions import METHODS
from gan_keras.codecs import WordCodec
from gan_keras.gans.text_gan import TextGAN
from gan_keras.metrics import Interval
from gan_keras.networks import MLPDiscriminator, RecurrentDiscriminator, RecurrentGenerator
from small_gans import small_gan

pytestmark = pytest.mark.filterwarnings("ignore:The GAN has not been trained")
SCALES = np.array([4.0, 3.0, 2.0, 1.0, 0.5])


def orthonormal(size, seed):
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(size, size)))[0]


def linear_gan(scales=SCALES, hidden=None, bias=0.0):
    """A GAN with x = A z, through a second linear layer if `hidden` is a number of units; returns it with A's right vectors."""
    keras.utils.set_random_seed(0)
    size = len(scales)
    u, v = orthonormal(size, 1), orthonormal(size, 2)
    dense = [layers.Dense(hidden, use_bias=False)] if hidden else []
    generator = keras.Sequential([keras.Input((size,)), *dense, layers.Dense(size)])
    last = v.T @ np.diag(scales) @ u
    first = orthonormal(hidden, 3)[:size] if hidden else None
    weights = [first, first.T @ last] if hidden else [last]
    generator.set_weights([*weights, np.full(size, bias)])
    return GAN(generator, MLPDiscriminator(units=(4,))), v


def alike(found, planted):
    return np.abs(np.sum(found * planted[: len(found)], axis=1))


def test_the_jacobian_finds_the_planted_directions_in_their_order_with_their_spectrum():
    gan, planted = linear_gan()
    found = Directions.fit(gan, num=5)
    assert alike(found.directions, planted).min() > 0.99
    np.testing.assert_allclose(found.spectrum, SCALES**2, rtol=0.1)
    expected = np.square(SCALES).sum() ** 2 / (SCALES**4).sum()
    assert found.participation == pytest.approx(expected, rel=0.1)
    np.testing.assert_allclose(np.linalg.norm(found.directions, axis=1), 1.0, rtol=1e-5)


@pytest.mark.parametrize("method", METHODS)
def test_each_method_finds_the_planted_directions_through_a_hidden_layer(method):
    gan, planted = linear_gan(hidden=8)
    if method == "pca":  # it sees the activations after the first layer: make these the ones with the planted scales
        first, last, bias = gan.generator.get_weights()
        gan.generator.set_weights([np.diag(SCALES) @ np.eye(5, 8), last, bias])
        planted = np.eye(5)
    if method == "sefa":
        first, last, bias = gan.generator.get_weights()
        gan.generator.set_weights([planted.T @ np.diag(SCALES) @ np.eye(5, 8), last, bias])
    gan.ema_generator.set_weights(gan.generator.get_weights())
    assert alike(Directions.fit(gan, method, num=3).directions, planted).min() > 0.95


def test_sign_and_order_hold_over_seeds():
    gan, _ = linear_gan()
    rows = [Directions.fit(gan, num=5, seed=seed).directions for seed in range(3)]
    assert min(np.sum(rows[0] * other, axis=1).min() for other in rows[1:]) > 0.9
    assert (rows[0].sum(axis=1) > 0).all()


def test_effects_are_those_of_the_matrix_and_the_placebo_is_smaller():
    gan, planted = linear_gan(scales=np.array([4.0, 0.1, 0.1, 0.1]))
    found = Directions.fit(gan, num=1)
    effects = found.effects(n=64)
    kernel = gan.generator.get_weights()[0]
    for index, effect in enumerate(effects.effects[0]):
        change = (found.directions[0] @ kernel)[index]
        assert effect.change.mean == pytest.approx(change, abs=1e-4)
        assert effect.size == pytest.approx(
            abs(change) / np.linalg.norm(kernel[:, index]), rel=0.3
        )  # the deviation of 64 samples
    assert effects.beat_placebo.tolist() == [True]
    assert "1 of 1 directions beat the placebo" in str(effects)
    assert effects.to_json()["directions"][0]["x0"]["change"] == pytest.approx(effects.effects[0][0].change.mean)


def test_directions_of_an_isotropic_generator_do_not_beat_the_placebo():
    gan, _ = linear_gan(scales=np.ones(8))
    effects = Directions.fit(gan, num=4).effects(n=64)
    assert not effects.beat_placebo.any()
    assert "No direction beats the placebo" in effects.verdict()


def test_an_untrained_gan_is_flagged_and_a_trained_one_is_not():
    gan = small_gan()
    with pytest.warns(UserWarning, match="has not been trained: its directions are those of its initial weights"):
        Directions.fit(gan, num=2)
    gan.compile()
    gan.fit(np.zeros((16, 2), np.float32), verbose=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Directions.fit(gan, num=2)


def test_own_functions_and_categories_have_effects():
    gan, _ = linear_gan(scales=np.array([3.0, 0.1, 0.1]))
    found = Directions.fit(gan, num=1)
    column = gan.generator.get_weights()[0].T @ found.directions[0]
    own = {"side": lambda samples: np.where(samples @ column > 0, "up", "down"), "sum": lambda samples: samples @ column}
    side, total = found.effects(own, n=128).effects[0]
    assert total.change.mean == pytest.approx(column @ column, rel=1e-3)
    # Of z ~ N(0, 1) moved by 1 to both sides, the share above 0 changes by P(|z| < 1).
    assert side.size == pytest.approx(0.683 / 2, abs=0.06) and side.value in ("up", "down")
    kept, placebo = found.kept(own["side"], strength=1.0)
    assert kept[0] == pytest.approx(1 - 0.683 / 2, abs=0.06) and placebo.shape == (1,)


def test_missing_values_are_left_out():
    gan, _ = linear_gan()
    half = lambda samples: np.where(np.arange(len(samples)) % 2, samples[:, 0], np.nan)  # noqa: E731
    found = Directions.fit(gan, num=1)
    some, every = (found.effects({"x": each}, n=32).effects[0][0] for each in (half, lambda samples: samples[:, 0]))
    assert some.change.mean == pytest.approx(every.change.mean, rel=1e-4)
    none = found.effects({"x": lambda samples: np.full(len(samples), np.nan)}, n=8)
    assert np.isnan(none.effects[0][0].size) and none.to_json()["directions"][0]["x"]["change"] is None


class Swirl(keras.layers.Layer):
    """Reads latents without a kernel."""

    def call(self, latents):
        return ops.concatenate([latents, latents[:, :1] * latents[:, 1:]], axis=1)


def test_wrong_arguments_are_refused_with_what_works_instead():
    gan = small_gan()
    for arguments, text in [
        (("jacobean",), "method='jacobean'. Did you mean 'jacobian'"),
        (("jacobian", 0), "num=0. Expected a whole number of directions"),
    ]:
        with pytest.raises(ValueError, match=text):
            Directions.fit(gan, *arguments)
    found = Directions.fit(gan, num=2)
    for options, text in [({"n": 1}, "at least 2 samples"), ({"attributes": ["age"]}, "Got the attribute 'age'")]:
        with pytest.raises(ValueError, match=text):
            found.effects(**options)
    own = GAN(keras.Sequential([keras.Input((3,)), Swirl()]), MLPDiscriminator(units=(4,)))
    for method in ("sefa", "pca"):
        with pytest.raises(ValueError, match=f"method='{method}' needs a layer .* Expected method='jacobian'"):
            Directions.fit(own, method)
    assert Directions.fit(own, num=2).directions.shape == (2, 3)


def test_a_generator_with_samples_that_are_not_finite_is_refused():
    gan, _ = linear_gan()
    gan.ema_generator.set_weights([np.full_like(weight, np.nan) for weight in gan.ema_generator.get_weights()])
    with pytest.raises(ValueError, match="samples are not finite"):
        Directions.fit(gan)


def test_finding_directions_leaves_the_generator_as_it_was():
    gan, _ = linear_gan(hidden=8)
    before = gan.generate(4, seed=1)
    for method in METHODS:
        Directions.fit(gan, method)
    assert all("call" not in vars(layer) for layer in gan.ema_generator.layers)
    np.testing.assert_array_equal(gan.generate(4, seed=1), before)


def text_gan(noise_dim=3):
    keras.utils.set_random_seed(1)
    codec = WordCodec(length=6)
    codec.adapt(["the cat sat", "a dog ran away", "the dog sat", "a cat ran"])
    size = codec.vocabulary_size
    generator = RecurrentGenerator(size, 6, noise_dim=noise_dim, embedding_dim=8, units=12)
    gan = TextGAN(generator, RecurrentDiscriminator(size, units=4), codec)
    for weight in gan.ema_generator.weights:  # initial weights hardly depend on the state
        weight.assign(np.random.default_rng(weight.shape.num_elements()).normal(size=weight.shape) * 0.7)
    return gan


def test_text_moves_along_style_latents_alone_by_the_fisher_information():
    gan = text_gan()
    found = Directions.fit(gan, num=3)
    assert found.directions.shape == (3, gan.latent_dim) and found.spectrum.shape == (3,)
    assert not found.directions[:, 3:].any() and not found.placebo[:, 3:].any()
    assert gan.generate(8, edits={0: 3.0}) != gan.generate(8)


def test_the_spectrum_of_text_is_the_fisher_information_by_differences():
    gan, seeds = text_gan(), noise.split(tf.range(8192, dtype=tf.int64), 0)
    found, generator = Directions.fit(gan, num=1), gan.ema_generator
    step = 0.01 * found.directions[0]
    latents = gan.latents_from(seeds)
    tokens = generator.sample(latents)[0]
    ends = [generator.log_likelihood(latents + sign * step, tokens).numpy() for sign in (1.0, -1.0)]
    assert found.spectrum[0] == pytest.approx(np.mean(((ends[0] - ends[1]) / 0.02) ** 2), rel=0.02)


def test_shares_of_style_and_of_draws_are_those_of_the_network():
    gan = text_gan()
    shares = decided_by_style(gan, n=64)
    assert 0 < shares["style"] < shares["chance"] <= 1 and shares["draws"] <= shares["chance"] + 0.1
    for weight in gan.ema_generator.initial_state.weights:
        weight.assign(np.zeros(weight.shape))
    assert decided_by_style(gan, n=64)["style"] == 0.0


def effect(name, size, reliable):
    return Effect(name, Interval(size, reliable, 2 * size - reliable), size, reliable, "mm")


def test_sentences_begin_with_what_exceeds_the_placebo_most_and_chance_is_called_so():
    # Random directions move a by 0.1 and at most 0.2, and b by 0.01 and at most 0.02.
    placebo = [[effect("a", 0.2, 0.1), effect("b", 0.0, 0.0)], [effect("a", 0.0, 0.0), effect("b", 0.02, 0.01)]]
    small, unsure = [effect("a", 0.25, 0.15), effect("b", 0.05, 0.04)], [effect("a", 0.5, 0.15), effect("b", 0.0, 0.0)]
    effects = Effects([small, unsure], placebo)
    assert effects.beat_placebo.tolist() == [True, False]  # 0.04 / 0.01 > 0.2 / 0.1 > 0.15 / 0.1
    first, second = effects.sentences()
    assert first == "direction 0: b +0.05 mm, a +0.25 mm (0.05 deviations; placebo 0.01, at most 0.02)"
    assert second == "direction 1: a +0.5 mm (0.5 deviations; placebo 0.1, at most 0.2): no more than a random direction"
    assert effects.ratio == pytest.approx((0.5 + 0.05) / (0.2 + 0.02))
    assert effects.mean_ratio == pytest.approx((0.25 + 0.05 + 0.5) / (0.2 + 0.02))
    assert "1 of 2 directions" in effects.verdict()
