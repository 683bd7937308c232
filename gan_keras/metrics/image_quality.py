"""All feature metrics of generated images at once, with the scores of real images as control; and a simple baseline.

Reference: [Salimans et al., 2016](https://arxiv.org/abs/1606.03498) (the Inception score, called so only with Inception).
"""

import hashlib
from typing import NamedTuple

import numpy as np
from scipy.special import log_softmax

from gan_keras.metrics.feature_distances import (
    frechet_distance,
    intra_class_frechet_distance,
    kernel_distance,
    sliced_wasserstein_distance,
)
from gan_keras.metrics.features import FeatureReader, LabelMoments, Moments, as_features, as_labels
from gan_keras.metrics.precision_recall import RealNeighbourhoods, memorisation
from gan_keras.metrics.protocol import Protocol, Score

NUM_NEIGHBOURS = 5
NUM_SUBSETS, SUBSET_SIZE = 100, 1000
NUM_PROJECTIONS = 128


class ImageQuality:
    """Real images, prepared once to score many sets of generated ones.

    Scores mean little on their own. Each comes with a control: the score of real images in place of generated ones, which no
    generator beats except by chance or by copying.

    Args:
        extractor: A built `keras.Model`, see `FeatureReader`; `train_extractor` makes one.
        real_images: In [-1, 1], `(num, height, width, channels)`, or an iterable of such arrays.
        real_labels: Their labels, `(num,)`, for the distance within classes; None without labels.
        control_images: Other real images, such as the test split. None sets aside a random half of `real_images`.
        size: `(height, width)` that the extractor reads, if images differ; see `FeatureReader`.
        split: Split of the data that the real images are from, such as "test", for the protocol.

    Attributes:
        frechet_name: Name of the Frechet distance in the scores: `fid` for Inception, otherwise `frechet`.

    Raises:
        ValueError: If images or labels do not fit, or there are too few.
    """

    def __init__(self, extractor, real_images, real_labels=None, control_images=None, size=None, split=None):
        self.reader, self.split, self._controls = FeatureReader(extractor, size), split, {}
        self.frechet_name = self.reader.frechet_name
        real = self.reader.read(real_images)
        labels = None if real_labels is None else as_labels(real_labels, len(real.features))
        kept = np.arange(len(real.features))
        if control_images is None:
            kept, left = np.array_split(np.random.default_rng(0).permutation(kept), 2)
            self.control, origin = real.take(left), "half of them"
        else:
            self.control = self.reader.read(control_images)
            origin = self.control.fingerprint
        self.data = hashlib.sha256(f"{real.fingerprint} control {origin}".encode()).hexdigest()
        self.features = real.features[kept]
        self.moments, dim = Moments.of(self.features), self.features.shape[1]
        self.label_moments = None if labels is None else LabelMoments(dim).update(self.features, labels[kept])
        self.neighbourhoods = RealNeighbourhoods(self.features, NUM_NEIGHBOURS)

    def score(self, fake_images, labels=None, seeds=None):
        """Scores generated images.

        Args:
            fake_images: Like `real_images`, more than 5. An iterable of arrays keeps memory constant.
            labels: The labels they were generated for, `(num,)`, or None.
            seeds: Seeds of the generated images, a tuple of integers for the protocol.

        Returns:
            A `Score`. Lower is better: `frechet` (`fid` for Inception), `kernel` (with `kernel_error`), `sliced_wasserstein` and,
            with labels, `intra_class_frechet`. Higher is better: `precision`, `recall`, `density`, `coverage` and, for an
            extractor with logits, `classifier_score`. `memorised` is the fraction of images at least as near to a real image as
            the nearest 5 % of the control images: if the generator was trained on the real images, a value above the control's
            means that it copies. Each score but `intra_class_frechet` has its `control_...`: the score of as many real control
            images, or of all if there are fewer.

        Raises:
            ValueError: If images or labels do not fit, or there are labels but no `real_labels`.
        """
        fake = self.reader.read(fake_images)
        values = self._values(fake)
        if labels is not None:
            if self.label_moments is None:
                raise ValueError("Got labels of generated images alone. Expected `real_labels` too, or no labels.")
            label_moments = LabelMoments(fake.features.shape[1]).update(fake.features, labels)
            values[f"intra_class_{self.frechet_name}"] = intra_class_frechet_distance(self.label_moments, label_moments)
        num_control = min(len(fake.features), len(self.control.features))
        if num_control not in self._controls:
            self._controls[num_control] = self._values(self.control.take(slice(num_control)))
        values |= {f"control_{name}": value for name, value in self._controls[num_control].items()}
        return Score(values, self._protocol(len(fake.features), num_control, seeds))

    def _values(self, fake):
        kernel = kernel_distance(self.features, fake.features, NUM_SUBSETS, self._subset_size(len(fake.features)))
        values = {
            self.frechet_name: frechet_distance(self.moments, Moments.of(fake.features)),
            "kernel": kernel.mean,
            "kernel_error": kernel.standard_error,
            **self.neighbourhoods.scores(fake.features),
            "sliced_wasserstein": sliced_wasserstein_distance(self.features, fake.features, NUM_PROJECTIONS),
            "memorised": memorisation(fake.features, self.features, self.control.features).share,
        }
        if fake.logits is not None:
            values["classifier_score"] = classifier_score(fake.logits, splits=1).mean
        return values

    def _subset_size(self, num_fake):
        return min(SUBSET_SIZE, len(self.features), num_fake)

    def _protocol(self, num_fake, num_control, seeds):
        metric = (
            f"image features: kernel of {NUM_SUBSETS} subsets of {self._subset_size(num_fake)}, {NUM_NEIGHBOURS} neighbours, "
            f"{NUM_PROJECTIONS} projections, 1 split, {num_control} control images"
        )
        counts = {"num_real": len(self.features), "num_fake": num_fake}
        return Protocol(metric, self.data, self.split, **counts, seeds=seeds, **self.reader.protocol)


