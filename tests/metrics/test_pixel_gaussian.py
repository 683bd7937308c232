"""The Gaussian of the pixels has the moments of the images."""

import numpy as np
import pytest

from gan_keras.metrics.image_quality import PixelGaussian

RANDOM = np.random.default_rng(0)
MIX = RANDOM.normal(size=(4, 4)) * 0.05
IMAGES = (RANDOM.normal(size=(300, 4)) @ MIX + [0.1, -0.2, 0.3, 0.0]).reshape(300, 2, 2, 1)


def test_samples_have_mean_and_covariance_of_the_images():
    samples = PixelGaussian(IMAGES).sample(40_000, seed=1).reshape(-1, 4)
    np.testing.assert_allclose(samples.mean(axis=0), IMAGES.reshape(-1, 4).mean(axis=0), atol=3e-3)
    np.testing.assert_allclose(np.cov(samples.T), np.cov(IMAGES.reshape(-1, 4).T), atol=5e-4)


def test_each_class_has_a_distribution_of_its_own():
    labels = np.arange(300) % 2
    moved = IMAGES + labels[:, None, None, None] * 0.5
    gaussian = PixelGaussian(moved, labels)
    samples = gaussian.sample(4000, seed=1, labels=np.arange(4000) % 2)
    np.testing.assert_allclose((samples[1::2] - samples[::2]).mean(axis=0), (moved[1::2].mean(0) - moved[::2].mean(0)), atol=0.02)
    drawn = PixelGaussian(moved, (np.arange(300) % 3 == 0).astype(int)).sample(6000, seed=2)  # a third of one class
    np.testing.assert_allclose(drawn.mean(axis=0), moved.mean(axis=0), atol=0.02)
    with pytest.raises(ValueError, match="no images of class 2"):
        gaussian.sample(3, labels=[0, 1, 2])


def test_samples_stay_within_the_range_and_follow_from_their_seed():
    gaussian = PixelGaussian(IMAGES * 20)
    samples = gaussian.sample(50, seed=3)
    assert samples.min() == -1.0 and samples.max() == 1.0
    np.testing.assert_array_equal(samples, gaussian.sample(50, seed=3))
    assert (samples != gaussian.sample(50, seed=4)).any()
