"""Calibration of a discriminator: with known densities, and the draws among drafts that follow from it."""

import numpy as np
import pytest
import tensorflow as tf

from gan_keras.gans.calibration import Calibration


def samples(num, width=1, seed=0):
    return np.random.default_rng(seed).normal(size=(num, width))


def test_the_gain_is_the_divergence_of_two_normal_distributions_and_energies_their_log_ratio():
    calibration = Calibration(["x"])
    gain = calibration.fit(samples(3000, seed=1) + 0.6, samples(4000, seed=2))
    assert gain.low < 0.18 < gain.high and gain.mean == pytest.approx(0.6**2 / 2, abs=0.05)
    energies = float(calibration.beta) * np.asarray(calibration(tf.constant([[0.0], [1.0]])))
    assert energies[1] - energies[0] == pytest.approx(0.6, abs=0.1)
    assert calibration.is_fitted and calibration.gain == pytest.approx(gain)


def test_a_difference_in_spread_is_seen_by_the_quadratic_terms():
    gain = Calibration(["x"]).fit(0.6 * samples(3000, seed=1), samples(4000, seed=2))
    assert gain.mean == pytest.approx(-np.log(0.6) - (1 - 0.6**2) / 2, abs=0.05)


def test_features_that_tell_nothing_gain_nothing():
    gain = Calibration(list("abcdef")).fit(samples(300, 6, seed=1), samples(1000, 6, seed=2))
    assert -0.1 < gain.mean < 0.03 and gain.low <= 0


def test_a_constant_feature_changes_nothing_and_all_weights_are_finite():
    real, drafts = samples(500, seed=1) + 1, samples(1000, seed=2)
    alone = Calibration(["x"]).fit(real, drafts)
    calibration = Calibration(["x", "tokens"])
    both = calibration.fit(*(np.insert(rows, 1, 21.0, axis=1) for rows in (real, drafts)))
    assert both.mean == pytest.approx(alone.mean, abs=1e-3)
    assert all(np.isfinite(weight).all() for weight in calibration.get_weights())


def test_resampled_drafts_have_the_mean_length_of_real_lines_though_long_ones_are_good_more_rarely():
    """A draft of n tokens is good with probability 0.8^n; real lines are good, with the drafts' lengths."""
    random = np.random.default_rng(0)
    lengths, real_lengths = (random.integers(3, 12, num) for num in (20_000, 2000))
    good = random.random(len(lengths)) < 0.8**lengths
    drafts = np.stack([2.0 * good + 0.5 * random.normal(size=len(good)), lengths], axis=1)
    real = np.stack([2.0 + 0.5 * random.normal(size=len(real_lengths)), real_lengths], axis=1)
    calibration = Calibration(["quality", "tokens"])
    calibration.fit(real, drafts[:4000])
    for candidates in (4, 6, 8):
        groups = np.random.default_rng(1).integers(len(drafts), size=(5000, candidates))
        means = []
        for weights in (calibration.log_weights(drafts.astype("float32"), which).numpy() for which in (candidates, None)):
            shares = np.exp(weights[groups])
            shares /= shares.sum(axis=1, keepdims=True)
            means.append(np.sum(shares * lengths[groups], axis=1).mean())
        assert means[0] == pytest.approx(real_lengths.mean(), rel=0.03) and means[1] < 0.96 * real_lengths.mean()


def test_lines_that_are_told_apart_without_error_have_a_bounded_weight():
    calibration = Calibration(["x"])
    assert np.isfinite(calibration.fit(samples(300, seed=1) + 20, samples(1000, seed=2))).all()
    assert 0 < float(calibration.beta) <= 2.0


def test_before_it_is_fitted_every_line_weighs_the_same():
    calibration = Calibration(["x", "y"])
    assert not calibration.is_fitted and calibration.gain is None and float(calibration.beta) == 0
    np.testing.assert_array_equal(calibration(tf.constant(samples(5, 2), tf.float32)), np.zeros(5))


def test_features_of_the_wrong_width_or_not_finite_are_errors():
    calibration = Calibration(["x", "y"])
    pytest.raises(ValueError, calibration.fit, samples(300, 3), samples(300, 3)).match(r"shape \(300, 3\). Expected .* x, y")
    pytest.raises(ValueError, calibration, tf.zeros((4, 3))).match("Got 3 features. Expected 2: x, y")
    pytest.raises(ValueError, calibration.fit, samples(300, 2) + np.nan, samples(300, 2)).match("not finite")
