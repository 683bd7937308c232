"""`ScheduledAdam` against Adam's formulas in NumPy."""

import keras
import numpy as np
import pytest

from gan_keras.optimizers import ScheduledAdam

GRADIENTS = np.array([[1.0, -2.0], [0.5, 3.0], [-4.0, 0.1]])


def test_beta_2_follows_its_schedule_and_comes_back_from_a_config():
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


def test_a_beta_2_that_begins_out_of_range_is_an_error():
    with pytest.raises(ValueError, match=r"beta_2=1. Expected a number in \[0, 1\)"):
        ScheduledAdam(beta_2=1)
