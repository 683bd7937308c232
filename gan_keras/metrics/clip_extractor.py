"""An extractor for clips: a small classifier in space and time, trained on the real clips alone.

A network that learned nothing but what is to be seen, such as a digit, could overlook how it moves. So it learns beside the
label how the clip moves: its frames in their order, the same frames shuffled, or one of them that stands still; without labels
the motion alone. Played backwards is no further choice: what flies and bounces looks as right backwards.

Reference: [Misra et al., 2016](https://arxiv.org/abs/1603.08561) (the order of frames).
"""

import keras
import numpy as np
from keras import layers

from gan_keras.metrics.extractor import Extractor, Kind, LabelTask

SHUFFLED, IN_ORDER, STOPPED = MOTIONS = range(3)


@keras.saving.register_keras_serializable(package="gan_keras")
class ClipExtractor(Extractor):
    """Convolutions from clips in [-1, 1], `(batch, frames, height, width, channels)`, to `{"features": ..., "logits": ...}`.

    Class `3 * label + motion` is a clip with that label whose frames are shuffled (0), in order (1), or all the same one (2).
    Arguments as of `Extractor`; every convolution halves frames, height and width but the first, which keeps the frames.
    """

    title, convolution, pooling = "clip_extractor", layers.Conv3D, layers.GlobalAveragePooling3D
    first_stride = (1, 2, 2)


class MotionTask:
    """Tell the label of a clip and how it moves: a third of the clips of a batch are shuffled, a third are stopped.

    Args:
        clips: `(num, frames, height, width, channels)`.
        labels: Integers from 0, `(num,)`; None for no labels.
    """

    def __init__(self, clips, labels=None):
        if clips.ndim != 5:
            raise ValueError(f"Got clips of shape {clips.shape}. Expected (num, frames, height, width, channels).")
        self.images, self.frames = clips, clips.shape[1]
        labelled = None if labels is None else LabelTask(clips, labels)
        self.labels = np.zeros(len(clips), np.int64) if labels is None else labelled.labels
        self.num_classes = len(MOTIONS) * (1 if labels is None else labelled.num_classes)

    def batch(self, rows, generator):
        motions = generator.integers(len(MOTIONS), size=len(rows))
        shown = np.tile(np.arange(self.frames), (len(rows), 1))
        shown[motions == SHUFFLED] = generator.permuted(shown[motions == SHUFFLED], axis=1)
        shown[motions == STOPPED] = generator.integers(self.frames, size=(np.sum(motions == STOPPED), 1))
        return self.images[rows[:, None], shown], len(MOTIONS) * self.labels[rows] + motions


CLIPS = Kind(ClipExtractor, MotionTask)
"""For `train_extractor`."""


def named(logits):
    """The label that logits of a `ClipExtractor` name for each clip, and whether it moves as real clips do: a pair of arrays."""
    best = np.argmax(logits, axis=1)
    return best // len(MOTIONS), best % len(MOTIONS) == IN_ORDER


# --- How much clips move: statistics that need no network, and how far those of generated clips are from real ones.


def frame_differences(videos):
    """Mean absolute difference of a pixel from one frame to the next, a number for each clip.

    Args:
        videos: Numbers in [0, 1], `(num, frames, height, width, channels)`, at least 2 frames.

    Returns:
        float64 `(num,)` in [0, 1]; 0 for a clip that stands still.

    Raises:
        ValueError: If the clips have another shape.
    """
    videos = _checked(videos)
    return np.abs(np.diff(videos, axis=1)).mean(axis=(1, 2, 3, 4))


def centre_speeds(videos):
    """Mean speed of the centre of brightness, in pixels a frame, a number for each clip; arguments as of `frame_differences`.

    It is the speed of a bright thing on a dark ground. The centre of a black frame is the middle of the picture.
    """
    brightness = _checked(videos).sum(axis=-1)
    steps = np.diff(np.stack([_centres(brightness, axis) for axis in (2, 3)], axis=-1), axis=1)
    return np.linalg.norm(steps, axis=-1).mean(axis=1)


def _centres(brightness, axis):
    """The centre of each frame along one axis, `(num, frames)`."""
    size = brightness.shape[axis]
    profile = brightness.sum(axis=5 - axis) + 1e-9
    return (profile * np.arange(size)).sum(axis=-1) / profile.sum(axis=-1)


def distance_between(numbers, others):
    """Wasserstein distance of two sets of numbers: how far a number of the one has to go to become one of the other.

    Args:
        numbers: `(num,)`, at least one.
        others: The same, as many or another number of them.

    Returns:
        float, >= 0, in the unit of the numbers.
    """
    numbers, others = np.sort(np.asarray(numbers, np.float64)), np.sort(np.asarray(others, np.float64))
    places = np.sort(np.concatenate([numbers, others]))
    below, others_below = (np.searchsorted(each, places[:-1], side="right") / len(each) for each in (numbers, others))
    return float(np.sum(np.abs(below - others_below) * np.diff(places)))


def _checked(videos):
    videos = np.asarray(videos, np.float64)
    if videos.ndim != 5 or videos.shape[1] < 2:
        raise ValueError(f"Got clips of shape {videos.shape}. Expected (num, frames, height, width, channels), 2 frames or more.")
    return videos
