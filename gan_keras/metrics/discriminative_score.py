"""Discriminative score: how far a classifier trained afterwards tells generated windows from real ones.

Reference: [TimeGAN, Yoon et al., 2019](https://papers.nips.cc/paper/8789-time-series-generative-adversarial-networks), section 5.
"""

import keras
import numpy as np

from gan_keras.metrics.sequence_judge import Recipe, random_parts, recurrent_network, standardise, train

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
