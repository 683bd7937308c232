"""Which modes of the data a generator kept, where they can be counted: mixtures of Gaussians and stacked digits.

Of points in the plane `modes_covered` counts by distance. Of images a classifier tells the mode.

References: [PacGAN](https://arxiv.org/abs/1712.04086), section 4; stacked digits are from
[Unrolled GAN](https://arxiv.org/abs/1611.02163).
"""

import numpy as np

from gan_keras.data.mixtures import modes_covered
from gan_keras.metrics.features import FeatureReader

__all__ = ["class_coverage", "modes_covered", "stacked_digit_modes"]


def stacked_digit_modes(classifier, images):
    """The mode, 0 to 999, of images with a digit in each channel: 100 times the first, 10 times the second, the third.

    Args:
        classifier: Of single digits, such as an `Extractor` trained on them: a built `keras.Model` from `(batch, height,
            width, 1)` in [-1, 1] to a dictionary with `features` and `logits`, `(batch, 10)`.
        images: In [-1, 1], `(num, height, width, 3)`.

    Returns:
        int64 `(num,)`.

    Raises:
        ValueError: If the images have another shape or the classifier not ten classes.
    """
    if np.ndim(images) != 4 or np.shape(images)[-1] != 3:
        raise ValueError(f"Got images of shape {np.shape(images)}. Expected (num, height, width, 3), a digit a channel.")
    reader = FeatureReader(classifier)
    logits = [reader.read(images[..., channel : channel + 1]).logits for channel in range(3)]
    if logits[0] is None or logits[0].shape[1] != 10:
        raise ValueError("The classifier does not give ten logits. Expected an extractor trained on ten digits with labels.")
    hundreds, tens, ones = (each.argmax(axis=1) for each in logits)
    return 100 * hundreds + 10 * tens + ones


def class_coverage(modes, num_modes, real_modes=None):
    """Counts the modes that generated samples fall on, and how unevenly.

    Args:
        modes: Mode of each generated sample, integers from 0 to num_modes - 1, `(num,)`. Use 26 samples a mode, as the
            papers do: fewer miss modes by chance.
        num_modes: Number of modes of the data, >= 1.
        real_modes: Mode of each real sample, found in the same way; None where the real modes are equally likely.

    Returns:
        A dictionary: `modes`, the number with a sample; `reverse_kl`, KL(generated || real) in nats of the histograms: 0 is
        best, and infinite where a sample falls on a mode that no real one has.

    Raises:
        ValueError: If modes are no integers in that range, or there are none.
    """
    shares = _shares(modes, num_modes)
    real_shares = np.full(num_modes, 1 / num_modes) if real_modes is None else _shares(real_modes, num_modes)
    taken = shares > 0
    with np.errstate(divide="ignore"):
        reverse_kl = np.sum(shares[taken] * np.log(shares[taken] / real_shares[taken]))
    return {"modes": int(taken.sum()), "reverse_kl": float(reverse_kl)}


def _shares(modes, num_modes):
    modes = np.asarray(modes)
    if modes.ndim != 1 or not len(modes) or modes.dtype.kind not in "iu" or modes.min() < 0 or modes.max() >= num_modes:
        raise ValueError(f"Got modes of shape {modes.shape}, {modes.dtype}. Expected (num,) integers from 0 to {num_modes - 1}.")
    return np.bincount(modes, minlength=num_modes) / len(modes)
