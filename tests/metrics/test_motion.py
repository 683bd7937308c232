"""Statistics of motion against loops, SciPy and flights whose speed is known."""

import numpy as np
import pytest
from scipy import ndimage, stats

from gan_keras.metrics.clip_extractor import centre_speeds, distance_between, frame_differences

RANDOM = np.random.default_rng(0)
CLIPS = RANDOM.uniform(0, 1, (3, 4, 6, 5, 3))


def test_frame_differences_equal_a_loop():
    expected = [np.mean([np.abs(clip[t + 1] - clip[t]).mean() for t in range(3)]) for clip in CLIPS]
    np.testing.assert_allclose(frame_differences(CLIPS), expected)


def test_centre_speeds_equal_those_of_scipy():
    for clip, speed in zip(CLIPS, centre_speeds(CLIPS), strict=True):
        centres = np.array([ndimage.center_of_mass(frame.sum(axis=-1)) for frame in clip])
        np.testing.assert_allclose(speed, np.mean(np.linalg.norm(centres[1:] - centres[:-1], axis=1)), rtol=1e-6)


def test_a_spot_that_flies_straight_has_its_speed_and_a_still_or_black_clip_none():
    clip = np.zeros((1, 5, 20, 20, 1))
    for frame in range(5):
        clip[0, frame, 2 + 3 * frame, 10 - 2 * frame] = 1.0
    np.testing.assert_allclose(centre_speeds(clip), np.sqrt(3**2 + 2**2), rtol=1e-6)
    still = np.repeat(clip[:, :1], 5, axis=1)
    assert centre_speeds(still) == 0 and frame_differences(still) == 0 and centre_speeds(0 * clip) == 0


def test_the_distance_of_two_sets_is_the_wasserstein_distance():
    numbers, others = RANDOM.normal(size=40), RANDOM.normal(1.0, 2.0, size=17)
    np.testing.assert_allclose(distance_between(numbers, others), stats.wasserstein_distance(numbers, others))
    assert distance_between(numbers, numbers[::-1]) == 0
    np.testing.assert_allclose(distance_between(numbers, numbers + 3.0), 3.0)


def test_single_frames_are_refused():
    with pytest.raises(ValueError, match="2 frames or more"):
        frame_differences(CLIPS[:, :1])
