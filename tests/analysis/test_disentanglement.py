"""Path length of linear generators by their derivative, DCI of planted factors and of matrices by hand."""

import keras
import numpy as np
import pytest
from keras import layers

from gan_keras import GAN, analysis, noise
from gan_keras.analysis.disentanglement import (
    along,
    completed,
    completeness,
    disentanglement,
    factors_of,
    ratio_interval,
    scores_of,
    shuffled_copy,
)
from gan_keras.callbacks.samples import spherical_interpolation
from small_gans import small_gan

DIM = 6
RANDOM = np.random.default_rng(0)


def gan_of(matrix, sharpness=None):
    """A generator `x = A z`, or `tanh(sharpness A z)`."""
    matrix = np.asarray(matrix, np.float32)
    generator = keras.Sequential([keras.Input((matrix.shape[0],)), layers.Dense(matrix.shape[1], use_bias=False)])
    if sharpness is not None:
        generator.add(layers.Activation("tanh"))
    generator.set_weights([matrix * (sharpness or 1.0)])
    judge = keras.Sequential([keras.Input((matrix.shape[1],)), layers.Dense(1)])
    return GAN(generator, judge)


# --- Path length. ---


def test_the_path_length_of_a_linear_generator_is_that_of_its_derivative():
    matrix = RANDOM.normal(size=(DIM, 9))
    gan = gan_of(matrix)
    found = analysis.path_length(gan, n=300, seed=4, epsilon=1e-3)
    seeds = np.arange(4, 304, dtype=np.int64)
    a, b = (np.asarray(each, np.float64) for each in (gan.latents_from(seeds), gan.latents_from(noise.split(seeds, 1))))
    t = np.asarray(noise.uniform(noise.split(seeds, 2), 1), np.float64) * (1 - 1e-3) + 5e-4
    angle = np.arccos((a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1))[:, None]
    velocity = angle / np.sin(angle) * (np.cos(t * angle) * b - np.cos((1 - t) * angle) * a)
    speeds, ends = (np.square(each @ matrix).mean(axis=1) for each in (velocity, b - a))
    assert found.length.mean == pytest.approx(speeds.mean(), rel=5e-3)
    assert found.relative.mean == pytest.approx(ratio_interval(speeds, ends).mean, rel=5e-3)
    assert found.relative.low < found.relative.mean < found.relative.high
    assert 1.0 < found.relative.mean < 1.5


def test_steps_make_paths_long_and_features_count():
    matrix = RANDOM.normal(size=(DIM, 9))
    smooth, steep = analysis.path_length(gan_of(matrix, 0.1)), analysis.path_length(gan_of(matrix, 30.0), n=2000, epsilon=1e-3)
    assert steep.relative.low > 3 * smooth.relative.high > 3.0
    gan = gan_of(matrix)
    doubled = analysis.path_length(gan, n=20, features=lambda samples: {"features": 2.0 * samples})
    plain = analysis.path_length(gan, n=20)
    assert doubled.length.mean == pytest.approx(4 * plain.length.mean, rel=1e-4)
    assert doubled.relative.mean == pytest.approx(plain.relative.mean, rel=1e-4)


def test_arcs_are_those_of_spherical_interpolation_and_further_latents_stay():
    starts, ends = (RANDOM.normal(size=(3, 5)).astype(np.float32) for _ in range(2))
    starts[2, :4] = ends[2, :4]  # no arc is defined: the path is straight
    expected = spherical_interpolation(starts[:, :4], ends[:, :4], 5)
    for step, share in enumerate(np.linspace(0, 1, 5)):
        found = along(starts, ends, np.full((3, 1), share, np.float32), 4).numpy()
        np.testing.assert_allclose(found[:, :4], expected[:, step], atol=1e-5)
        np.testing.assert_array_equal(found[:, 4], starts[:, 4])


def test_the_placebo_has_the_same_weights_in_another_order_and_the_generator_keeps_its_own():
    gan = small_gan()
    before = gan.ema_generator.get_weights()
    shuffled = shuffled_copy(gan, 1).get_weights()
    for own, other, now in zip(before, shuffled, gan.ema_generator.get_weights(), strict=True):
        np.testing.assert_array_equal(np.sort(own.ravel()), np.sort(other.ravel()))
        np.testing.assert_array_equal(own, now)
    assert any(not np.array_equal(own, other) for own, other in zip(before, shuffled, strict=True))
    found, again = (analysis.path_length(gan, n=50, seed=2) for _ in range(2))
    assert found == again and found.placebo.mean >= 1.0


def test_the_ratio_of_means_has_the_interval_of_the_delta_method():
    below = RANDOM.uniform(1, 2, 400)
    above = 3 * below + RANDOM.normal(size=400)
    found = ratio_interval(above, below)
    ratio = above.mean() / below.mean()
    error = np.std(above - ratio * below, ddof=1) / below.mean() / 20
    assert found.mean == pytest.approx(ratio, rel=1e-3)
    assert found.high - found.low == pytest.approx(2 * 1.966 * error, rel=0.02)


# --- DCI. ---


def coordinates(num):
    return {f"a{index}": (lambda points, index=index: points[:, index]) for index in range(num)}


