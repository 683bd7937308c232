"""`Downstream`: the task that a training set serves, and the training of classifiers for it."""

import keras
import numpy as np

from gan_keras.data.arrays import array_batches
from gan_keras.media.safe_files import replace_whole

BATCH_SIZE = 64
_BLOCK = 500  # samples tested at once
LEARNING_RATE = 2e-3
MIN_UPDATES, EPOCHS = 800, 3
"""Number of updates: the larger of this minimum and of this many passes over the real samples."""


class Downstream:
    """Base class of tasks that are learned from labelled samples, one per modality.

    A `part` is training or test data in the modality's own form. A set of samples is a pair of arrays, samples and label numbers,
    in a form chosen by the task.

    Args:
        training: The training part: it sets the shape of the samples and the duration of training.
        target: Result of `target_of`.

    Attributes:
        model: Description of the downstream model.
        metric: Description of its score on test data; higher is better.
        classical: Description of the classical augmentation.
        ending: Suffix of the files that `write` writes.

    Raises:
        ValueError: If the data have no labels.
    """

    model = metric = classical = ending = None

    def __init__(self, training, target=None):
        if training.labels is None:
            raise ValueError(f"{training.name} has no labels. Expected labelled data: there is no task to enlarge them for.")
        self.label_names, self.num_labels = training.label_names, len(training.label_names)

    @staticmethod
    def target_of(training, preset):
        """Returns the column to predict, for modalities whose samples have several; otherwise None."""
        return

    def labelled(self, part):
        """Returns the samples of a part that have a label, as a part."""
        return part

    def take(self, part, rows):
        """Returns some samples of a part as a part."""
        raise NotImplementedError

    def labels_of(self, part):
        """Returns the label numbers of a part, int `(num,)`; raises `ValueError` if its labels differ."""
        if part.label_names != self.label_names:
            raise ValueError(f"{part.name} has the labels {part.label_names}. Expected {self.label_names}.")
        return part.labels

    def samples_of(self, part):
        """Returns the samples of a part, an array with one row each."""
        raise NotImplementedError

    def generated(self, gan, numbers, seed):
        """Generates a sample per label number, in the form of `samples_of`; sample `i` uses seed `seed + i`."""
        raise NotImplementedError

    def score(self, training, test, seed):
        """Trains a model on samples and labels and returns its test score, which depends on the seed alone."""
        raise NotImplementedError

    def score_varied(self, training, test, seed):
        """Like `score`, with classical augmentation."""
        raise NotImplementedError

    def write(self, path, part, samples, numbers):
        """Writes the samples of a part, followed by generated ones and their labels, as data that can be loaded again."""
        raise NotImplementedError


def write_labelled(path, part, numbers, arrays):
    """Writes `arrays`, real samples followed by generated ones, as `.npz` with their labels and a mark of generated ones."""
    labels = np.concatenate([part.labels, numbers])
    generated = np.arange(len(labels)) >= len(part.labels)
    arrays = {**arrays, "labels": labels, "label_names": np.array(part.label_names), "generated": generated}
    replace_whole(path, lambda temporary: np.savez_compressed(temporary, **arrays))


def updates_for(num):
    """Number of updates of a classifier for `num` real samples; generated samples do not prolong the training."""
    return max(MIN_UPDATES, EPOCHS * num // BATCH_SIZE)


def accuracy_of(network, training, test, updates, seed):
    """Trains a classifier for a number of updates and returns its test accuracy in [0, 1].

    Args:
        network: A `keras.Model` from samples to logits, whose weights follow from the seed.
        training: Pair of samples and label numbers to learn from.
        test: The same to test on.
        updates: Number of updates of Adam, whose learning rate falls to 0 along a cosine.
        seed: Seed of the order of the samples.
    """
    rate = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, updates)
    network.compile(keras.optimizers.Adam(rate), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    batches = array_batches(training, BATCH_SIZE, seed).repeat().take(updates)
    network.fit(batches, verbose=0, shuffle=False)
    samples, labels = test
    blocks = [samples[start : start + _BLOCK] for start in range(0, len(samples), _BLOCK)]
    predicted = np.concatenate([np.argmax(network(block, training=False), axis=1) for block in blocks])
    return float(np.mean(predicted == labels))
