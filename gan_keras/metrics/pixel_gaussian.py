"""The simplest model of images: one normal distribution of the pixels of each class. A GAN has to beat it."""

import numpy as np


class PixelGaussian:
    """Mean and covariance of the pixels of each class; samples are cut to [-1, 1].

    A sample is the mean plus a random combination of the class's centred images, which has exactly their covariance
    and needs no matrix of pixels by pixels.

    Args:
        images: Training images in [-1, 1], `(num, height, width, channels)`.
        labels: Integers from 0, `(num,)`; None for one distribution of all images.
    """

    def __init__(self, images, labels=None):
        self.images = np.asarray(images, np.float32)
        self.labels = np.zeros(len(self.images), np.int64) if labels is None else np.asarray(labels)

    def sample(self, num, seed=0, labels=None):
        """Draws images.

        Args:
            num: How many, >= 1.
            seed: Of the draws.
            labels: The class of each, `(num,)`; None draws classes as often as they are among the images.

        Returns:
            float32 in [-1, 1], `(num, height, width, channels)`.

        Raises:
            ValueError: For a class without images.
        """
        random = np.random.default_rng(seed)
        labels = random.choice(self.labels, num) if labels is None else np.asarray(labels)
        samples = np.empty((num, *self.images.shape[1:]), np.float32)
        for label in np.unique(labels):
            rows = np.flatnonzero(labels == label)
            samples[rows] = self._of_class(label, len(rows), random)
        return np.clip(samples, -1.0, 1.0)

    def _of_class(self, label, num, random):
        images = self.images[self.labels == label]
        if not len(images):
            raise ValueError(f"There are no images of class {label}. Expected one of {np.unique(self.labels).tolist()}.")
        mean = images.mean(axis=0)
        weights = random.normal(size=(num, len(images))) / np.sqrt(max(1, len(images) - 1))
        return mean + np.tensordot(weights.astype(np.float32), images - mean, axes=1)
