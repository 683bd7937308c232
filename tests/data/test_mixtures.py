import numpy as np
import pytest

from gan_keras.data.mixtures import grid, grid_centres, modes_covered, ring, ring_centres
from refusals import refused


def test_centres_lie_on_a_circle_at_equal_angles_or_on_the_grid_of_pacgan():
    np.testing.assert_allclose(ring_centres(4, radius=2.0), [[2, 0], [0, 2], [-2, 0], [0, -2]], atol=1e-6)
    expected = [[x, y] for x in range(-4, 5, 2) for y in range(-4, 5, 2)]
    np.testing.assert_array_equal(grid_centres(), expected)


@pytest.mark.parametrize(
    ("sample", "centres", "deviation"), [(ring, ring_centres(), 0.01), (grid, grid_centres(), 0.05)], ids=["ring", "grid"]
)
def test_real_samples_cover_every_mode_evenly_with_the_given_deviation(sample, centres, deviation):
    samples = sample(25_000, seed=0)
    assert samples.shape == (25_000, 2) and samples.dtype == np.float32
    offsets = samples - centres[np.linalg.norm(samples[:, None] - centres, axis=-1).argmin(axis=1)]
    np.testing.assert_allclose(offsets.std(axis=0), deviation, rtol=0.02)
    scores = modes_covered(samples, centres, deviation)
    assert scores["modes"] == len(centres)
    assert scores["high_quality"] == pytest.approx(1 - np.exp(-4.5), abs=0.003)  # a Rayleigh variable below 3
    assert scores["reverse_kl"] == pytest.approx(0, abs=0.001)


def test_samples_depend_only_on_the_seed():
    np.testing.assert_array_equal(ring(10, seed=3), ring(10, seed=3))
    assert (ring(10, seed=3) != ring(10, seed=4)).any()


def test_modes_quality_and_reverse_kl_agree_with_counting_by_hand():
    samples = [[1, 0]] * 4 + [[1, 0.02], [0, 1.031], [0, 1], [0, 1]]  # two of four modes, one sample just too far
    scores = modes_covered(samples, ring_centres(4), deviation=0.01)
    assert scores["modes"] == 2 and scores["high_quality"] == 7 / 8
    assert scores["reverse_kl"] == pytest.approx(5 / 8 * np.log(5 / 2) + 3 / 8 * np.log(3 / 2))
    scores = modes_covered([[1, 0], [0, 1.5]], ring_centres(4), deviation=0.01)
    assert (scores["modes"], scores["high_quality"]) == (1, 0.5)
    assert modes_covered([[1, 0]] * 3, ring_centres(8), 0.01)["reverse_kl"] == pytest.approx(np.log(8))


def test_wrong_arguments_are_refused():
    refused(r"samples \(3,\) and centres \(8, 2\)", modes_covered, [1, 2, 3], ring_centres(), 0.01)
    refused("not finite", modes_covered, [[np.nan, 0]], ring_centres(), 0.01)
    refused("num=0", ring, 0, seed=0)
    refused("0 modes", grid, 5, seed=0, side=0)