def test_attributes_that_are_single_latents_have_full_scores_along_the_axes():
    found = analysis.dci(gan_of(np.eye(DIM)), np.eye(DIM), coordinates(3), n=1000)
    assert found.names == ("a0", "a1", "a2")
    for scores in (found.directions, found.axes):
        assert scores[:3] == pytest.approx((1.0, 1.0, 1.0), abs=0.06)
        np.testing.assert_allclose(scores.importances, np.eye(DIM)[:, :3], atol=0.02)
    assert found.random.disentanglement < 0.5 and found.random.completeness < 0.5
    assert found.random.informativeness == pytest.approx(1.0, abs=0.01)


def test_directions_of_a_rotated_generator_are_found_better_than_the_axes_though_few_are_given():
    rotation = np.linalg.qr(RANDOM.normal(size=(DIM, DIM)))[0]
    found = analysis.dci(gan_of(rotation.T), 3.0 * rotation[:2], coordinates(2), n=1000)
    assert found.directions[:3] == pytest.approx((1.0, 1.0, 1.0), abs=0.06)
    assert found.axes.completeness < 0.6 and found.axes.informativeness == pytest.approx(1.0, abs=0.01)


def test_a_forest_sees_what_a_lasso_cannot_and_noise_is_not_informative():
    from sklearn.ensemble import RandomForestRegressor

    def even(points):
        return np.abs(points[:, 0])

    attributes = {"even": even, "a1": lambda points: points[:, 1], "noise": lambda points: RANDOM.normal(size=len(points))}
    gan = gan_of(np.eye(DIM))
    lasso = analysis.dci(gan, np.eye(DIM), attributes, n=800).directions
    forest = analysis.dci(gan, np.eye(DIM), attributes, n=800, model=RandomForestRegressor(30, random_state=0)).directions
    assert lasso.informativeness + 0.2 < forest.informativeness < 0.7  # noise is predicted on training samples alone
    assert forest.importances[0, 0] > 0.9 * forest.importances[:, 0].sum()
    assert lasso.informativeness == pytest.approx(1 / 3, abs=0.05)


def test_scores_of_importances_by_hand():
    assert disentanglement(np.eye(3)) == completeness(np.eye(3)) == 1.0
    np.testing.assert_allclose([disentanglement(np.ones((3, 2))), completeness(np.ones((3, 2)))], 0.0, atol=1e-12)
    matrix = np.array([[3.0, 1.0], [0.0, 4.0], [0.0, 0.0]])
    first = 1 + (0.75 * np.log2(0.75) + 0.25 * np.log2(0.25))
    assert disentanglement(matrix) == pytest.approx((4 * first + 4 * 1.0) / 8)
    second = 1 + (0.2 * np.log(0.2) + 0.8 * np.log(0.8)) / np.log(3)
    assert completeness(matrix) == pytest.approx((1.0 + second) / 2)
    assert completeness(np.array([[1.0, 0.0], [0.0, 0.0]])) == 0.5 and disentanglement(np.zeros((2, 2))) == 0.0


def test_directions_are_completed_to_a_basis():
    rows = np.linalg.qr(RANDOM.normal(size=(DIM, DIM)))[0][:2] * 7.0
    basis = completed(rows, np.random.default_rng(0))
    np.testing.assert_allclose(basis @ basis.T, np.eye(DIM), atol=1e-9)
    np.testing.assert_allclose(basis[:2], rows / 7.0)


def test_factors_are_centred_within_labels_and_constants_and_categories_are_left_out():
    groups = np.array([0, 0, 1, 1])
    measured = {
        "number": np.array([1.0, 3.0, 10.0, np.nan]),
        "constant": np.full(4, 0.3),
        "label": np.array([5.0, 5.0, 9.0, 9.0]),
        "word": np.array(list("abab"), object),
        "missing": np.array([1.0, np.nan, np.nan, np.nan]),
    }
    found = factors_of(measured, groups)
    assert list(found) == ["number"]
    np.testing.assert_array_equal(found["number"], [-1.0, 1.0, 0.0, np.nan])
    codes = RANDOM.normal(size=(400, 3))
    values = np.where(np.arange(400) % 5 == 0, np.nan, codes[:, 1])
    scores = scores_of(codes, {"a": values, "b": codes[:, 2]})
    assert scores.informativeness > 0.99 and scores.importances[:, 0].argmax() == 1


def test_wrong_use_is_an_error_that_names_what_works():
    gan = gan_of(np.eye(DIM))
    pytest.raises(ValueError, analysis.path_length, gan, n=1).match("at least 2 paths")
    pytest.raises(ValueError, analysis.path_length, gan, epsilon=0.0).match("a step in")
    pytest.raises(ValueError, analysis.dci, gan, np.eye(DIM), n=50).match("at least 100 samples")
    pytest.raises(ValueError, analysis.dci, gan, np.eye(3)).match("Expected .1 to 6, 6.")
    pytest.raises(ValueError, analysis.dci, gan, np.ones((2, DIM))).match("depend on each other")
    pytest.raises(ValueError, analysis.dci, gan, np.eye(DIM), coordinates(1), n=100).match("at least two numbers")
