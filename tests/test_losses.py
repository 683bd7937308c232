"""Each loss against its formula in NumPy, with logarithms of probabilities as in the papers."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from gan_keras import losses

REAL = np.array([[0.3], [-1.7], [2.5], [0.9]])
FAKE = np.array([[-0.4], [1.2], [-2.2], [0.1]])


def probability(logits):
    return 1 / (1 + np.exp(-logits))


FORMULAS = {
    "non_saturating": (
        lambda real, fake: -np.mean(np.log(probability(real))) - np.mean(np.log(1 - probability(fake))),
        lambda real, fake: -np.mean(np.log(probability(fake))),
    ),
    "minimax": (
        lambda real, fake: -np.mean(np.log(probability(real))) - np.mean(np.log(1 - probability(fake))),
        lambda real, fake: np.mean(np.log(1 - probability(fake))),
    ),
    "hinge": (
        lambda real, fake: np.mean(np.maximum(0, 1 - real)) + np.mean(np.maximum(0, 1 + fake)),
        lambda real, fake: -np.mean(fake),
    ),
    "least_squares": (
        lambda real, fake: np.mean((real - 1) ** 2) / 2 + np.mean(fake**2) / 2,
        lambda real, fake: np.mean((fake - 1) ** 2) / 2,
    ),
    "wasserstein": (
        lambda real, fake: np.mean(fake) - np.mean(real),
        lambda real, fake: -np.mean(fake),
    ),
    "relativistic_paired": (
        lambda real, fake: -np.mean(np.log(probability(real - fake))),
        lambda real, fake: -np.mean(np.log(probability(fake - real))),
    ),
    "relativistic_average": (
        lambda real, fake: (
            -np.mean(np.log(probability(real - fake.mean()))) - np.mean(np.log(1 - probability(fake - real.mean())))
        ),
        lambda real, fake: (
            -np.mean(np.log(probability(fake - real.mean()))) - np.mean(np.log(1 - probability(real - fake.mean())))
        ),
    ),
}
everywhere = pytest.mark.parametrize("name", sorted(FORMULAS))


def both_players(loss, real, fake):
    real, fake = tf.constant(real, tf.float32), tf.constant(fake, tf.float32)
    return loss.discriminator(real, fake), loss.generator(real, fake)


def test_every_named_loss_is_tested_here():
    with pytest.raises(ValueError, match=r"loss='none'\. Expected one of ") as refusal:
        losses.get("none")
    named = str(refusal.value).partition("one of ")[2].partition(", or an object")[0]
    assert sorted(named.split(", ")) == sorted(FORMULAS)


@everywhere
def test_losses_of_both_players_equal_their_formulas(name):
    found = both_players(losses.get(name), REAL, FAKE)
    expected = [formula(REAL, FAKE) for formula in FORMULAS[name]]
    assert [value.shape for value in found] == [(), ()]
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)


@everywhere
def test_gradients_equal_finite_differences_of_the_formulas(name):
    logits = [tf.constant(REAL, tf.float32), tf.constant(FAKE, tf.float32)]
    steps = 1e-5 * np.eye(8).reshape(8, 2, 4, 1)  # one logit at a time: the real ones, then the fake ones
    for side, formula in zip(("discriminator", "generator"), FORMULAS[name], strict=True):
        with tf.GradientTape() as tape:
            tape.watch(logits)
            loss = getattr(losses.get(name), side)(*logits)
        gradients = tape.gradient(loss, logits, unconnected_gradients="zero")
        slopes = [(formula(REAL + real, FAKE + fake) - formula(REAL - real, FAKE - fake)) / 2e-5 for real, fake in steps]
        np.testing.assert_allclose(np.ravel(gradients), slopes, atol=1e-6)


@everywhere
@pytest.mark.parametrize("size", [1e4, -1e4])
def test_extreme_logits_give_finite_losses_and_gradients(name, size):
    real, fake = tf.constant([[size]]), tf.constant([[-size]])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([real, fake])
        values = both_players(losses.get(name), real, fake)
    gradients = [tape.gradient(value, fake) for value in values]
    assert np.isfinite([*map(float, values), *(float(gradient[0, 0]) for gradient in gradients)]).all()


def test_a_confident_discriminator_has_no_hinge_loss_and_only_the_non_saturating_one_keeps_a_gradient():
    fake = tf.constant([[-30.0]])
    slopes = {}
    for name in ("non_saturating", "minimax"):
        with tf.GradientTape() as tape:
            tape.watch(fake)
            loss = losses.get(name).generator(fake, fake)
        slopes[name] = float(tape.gradient(loss, fake)[0, 0])
    assert slopes["non_saturating"] == pytest.approx(-1)
    assert 0 > slopes["minimax"] > -1e-12
    assert float(losses.Hinge().discriminator(tf.constant([[1.0], [3.0]]), tf.constant([[-1.0], [-2.0]]))) == 0


@everywhere
def test_get_accepts_a_name_a_config_and_a_loss(name):
    loss = losses.get(name)
    assert losses.get(loss) is loss
    assert type(losses.get(keras.saving.serialize_keras_object(loss))) is type(loss)


def test_own_losses_need_no_base_class_and_anything_else_is_refused():
    for wrong in ["bce", None, losses.Hinge, keras.losses.MeanSquaredError()]:
        pytest.raises(ValueError, losses.get, wrong).match("Expected one of")

    class Own:
        def discriminator(self, real_logits, fake_logits): ...

        def generator(self, real_logits, fake_logits): ...

    own = Own()
    assert losses.get(own) is own
