"""Arrays of clips and labels: checked, brought to uint8 levels and to one shape."""

import collections
import concurrent.futures
import math
import pathlib
import re
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from gan_keras.data.class_folders import NAMED_FILES, check_mostly_sound, labels_of
from gan_keras.data.image.arrays import check_labels, to_levels
from gan_keras.data.image.folders import NAMED_SIZES, SUFFIXES
from gan_keras.data.video.videos import collect_videos
from gan_keras.media.images import fit_levels

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


# --- Folders of clips, each a folder of frames: PNG and JPEG files in the order of the numbers in their names.

MOST_BYTES = 2**32  # of the clips in memory


def read_video_folder(path, wanted):
    """Reads a folder of clips into memory: `FOLDER/CLIP/frame_1.png`, or `FOLDER/CLASS/CLIP/frame_1.png` with labels.

    A folder without folders is a clip; its files are its frames, `frame_2` before `frame_10`. Of longer clips the first frames
    are kept. A clip with a file that cannot be read is left out and counted. Hidden files are passed over, and files of other
    endings.

    Args:
        path: The folder.
        wanted: A `Wanted`; `frames=None` if all clips have one length already, `size=None` if all frames have one size,
            `channels=None` for colour if any frame is coloured.

    Returns:
        `Videos`.

    Raises:
        ValueError: No clip, clips in several depths, clips shorter than asked, lengths or sizes that differ, more than 1 %
            corrupt clips, or more clips than fit into memory.
    """
    folder = pathlib.Path(path)
    clips = _list_clips(folder)
    names = {clip: str(clip.relative_to(folder)) for clip in clips}
    kept = wanted.frames or _common_length(folder, clips)
    check_lengths(folder, {names[clip]: len(files) for clip, files in clips.items()}, kept)
    if first := _read_clip(next(iter(clips.values()))[:1], wanted):  # before all are in memory, not after
        _check_fits_memory(folder, kept * len(clips), first[0].shape)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        read = list(pool.map(lambda files: _read_clip(files[:kept], wanted), clips.values()))
    corrupt = [names[clip] for clip, frames in zip(clips, read, strict=True) if frames is None]
    check_mostly_sound(folder, corrupt, len(clips), "clips", "hold a file that is no image")
    sound = {clip: frames for clip, frames in zip(clips, read, strict=True) if frames is not None}
    videos = _stacked(folder, sound, wanted)
    cut = sum(len(clips[clip]) > kept for clip in sound)
    report = {"corrupt": len(corrupt), "first_corrupt": corrupt[:NAMED_FILES], "cut": cut}
    return collect_videos(folder.resolve().name, videos, labels_of(folder, list(sound)), report)


def natural_order(path):
    """A key that sorts names by the numbers in them: `frame_2` before `frame_10`."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", str(path))]


def _list_clips(folder):
    """The files of each clip, both in their natural order, by the path of its folder."""
    loose = [path for path in _children(folder) if path.suffix.lower() in SUFFIXES]
    if loose:
        raise ValueError(f"{folder} holds {len(loose)} images itself. Expected a folder of frames for each clip in it.")
    clips = {clip: _frames_of(clip) for clip in _leaves(folder) if clip != folder}
    depths = collections.Counter(len(clip.relative_to(folder).parts) for clip in clips)
    if not clips or len(depths) > 1 or max(depths) > 2:
        found = ", ".join(f"{num} in depth {depth}" for depth, num in sorted(depths.items())) or "none"
        raise ValueError(f"{folder} holds clips: {found}. Expected all as {folder}/CLIP, or all as {folder}/CLASS/CLIP.")
    return clips


def _children(folder):
    return sorted((path for path in folder.iterdir() if not path.name.startswith((".", "__MACOSX"))), key=natural_order)


def _leaves(folder):
    """Folders without folders."""
    folders = [path for path in _children(folder) if path.is_dir()]
    return [leaf for each in folders for leaf in _leaves(each)] if folders else [folder]


def _frames_of(clip):
    return [path for path in _children(clip) if path.suffix.lower() in SUFFIXES]


def _common_length(folder, clips):
    lengths = collections.Counter(map(len, clips.values()))
    if len(lengths) > 1:
        named = ", ".join(f"{length} frames ({num})" for length, num in lengths.most_common(NAMED_SIZES))
        few = [str(clip.relative_to(folder)) for clip, files in clips.items() if len(files) < LEAST_FRAMES]
        kept = f"say how many frames of each are kept from its start, such as `--set frames={min(lengths)}`"
        fix = f"remove {', '.join(few[:NAMED_FILES])}, of fewer than {LEAST_FRAMES} frames" if few else kept
        raise ValueError(f"The clips of {folder} have {len(lengths)} lengths, most often {named}. Expected one: {fix}.")
    return next(iter(lengths))


def _read_clip(files, wanted):
    """The frames of a clip, uint8 arrays; None if one cannot be read."""
    try:
        frames = [tf.io.decode_png(path.read_bytes()).numpy() for path in files]
    except tf.errors.InvalidArgumentError:
        return None
    frames = [frame[..., :1] if frame.shape[2] < 3 else frame[..., :3] for frame in frames]  # without transparency
    return frames if wanted.size is None else [fit_frames(frame[None], wanted)[0][0] for frame in frames]


def _stacked(folder, clips, wanted):
    """All clips as one array, uint8 `(num, frames, height, width, channels)`."""
    frames = [frame for clip in clips.values() for frame in clip]
    sizes = collections.Counter(frame.shape[:2] for frame in frames)
    if len(sizes) > 1:
        named = ", ".join(f"{height} x {width} ({num})" for (height, width), num in sizes.most_common(NAMED_SIZES))
        raise ValueError(
            f"The frames of {folder} have {len(sizes)} sizes, most often {named}. Expected one: give the size that they are to "
            "be cropped and resized to, such as `--set size=24`."
        )
    channels = wanted.channels or max(frame.shape[2] for frame in frames)
    _check_fits_memory(folder, len(frames), (*frames[0].shape[:2], channels))
    fitted = [fit_frames(frame[None], wanted._replace(channels=channels))[0][0] for frame in frames]
    return np.stack(fitted).reshape(len(clips), -1, *fitted[0].shape)


def _check_fits_memory(folder, num, frame_shape):
    """Raises `ValueError` if so many frames of a shape are too many."""
    needed = num * math.prod(frame_shape)
    if needed > MOST_BYTES:
        raise ValueError(
            f"The clips of {folder} take {needed:,} bytes. Expected at most {MOST_BYTES:,}, for they are held in memory: ask for "
            "fewer frames or smaller ones, such as `--set frames=16 --set size=48`."
        )
