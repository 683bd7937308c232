"""Modes that a generator covers, for data whose modes can be counted, such as stacked digits.

A classifier tells the mode of an image. For mixtures of Gaussians, `gan_keras.data.mixtures.modes_covered` measures distances.

References: [PacGAN](https://arxiv.org/abs/1712.04086), section 4; stacked digits are from
[Unrolled GAN](https://arxiv.org/abs/1611.02163).
"""

import numpy as np

from gan_keras.metrics.features import FeatureReader


def stacked_digit_modes(classifier, images):
    """Returns the modes, int64 `(num,)`, of images with a digit per channel: 100 x the first + 10 x the second + the third.

    Args:
        classifier: Classifier of single digits, such as an `Extractor` trained on them: a built `keras.Model` from `(batch,
            height, width, 1)` in [-1, 1] to a dictionary with `features` and `logits`, `(batch, 10)`.
        images: In [-1, 1], `(num, height, width, 3)`.

    Raises:
        ValueError: If the images' shape differs or the classifier does not have ten classes.
    """
    if np.ndim(images) != 4 or np.shape(images)[-1] != 3:
        raise ValueError(f"Got images of shape {np.shape(images)}. Expected (num, height, width, 3), one digit per channel.")
    reader = FeatureReader(classifier)
    logits = [reader.read(images[..., channel : channel + 1]).logits for channel in range(3)]
    if logits[0] is None or logits[0].shape[1] != 10:
        raise ValueError("The classifier does not give ten logits. Expected an extractor trained on ten digits with labels.")
    hundreds, tens, ones = (each.argmax(axis=1) for each in logits)
    return 100 * hundreds + 10 * tens + ones


def class_coverage(modes, num_modes, real_modes=None):
    """Counts the modes that generated samples cover, and measures how unevenly.

    Args:
        modes: Mode of each generated sample, integers from 0 to num_modes - 1, `(num,)`. Use 26 samples per mode like the papers:
            fewer miss modes by chance.
        num_modes: Number of modes of the data, >= 1.
        real_modes: Mode of each real sample, found in the same way; None if the real modes are equally likely.

    Returns:
        Dictionary: `modes`, the number of modes with a sample; `reverse_kl`, KL(generated || real) of the histograms in nats: 0
        is best, infinite if a sample falls on a mode without real samples.

    Raises:
        ValueError: If modes are not integers in that range, or there are none.
    """
    shares = _shares(modes, num_modes)
    real_shares = np.full(num_modes, 1 / num_modes) if real_modes is None else _shares(real_modes, num_modes)
    covered = shares > 0
    with np.errstate(divide="ignore"):
        reverse_kl = np.sum(shares[covered] * np.log(shares[covered] / real_shares[covered]))
    return {"modes": int(covered.sum()), "reverse_kl": float(reverse_kl)}


def _shares(modes, num_modes):
    modes = np.asarray(modes)
    if modes.ndim != 1 or not len(modes) or modes.dtype.kind not in "iu" or modes.min() < 0 or modes.max() >= num_modes:
        raise ValueError(f"Got modes of shape {modes.shape}, {modes.dtype}. Expected (num,) integers from 0 to {num_modes - 1}.")
    return np.bincount(modes, minlength=num_modes) / len(modes)
