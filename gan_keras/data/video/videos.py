"""`Videos`: a data set of clips, its split, its description and its batches."""

import dataclasses
import hashlib

import numpy as np

from gan_keras.data.arrays import array_batches
from gan_keras.data.image.files import REPAIRS
from gan_keras.data.sample_set import (
    SampleSet,
    collect,
    description,
    hash_of,
    num_classes,
    split_by_origin,
    texts_of_samples,
)
from gan_keras.media.clips import clip_grid, encode_gif
from gan_keras.media.images import picture_html


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Videos(SampleSet):
    """Clips of one shape, in memory; see `SampleSet` for the other attributes.

    Attributes:
        videos: uint8 array `(num, frames, height, width, channels)`.
        origins: uint64 array `(num,)`: equal for clips of one object, such as copies. A split keeps them together.
        report: Counts: always `clips` and `duplicates`; where they apply `recordings` (films cut into clips), `ends` (of films,
            left out), `cut` (clips that were longer), `short` (left out), `resized`, `rates`, `enlarged` and `one_class`; for
            folders `corrupt` and `first_corrupt`, at most five names, `other` files, and repairs of frames, by clips.
    """

    name: str
    videos: np.ndarray
    labels: np.ndarray | None
    label_names: tuple[str, ...] | None
    hashes: np.ndarray
    origins: np.ndarray
    report: dict

    noun, by_sample = "clips", ("videos", "hashes", "origins")

    def describe(self):
        return describe_videos(self)

    def thumbnails(self, num):
        """Returns at most `num` moving clips as HTML."""
        return picture_html(None, "gif", encode_gif(clip_grid(self.videos[:num], num)))

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
    """Makes `Videos` of a uint8 array; see `sample_set.collect`. Without `origins`, only copies share one."""
    hashes = np.array([hash_of(np.ascontiguousarray(video).data) for video in videos], np.uint64)
    origins = hashes if origins is None else np.asarray(origins, np.uint64)
    return collect(Videos, name, videos, labelling, hashes, report, origins=origins)


def split_videos(videos, held_out=None, seed=0):
    """Splits clips at random, so that no training clip shows the same object as a held-out one: see `split_by_origin`."""
    return split_by_origin(videos, held_out, seed)


TEXTS = {
    "values": "values {}",
    "recordings": "films cut into clips: {}",
    "neighbours": "too few to hold whole ones out: the last clips of each are held out, next to what is trained on",
    "ends": "ends shorter than a clip left out: {}",
    "resized": "{} films cropped and resized",
    "rates": "several frame rates: {} per second",
    "short": "{} too short, left out",
    "first_short": "such as {}",
    "corrupt": "{} corrupt skipped",
    "other": "{} other files skipped",
    **REPAIRS,
    "cut": "{} longer ones cut to their first frames",
    "enlarged": "{} enlarged",
    **texts_of_samples(Videos.noun),
}


def describe_videos(videos):
    """One line for logs: `moving_digits: 3,594 clips of 12 frames of 16 x 16 x 1, 10 classes, 0 duplicates`."""
    frames, *image_shape = videos.video_shape
    facts = [f"{len(videos):,} clips of {frames} frames of {' x '.join(map(str, image_shape))}", *num_classes(videos)]
    texts = {key: text for key, text in TEXTS.items() if videos.report.get(key) != "0 to 255"}
    return description(videos, facts, texts, ("first_corrupt", "first corrupt clips"))


def video_batches(videos, batch_size=64, seed=0):
    """One epoch of full batches of uint8 clips in random order; the remaining clips come in other epochs.

    Args:
        videos: `Videos`.
        batch_size: Clips per batch, >= 1.
        seed: Seed of the order, which changes from epoch to epoch.

    Returns:
        A `tf.data.Dataset` of uint8 `(batch, frames, height, width, channels)`, or of pairs with int32 labels `(batch,)`.
    """
    columns = [videos.videos] + ([] if videos.labels is None else [videos.labels])
    return array_batches(columns, batch_size, seed).take(len(videos) // batch_size)
