"""Noised moments: noise and sensitivity of what is released, what is left of it, and samples that follow the moments."""

import math

import numpy as np
import pytest

from gan_keras.privacy import NoisedMoments, noise_multiplier_for
from gan_keras.privacy.noised_moments import REACH, SHARES, factors_above
from refusals import refused

EXTREME = {"huge": 1e6, "not a number": np.nan, "infinite": -np.inf, "at the end": 1.0}


def rows(num=600, seed=0):
    """Samples of shape (3, 4) of two classes: two directions around different means, and a little noise."""
    random = np.random.default_rng(seed)
    labels = np.arange(num) % 3 % 2
    directions = np.linalg.qr(np.random.default_rng(9).normal(size=(12, 2)))[0].T
    around = np.where(labels[:, None] == 1, 0.3, -0.2) + random.normal(size=(num, 2)) * [0.25, 0.15] @ directions
    return np.clip(around + 0.02 * random.normal(size=(num, 12)), -1, 1).reshape(num, 3, 4), labels


def silent(shape):
    return np.zeros(shape)


class Recorded(NoisedMoments):
    """Keeps what it releases before the noise, and releases zeros in the first pass, so that the second has one centre."""

    def released(self, name, exact, sensitivity):
        self.__dict__.setdefault("record", {})[name] = (np.array(exact), sensitivity)
        return np.zeros(np.shape(exact)) if name in ("mean", "square") else super().released(name, exact, sensitivity)


@pytest.fixture(scope="module")
def exact():
    """Moments without noise."""
    samples, labels = rows()
    return NoisedMoments(samples, 1e3, 1e-5, labels, 2, normal=silent)


# --- Privacy. ---


def test_all_releases_together_are_one_gaussian_mechanism_of_epsilon():
    samples, labels = rows()
    moments = NoisedMoments(samples, 1.0, 1e-5, labels, 2)
    precision = sum(moments.deviation(name, 1.0) ** -2 for name in SHARES)
    assert precision**-0.5 == pytest.approx(moments.noise_multiplier, rel=1e-9)
    assert moments.noise_multiplier == noise_multiplier_for(1.0, 1e-5)


@pytest.mark.parametrize("value", EXTREME.values(), ids=EXTREME)
@pytest.mark.parametrize("max_numbers", [1024, 1])
def test_a_row_changes_each_release_by_at_most_its_sensitivity(value, max_numbers, monkeypatch):
    monkeypatch.setattr("gan_keras.privacy.noised_moments.MAX_NUMBERS", max_numbers)
    samples, labels = rows(60)
    more = np.concatenate([samples, np.full((1, 3, 4), value)]), np.append(labels, 1)
    one, other = (Recorded(part, 1.0, 1e-5, names, 2).record for part, names in ((samples, labels), more))
    assert set(one) == set(SHARES)
    for name, (exact, sensitivity) in one.items():
        moved = np.linalg.norm(np.ravel(other[name][0] - exact))
        assert other[name][1] == sensitivity and moved <= sensitivity * (1 + 1e-9), name
        assert name in ("mean", "square") or value != value or moved > 0.3 * sensitivity, name  # and is not far too large


def test_the_noise_has_the_deviation_that_is_paid_for_in_each_release():
    class Zeros(Recorded):
        def released(self, name, exact, sensitivity):
            super().released(name, exact, sensitivity)
            noised = NoisedMoments.released(self, name, exact, sensitivity)
            self.record[name] = (noised - exact) / (self.noise_multiplier * sensitivity / math.sqrt(SHARES[name]))
            return np.zeros(np.shape(exact)) if name in ("mean", "square") else noised

    drawn = [Zeros(np.zeros((4, 40)), 1.0, 1e-5, np.arange(4), 4).record for _ in range(12)]
    for name in SHARES:
        found = np.concatenate([np.ravel(each[name]) for each in drawn])
        assert np.sqrt(np.mean(found**2)) == pytest.approx(1.0, abs=6 / math.sqrt(2 * len(found))), name
        assert abs(found.mean()) < 6 / math.sqrt(len(found)), name
        assert len(np.unique(found)) == len(found), name  # no seed repeats it


def test_differences_from_the_mean_are_clipped_to_the_noised_reach():
    samples, labels = rows()
    recorded = []

    class Kept(NoisedMoments):
        def released(self, name, exact, sensitivity):
            recorded.append((name, exact, sensitivity))
            return exact

    Kept(samples, 1e3, 1e-5, labels, 2)
    flat = samples.reshape(len(samples), -1)
    differences = flat - flat.mean(axis=0)
    radius = REACH * math.sqrt(np.mean((differences**2).sum(axis=1)))
    found = {name: sensitivity for name, _, sensitivity in recorded}
    assert (found["sums"], found["products"]) == (pytest.approx(radius), pytest.approx(radius**2))
    assert (found["mean"], found["square"], found["counts"]) == (pytest.approx(math.sqrt(12)), 12, 1.0)


