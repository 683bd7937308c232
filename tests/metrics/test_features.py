"""Moments of features agree with NumPy."""

import numpy as np
import pytest

from gan_keras.metrics.features import LabelMoments, Moments
from refusals import refused

FEATURES = np.random.default_rng(0).normal(size=(300, 5)) @ np.diag([1, 10, 0.1, 1, 1]) + 1e3


def counted(features, *cuts):
    moments = Moments(features.shape[1])
    for part in np.split(features, cuts):
        moments.update(part)
    return moments


@pytest.mark.parametrize("cuts", [(), (1, 2, 150), (299,)])
def test_moments_of_batches_equal_those_of_numpy(cuts):
    moments = counted(FEATURES, *cuts)
    assert moments.num == 300
    np.testing.assert_allclose(moments.mean, FEATURES.mean(axis=0), rtol=0, atol=1e-10)
    np.testing.assert_allclose(moments.covariance, np.cov(FEATURES.T), rtol=0, atol=1e-10)


def test_merged_moments_equal_those_of_all_samples_and_leave_the_others_unchanged():
    merged = counted(FEATURES[:70]).merge(Moments(5)).merge(counted(FEATURES[70:]))
    np.testing.assert_allclose(merged.covariance, np.cov(FEATURES.T), rtol=0, atol=1e-10)
    empty = Moments(5).merge(counted(FEATURES))
    np.testing.assert_allclose(empty.covariance, np.cov(FEATURES.T), rtol=0, atol=1e-10)
    other = counted(FEATURES[:50])
    counted(FEATURES[50:]).merge(other)
    np.testing.assert_allclose(other.covariance, np.cov(FEATURES[:50].T), rtol=0, atol=1e-10)


def test_label_moments_equal_the_moments_of_each_labels_samples():
    labels = np.arange(300) % 3
    found = LabelMoments(5).update(FEATURES[:100], labels[:100]).update(FEATURES[100:], labels[100:]).by_label
    assert sorted(found) == [0, 1, 2]
    for label, moments in found.items():
        np.testing.assert_allclose(moments.covariance, np.cov(FEATURES[labels == label].T), rtol=0, atol=1e-10)


def test_wrong_features_are_refused():
    refused("features of 4 dimensions for moments of 5", Moments(5).update, FEATURES[:, :4])
    refused("not finite", Moments(1).update, [[np.inf]])
    with pytest.raises(ValueError, match="Got 1 samples. Expected at least 2"):
        _ = Moments(1).update([[1.0]]).covariance
    refused("one label for each", LabelMoments(5).update, FEATURES, [1, 2])
