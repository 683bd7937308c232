"""Gain in held-out log-likelihood that a discriminator adds to its generator, in nats per line.

A discriminator's logit z reweighs the lines of a generator q: p(x) = q(x) exp(beta z(x)) / Z. The mean log-likelihood of real
lines under p exceeds that under q by

    gain = beta * mean of z over real lines - log mean of exp(beta z) over drafts of q

The gain is 0 for a discriminator that knows nothing new. Generating fewer different lines, or likelier ones, does not raise it.
With few drafts the mean is optimistic: the log of a mean is on average below the log of its expectation.

Reference: [Deng et al., 2020](https://arxiv.org/abs/2004.11714) (residual energy-based models of text).
"""

import numpy as np

from gan_keras.metrics.seeds import Interval

MAX_BETA = 10.0
_DRAWN_PER_BLOCK = 1_000_000  # bounds the memory of the bootstrap


def likelihood_gain(real_logits, draft_logits, beta=1.0, num_resamples=1000, seed=0, over=None):
    """Returns the gain in nats per line as an `Interval`: 95 %, percentile bootstrap over both samples.

    Logits that were fitted on the same lines flatter the discriminator: use other lines, or cross-fitted logits.

    Args:
        real_logits: Logits z of held-out lines, `(num_real,)`.
        draft_logits: Logits z of lines drawn from the generator, `(num_drafts,)`.
        beta: Factor of the logits, >= 0; 1 for energies that contain it.
        num_resamples: Resamples of the bootstrap, >= 1.
        seed: Seed of the bootstrap.
        over: Pair of a control's energies of the same lines and drafts. The result is then the gain over that of the control,
            with both resampled together.

    Raises:
        ValueError: If a number is out of its range, or a sample is empty, not a vector or not finite.
    """
    if not 0.0 <= beta < np.inf or num_resamples < 1:
        raise ValueError(
            f"Got beta={beta} and num_resamples={num_resamples}. Expected a finite beta >= 0 and at least 1 resample."
        )
    energies = [beta * logits for logits in _checked(real_logits, draft_logits)]
    gain, resampled = _gain(*energies), _resampled_gains(*energies, num_resamples, seed)
    if over is not None:
        control = _checked(*over)
        if [len(part) for part in control] != [len(part) for part in energies]:
            raise ValueError(
                f"Got a control of {len(control[0])} lines and {len(control[1])} drafts. Expected {len(energies[0])} and "
                f"{len(energies[1])}: its energies are of the same lines."
            )
        gain, resampled = gain - _gain(*control), resampled - _resampled_gains(*control, num_resamples, seed)
    return Interval(float(gain), *map(float, np.quantile(resampled, [0.025, 0.975])))


def best_beta(real_logits, draft_logits, max_beta=MAX_BETA):
    """Returns the beta in [0, max_beta] with the largest gain; 0 means that the logits are of no use.

    The gain is concave in beta. It has no maximum if all drafts have lower logits than the mean real line, hence the bound.

    Args:
        real_logits: Logits of held-out lines, `(num_real,)`.
        draft_logits: Logits of drafts, `(num_drafts,)`.
        max_beta: Upper bound, > 0.

    Raises:
        ValueError: As `likelihood_gain`.
    """
    from scipy.optimize import brentq  # slow to import

    real_logits, draft_logits = _checked(real_logits, draft_logits)
    if not 0.0 < max_beta < np.inf:
        raise ValueError(f"Got max_beta={max_beta}. Expected a finite number > 0.")

    def slope(beta):
        weights = np.exp(beta * (draft_logits - draft_logits.max()))
        return real_logits.mean() - np.average(draft_logits, weights=weights)

    if slope(0.0) <= 0.0:
        return 0.0
    return float(max_beta) if slope(max_beta) >= 0.0 else float(brentq(slope, 0.0, max_beta))


def _gain(real_energies, draft_energies):
    return real_energies.mean() - _log_mean_exp(draft_energies)


def _resampled_gains(real_energies, draft_energies, num_resamples, seed):
    random = np.random.default_rng(seed)
    means = _resampled(real_energies, lambda values: values.mean(axis=-1), num_resamples, random)
    return means - _resampled(draft_energies, _log_mean_exp, num_resamples, random)


def _log_mean_exp(values):
    """Logarithm of the mean of the exponentials along the last axis, without overflow."""
    largest = values.max(axis=-1, keepdims=True)
    return np.log(np.exp(values - largest).mean(axis=-1)) + largest[..., 0]


def _resampled(values, statistic, num_resamples, random):
    """A statistic of `num_resamples` samples of the values with replacement, `(num_resamples,)`."""
    block = max(1, _DRAWN_PER_BLOCK // len(values))
    sizes = [min(block, num_resamples - start) for start in range(0, num_resamples, block)]
    return np.concatenate([statistic(values[random.integers(0, len(values), (size, len(values)))]) for size in sizes])


def _checked(real_logits, draft_logits):
    checked = [np.asarray(logits, np.float64) for logits in (real_logits, draft_logits)]
    for name, logits in zip(("real", "draft"), checked, strict=True):
        if logits.ndim != 1 or not len(logits):
            raise ValueError(f"Got {name} logits of shape {logits.shape}. Expected a vector with one logit per line.")
        if not np.isfinite(logits).all():
            raise ValueError(f"Some {name} logits are not finite. Expected numbers: the discriminator may have diverged.")
    return checked
