"""Scores of series agree with independent computations, and with the outcome of known cases."""

import numpy as np
import pytest
from scipy.stats import wasserstein_distance

from gan_keras.metrics.series import Recipe, discriminative_score, predictive_score, standardise
from gan_keras.metrics.series_distances import (
    VectorAutoregression,
    autocorrelation_distance,
    autocorrelations,
    correlation_distance,
    marginal_distance,
)
from refusals import refused

RECIPE = Recipe(units=6, depth=1, learning_rate=2e-2, batch_size=64, epochs=8, patience=3)
RANDOM = np.random.default_rng(0)


def walks(num, steps=8, seed=0):
    """Two columns: a walk that stays near 0, and twice its value a step before."""
    random = np.random.default_rng(seed)
    walk = np.zeros((num, steps + 1))
    for step in range(steps):
        walk[:, step + 1] = 0.8 * walk[:, step] + random.standard_normal(num)
    return np.stack([walk[:, 1:], 2.0 * walk[:, :-1]], axis=2).astype(np.float32)


REAL = walks(600)


def test_the_judge_recognises_other_series_guesses_between_equal_ones_and_depends_only_on_its_seed():
    shuffled = RANDOM.permuted(walks(600, seed=1), axis=1)  # the same values, another order in time
    assert discriminative_score(REAL, shuffled, recipe=RECIPE) > 0.25
    of_equal = [discriminative_score(REAL, walks(600, seed=2), seed=5, recipe=RECIPE) for _ in range(2)]
    assert of_equal[0] == of_equal[1] < 0.12


def test_the_discriminative_score_is_the_distance_of_the_accuracy_from_one_half(monkeypatch):
    right = np.array([1.0] * 30 + [0.0] * 10)
    monkeypatch.setattr("gan_keras.metrics.series._is_right", lambda *arguments: right)
    assert discriminative_score(REAL, REAL) == 0.25
    monkeypatch.setattr("gan_keras.metrics.series._is_right", lambda *arguments: 1 - right)
    assert discriminative_score(REAL, REAL) == 0.25


def test_the_judge_is_never_tested_on_training_windows(monkeypatch):
    seen = {}

    def train(network, loss, training, validation, recipe):
        seen["training"], seen["validation"] = training[0], validation[0]

    monkeypatch.setattr("gan_keras.metrics.series.train", train)
    monkeypatch.setattr("gan_keras.metrics.series._outputs", lambda network, x: seen.setdefault("test", x)[:, 0])
    numbered = np.arange(100.0).reshape(50, 2, 1)
    discriminative_score(numbered, numbered + 1000.0, recipe=RECIPE)
    rows = [set(np.round(part[:, 0, 0], 4)) for part in seen.values()]
    assert [len(each) for each in rows] == [60, 20, 20] and len(set.union(*rows)) == 100


def test_windows_are_standardised_by_the_real_ones_with_their_end_marked():
    windows = REAL.copy()
    windows[0, 5:] = np.nan
    made = standardise(windows, windows)
    np.testing.assert_array_equal(made[0, :, 2], [1, 1, 1, 1, 1, 0, 0, 0])
    assert (made[0, 5:, :2] == 0).all()
    values = made[made[..., 2] == 1][:, :2]
    np.testing.assert_allclose([values.mean(axis=0), values.std(axis=0)], [[0, 0], [1, 1]], atol=1e-4)


def test_too_few_windows_or_different_shapes_are_refused():
    refused("at least 20", discriminative_score, REAL[:19], REAL)
    refused("one shape", discriminative_score, REAL, REAL[..., :1])
    refused("one shape", predictive_score, REAL, REAL[:, :4])


@pytest.mark.slow
def test_a_network_trained_on_similar_series_forecasts_well():
    recipe = Recipe(units=8, depth=1, learning_rate=2e-2, batch_size=64, epochs=15, patience=5)
    real = walks(300, seed=3)
    of_real = predictive_score(REAL, real, recipe=recipe)
    mirrored = predictive_score(REAL * [1.0, -1.0], real, recipe=recipe)  # who learns from these says the opposite
    assert of_real < 0.05 < 0.15 < mirrored


def test_the_predictive_score_is_the_mean_error_over_known_steps_relative_to_the_range(monkeypatch):
    real = REAL[:50].copy()
    real[0, 5:] = np.nan
    monkeypatch.setattr("gan_keras.metrics.series.train", lambda *arguments: None)
    monkeypatch.setattr("gan_keras.metrics.series._outputs", lambda network, x: np.full((*x.shape[:2], 1), 0.25))
    low, high = np.nanmin(real[..., 1]), np.nanmax(real[..., 1])
    expected = np.nanmean(np.abs((real[:, 1:, 1] - low) / (high - low) - 0.25))
    assert predictive_score(REAL, real, recipe=RECIPE) == pytest.approx(expected, rel=1e-5)


