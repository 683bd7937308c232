"""Penalties of discriminators with known gradients, and of a network by finite differences."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from gan_keras import penalties

SLOPE = np.array([[3.0], [-4.0]], np.float32)  # of length 5
REAL = np.array([[1.0, 2.0], [0.5, -1.0], [0.0, 3.0]], np.float32)
FAKE = np.array([[-1.0, 0.0], [2.0, 2.0], [1.0, -1.0]], np.float32)


def linear(samples):
    """D(x) = 3 x_1 - 4 x_2, whose gradient is (3, -4) everywhere."""
    return samples @ SLOPE


def quadratic(samples):
    """D(x) = x_1^2 + 2 x_2^2, whose gradient is (2 x_1, 4 x_2)."""
    return tf.reduce_sum(tf.constant([1.0, 2.0]) * samples**2, axis=1, keepdims=True)


def value(penalty, discriminator):
    return float(penalty(discriminator, tf.constant(REAL), tf.constant(FAKE)))


def test_r1_is_taken_at_real_data_and_r2_at_generated_data():
    for gamma in [0.0, 1.0, 10.0]:
        for penalty in (penalties.R1(gamma), penalties.R2(gamma)):
            assert value(penalty, linear) == pytest.approx(gamma / 2 * 25, rel=1e-5)
    for penalty, samples in ((penalties.R1(0.3), REAL), (penalties.R2(0.3), FAKE)):
        expected = 0.15 * np.mean((2 * samples[:, 0]) ** 2 + (4 * samples[:, 1]) ** 2)
        assert value(penalty, quadratic) == pytest.approx(expected, rel=1e-5)


def test_gradient_penalty_draws_points_on_the_lines_between_real_and_fake():
    penalty, seen = penalties.GradientPenalty(gamma=2.0, seed=5), []

    def recorded(samples):
        seen.append(samples.numpy())
        return quadratic(samples)

    found = value(penalty, recorded)
    share = (seen[0] - FAKE) / (REAL - FAKE)
    np.testing.assert_allclose(share[:, 0], share[:, 1], atol=1e-5)  # both coordinates move together
    assert (share >= 0).all() and (share <= 1).all() and len(np.unique(share[:, 0].round(4))) == 3
    norms = np.linalg.norm(seen[0] * [2, 4], axis=1)
    assert found == pytest.approx(2 * np.mean((norms - 1) ** 2), rel=1e-5)
    value(penalty, recorded)
    assert np.abs(seen[1] - seen[0]).max() > 0.01  # other points at the next call


def test_gradient_penalty_stays_finite_where_the_gradient_is_zero():
    samples = tf.Variable(tf.zeros([3, 2]))
    with tf.GradientTape() as tape:
        loss = penalties.GradientPenalty(1.0)(quadratic, samples * 1.0, samples * 1.0)
    assert float(loss) == pytest.approx(1, rel=1e-5)
    assert np.isfinite(tape.gradient(loss, samples)).all()


def test_the_squared_norm_of_a_networks_gradient_agrees_with_finite_differences():
    keras.utils.set_random_seed(1)
    network = keras.Sequential(
        [keras.Input((2, 3, 1)), keras.layers.Flatten(), keras.layers.Dense(8, "tanh"), keras.layers.Dense(1)]
    )
    weights = [weight.astype(np.float64) for weight in network.get_weights()]

    def logits(samples):
        hidden = np.tanh(samples.reshape(len(samples), 6) @ weights[0] + weights[1])
        return hidden @ weights[2] + weights[3]

    samples = np.random.default_rng(2).normal(size=(4, 2, 3, 1))
    steps = 1e-5 * np.eye(6).reshape(6, 1, 2, 3, 1)
    slopes = [(logits(samples + step) - logits(samples - step))[:, 0] / 2e-5 for step in steps]
    found = penalties.squared_gradient_norm(network, tf.constant(samples, tf.float32))
    np.testing.assert_allclose(found, np.square(slopes).sum(axis=0), rtol=1e-5)


def test_the_discriminators_weights_get_the_gradient_of_the_penalty():
    slope = tf.Variable(SLOPE)
    with tf.GradientTape() as tape:
        loss = penalties.R1(gamma=0.5)(lambda samples: samples @ slope, tf.constant(REAL), tf.constant(FAKE))
    # d/da (0.25 |a|^2) = 0.5 a
    np.testing.assert_allclose(tape.gradient(loss, slope), 0.5 * SLOPE, rtol=1e-5)


def test_penalties_are_float32_for_samples_of_half_precision():
    found = penalties.R1(1.0)(lambda x: x * tf.constant(300.0, tf.float16), tf.ones([2, 1], tf.float16), None)
    assert found.dtype == tf.float32
    assert float(found) == pytest.approx(0.5 * 300**2, rel=1e-5)  # 90,000 does not fit into float16


def test_arguments_out_of_range_are_refused():
    for kind in (penalties.R1, penalties.R2, penalties.GradientPenalty, penalties.DRAGAN, penalties.LeCam):
        pytest.raises(ValueError, kind, -1).match(r"gamma=-1\. Expected a strength >= 0")
    for make, message in (
        (lambda: penalties.GradientPenalty(target=-1), r"target=-1\. Expected a norm >= 0"),
        (lambda: penalties.LeCam(decay=1.0), r"decay=1\.0\. Expected a number in \[0, 1\)"),
        (lambda: penalties.Consistency(None), "augmentation=None. Expected a function"),
        (lambda: penalties.Consistency(keras.layers.RandomFlip), "Expected a function of samples or a Keras layer"),
        (lambda: penalties.Lazy(penalties.R1(), interval=0), "interval=0. Expected a whole number of calls >= 1"),
        (lambda: penalties.Lazy("r1"), "Expected an object such as"),
    ):
        pytest.raises(ValueError, make).match(message)


def test_get_accepts_a_config_and_a_penalty_and_refuses_anything_else():
    penalty = penalties.GradientPenalty(gamma=3.0, seed=4)
    assert penalties.get(penalty) is penalty
    copy = penalties.get(keras.saving.serialize_keras_object(penalty))
    assert (type(copy), copy.gamma, copy.seed) == (penalties.GradientPenalty, 3.0, 4)
    for wrong in ["r1", None, 10.0, penalties.R1]:
        pytest.raises(ValueError, penalties.get, wrong).match("Expected an object such as")


def test_a_one_sided_penalty_ignores_small_gradients_and_punishes_steep_ones():
    assert value(penalties.OneSidedGradientPenalty(10.0, target=5.5), linear) == 0.0
    assert value(penalties.GradientPenalty(10.0, target=5.5), linear) == pytest.approx(10 * 0.5**2, rel=1e-4)
    assert value(penalties.OneSidedGradientPenalty(10.0, target=3.0), linear) == pytest.approx(10 * 2**2, rel=1e-5)


def test_dragan_draws_new_noise_of_at_most_half_a_standard_deviation():
    penalty, seen = penalties.DRAGAN(seed=3), []

    def recorded(samples):
        seen.append(samples.numpy())
        return quadratic(samples)

    for _ in range(2):
        value(penalty, recorded)
    noise = (np.stack(seen) - REAL) / (0.5 * REAL.std())
    assert (noise > -1e-6).all() and (noise < 1).all() and np.ptp(noise) > 0.5
    assert len(np.unique(noise.round(5))) == noise.size


def test_lecam_averages_the_logits_of_both_sides():
    penalty = penalties.LeCam(gamma=1.0, decay=0.75)
    real_average = fake_average = 0.0
    for shift in (0.0, 2.0, -1.0):
        found = float(penalty(lambda samples, shift=shift: linear(samples) + shift, tf.constant(REAL), tf.constant(FAKE)))
        real_logits, fake_logits = REAL @ SLOPE + shift, FAKE @ SLOPE + shift
        real_average = 0.75 * real_average + 0.25 * real_logits.mean()
        fake_average = 0.75 * fake_average + 0.25 * fake_logits.mean()
        expected = np.mean((real_logits - fake_average) ** 2) + np.mean((fake_logits - real_average) ** 2)
        assert found == pytest.approx(expected, rel=1e-5)
    assert [float(each) for each in penalty.variables] == pytest.approx([real_average, fake_average], rel=1e-5)


def test_consistency_is_zero_if_the_discriminator_ignores_the_augmentation():
    def moved(samples):
        return samples + tf.constant([4.0, 3.0])  # along which 3 x_1 - 4 x_2 is constant

    assert value(penalties.Consistency(moved), linear) == pytest.approx(0.0, abs=1e-9)
    assert value(penalties.Consistency(moved), quadratic) > 1.0


@pytest.mark.parametrize("compiled", [False, True])
def test_a_lazy_penalty_is_applied_at_every_third_call_three_times_as_strong(compiled):
    looks = tf.Variable(0)

    def counted(samples):
        looks.assign_add(1)
        return linear(samples)

    penalty = penalties.Lazy(penalties.R1(2.0), interval=3)
    call = tf.function(penalty.__call__) if compiled else penalty
    found = [(float(call(counted, tf.constant(REAL), tf.constant(FAKE))), int(looks)) for _ in range(7)]
    assert found == [(75.0, 1), (0.0, 1), (0.0, 1), (75.0, 2), (0.0, 2), (0.0, 2), (75.0, 3)]


def test_a_lazy_penalty_in_a_graph_has_its_penaltys_gradient():
    slope, penalty = tf.Variable(SLOPE), penalties.Lazy(penalties.R1(0.5), interval=2)

    @tf.function
    def gradient():
        with tf.GradientTape() as tape:
            loss = penalty(lambda samples: tf.constant(1.0) * samples @ slope, tf.constant(REAL), tf.constant(FAKE))
        return tape.gradient(loss, slope)

    np.testing.assert_allclose(gradient(), 2 * 0.5 * SLOPE, rtol=1e-5)
    np.testing.assert_array_equal(gradient(), np.zeros_like(SLOPE))


@pytest.mark.parametrize(
    "make",
    [
        lambda: penalties.R2(2.0),
        lambda: penalties.GradientPenalty(2.0, seed=5),
        lambda: penalties.OneSidedGradientPenalty(2.0, seed=5),
        lambda: penalties.DRAGAN(2.0, seed=5),
        lambda: penalties.LeCam(0.3, decay=0.9),
        lambda: penalties.Consistency(keras.layers.GaussianNoise(0.5, seed=3), gamma=2.0),
    ],
)
def test_every_penalty_can_be_lazy_and_keeps_its_state_between_applications(make):
    """A penalty's state changes only when the penalty is applied."""
    alone, lazy = make(), penalties.Lazy(make(), interval=3)
    call = tf.function(lambda: lazy(quadratic, tf.constant(REAL), tf.constant(FAKE)))
    found = [float(call()) for _ in range(6)]
    expected = [3 * value(alone, quadratic) for _ in range(2)]
    np.testing.assert_allclose(found, [expected[0], 0, 0, expected[1], 0, 0], rtol=1e-5)


def test_a_lazy_penalty_saves_its_penaltys_state():
    inner = penalties.GradientPenalty()
    assert [id(each) for each in penalties.Lazy(inner).variables[1:]] == [id(inner.seed_generator.state)]
    assert len(penalties.Lazy(lambda discriminator, real_data, fake_data: 0.0).variables) == 1
