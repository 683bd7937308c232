"""The Frechet distance agrees with SciPy's matrix square root and with closed forms."""

import numpy as np
import pytest
from scipy.linalg import sqrtm

from gan_keras.metrics.features import LabelMoments, Moments
from gan_keras.metrics.frechet import frechet_distance, intra_class_frechet_distance


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


def test_the_distance_of_singular_covariances_equals_that_in_the_space_of_the_samples():
    """Fewer samples than dimensions: both sets lie in 20 of 40 dimensions, where SciPy's root is well-behaved."""
    real, fake = features(200, 20, 0), features(90, 20, 1)
    basis = np.linalg.qr(np.random.default_rng(2).normal(size=(40, 40)))[0][:20]
    assert distance(real @ basis, fake @ basis) == pytest.approx(scipy_distance(real, fake), abs=1e-4)


def test_gaussians_of_one_sample_pair_each_have_the_distance_of_lines():
    """Two samples: a covariance of rank 1. On orthogonal axes nothing overlaps, so that the traces alone count."""
    real, fake = np.array([[1.0, 0.0], [-1.0, 0.0]]), np.array([[0.0, 3.0], [0.0, -3.0]])
    assert distance(real, fake) == pytest.approx(2 + 18)
    assert distance(real, 3 * real) == pytest.approx(2 * (3 - 1) ** 2)


def test_the_distance_of_equal_sets_is_zero_and_of_moved_ones_the_squared_shift():
    real = features(50, 6, 0)
    assert distance(real, real) == pytest.approx(0, abs=1e-9)
    assert distance(real, real + 2.0) == pytest.approx(6 * 4)


def test_the_distance_within_classes_is_the_mean_over_labels():
    real, fake, labels = features(60, 3, 0), features(60, 3, 1), np.arange(60) % 2
    found = intra_class_frechet_distance(LabelMoments(3).update(real, labels), LabelMoments(3).update(fake, labels))
    assert found == pytest.approx(np.mean([scipy_distance(real[labels == k], fake[labels == k]) for k in (0, 1)]))


def test_a_generator_that_swaps_its_labels_is_far_within_classes_alone():
    real, labels = features(60, 3, 0), np.arange(60) % 2
    real[labels == 1] += 10
    pair = LabelMoments(3).update(real, labels), LabelMoments(3).update(real, 1 - labels)
    assert distance(real, real) == pytest.approx(0, abs=1e-9)
    assert intra_class_frechet_distance(*pair) > 250


def test_moments_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="of 3 and of 2 dimensions"):
        distance(features(9, 3, 0), features(9, 2, 0))
    with pytest.raises(ValueError, match=r"real labels \[0\] and generated labels \[1\]"):
        intra_class_frechet_distance(*(LabelMoments(1).update([[0.0]] * 2, [label] * 2) for label in (0, 1)))
