"""Moving digits: handwritten digits that fly about and bounce off the walls, a data set of videos without a download."""

import numpy as np

FRAMES, SIZE = 12, 16
CLIPS_A_DIGIT = 2
_DARKEST = 16.0  # scikit-learn's digits count inked pixels of blocks of 4 x 4
SLOWEST, FASTEST = 0.5, 1.5  # pixels a frame


def digits_at_8_pixels():
    """scikit-learn's 1,797 digits as they are, uint8 `(num, 8, 8, 1)`, and what each shows, int64."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    return np.round(digits.images * (255.0 / _DARKEST)).astype(np.uint8)[..., np.newaxis], digits.target


def moving_digits(digits, frames=FRAMES, size=SIZE, clips_a_digit=CLIPS_A_DIGIT, seed=0):
    """Clips of single digits in straight flight on black; a digit that meets a wall is thrown back.

    Args:
        digits: uint8 images of digits `(num, height, width, 1)`.
        frames: Frames of a clip, >= 2.
        size: Pixels of each side of the field, more than those of a digit.
        clips_a_digit: How many clips each image has.
        seed: Of places, directions and speeds (0.5 to 1.5 pixels a frame); int >= 0.

    Returns:
        Pair of clips, uint8 `(num * clips_a_digit, frames, size, size, 1)`, and their digits' numbers, int64. The clips of
        a digit follow each other.

    Raises:
        ValueError: If there are too few frames or no room to move.

    Reference: the idea is of [Srivastava et al., 2015](https://arxiv.org/abs/1502.04681), section 4.1.
    """
    room = size - np.array(digits.shape[1:3])
    if frames < 2 or room.min() < 1:
        raise ValueError(
            f"Got frames={frames}, size={size} for digits of {digits.shape[1]} x {digits.shape[2]} pixels. Expected at least 2 "
            "frames and a larger field."
        )
    numbers = np.repeat(np.arange(len(digits)), clips_a_digit)
    corners = flights(len(numbers), frames, room, seed)
    clips = np.zeros((len(numbers), frames, size, size, 1), np.uint8)
    rows = corners[..., 0, None, None] + np.arange(digits.shape[1])[:, None]
    columns = corners[..., 1, None, None] + np.arange(digits.shape[2])
    clip, frame = np.ogrid[: len(numbers), :frames]
    clips[clip[..., None, None], frame[..., None, None], rows, columns, 0] = digits[numbers, None, :, :, 0]
    return clips, numbers


def flights(num, frames, room, seed):
    """Whole-numbered corners of things that fly straight and are thrown back at 0 and at `room`: `(num, frames, 2)`."""
    random = np.random.default_rng(seed)
    start = random.uniform(0, room, (num, 1, 2))
    angle, speed = random.uniform(0, 2 * np.pi, (num, 1)), random.uniform(SLOWEST, FASTEST, (num, 1, 1))
    velocity = speed * np.stack([np.sin(angle), np.cos(angle)], axis=-1)
    straight = start + velocity * np.arange(frames)[:, None]
    # Unfolded, a flight between walls is a straight line; a triangle wave folds it again.
    return np.round(room - np.abs(straight % (2 * room) - room)).astype(int)
