"""Presets of points: networks, schedules, and a training that learns."""

import keras
import numpy as np
import pytest

from gan_keras import penalties, presets
from gan_keras.data.mixtures import modes_covered, ring, ring_centres
from gan_keras.modalities.points import PointsPreset

POINTS = ring(4000, seed=0, deviation=0.05)


def test_the_default_is_relativistic_with_both_penalties_that_weaken():
    gan = presets.get("points", "default").build(POINTS, seed=3)
    assert gan.seed == 3 and type(gan.adversarial_loss).__name__ == "RelativisticPaired"
    assert [type(each) for each in gan.penalties] == [penalties.R1, penalties.R2]
    gan.generator_optimizer.iterations.assign(12_000)
    assert [float(each.strength) for each in gan.penalties] == pytest.approx([3e-4, 3e-4], rel=1e-3)


def test_rates_and_strength_fall_by_the_same_factor_in_each_step():
    preset = PointsPreset(steps=100, learning_rate=1e-2, final_learning_rate=1e-4)
    rate = preset.optimizers()[0]._learning_rate
    np.testing.assert_allclose([float(rate(step)) for step in (0, 50, 100)], [1e-2, 1e-3, 1e-4], rtol=1e-4)


def test_a_short_training_covers_every_mode_whatever_the_units_of_the_data():
    preset = PointsPreset(units=(32, 32), components=32, waves=16, steps=600, final_learning_rate=2e-4, final_gamma=1e-2)
    points = 1000.0 * POINTS + 5.0
    gan = preset.build(points, seed=1)
    gan.fit(preset.batches(points), steps_per_epoch=preset.steps, shuffle=False, verbose=0)
    score = modes_covered((gan.generate(2000, seed=10**6) - 5.0) / 1000.0, ring_centres(), 0.05)
    assert score["modes"] == 8 and score["high_quality"] > 0.5 and score["reverse_kl"] < 0.1


def test_a_saved_gan_makes_the_same_points_in_the_units_of_the_data(tmp_path):
    gan = PointsPreset(units=(4,), components=3, waves=2).build(1000.0 * POINTS, seed=1)
    gan.save(tmp_path / "points.keras")
    np.testing.assert_array_equal(keras.saving.load_model(tmp_path / "points.keras").generate(20), gan.generate(20))
    assert gan.generate(200).std() > 10.0


def test_a_field_out_of_its_range_is_an_error_that_names_it():
    wrong = {"components": 0, "latent_dim": 1, "final_gamma": 0.0, "beta_1": 1.0, "highest_frequency": 1.0, "units": ()}
    for field, value in wrong.items():
        pytest.raises(ValueError, PointsPreset(**{field: value}).build, POINTS).match(field)


def test_a_preset_goes_through_its_config():
    preset = PointsPreset(units=(3, 4), steps=7)
    assert PointsPreset.from_config(preset.to_config()) == preset
