"""An extractor for clips: a small classifier in space and time, trained on the real clips alone.

A network that learned nothing but what is to be seen, such as a digit, could overlook how it moves. So it learns beside the
label whether the frames come in their order or were shuffled; without labels the order alone. Played backwards is no third
choice: what flies and bounces looks as right backwards. Frames that are all alike may pass for frames in order, so how much
clips move is measured apart, in `metrics.motion`.

Reference: [Misra et al., 2016](https://arxiv.org/abs/1603.08561) (the order of frames).
"""

import keras
import numpy as np
from keras import layers

from gan_keras.metrics.extractor import Extractor, Kind
from gan_keras.metrics.extractor_tasks import LabelTask

ORDERS = 2  # shuffled, in order


@keras.saving.register_keras_serializable(package="gan_keras")
class ClipExtractor(Extractor):
    """Convolutions from clips in [-1, 1], `(batch, frames, height, width, channels)`, to `{"features": ..., "logits": ...}`.

    Class `2 * label + 1` is a clip with that label whose frames are in order, class `2 * label` one whose frames are not.
    Arguments as of `Extractor`; every convolution halves frames, height and width but the first, which keeps the frames.
    """

    title, convolution, pooling = "clip_extractor", layers.Conv3D, layers.GlobalAveragePooling3D
    first_stride = (1, 2, 2)


class OrderTask:
    """Tell the label of a clip and whether its frames are in order; half of the clips of a batch are shuffled.

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
        self.num_classes = ORDERS * (1 if labels is None else labelled.num_classes)

    def batch(self, rows, generator):
        in_order = generator.integers(ORDERS, size=len(rows))
        orders = np.tile(np.arange(self.frames), (len(rows), 1))
        orders[in_order == 0] = generator.permuted(orders[in_order == 0], axis=1)
        return self.images[rows[:, None], orders], ORDERS * self.labels[rows] + in_order


CLIPS = Kind(ClipExtractor, OrderTask)
"""For `train_extractor`."""


def named(logits):
    """The label that logits of a `ClipExtractor` name for each clip, and whether its frames are in order: a pair of arrays."""
    best = np.argmax(logits, axis=1)
    return best // ORDERS, best % ORDERS == 1
