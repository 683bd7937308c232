"""Clips from arrays and from folders of frames, converted to uint8 levels and to one shape."""

import collections
import concurrent.futures
import math
import pathlib
import re
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from gan_keras.data.arrays import check_labels
from gan_keras.data.files import NUM_NAMED, check_broken, labels_of, visible
from gan_keras.data.image.readers import NUM_SIZES, SUFFIXES, fit_all, one_size, to_levels
from gan_keras.data.video.videos import Videos, collect_videos

MAX_BYTES = 2**32
"""Maximum size of the clips in memory."""

MIN_FRAMES = 2


class ClipForm(NamedTuple):
    """Form that clips are converted to: their first frames, all for None; `(height, width)` and channels, unchanged for None."""

    frames: int | None = None
    size: tuple[int, int] | None = None
    channels: int | None = None


_UNCHANGED = ClipForm()


def videos_from_arrays(name, videos, labels=None, label_names=None, wanted=_UNCHANGED, origins=None):
    """Makes `Videos` of an array in memory.

    Args:
        name: Name of the set in reports.
        videos: `(num, frames, height, width, 1 or 3)`, or `(num, frames, height, width)` for grey: uint8 levels, or floats in
            [0, 1] or [-1, 1] (if one is below 0).
        labels: An integer for each clip, `(num,)` or `(num, 1)`, or `None`.
        label_names: Names of labels 0, 1, ...; by default their numbers.
        wanted: A `ClipForm`.
        origins: A number for each clip, equal for clips of one object: see `Videos`.

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
    labelling = check_labels(name, labels, label_names, num, Videos.noun)
    levels, enlarged = fit_all(levels, wanted.size, wanted.channels)
    report = {"values": value_range, **({"cut": num} if kept < length else {}), **({"enlarged": num} if enlarged else {})}
    return collect_videos(name, levels.reshape(num, kept, *levels.shape[1:]), labelling, report, origins)


def check_lengths(name, lengths, kept):
    """Raises `ValueError` unless at least 2 frames are `kept`, and every clip has them; `lengths` holds frames by clip."""
    short = [clip for clip, length in lengths.items() if length < kept]
    if kept < MIN_FRAMES:
        raise ValueError(f"{name}: clips of {kept} frames. Expected at least {MIN_FRAMES}: a single frame is an image.")
    if short:
        shortest = min(short, key=lengths.get)
        enough = lengths[shortest] >= MIN_FRAMES
        raise ValueError(
            f"{len(short)} of the {len(lengths)} clips of {name} have fewer than {kept} frames, the shortest is {shortest} with "
            f"{lengths[shortest]}. Expected {kept} of each: remove them"
            + (f", or ask for fewer, `--set frames={lengths[shortest]}`." if enough else ".")
        )


def read_video_folder(path, form):
    """Reads a folder of clips into memory: `FOLDER/CLIP/frame_1.png`, or `FOLDER/CLASS/CLIP/frame_1.png` with labels.

    A folder without folders is a clip; its PNG and JPEG files are its frames, `frame_2` before `frame_10`. Longer clips are
    cut to their first frames. A clip with an unreadable file is left out and counted. Other and hidden files are ignored. If
    the `ClipForm` leaves lengths or sizes open, all must be equal; without channels, clips become coloured if any frame is.

    Raises:
        ValueError: No clip, clips at several depths, clips that are too short, lengths or sizes that differ, more than 1 %
            corrupt clips, or more clips than fit into memory.
    """
    folder = pathlib.Path(path)
    clips = _list_clips(folder)
    names = {clip: str(clip.relative_to(folder)) for clip in clips}
    kept = form.frames or _common_length(folder, clips)
    check_lengths(folder, {names[clip]: len(files) for clip, files in clips.items()}, kept)
    if first := _read_clip(next(iter(clips.values()))[:1], form):  # before reading all
        _check_fits_memory(folder, kept * len(clips), first[0].shape)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        read = list(pool.map(lambda files: _read_clip(files[:kept], form), clips.values()))
    corrupt = [names[clip] for clip, frames in zip(clips, read, strict=True) if frames is None]
    check_broken(folder, corrupt, len(clips), Videos.noun, "hold a file that is no image")
    readable = {clip: frames for clip, frames in zip(clips, read, strict=True) if frames is not None}
    videos = _stacked(folder, readable, form)
    cut = sum(len(clips[clip]) > kept for clip in readable)
    report = {"corrupt": len(corrupt), "first_corrupt": corrupt[:NUM_NAMED], "cut": cut}
    return collect_videos(folder.resolve().name, videos, labels_of(folder, list(readable)), report)


def natural_order(path):
    """Sort key that compares numbers in names by value: `frame_2` before `frame_10`."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", str(path))]


