"""One-run audit: a lower bound on the epsilon of a private training, by an attack on its own code.

Reference: [Privacy auditing with one (1) training run, Steinke et al., 2023](https://arxiv.org/abs/2305.08846), theorem 5.2.
"""

import math
from typing import NamedTuple

import keras
import numpy as np

from gan_keras.data.poisson import poisson_batches
from gan_keras.gans.gan import GAN
from gan_keras.privacy.accounting import epsilon_of, noise_multiplier_for

CONFIDENCE = 0.95
"""Probability with which a right mechanism has no larger lower bound than its epsilon."""

MAGNITUDE = 1000.0
"""Norm of a canary's gradient before it is clipped, relative to the clipping norm: without clipping, all is seen at once."""


class OneRunAudit(NamedTuple):
    """What an attacker found who saw each noisy gradient of a training; as text, a few lines in plain words.

    Attributes:
        lower_bound: Epsilon that the attack has shown, with a confidence of 95 %.
        claimed: Epsilon that the training claims.
        ceiling: Largest epsilon that a perfect attacker could have shown with as many guesses.
        num_right: Right guesses of whether a canary was among the rows.
        num_guesses: All guesses; by chance, half of them are right.
        num_canaries: Canaries, of which the attacker chooses those to guess about.
    """

    lower_bound: float
    claimed: float
    ceiling: float
    num_right: int
    num_guesses: int
    num_canaries: int

    @property
    def refuted(self):
        """Whether the claim is wrong: the attack has shown more."""
        return self.lower_bound > self.claimed

    @property
    def can_fail(self):
        """Whether any attack with as many guesses could refute the claim."""
        return self.claimed < self.ceiling

    def __str__(self):
        lines = [
            f"An attacker who saw each noisy gradient guessed for {self.num_guesses:,} of {self.num_canaries:,} planted rows "
            f"whether they were used: {self.num_right:,} right, and {self.num_guesses / 2:,.0f} by chance.",
            f"This shows an epsilon of at least {self.lower_bound:.2f}; the claim is {self.claimed:.2f}. "
            + ("The claim is refuted." if self.refuted else "The claim is not refuted."),
        ]
        if not self.can_fail:
            lines.append(
                f"This audit cannot fail: even a perfect attacker would show at most {self.ceiling:.2f} with "
                f"{self.num_guesses:,} guesses. It says nothing about the claim; more guesses, or a smaller epsilon, would."
            )
        else:
            lines.append(f"A perfect attacker would have shown {self.ceiling:.2f}.")
        return "\n".join(lines)


def one_run_audit(privacy, num_canaries=2000, num_guesses=200, seed=0):
    """Attacks the code of a private training, and returns the epsilon that this shows.

    A GAN whose discriminator is linear is trained by `compile` and `fit` with the same numbers, on Poisson samples of as many
    rows. Half of `num_canaries` of them, by coins, are present: each has a gradient in a direction of its own, which is clipped.
    The attacker reads each noisy gradient, and guesses for the `num_guesses` canaries that are the clearest whether they were
    present. Too little noise, clipping that does not hold, or samples that hold rows too often are found so.

    It tests the code of sampling, clipping, noise and its calibration, with the optimizer's view of them. It does not test
    whether each layer of another network is clipped well, whether private rows reach anything but the discriminator's gradients,
    or whether the noise can be predicted from its generator. Nor does it prove anything: a lower bound far below the claim is
    what an attack found, and not what a better one would find.

        print(gan_keras.analysis.one_run_audit(gan))

    Args:
        privacy: A `privacy.DifferentialPrivacy`, or a `GAN` with one. It is not changed, and its budget stays.
        num_canaries: Planted rows, from 2 to `privacy.train_size`, which limits them.
        num_guesses: Guesses, from 2 to `num_canaries`; an even number. More guesses raise the ceiling.
        seed: Seed of the coins. The noise and the samples are secret, so that results differ from call to call.

    Returns:
        A `OneRunAudit`.

    Raises:
        ValueError: If there is no privacy, or a number is out of its range.
    """
    privacy = privacy.privacy if isinstance(privacy, GAN) else privacy
    if privacy is None:
        raise ValueError("Got a GAN that was trained without differential privacy. Expected one with `privacy` in `compile`.")
    num = min(int(num_canaries), privacy.train_size)
    if not 2 <= num_guesses <= num or num_guesses % 2:
        raise ValueError(f"num_guesses={num_guesses}. Expected an even number from 2 to the {num} canaries.")
    is_present = np.random.default_rng(seed).random(num) < 0.5
    scores = attack(privacy, is_present)
    order, half = np.argsort(scores), num_guesses // 2
    num_right = int((~is_present[order[:half]]).sum() + is_present[order[-half:]].sum())
    rate, steps, delta = privacy.sampling_rate, privacy.train_steps, privacy.delta
    noise = noise_multiplier_for(privacy.epsilon, delta, rate, steps, privacy.multipliers)
    return OneRunAudit(
        lower_bound(num, num_guesses, num_right, delta),
        epsilon_of(noise, rate, steps, delta),
        lower_bound(num, num_guesses, num_guesses, delta),
        num_right,
        num_guesses,
        num,
    )


