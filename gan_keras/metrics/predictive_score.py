"""Predictive score: how well a network foretells real series that has learned from generated ones.

Reference: [TimeGAN, Yoon et al., 2019](https://papers.nips.cc/paper/8789-time-series-generative-adversarial-networks), section 5.
"""

import keras
import numpy as np

from gan_keras.metrics.sequence_judge import Recipe, random_parts, recurrent_network, train

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
