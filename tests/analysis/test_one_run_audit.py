"""The one-run audit finds too little noise and clipping that fails, never a right mechanism, and tells its ceiling."""

import numpy as np
import pytest

from gan_keras.analysis import one_run_audit
from gan_keras.analysis.one_run_audit import lower_bound
from gan_keras.privacy import DifferentialPrivacy, epsilon_of
from private_gans import private_gan
from small_gans import small_gan


def privacy_of(sigma, steps, rate, size=2000, factor=1.0):
    """A privacy that claims what noise of `sigma` spends, with the noise of `factor` times as much."""
    batch = int(rate * size)
    epsilon = epsilon_of(sigma, batch / size, steps, 1e-5) * (1 + 1e-6)
    return DifferentialPrivacy(epsilon, 1e-5, size, batch, steps, noise_multiplier=sigma * factor)


@pytest.mark.parametrize("num, ceiling", [(50, 2.78), (200, 4.19), (500, 5.11), (1000, 5.80), (2000, 6.50)])
def test_ceilings_are_those_of_a_perfect_attacker(num, ceiling):
    assert lower_bound(2000, num, num, delta=0.0) == pytest.approx(ceiling, abs=0.01)
    assert ceiling - 0.9 < lower_bound(2000, num, num, delta=1e-5) < ceiling


def test_the_bound_holds_for_randomized_response_and_is_close_to_it():
    # Answers that are true with the probability e / (1 + e) have an epsilon of exactly 1.
    random = np.random.default_rng(0)
    bounds = [lower_bound(400, 400, int(random.binomial(400, np.e / (1 + np.e))), 0.0) for _ in range(400)]
    wrong = np.mean(np.array(bounds) > 1.0)
    assert 0.005 < wrong < 0.05 + 6 * np.sqrt(0.05 * 0.95 / 400)  # with a confidence of 95 %
    assert 0.6 < np.median(bounds) < 1.0
    assert lower_bound(400, 400, 200, 0.0) == 0.0


MANY_STEPS = pytest.param(2.0, 40, 0.1, marks=pytest.mark.slow)


@pytest.mark.parametrize("sigma, steps, rate", [(2.0, 1, 1.0), MANY_STEPS])
def test_a_quarter_of_the_noise_and_none_are_refuted_and_a_right_mechanism_is_not(sigma, steps, rate):
    right = privacy_of(sigma, steps, rate)
    assert right.epsilon <= 2.6
    for seed in range(3):
        assert not one_run_audit(right, seed=seed).refuted
    for factor in (0.25, 1e-6):
        found = one_run_audit(privacy_of(sigma, steps, rate, factor=factor))
        assert found.refuted and found.can_fail and "The claim is refuted." in str(found)
    assert right.steps_spent == 0  # the budget stays


class NoClipping(DifferentialPrivacy):
    """A mutant that does not clip."""

    def prepare(self, gan):
        super().prepare(gan)
        self.clipping.norm = 1e30


class HoldsAll(DifferentialPrivacy):
    """A mutant that learns from four times as many rows as is accounted for."""

    @property
    def sampling_rate(self):
        return 4 * self.batch_size / self.train_size


@pytest.mark.slow
@pytest.mark.parametrize("mutant", [NoClipping, HoldsAll])
def test_other_faults_are_refuted(mutant):
    privacy = privacy_of(1.0, 40, 0.02) if mutant is NoClipping else privacy_of(1.0, 100, 0.01)
    faulty = mutant.from_config(privacy.get_config())
    found = one_run_audit(faulty)
    assert found.num_right > 130 if mutant is HoldsAll else found.refuted


def test_above_its_ceiling_an_audit_says_that_it_cannot_fail():
    found = one_run_audit(privacy_of(0.7, 1, 1.0), num_canaries=500, num_guesses=50)
    assert not found.can_fail and found.claimed > found.ceiling
    assert "This audit cannot fail" in str(found) and "The claim is not refuted" in str(found)
    assert not any(word in str(found).lower() for word in ("anonym", "safe"))


def test_a_gan_is_audited_by_its_privacy_and_one_without_is_refused():
    assert one_run_audit(private_gan(), num_guesses=20).num_canaries == 64  # as many as there are rows
    with pytest.raises(ValueError, match="trained without differential privacy"):
        one_run_audit(small_gan())
    gan = private_gan()
    for num in (0, 3, 100):
        with pytest.raises(ValueError, match=f"num_guesses={num}. Expected an even number from 2 to the 64 canaries"):
            one_run_audit(gan, num_guesses=num)