def attack(privacy, is_present):
    """Trains on the canaries that are present; returns a score of each canary, higher for those that seem to be.

    Args:
        privacy: A `DifferentialPrivacy`.
        is_present: Coins, bool `(canaries,)`.
    """
    num, norm = len(is_present), privacy.clipping_norm
    places = np.full(privacy.train_size, -1)
    places[: is_present.sum()] = np.flatnonzero(is_present)

    def rows(chosen):
        chosen = places[chosen]
        canaries = np.zeros([(chosen >= 0).sum(), num], np.float32)
        canaries[np.arange(len(canaries)), chosen[chosen >= 0]] = MAGNITUDE * norm
        return (canaries,)

    copy = type(privacy).from_config(privacy.get_config())
    copy.epsilon = math.inf  # `fit` would refuse too little noise, which is to be seen here
    gan, gradients = linear_gan(num), Gradients(privacy.batch_size / norm)
    # With this loss, the gradient of a row is the row, whatever the weights are. The generator makes rows of 0.
    rates = [keras.optimizers.SGD(rate) for rate in (0.0, 1.0)]
    gan.compile(*rates, loss="wasserstein", discriminator_steps=privacy.train_steps, privacy=copy)
    gan.tell = lambda text: None
    gan.fit(poisson_batches(rows, copy), callbacks=[gradients], verbose=0)
    return gradients.scores(privacy.sampling_rate)


def linear_gan(num):
    """Returns a GAN of rows of `num` numbers, whose discriminator is a scalar product and whose generator makes zeros."""

    def network(inputs, units):
        layer = keras.layers.Dense(units, use_bias=False, kernel_initializer="zeros")
        return keras.Sequential([keras.Input((inputs,)), layer])

    return GAN(network(1, num), network(num, 1))


class Gradients(keras.callbacks.Callback):
    """What the attacker sees: the noisy sum of clipped gradients of each step, relative to the clipping norm.

    Args:
        factor: Factor from the weights' changes to these sums.
    """

    def __init__(self, factor):
        super().__init__()
        self.factor, self.seen = factor, []

    def on_train_begin(self, logs=None):
        self.weights = self.read()

    def on_train_batch_end(self, batch, logs=None):
        before, self.weights = self.weights, self.read()
        self.seen.append(((self.weights - before) * self.factor).astype(np.float32))

    def read(self):
        return self.model.discriminator.trainable_variables[0].numpy()[:, 0].astype(np.float64)

    def scores(self, rate):
        """Log-likelihood ratio of each canary's sums, present against absent, with the noise that is seen to be there."""
        seen = np.array(self.seen)
        deviation = max(1e-3, 1.4826 * float(np.median(np.abs(seen - np.median(seen)))))
        total = np.zeros(seen.shape[1])
        for sums in seen:
            ratio = (2.0 * sums.astype(np.float64) - 1.0) / (2.0 * deviation**2)
            total += np.logaddexp(np.log1p(-rate) if rate < 1 else -np.inf, math.log(rate) + ratio)
        return total


def lower_bound(num_canaries, num_guesses, num_right, delta, confidence=CONFIDENCE):
    """Returns the largest epsilon at which so many right guesses, or more, are too rare to be chance; at least 0."""
    low, high = 0.0, 1.0
    while chance(num_canaries, num_guesses, num_right, high, delta) < 1.0 - confidence:
        low, high = high, 2.0 * high
    for _ in range(40):
        middle = (low + high) / 2.0
        is_refuted = chance(num_canaries, num_guesses, num_right, middle, delta) < 1.0 - confidence
        low, high = (middle, high) if is_refuted else (low, middle)
    return low


def chance(num_canaries, num_guesses, num_right, epsilon, delta):
    """Largest probability of `num_right` right guesses, or more, if a mechanism keeps epsilon and delta; theorem 5.2."""
    from scipy.stats import binom

    share = 1.0 / (1.0 + math.exp(-epsilon))
    fewer = np.cumsum(binom.pmf(num_right - np.arange(1, num_right + 1), num_guesses, share))
    worst = max(0.0, float(np.max(fewer / np.arange(1, num_right + 1), initial=0.0)))
    return min(1.0, float(binom.sf(num_right - 1, num_guesses, share)) + 2.0 * num_canaries * delta * worst)
