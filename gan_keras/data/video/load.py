"""`load_videos`: clips by the name of a data set, from films and folders of frames, or from arrays."""

import pathlib

import numpy as np

from gan_keras import catalogue
from gan_keras.data.files import PARTS, TEST_KEYS, ArrayFile, Hints, is_array_file, is_path, part_for_tests
from gan_keras.data.image.load import checked_size, digit_levels
from gan_keras.data.video.files import is_film
from gan_keras.data.video.readers import MIN_FRAMES, ClipForm, read_videos, videos_from_arrays

VIDEO_DATASETS = catalogue.DATASETS["video"]

FRAMES, SIZE = 12, 16
SPEEDS = 0.5, 1.5
"""Range of the speeds of moving digits, in pixels per frame."""

_HINTS = Hints(
    "a video, an animation, or a folder of videos or folders of frames",
    "videos=array",
    "clips of several lengths or sizes go into folders of frames instead",
    "videos",
)
_KEYS = {"train": (("videos", "labels"), ("x_train", "y_train")), "test": TEST_KEYS}


def load_videos(source, frames=None, size=None, channels=None, part="train", labels=None, label_names=None):
    """Loads `Videos` by name, from a path, or from arrays.

    Args:
        source: A name in `VIDEO_DATASETS`; a film or a folder (see `read_videos`); a `.npz` file with arrays `videos`
            `(num, frames, height, width, channels)` and optionally `labels`, or `x_train` and optionally `y_train`, and
            optionally `label_names`; a `.npy` file; or an array or a list of arrays (see `videos_from_arrays`). Write
            `./moving_digits` for a folder named like a data set.
        frames: Frames of a clip: longer clips of an array are cut to their first frames, longer films into clips. `None` keeps
            all, or chooses a length for films of several lengths. For moving digits, frames to make.
        size: Pixels that frames are cropped and resized to, an int or `(height, width)`; `None` keeps their size, if films are
            square and small. For moving digits, the size of the field.
        channels: 1 for grey, 3 for colour; `None` keeps their channels.
        part: `"train"`, or `"test"` for the `x_test` of a file.
        labels: Labels of an array or list, an integer for each clip or film.
        label_names: Names of these labels.

    Raises:
        FileNotFoundError: If it is neither a name nor a file nor a folder.
        ImportError: If it is a video file, and the extra `video` is not installed.
        ValueError: If clips and labels do not fit together, or arguments are out of range.
    """
    form = _checked_form(frames, size, channels, part)
    if not is_path(source, labels):
        return videos_from_arrays("clips", source, labels, label_names, form)
    path = pathlib.Path(source)
    if path.is_file() and is_film(path):
        return read_videos(path, form)
    if is_array_file(source, part, VIDEO_DATASETS, "clips", "Video data sets"):
        file = ArrayFile(path, _HINTS)
        videos, labels = file.labelled(_KEYS[part], f"for part={part!r}")
        return videos_from_arrays(path.name, videos, labels, file.label_names, form)
    return _load_moving_digits(form) if str(source) in VIDEO_DATASETS else read_videos(path, form)


def load_test_videos(name_or_path, frames=None, size=None, channels=None):
    """Loads the part that a file reserves for tests, or all of it if there is no such part; see `load_videos`."""
    path = pathlib.Path(name_or_path)
    part = "train" if path.is_file() and is_film(path) else part_for_tests(name_or_path, VIDEO_DATASETS, _HINTS)
    return load_videos(name_or_path, frames, size, channels, part)


def _checked_form(frames, size, channels, part):
    is_length = frames is None or isinstance(frames, int) and frames >= MIN_FRAMES
    if not is_length or channels not in (None, 1, 3) or part not in PARTS:
        raise ValueError(
            f"Got frames={frames!r}, channels={channels!r}, part={part!r}. Expected {MIN_FRAMES} frames or more, 1 channel or "
            "3, and part 'train' or 'test'."
        )
    return ClipForm(frames, checked_size(size), channels)


def _load_moving_digits(form):
    height, width = form.size or (SIZE, SIZE)
    if height != width:
        raise ValueError(f"Got size={form.size} for moving_digits. Expected a square field, such as 24.")
    digits, labels = digit_levels()
    videos, numbers = moving_digits(digits, form.frames or FRAMES, height)
    return videos_from_arrays("moving_digits", videos, labels[numbers], wanted=form, origins=numbers)


# --- Moving digits: videos without a download. ---


def moving_digits(digits, frames=FRAMES, size=SIZE, clips_a_digit=2, seed=0):
    """Clips of single digits that fly straight on black and bounce off the walls.

    Args:
        digits: uint8 images of digits `(num, height, width, 1)`.
        frames: Frames of a clip, >= 2.
        size: Pixels per side of the field, more than a digit has.
        clips_a_digit: Number of clips per digit.
        seed: Seed of positions, directions and speeds (0.5 to 1.5 pixels per frame), int >= 0.

    Returns:
        Pair of clips, uint8 `(num * clips_a_digit, frames, size, size, 1)`, and their digits' numbers, int64, ascending.

    Reference: [Srivastava et al., 2015](https://arxiv.org/abs/1502.04681), section 4.1.
    """
    room = size - np.array(digits.shape[1:3])
    if frames < 2 or room.min() < 1:
        raise ValueError(
            f"Got frames={frames}, size={size} for digits of {digits.shape[1]} x {digits.shape[2]} pixels. Expected at least 2 "
            "frames and a larger field."
        )
    numbers = np.repeat(np.arange(len(digits)), clips_a_digit)
    corners = flights(len(numbers), frames, room, seed)
    clips = np.zeros((len(numbers), frames, size, size, 1), np.uint8)
    rows = corners[..., 0, None, None] + np.arange(digits.shape[1])[:, None]
    columns = corners[..., 1, None, None] + np.arange(digits.shape[2])
    clip, frame = np.ogrid[: len(numbers), :frames]
    clips[clip[..., None, None], frame[..., None, None], rows, columns, 0] = digits[numbers, None, :, :, 0]
    return clips, numbers


def flights(num, frames, room, seed):
    """Integer corners `(num, frames, 2)` of objects that fly straight and bounce at 0 and at `room`."""
    random = np.random.default_rng(seed)
    start = random.uniform(0, room, (num, 1, 2))
    angle, speed = random.uniform(0, 2 * np.pi, (num, 1)), random.uniform(*SPEEDS, (num, 1, 1))
    velocity = speed * np.stack([np.sin(angle), np.cos(angle)], axis=-1)
    straight = start + velocity * np.arange(frames)[:, None]
    # A flight between walls is a straight line folded by a triangle wave.
    return np.round(room - np.abs(straight % (2 * room) - room)).astype(int)
