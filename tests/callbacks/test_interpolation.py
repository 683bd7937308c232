"""Arcs between latents stay on the sphere."""

import numpy as np
import pytest

from gan_keras.callbacks.samples import spherical_interpolation


def test_a_quarter_of_a_circle_is_divided_evenly():
    found = spherical_interpolation([[2.0, 0.0]], [[0.0, 2.0]], num=4)
    angles = np.pi / 2 * np.arange(4) / 3
    np.testing.assert_allclose(found[0], 2 * np.stack([np.cos(angles), np.sin(angles)], axis=1), atol=1e-6)


def test_an_arc_keeps_the_length_of_normal_latents():
    ends = np.random.default_rng(0).normal(size=(2, 200, 256))
    arc = np.linalg.norm(spherical_interpolation(*ends, num=3), axis=-1)
    np.testing.assert_allclose(arc[:, [0, 2]], np.linalg.norm(ends, axis=-1).T, rtol=1e-5)
    assert arc[:, 1].mean() == pytest.approx(16, rel=0.02)
    assert np.linalg.norm(ends.mean(axis=0), axis=-1).mean() == pytest.approx(16 / np.sqrt(2), rel=0.02)


def test_equal_and_opposite_directions_give_a_straight_line():
    found = spherical_interpolation([[1.0, 1.0], [1.0, 0.0]], [[3.0, 3.0], [-1.0, 0.0]], num=3)
    np.testing.assert_allclose(found[:, 1], [[2.0, 2.0], [0.0, 0.0]], atol=1e-6)


def test_latents_of_different_shapes_are_refused():
    with pytest.raises(ValueError, match=r"shapes \(1, 2\) and \(1, 3\)"):
        spherical_interpolation(np.ones((1, 2)), np.ones((1, 3)), 4)
    with pytest.raises(ValueError, match="num=1"):
        spherical_interpolation(np.ones((1, 2)), np.ones((1, 2)), 1)
