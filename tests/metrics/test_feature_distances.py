"""Distances of features agree with SciPy, with loops over pairs and with closed forms."""

import numpy as np
import pytest
from scipy.linalg import sqrtm
from scipy.stats import wasserstein_distance

from gan_keras.metrics.feature_distances import (
    directions,
    frechet_distance,
    intra_class_frechet_distance,
    kernel_distance,
    projected_distances,
    sliced_wasserstein_distance,
    squared_discrepancy,
)
from gan_keras.metrics.features import LabelMoments, Moments
from refusals import refused

GENERATOR = np.random.default_rng(0)
REAL, FAKE = GENERATOR.normal(size=(40, 3)), GENERATOR.normal(size=(30, 3)) + 0.5
SLICED_GENERATOR = np.random.default_rng(0)
SLICED_REAL, SLICED_FAKE = SLICED_GENERATOR.normal(size=(50, 6)), SLICED_GENERATOR.normal(size=(33, 6)).round(1) * 2


def features(num, dim, seed):
    generator = np.random.default_rng(seed)
    return generator.normal(size=(num, dim)) @ generator.normal(size=(dim, dim)) + generator.normal(size=dim)


def distance(real, fake):
    return frechet_distance(Moments(real.shape[1]).update(real), Moments(fake.shape[1]).update(fake))


def scipy_distance(real, fake):
    covariances = np.cov(real.T), np.cov(fake.T)
    root = sqrtm(covariances[0] @ covariances[1]).real
    offset = real.mean(axis=0) - fake.mean(axis=0)
    return offset @ offset + np.trace(covariances[0] + covariances[1] - 2 * root)


@pytest.mark.parametrize("seed", range(5))
def test_the_distance_equals_scipys(seed):
    real, fake = features(200, 12, seed), features(90, 12, seed + 100)
    assert distance(real, fake) == pytest.approx(scipy_distance(real, fake), rel=1e-8)


def test_the_distance_of_singular_covariances_equals_that_in_the_samples_subspace():
    """Fewer samples than dimensions: both sets lie in 20 of 40 dimensions, where SciPy's root is well-behaved."""
    real, fake = features(200, 20, 0), features(90, 20, 1)
    basis = np.linalg.qr(np.random.default_rng(2).normal(size=(40, 40)))[0][:20]
    assert distance(real @ basis, fake @ basis) == pytest.approx(scipy_distance(real, fake), abs=1e-4)


def test_distances_of_lines_equal_sets_and_moved_ones_have_their_closed_forms():
    """Two samples: a covariance of rank 1. On orthogonal axes nothing overlaps, so that the traces alone count."""
    real, fake = np.array([[1.0, 0.0], [-1.0, 0.0]]), np.array([[0.0, 3.0], [0.0, -3.0]])
    assert distance(real, fake) == pytest.approx(2 + 18)
    assert distance(real, 3 * real) == pytest.approx(2 * (3 - 1) ** 2)
    real = features(50, 6, 0)
    assert distance(real, real) == pytest.approx(0, abs=1e-9) and distance(real, real + 2.0) == pytest.approx(6 * 4)


def test_the_distance_within_classes_is_the_mean_over_labels_and_sees_swapped_ones():
    real, fake, labels = features(60, 3, 0), features(60, 3, 1), np.arange(60) % 2
    found = intra_class_frechet_distance(LabelMoments(3).update(real, labels), LabelMoments(3).update(fake, labels))
    assert found == pytest.approx(np.mean([scipy_distance(real[labels == k], fake[labels == k]) for k in (0, 1)]))
    real, labels = features(60, 3, 0), np.arange(60) % 2
    real[labels == 1] += 10
    pair = LabelMoments(3).update(real, labels), LabelMoments(3).update(real, 1 - labels)
    assert distance(real, real) == pytest.approx(0, abs=1e-9) and intra_class_frechet_distance(*pair) > 250


def test_features_subsets_and_projections_that_do_not_fit_are_refused():
    refused("of 3 and of 2 dimensions", distance, features(9, 3, 0), features(9, 2, 0))
    with pytest.raises(ValueError, match=r"real labels \[0\] and generated labels \[1\]"):
        intra_class_frechet_distance(*(LabelMoments(1).update([[0.0]] * 2, [label] * 2) for label in (0, 1)))
    refused("subset_size from 2 to 30", kernel_distance, REAL, FAKE, subset_size=31)
    refused("of 3 and of 2 dimensions", kernel_distance, REAL, FAKE[:, :2])
    refused("num_projections=0", sliced_wasserstein_distance, SLICED_REAL, SLICED_FAKE, 0)
    refused("of 6 and of 5 dimensions", sliced_wasserstein_distance, SLICED_REAL, SLICED_FAKE[:, :5])


def kernel(x, y):
    return (sum(a * b for a, b in zip(x, y, strict=True)) / len(x) + 1) ** 3


def test_the_discrepancy_equals_a_loop_and_that_of_subsets_of_all_samples():
    within = [np.mean([kernel(x, y) for i, x in enumerate(s) for j, y in enumerate(s) if i != j]) for s in (REAL, FAKE)]
    between = np.mean([kernel(x, y) for x in REAL for y in FAKE])
    assert squared_discrepancy(REAL, FAKE) == pytest.approx(sum(within) - 2 * between)
    found = kernel_distance(REAL[:30], FAKE, num_subsets=3, subset_size=30)
    assert found.mean == pytest.approx(squared_discrepancy(REAL[:30], FAKE))
    assert found.standard_error == pytest.approx(0, abs=1e-12)


def test_the_kernel_distance_is_unbiased_with_an_error_that_measures_its_spread_over_seeds():
    """Where the two distributions are one, the mean is 0 within its error, for small subsets too."""
    samples = np.random.default_rng(1).normal(size=(2, 20_000, 4))
    found = kernel_distance(*samples, num_subsets=400, subset_size=20)
    assert abs(found.mean) < 3 * found.standard_error
    quarter = kernel_distance(*samples, num_subsets=100, subset_size=20)
    assert quarter.standard_error == pytest.approx(2 * found.standard_error, rel=0.3)
    first, again, other = (kernel_distance(REAL, FAKE, 5, 10, seed=seed) for seed in (3, 3, 4))
    assert first == again and first != other


@pytest.mark.parametrize(
    "fake", [SLICED_FAKE, SLICED_REAL[::-1] + 1, np.repeat(SLICED_FAKE, 2, axis=0)], ids=["fewer", "as many", "ties"]
)
def test_each_projection_equals_scipys_distance(fake):
    vectors = directions(20, 6, seed=1)
    expected = [wasserstein_distance(SLICED_REAL @ vector, fake @ vector) for vector in vectors]
    np.testing.assert_allclose(projected_distances(SLICED_REAL, fake, vectors), expected, rtol=1e-10)
    assert sliced_wasserstein_distance(SLICED_REAL, fake, 20, seed=1) == pytest.approx(np.mean(expected))


def test_directions_are_uniform_unit_vectors_and_a_shift_is_seen_as_its_mean_projection():
    vectors = directions(20_000, 3, seed=0)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1)
    np.testing.assert_allclose(vectors.T @ vectors / 20_000, np.eye(3) / 3, atol=0.01)
    # |cos| of a random angle in the plane has mean 2 / pi.
    found = sliced_wasserstein_distance(SLICED_REAL[:, :2], SLICED_REAL[:, :2] + [3, 0], num_projections=5000)
    assert found == pytest.approx(3 * 2 / np.pi, rel=0.02)
