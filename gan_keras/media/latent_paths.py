"""Paths between latents."""

import numpy as np

_SMALLEST = 1e-6  # sine of an angle below which the two directions are one, or opposite


def spherical_interpolation(first, second, num):
    """Latents from one to another along an arc, so that those between are as long as latents of a normal distribution are.

    Nearly all of a normal distribution lies close to a sphere. Halfway along a straight line latents are shorter by about
    a factor of sqrt(2): the generator has never seen such. Where both have one direction, or opposite ones, and no arc is
    given, the line is straight.

    Args:
        first: `(num_pairs, latent_dim)`.
        second: The same shape.
        num: Latents of each path, both ends included, >= 2.

    Returns:
        float32 `(num_pairs, num, latent_dim)`.

    Raises:
        ValueError: If the shapes differ or `num` is below 2.

    Reference: [White, 2016](https://arxiv.org/abs/1609.04468).
    """
    first, second = np.asarray(first, np.float64), np.asarray(second, np.float64)
    if first.ndim != 2 or first.shape != second.shape or num < 2:
        raise ValueError(
            f"Got latents of shapes {first.shape} and {second.shape}, num={num}. Expected (num_pairs, latent_dim) for both "
            "and num >= 2."
        )
    lengths = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    cosines = (first * second).sum(axis=1) / np.maximum(lengths, np.finfo(np.float64).tiny)
    angles = np.arccos(np.clip(cosines, -1.0, 1.0))[:, np.newaxis]
    steps = np.linspace(0.0, 1.0, num)
    paths = _shares(angles, 1.0 - steps) * first[:, np.newaxis] + _shares(angles, steps) * second[:, np.newaxis]
    return paths.astype(np.float32)


def _shares(angles, steps):
    """How much of one end is in each step, `(num_pairs, num, 1)`."""
    sines = np.sin(angles)
    straight = sines < _SMALLEST
    return np.where(straight, steps, np.sin(steps * angles) / np.where(straight, 1.0, sines))[..., np.newaxis]
