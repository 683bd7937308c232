"""Features of images, computed block by block: only the features stay in memory; and their moments.

Reference: [Chan, Golub and LeVeque, 1983](https://doi.org/10.1080/00031305.1983.10483115) (the pairwise update of moments).
"""

import hashlib
import re
from typing import NamedTuple

import numpy as np
from keras import ops

from gan_keras.metrics.extractor import as_images, hash_of

_BLOCK = 256  # images per call of the extractor
_NO_IMAGES = "Got no images. Expected an array of them or an iterable of arrays that is not used up."


def as_features(features, min_num=1):
    """Returns features as float64 `(num, dim)`.

    Raises:
        ValueError: If they are not a matrix of finite numbers with at least `min_num` rows.
    """
    features = np.asarray(features, np.float64)
    if features.ndim != 2 or len(features) < min_num:
        raise ValueError(
            f"Got features of shape {features.shape}. Expected (num, dim) with num >= {min_num}: one row per sample."
        )
    if not np.isfinite(features).all():
        raise ValueError("Some features are not finite. Expected numbers: the generator may have diverged.")
    return features


def as_feature_pair(real_features, fake_features, min_num=1):
    """Returns both as `as_features` does, and also raises `ValueError` if their dimensions differ."""
    real_features, fake_features = as_features(real_features, min_num), as_features(fake_features, min_num)
    if real_features.shape[1] != fake_features.shape[1]:
        raise ValueError(
            f"Got features of {real_features.shape[1]} and of {fake_features.shape[1]} dimensions. "
            "Expected equal dimensions: use one extractor for both."
        )
    return real_features, fake_features


def as_labels(labels, num):
    """Returns labels as an array; raises `ValueError` unless its shape is `(num,)`."""
    labels = np.asarray(labels)
    if labels.shape != (num,):
        raise ValueError(f"Got labels of shape {labels.shape} for {num} samples. Expected one label for each sample.")
    return labels


class Features(NamedTuple):
    """Outputs of an extractor.

    Attributes:
        features: float32 `(num, dim)`.
        logits: float32 `(num, classes)`, or None if the extractor has none.
        fingerprint: SHA-256 of the images, independent of their division into blocks.
    """

    features: np.ndarray
    logits: np.ndarray | None
    fingerprint: str

    def take(self, rows):
        """Selects samples; the fingerprint remains that of all images."""
        return Features(self.features[rows], None if self.logits is None else self.logits[rows], self.fingerprint)


class FeatureReader:
    """Computes features of images with an extractor.

    Args:
        extractor: A built `keras.Model` from images in [-1, 1], `(batch, height, width, channels)`, to features `(batch, dim)`,
            or to a dictionary with `features` and, for a classifier, `logits`.
        size: `(height, width)` to resize images to, bilinear and antialiased. None leaves them as they are.

    Attributes:
        protocol: The fields of a `Protocol` that the extractor determines.
        frechet_name: Name of the Frechet distance of its features: `fid` for Inception, otherwise `frechet`.
    """

    def __init__(self, extractor, size=None):
        self.extractor, self.size = extractor, size
        self.frechet_name = getattr(extractor, "frechet_name", "frechet")
        self.protocol = {
            "extractor": re.sub(r"_\d+$", "", extractor.name),  # the number depends on what Keras made before
            "extractor_hash": hash_of(extractor),
            "resizing": None if size is None else f"bilinear, antialiased, to {size[0]} x {size[1]}",
        }

    def read(self, images):
        """Computes the `Features` of all images.

        Args:
            images: In [-1, 1], `(num, height, width, channels)`, or an iterable of such arrays, which is read once.

        Raises:
            ValueError: If there are no images, or their shape or range differs.
        """
        digest, parts = hashlib.sha256(), []
        for block in _blocks(images):
            if not parts:
                digest.update(str(block.shape[1:]).encode())
            digest.update(np.ascontiguousarray(block).data)
            parts.append(self._outputs(block))
        if not parts:
            raise ValueError(_NO_IMAGES)
        features, logits = zip(*parts, strict=True)
        logits = None if logits[0] is None else np.concatenate(logits)
        return Features(np.concatenate(features), logits, digest.hexdigest())

    def moments(self, images):
        """Returns the `Moments` of the features, without keeping the features of a long stream. Takes and raises like `read`."""
        moments = None
        for block in _blocks(images):
            features, _ = self._outputs(block)
            moments = (moments or Moments(features.shape[1])).update(features)
        if moments is None:
            raise ValueError(_NO_IMAGES)
        return moments

    def _outputs(self, block):
        if self.size is not None:
            block = ops.image.resize(block, self.size, interpolation="bilinear", antialias=True)
        outputs = self.extractor(block, training=False)
        if not isinstance(outputs, dict):
            return ops.convert_to_numpy(outputs), None
        logits = outputs.get("logits")
        return ops.convert_to_numpy(outputs["features"]), None if logits is None else ops.convert_to_numpy(logits)


def _blocks(images):
    """Yields checked blocks of at most `_BLOCK` images."""
    for part in [images] if hasattr(images, "shape") else images:
        for start in range(0, len(part), _BLOCK):
            yield as_images(part[start : start + _BLOCK])


class Moments:
    """Running mean and covariance in float64, equal to those of all batches together.

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

    @classmethod
    def of(cls, features):
        """The moments of one batch `(num, dim)`. Raises like `update`."""
        features = as_features(features)
        moments = cls(features.shape[1])
        moments.num, moments.mean = len(features), features.mean(axis=0)
        centred = features - moments.mean
        moments._scatter = centred.T @ centred
        return moments

    def update(self, features):
        """Adds a batch `(num, dim)` and returns `self`.

        Raises:
            ValueError: If the dimension differs or a number is not finite.
        """
        return self.merge(Moments.of(features))

    def merge(self, other):
        """Adds the samples of other `Moments` and returns `self`.

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
    """`Moments` per label.

    Args:
        dim: Dimension of the features, >= 1.

    Attributes:
        by_label: Dictionary from a label to its `Moments`.
    """

    def __init__(self, dim):
        self.dim, self.by_label = dim, {}

    def update(self, features, labels):
        """Adds a batch `(num, dim)` with its labels `(num,)` and returns `self`.

        Raises:
            ValueError: If there is not one label for each sample, or like `Moments.update`.
        """
        features = as_features(features)
        labels = as_labels(labels, len(features))
        for label in np.unique(labels).tolist():
            self.by_label.setdefault(label, Moments(self.dim)).update(features[labels == label])
        return self
