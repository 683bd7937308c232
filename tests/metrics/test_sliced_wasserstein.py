import numpy as np
import pytest
from scipy.stats import wasserstein_distance

from gan_keras.metrics.sliced_wasserstein import directions, projected_distances, sliced_wasserstein_distance

GENERATOR = np.random.default_rng(0)
REAL, FAKE = GENERATOR.normal(size=(50, 6)), GENERATOR.normal(size=(33, 6)).round(1) * 2


@pytest.mark.parametrize("fake", [FAKE, REAL[::-1] + 1, np.repeat(FAKE, 2, axis=0)], ids=["fewer", "as many", "ties"])
def test_each_projection_equals_scipys_distance(fake):
    vectors = directions(20, 6, seed=1)
    expected = [wasserstein_distance(REAL @ vector, fake @ vector) for vector in vectors]
    np.testing.assert_allclose(projected_distances(REAL, fake, vectors), expected, rtol=1e-10)
    assert sliced_wasserstein_distance(REAL, fake, 20, seed=1) == pytest.approx(np.mean(expected))


def test_directions_are_unit_vectors_spread_evenly():
    vectors = directions(20_000, 3, seed=0)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1)
    np.testing.assert_allclose(vectors.T @ vectors / 20_000, np.eye(3) / 3, atol=0.01)


def test_a_shift_is_seen_as_its_mean_projection():
    """|cos| of a random angle in the plane has mean 2 / pi."""
    found = sliced_wasserstein_distance(REAL[:, :2], REAL[:, :2] + [3, 0], num_projections=5000)
    assert found == pytest.approx(3 * 2 / np.pi, rel=0.02)


def test_wrong_arguments_are_refused():
    with pytest.raises(ValueError, match="num_projections=0"):
        sliced_wasserstein_distance(REAL, FAKE, 0)
    with pytest.raises(ValueError, match="of 6 and of 5 dimensions"):
        sliced_wasserstein_distance(REAL, FAKE[:, :5])
