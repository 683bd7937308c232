"""Clips as pictures: animations of one clip or of a grid of many, and film strips that show all frames at once."""

import io

import numpy as np
from PIL import Image

from gan_keras.media.images import as_pillow, image_grid, to_levels
from gan_keras.media.safe_files import replace_whole

FRAMES_PER_SECOND = 8


def clip_levels(videos):
    """Clips as uint8 levels, `(num, frames, height, width, 1 or 3)`: floats in [0, 1] are rounded, levels stay.

    Raises:
        ValueError: If they have another shape or are not in that range.
    """
    videos = np.asarray(videos)
    if videos.ndim != 5 or not videos.size:
        raise ValueError(f"Got clips of shape {videos.shape}. Expected (num, frames, height, width, channels).")
    return to_levels(videos.reshape(-1, *videos.shape[2:])).reshape(videos.shape)


def clip_grid(videos, columns=None):
    """Puts clips side by side, as `pictures.image_grid` does images: uint8 `(frames, height, width, channels)`."""
    return np.stack([image_grid(frame, columns) for frame in np.moveaxis(clip_levels(videos), 1, 0)])


def film_strips(videos):
    """A picture of all frames: a row for each clip, a column for each frame, uint8 `(height, width, channels)`."""
    videos = clip_levels(videos)
    return image_grid(videos.reshape(-1, *videos.shape[2:]), columns=videos.shape[1])


def encode_gif(frames, frames_per_second=FRAMES_PER_SECOND):
    """The bytes of a GIF that repeats, of uint8 frames `(frames, height, width, 1 or 3)`. Grey levels are kept exactly."""
    first, *others = map(as_pillow, frames)
    buffer = io.BytesIO()
    duration = round(1000 / frames_per_second)  # ms
    first.save(buffer, format="GIF", save_all=True, append_images=others, duration=duration, loop=0)
    return buffer.getvalue()


def write_gif(path, frames):
    """Writes uint8 frames `(frames, height, width, 1 or 3)`; a reader never meets half of the file."""
    replace_whole(path, lambda temporary: temporary.write_bytes(encode_gif(frames)))


def read_gif(path):
    """The frames of a GIF, uint8 `(frames, height, width, 3)`. Frames alike that follow each other are one in the file."""
    with Image.open(path) as animation:
        frames = []
        for index in range(animation.n_frames):
            animation.seek(index)
            frames.append(np.asarray(animation.convert("RGB")))
    return np.stack(frames)


def write_videos(path, videos):
    """Writes clips in the form that the name of `path` asks for.

    Args:
        path: `NAME.npz` for the array `videos` of uint8 levels; `NAME.gif` for one clip, or a grid of several; else a
            directory, which is made, for `00000.gif`, `00001.gif`, ...
        videos: Levels or floats in [0, 1], `(num, frames, height, width, 1 or 3)`.
    """
    levels = clip_levels(videos)
    if path.suffix == ".npz":
        replace_whole(path, lambda temporary: np.savez_compressed(temporary, videos=levels))
    elif path.suffix == ".gif":
        write_gif(path, levels[0] if len(levels) == 1 else clip_grid(levels))
    else:
        path.mkdir(exist_ok=True)
        for index, video in enumerate(levels):
            write_gif(path / f"{index:05d}.gif", video)
