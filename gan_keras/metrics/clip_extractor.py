"""An extractor for clips, and how much clips move.

The extractor is a small classifier in space and time, trained on the real clips alone. A network that only learns what a clip
shows, such as a digit, could ignore motion. So besides the label it learns the motion: frames in order, shuffled, or one frame
standing still. Without labels it learns the motion alone. Reversed clips are not a class: flying and bouncing look just as real
backwards.

Reference: [Misra et al., 2016](https://arxiv.org/abs/1603.08561) (the order of frames).
"""

import keras
import numpy as np
from keras import layers

from gan_keras.metrics.extractor import Extractor, Kind, LabelTask

SHUFFLED, IN_ORDER, STOPPED = MOTIONS = range(3)


@keras.saving.register_keras_serializable(package="gan_keras")
class ClipExtractor(Extractor):
    """Convolutional network from clips in [-1, 1], `(batch, frames, height, width, channels)`, to features and logits.

    Class `3 * label + motion` is a clip with that label whose frames are shuffled (0), in order (1), or all the same (2). Takes
    the arguments of `Extractor`. Each convolution halves frames, height and width, except that the first keeps the frames.
    """

    title, convolution, pooling = "clip_extractor", layers.Conv3D, layers.GlobalAveragePooling3D
    first_stride = (1, 2, 2)


class MotionTask:
    """Pretext task of a `ClipExtractor`: predict label and motion. On average a third of a batch is shuffled, a third stopped.

    Args:
        clips: `(num, frames, height, width, channels)`.
        labels: Integers from 0, `(num,)`; None without labels.
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
"""Kind of samples for `train_extractor`: clips."""


def classify_clips(logits):
    """Returns the label of each clip and whether its frames are in order, two arrays, from the logits of a `ClipExtractor`."""
    best = np.argmax(logits, axis=1)
    return best // len(MOTIONS), best % len(MOTIONS) == IN_ORDER


def frame_differences(videos):
    """Mean absolute pixel difference between successive frames of each clip, float64 `(num,)` in [0, 1].

    Args:
        videos: Numbers in [0, 1], `(num, frames, height, width, channels)`, at least 2 frames.

    Raises:
        ValueError: If the shape differs.
    """
    return np.abs(np.diff(_as_videos(videos), axis=1)).mean(axis=(1, 2, 3, 4))


def centre_speeds(videos):
    """Mean speed of the centre of brightness in pixels per frame, one number per clip. Takes and raises like `frame_differences`.

    It is the speed of a bright object on a dark background. The centre of a black frame is the middle of the picture.
    """
    brightness = _as_videos(videos).sum(axis=-1)
    steps = np.diff(np.stack([_centres(brightness, axis) for axis in (2, 3)], axis=-1), axis=1)
    return np.linalg.norm(steps, axis=-1).mean(axis=1)


def _centres(brightness, axis):
    """Centre of each frame along one axis, `(num, frames)`."""
    size = brightness.shape[axis]
    profile = brightness.sum(axis=5 - axis) + 1e-9
    return (profile * np.arange(size)).sum(axis=-1) / profile.sum(axis=-1)


def _as_videos(videos):
    videos = np.asarray(videos, np.float64)
    if videos.ndim != 5 or videos.shape[1] < 2:
        raise ValueError(f"Got clips of shape {videos.shape}. Expected (num, frames, height, width, channels), 2 frames or more.")
    return videos
