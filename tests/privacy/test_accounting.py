"""Epsilons are those of dp-accounting and of the exact formula; calibrated noise spends what it may, and never more."""

import builtins

import dp_accounting
import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import norm

from gan_keras.privacy import DifferentialPrivacy, accounting, epsilon_of, noise_multiplier_for


def exact_epsilon(multiplier, delta):
    """Epsilon of one Gaussian mechanism: [Balle and Wang, 2018](https://arxiv.org/abs/1805.06530), theorem 8."""

    def excess(epsilon):
        half, shift = 1.0 / (2.0 * multiplier), epsilon * multiplier
        return norm.cdf(half - shift) - np.exp(epsilon) * norm.cdf(-half - shift) - delta

    return brentq(excess, 0.0, 60.0, xtol=1e-12)


def test_training_steps_spend_what_is_published():
    assert epsilon_of(0.985, 0.0115, 1500, 1e-5) == pytest.approx(2.69, abs=0.01)


@pytest.mark.parametrize("released", [(), (9.0, 14.0)])
def test_epsilon_is_that_of_dp_accounting_composed_event_by_event(released):
    step = dp_accounting.PoissonSampledDpEvent(0.02, dp_accounting.GaussianDpEvent(1.3))
    events = [dp_accounting.SelfComposedDpEvent(step, 700), *map(dp_accounting.GaussianDpEvent, released)]
    accountant = dp_accounting.pld.PLDAccountant(dp_accounting.NeighboringRelation.ADD_OR_REMOVE_ONE)
    accountant.compose(dp_accounting.ComposedDpEvent(events))
    assert epsilon_of(1.3, 0.02, 700, 1e-5, released) == pytest.approx(accountant.get_epsilon(1e-5), abs=1e-6)


@pytest.mark.parametrize("multiplier", [0.7, 1.0, 3.0, 12.0])
def test_one_step_on_all_rows_spends_what_the_exact_formula_says(multiplier):
    exact = exact_epsilon(multiplier, 1e-5)
    found = epsilon_of(multiplier, 1.0, 1, 1e-5)
    assert exact - 1e-6 <= found <= exact * 1.002  # rounded up, never down
    assert epsilon_of(5.0, 0.1, 0, 1e-5, (multiplier,)) == pytest.approx(found, rel=1e-3)


def test_mechanisms_that_are_released_add_up_as_one_of_less_noise():
    multipliers = (3.0, 4.0, 12.0)
    together = sum(each**-2 for each in multipliers) ** -0.5
    assert epsilon_of(1.0, 0.1, 0, 1e-5, multipliers) == pytest.approx(exact_epsilon(together, 1e-5), rel=2e-3)


def test_nothing_spends_nothing_and_hardly_any_noise_bounds_nothing():
    assert epsilon_of(1.0, 0.1, 0, 1e-5) == 0.0
    assert epsilon_of(1e-6, 0.1, 10, 1e-5) == epsilon_of(1.0, 0.1, 0, 1e-5, (1e-6,)) == np.inf


@pytest.mark.parametrize(
    "epsilon, rate, steps, released",
    [(0.1, 0.01, 500, ()), (1.0, 0.0115, 4000, ()), (3.0, 0.0115, 1500, (6.0,)), (8.0, 0.2, 50, ()), (1.0, 1.0, 1, ())],
)
def test_calibrated_noise_spends_at_most_epsilon_and_at_least_99_percent_of_it(epsilon, rate, steps, released):
    noise = noise_multiplier_for(epsilon, 1e-5, rate, steps, released)
    assert 0.99 * epsilon < epsilon_of(noise, rate, steps, 1e-5, released) <= epsilon
    assert noise == float(f"{noise:.4g}")  # and so independent of the last bits


def test_calibration_computes_few_epsilons(monkeypatch):
    noise_multiplier_for.cache_clear()
    calls, real = [], accounting.epsilon_of
    monkeypatch.setattr(accounting, "epsilon_of", lambda *args: calls.append(args) or real(*args))
    noise_multiplier_for(2.0, 1e-5, 0.01, 1000)
    num = len(calls)
    noise_multiplier_for(2.0, 1e-5, 0.01, 1000)
    assert num == len(calls) <= 8


def test_what_is_released_has_to_leave_something_for_training():
    with pytest.raises(ValueError, match="What is released besides training spends epsilon=.* Expected less"):
        noise_multiplier_for(1.0, 1e-5, 0.01, 100, released=(3.0,))


def test_a_missing_dp_accounting_is_one_line_with_the_extra(monkeypatch):
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name.startswith("dp_accounting"):
            raise ImportError("No module named 'dp_accounting'")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match=r"^Privacy accounting needs dp-accounting.*pip install 'gan_keras\[privacy\]'\.$"):
        DifferentialPrivacy(1.2345, 1e-5, 1000, 10, 100)


@pytest.mark.parametrize(
    "changes",
    [
        {"epsilon": 0.0},
        {"epsilon": float("inf")},
        {"epsilon": float("nan")},
        {"delta": 0.0},
        {"delta": 0.01},
        {"train_size": 1},
        {"batch_size": 0},
        {"batch_size": 101},
        {"train_steps": 0},
        {"clipping_norm": 0.0},
        {"released": {"counts": 0.0}},
        {"noise_multiplier": -1.0},
    ],
)
def test_a_number_out_of_its_range_is_one_clear_line(changes):
    given = {"epsilon": 1.0, "delta": 1e-3, "train_size": 100, "batch_size": 10, "train_steps": 5, "noise_multiplier": 3.0}
    with pytest.raises(ValueError, match="Expected") as caught:
        DifferentialPrivacy(**{**given, **changes})
    assert next(iter(changes)) in str(caught.value) and "\n" not in str(caught.value)
