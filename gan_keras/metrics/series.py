"""Discriminative and predictive score of time series: small recurrent judges, trained on the windows under test.

Reference: [TimeGAN, Yoon et al., 2019](https://papers.nips.cc/paper/8789-time-series-generative-adversarial-networks), section 5.
"""

import dataclasses

import keras
import numpy as np
from keras import layers

MIN_WINDOWS = 20
_JUDGE_SHARES = (0.6, 0.2)  # of the windows for training and early stopping; the rest is for the test
_FORECAST_SHARE = 0.8  # of the windows for training; the rest is for early stopping


@dataclasses.dataclass(frozen=True)
class Recipe:
    """Settings of a judge. It trains until the loss on a validation part of its windows stops improving.

    Attributes:
        units: Units per GRU layer.
        depth: Number of GRU layers.
        learning_rate: Learning rate of Adam.
        batch_size: Windows per batch.
        epochs: Maximum number of epochs.
        patience: Epochs without a better validation loss before training stops; the best weights are restored.
    """

    units: int = 32
    depth: int = 2
    learning_rate: float = 3e-3
    batch_size: int = 128
    epochs: int = 40
    patience: int = 6


def discriminative_score(real, fake, seed=0, recipe=None):
    """`|accuracy - 0.5|` of a GRU classifier on unseen windows: 0 if it can only guess, 0.5 if it is always right.

    A weak judge flatters the generator: the paper's trains for a fixed 2,000 steps. This one trains until it stops improving on a
    validation part. As control, score two sets of real windows: no generator can be expected to do better.

    Args:
        real: Real windows, `(num, steps, columns)` in any units, NaN after the end of shorter ones.
        fake: Generated windows of the same shape. The larger set is reduced at random to the size of the smaller.
        seed: Seed of the judge's weights, parts and batches. Sets Keras' global seed.
        recipe: A `Recipe`; None for the default.

    Returns:
        float in [0, 0.5].

    Raises:
        ValueError: If the shapes of the windows differ, or there are fewer than 20 of either.
    """
    num = min(len(real), len(fake))
    if np.shape(real)[1:] != np.shape(fake)[1:] or num < MIN_WINDOWS:
        raise ValueError(
            f"Got windows of shape {np.shape(real)} and {np.shape(fake)}. Expected one shape, and at least {MIN_WINDOWS}."
        )
    random, recipe = np.random.default_rng(seed), recipe or Recipe()
    chosen = [windows[random.permutation(len(windows))[:num]] for windows in (real, fake)]
    windows = np.concatenate([standardise(each, chosen[0]) for each in chosen])
    is_real = np.repeat([1.0, 0.0], num).astype(np.float32)
    return float(abs(_is_right(windows, is_real, random, seed, recipe).mean() - 0.5))


def _is_right(windows, is_real, random, seed, recipe):
    """Trains a judge on some of the windows and returns, for each of the test windows, whether it is right."""
    training, validation, test = _random_parts(len(windows), _JUDGE_SHARES, random)
    keras.utils.set_random_seed(seed)
    judge = _recurrent_network(windows.shape[1:], recipe, each_step=False)
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    parts = [(windows[rows], is_real[rows], np.ones(len(rows), np.float32)) for rows in (training, validation)]
    train(judge, loss, *parts, recipe)
    logits = _outputs(judge, windows[test])[:, 0]
    return (logits > 0) == (is_real[test] > 0.5)


