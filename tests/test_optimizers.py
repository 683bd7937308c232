"""Schedules in a `GAN` (learning rates, a penalty's strength, the average's decay), and `ScheduledAdam` against its formulas."""

import math

import keras
import numpy as np
import pytest

from broken_off import furthest
from gan_keras import penalties
from gan_keras.optimizers import ScheduledAdam
from gan_keras.penalties import Lazy
from small_gans import POINTS, compiled_gan, train

GRADIENTS = np.array([[1.0, -2.0], [0.5, 3.0], [-4.0, 0.1]])
schedules = keras.optimizers.schedules


def cosine(start, end, share):
    return end + (start - end) * (1 + math.cos(math.pi * share)) / 2


@pytest.mark.parametrize("wrap", [lambda penalty: penalty, Lazy])
def test_a_penaltys_schedule_counts_the_generators_updates(wrap):
    schedule = schedules.CosineDecay(10.0, decay_steps=20, alpha=0.1)
    penalty = penalties.R1(schedule)
    gan = compiled_gan(penalties=[wrap(penalty)], discriminator_steps=2)
    assert float(penalty.strength) == pytest.approx(10.0)
    train(gan, epochs=2)
    assert float(penalty.strength) == pytest.approx(cosine(10.0, 1.0, 8 / 20), rel=1e-5)


def test_the_compiled_step_uses_the_scheduled_strength():
    """With a strength that drops to 0 after the first update, the second step is not penalised."""
    once = schedules.PiecewiseConstantDecay([0], [5.0, 0.0])
    scheduled, constant, without = (compiled_gan(penalties=[penalties.R1(gamma)]) for gamma in (once, 5.0, 0.0))
    halves = POINTS[:16], POINTS[16:32]
    found = [[train(gan, half).history["d_loss"][0] for half in halves] for gan in (scheduled, constant, without)]
    assert found[0][0] == found[1][0] != found[2][0]
    weights = [gan.discriminator.get_weights()[0] for gan in (scheduled, constant)]
    assert np.abs(weights[0] - weights[1]).max() > 1e-6
    assert found[0][1] < found[1][1]


def test_the_averages_decay_follows_its_schedule():
    gan = compiled_gan(generator_ema=schedules.PiecewiseConstantDecay([1], [0.0, 0.25]))
    train(gan, POINTS[:16])
    first = gan.generator.get_weights()
    assert furthest(gan.ema_generator.get_weights(), first) == 0
    train(gan, POINTS[:16])
    # After two updates the decay is the least of 0.25 and (1 + 2) / (10 + 2).
    expected = [0.25 * old + 0.75 * new for old, new in zip(first, gan.generator.get_weights(), strict=True)]
    assert furthest(gan.ema_generator.get_weights(), expected) < 1e-6
    assert furthest(gan.generator.get_weights(), first) > 1e-4


def test_a_learning_rate_schedule_counts_the_updates_of_its_own_network():
    rates = [keras.optimizers.SGD(schedules.PiecewiseConstantDecay([0], [0.1, 0.0])) for _ in range(2)]
    gan = compiled_gan(generator_optimizer=rates[0], discriminator_optimizer=rates[1], generator_ema=0.0)
    train(gan, POINTS[:16])
    once = [gan.generator.get_weights(), gan.discriminator.get_weights()]
    train(gan)
    assert furthest(gan.generator.get_weights(), once[0]) == 0
    assert furthest(gan.discriminator.get_weights(), once[1]) == 0


@pytest.mark.slow
def test_every_schedule_is_saved_and_resumed(tmp_path):
    def scheduled_gan():
        decay, gamma = schedules.CosineDecay(0.9, 20), schedules.CosineDecay(10.0, 20)
        rate = keras.optimizers.Adam(schedules.ExponentialDecay(0.01, 5, 0.5))
        return compiled_gan(generator_optimizer=rate, generator_ema=decay, penalties=[Lazy(penalties.R1(gamma), 3)])

    straight, half = scheduled_gan(), scheduled_gan()
    train(straight, epochs=4)
    train(half, epochs=2)
    half.save(tmp_path / "gan.keras")
    resumed = keras.models.load_model(tmp_path / "gan.keras")
    assert float(resumed.penalties[0].penalty.strength) == pytest.approx(cosine(10.0, 0.0, 8 / 20), rel=1e-5)
    train(resumed, epochs=2)
    assert furthest(resumed.get_weights(), straight.get_weights()) < 1e-6


def test_a_schedule_that_starts_out_of_range_is_an_error():
    with pytest.raises(ValueError, match="Expected steps >= 1 and generator_ema in"):
        compiled_gan(generator_ema=schedules.CosineDecay(1.5, 10))
    pytest.raises(ValueError, penalties.R1, schedules.CosineDecay(-1.0, 10)).match("Expected a strength >= 0")
    pytest.raises(ValueError, ScheduledAdam, beta_2=1).match(r"beta_2=1. Expected a number in \[0, 1\)")


def test_beta_2_follows_its_schedule_and_survives_a_config():
    schedule = keras.optimizers.schedules.PolynomialDecay(0.9, decay_steps=2, end_learning_rate=0.99)
    optimizer = ScheduledAdam(0.1, beta_1=0.5, beta_2=schedule)
    optimizer = keras.optimizers.get(keras.saving.serialize_keras_object(optimizer))
    variable = keras.Variable([1.0, 1.0])
    optimizer.build([variable])
    expected, mean, square = np.ones(2), np.zeros(2), np.zeros(2)
    for step, (gradient, beta) in enumerate(zip(GRADIENTS, (0.9, 0.945, 0.99), strict=True), start=1):
        optimizer.apply([keras.ops.convert_to_tensor(gradient, "float32")])
        mean, square = 0.5 * mean + 0.5 * gradient, beta * square + (1 - beta) * gradient**2
        expected = expected - 0.1 * (mean / (1 - 0.5**step)) / (np.sqrt(square / (1 - beta**step)) + 1e-7)
        np.testing.assert_allclose(variable, expected, rtol=1e-5)
