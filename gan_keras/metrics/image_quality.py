"""All feature metrics of generated images at once, beside those of real images that stand in for generated ones."""

import hashlib

import numpy as np

from gan_keras.metrics.classifier_score import classifier_score
from gan_keras.metrics.features import FeatureReader, LabelMoments, Moments
from gan_keras.metrics.frechet import frechet_distance, intra_class_frechet_distance, kernel_distance
from gan_keras.metrics.precision_recall import RealNeighbourhoods, memorisation
from gan_keras.metrics.protocol import Protocol, Score
from gan_keras.metrics.sliced_wasserstein import sliced_wasserstein_distance

NUM_NEIGHBOURS = 5
NUM_SUBSETS, SUBSET_SIZE = 100, 1000
NUM_PROJECTIONS = 128


class ImageQuality:
    """Real images prepared once, to score many sets of generated ones.

    Scores mean little alone. So each carries those of real images in the place of generated ones: what no generator
    beats, except by chance or by copying.

    Args:
        extractor: A built `keras.Model`, see `FeatureReader`; `train_extractor` makes one.
        real_images: In [-1, 1], `(num, height, width, channels)`, or an iterable of such arrays.
        real_labels: Their labels, `(num,)`, for the distance within classes; None without.
        control_images: Other real images, such as the test split. None takes half of `real_images`, drawn at random, from
            the references.
        size: `(height, width)` that the extractor reads, where images have another; see `FeatureReader`.
        split: What part of the data the real images are, such as "test", for the protocol.

    Raises:
        ValueError: If images or labels do not fit, or there are too few.
    """

    def __init__(self, extractor, real_images, real_labels=None, control_images=None, size=None, split=None):
        self.reader, self.split, self._controls = FeatureReader(extractor, size), split, {}
        real = self.reader.read(real_images)
        labels = None if real_labels is None else _one_each(real_labels, len(real.features))
        kept = np.arange(len(real.features))
        if control_images is None:
            kept, left = np.array_split(np.random.default_rng(0).permutation(kept), 2)
            self.control, origin = real.take(left), "half of them"
        else:
            self.control = self.reader.read(control_images)
            origin = self.control.fingerprint
        self.data = hashlib.sha256(f"{real.fingerprint} control {origin}".encode()).hexdigest()
        self._prepare(real.features[kept], None if labels is None else labels[kept])

    def _prepare(self, features, labels):
        self.features, dim = features, features.shape[-1]
        self.moments = Moments(dim).update(features)
        self.label_moments = None if labels is None else LabelMoments(dim).update(features, labels)
        self.neighbourhoods = RealNeighbourhoods(features, NUM_NEIGHBOURS)

    @property
    def frechet_name(self):
        """The name of the Frechet distance in a score's values: `fid` for Inception alone, else `frechet`."""
        return self.reader.frechet_name

    def score(self, fake_images, labels=None, seeds=None):
        """Scores generated images.

        Args:
            fake_images: As `real_images`, more than 5. An iterable of arrays keeps memory flat.
            labels: The labels that they were generated for, `(num,)`, or None.
            seeds: Of the generated images, a tuple of integers for the protocol.

        Returns:
            A `Score`. Lower is better: `frechet` (`fid` where the extractor is Inception), `kernel` (with `kernel_error`),
            `sliced_wasserstein` and, with labels, `intra_class_frechet`. Higher is better: `precision`, `recall`, `density`,
            `coverage` and, of an extractor with logits, `classifier_score`. `memorised` is the fraction of images as near to
            some real image as the nearest 5 % of the control images are: where the generator was trained on the real
            images, more than the control's says that it copies. Each but the one with labels has its `control_...`: the
            same number of real control images (all, where there are fewer) in the place of the generated.

        Raises:
            ValueError: If images or labels do not fit, or there are labels but were none of real images.
        """
        fake = self.reader.read(fake_images)
        values = self._values(fake)
        if labels is not None:
            values[f"intra_class_{self.frechet_name}"] = self._intra_class(fake.features, labels)
        num_control = min(len(fake.features), len(self.control.features))
        if num_control not in self._controls:
            self._controls[num_control] = self._values(self.control.take(slice(num_control)))
        values |= {f"control_{name}": value for name, value in self._controls[num_control].items()}
        return Score(values, self._protocol(len(fake.features), num_control, seeds))

    def _values(self, fake):
        kernel = kernel_distance(self.features, fake.features, NUM_SUBSETS, self._subset_size(len(fake.features)))
        values = {
            self.frechet_name: frechet_distance(self.moments, Moments(fake.features.shape[1]).update(fake.features)),
            "kernel": kernel.mean,
            "kernel_error": kernel.standard_error,
            **self.neighbourhoods.scores(fake.features),
            "sliced_wasserstein": sliced_wasserstein_distance(self.features, fake.features, NUM_PROJECTIONS),
            "memorised": memorisation(fake.features, self.features, self.control.features).share,
        }
        if fake.logits is not None:
            values["classifier_score"] = classifier_score(fake.logits, splits=1).mean
        return values

    def _intra_class(self, features, labels):
        if self.label_moments is None:
            raise ValueError("Got labels of generated images alone. Expected `real_labels` too, or no labels.")
        return intra_class_frechet_distance(self.label_moments, LabelMoments(features.shape[1]).update(features, labels))

    def _subset_size(self, num_fake):
        return min(SUBSET_SIZE, len(self.features), num_fake)

    def _protocol(self, num_fake, num_control, seeds):
        metric = (
            f"image features: kernel of {NUM_SUBSETS} subsets of {self._subset_size(num_fake)}, {NUM_NEIGHBOURS} neighbours, "
            f"{NUM_PROJECTIONS} projections, 1 split, {num_control} control images"
        )
        counts = {"num_real": len(self.features), "num_fake": num_fake}
        return Protocol(metric, self.data, self.split, **counts, seeds=seeds, **self.reader.protocol)


def _one_each(labels, num):
    labels = np.asarray(labels)
    if labels.shape != (num,):
        raise ValueError(f"Got labels of shape {labels.shape} for {num} real images. Expected one for each.")
    return labels


# --- The simplest model of images: one normal distribution of the pixels of each class. A GAN has to beat it.


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
