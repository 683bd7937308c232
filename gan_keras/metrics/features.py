"""Images to features, a block at a time: only the features stay in memory."""

import hashlib
import re
from typing import NamedTuple

import numpy as np
from keras import ops

from gan_keras.metrics.extractor import as_images, hash_of
from gan_keras.metrics.precision_recall import as_features

_BLOCK = 256  # images read by one call of the extractor
_NO_IMAGES = "Got no images. Expected an array of them or an iterable of arrays that is not used up."


class Features(NamedTuple):
    """What an extractor made of images.

    Attributes:
        features: float32 `(num, dim)`.
        logits: float32 `(num, classes)`, or None if the extractor has none.
        fingerprint: SHA-256 of the images, whatever the blocks that they came in.
    """

    features: np.ndarray
    logits: np.ndarray | None
    fingerprint: str

    def take(self, rows):
        """The samples of these rows; their fingerprint stays that of all."""
        return Features(self.features[rows], None if self.logits is None else self.logits[rows], self.fingerprint)


class FeatureReader:
    """Reads images with one extractor.

    Args:
        extractor: A built `keras.Model` from images in [-1, 1], `(batch, height, width, channels)`, to features
            `(batch, dim)`, or to a dictionary with `features` and, if it is a classifier, `logits`.
        size: `(height, width)` that images are resized to, bilinear and antialiased; None where they fit as they are.

    Attributes:
        protocol: The fields of a `Protocol` that follow from the extractor.
        frechet_name: What the Frechet distance of its features is called: `fid` for Inception alone, else `frechet`.
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
        """Reads all images.

        Args:
            images: In [-1, 1], `(num, height, width, channels)`, or an iterable of such arrays, which is read once.

        Returns:
            `Features`.

        Raises:
            ValueError: If there are no images, or not in that shape and range.
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
        """`Moments` of the features of images, as many as one likes: no block stays in memory, nor do its features.

        Takes and raises as `read`.
        """
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


# --- Mean and covariance of features that arrive in batches: memory depends on their dimension, not on their number.
#
# Reference: [Chan, Golub and LeVeque, 1983](https://doi.org/10.1080/00031305.1983.10483115), the update of pairs.


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