def test_a_single_column_is_forecast_from_itself(monkeypatch):
    monkeypatch.setattr("gan_keras.metrics.series.train", lambda *arguments: None)
    monkeypatch.setattr("gan_keras.metrics.series._outputs", lambda network, x: x)  # as the step before
    one, scale = REAL[:60, :, :1], np.ptp(REAL[:60, :, :1])
    assert predictive_score(REAL[..., :1], one, recipe=RECIPE) == pytest.approx(
        np.abs(np.diff(one, axis=1)).mean() / scale, rel=1e-4
    )


def test_marginal_and_correlation_distances_equal_scipys_and_numpys():
    fake = REAL[:100] * 1.5
    expected = [wasserstein_distance(REAL[..., c].ravel(), fake[..., c].ravel()) / REAL[..., c].std() for c in range(2)]
    assert marginal_distance(REAL, fake) == pytest.approx(np.mean(expected), rel=1e-4)
    assert marginal_distance(REAL, REAL + 2.0 * REAL.std(axis=(0, 1))) == pytest.approx(2.0, rel=1e-4)
    three = np.concatenate([REAL, RANDOM.standard_normal((600, 8, 1))], axis=2)
    fake = three * [1.0, -1.0, 1.0]
    pairs = np.triu_indices(3, 1)
    expected = np.abs(np.corrcoef(three.reshape(-1, 3).T)[pairs] - np.corrcoef(fake.reshape(-1, 3).T)[pairs]).mean()
    assert correlation_distance(three, fake) == pytest.approx(expected, rel=1e-4)
    assert correlation_distance(REAL[..., :1], REAL[..., :1]) == 0.0


def test_autocorrelations_equal_the_formula():
    fake = RANDOM.permuted(REAL, axis=1)

    def by_loops(windows, lag, column):
        moved = [window[:, column] - window[:, column].mean() for window in windows.astype(float)]
        products = [one[step] * one[step + lag] for one in moved for step in range(len(one) - lag)]
        return np.mean(products) / np.mean(np.square(moved))

    expected = [abs(by_loops(REAL, lag, c) - by_loops(fake, lag, c)) for lag in (1, 2, 3, 4) for c in (0, 1)]
    assert autocorrelation_distance(REAL, fake) == pytest.approx(np.mean(expected), rel=1e-3)
    assert autocorrelation_distance(REAL, REAL) == 0.0


def test_distances_ignore_steps_after_the_end_and_lags_that_no_window_reaches():
    """What is left are the windows that are whole, and the same windows cut short are those of fewer steps."""
    halves, whole = REAL.copy(), REAL[::2]
    halves[1::2, 1:] = np.nan  # of a single step, which is its own mean
    other = 1.5 * walks(600, seed=4)
    first = np.concatenate([whole.reshape(-1, 2), REAL[1::2, 0]])
    expected = [wasserstein_distance(first[:, c], other[..., c].ravel()) / first[:, c].std() for c in range(2)]
    assert marginal_distance(halves, other) == pytest.approx(np.mean(expected), rel=1e-4)
    expected = abs(np.corrcoef(first.T)[0, 1] - np.corrcoef(other.reshape(-1, 2).T)[0, 1])
    assert correlation_distance(halves, other) == pytest.approx(expected, rel=1e-4)
    shares = np.isfinite(halves).all(axis=2).sum() / np.isfinite(whole).all(axis=2).sum()  # of the variance: it is pooled
    np.testing.assert_allclose(autocorrelations(halves), shares * autocorrelations(whole), rtol=1e-4, atol=1e-6)
    short = REAL.copy()
    short[:, 2:] = np.nan
    found = autocorrelations(short)
    np.testing.assert_allclose(found[0], -1.0, rtol=1e-4)  # of two values about their mean
    np.testing.assert_array_equal(found[1:], 0.0)
    short[:, 1:] = np.nan
    assert np.isfinite(autocorrelation_distance(REAL, short))


def test_distances_do_not_depend_on_the_unit_and_constants_have_no_autocorrelation():
    for distance in (marginal_distance, autocorrelation_distance, correlation_distance):
        other = walks(600, seed=4).cumsum(axis=1)
        plain = distance(REAL, other)
        assert plain > 0.01 and distance(REAL * 1e-12, other * 1e-12) == pytest.approx(plain, rel=1e-3), distance
    np.testing.assert_allclose(autocorrelations(np.full((3, 8, 1), 0.1, np.float32)), 0.0, atol=1e-9)


def test_the_autoregression_finds_the_coefficients_and_samples_move_like_the_series_by_the_seed():
    fitted = VectorAutoregression(walks(5000))
    np.testing.assert_allclose(fitted.coefficients[:, 0], [0.8, 0.0, 0.0], atol=0.03)
    np.testing.assert_allclose(fitted.coefficients[:, 1], [2.0, 0.0, 0.0], atol=1e-4)
    baseline = VectorAutoregression(REAL)
    made = baseline.sample(2000, seed=1)
    np.testing.assert_array_equal(made, baseline.sample(2000, seed=1))
    assert autocorrelation_distance(REAL, made) < 0.05 and marginal_distance(REAL, made) < 0.1
    assert made.min() >= REAL.min() and made.max() <= REAL.max()
    ended = REAL.copy()
    ended[:, 5:] = np.nan
    assert np.isnan(VectorAutoregression(ended).sample(3)[:, 5:]).all()
