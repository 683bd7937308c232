"""Two-sample tests on features, each next to a slow and independent computation."""

import math

import numpy as np
import pytest

from gan_keras.metrics.two_sample_tests import (
    SHRINKAGE,
    _areas,
    frontier_area,
    linear_two_sample_test,
    mauve,
    mean_discrepancy,
)
from refusals import refused


def gaussians(num, dim, shift, seed):
    random = np.random.default_rng(seed)
    return random.standard_normal((num, dim)), random.standard_normal((num, dim)) + shift * np.eye(dim)[0]


# --- The linear classifier. ---


def test_the_area_is_the_share_of_pairs_in_order_weighted_and_with_ties_counted_half():
    random = np.random.default_rng(0)
    real, fake = random.integers(0, 8, 30).astype(float), random.integers(0, 6, 20).astype(float)
    weights = random.integers(0, 4, (3, 30)), random.integers(0, 4, (3, 20))
    for found, ours, theirs in zip(_areas(real, fake, *weights), *weights, strict=True):
        pairs = [
            (a * b, (x > y) + (x == y) / 2) for a, x in zip(ours, real, strict=True) for b, y in zip(theirs, fake, strict=True)
        ]
        assert found == pytest.approx(sum(w * v for w, v in pairs) / sum(w for w, _ in pairs))


def test_separate_gaussians_have_the_area_of_the_best_classifier():
    test = linear_two_sample_test(*gaussians(2000, 3, 1.0, seed=1))
    expected = (1.0 + math.erf(1.0 / 2.0)) / 2.0  # the chance that one of two normals with this distance is larger
    assert test.low < expected < test.high and test.area == pytest.approx(expected, abs=0.015)


def test_equal_distributions_have_an_area_of_one_half_on_average_even_with_more_features_than_samples():
    areas = [linear_two_sample_test(*gaussians(30, 40, 0.0, seed), num_resamples=1).area for seed in range(40)]
    assert np.mean(areas) == pytest.approx(0.5, abs=3.0 * np.std(areas) / math.sqrt(40))
    assert np.std(areas) < 0.12


def test_scores_are_those_of_a_standardised_logistic_regression_fitted_by_hand():
    """Gradient descent on the penalised loss, in the same folds: the first two permutations of the seed."""
    real, fake = (kind * [1.0, 100.0] + 7.0 for kind in gaussians(60, 2, 1.5, seed=3))
    random, areas = np.random.default_rng(0), []
    folds = [random.permutation(60) % 5 for _ in range(2)]
    for fold in range(5):
        training = np.concatenate([real[folds[0] != fold], fake[folds[1] != fold]])
        sign = np.repeat([1.0, -1.0], [sum(folds[0] != fold), sum(folds[1] != fold)])
        mean, deviation = training.mean(axis=0), training.std(axis=0)
        inputs, weight, bias = (training - mean) / deviation, np.zeros(2), 0.0
        for _ in range(3000):
            slope = -sign / (1.0 + np.exp(sign * (inputs @ weight + bias)))
            weight, bias = weight - 0.05 * (weight + SHRINKAGE * slope @ inputs), bias - 0.05 * SHRINKAGE * slope.sum()
        ours, theirs = (((kind[f == fold] - mean) / deviation) @ weight for kind, f in zip((real, fake), folds, strict=True))
        areas.append(np.mean(ours[:, None] > theirs))
    assert linear_two_sample_test(real, fake, num_resamples=1).area == pytest.approx(np.mean(areas), abs=2e-3)


def test_tests_with_equal_seeds_are_paired():
    real, fake = gaussians(200, 3, 0.7, seed=4)
    first, second = linear_two_sample_test(real, fake), linear_two_sample_test(real, fake + 0.02)
    apart = linear_two_sample_test(real, fake, seed=1)
    assert np.std(first.resampled - second.resampled) < 0.2 * np.std(first.resampled - apart.resampled)
    over = second.over(first)
    assert over.low < over.mean == second.area - first.area < over.high and over.high - over.low < 0.5 * (first.high - first.low)
    assert first.resampled.mean() == pytest.approx(first.area, abs=0.01)
    assert str(first) == f"{first.area:.3f} [{first.low:.3f}, {first.high:.3f}]"


# --- Maximum mean discrepancy. ---


