"""`Videos`: what a data set of clips is, however it was read, and how it is split."""

import dataclasses
import hashlib

import numpy as np

from gan_keras.data.sample_set import SampleSet, hash_of, num_held_out, part_of, several_classes


@dataclasses.dataclass(frozen=True, eq=False)
class Videos(SampleSet):
    """Clips of one shape in memory, and what was met while they were read.

    Attributes:
        name: What the set is called in reports: a built-in name or the name of the file or folder.
        videos: uint8 array `(num, frames, height, width, channels)`.
        labels: int32 array `(num,)` of indices into `label_names`, or `None`.
        label_names: One `str` a class, or `None`.
        hashes: uint64 array `(num,)`: equal for equal clips.
        origins: uint64 array `(num,)`: equal for clips that show one thing, such as copies. They stay together in a split.
        report: Counts: `clips` and `duplicates` always; where they apply `cut` (clips that were longer), `enlarged`,
            `one_class`, and of folders `corrupt` and `first_corrupt`, at most five names.
    """

    name: str
    videos: np.ndarray
    labels: np.ndarray | None
    label_names: tuple[str, ...] | None
    hashes: np.ndarray
    origins: np.ndarray
    report: dict

    noun, by_sample = "clips", ("videos", "hashes", "origins")

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
        digest.update(self.label_bytes)
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
    hashes = np.array([hash_of(np.ascontiguousarray(video).data) for video in videos], np.uint64)
    labels, label_names, one_class = several_classes(labelling)
    counts = {"clips": len(videos), "duplicates": len(videos) - len(np.unique(hashes)), **report, **one_class}
    origins = hashes if origins is None else np.asarray(origins, np.uint64)
    return Videos(name, videos, labels, label_names, hashes, origins, counts)


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
    held_out = num_held_out(len(videos), held_out, videos.noun)
    origins, clips = np.unique(videos.origins, return_counts=True)
    order = np.random.default_rng(seed).permutation(len(origins))
    enough = 1 + int(np.searchsorted(np.cumsum(clips[order]), held_out))
    chosen = np.isin(videos.origins, origins[order[:enough]])
    if chosen.all():
        raise ValueError(f"All clips of {videos.name} are of one origin. Expected more different ones.")
    return part_of(videos, np.flatnonzero(~chosen), {}), part_of(videos, np.flatnonzero(chosen), {})


DESCRIPTIONS = {
    "corrupt": "{} corrupt skipped",
    "cut": "{} longer ones cut to their first frames",
    "enlarged": "{} enlarged",
    "one_class": "{} of one class, labels left out",
    "duplicates": "{} duplicates",
    "copies": "{} left out that were trained on",
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
