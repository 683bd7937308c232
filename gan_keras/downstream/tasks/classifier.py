"""A small classifier trained for a number of updates, whatever the number of samples."""

import keras
import numpy as np

from gan_keras.data.arrays import array_batches

BATCH_SIZE = 64
_BLOCK = 500  # samples tested at once
LEARNING_RATE = 2e-3
LEAST_UPDATES, EPOCHS = 800, 3
"""Updates: at least so many, and of many samples so many passes over the real ones."""


def updates_for(num):
    """Updates of a classifier for `num` real samples: whatever comes beside them, it is not trained for longer."""
    return max(LEAST_UPDATES, EPOCHS * num // BATCH_SIZE)


def accuracy_of(network, training, test, updates, seed):
    """Trains a network and tests it.

    Args:
        network: A `keras.Model` from samples to logits, with weights that follow from the seed.
        training: Pair of samples and label numbers to learn from.
        test: The same to be tested by.
        updates: Number of updates of Adam, whose rate falls to 0 with a cosine.
        seed: Of the order of the samples.

    Returns:
        The fraction of test samples whose label it tells, in [0, 1].
    """
    rate = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, updates)
    network.compile(keras.optimizers.Adam(rate), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    batches = array_batches(training, BATCH_SIZE, seed).repeat().take(updates)
    network.fit(batches, verbose=0, shuffle=False)
    samples, labels = test
    blocks = [samples[start : start + _BLOCK] for start in range(0, len(samples), _BLOCK)]
    told = np.concatenate([np.argmax(network(block, training=False), axis=1) for block in blocks])
    return float(np.mean(told == labels))
