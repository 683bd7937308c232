"""What an extractor learns: a task hands out samples with what there is to be told of them."""

import numpy as np


class LabelTask:
    """Tell the label of an image.

    Args:
        images: `(num, height, width, channels)`.
        labels: Integers from 0, `(num,)`.
    """

    def __init__(self, images, labels):
        labels = np.asarray(labels)
        if labels.shape != (len(images),) or labels.dtype.kind not in "iu" or labels.min() < 0 or labels.max() < 1:
            raise ValueError(
                f"Got labels of shape {labels.shape} and type {labels.dtype} for {len(images)} images. "
                "Expected one integer for each image, 0 or more, of at least two classes."
            )
        self.images, self.labels, self.num_classes = images, labels, int(labels.max()) + 1

    def batch(self, rows, generator):
        return self.images[rows], self.labels[rows]


class RotationTask:
    """Tell by how many quarters, 0 to 3, a square image was turned.

    Args:
        images: `(num, size, size, channels)`.
    """

    num_classes = 4

    def __init__(self, images):
        if images.shape[1] != images.shape[2]:
            raise ValueError(
                f"Got images of shape {images.shape[1:]} without labels. Expected square ones, which can be turned, or labels."
            )
        self.images = images

    def batch(self, rows, generator):
        turns = generator.integers(4, size=len(rows))
        turned = [np.rot90(image, turn) for image, turn in zip(self.images[rows], turns, strict=True)]
        return np.stack(turned), turns
