"""Discriminative score: how far a classifier trained afterwards tells generated windows from real ones.

Reference: [TimeGAN, Yoon et al., 2019](https://papers.nips.cc/paper/8789-time-series-generative-adversarial-networks), section 5.
"""

import dataclasses

import keras
import numpy as np
from keras import layers

LEAST = 20
_SHARES = (0.6, 0.2)  # of the windows, to train and to decide when to stop; the rest is judged


def discriminative_score(real, fake, seed=0, recipe=None):
    """`|accuracy - 0.5|` of a GRU on windows that it has not seen: 0 where it can only guess, 0.5 where it is always right.

    A weak judge flatters: the paper's trains for 2,000 steps whatever comes of it. This one is trained until it gets no better on
    a validation part. What two sets of real windows get from it is the least that can be expected of a generator.

    Args:
        real: Real windows, `(num, steps, columns)` in any units, NaN after the end of shorter ones.
        fake: Generated windows of the same shape. Of the larger of the two as many are taken at random as of the smaller.
        seed: Of the judge: its weights, its parts, and the order of its batches. Keras' global seed is set to it.
        recipe: A `sequence_judge.Recipe`; None for the default.

    Returns:
        A float in [0, 0.5].

    Raises:
        ValueError: For windows of two shapes, or fewer than 20 of each.
    """
    num = min(len(real), len(fake))
    if np.shape(real)[1:] != np.shape(fake)[1:] or num < LEAST:
        raise ValueError(f"Got windows of shape {np.shape(real)} and {np.shape(fake)}. Expected one shape, and at least {LEAST}.")
    random, recipe = np.random.default_rng(seed), recipe or Recipe()
    chosen = [windows[random.permutation(len(windows))[:num]] for windows in (real, fake)]
    windows = np.concatenate([standardise(each, chosen[0]) for each in chosen])
    is_real = np.repeat([1.0, 0.0], num).astype(np.float32)
    right = _answers(windows, is_real, random, seed, recipe)
    return float(abs(right.mean() - 0.5))


def _answers(windows, is_real, random, seed, recipe):
    """Whether a judge trained on some of the windows is right, for each of the others."""
    training, validation, test = random_parts(len(windows), _SHARES, random)
    keras.utils.set_random_seed(seed)
    judge = recurrent_network(windows.shape[1:], recipe, each_step=False)
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    parts = [(windows[rows], is_real[rows], np.ones(len(rows), np.float32)) for rows in (training, validation)]
    train(judge, loss, *parts, recipe)
    logits = judge.predict(windows[test], batch_size=1024, verbose=0)[:, 0]
    return (logits > 0) == (is_real[test] > 0.5)


# --- Predictive score: how well a network foretells real series that has learned from generated ones.
#
# Reference: TimeGAN, section 5.


_TRAINING_SHARE = 0.8  # the rest decides when to stop


def predictive_score(windows, real, seed=0, recipe=None):
    """Mean absolute error of a GRU that foretells the next value of the last column from the other columns so far.

    A single column is foretold from itself. What a network gets that has learned from real windows is the least that can be
    expected; only the two together mean something.

    Args:
        windows: What the network learns from, `(num, steps, columns)`, NaN after the end of shorter ones.
        real: Real windows that it is tested on, which are not among `windows`.
        seed: Of weights, parts and batches. Keras' global seed is set to it.
        recipe: A `sequence_judge.Recipe`; None for the default.

    Returns:
        The error in shares of the range of the last column of `real`, a float >= 0.

    Raises:
        ValueError: For windows of two shapes, or of fewer than two steps.
    """
    if np.shape(windows)[1:] != np.shape(real)[1:] or np.shape(real)[1] < 2:
        raise ValueError(f"Got windows of shape {np.shape(windows)} and {np.shape(real)}. Expected one shape, two steps or more.")
    low, high = np.nanmin(real, axis=(0, 1)), np.nanmax(real, axis=(0, 1))
    scale = np.where(high > low, high - low, 1.0)
    (inputs, targets, weights), test = (_lesson((each - low) / scale) for each in (windows, real))
    random, recipe = np.random.default_rng(seed), recipe or Recipe()
    parts = [(inputs[rows], targets[rows], weights[rows]) for rows in random_parts(len(inputs), (_TRAINING_SHARE,), random)]
    keras.utils.set_random_seed(seed)
    network = recurrent_network(inputs.shape[1:], recipe, each_step=True)
    train(network, keras.losses.MeanAbsoluteError(), *parts, recipe)
    errors = np.abs(network.predict(test[0], batch_size=1024, verbose=0) - test[1])[..., 0]
    return float((errors * test[2]).sum() / test[2].sum())


def _lesson(scaled):
    """Inputs `(num, steps - 1, columns)`, next values `(num, steps - 1, 1)`, and 1 where there is one, 0 after the end."""
    columns = slice(0, max(1, scaled.shape[2] - 1))
    inputs, targets = np.nan_to_num(scaled[:, :-1, columns]), scaled[:, 1:, -1:]
    weights = np.isfinite(targets[..., 0])
    return inputs.astype(np.float32), np.nan_to_num(targets).astype(np.float32), weights.astype(np.float32)


# --- What the judges of series have in common: how windows are prepared, and how a small recurrent network is trained.


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
