"""Noised moments of images and series: a private Gaussian per class that needs no network, and the baseline of private GANs.

References: noised second moments, [Blum et al., 2005](https://doi.org/10.1145/1065167.1065184), [Dwork et al.,
2014](https://doi.org/10.1145/2591796.2591883); what noise does to the largest eigenvalues, [Benaych-Georges and Nadakuditi,
2011](https://arxiv.org/abs/0910.2120).
"""

import io
import math

import numpy as np

from gan_keras.media.safe_files import replace_whole
from gan_keras.privacy.accounting import noise_multiplier_for
from gan_keras.privacy.noised_counts import secret_normal

MAX_NUMBERS = 1024
"""Numbers per sample up to which covariances are released; of more, their mean alone."""

SHARES = {"mean": 0.04, "square": 0.01, "counts": 0.05, "sums": 0.3, "products": 0.6}
"""How the inverse variance of the noise is shared among the releases."""

REACH = 1.5
"""Norm that differences from the mean are clipped to, relative to their noised root mean square."""


MARGIN = 1.05
"""How far above the noise's largest eigenvalues, on average, a direction has to stand out."""


class NoisedMoments:
    """A private Gaussian of samples per class: noised counts, means and covariances, each paid for by the Gaussian mechanism.

    Numbers are clipped to [-1, 1], a public range. First the mean of all samples and of their squared norms are released, of
    which follows a norm that differences from the mean are clipped to; then per class their count, sum, and sum of products. One
    row changes each of these by at most the norm, whatever it holds. Directions of a covariance that are no larger than its noise
    are left out.

        moments = NoisedMoments(windows, epsilon=3.0, delta=1e-5)
        moments.sample(100, seed=0)

    Args:
        rows: Samples, `(num, ...)`, in [-1, 1]; or a function without arguments that returns an iterator of blocks of them,
            each a pair of samples and labels or None, the same at each call.
        epsilon: Bound of the privacy loss, > 0.
        delta: Probability of a larger loss, in (0, 1).
        labels: Class of each sample, from 0, where `rows` is an array; None for a single class.
        num_labels: Number of classes, which is public; 0 for a single class.
        normal: Function from a shape to standard normal noise, for tests; None for `secret_normal`.

    Raises:
        ValueError: If a label is out of range, or epsilon or delta is.

    Attributes:
        noise_multiplier: Noise of all releases together, as that of one Gaussian mechanism of sensitivity 1.
        frequencies: Share of each class, `(classes,)`.
        means: `(classes, numbers)`.
        factors: `(classes, rank, numbers)`: the product of its transpose with it is the covariance but for the remainder.
        deviations: `(classes,)`: deviation of the remainder, alike for all numbers.
    """

    name, file_name = "moments", "noised_moments.npz"

    def __init__(self, rows, epsilon, delta, labels=None, num_labels=0, normal=None):
        self.epsilon, self.delta, self.normal = float(epsilon), float(delta), normal or secret_normal
        self.noise_multiplier = noise_multiplier_for(self.epsilon, self.delta)
        blocks = rows if callable(rows) else lambda: iter([(rows, labels)])
        centre, radius = self.release_centre(blocks)
        self.release_moments(blocks, max(1, num_labels), centre, radius)

    def released(self, name, exact, sensitivity):
        """Returns what the mechanism releases of a sum that one row changes by at most `sensitivity`, in Euclidean norm."""
        return exact + self.deviation(name, sensitivity) * self.normal(np.shape(exact))

    def deviation(self, name, sensitivity):
        """Deviation of the noise of a release."""
        return self.noise_multiplier * sensitivity / math.sqrt(SHARES[name])

    def release_centre(self, blocks):
        """Returns the noised mean of all samples, and the norm that differences from it are clipped to."""
        num, total, square = 0, 0.0, 0.0
        for samples, _ in blocks():
            self.sample_shape = np.shape(samples)[1:]
            numbers = bounded(samples)
            num, total, square = num + len(numbers), total + numbers.sum(axis=0), square + (numbers**2).sum()
        size = math.prod(self.sample_shape)
        centre = np.clip(self.released("mean", total, math.sqrt(size)) / num, -1.0, 1.0)
        mean_square = self.released("square", square, size) / num
        self.num = num
        return centre, REACH * math.sqrt(max(mean_square - (centre**2).sum(), 1e-3 * size))

    def release_moments(self, blocks, classes, centre, radius):
        """Sets the moments of each class, from differences to `centre` that are clipped to a norm of `radius`."""
        size = len(centre)
        counts, sums = np.zeros(classes), np.zeros((classes, size))
        has_products = size <= MAX_NUMBERS
        products = np.zeros((classes, size, size) if has_products else classes)
        for samples, labels in blocks():
            differences = clipped(bounded(samples) - centre, radius)
            labels = np.zeros(len(differences), np.int64) if labels is None else np.asarray(labels)
            if len(labels) and not 0 <= labels.min() <= labels.max() < classes:
                raise ValueError(f"Got labels from {labels.min()} to {labels.max()}. Expected from 0 to {classes - 1}.")
            for label in np.unique(labels):
                own = differences[labels == label]
                counts[label] += len(own)
                sums[label] += own.sum(axis=0)
                products[label] += own.T @ own if has_products else (own**2).sum()
        counts = np.maximum(self.released("counts", counts, 1.0), 1.0)
        counts *= self.num / counts.sum()
        sums = self.released("sums", sums, radius)
        products = self.released("products", products, radius**2)
        self.frequencies = counts / counts.sum()
        noise = size * self.deviation("sums", radius) ** 2
        # Means of few samples are closer to the centre than their noise makes them (James and Stein, 1961).
        kept = np.maximum(0.0, 1.0 - noise / np.maximum((sums**2).sum(axis=1), 1e-12))
        offsets = kept[:, None] * sums / counts[:, None]
        self.means = np.clip(centre + offsets, -1.0, 1.0)
        self.deviations, self.factors = np.zeros(classes), []
        for label in range(classes):
            second = products[label] / counts[label]
            total = (np.trace(second) if has_products else second) - (offsets[label] ** 2).sum()
            factors = np.zeros((0, size))
            if has_products:
                covariance = (second + second.T) / 2.0 - np.outer(offsets[label], offsets[label])
                factors = factors_above(covariance, self.deviation("products", radius**2) / counts[label])
            self.factors.append(factors)
            self.deviations[label] = math.sqrt(max(0.0, total - (factors**2).sum()) / size)
        rank = max(map(len, self.factors))
        self.factors = np.stack([np.pad(each, ((0, rank - len(each)), (0, 0))) for each in self.factors])

    @property
    def num_classes(self):
        """Number of classes, at least 1."""
        return len(self.means)

    @property
    def size(self):
        """Numbers per sample."""
        return self.means.shape[1]

    def sample(self, num, seed=0, labels=None):
        """Returns samples, float32 `(num, ...)` in [-1, 1]; the same seed gives the same ones.

        Args:
            num: Number of samples.
            seed: Seed of the draws, int >= 0.
            labels: Class of each; None draws classes with their noised frequency.
        """
        random = np.random.default_rng(seed)
        labels = random.choice(self.num_classes, num, p=self.frequencies) if labels is None else np.asarray(labels)
        numbers = np.empty((num, self.size), np.float32)
        for label in np.unique(labels):
            rows = np.flatnonzero(labels == label)
            numbers[rows] = self.means[label] + random.normal(size=(len(rows), self.factors.shape[1])) @ self.factors[label]
            numbers[rows] += self.deviations[label] * random.normal(size=(len(rows), self.size))
        return np.clip(numbers, -1.0, 1.0).reshape(num, *self.sample_shape)

    # --- A run keeps what was released: to release it again would be paid for again. ---

    def save(self, path):
        """Writes everything that was released to a `.npz` file."""
        arrays = {name: getattr(self, name) for name in _SAVED}
        content = io.BytesIO()
        np.savez(content, **arrays)
        replace_whole(path, lambda file: file.write_bytes(content.getvalue()))

    @classmethod
    def load(cls, path):
        """Reads what `save` wrote."""
        moments = cls.__new__(cls)
        with np.load(path, allow_pickle=False) as arrays:
            vars(moments).update({name: arrays[name] if arrays[name].ndim else arrays[name].item() for name in _SAVED})
        moments.sample_shape = tuple(map(int, moments.sample_shape))
        return moments


