"""Films: animations and video files, read frame by frame."""

import collections
import contextlib
from typing import NamedTuple

import numpy as np
from PIL import Image

from gan_keras.data.image.files import UNREADABLE, picture_of

ANIMATIONS = (".gif", ".webp", ".png", ".apng", ".avif")
"""Endings of files that hold a film if they hold several frames; Pillow reads them."""

VIDEOS = (".mp4", ".webm", ".avi", ".mov", ".mkv", ".m4v", ".mpg", ".mpeg", ".wmv", ".flv", ".ogv", ".3gp")
"""Endings of video files, which need the extra `video`."""

BROKEN = (*UNREADABLE, RuntimeError, IndexError, StopIteration)
"""Exceptions of decoders for files that are no films."""


class Frame(NamedTuple):
    """A frame of a film.

    Attributes:
        pixels: uint8 `(height, width, 1 or 3)`.
        rate: Frames per second of its film; 0 if the file says none.
        repairs: See `image.files.Picture`.
        times: How often it is shown: more than once if it is shown for longer than most frames.
    """

    pixels: np.ndarray
    rate: float = 0.0
    repairs: frozenset = frozenset()
    times: int = 1


def is_film(path):
    """Returns whether a file holds a film: a video, or an image of several frames."""
    ending = path.suffix.lower()
    if ending not in ANIMATIONS:
        return ending in VIDEOS
    with contextlib.suppress(*UNREADABLE), Image.open(path) as image:
        return getattr(image, "n_frames", 1) > 1
    return ending == ".gif"


def frames_of(path):
    """Yields the `Frame`s of a film; raises one of `BROKEN` for other files, and `ImportError` without the extra `video`."""
    return _of_animation(path) if path.suffix.lower() in ANIMATIONS else _of_video(path)


def _of_animation(path):
    with Image.open(path) as image:
        durations = []
        for index in range(image.n_frames):
            image.seek(index)
            durations.append(image.info.get("duration", 0))
        usual = collections.Counter(durations).most_common(1)[0][0]
        for index, duration in enumerate(durations):
            image.seek(index)
            found = picture_of(image.convert("RGBA"))
            times = max(1, round(duration / usual)) if usual else 1
            yield Frame(found.pixels, 1000 / usual if usual else 0.0, found.repairs, times)


def _of_video(path):
    try:
        import imageio_ffmpeg  # noqa: F401 that the next import alone does not need
        from imageio import get_reader
    except ImportError as error:
        raise ImportError(
            f'{path} is a video. Expected the extra that reads it: pip install "gan_keras[video]"; or a folder of frames, such '
            f"as `mkdir {path.stem}; ffmpeg -i {path.name} {path.stem}/%04d.png` makes."
        ) from error
    with get_reader(path, "ffmpeg") as reader:
        rate = reader.get_meta_data().get("fps", 0.0)
        for frame in reader:
            yield Frame(np.asarray(frame), float(rate))
