"""`load_videos`: clips by the name of a data set, from a folder of folders of frames, or from arrays in a `.npz` file."""

import pathlib

from gan_keras.data.array_files import PARTS, TEST_KEYS, ArrayFile, Hints
from gan_keras.data.corpus import check_is_file
from gan_keras.data.moving_digits import FRAMES, SIZE, digits_at_8_pixels, moving_digits
from gan_keras.data.video_arrays import LEAST_FRAMES, Wanted, videos_from_arrays
from gan_keras.data.video_folders import read_video_folder

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