def predictive_score(windows, real, seed=0, recipe=None):
    """Mean absolute error of a GRU that forecasts the next value of the last column from all other columns so far.

    A single column is forecast from itself. As control, train on real windows: no generator can be expected to do better.

    Args:
        windows: Windows to learn from, `(num, steps, columns)`, NaN after the end of shorter ones.
        real: Real windows to test on, not among `windows`.
        seed: Seed of weights, parts and batches. Sets Keras' global seed.
        recipe: A `Recipe`; None for the default.

    Returns:
        float >= 0, the error relative to the range of the last column of `real`.

    Raises:
        ValueError: If the shapes of the windows differ, or they have fewer than two steps.
    """
    if np.shape(windows)[1:] != np.shape(real)[1:] or np.shape(real)[1] < 2:
        raise ValueError(f"Got windows of shape {np.shape(windows)} and {np.shape(real)}. Expected one shape, two steps or more.")
    low, high = np.nanmin(real, axis=(0, 1)), np.nanmax(real, axis=(0, 1))
    scale = np.where(high > low, high - low, 1.0)
    (inputs, targets, weights), test = (_forecast_task((each - low) / scale) for each in (windows, real))
    random, recipe = np.random.default_rng(seed), recipe or Recipe()
    parts = [(inputs[rows], targets[rows], weights[rows]) for rows in _random_parts(len(inputs), (_FORECAST_SHARE,), random)]
    keras.utils.set_random_seed(seed)
    network = _recurrent_network(inputs.shape[1:], recipe, each_step=True)
    train(network, keras.losses.MeanAbsoluteError(), *parts, recipe)
    errors = np.abs(_outputs(network, test[0]) - test[1])[..., 0]
    return float((errors * test[2]).sum() / test[2].sum())


def _outputs(network, inputs):
    """Outputs in batches. `predict` would compile a function for each network, and TensorFlow warn of so many."""
    batches = (inputs[start : start + 1024] for start in range(0, len(inputs), 1024))
    return np.concatenate([keras.ops.convert_to_numpy(network(batch, training=False)) for batch in batches])


def _forecast_task(scaled):
    """Inputs `(num, steps - 1, columns)`, next values `(num, steps - 1, 1)`, and weights: 1, or 0 after the end."""
    columns = slice(0, max(1, scaled.shape[2] - 1))
    inputs, targets = np.nan_to_num(scaled[:, :-1, columns]), scaled[:, 1:, -1:]
    weights = np.isfinite(targets[..., 0])
    return inputs.astype(np.float32), np.nan_to_num(targets).astype(np.float32), weights.astype(np.float32)


def standardise(windows, reference):
    """Standardises windows by the column means and deviations of `reference`, and appends a column that marks their end.

    Args:
        windows: `(num, steps, columns)`, NaN after the end.
        reference: Windows of the same shape, in any number.

    Returns:
        float32 `(num, steps, columns + 1)`: 0 after the end; the last column is 1 up to the end and 0 after it.
    """
    mean, deviation = np.nanmean(reference, axis=(0, 1)), np.nanstd(reference, axis=(0, 1))
    scaled = (windows - mean) / np.where(deviation > 0, deviation, 1.0)
    inside = np.isfinite(scaled).all(axis=2, keepdims=True)
    return np.concatenate([np.where(inside, scaled, 0.0), inside], axis=2).astype(np.float32)


def _recurrent_network(input_shape, recipe, each_step):
    """GRU layers and a dense layer with one output, for the last step or for each step."""
    recurrent = [layers.GRU(recipe.units, return_sequences=True) for _ in range(recipe.depth - 1)]
    last = layers.GRU(recipe.units, return_sequences=each_step)
    return keras.Sequential([keras.Input(input_shape), *recurrent, last, layers.Dense(1)])


def train(network, loss, training, validation, recipe):
    """Trains a network on `(inputs, targets, weights)` until the loss on `validation`, in the same form, stops improving."""
    network.compile(keras.optimizers.Adam(recipe.learning_rate), loss)
    stop = keras.callbacks.EarlyStopping("val_loss", patience=recipe.patience, restore_best_weights=True)
    options = {"batch_size": recipe.batch_size, "epochs": recipe.epochs, "verbose": 0, "callbacks": [stop]}
    network.fit(*training[:2], sample_weight=training[2], validation_data=validation, **options)


def _random_parts(num, shares, random):
    """Splits row numbers at random into parts of the given shares, and a last part with the rest."""
    ends = np.cumsum([int(share * num) for share in shares])
    return np.split(random.permutation(num), ends)
