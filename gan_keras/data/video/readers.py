"""Clips from arrays, films and folders of frames, converted to uint8 levels and to one shape."""

import collections
import concurrent.futures
import contextlib
import math
import pathlib
import re
from typing import NamedTuple

import numpy as np

from gan_keras.data.arrays import check_labels
from gan_keras.data.files import NUM_NAMED, check_broken, labels_of, visible
from gan_keras.data.image.files import SUFFIXES, UNREADABLE, read_picture
from gan_keras.data.image.readers import counts_of, fit_all, one_size, to_levels
from gan_keras.data.sample_set import is_split_by_time
from gan_keras.data.video.files import BROKEN, VIDEOS, Frame, frames_of, is_film
from gan_keras.data.video.videos import Videos, collect_videos

MAX_BYTES = 2**32
"""Maximum size of the clips in memory."""

MIN_FRAMES = 2

USUAL_FRAMES, MOST_FRAMES = 16, 32
"""Frames of clips that are cut from films, and of films that are clips as they are."""

USUAL_SIZE, MOST_PIXELS = (64, 64), 128
"""Size of films that are larger than so many pixels, not square, or of several sizes."""

_BLOCK_BYTES = 2**25


class ClipForm(NamedTuple):
    """Form that clips are converted to: number of frames, `(height, width)` and channels; None for the clips' own."""

    frames: int | None = None
    size: tuple[int, int] | None = None
    channels: int | None = None


_UNCHANGED = ClipForm()


def videos_from_arrays(name, videos, labels=None, label_names=None, wanted=_UNCHANGED, origins=None):
    """Makes `Videos` of an array in memory.

    Args:
        name: Name of the set in reports.
        videos: `(num, frames, height, width, 1 or 3)`, or `(num, frames, height, width)` for grey: levels or floats, as for
            images. Or a list of such films of any length, without the first axis, which are cut into clips.
        labels: An integer for each clip, `(num,)` or `(num, 1)`, or `None`.
        label_names: Names of labels 0, 1, ...; by default their numbers.
        wanted: A `ClipForm`.
        origins: A number for each clip, equal for clips of one object: see `Videos`.

    Raises:
        ValueError: Wrong shape, dtype or range; too few frames; labels that do not fit.
    """
    if not hasattr(videos, "shape"):
        return _videos_of_list(name, [np.asarray(film) for film in videos], labels, label_names, wanted)
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


def _videos_of_list(name, films, labels, label_names, form):
    films = [film[..., np.newaxis] if film.ndim == 3 else film for film in films]
    shapes = {film.shape[1:] for film in films}
    if len(shapes) != 1 or any(film.ndim != 4 or not film.size for film in films):
        raise ValueError(f"{name} holds films of the shapes {sorted(film.shape for film in films)}. Expected frames of one size.")
    levels, value_range = to_levels(name, np.concatenate(films))
    levels, enlarged = fit_all(levels, form.size, form.channels)
    lengths = [len(film) for film in films]
    kept = form.frames or _usual_length(lengths, are_films=True)
    check_lengths(name, {f"number {index}": length for index, length in enumerate(lengths)}, kept)
    clips, origins, report = _cut(np.split(levels, np.cumsum(lengths)[:-1]), kept)
    labelling = check_labels(name, labels, label_names, len(films), Videos.noun)
    report |= {"values": value_range, **({"enlarged": len(films)} if enlarged else {})}
    return _collected(name, clips, origins, labelling, report)


