"""Image grids, PNG files and animations."""

import numpy as np
import pytest
from PIL import Image

from gan_keras.media.images import image_grid, to_levels, write_animation, write_png


def test_a_grid_shows_images_in_reading_order_with_enlarged_pixels():
    levels = np.random.default_rng(0).integers(256, size=(5, 8, 16, 3), dtype=np.uint8)
    grid = image_grid(levels / 255.0, columns=3)
    assert grid.shape == (2 * 32 + 2, 3 * 64 + 2 * 2, 3) and grid.dtype == np.uint8
    for index, (row, column) in enumerate([(0, 0), (0, 1), (0, 2), (1, 0), (1, 1)]):
        shown = grid[34 * row : 34 * row + 32, 66 * column : 66 * column + 64]
        np.testing.assert_array_equal(shown[::4, ::4], levels[index])
        np.testing.assert_array_equal(shown[3::4, 3::4], levels[index])
    assert (grid[34:, 132:] == 255).all() and (grid[32:34] == 255).all()


def test_levels_are_unchanged_and_floats_are_rounded():
    levels = np.arange(256, dtype=np.uint8).reshape(4, 8, 8, 1)
    assert to_levels(levels) is levels
    np.testing.assert_array_equal(to_levels((levels + np.float32(0.4)).clip(0, 255) / 255), levels)


def test_a_grid_is_roughly_square_by_default():
    assert image_grid(np.zeros((5, 32, 32, 1))).shape == (2 * 32 + 2, 3 * 32 + 2 * 2, 1)


def test_large_images_keep_their_size():
    assert image_grid(np.zeros((1, 40, 64, 1)), columns=1).shape == (40, 64, 1)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_png_holds_the_picture(tmp_path, channels):
    picture = np.random.default_rng(1).integers(256, size=(6, 5, channels), dtype=np.uint8)
    write_png(tmp_path / "a.png", picture)
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "a.png")).reshape(6, 5, channels), picture)
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_an_animation_shows_the_frames_in_order_and_loops(tmp_path):
    frames = [tmp_path / f"{level}.png" for level in (0, 100, 200)]
    for path in frames:
        write_png(path, np.full((4, 4, 1), int(path.stem), np.uint8))
    write_animation(tmp_path / "a.gif", frames, seconds=3)
    with Image.open(tmp_path / "a.gif") as animation:
        assert (animation.n_frames, animation.info["loop"]) == (3, 0)
        shown = []
        for index in range(3):
            animation.seek(index)
            shown.append((animation.convert("L").getpixel((2, 2)), animation.info["duration"]))
    assert shown == [(0, 1000), (100, 1000), (200, 1000)]


def test_an_animation_of_many_frames_keeps_the_first_and_the_last(tmp_path):
    frames = [tmp_path / f"{level}.png" for level in range(250)]
    for path in frames:
        write_png(path, np.full((2, 2, 1), int(path.stem), np.uint8))
    write_animation(tmp_path / "a.gif", frames)
    with Image.open(tmp_path / "a.gif") as animation:
        assert animation.n_frames == 100
        assert animation.convert("L").getpixel((0, 0)) == 0
        animation.seek(99)
        assert animation.convert("L").getpixel((0, 0)) == 249


@pytest.mark.parametrize(
    ("images", "columns", "message"),
    [
        (np.full((2, 4, 4, 1), -0.5), 1, r"from -0.5 to -0.5. Expected numbers in \[0, 1\]"),
        (np.full((2, 4, 4, 1), np.nan), 1, r"Expected numbers in \[0, 1\]"),
        (np.zeros((4, 4, 1)), 1, r"shape \(4, 4, 1\)"),
        (np.zeros((2, 4, 4, 2)), 1, "1 channel or 3"),
        (np.zeros((2, 4, 4, 1)), 0, "columns=0"),
    ],
)
def test_wrong_images_are_refused(images, columns, message):
    with pytest.raises(ValueError, match=message):
        image_grid(images, columns)
