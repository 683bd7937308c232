"""Privacy accounting: what epsilon some Gaussian mechanisms spend together, and how much noise an epsilon asks for.

References: privacy loss distributions, [Koskela et al., 2020](https://arxiv.org/abs/1906.03049), [Doroshenko et al.,
2022](https://arxiv.org/abs/2207.04380), by Google's `dp-accounting`.
"""

import functools


@functools.lru_cache(maxsize=256)
def epsilon_of(noise_multiplier, sampling_rate, train_steps, delta, released=()):
    """Returns the epsilon of `train_steps` Gaussian mechanisms on Poisson samples, and of further ones on all rows.

    Args:
        noise_multiplier: Deviation of the noise, relative to the largest change by one row, > 0.
        sampling_rate: Probability of a row to be in a sample, in (0, 1].
        train_steps: Number of samples, >= 0.
        delta: Probability in (0, 1) of a privacy loss beyond epsilon.
        released: A tuple of the noise multipliers of what is released once besides, such as noised counts.

    Returns:
        Epsilon, for neighbouring data sets that differ by one added or removed row.
    """
    events, accountants = dp_accounting()
    accountant = accountants.PLDAccountant()
    if train_steps:
        accountant.compose(events.PoissonSampledDpEvent(sampling_rate, events.GaussianDpEvent(noise_multiplier)), train_steps)
    for multiplier in released:
        accountant.compose(events.GaussianDpEvent(multiplier))
    return float(accountant.get_epsilon(delta)) if train_steps or released else 0.0


def noise_multiplier_for(epsilon, delta, sampling_rate=1.0, train_steps=1, released=()):
    """Returns the smallest noise multiplier with which training spends at most `epsilon`: see `epsilon_of`.

    It never spends more, and by less than 1 % less.

    Raises:
        ValueError: If what is released besides leaves nothing of epsilon for training.
    """
    if released and epsilon_of(1.0, sampling_rate, 0, delta, released) >= epsilon:
        raise ValueError(
            f"What is released besides training spends epsilon={epsilon_of(1.0, sampling_rate, 0, delta, released):.3g} of "
            f"{epsilon:g}. Expected less: release it with more noise."
        )
    low, high = 0.0, 1.0
    while epsilon_of(high, sampling_rate, train_steps, delta, released) > epsilon:
        low, high = high, 2.0 * high
    while high - low > 1e-4 * high:
        middle = (low + high) / 2.0
        is_enough = middle > 0.05 and epsilon_of(middle, sampling_rate, train_steps, delta, released) <= epsilon
        low, high = (low, middle) if is_enough else (middle, high)
    return high


def dp_accounting():
    """Returns the modules `dp_event` and `pld.pld_privacy_accountant` of `dp-accounting`, which take seconds to import."""
    try:
        from dp_accounting import dp_event
        from dp_accounting.pld import pld_privacy_accountant
    except ImportError as error:
        raise ImportError(
            f"Privacy accounting needs dp-accounting, which is not installed ({error}). Install it: pip install "
            "'gan_keras[privacy]'."
        ) from error
    return dp_event, pld_privacy_accountant