def _cut(films, kept):
    """Returns clips `(num, kept, height, width, channels)` of films, the film of each clip, and counts."""
    counts = [len(film) // kept for film in films]
    clips = [film[: num * kept].reshape(num, kept, *film.shape[1:]) for film, num in zip(films, counts, strict=True)]
    longer = sum(len(film) % kept > 0 and num > 0 for film, num in zip(films, counts, strict=True))
    report = {"ends" if max(counts) > 1 else "cut": longer}
    report |= {"recordings": sum(num > 1 for num in counts)} if max(counts) > 1 else {}
    return np.concatenate(clips), np.repeat(np.arange(len(films)), counts), report


def _collected(name, clips, origins, labelling, report):
    """Makes `Videos` of clips with the labels of their `origins`."""
    labels, names = labelling
    labels = None if labels is None else np.asarray(labels)[origins]
    if "recordings" not in report:
        return collect_videos(name, clips, (labels, names), report)
    report["neighbours"] = int(is_split_by_time(origins, labels))
    return collect_videos(name, clips, (labels, names), report, origins)


def _usual_length(lengths, are_films):
    """Frames of a clip: those of all, if equal and not many; otherwise the shortest film's, unless it is an exception."""
    usable = sorted(length for length in lengths if length >= MIN_FRAMES)
    if len(usable) < 2:
        return min(USUAL_FRAMES, sum(usable) // 2)  # two clips at least
    shortest, middle = usable[0], usable[len(usable) // 2]
    if shortest == usable[-1] and (shortest <= MOST_FRAMES or not are_films):
        return shortest
    return min(USUAL_FRAMES, shortest if 2 * shortest >= min(USUAL_FRAMES, middle) else middle)


def read_videos(path, form):
    """Reads clips into memory: films and folders of frames, `FOLDER/CLIP`, or `FOLDER/CLASS/CLIP` with labels.

    A film is a video file or an animation. A folder without folders holds the frames of a clip, `frame_2` before `frame_10`.
    A single film, or a folder of frames alone, is cut into clips, and so are films that are at least twice as long as a clip.
    If the `ClipForm` leaves the length open, that of all is kept or, if they differ, one that suits most; shorter films are
    left out. Films of several sizes, or of large ones, are resized if the form leaves the size open; frames in folders must
    have one size. A clip with an unreadable file is left out and counted. Other and hidden files are ignored, and counted.

    Raises:
        ImportError: A video file, and the extra `video` is not installed.
        ValueError: No clip, clips at several depths, clips shorter than asked for, frames of several sizes, too many corrupt
            clips, or more clips than fit into memory.
    """
    path = pathlib.Path(path)
    folder, sources, num_other = (path, *_list_clips(path)) if path.is_dir() else (path.parent, {path: None}, 0)
    names = {source: str(source.relative_to(folder)) if source != folder else source.name for source in sources}
    are_films = any(files is None for files in sources.values())
    report, size = {"other": num_other}, form.size
    if are_films and size is None:
        size, report["resized"] = _size_of_films([source for source, files in sources.items() if files is None])
    if not are_films:
        lengths = [len(files) for files in sources.values()]
        kept = form.frames or _usual_length(lengths, are_films)
        if form.frames:
            check_lengths(path, {names[source]: len(files) for source, files in sources.items()}, kept)
        _check_before_reading(
            path, next(filter(None, sources.values()), []), kept * sum(n // kept for n in lengths if kept), form
        )
    with concurrent.futures.ThreadPoolExecutor() as pool:
        read = dict(zip(sources, pool.map(lambda each: _read_film(*each, size, form.channels), sources.items()), strict=True))
    corrupt = [names[source] for source, found in read.items() if found is None or len(found[0]) < MIN_FRAMES]
    if corrupt and path.is_file():
        raise ValueError(
            f"{path} cannot be read as a film of {MIN_FRAMES} frames or more. Expected a video or an animation, or a folder of "
            f"frames, such as `mkdir {path.stem}; ffmpeg -i {path.name} {path.stem}/%04d.png` makes."
        )
    fault = "hold fewer than two frames, or a file that is none: convert films, such as with `ffmpeg -i CLIP.mp4 CLIP/%04d.png`"
    check_broken(path, corrupt, len(sources), Videos.noun, fault)
    read = {source: found for source, found in read.items() if names[source] not in corrupt}
    lengths = {names[source]: len(frames) for source, (frames, _, _) in read.items()}
    kept = form.frames or _usual_length(list(lengths.values()), are_films)
    if form.frames:
        check_lengths(path, lengths, kept)
    short = [name for name, length in lengths.items() if length < kept]
    read = {source: found for source, found in read.items() if len(found[0]) >= kept}
    one_size(path, [frame.shape[:2] for frames, _, _ in read.values() for frame in frames], "frames", "`--set size=24`")
    channels = form.channels or _channels_of([frames for frames, _, _ in read.values()], are_films)
    clips, origins, counts = _cut([np.stack(_fitted(frames, None, channels)) for frames, _, _ in read.values()], kept)
    rates = sorted({f"{rate:.3g}" for _, rate, _ in read.values() if rate})
    report |= {
        "corrupt": len(corrupt),
        "first_corrupt": corrupt[:NUM_NAMED],
        "short": len(short),
        "first_short": short[:NUM_NAMED],
    }
    report |= (
        counts
        | counts_of([repairs for _, _, repairs in read.values()])
        | ({"rates": rates[:NUM_NAMED]} if len(rates) > 1 else {})
    )
    labelling = (None, None) if folder in read else labels_of(folder, list(read))
    return _collected(path.resolve().name, clips, origins, labelling, report)


def _size_of_films(films):
    """Returns the size that films get, None for their own, and the number of films if they have to be resized."""
    sizes = set()
    for film in films:
        try:
            sizes.add(next(frames_of(film)).pixels.shape[:2])
        except BROKEN:  # counted when all is read
            continue
    is_one = len(sizes) < 2 and all(height == width <= MOST_PIXELS for height, width in sizes)
    return (None, 0) if is_one else (USUAL_SIZE, len(films))


def _check_before_reading(path, files, num, form):
    """Raises `ValueError` if `num` frames like the first of these files do not fit into memory."""
    with contextlib.suppress(*UNREADABLE, IndexError):
        pixels = read_picture(files[0]).pixels
    _check_fits_memory(path, num, (*(form.size or pixels.shape[:2]), form.channels or pixels.shape[2]))


def _read_film(source, files, size, channels):
    """Returns the frames of a film, uint8 arrays, its rate and its repairs; None if it cannot be read."""
    in_files = (Frame(found.pixels, repairs=found.repairs) for found in map(read_picture, files or ()))
    frames, block, rate, repairs = [], [], 0.0, frozenset()
    try:
        for frame in frames_of(source) if files is None else in_files:
            rate, repairs = frame.rate, repairs | frame.repairs
            block += [frame.pixels] * frame.times
            if size is not None and len(block) * frame.pixels.size >= _BLOCK_BYTES:
                frames, block = [*frames, *_fitted(block, size, channels)], []
            _check_fits_memory(source, len(frames) + len(block), (frames or block)[0].shape)
    except BROKEN as error:
        if isinstance(error, TooLarge):
            raise
        return None
    return [*frames, *_fitted(block, size, channels)], rate, repairs


def _fitted(frames, size, channels):
    """Frames, cropped, resized and converted, a list; None leaves them as they are."""
    if size is channels is None:
        return frames
    if len({frame.shape for frame in frames}) == 1:
        return list(fit_all(np.stack(frames), size, channels)[0])
    return [fit_all(frame[np.newaxis], size, channels)[0][0] for frame in frames]


def _channels_of(films, are_films):
    """Channels of all frames: 1 if all are grey; films hold grey frames as colour."""
    found = max(frame.shape[2] for frames in films for frame in frames)
    is_grey = are_films and not any(np.ptp(frame, axis=2).any() for frames in films for frame in frames)
    return 1 if is_grey else found


def natural_order(path):
    """Sort key that compares numbers in names by value: `frame_2` before `frame_10`."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", str(path))]


def _list_clips(folder):
    """Returns the files of each folder of frames by its path, None for a film, in natural order; and the number of others."""
    found, num_files = {}, 0
    for leaf in [folder, *(path for path in sorted(folder.rglob("*"), key=natural_order) if path.is_dir())]:
        if not visible(leaf.relative_to(folder)):
            continue
        children = _children(leaf)
        files = [path for path in children if path.is_file()]
        films = [path for path in files if is_film(path)]
        stills = [path for path in files if path.suffix.lower() in SUFFIXES and path not in films]
        num_files += len(files)
        if films:
            found |= dict.fromkeys(films)
        elif stills or len(files) == len(children) and leaf != folder:
            found[leaf] = stills
    used = sum(1 if files is None else len(files) for files in found.values())
    depths = collections.Counter(len(clip.relative_to(folder).parts) for clip in found)
    if not found or len(depths) > 1 or max(depths) > 2:
        named = ", ".join(f"{num} in depth {depth}" for depth, num in sorted(depths.items())) or "none"
        raise ValueError(
            f"{folder} holds clips: {named}. Expected all as {folder}/CLIP, or all as {folder}/CLASS/CLIP: folders of frames, "
            f"animations, or videos that end in {', '.join(VIDEOS)}."
        )
    return found, num_files - used


def _children(folder):
    return sorted((path for path in folder.iterdir() if visible(path.relative_to(folder))), key=natural_order)


class TooLarge(ValueError):
    """More frames than fit into memory."""


def _check_fits_memory(folder, num, frame_shape):
    """Raises `ValueError` if `num` frames of a shape exceed `MAX_BYTES`."""
    needed = num * math.prod(frame_shape)
    if needed > MAX_BYTES:
        raise TooLarge(
            f"The clips of {folder} take {needed:,} bytes. Expected at most {MAX_BYTES:,}, since they are held in memory: "
            "request fewer frames or smaller ones, such as `--set frames=16 --set size=48`."
        )
