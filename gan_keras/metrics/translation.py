"""What a translation is judged by: whom it convinces, what comes back, and what the simplest translation would have reached."""

import numpy as np

from gan_keras.metrics.features import Moments
from gan_keras.metrics.frechet import frechet_distance

_LEAST = 1e-6  # stands for the deviation of a channel that does not vary at all


def convinced(features, domain):
    """Share of images that a classifier of the domains takes for images of one of them.

    Args:
        features: `Features` of the images, with logits of the domains.
        domain: Number of the domain that they should look like.
    """
    return float(np.mean(np.argmax(features.logits, axis=1) == domain))


def distance_between(real, fake):
    """The Frechet distance between two sets of `Features`."""
    return frechet_distance(*(Moments(each.features.shape[1]).update(each.features) for each in (real, fake)))


def cycle_error(images, reconstructed):
    """Mean absolute difference of images in [0, 1] and what came back of them: 0 for the same, 1 for white instead of black."""
    return float(np.mean(np.abs(np.asarray(images, np.float64) - np.asarray(reconstructed, np.float64))))


def match_colours(images, wanted):
    """Images with the colours of another domain: each channel of each image gets a mean and a standard deviation of theirs.

    Image i gets those of image i of the other domain, which begins again where it ends: a translation that knows no more
    than which colours there are.

    Args:
        images: `(num, height, width, channels)`, in [0, 1].
        wanted: The same of the other domain, any number >= 1.

    Returns:
        float32 in [0, 1], the shape of `images`: what is beyond is clipped.

    Reference: [Reinhard et al., 2001](https://doi.org/10.1109/38.946629), here in RGB.
    """
    others = np.asarray(wanted, np.float32)[np.arange(len(images)) % len(wanted)]
    (mean, deviation), (new_mean, new_deviation) = (_colours(np.asarray(each, np.float32)) for each in (images, others))
    matched = (images - mean) / np.maximum(deviation, _LEAST) * new_deviation + new_mean
    return np.clip(matched, 0.0, 1.0).astype(np.float32)


def _colours(images):
    return images.mean(axis=(1, 2), keepdims=True), images.std(axis=(1, 2), keepdims=True)
