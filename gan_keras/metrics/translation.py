"""Metrics of image translation: domain accuracy, Frechet distance, cycle error; and the simplest translation as baseline."""

import numpy as np

from gan_keras.metrics.feature_distances import frechet_distance
from gan_keras.metrics.features import Moments

_MIN_DEVIATION = 1e-6  # of a channel that does not vary


def convinced(features, domain):
    """Fraction of images that a domain classifier assigns to a domain.

    Args:
        features: `Features` of the images, with one logit per domain.
        domain: Index of the domain.
    """
    return float(np.mean(np.argmax(features.logits, axis=1) == domain))


def distance_between(real, fake):
    """Frechet distance between two `Features`."""
    return frechet_distance(Moments.of(real.features), Moments.of(fake.features))


def cycle_error(images, reconstructed):
    """Mean absolute difference of images in [0, 1] and their reconstructions: 0 if equal, 1 for white instead of black."""
    return float(np.mean(np.abs(np.asarray(images, np.float64) - np.asarray(reconstructed, np.float64))))


def match_colours(images, wanted):
    """Transfers colours: image i gets the channel means and standard deviations of image i of the other domain.

    The other domain is repeated if it has fewer images. A baseline that knows nothing but colours.

    Args:
        images: `(num, height, width, channels)`, in [0, 1].
        wanted: Images of the other domain, any number >= 1.

    Returns:
        float32, the shape of `images`, clipped to [0, 1].

    Reference: [Reinhard et al., 2001](https://doi.org/10.1109/38.946629), here in RGB.
    """
    others = np.asarray(wanted, np.float32)[np.arange(len(images)) % len(wanted)]
    (mean, deviation), (new_mean, new_deviation) = (_colours(np.asarray(each, np.float32)) for each in (images, others))
    matched = (images - mean) / np.maximum(deviation, _MIN_DEVIATION) * new_deviation + new_mean
    return np.clip(matched, 0.0, 1.0).astype(np.float32)


def _colours(images):
    return images.mean(axis=(1, 2), keepdims=True), images.std(axis=(1, 2), keepdims=True)
