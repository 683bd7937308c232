"""Measurements of images, clips, sounds and series, each a function from an array of samples to one number per sample.

A measurement that a sample does not have, such as the slant of an empty image, is NaN. No measurement is circular: a direction
is given by its two components, because a mean of angles has no meaning.
"""

import numpy as np

from gan_keras.metrics.clip_extractor import centre_speeds, frame_differences

_FAINT = 1e-6  # mean distance from the ground below which an image is empty


# --- Images: float `(num, height, width, channels)` in [0, 1].


def foreground(images):
    """Distance of each pixel from the image's ground, the median colour of its border: float64 `(num, height, width)` in [0, 1].

    Bright figures on dark ground and dark figures on bright ground measure alike.
    """
    images = np.asarray(images, np.float64)
    top_and_bottom, sides = images[:, [0, -1]], images[:, 1:-1, [0, -1]]
    num, channels = len(images), images.shape[-1]
    border = np.concatenate([part.reshape(num, -1, channels) for part in (top_and_bottom, sides)], axis=1)
    return np.abs(images - np.median(border, axis=1)[:, None, None]).mean(axis=-1)


def moments(images):
    """Moments of the foreground: centre x, y, then variances xx, yy and covariance xy, float64 `(5, num)` in pixels; y is down.

    NaN for an image without foreground. The centre is relative to the middle of the image.
    """
    weights = foreground(images)
    mass = weights.sum(axis=(1, 2))
    weights /= np.where(mass > _FAINT * weights[0].size, mass, np.nan)[:, None, None]
    columns, rows = (np.arange(size) - (size - 1) / 2 for size in (weights.shape[2], weights.shape[1]))
    of_columns, of_rows = weights.sum(axis=1), weights.sum(axis=2)
    x, y = of_columns @ columns, of_rows @ rows
    xy = np.einsum("nrc,r,c->n", weights, rows, columns, optimize=True) - x * y
    return np.stack([x, y, of_columns @ columns**2 - x**2, of_rows @ rows**2 - y**2, xy])


def ink(images):
    """Mean distance from the ground, in [0, 1]: the share of inked pixels if they are white on black."""
    return foreground(images).mean(axis=(1, 2))


def slant(images):
    """Angle of the figure's axis from the vertical, in degrees in [-90, 90]; positive leans to the right, as italics do."""
    _, _, _, yy, xy = moments(images)
    return np.degrees(np.arctan2(-xy, np.where(yy > 0, yy, np.nan)))


def width(images):
    """Width of a bar that spreads as far as the figure, once it is upright, in pixels."""
    _, _, xx, yy, xy = moments(images)
    upright = xx - np.divide(xy**2, yy, out=np.zeros_like(xx), where=yy > 0)
    return _size(upright)


def height(images):
    """Height of a bar that spreads as far as the figure, in pixels."""
    return _size(moments(images)[3])


def _size(variances):
    """Number of equally spaced pixels with these variances: those of `n` pixels have the variance `(n * n - 1) / 12`."""
    return np.sqrt(12.0 * np.maximum(variances, 0.0) + 1.0)


def centre_x(images):
    """Centre of the figure, in pixels to the right of the image's middle."""
    return moments(images)[0]


def centre_y(images):
    """Centre of the figure, in pixels above the image's middle."""
    return -moments(images)[1]


def brightness(images):
    """Mean level, from 0 for black to 1 for white."""
    return np.asarray(images, np.float64).mean(axis=tuple(range(1, np.ndim(images))))


def channel(index):
    """Returns the measurement of one colour's mean level, in [0, 1]."""
    return lambda images: brightness(np.asarray(images)[..., index : index + 1])


def saturation(images):
    """Mean distance of a pixel's largest from its smallest channel, in [0, 1]; 0 for grey."""
    return brightness(np.ptp(np.asarray(images), axis=-1)[..., None])


IMAGES = {
    "ink": (ink, ""),
    "slant": (slant, "degrees"),
    "width": (width, "pixels"),
    "height": (height, "pixels"),
    "x": (centre_x, "pixels"),
    "y": (centre_y, "pixels"),
    "brightness": (brightness, ""),
}
"""Measurement and unit of each attribute of images, by name."""

COLOURS = {"red": (channel(0), ""), "green": (channel(1), ""), "blue": (channel(2), ""), "saturation": (saturation, "")}
"""Further attributes of colour images and clips."""


# --- Clips: float `(num, frames, height, width, channels)` in [0, 1].


def over_frames(measure):
    """Returns the measurement of clips that is the mean over their frames of a measurement of images."""

    def measure_clips(clips):
        clips = np.asarray(clips)
        return measure(clips.reshape(-1, *clips.shape[2:])).reshape(len(clips), -1).mean(axis=1)

    return measure_clips


def speed(clips):
    """Mean speed of the figure's centre, in pixels per frame."""
    num, frames = np.shape(clips)[:2]
    figures = foreground(np.reshape(clips, (num * frames, *np.shape(clips)[2:])))
    figures = figures.reshape(num, frames, *figures.shape[1:], 1)
    is_empty = (figures.mean(axis=(2, 3, 4)) <= _FAINT).any(axis=1)
    return np.where(is_empty, np.nan, centre_speeds(figures))


def velocity(measure):
    """Returns the mean change, per frame, of a centre's coordinate: from the first to the last frame."""

    def measure_clips(clips):
        clips = np.asarray(clips)
        first, last = measure(clips[:, 0]), measure(clips[:, -1])
        return (last - first) / (clips.shape[1] - 1)

    return measure_clips


CLIPS = {
    "speed": (speed, "pixels per frame"),
    "x velocity": (velocity(centre_x), "pixels per frame"),
    "y velocity": (velocity(centre_y), "pixels per frame"),
    "change": (frame_differences, "per frame"),
    **{name: (over_frames(IMAGES[name][0]), IMAGES[name][1]) for name in ("ink", "width", "height", "brightness")},
}
"""As `IMAGES`, for clips: motion, then the means over frames of what they show. Velocities are the direction of motion."""

CLIP_COLOURS = COLOURS  # means over all axes but the channels