def test_the_discrepancy_is_that_of_all_pairs_of_different_samples():
    real, fake = gaussians(12, 3, 0.5, seed=5)
    fake = fake[:9]
    distances = sorted(math.dist(a, b) ** 2 for i, a in enumerate(real) for b in real[:i])
    width = distances[len(distances) // 2] / 2 + distances[(len(distances) - 1) // 2] / 2

    def mean_kernel(first, second, same):
        pairs = [(a, b) for i, a in enumerate(first) for j, b in enumerate(second) if not (same and i == j)]
        return sum(math.exp(-(math.dist(a, b) ** 2) / (2.0 * width)) for a, b in pairs) / len(pairs)

    expected = mean_kernel(real, real, True) + mean_kernel(fake, fake, True) - 2.0 * mean_kernel(real, fake, False)
    assert mean_discrepancy(real, fake) == pytest.approx(expected, abs=1e-12)
    assert mean_discrepancy(real, fake, max_samples=5) == pytest.approx(mean_discrepancy(real[:5], fake[:5]))


def test_the_discrepancy_is_unbiased_and_grows_with_the_distance():
    values = [mean_discrepancy(*gaussians(40, 4, 0.0, seed)) for seed in range(60)]
    assert np.mean(values) == pytest.approx(0.0, abs=3.0 * np.std(values) / math.sqrt(60)) and min(values) < 0.0
    near, far = (mean_discrepancy(*gaussians(400, 4, shift, seed=6)) for shift in (0.5, 1.5))
    assert 0.0 < near < far


# --- The divergence frontier. ---


def test_the_frontier_has_the_area_of_its_polygon():
    """The shoelace formula of the points, each divergence summed in plain Python."""
    real, fake = np.array([0.5, 0.3, 0.2, 0.0]), np.array([0.1, 0.2, 0.3, 0.4])

    def divergence(first, second):
        return sum(p * math.log(p / q) for p, q in zip(first, second, strict=True) if p > 0)

    points = [(1.0, 0.0)]
    for index in range(25):
        weight = 1e-6 + (1.0 - 2e-6) * index / 24
        mixture = [weight * p + (1.0 - weight) * q for p, q in zip(real, fake, strict=True)]
        points.append((math.exp(-5.0 * divergence(fake, mixture)), math.exp(-5.0 * divergence(real, mixture))))
    points += [(0.0, 1.0), (0.0, 0.0)]
    crossed = sum(x * v - u * y for (x, y), (u, v) in zip(points, [*points[1:], points[0]], strict=True))
    assert frontier_area(real, fake) == pytest.approx(crossed / 2.0, abs=1e-12)
    assert frontier_area(fake, real) == pytest.approx(frontier_area(real, fake), abs=1e-12)


def test_equal_shares_fill_the_square_and_disjoint_ones_leave_little():
    shares = np.array([0.25, 0.75, 0.0])
    assert frontier_area(shares, shares) == pytest.approx(1.0, abs=1e-9)
    assert frontier_area(np.array([1.0, 0.0]), np.array([0.0, 1.0])) < 0.01
    assert frontier_area(np.array([0.5, 0.5]), np.array([0.4, 0.6])) > 0.9


def test_clusters_that_lie_apart_give_the_shares_that_are_put_in():
    centres = np.array([[0.0, 0.0], [100.0, 0.0]])
    random = np.random.default_rng(7)
    real, fake = (centres[np.repeat([0, 1], counts)] + 0.1 * random.standard_normal((25, 2)) for counts in ((20, 5), (10, 15)))
    assert mauve(real, fake) == pytest.approx(frontier_area(np.array([0.8, 0.2]), np.array([0.4, 0.6])), abs=1e-12)


def test_equal_distributions_score_higher_than_a_generator_that_leaves_out_half():
    real, fake = gaussians(500, 4, 0.0, seed=8)
    whole, half, far = mauve(real, fake), mauve(real, np.abs(fake)), mauve(real, fake + 5.0)
    assert 0.9 < whole <= 1.0 and half < whole - 0.1 and far < 0.05
    assert mauve(real, real) == pytest.approx(1.0, abs=1e-9)
    assert mauve(np.ones((20, 2)), np.ones((20, 2))) == pytest.approx(1.0, abs=1e-9)


def test_bad_features_are_refused():
    real, fake = gaussians(20, 3, 0.0, seed=9)
    for test in (linear_two_sample_test, mean_discrepancy, mauve):
        refused("3 and of 2 dimensions", test, real, fake[:, :2])
        refused("not finite", test, real, fake * math.nan)
        refused("num >= ", test, real, fake[:1])
    refused("All real samples have equal features", mean_discrepancy, np.ones((20, 3)), fake)
