"""Metrics of image translation agree with independent computations."""

import numpy as np
import pytest
from scipy import linalg

from gan_keras.metrics.features import Features
from gan_keras.metrics.translation import convinced, cycle_error, distance_between, match_colours


def features_of(features, logits=None):
    return Features(np.asarray(features, np.float32), None if logits is None else np.asarray(logits), "")


def test_domain_accuracy_is_a_share_of_images_and_the_cycle_error_a_share_of_the_range():
    features = features_of(np.zeros((4, 1)), [[2, 1], [0, 3], [1, 0], [5, -1]])
    assert (convinced(features, 0), convinced(features, 1)) == (0.75, 0.25)
    black, white = np.zeros((2, 4, 4, 1), np.float32), np.ones((2, 4, 4, 1), np.float32)
    assert (cycle_error(black, white), cycle_error(black, black)) == (1.0, 0.0)
    assert cycle_error(black, 0.25 * white) == pytest.approx(0.25)


def test_the_distance_of_translations_equals_scipys():
    random = np.random.default_rng(0)
    real, fake = random.normal(size=(50, 3)), random.normal(1.0, 2.0, (40, 3))
    means, covariances = [each.mean(axis=0) for each in (real, fake)], [np.cov(each.T) for each in (real, fake)]
    root = linalg.sqrtm(covariances[0] @ covariances[1]).real
    expected = np.sum((means[0] - means[1]) ** 2) + np.trace(covariances[0] + covariances[1] - 2 * root)
    assert distance_between(features_of(real), features_of(fake)) == pytest.approx(expected, rel=1e-4)


def test_matched_colours_have_the_other_domains_means_and_deviations():
    random = np.random.default_rng(0)
    images, wanted = random.uniform(0.2, 0.8, (3, 8, 8, 3)), random.uniform(0.4, 0.6, (2, 6, 6, 3))
    matched = match_colours(images, wanted)
    for index, other in enumerate((0, 1, 0)):  # the shorter domain begins again
        np.testing.assert_allclose(matched[index].mean(axis=(0, 1)), wanted[other].mean(axis=(0, 1)), atol=1e-5)
        np.testing.assert_allclose(matched[index].std(axis=(0, 1)), wanted[other].std(axis=(0, 1)), atol=1e-5)
    flat = match_colours(np.full((1, 4, 4, 3), 0.5), wanted)
    assert np.isfinite(flat).all() and flat.min() >= 0 and flat.max() <= 1
