"""Handwritten digits that come with scikit-learn, and digits stacked to a thousand known modes."""

import numpy as np

from gan_keras.data.image.arrays import images_from_arrays

SIZE = 16
"""The digits are 8 x 8; 16 is the least multiple that networks with two or three halvings take well."""

_DARKEST = 16.0  # scikit-learn's digits count inked pixels of blocks of 4 x 4
NUM_STACKED = 20_000


def load_digits(size=None, channels=None):
    """1,797 handwritten digits, 8 x 8 with 17 levels, enlarged to 16 x 16: see `load_images` for the arguments."""
    from sklearn.datasets import load_digits as load

    digits = load()
    levels = np.round(digits.images * (255.0 / _DARKEST)).astype(np.uint8)
    return images_from_arrays("digits", levels, digits.target, size=size or (SIZE, SIZE), channels=channels)


def stacked_digits(digits, num=NUM_STACKED, seed=0):
    """Three digits drawn at random as the channels of one image: 1,000 modes that can be counted.

    Args:
        digits: `Images` in memory, grey, with the labels 0 to 9: those of `load_images`, `"digits"` or MNIST in a file.
        num: Number of images, >= 2.
        seed: The same seed draws the same images, int >= 0.

    Returns:
        `Images` with the labels 0 to 999: the hundreds are the first channel's digit.

    Raises:
        ValueError: If the digits are something else.

    Reference: [Metz et al., 2017](https://arxiv.org/abs/1611.02163), section 3.3.1.
    """
    is_grey = isinstance(digits.images, np.ndarray) and digits.image_shape[2] == 1
    if not is_grey or digits.labels is None or digits.labels.max() > 9:
        raise ValueError(
            f"{digits.name} has the shape {digits.image_shape} and the labels {digits.label_names}. Expected grey images in "
            "memory with the labels 0 to 9, such as `load_images('digits')`."
        )
    rows = np.random.default_rng(seed).integers(len(digits), size=(num, 3))
    stacked = np.moveaxis(digits.images[rows, ..., 0], 1, -1)
    names = [f"{label:03d}" for label in range(1000)]
    return images_from_arrays(f"stacked_{digits.name}", stacked, digits.labels[rows] @ [100, 10, 1], names)
