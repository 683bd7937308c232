"""Moving digits: handwritten digits that fly about and bounce off the walls, a data set of videos without a download."""

import pathlib

import numpy as np

from gan_keras.data.arrays import PARTS, TEST_KEYS, ArrayFile, Hints
from gan_keras.data.text.corpus import check_is_file
from gan_keras.data.video.readers import LEAST_FRAMES, Wanted, read_video_folder, videos_from_arrays

FRAMES, SIZE = 12, 16
CLIPS_A_DIGIT = 2
_DARKEST = 16.0  # scikit-learn's digits count inked pixels of blocks of 4 x 4
SLOWEST, FASTEST = 0.5, 1.5  # pixels a frame


def digits_at_8_pixels():
    """scikit-learn's 1,797 digits as they are, uint8 `(num, 8, 8, 1)`, and what each shows, int64."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    return np.round(digits.images * (255.0 / _DARKEST)).astype(np.uint8)[..., np.newaxis], digits.target


def moving_digits(digits, frames=FRAMES, size=SIZE, clips_a_digit=CLIPS_A_DIGIT, seed=0):
    """Clips of single digits in straight flight on black; a digit that meets a wall is thrown back.

    Args:
        digits: uint8 images of digits `(num, height, width, 1)`.
        frames: Frames of a clip, >= 2.
        size: Pixels of each side of the field, more than those of a digit.
        clips_a_digit: How many clips each image has.
        seed: Of places, directions and speeds (0.5 to 1.5 pixels a frame); int >= 0.

    Returns:
        Pair of clips, uint8 `(num * clips_a_digit, frames, size, size, 1)`, and their digits' numbers, int64. The clips of
        a digit follow each other.

    Raises:
        ValueError: If there are too few frames or no room to move.

    Reference: the idea is of [Srivastava et al., 2015](https://arxiv.org/abs/1502.04681), section 4.1.
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
    """Whole-numbered corners of things that fly straight and are thrown back at 0 and at `room`: `(num, frames, 2)`."""
    random = np.random.default_rng(seed)
    start = random.uniform(0, room, (num, 1, 2))
    angle, speed = random.uniform(0, 2 * np.pi, (num, 1)), random.uniform(SLOWEST, FASTEST, (num, 1, 1))
    velocity = speed * np.stack([np.sin(angle), np.cos(angle)], axis=-1)
    straight = start + velocity * np.arange(frames)[:, None]
    # Unfolded, a flight between walls is a straight line; a triangle wave folds it again.
    return np.round(room - np.abs(straight % (2 * room) - room)).astype(int)


# --- `load_videos`: clips by the name of a data set, from a folder of folders of frames, or from arrays in a `.npz` file.

VIDEO_DATASETS = {
    "moving_digits": "3,594 clips of scikit-learn's digits that fly about and bounce, 12 frames of 16 x 16",
}

_HINTS = Hints(
    "a folder of folders of frames", "videos=array", "clips of several lengths or sizes go into folders of frames instead"
)
_KEYS = {"train": (("videos", "labels"), ("x_train", "y_train")), "test": TEST_KEYS}


def load_videos(name_or_path, frames=None, size=None, channels=None, part="train"):
    """Loads clips by name or from a path.

    Args:
        name_or_path: A name in `VIDEO_DATASETS`; a folder (see `read_video_folder`); or a `.npz` file with arrays `videos`
            `(num, frames, height, width, channels)` and maybe `labels`, or `x_train` and maybe `y_train`, and maybe
            `label_names`. Write `./moving_digits` for a folder named like a data set.
        frames: Frames that are kept of each clip, from its start; `None` keeps all. Moving digits are made with as many.
        size: Pixels that frames are cropped and resized to, an int or `(height, width)`; `None` keeps their size. Moving
            digits fly in a field of that size.
        channels: 1 for grey, 3 for colour; `None` keeps what they have.
        part: `"train"`, or `"test"` for the `x_test` of a file.

    Returns:
        `Videos`.

    Raises:
        FileNotFoundError: Neither a name nor a file nor a folder.
        ValueError: Clips or labels that do not fit together, or arguments out of their range.
    """
    wanted = _checked(frames, size, channels, part)
    path = pathlib.Path(name_or_path)
    if str(name_or_path) not in VIDEO_DATASETS and not path.is_dir():
        check_is_file(name_or_path, hint=f"Video data sets: {', '.join(VIDEO_DATASETS)}.")
        return _read_npz(path, wanted, part)
    if part == "test":
        raise ValueError(f"{name_or_path} has no part 'test'. Expected part='train': hold clips out by `split_videos`.")
    return _moving_digits(wanted) if str(name_or_path) in VIDEO_DATASETS else read_video_folder(path, wanted)


def load_test_videos(name_or_path, frames=None, size=None, channels=None):
    """The part that a file keeps for tests, where it has one, else all of it; see `load_videos`."""
    path = pathlib.Path(name_or_path)
    is_file = str(name_or_path) not in VIDEO_DATASETS and path.is_file()
    has_part = is_file and ArrayFile(path, _HINTS).has_test
    return load_videos(name_or_path, frames, size, channels, "test" if has_part else "train")


def _checked(frames, size, channels, part):
    pair = (size, size) if isinstance(size, int) else size
    is_size = pair is None or len(pair) == 2 and all(isinstance(each, int) and each >= 1 for each in pair)
    is_length = frames is None or isinstance(frames, int) and frames >= LEAST_FRAMES
    if not is_size or not is_length or channels not in (None, 1, 3) or part not in PARTS:
        raise ValueError(
            f"Got frames={frames!r}, size={size!r}, channels={channels!r}, part={part!r}. Expected {LEAST_FRAMES} frames or "
            "more, a number of pixels or a pair (height, width), 1 channel or 3, and part 'train' or 'test'."
        )
    return Wanted(frames, None if pair is None else tuple(pair), channels)


def _moving_digits(wanted):
    height, width = wanted.size or (SIZE, SIZE)
    if height != width:
        raise ValueError(f"Got size={wanted.size} for moving_digits. Expected a square field, such as 24.")
    digits, labels = digits_at_8_pixels()
    videos, numbers = moving_digits(digits, wanted.frames or FRAMES, height)
    return videos_from_arrays("moving_digits", videos, labels[numbers], wanted=wanted, origins=numbers)


def _read_npz(path, wanted, part):
    file = ArrayFile(path, _HINTS)
    videos, labels = file.labelled(_KEYS[part], f"for part={part!r}")
    return videos_from_arrays(path.name, videos, labels, file.label_names, wanted)
