"""Arrays of clips and labels: checked, brought to uint8 levels and to one shape."""

from typing import NamedTuple

import numpy as np

from gan_keras.codecs.image import fit_levels
from gan_keras.data.image_arrays import check_labels, to_levels
from gan_keras.data.video_data import collect_videos

_BLOCK = 1024  # frames resized at a time
LEAST_FRAMES = 2


class Wanted(NamedTuple):
    """What clips are brought to.

    Attributes:
        frames: How many frames are kept of each clip, from its start; None for all.
        size: `(height, width)` that frames are cropped and resized to; None keeps theirs.
        channels: 1 for grey, 3 for colour; None keeps theirs.
    """

    frames: int | None = None
    size: tuple[int, int] | None = None
    channels: int | None = None


_AS_THEY_ARE = Wanted()


def videos_from_arrays(name, videos, labels=None, label_names=None, wanted=_AS_THEY_ARE, origins=None):
    """Makes `Videos` of an array in memory.

    Args:
        name: Its name in reports.
        videos: `(num, frames, height, width, 1 or 3)`, or `(num, frames, height, width)` for grey: uint8 levels, or floats in
            [0, 1] or [-1, 1] (taken for the latter if one is below 0).
        labels: A whole number for each clip, `(num,)` or `(num, 1)`, or `None`.
        label_names: The names of labels 0, 1, ...; by default their numbers.
        wanted: A `Wanted`.
        origins: A number for each clip, equal for clips of one thing: see `Videos`.

    Returns:
        `Videos`.

    Raises:
        ValueError: Wrong shape, dtype or range; too few frames; labels that do not fit.
    """
    videos = np.asarray(videos)
    videos = videos[..., np.newaxis] if videos.ndim == 4 else videos
    if videos.ndim != 5 or not videos.size:
        raise ValueError(
            f"{name} holds clips of shape {videos.shape}. Expected (num, frames, height, width, channels) with 1 channel (grey) "
            "or 3 (colour), all clips of one length and one size."
        )
    num, length = videos.shape[:2]
    kept = wanted.frames or length
    check_lengths(name, {f"number {index}": length for index in range(num)}, kept)
    levels, value_range = to_levels(name, videos[:, :kept].reshape(-1, *videos.shape[2:]))
    labelling = check_labels(name, labels, label_names, num, "clips")
    report = {"values": value_range, **({"cut": num} if kept < length else {})}
    levels, grown = fit_frames(levels, wanted)
    report |= {"enlarged": num} if grown else {}
    return collect_videos(name, levels.reshape(num, kept, *levels.shape[1:]), labelling, report, origins)


def fit_frames(levels, wanted):
    """uint8 frames `(num, height, width, channels)` cropped and resized to what is wanted, and whether they grew."""
    height, width = wanted.size or levels.shape[1:3]
    image_shape = (height, width, wanted.channels or levels.shape[3])
    if image_shape == levels.shape[1:]:
        return levels, False
    blocks = [levels[start : start + _BLOCK] for start in range(0, len(levels), _BLOCK)]
    fitted = np.concatenate([fit_levels(block, image_shape).numpy() for block in blocks])
    return fitted, height > levels.shape[1] or width > levels.shape[2]


def check_lengths(name, lengths, kept):
    """Raises `ValueError` unless every clip has the frames that are kept of it, 2 at least.

    Args:
        name: Of the data.
        lengths: Frames of each clip by its name.
        kept: Frames that are kept.
    """
    short = [clip for clip, length in lengths.items() if length < kept]
    if kept < LEAST_FRAMES:
        raise ValueError(f"{name}: clips of {kept} frames. Expected at least {LEAST_FRAMES}: a single frame is an image.")
    if short:
        shortest = min(short, key=lengths.get)
        enough = lengths[shortest] >= LEAST_FRAMES
        raise ValueError(
            f"{len(short)} of the {len(lengths)} clips of {name} have fewer than {kept} frames, the shortest is {shortest} with "
            f"{lengths[shortest]}. Expected {kept} of each: remove them"
            + (f", or ask for fewer, `--set frames={lengths[shortest]}`." if enough else ".")
        )
