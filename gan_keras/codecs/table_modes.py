"""Mode-specific normalisation of a column of numbers: which mode a number belongs to, and where in that mode it lies.

Reference: [Xu et al., 2019](https://arxiv.org/abs/1907.00503), section 4.2.
"""

import warnings
from typing import NamedTuple

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import BayesianGaussianMixture

MOST_FITTED = 10_000
"""Numbers that a mixture is fitted to: more change nothing that a network could learn."""

LEAST_WEIGHT = 0.005  # of a mode that is kept
LEAST_DEVIATION = 1e-6  # in deviations of the column: that of a mode that is one number


class Modes(NamedTuple):
    """The modes of a column, each a Gaussian: lists of their weights (their sum is 1), means and deviations (above 0)."""

    weights: list
    means: list
    deviations: list


def fit_modes(numbers, most_modes=10, seed=0):
    """Fits a variational mixture of Gaussians, which leaves modes out that it does not need.

    Args:
        numbers: Finite numbers, `(num,)`; where they are more than `MOST_FITTED`, a random part of them is taken.
        most_modes: Of the mixture, >= 1.
        seed: Of the fit.

    Returns:
        `Modes`: one for a column that is constant or has no number.
    """
    numbers = np.asarray(numbers, np.float64)
    centre, scale = (numbers.mean(), numbers.std()) if len(numbers) else (0.0, 0.0)
    if not scale > 0:
        return Modes([1.0], [float(centre)], [1.0])
    part = np.random.default_rng(seed).permutation(len(numbers))[:MOST_FITTED]
    standard = ((numbers[part] - centre) / scale)[:, np.newaxis]
    num_modes = min(most_modes, len(np.unique(standard)))
    mixture = BayesianGaussianMixture(
        n_components=num_modes,
        weight_concentration_prior_type="dirichlet_process",
        weight_concentration_prior=0.001,
        random_state=seed,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a mixture that is nearly fitted serves as well
        mixture.fit(standard)
    kept = mixture.weights_ >= min(LEAST_WEIGHT, mixture.weights_.max())
    weights = mixture.weights_[kept] / mixture.weights_[kept].sum()
    deviations = np.maximum(np.sqrt(mixture.covariances_[kept, 0, 0]), LEAST_DEVIATION)
    means = mixture.means_[kept, 0] * scale + centre
    order = np.argsort(means)
    return Modes(weights[order].tolist(), means[order].tolist(), (deviations * scale)[order].tolist())
