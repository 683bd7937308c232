"""Value and gradient of every penalty against its formula in NumPy, for the discriminator D(x) = v tanh(U x)."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from gan_keras import penalties

REAL = np.array([[1.0, 2.0], [0.5, -1.0], [0.0, 3.0]], np.float32)
FAKE = np.array([[-1.0, 0.0], [2.0, 2.0], [1.0, -1.0]], np.float32)
WEIGHTS = [np.array([[0.5, -0.3, 0.8], [0.2, 0.9, -0.6]]), np.array([[0.7], [-1.1], [0.4]])]
EVERYTHING = [*WEIGHTS, REAL.astype(np.float64), FAKE.astype(np.float64)]


def logits_of(weights, samples):
    return np.tanh(samples @ weights[0]) @ weights[1]


def norms_of(weights, samples):
    """Norm of each sample's gradient, by the chain rule."""
    slopes = (1 - np.tanh(samples @ weights[0]) ** 2) * weights[1][:, 0]
    return np.linalg.norm(slopes @ weights[0].T, axis=1)


def drawn(seed, shape):
    """First draw of a penalty's random generator."""
    return keras.random.uniform(shape, seed=keras.random.SeedGenerator(seed)).numpy().astype(np.float64)


def between(real, fake):
    mix = drawn(5, (3, 1))
    return mix * real + (1 - mix) * fake


def perturbed(real):
    """DRAGAN's points, with the standard deviation of all numbers of the batch."""
    deviation = np.sqrt(((real - real.sum() / real.size) ** 2).sum() / real.size)
    return real + 0.5 * deviation * drawn(5, (3, 2))


def shifted(samples):
    return 0.5 * samples + 1.0


AVERAGES = [0.1 * logits_of(WEIGHTS, samples).mean() for samples in (REAL, FAKE)]  # constants to the gradient

FORMULAS = {
    "R1": (lambda: penalties.R1(0.3), lambda w, real, fake: 0.15 * np.mean(norms_of(w, real) ** 2)),
    "R2": (lambda: penalties.R2(0.3), lambda w, real, fake: 0.15 * np.mean(norms_of(w, fake) ** 2)),
    "GradientPenalty": (
        lambda: penalties.GradientPenalty(2.0, seed=5, target=0.7),
        lambda w, real, fake: 2 * np.mean((norms_of(w, between(real, fake)) - 0.7) ** 2),
    ),
    "OneSidedGradientPenalty": (
        lambda: penalties.OneSidedGradientPenalty(2.0, seed=5, target=0.7),
        lambda w, real, fake: 2 * np.mean(np.maximum(0, norms_of(w, between(real, fake)) - 0.7) ** 2),
    ),
    "DRAGAN": (
        lambda: penalties.DRAGAN(2.0, seed=5, target=0.9),
        lambda w, real, fake: 2 * np.mean((norms_of(w, perturbed(real)) - 0.9) ** 2),
    ),
    "LeCam": (
        lambda: penalties.LeCam(0.3, decay=0.9),
        lambda w, real, fake: (
            0.3 * (np.mean((logits_of(w, real) - AVERAGES[1]) ** 2) + np.mean((logits_of(w, fake) - AVERAGES[0]) ** 2))
        ),
    ),
    "Consistency": (
        lambda: penalties.Consistency(shifted, gamma=2.0),
        lambda w, real, fake: 2 * np.mean((logits_of(w, real) - logits_of(w, shifted(real))) ** 2),
    ),
    "Lazy": (
        lambda: penalties.Lazy(penalties.R1(0.3), interval=4),
        lambda w, real, fake: 4 * 0.15 * np.mean(norms_of(w, real) ** 2),
    ),
}


def slopes_of(formula):
    """Finite differences along each number of the weights, the real and the fake samples."""
    flat, cuts = np.concatenate([each.ravel() for each in EVERYTHING]), np.cumsum([each.size for each in EVERYTHING])[:-1]

    def at(numbers):
        parts = [part.reshape(each.shape) for part, each in zip(np.split(numbers, cuts), EVERYTHING, strict=True)]
        return formula(parts[:2], *parts[2:])

    return [(at(flat + step) - at(flat - step)) / 2e-6 for step in 1e-6 * np.eye(len(flat))]


@pytest.mark.parametrize("name", sorted(FORMULAS))
def test_values_and_gradients_equal_the_formula_and_its_finite_differences(name):
    make, formula = FORMULAS[name]
    weights, (real, fake) = ([tf.constant(each, tf.float32) for each in part] for part in (WEIGHTS, (REAL, FAKE)))
    with tf.GradientTape() as tape:
        tape.watch([*weights, real, fake])
        found = make()(lambda samples: tf.tanh(samples @ weights[0]) @ weights[1], real, fake)
    assert found.shape == () and found.dtype == tf.float32
    assert float(found) == pytest.approx(formula(WEIGHTS, *EVERYTHING[2:]), rel=1e-5)
    gradients = tape.gradient(found, [*weights, real, fake], unconnected_gradients="zero")
    np.testing.assert_allclose(np.concatenate([np.ravel(each) for each in gradients]), slopes_of(formula), atol=1e-5)


def test_every_penalty_is_tested_above():
    assert set(FORMULAS) == set(penalties.__all__) - {"Penalty", "get", "squared_gradient_norm"}