def _list_clips(folder):
    """Returns the files of each clip by the path of its folder, both in natural order."""
    if loose := _frames_of(folder):
        raise ValueError(f"{folder} holds {len(loose)} images itself. Expected a folder of frames for each clip in it.")
    clips = {clip: _frames_of(clip) for clip in _leaves(folder) if clip != folder}
    depths = collections.Counter(len(clip.relative_to(folder).parts) for clip in clips)
    if not clips or len(depths) > 1 or max(depths) > 2:
        found = ", ".join(f"{num} in depth {depth}" for depth, num in sorted(depths.items())) or "none"
        raise ValueError(f"{folder} holds clips: {found}. Expected all as {folder}/CLIP, or all as {folder}/CLASS/CLIP.")
    return clips


def _children(folder):
    return sorted((path for path in folder.iterdir() if visible(path.relative_to(folder))), key=natural_order)


def _leaves(folder):
    """Returns the folders without sub-folders."""
    folders = [path for path in _children(folder) if path.is_dir()]
    return [leaf for each in folders for leaf in _leaves(each)] if folders else [folder]


def _frames_of(clip):
    return [path for path in _children(clip) if path.suffix.lower() in SUFFIXES]


def _common_length(folder, clips):
    lengths = collections.Counter(map(len, clips.values()))
    if len(lengths) > 1:
        named = ", ".join(f"{length} frames ({num})" for length, num in lengths.most_common(NUM_SIZES))
        few = [str(clip.relative_to(folder)) for clip, files in clips.items() if len(files) < MIN_FRAMES]
        kept = f"say how many frames of each are kept from its start, such as `--set frames={min(lengths)}`"
        fix = f"remove {', '.join(few[:NUM_NAMED])}, of fewer than {MIN_FRAMES} frames" if few else kept
        raise ValueError(f"The clips of {folder} have {len(lengths)} lengths, most often {named}. Expected one: {fix}.")
    return next(iter(lengths))


def _read_clip(files, form):
    """Returns the frames of a clip, uint8 arrays; None if one cannot be read."""
    try:
        frames = [tf.io.decode_png(path.read_bytes()).numpy() for path in files]
    except tf.errors.InvalidArgumentError:
        return None
    frames = [frame[..., :1] if frame.shape[2] < 3 else frame[..., :3] for frame in frames]  # without transparency
    return frames if form.size is None else [fit_all(frame[None], form.size, form.channels)[0][0] for frame in frames]


def _stacked(folder, clips, form):
    """Returns all clips as one array, uint8 `(num, frames, height, width, channels)`."""
    frames = [frame for clip in clips.values() for frame in clip]
    size = one_size(folder, [frame.shape[:2] for frame in frames], "frames", "`--set size=24`")
    channels = form.channels or max(frame.shape[2] for frame in frames)
    _check_fits_memory(folder, len(frames), (*size, channels))
    fitted = [fit_all(frame[None], form.size, channels)[0][0] for frame in frames]
    return np.stack(fitted).reshape(len(clips), -1, *fitted[0].shape)


def _check_fits_memory(folder, num, frame_shape):
    """Raises `ValueError` if `num` frames of a shape exceed `MAX_BYTES`."""
    needed = num * math.prod(frame_shape)
    if needed > MAX_BYTES:
        raise ValueError(
            f"The clips of {folder} take {needed:,} bytes. Expected at most {MAX_BYTES:,}, since they are held in memory: "
            "request fewer frames or smaller ones, such as `--set frames=16 --set size=48`."
        )
