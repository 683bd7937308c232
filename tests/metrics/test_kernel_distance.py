import numpy as np
import pytest

from gan_keras.metrics.frechet import kernel_distance, squared_discrepancy

GENERATOR = np.random.default_rng(0)
REAL, FAKE = GENERATOR.normal(size=(40, 3)), GENERATOR.normal(size=(30, 3)) + 0.5


def kernel(x, y):
    return (sum(a * b for a, b in zip(x, y, strict=True)) / len(x) + 1) ** 3


def test_the_discrepancy_equals_a_loop_over_all_pairs_of_different_samples():
    within = [np.mean([kernel(x, y) for i, x in enumerate(s) for j, y in enumerate(s) if i != j]) for s in (REAL, FAKE)]
    between = np.mean([kernel(x, y) for x in REAL for y in FAKE])
    assert squared_discrepancy(REAL, FAKE) == pytest.approx(sum(within) - 2 * between)


def test_subsets_of_all_samples_give_the_discrepancy_without_error():
    found = kernel_distance(REAL[:30], FAKE, num_subsets=3, subset_size=30)
    assert found.mean == pytest.approx(squared_discrepancy(REAL[:30], FAKE))
    assert found.standard_error == pytest.approx(0, abs=1e-12)


def test_the_distance_is_unbiased_and_its_standard_error_tells_the_spread():
    """Where the two distributions are one, the mean is 0 within its error, for small subsets too."""
    samples = np.random.default_rng(1).normal(size=(2, 20_000, 4))
    found = kernel_distance(*samples, num_subsets=400, subset_size=20)
    assert abs(found.mean) < 3 * found.standard_error
    quarter = kernel_distance(*samples, num_subsets=100, subset_size=20)
    assert quarter.standard_error == pytest.approx(2 * found.standard_error, rel=0.3)


def test_the_distance_depends_on_its_seed_alone():
    first, again, other = (kernel_distance(REAL, FAKE, 5, 10, seed=seed) for seed in (3, 3, 4))
    assert first == again and first != other


def test_subsets_larger_than_a_set_are_refused():
    with pytest.raises(ValueError, match="subset_size from 2 to 30"):
        kernel_distance(REAL, FAKE, subset_size=31)
    with pytest.raises(ValueError, match="of 3 and of 2 dimensions"):
        kernel_distance(REAL, FAKE[:, :2])
