"""Moving digits: their flight, recomputed frame by frame, and their seed."""

import numpy as np

from gan_keras.data.image.load import digit_levels
from gan_keras.data.video.load import flights, moving_digits
from refusals import refused

DIGITS, LABELS = digit_levels()


def test_every_frame_shows_one_of_all_digits_whole_and_nothing_else():
    clips, numbers = moving_digits(DIGITS[:5], frames=9, size=20, clips_a_digit=3, seed=1)
    assert clips.shape == (15, 9, 20, 20, 1) and clips.dtype == np.uint8
    np.testing.assert_array_equal(numbers, np.repeat(np.arange(5), 3))
    np.testing.assert_array_equal(clips.sum(axis=(2, 3, 4)), np.repeat(DIGITS[numbers].sum(axis=(1, 2, 3))[:, None], 9, axis=1))
    corners = flights(15, 9, np.array([12, 12]), 1)
    for clip, number, places in zip(clips, numbers, corners, strict=True):
        for frame, (row, column) in zip(clip, places, strict=True):
            np.testing.assert_array_equal(frame[row : row + 8, column : column + 8], DIGITS[number])
    assert DIGITS.shape == (1797, 8, 8, 1) and DIGITS.dtype == np.uint8 and DIGITS.max() == 255
    assert sorted(set(LABELS)) == list(range(10))


def test_a_flight_is_straight_until_it_bounces_off_a_wall():
    room, seed = np.array([5.0, 16.0]), 3
    random = np.random.default_rng(seed)
    place = random.uniform(0, room, (4, 1, 2))[:, 0]
    angle, speed = random.uniform(0, 2 * np.pi, (4, 1))[:, 0], random.uniform(0.5, 1.5, (4, 1, 1))[:, 0, 0]
    velocity = speed[:, None] * np.stack([np.sin(angle), np.cos(angle)], axis=1)
    found = flights(4, 30, room, seed)
    for frame in range(30):
        np.testing.assert_array_equal(found[:, frame], np.round(place))
        place = place + velocity
        for axis, wall in enumerate(room):  # no step is longer than the room: one bounce at most
            over, under = place[:, axis] > wall, place[:, axis] < 0
            place[over, axis], place[under, axis] = 2 * wall - place[over, axis], -place[under, axis]
            velocity[over | under, axis] *= -1


def test_clips_depend_on_the_seed_and_a_field_without_room_or_a_single_frame_is_refused():
    first, again, other = (moving_digits(DIGITS[:9], seed=seed)[0] for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    for options in ({"frames": 1}, {"size": 8}):
        refused("Expected at least 2 frames and a larger field", moving_digits, DIGITS[:2], **options)
