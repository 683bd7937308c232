"""What the judges of series have in common: how windows are prepared, and how a small recurrent network is trained."""

import dataclasses

import keras
import numpy as np
from keras import layers


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How a judge is made. It is trained until a part of its training windows that it does not see gets no better.

    Attributes:
        units: Of each GRU layer.
        depth: GRU layers.
        learning_rate: Of Adam.
        batch_size: Windows in a batch.
        epochs: Most epochs.
        patience: Epochs without a better loss on the validation part after which training ends; the best weights are kept.
    """

    units: int = 32
    depth: int = 2
    learning_rate: float = 3e-3
    batch_size: int = 128
    epochs: int = 40
    patience: int = 6


def standardise(windows, reference):
    """Windows in units of the mean and the deviation of each column of `reference`, with a last column that tells their end.

    Args:
        windows: `(num, steps, columns)`, NaN after the end.
        reference: The same, of any number.

    Returns:
        float32 `(num, steps, columns + 1)`: 0 after the end, and in the last column 1 up to the end, 0 after it.
    """
    mean, deviation = np.nanmean(reference, axis=(0, 1)), np.nanstd(reference, axis=(0, 1))
    scaled = (windows - mean) / np.where(deviation > 0, deviation, 1.0)
    going_on = np.isfinite(scaled).all(axis=2, keepdims=True)
    return np.concatenate([np.where(going_on, scaled, 0.0), going_on], axis=2).astype(np.float32)


def recurrent_network(input_shape, recipe, each_step, outputs=1):
    """GRU layers and a dense layer: of the last step, or of each."""
    recurrent = [layers.GRU(recipe.units, return_sequences=True) for _ in range(recipe.depth - 1)]
    last = layers.GRU(recipe.units, return_sequences=each_step)
    return keras.Sequential([keras.Input(input_shape), *recurrent, last, layers.Dense(outputs)])


def train(network, loss, training, validation, recipe):
    """Trains a network on `(inputs, targets, weights)` until it gets no better on `validation`, of the same form."""
    network.compile(keras.optimizers.Adam(recipe.learning_rate), loss)
    stop = keras.callbacks.EarlyStopping("val_loss", patience=recipe.patience, restore_best_weights=True)
    options = {"batch_size": recipe.batch_size, "epochs": recipe.epochs, "verbose": 0, "callbacks": [stop]}
    network.fit(*training[:2], sample_weight=training[2], validation_data=validation, **options)


def random_parts(num, shares, random):
    """Row numbers in random order, in parts of the given shares; the last part is what is left."""
    ends = np.cumsum([int(share * num) for share in shares])
    return np.split(random.permutation(num), ends)
