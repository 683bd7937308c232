"""Mean and covariance of features that arrive in batches: memory depends on their dimension, not on their number.

Reference: [Chan, Golub and LeVeque, 1983](https://doi.org/10.1080/00031305.1983.10483115), the update of pairs.
"""

import numpy as np

from gan_keras.metrics.distances import as_features


class Moments:
    """Mean and covariance so far, in float64, equal to those of all batches at once.

    Args:
        dim: Dimension of the features, >= 1.

    Attributes:
        num: Number of samples seen.
        mean: float64 `(dim,)`.
    """

    def __init__(self, dim):
        if dim < 1:
            raise ValueError(f"Got dim={dim}. Expected at least 1.")
        self.num, self.mean, self._scatter = 0, np.zeros(dim), np.zeros((dim, dim))

    def update(self, features):
        """Adds a batch `(num, dim)` and returns itself.

        Raises:
            ValueError: If the shape is another or a number is not finite.
        """
        features = as_features(features)
        batch = Moments(features.shape[1])
        batch.num, batch.mean = len(features), features.mean(axis=0)
        centred = features - batch.mean
        batch._scatter = centred.T @ centred
        return self.merge(batch)

    def merge(self, other):
        """Adds all that `other` has seen and returns itself: parts of a data set may be counted apart.

        Raises:
            ValueError: If the dimensions differ.
        """
        if other.mean.shape != self.mean.shape:
            raise ValueError(
                f"Got features of {len(other.mean)} dimensions for moments of {len(self.mean)}. Expected equal dimensions."
            )
        if other.num:
            total, offset = self.num + other.num, other.mean - self.mean
            self._scatter = self._scatter + other._scatter + np.outer(offset, offset) * (self.num * other.num / total)
            self.mean = self.mean + offset * (other.num / total)
            self.num = total
        return self

    @property
    def covariance(self):
        """Unbiased covariance, float64 `(dim, dim)`; raises `ValueError` for fewer than two samples."""
        if self.num < 2:
            raise ValueError(f"Got {self.num} samples. Expected at least 2 for a covariance.")
        return self._scatter / (self.num - 1)


class LabelMoments:
    """`Moments` of each label.

    Args:
        dim: Dimension of the features, >= 1.

    Attributes:
        by_label: Dictionary from a label to its `Moments`.
    """

    def __init__(self, dim):
        self.dim, self.by_label = dim, {}

    def update(self, features, labels):
        """Adds a batch `(num, dim)` with its labels, `(num,)`, and returns itself.

        Raises:
            ValueError: If there is not one label for each sample, or as `Moments.update`.
        """
        features, labels = as_features(features), np.asarray(labels)
        if labels.shape != (len(features),):
            raise ValueError(f"Got labels {labels.shape} for {len(features)} samples. Expected one label for each.")
        for label in np.unique(labels).tolist():
            self.by_label.setdefault(label, Moments(self.dim)).update(features[labels == label])
        return self
