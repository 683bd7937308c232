"""Image grids, PNG files and animations."""

import numpy as np
import pytest
from PIL import Image

from gan_keras.media.images import image_grid, to_levels, write_animation, write_png


def test_a_grid_shows_images_in_reading_order_with_enlarged_pixels():
    levels = np.random.default_rng(0).integers(256, size=(5, 8, 16, 3), dtype=np.uint8)
    grid = image_grid(levels / 255.0, columns=3)
    assert grid.shape == (2 * 64 + 2, 3 * 128 + 2 * 2, 3) and grid.dtype == np.uint8
    for index, (row, column) in enumerate([(0, 0), (0, 1), (0, 2), (1, 0), (1, 1)]):
        shown = grid[66 * row : 66 * row + 64, 130 * column : 130 * column + 128]
        np.testing.assert_array_equal(shown[::8, ::8], levels[index])
        np.testing.assert_array_equal(shown[7::8, 7::8], levels[index])
    assert (grid[66:, 260:] == 255).all() and (grid[64:66] == 255).all()


def test_levels_are_unchanged_and_floats_are_rounded():
    levels = np.arange(256, dtype=np.uint8).reshape(4, 8, 8, 1)
    assert to_levels(levels) is levels
    np.testing.assert_array_equal(to_levels((levels + np.float32(0.4)).clip(0, 255) / 255), levels)


@pytest.mark.parametrize(("num", "rows", "columns"), [(1, 1, 1), (5, 2, 3), (7, 2, 4), (10, 2, 5), (16, 4, 4), (24, 4, 6)])
def test_a_grid_is_roughly_square_by_default_and_its_last_row_as_full_as_can_be(num, rows, columns):
    assert image_grid(np.zeros((num, 64, 64, 1))).shape == (rows * 66 - 2, columns * 66 - 2, 1)


def test_large_images_keep_their_size():
    assert image_grid(np.zeros((1, 64, 70, 1)), columns=1).shape == (64, 70, 1)


@pytest.mark.parametrize("channels", [1, 3])
def test_labels_stand_in_a_margin_and_change_no_image(channels):
    images = np.random.default_rng(0).integers(256, size=(6, 64, 64, channels), dtype=np.uint8)
    plain = image_grid(images, 3)
    labelled = image_grid(images, 3, ["cat", "a name that is much too long for the margin of a grid"], ["1", "2", "3"])
    height, width = plain.shape[:2]
    np.testing.assert_array_equal(labelled[-height:, -width:], plain)
    left, above = labelled[-height:, :-width], labelled[:-height, -width:]
    assert 100 < left.shape[1] < 200 and 10 < above.shape[0] < 40
    for part in (left[:64], left[66:], above[:, :64], above[:, 66:130], above[:, 132:]):
        assert (part == 0).any() and (part == 255).mean() > 0.5  # each has text
    assert (left[64:66] == 255).all() and (labelled[:-height, :-width] == 255).all()


def test_each_row_and_column_needs_a_label():
    with pytest.raises(ValueError, match="Got 3 row labels for 2 rows"):
        image_grid(np.zeros((4, 8, 8, 1)), 2, row_labels="abc")
    with pytest.raises(ValueError, match="Got 1 column labels for 2 columns"):
        image_grid(np.zeros((4, 8, 8, 1)), 2, column_labels="a")


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


def test_an_animation_has_titles_and_room_for_the_largest_frame(tmp_path):
    frames = [tmp_path / f"{side}.png" for side in (40, 80)]
    for path in frames:
        write_png(path, np.zeros((int(path.stem), int(path.stem), 1), np.uint8))
    write_animation(tmp_path / "a.gif", frames, titles=["one", "two"])
    with Image.open(tmp_path / "a.gif") as animation:
        assert animation.size == (80, 80 + 26)
        shown = []
        for index in range(2):
            animation.seek(index)
            shown.append(np.asarray(animation.convert("L")))
    assert not np.array_equal(shown[0][:26], shown[1][:26]) and all((frame[:26] < 128).any() for frame in shown)
    assert (shown[0][26:66, :40] == 0).all() and (shown[0][66:] == 255).all() and (shown[1][26:] == 0).all()


def test_an_animation_of_many_frames_keeps_the_first_and_the_last(tmp_path):
    frames = [tmp_path / f"{level}.png" for level in range(250)]
    for path in frames:
        write_png(path, np.full((2, 2, 1), int(path.stem), np.uint8))
    write_animation(tmp_path / "a.gif", frames)
    with Image.open(tmp_path / "a.gif") as animation:
        assert animation.n_frames == 50
        assert animation.convert("L").getpixel((0, 0)) == 0
        animation.seek(49)
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