class ClassifierScore(NamedTuple):
    """Mean and standard deviation over splits, the mean in [1, classes]."""

    mean: float
    deviation: float


def classifier_score(logits, splits=10):
    """Returns the `ClassifierScore` `exp(mean KL(p(y|x) || p(y)))`: high if the classifier is sure and all classes occur.

    It ignores real data. Shuffle sorted samples first, because splits are consecutive.

    Args:
        logits: Outputs of a classifier for generated samples, before any softmax, `(num, classes)`.
        splits: Number of parts to score separately, 1 to num.

    Raises:
        ValueError: If the logits are not a finite matrix, or there are fewer samples than splits.
    """
    logits = as_features(logits)
    if not 1 <= splits <= len(logits):
        raise ValueError(f"Got splits={splits} for {len(logits)} samples. Expected 1 to {len(logits)}.")
    scores = [_split_score(part) for part in np.array_split(log_softmax(logits, axis=1), splits)]
    return ClassifierScore(float(np.mean(scores)), float(np.std(scores)))


def _split_score(log_probabilities):
    probabilities = np.exp(log_probabilities)
    marginal = probabilities.mean(axis=0)
    log_marginal = np.log(np.where(marginal > 0, marginal, 1.0))  # a class that never occurs adds nothing
    return np.exp((probabilities * (log_probabilities - log_marginal)).sum(axis=1).mean())


class PixelGaussian:
    """The simplest model of images, a baseline for GANs: one Gaussian of the pixels per class, clipped to [-1, 1].

    A sample is the mean plus a random combination of the class's centred images. It has exactly their covariance without a
    pixel-by-pixel matrix.

    Args:
        images: Training images in [-1, 1], `(num, height, width, channels)`.
        labels: Integers from 0, `(num,)`; None for one Gaussian of all images.
    """

    def __init__(self, images, labels=None):
        self.images = np.asarray(images, np.float32)
        self.labels = np.zeros(len(self.images), np.int64) if labels is None else np.asarray(labels)

    def sample(self, num, seed=0, labels=None):
        """Samples images.

        Args:
            num: Number of images, >= 1.
            seed: The same seed gives the same images.
            labels: The class of each, `(num,)`; None draws classes with their frequency in the data.

        Returns:
            float32 in [-1, 1], `(num, height, width, channels)`.

        Raises:
            ValueError: If a class has no images.
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
