"""Clips as GIF animations, of one clip or a grid of several, and as film strips that show all frames at once."""

import io

import numpy as np
from PIL import Image

from gan_keras.media.images import as_pillow, image_grid, to_levels, write_by_name
from gan_keras.media.safe_files import replace_whole

FRAMES_PER_SECOND = 8


def clip_levels(videos):
    """Converts clips to uint8 levels, `(num, frames, height, width, 1 or 3)`: floats in [0, 1] are scaled and rounded.

    Raises:
        ValueError: If the clips have another shape or range.
    """
    videos = np.asarray(videos)
    if videos.ndim != 5 or not videos.size:
        raise ValueError(f"Got clips of shape {videos.shape}. Expected (num, frames, height, width, channels).")
    return to_levels(videos.reshape(-1, *videos.shape[2:])).reshape(videos.shape)


def clip_grid(videos, columns=None, row_labels=None, column_labels=None):
    """Arranges clips like `images.image_grid` arranges images: uint8 `(frames, height, width, channels)`."""
    frames = np.moveaxis(clip_levels(videos), 1, 0)
    return np.stack([image_grid(frame, columns, row_labels, column_labels) for frame in frames])


def film_strips(videos, row_labels=None, column_labels=None):
    """Returns a picture with a row per clip and a column per frame, uint8 `(height, width, channels)`: see `image_grid`."""
    videos = clip_levels(videos)
    return image_grid(videos.reshape(-1, *videos.shape[2:]), videos.shape[1], row_labels, column_labels)


def encode_gif(frames, frames_per_second=FRAMES_PER_SECOND):
    """Returns the bytes of a looping GIF of uint8 frames `(frames, height, width, 1 or 3)`. Grey levels are kept exactly."""
    first, *others = map(as_pillow, frames)
    buffer = io.BytesIO()
    duration = round(1000 / frames_per_second)  # ms
    first.save(buffer, format="GIF", save_all=True, append_images=others, duration=duration, loop=0)
    return buffer.getvalue()


def write_gif(path, frames):
    """Writes uint8 frames `(frames, height, width, 1 or 3)` atomically."""
    replace_whole(path, lambda temporary: temporary.write_bytes(encode_gif(frames)))


def read_gif(path):
    """Returns the frames of a GIF, uint8 `(frames, height, width, 3)`. GIF files store equal consecutive frames once."""
    with Image.open(path) as animation:
        frames = []
        for index in range(animation.n_frames):
            animation.seek(index)
            frames.append(np.asarray(animation.convert("RGB")))
    return np.stack(frames)


def write_videos(path, videos):
    """Writes clips in the format given by the name of `path`.

    Args:
        path: `NAME.npz` for the array `videos` of uint8 levels; `NAME.gif` for one clip or a grid of several; any other
            name is a directory to create for `00000.gif`, `00001.gif`, ...
        videos: Levels or floats in [0, 1], `(num, frames, height, width, 1 or 3)`.
    """
    write_by_name(path, {"videos": clip_levels(videos)}, ".gif", write_gif, clip_grid)
