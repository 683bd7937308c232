import numpy as np
import pytest
from scipy.spatial.distance import cdist

from gan_keras.metrics.precision_recall import memorisation

GENERATOR = np.random.default_rng(0)
TRAIN, HELD_OUT, FAKE = (GENERATOR.normal(size=(num, 5)) for num in (300, 200, 150))


def test_all_numbers_equal_brute_force():
    found = memorisation(FAKE, TRAIN, HELD_OUT, quantile=0.1)
    fake, held_out = cdist(FAKE, TRAIN), cdist(HELD_OUT, TRAIN).min(axis=1)
    np.testing.assert_array_equal(found.nearest, fake.argmin(axis=1))
    np.testing.assert_allclose(found.distances, fake.min(axis=1))
    assert found.threshold == pytest.approx(np.quantile(held_out, 0.1))
    assert found.share == pytest.approx((fake.min(axis=1) < np.quantile(held_out, 0.1)).mean())
    assert found.ratio == pytest.approx(np.median(fake.min(axis=1)) / np.median(held_out))


def test_fresh_samples_of_the_same_distribution_are_as_near_as_held_out_ones():
    found = memorisation(np.random.default_rng(1).normal(size=(2000, 5)), TRAIN, HELD_OUT, quantile=0.2)
    assert found.held_out_share == pytest.approx(0.2)
    assert found.share == pytest.approx(0.2, abs=0.07)
    assert found.ratio == pytest.approx(1, abs=0.1)


def test_copies_are_found_with_the_samples_that_they_copy():
    fake = np.concatenate([TRAIN[[7, 250]], FAKE[:8] + 50])
    found = memorisation(fake, TRAIN, HELD_OUT)
    assert found.share == pytest.approx(0.2)
    assert found.nearest[:2].tolist() == [7, 250]
    assert found.distances[:2].tolist() == [0, 0]


def test_exact_copies_count_even_where_held_out_data_repeat_the_training_data():
    found = memorisation(TRAIN[:4], TRAIN, np.concatenate([TRAIN[:60], HELD_OUT[:40]]))
    assert (found.threshold, found.share, found.held_out_share, found.ratio) == (0, 1, 0.6, float("inf"))


def test_a_quantile_out_of_range_is_refused():
    with pytest.raises(ValueError, match="quantile=1.5"):
        memorisation(FAKE, TRAIN, HELD_OUT, quantile=1.5)
