"""Mixtures of Gaussians in the plane, the smallest data on which a GAN can lose modes, and measures of the modes kept."""

import numpy as np


def ring_centres(modes=8, radius=1.0):
    """Centres at equal distances on a circle, float32 `(modes, 2)`."""
    angles = 2 * np.pi * np.arange(modes) / modes
    return (radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)).astype(np.float32)


def grid_centres(side=5, spacing=2.0):
    """Centres of a square grid around the origin, float32 `(side * side, 2)`."""
    axis = spacing * (np.arange(side) - (side - 1) / 2)
    return np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2).astype(np.float32)


def ring(num, seed, modes=8, radius=1.0, deviation=0.01):
    """Draws samples of equally likely Gaussians on a circle, float32 `(num, 2)`.

    Args:
        num: Number of samples, >= 1.
        seed: Seed of the samples, int >= 0.
        modes: Number of Gaussians, >= 1.
        radius: Distance of the centres from the origin.
        deviation: Standard deviation of each Gaussian along both axes, > 0.

    Reference: [PacGAN](https://arxiv.org/abs/1712.04086), section 4.1.
    """
    return _sample(ring_centres(modes, radius), num, seed, deviation)


def grid(num, seed, side=5, spacing=2.0, deviation=0.05):
    """Draws samples of equally likely Gaussians on a grid of `side` x `side` points around the origin, `spacing` apart.

    See `ring` for the other arguments and the result. Reference: [PacGAN](https://arxiv.org/abs/1712.04086), 4.1.
    """
    return _sample(grid_centres(side, spacing), num, seed, deviation)


def _sample(centres, num, seed, deviation):
    if num < 1 or len(centres) < 1 or deviation <= 0:
        raise ValueError(
            f"Got num={num}, {len(centres)} modes and deviation={deviation}. "
            "Expected at least one sample, at least one mode and a positive deviation."
        )
    generator = np.random.default_rng(seed)
    chosen = centres[generator.integers(len(centres), size=num)]
    return (chosen + deviation * generator.standard_normal((num, 2))).astype(np.float32)


def modes_covered(samples, centres, deviation):
    """Measures the modes that a generator kept, by PacGAN's three measures.

    Args:
        samples: Generated points, `(num, 2)`, finite. Use 2,500 or more: fewer miss modes by chance.
        centres: Centres of the real, equally likely modes, `(modes, 2)`.
        deviation: Standard deviation of the modes along each axis.

    Returns:
        A dictionary: `modes`, the number of modes with a sample within three deviations; `high_quality`, the fraction of
        samples within three deviations of a centre (0.9889 for real data); `reverse_kl`, the divergence
        KL(generated || real) in nats of the histograms of nearest modes (0 is best, `log(modes)` is a single mode).

    Reference: [PacGAN](https://arxiv.org/abs/1712.04086), section 4.
    """
    samples, centres = np.asarray(samples, np.float64), np.asarray(centres, np.float64)
    if samples.ndim != 2 or not len(samples) or samples.shape[1:] != centres.shape[1:]:
        raise ValueError(f"Got samples {samples.shape} and centres {centres.shape}. Expected (num, 2) and (modes, 2).")
    if not np.isfinite(samples).all():
        raise ValueError("Some samples are not finite. Expected numbers: the generator has diverged, train it again.")
    distances = np.linalg.norm(samples[:, None] - centres, axis=-1)
    nearest, close = distances.argmin(axis=1), distances.min(axis=1) <= 3 * deviation
    shares = np.bincount(nearest, minlength=len(centres)) / len(samples)
    taken = shares[shares > 0]
    return {
        "modes": len(np.unique(nearest[close])),
        "high_quality": float(close.mean()),
        "reverse_kl": float(np.sum(taken * np.log(taken * len(centres)))),
    }
