"""Privacy accounting: what epsilon some Gaussian mechanisms spend together, and how much noise an epsilon asks for.

References: privacy loss distributions, [Koskela et al., 2020](https://arxiv.org/abs/1906.03049), [Doroshenko et al.,
2022](https://arxiv.org/abs/2207.04380), by Google's `dp-accounting`.
"""

import functools
import math

CLOSE = 0.995
"""A search for noise ends when it spends this share of epsilon, or more."""

LEAST_NOISE = 0.2
"""Smallest noise multiplier: epsilons that ask for less, above 20, bound nothing, and their distributions fill the memory."""


@functools.lru_cache(maxsize=1024)
def epsilon_of(noise_multiplier, sampling_rate, train_steps, delta, released=()):
    """Returns the epsilon of `train_steps` Gaussian mechanisms on Poisson samples, and of further ones on all rows.

    Args:
        noise_multiplier: Deviation of the noise, relative to the largest change by one row, > 0.
        sampling_rate: Probability of a row to be in a sample, in (0, 1].
        train_steps: Number of samples, >= 0.
        delta: Probability in (0, 1) of a privacy loss beyond epsilon.
        released: A tuple of the noise multipliers of what is released once besides, such as noised counts.

    Returns:
        Epsilon, for neighbouring data sets that differ by one added or removed row. Infinity for noise below `LEAST_NOISE`.
    """
    if min((noise_multiplier, *released) if train_steps else released, default=1.0) < LEAST_NOISE:
        return math.inf
    events, accountants = dp_accounting()
    accountant = accountants.PLDAccountant()
    if train_steps:
        accountant.compose(events.PoissonSampledDpEvent(sampling_rate, events.GaussianDpEvent(noise_multiplier)), train_steps)
    for multiplier in released:
        accountant.compose(events.GaussianDpEvent(multiplier))
    return float(accountant.get_epsilon(delta)) if train_steps or released else 0.0


@functools.lru_cache(maxsize=256)
def noise_multiplier_for(epsilon, delta, sampling_rate=1.0, train_steps=1, released=()):
    """Returns the noise multiplier with which training spends `epsilon`, or up to 1 % less, never more: see `epsilon_of`.

    It is rounded up to four digits, so that it does not depend on the last bits of a machine's arithmetic.

    Raises:
        ValueError: If what is released besides leaves less than a hundredth of epsilon for training.
    """
    spent = epsilon_of(1.0, sampling_rate, 0, delta, released)
    if spent > 0.99 * epsilon:
        raise ValueError(
            f"What is released besides training spends epsilon={spent:.3g} of {epsilon:g}. Expected less: release it with more "
            "noise."
        )
    low = high = None  # logarithms of too little noise and of enough, each with that of the epsilon that it spends
    noise, goal = 1.0, math.log((1.0 + CLOSE) / 2.0 * epsilon)
    while True:
        noise = max(LEAST_NOISE, rounded_up(noise))
        found = epsilon_of(noise, sampling_rate, train_steps, delta, released)
        point = math.log(noise), math.log(max(found, 1e-9))
        if found <= epsilon:
            if found >= CLOSE * epsilon or noise == LEAST_NOISE or low is not None and point[0] - low[0] < 2e-4:
                return noise
            high = point
        else:
            low = point
        noise = math.exp(next_guess(low, high, goal))


def next_guess(low, high, goal):
    """Where the line through two points, or one of slope -1.5, meets `goal`; inside the bracket if there is one."""
    if low is None or high is None:
        place, value = low or high
        return place + min(1.4, max(-1.4, (value - goal) / 1.5))
    guess = low[0] + (goal - low[1]) * (high[0] - low[0]) / (high[1] - low[1])
    margin = 0.05 * (high[0] - low[0])
    return min(high[0] - margin, max(low[0] + margin, guess))


def rounded_up(number):
    """The number rounded up to four digits."""
    step = 10.0 ** (math.floor(math.log10(number)) - 3)
    return round(math.ceil(number / step * (1.0 - 1e-9)) * step, 12)


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
