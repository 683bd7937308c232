"""The pictures of translations: their layout, and wrong input."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from gan_keras.callbacks import TranslationGrid


class Inverting:
    """A translation that inverts, in one or both directions."""

    def __init__(self, *directions):
        self.translators = dict.fromkeys(directions)

    def translate(self, images, direction):
        return 1.0 - images


def levels(level, num=3):
    return np.full((num, 32, 32, 1), level, np.uint8)


def rows_of(picture):
    """The level in the middle of each row of images."""
    return picture[16::34, 16, 0].tolist()


def test_rows_are_images_translations_and_reconstructions():
    callback = TranslationGrid("unused", levels(0), levels(51))
    callback.set_model(Inverting("a_to_b", "b_to_a"))
    picture = callback.picture()
    assert picture.shape == (6 * 34 - 2, 3 * 34 - 2, 1)
    assert rows_of(picture) == [0, 255, 0, 51, 204, 51]


def test_without_the_reverse_direction_the_third_row_shows_the_pairs():
    callback = TranslationGrid("unused", levels(0), levels(51))
    callback.set_model(Inverting("a_to_b"))
    assert rows_of(callback.picture()) == [0, 255, 51]


def test_every_epoch_has_a_picture_and_all_pictures_become_an_animation(tmp_path):
    callback = TranslationGrid(tmp_path, levels(0), levels(51))
    callback.set_model(Inverting("a_to_b", "b_to_a"))
    callback.set_params({"epochs": 2})
    for epoch in range(2):
        callback.on_epoch_end(epoch)
    callback.on_train_end()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["animation.gif", "epoch_001.png", "epoch_002.png"]
    assert rows_of(tf.io.decode_png((tmp_path / "epoch_002.png").read_bytes()).numpy()) == [0, 255, 0, 51, 204, 51]


def test_the_domains_must_have_equal_numbers_of_images():
    with pytest.raises(ValueError, match="Got 3 images of domain a and 2 of b"):
        TranslationGrid("unused", levels(0), levels(0, 2))
    assert isinstance(TranslationGrid("unused", levels(0), levels(0)), keras.callbacks.Callback)
