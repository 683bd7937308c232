"""How much clips move: statistics that need no network, and how far those of generated clips are from real ones."""

import numpy as np


def frame_differences(videos):
    """Mean absolute difference of a pixel from one frame to the next, a number for each clip.

    Args:
        videos: Numbers in [0, 1], `(num, frames, height, width, channels)`, at least 2 frames.

    Returns:
        float64 `(num,)` in [0, 1]; 0 for a clip that stands still.

    Raises:
        ValueError: If the clips have another shape.
    """
    videos = _checked(videos)
    return np.abs(np.diff(videos, axis=1)).mean(axis=(1, 2, 3, 4))


def centre_speeds(videos):
    """Mean speed of the centre of brightness, in pixels a frame, a number for each clip; arguments as of `frame_differences`.

    It is the speed of a bright thing on a dark ground. The centre of a black frame is the middle of the picture.
    """
    brightness = _checked(videos).sum(axis=-1)
    steps = np.diff(np.stack([_centres(brightness, axis) for axis in (2, 3)], axis=-1), axis=1)
    return np.linalg.norm(steps, axis=-1).mean(axis=1)


def _centres(brightness, axis):
    """The centre of each frame along one axis, `(num, frames)`."""
    size = brightness.shape[axis]
    profile = brightness.sum(axis=5 - axis) + 1e-9
    return (profile * np.arange(size)).sum(axis=-1) / profile.sum(axis=-1)


def distance_between(numbers, others):
    """Wasserstein distance of two sets of numbers: how far a number of the one has to go to become one of the other.

    Args:
        numbers: `(num,)`, at least one.
        others: The same, as many or another number of them.

    Returns:
        float, >= 0, in the unit of the numbers.
    """
    numbers, others = np.sort(np.asarray(numbers, np.float64)), np.sort(np.asarray(others, np.float64))
    places = np.sort(np.concatenate([numbers, others]))
    below, others_below = (np.searchsorted(each, places[:-1], side="right") / len(each) for each in (numbers, others))
    return float(np.sum(np.abs(below - others_below) * np.diff(places)))


def _checked(videos):
    videos = np.asarray(videos, np.float64)
    if videos.ndim != 5 or videos.shape[1] < 2:
        raise ValueError(f"Got clips of shape {videos.shape}. Expected (num, frames, height, width, channels), 2 frames or more.")
    return videos
