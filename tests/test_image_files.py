"""Images as files: levels, grids, and that nothing is lost on the way."""

import numpy as np

from gan_keras.image_files import grid_of, to_levels


def test_levels_are_rounded_and_cut():
    np.testing.assert_array_equal(to_levels(np.array([-0.5, 0.0, 0.4999 / 255, 0.501 / 255, 1.0, 2.0])), [0, 0, 0, 1, 255, 255])
    levels = np.arange(256, dtype=np.uint8)
    assert to_levels(levels) is levels


def test_a_grid_holds_every_image_in_its_row_and_column():
    images = np.arange(5, dtype=np.uint8).reshape(5, 1, 1, 1) * np.ones((5, 64, 70, 3), np.uint8)
    grid = grid_of(images, columns=3)
    assert grid.shape == (2 * 66 + 2, 3 * 72 + 2, 3)
    for index in range(5):
        row, column = divmod(index, 3)
        cell = grid[2 + 66 * row : 66 * (row + 1), 2 + 72 * column : 72 * (column + 1)]
        np.testing.assert_array_equal(cell, images[index])
    assert (grid[68:132, 146:] == 255).all()  # the sixth cell is empty
    assert (grid[:2] == 255).all() and (grid[:, :2] == 255).all()


def test_small_images_are_enlarged_by_a_whole_factor():
    images = np.arange(16, dtype=np.uint8).reshape(1, 4, 4, 1)
    np.testing.assert_array_equal(grid_of(images)[2:-2:16, 2:-2:16], images[0])
