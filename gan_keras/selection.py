"""Which of several drafts is the best, without preferring a length."""

import dataclasses

import numpy as np
import tensorflow as tf


@dataclasses.dataclass(frozen=True)
class Selection:
    """What the best of several drafts means: a sum of two scores, each standardised among drafts of its length.

    Args:
        discriminator: Weight of the discriminator's logit.
        likelihood: Weight of the generator's log-likelihood a token.
    """

    discriminator: float = 1.0
    likelihood: float = 0.5

    def weights(self):
        """Both weights as a tensor, so that one traced graph serves every selection."""
        return tf.constant([self.discriminator, self.likelihood], tf.float32)


def moments_by_length(scores, lengths, size):
    """Mean and deviation of scores at each length: two arrays `(size, columns)`.

    Rare lengths lean on a straight line through all of them, with the weight of 20 drafts.
    """
    lines = np.stack([np.polyval(np.polyfit(lengths, column, 1), np.arange(size)) for column in scores.T], axis=1)
    residuals = scores - lines[lengths]
    prior, counts = 20.0, np.bincount(lengths, minlength=size)[:, None]

    def shrunk(values, default):
        sums = np.stack([np.bincount(lengths, column, minlength=size) for column in values.T], axis=1)
        return (sums + prior * default) / (counts + prior)

    offsets = shrunk(residuals, 0.0)
    variances = shrunk((residuals - offsets[lengths]) ** 2, residuals.var(axis=0))
    return (lines + offsets).astype(np.float32), np.sqrt(np.maximum(variances, 1e-12)).astype(np.float32)
