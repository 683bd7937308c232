"""Images, clips and sounds of fixed latents, so that pictures of different epochs show the same samples."""

import numpy as np

from gan_keras.media.images import image_grid
from gan_keras.media.latent_paths import spherical_interpolation


def check_grid(**sizes):
    """Raises `ValueError` unless every named size is at least 1."""
    small = [f"{name}={size}" for name, size in sizes.items() if size < 1]
    if small:
        raise ValueError(f"Got {', '.join(small)}. Expected at least 1.")


def sample_grid(gan, rows, columns, seed):
    """A picture of samples, uint8 `(height, width, channels)`.

    Args:
        gan: A `GAN` of images.
        rows: With labels a row is a label, in turn, and all images of a column have one latent.
        columns: Images in a row.
        seed: Of the first latent.
    """
    return image_grid(fixed_samples(gan, rows, columns, seed), columns)


def fixed_samples(gan, rows, columns, seed):
    """The samples of such a picture, row after row: images and clips in [0, 1], waveforms; arguments as of `sample_grid`."""
    labels, seeds = gan.labels_from(np.arange(rows)), seed + np.arange(rows * columns, dtype=np.int64)
    if labels is not None:
        labels, seeds = np.repeat(labels, columns), np.tile(seeds[:columns], rows)
    return images_of(gan, gan.latents_from(seeds), labels)


def interpolation_strips(gan, pairs, steps, seed):
    """A picture with a row for each pair of latents, uint8 `(height, width, channels)`; with labels row `i` has label `i`."""
    ends = np.asarray(gan.latents_from(seed + np.arange(2 * pairs, dtype=np.int64)))
    latents = spherical_interpolation(ends[:pairs], ends[pairs:], steps)
    labels = gan.labels_from(np.arange(pairs))
    labels = None if labels is None else np.repeat(labels, steps)
    return image_grid(images_of(gan, latents.reshape(pairs * steps, -1), labels), steps)


def images_of(gan, latents, labels=None):
    """Images in [0, 1] that a GAN makes of latents, a block at a time; without a codec its tensors are taken as in [-1, 1]."""
    images = gan.in_blocks(gan.samples_from_latents, latents, labels)
    return images if gan.codec is not None else np.clip((images + 1.0) / 2.0, 0.0, 1.0)