_SAVED = ("epsilon", "delta", "noise_multiplier", "sample_shape", "frequencies", "means", "factors", "deviations")


def bounded(samples):
    """Returns samples as rows of numbers in [-1, 1], float64; what is no number counts as 0."""
    rows = np.asarray(samples, np.float64).reshape(len(samples), -1)
    return np.clip(np.nan_to_num(rows, posinf=1.0, neginf=-1.0), -1.0, 1.0)


def clipped(rows, norm):
    """Returns rows, each shortened to a norm."""
    return rows * np.minimum(1.0, norm / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12))


def factors_above(covariance, noise):
    """Returns the factors `(rank, numbers)` of a noised covariance's directions that stand out of its noise.

    Args:
        covariance: Symmetric matrix, to which noise was added.
        noise: Deviation of the noise before it was made symmetric.

    Symmetric noise of deviation `s` makes eigenvalues up to `e = s sqrt(2 d)`. It moves a larger one, `v`, to
    `w = v + e^2 / (4 v)`, and its direction, which keeps `1 - e^2 / (4 v^2)` of the true one's square. Their product,
    `sqrt(w^2 - e^2)`, is the variance with the least squared error: next to none for a direction that is mostly noise.
    """
    values, vectors = np.linalg.eigh(covariance)
    edge = noise * math.sqrt(2.0 * len(covariance))
    kept = np.flatnonzero(values > MARGIN * edge)[::-1]
    return ((values[kept] ** 2 - edge**2) ** 0.25)[:, None] * vectors[:, kept].T
