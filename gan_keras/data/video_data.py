"""`Videos`: what a data set of clips is, however it was read, and how it is split."""

import dataclasses
import hashlib

import numpy as np

from gan_keras.data.image_data import hash_of


@dataclasses.dataclass(frozen=True, eq=False)
class Videos:
    """Clips of one shape in memory, and what was met while they were read.

    Attributes:
        name: What the set is called in reports: a built-in name or the name of the file or folder.
        videos: uint8 array `(num, frames, height, width, channels)`.
        labels: int32 array `(num,)` of indices into `label_names`, or `None`.
        label_names: One `str` a class, or `None`.
        origins: uint64 array `(num,)`: equal for clips that show one thing, such as copies. They stay together in a split.
        report: Counts: `clips` and `duplicates` always; where they apply `cut` (clips that were longer), `enlarged`,
            `one_class`, and of folders `corrupt` and `first_corrupt`, at most five names.
    """

    name: str
    videos: np.ndarray
    labels: np.ndarray | None
    label_names: tuple[str, ...] | None
    origins: np.ndarray
    report: dict

    def __len__(self):
        return len(self.videos)

    @property
    def video_shape(self):
        """`(frames, height, width, channels)` of every clip."""
        return tuple(self.videos.shape[1:])

    @property
    def fingerprint(self):
        """SHA-256 of clips, shape and labels, 64 hexadecimal digits: equal if and only if the data are."""
        digest = hashlib.sha256(repr(self.videos.shape).encode())
        digest.update(np.ascontiguousarray(self.videos).data)
        if self.labels is not None:
            digest.update(self.labels.tobytes() + "\n".join(self.label_names).encode())
        return digest.hexdigest()


def collect_videos(name, videos, labelling, report, origins=None):
    """Makes `Videos` and counts them and their duplicates.

    Args:
        name: Its name in reports.
        videos: uint8 `(num, frames, height, width, channels)`.
        labelling: The pair of labels and label names; labels that name one class alone are left out, and counted.
        report: Further counts.
        origins: A number for each clip, equal for clips of one thing; None where only copies are.

    Raises:
        ValueError: If there are fewer than two clips.
    """
    if len(videos) < 2:
        raise ValueError(f"{name} holds {len(videos)} clips. Expected at least 2.")
    hashes = hashes_of(videos)
    labels, label_names = labelling
    counts = {"clips": len(videos), "duplicates": len(videos) - len(np.unique(hashes)), **report}
    if labels is not None and len(np.unique(labels)) == 1:
        counts["one_class"], labels, label_names = len(videos), None, None
    if labels is not None:
        labels, label_names = np.asarray(labels, np.int32), tuple(label_names)
    origins = hashes if origins is None else np.asarray(origins, np.uint64)
    return Videos(name, videos, labels, label_names, origins, counts)


def hashes_of(videos):
    """A number for each clip of an array, equal for equal clips: uint64 `(num,)`."""
    return np.array([hash_of(np.ascontiguousarray(video).data) for video in videos], np.uint64)


def split_videos(videos, held_out=None, seed=0):
    """Splits clips at random, so that no training clip shows what a held-out one shows.

    Args:
        videos: `Videos`.
        held_out: Number of clips to hold out, at least 1: a few more where clips of one origin stay together. By default
            10 %, at most 10,000.
        seed: The same seed splits the same clips alike, int >= 0.

    Returns:
        Training and held-out `Videos`, each in the order they came in.

    Raises:
        ValueError: `held_out` is below 1, or nothing is left to train on.
    """
    num = len(videos)
    held_out = max(1, min(10_000, num // 10)) if held_out is None else held_out
    if not 1 <= held_out < num:
        raise ValueError(f"Got held_out={held_out} for {num} clips. Expected 1 to {num - 1}.")
    origins, clips = np.unique(videos.origins, return_counts=True)
    order = np.random.default_rng(seed).permutation(len(origins))
    enough = 1 + int(np.searchsorted(np.cumsum(clips[order]), held_out))
    chosen = np.isin(videos.origins, origins[order[:enough]])
    if chosen.all():
        raise ValueError(f"All clips of {videos.name} are of one origin. Expected more different ones.")
    return some_videos(videos, np.flatnonzero(~chosen)), some_videos(videos, np.flatnonzero(chosen))


def some_videos(videos, rows):
    """The clips of these rows; their report counts them alone."""
    labels = None if videos.labels is None else videos.labels[rows]
    part = {"videos": videos.videos[rows], "labels": labels, "origins": videos.origins[rows]}
    return dataclasses.replace(videos, **part, report={"clips": len(rows)})


def with_clip_labels(videos, label_names):
    """Clips whose labels are numbered by other names; labels are left out where `label_names` is None.

    Raises:
        ValueError: If the clips have a class that is not among the names, or no labels where names are expected.
    """
    if label_names is None:
        return dataclasses.replace(videos, labels=None, label_names=None)
    strange = [] if videos.labels is None else sorted(set(videos.label_names) - set(label_names))
    if videos.labels is None or strange:
        found = f"the classes {', '.join(strange[:5])}" if strange else "no labels"
        raise ValueError(f"{videos.name} has {found}. Expected clips of the classes {', '.join(label_names[:10])}.")
    numbers = np.array([label_names.index(name) for name in videos.label_names], np.int32)
    return dataclasses.replace(videos, labels=numbers[videos.labels], label_names=tuple(label_names))


def without_known(videos, others):
    """The clips that are not among the others, counted as `known` where some are.

    Raises:
        ValueError: If none is left.
    """
    rows = np.flatnonzero(~np.isin(hashes_of(videos.videos), hashes_of(others.videos)))
    if not len(rows):
        raise ValueError(f"All clips of {videos.name} are clips that were trained on. Expected others.")
    if len(rows) == len(videos):
        return videos
    part = some_videos(videos, rows)
    return dataclasses.replace(part, report={**part.report, "known": len(videos) - len(rows)})


DESCRIPTIONS = {
    "corrupt": "{} corrupt skipped",
    "cut": "{} longer ones cut to their first frames",
    "enlarged": "{} enlarged",
    "one_class": "{} of one class, labels left out",
    "duplicates": "{} duplicates",
    "known": "{} left out that were trained on",
}


def describe_videos(videos):
    """One line for a log: `moving_digits: 3,594 clips of 12 frames of 16 x 16 x 1, 10 classes, 0 duplicates`."""
    frames, *image_shape = videos.video_shape
    parts = [f"{len(videos):,} clips of {frames} frames of {' x '.join(map(str, image_shape))}"]
    parts += [] if videos.labels is None else [f"{len(videos.label_names):,} classes"]
    parts += [text.format(f"{videos.report[key]:,}") for key, text in DESCRIPTIONS.items() if key in videos.report]
    line = f"{videos.name}: {', '.join(parts)}"
    names = videos.report.get("first_corrupt")
    return line + f" (first corrupt clips: {', '.join(names)})" if names else line