# --- What is left. ---


def test_without_noise_samples_have_the_means_and_covariances_of_the_classes(exact):
    samples, labels = rows()
    drawn = exact.sample(20_000, seed=0)
    named = np.random.default_rng(0).choice(2, 20_000, p=exact.frequencies)
    assert drawn.shape == (20_000, 3, 4) and drawn.dtype == np.float32 and np.abs(drawn).max() <= 1
    np.testing.assert_allclose(exact.frequencies, [2 / 3, 1 / 3], atol=1e-9)
    for label in (0, 1):
        one, other = (each.reshape(len(each), -1) for each in (samples[labels == label], drawn[named == label]))
        np.testing.assert_allclose(one.mean(axis=0), other.mean(axis=0), atol=0.02)
        np.testing.assert_allclose(np.cov(one.T), np.cov(other.T), atol=0.006)


def test_labels_can_be_asked_for(exact):
    drawn = exact.sample(400, seed=1, labels=[0, 1] * 200).reshape(400, -1).mean(axis=1)
    assert drawn[0::2].mean() == pytest.approx(-0.2, abs=0.05) and drawn[1::2].mean() == pytest.approx(0.3, abs=0.05)
    np.testing.assert_array_equal(exact.sample(5, seed=3), exact.sample(5, seed=3))


def test_a_direction_that_stands_out_of_the_noise_gets_its_own_variance_back():
    size, variance, found, raw = 200, 35.0, [], []
    vector = np.full(size, size**-0.5)
    for seed in range(30):
        noise = np.random.default_rng(seed).normal(size=(size, size))
        noised = variance * np.outer(vector, vector) + (noise + noise.T) / 2
        factors = factors_above(noised, 1.0)
        assert len(factors) == 1 and abs(factors[0] @ vector) / np.linalg.norm(factors[0]) > 0.8
        found.append((factors[0] ** 2).sum())
        raw.append(np.linalg.eigvalsh(noised)[-1])
    assert np.mean(found) == pytest.approx(variance, abs=1.0) and np.mean(raw) > variance + 2
    assert len(factors_above((noise + noise.T) / 2, 1.0)) == 0


def test_noise_alone_leaves_means_near_the_centre_and_no_directions():
    moments = Recorded(np.zeros((5000, 400)), 1.0, 1e-5, np.arange(5000) % 5, 5)
    assert moments.factors.shape[1] == 0
    by_noise = moments.deviation("sums", moments.record["sums"][1]) / 1000 * math.sqrt(400)  # norm of a mean's noise
    assert by_noise > 0.1 and np.linalg.norm(moments.means, axis=1).max() < 0.5 * by_noise


def test_blocks_give_what_an_array_gives():
    samples, labels = rows()

    def blocks():
        for start in range(0, 600, 70):
            yield samples[start : start + 70], labels[start : start + 70]

    one = NoisedMoments(blocks, 5.0, 1e-5, num_labels=2, normal=silent)
    other = NoisedMoments(samples, 5.0, 1e-5, labels, 2, normal=silent)
    np.testing.assert_allclose(one.sample(50), other.sample(50), atol=1e-6)


def test_of_many_numbers_means_alone_are_released(monkeypatch):
    monkeypatch.setattr("gan_keras.privacy.noised_moments.MAX_NUMBERS", 11)
    samples, labels = rows()
    moments = NoisedMoments(samples, 1e3, 1e-5, labels, 2, normal=silent)
    drawn = moments.sample(4000, labels=np.ones(4000, int)).reshape(4000, -1)
    assert moments.factors.shape == (2, 0, 12)
    own = samples[labels == 1].reshape(-1, 12)
    assert drawn.var(axis=0).sum() == pytest.approx(own.var(axis=0).sum(), rel=0.15)
    np.testing.assert_allclose(drawn.mean(axis=0), own.mean(axis=0), atol=0.02)


def test_a_kept_file_gives_the_same_samples(tmp_path):
    samples, labels = rows()
    for moments in (NoisedMoments(samples, 3.0, 1e-5, labels, 2), NoisedMoments(samples, 3.0, 1e-5)):
        moments.save(tmp_path / "moments.npz")
        copy = NoisedMoments.load(tmp_path / "moments.npz")
        np.testing.assert_array_equal(copy.sample(30, seed=2), moments.sample(30, seed=2))
        assert (copy.epsilon, copy.noise_multiplier, copy.num_classes) == (3.0, moments.noise_multiplier, moments.num_classes)


def test_labels_out_of_range_are_refused():
    samples, labels = rows(30)
    refused("label", NoisedMoments, samples, 1.0, 1e-5, labels + 1, 2)
