"""Picture callbacks show what the GAN generates from fixed latents, on arcs between them, or as translations."""

import importlib.util

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from gan_keras import GAN
from gan_keras.callbacks import Interpolation, SampleGrid, Samples, TensorBoard, TranslationGrid
from gan_keras.callbacks.samples import row_labels, spherical_interpolation
from gan_keras.codecs import ImageCodec
from gan_keras.media.images import image_grid
from gan_keras.networks import Generator, MLPDiscriminator

SHAPE = (16, 16, 1)
DATA = np.random.default_rng(0).uniform(-1, 1, (8, *SHAPE)).astype(np.float32)


class Patterns(Generator):
    """Grey images that differ strongly from latent to latent and from label to label."""

    def __init__(self, latent_dim=4, num_labels=0, **kwargs):
        super().__init__(latent_dim, **kwargs)
        self.num_labels = num_labels
        self.dense = keras.layers.Dense(256, keras.activations.tanh, kernel_initializer=keras.initializers.RandomNormal(0.0, 1.0))

    def call(self, latents, labels=None, training=False):
        images = keras.ops.reshape(self.dense(latents), (-1, *SHAPE))
        return images if labels is None else images * (0.3 * keras.ops.cast(labels, "float32")[:, None, None, None] + 0.2)

    def get_config(self):
        return {**super().get_config(), "num_labels": self.num_labels}


class Judge(MLPDiscriminator):
    def call(self, samples, labels=None, training=False):
        return super().call(samples, training=training)


def small_gan(num_labels=0, codec=None):
    keras.utils.set_random_seed(0)
    gan = GAN(Patterns(num_labels=num_labels), Judge(units=(4,)), codec)
    gan.compile(keras.optimizers.Adam(0.05), "adam")
    return gan


def train(gan, callbacks, epochs=3, **options):
    labels = [np.arange(8, dtype=np.int32) % 3] if gan.generator.num_labels else []
    gan.fit(DATA, *labels, batch_size=8, epochs=epochs, shuffle=False, verbose=0, callbacks=callbacks, **options)
    return gan


def read(path):
    with Image.open(path) as image:
        return np.asarray(image).astype(int)


def drawn(images, columns):
    return image_grid(images, columns)[..., 0].astype(int)


def without_margins(picture, rows, columns):
    """The images of a picture with labels, of 64 pixels per side."""
    return picture[-(66 * rows - 2) :, -(66 * columns - 2) :]


def test_the_last_grid_shows_what_the_gan_generates(tmp_path):
    gan = train(small_gan(codec=ImageCodec(SHAPE)), [SampleGrid(tmp_path / "new", rows=2, columns=3, seed=5, every=2)])
    names = sorted(path.name for path in (tmp_path / "new").iterdir())
    assert names == ["animation.gif", "epoch_002.png", "epoch_003.png"]
    expected = drawn(gan.generate(6, seed=5), 3)
    assert np.abs(read(tmp_path / "new" / "epoch_003.png") - expected).max() <= 1
    assert np.abs(read(tmp_path / "new" / "epoch_002.png") - expected).max() > 1


def test_a_gan_without_a_codec_is_drawn_as_an_image_codec_would_decode_it(tmp_path):
    gan = train(small_gan(), [SampleGrid(tmp_path, rows=1, columns=2)], epochs=1)
    assert np.abs(read(tmp_path / "epoch_001.png") - drawn((gan.generate(2) + 1) / 2, 2)).max() <= 1


def test_with_labels_a_row_is_a_label_and_a_column_a_latent(tmp_path):
    gan = train(small_gan(num_labels=3), [SampleGrid(tmp_path, rows=5, columns=2, seed=4)], epochs=1)  # two rows too many
    images = [gan.generate(2, seed=4, labels=[label] * 2) for label in range(3)]
    expected = drawn((np.concatenate(images) + 1) / 2, 2)
    assert np.abs(without_margins(read(tmp_path / "epoch_001.png"), 3, 2) - expected).max() <= 1


def test_rows_have_the_names_of_their_labels_or_numbers():
    gan = small_gan(num_labels=3)
    assert row_labels(gan, 2, ("cat", "dog", "fish")) == ["cat", "dog"]
    assert row_labels(gan, 9) == ["label 0", "label 1", "label 2"] and row_labels(small_gan(), 9, ("cat",)) is None
    with pytest.raises(ValueError, match="Got 1 label_names for labels up to 2"):
        row_labels(gan, 9, ("cat",))


def test_a_resumed_training_animates_earlier_epochs_but_no_later_ones(tmp_path):
    gan = train(small_gan(), [SampleGrid(tmp_path, rows=1, columns=1)], epochs=4)
    train(gan, [SampleGrid(tmp_path, rows=1, columns=1)], epochs=3, initial_epoch=2)
    with Image.open(tmp_path / "animation.gif") as animation:
        assert animation.n_frames == 3


def test_an_interpolation_starts_and_ends_at_generated_images(tmp_path):
    gan = train(small_gan(num_labels=3), [Interpolation(tmp_path, pairs=2, steps=5, seed=7, every=2)])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["interpolation.png", "interpolation_002.png"]
    strips = without_margins(read(tmp_path / "interpolation.png"), 2, 5)
    ends = [gan.generate(2, seed=seed, labels=[0, 1]) for seed in (7, 9)]
    for column, images in zip((slice(64), slice(-64, None)), ends, strict=True):
        assert np.abs(strips[:, column] - drawn((images + 1) / 2, 1)).max() <= 1


def test_tensorboard_gets_scalars_and_images(tmp_path):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    train(small_gan(), [TensorBoard(tmp_path, rows=2, columns=2, every=2)])
    events = EventAccumulator(str(tmp_path), {"tensors": 0, "images": 0})
    events.Reload()
    assert [event.step for event in events.Tensors("d_loss")] == [1, 2, 3]
    assert [event.step for event in events.Tensors("samples")] == [2]


def test_missing_tensorboard_is_an_error_with_the_command_that_installs_it(tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"pip install 'gan_keras\[tensorboard\]'"):
        TensorBoard(tmp_path)


def test_numbers_out_of_range_are_refused_before_training(tmp_path):
    with pytest.raises(ValueError, match="Got rows=0, every=0"):
        SampleGrid(tmp_path, rows=0, every=0)
    with pytest.raises(ValueError, match="steps=1"):
        Interpolation(tmp_path, steps=1)


@pytest.mark.parametrize("codec", [ImageCodec((16, 16, 1)), None])
def test_samples_have_the_format_of_the_codec(tmp_path, codec):
    gan = GAN(Patterns(), MLPDiscriminator(units=(4,)), codec)
    callback = Samples(tmp_path, num=3)
    callback.set_model(gan)
    callback.on_epoch_end(4)
    if codec is None:
        np.testing.assert_array_equal(np.load(tmp_path / "epoch_005.npy"), gan.generate(3))
    else:
        assert np.asarray(Image.open(tmp_path / "epoch_005.png")).shape == (64, 3 * 64 + 4)


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
    return without_margins(picture, 3 * (len(picture) // 196), 3)[32::66, 32, 0].tolist()


def test_rows_are_images_translations_and_reconstructions_or_pairs_without_the_reverse_direction():
    callback = TranslationGrid("unused", levels(0), levels(51))
    callback.set_model(Inverting("a_to_b", "b_to_a"))
    picture = callback.picture()
    assert picture.shape[0] == 6 * 66 - 2 and 30 < picture.shape[1] - (3 * 66 - 2) < 200
    assert rows_of(picture) == [0, 255, 0, 51, 204, 51]
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
