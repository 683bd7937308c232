"""The gain in held-out log-likelihood by a discriminator."""

import importlib
import math

import numpy as np
import pytest

from gan_keras.metrics import best_beta, likelihood_gain
from refusals import refused


def plain_gain(real, drafts, beta):
    mean_weight = math.fsum(math.exp(beta * logit) for logit in drafts) / len(drafts)
    return beta * math.fsum(real) / len(real) - math.log(mean_weight)


def gaussian_logits(num, shift, seed):
    """Logits of the exact density ratio of N(shift, 1) to N(0, 1), of lines from both."""
    random = np.random.default_rng(seed)
    return [shift * (random.standard_normal(num) + mean) - shift**2 / 2 for mean in (shift, 0.0)]


def test_the_gain_is_that_of_the_formula():
    random = np.random.default_rng(0)
    real, drafts = random.normal(0.5, 1.0, 30), random.normal(0.0, 2.0, 50)
    for beta in (0.0, 0.3, 1.0, 2.5):
        assert likelihood_gain(real, drafts, beta).mean == pytest.approx(plain_gain(real, drafts, beta), abs=1e-12)
    assert likelihood_gain(real, drafts, 0.0) == (0.0, 0.0, 0.0)


def test_the_logit_of_the_density_ratio_gains_the_divergence():
    real, drafts = gaussian_logits(20_000, 0.8, seed=1)
    gain = likelihood_gain(real, drafts)
    assert gain.mean == pytest.approx(0.8**2 / 2, abs=0.03)  # the divergence of the two Gaussians, in nats
    assert gain.low < 0.32 < gain.high and gain.high - gain.low < 0.08
    assert best_beta(real, drafts) == pytest.approx(1.0, abs=0.05)
    assert best_beta(real / 4.0, drafts / 4.0) == pytest.approx(4.0, abs=0.2)  # it undoes any scale


def test_the_best_beta_has_the_largest_gain_of_a_fine_grid():
    random = np.random.default_rng(2)
    real, drafts = random.normal(0.3, 1.0, 200), random.normal(0.0, 0.7, 300)
    grid = np.linspace(0.0, 10.0, 10_001)
    expected = grid[np.argmax([plain_gain(real, drafts, beta) for beta in grid])]
    assert best_beta(real, drafts) == pytest.approx(expected, abs=2e-3)


def test_logits_that_prefer_drafts_are_of_no_use_and_a_perfect_separation_is_bounded():
    assert best_beta([0.0, 1.0], [1.0, 2.0]) == 0.0
    assert best_beta([1.0, 1.0], [1.0, 1.0]) == 0.0
    assert best_beta([3.0], [1.0, 2.0]) == 10.0 and best_beta([3.0], [1.0, 2.0], max_beta=2.0) == 2.0


def test_a_constant_changes_nothing_and_large_logits_do_not_overflow():
    real, drafts = gaussian_logits(500, 0.5, seed=3)
    gain = likelihood_gain(real, drafts)
    assert likelihood_gain(real + 1000.0, drafts + 1000.0) == pytest.approx(gain, abs=1e-9)
    assert all(map(math.isfinite, likelihood_gain([1e4, -1e4], [5e3, -1e4], num_resamples=50)))


def test_the_interval_holds_the_truth_about_as_often_as_it_says_and_narrows_with_more_lines():
    gains = [likelihood_gain(*gaussian_logits(400, 0.5, seed), num_resamples=300) for seed in range(100)]
    assert 88 <= sum(gain.low < 0.125 < gain.high for gain in gains) <= 99
    few, many = (likelihood_gain(*gaussian_logits(num, 0.5, 5)) for num in (200, 3200))
    assert (few.high - few.low) / (many.high - many.low) == pytest.approx(4.0, rel=0.25)


def test_the_bootstrap_is_repeatable_and_does_not_depend_on_its_blocks(monkeypatch):
    real, drafts = gaussian_logits(60, 0.5, seed=4)
    assert likelihood_gain(real, drafts, seed=1) == likelihood_gain(real, drafts, seed=1) != likelihood_gain(real, drafts, seed=2)
    whole = likelihood_gain(real, drafts)
    monkeypatch.setattr(importlib.import_module("gan_keras.metrics.likelihood_gain"), "_DRAWN_PER_BLOCK", 1000)
    assert likelihood_gain(real, drafts) == pytest.approx(whole, abs=1e-12)


def test_the_gain_over_a_control_is_resampled_together_with_it():
    real, drafts = gaussian_logits(500, 0.8, seed=6)
    noise = np.random.default_rng(7).normal(0.0, 0.1, 1000)
    control = 0.9 * real + noise[:500], 0.9 * drafts + noise[500:]
    gain, other = likelihood_gain(real, drafts), likelihood_gain(*control)
    over = likelihood_gain(real, drafts, over=control)
    assert over.mean == pytest.approx(gain.mean - other.mean, abs=1e-12) and over.low < over.mean < over.high
    assert over.high - over.low < 0.5 * (gain.high - gain.low)
    assert likelihood_gain(real, drafts, over=(real, drafts)) == (0.0, 0.0, 0.0)
    refused("500 lines and 499 drafts. Expected 500 and 500", likelihood_gain, real, drafts, over=(real, drafts[1:]))


def test_bad_logits_are_refused():
    refused("real logits of shape", likelihood_gain, [], [1.0])
    refused("draft logits of shape", best_beta, [1.0], [[1.0], [2.0]])
    refused("real logits are not finite", likelihood_gain, [math.nan], [1.0])
    refused("beta=-1", likelihood_gain, [1.0], [1.0], -1.0)
    refused("num_resamples=0", likelihood_gain, [1.0], [1.0], num_resamples=0)
    refused("max_beta=0", best_beta, [1.0], [1.0], max_beta=0.0)
