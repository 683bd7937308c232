"""Data of `fit` from any source, in any scale: converted rightly, or refused with the range that was found."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import gan_keras
from gan_keras import codecs
from gan_keras.codecs.base import Values
from gan_keras.networks import MLPDiscriminator, MLPGenerator

RANDOM = np.random.default_rng(0)
LEVELS = np.concatenate([np.zeros((8, 6, 6, 1), np.uint8), RANDOM.integers(0, 256, (24, 6, 6, 1)).astype(np.uint8)])
SCALES = {
    "levels": LEVELS,
    "unit": LEVELS / 255.0,
    "half precision": (LEVELS / 255.0).astype(np.float16),
    "float levels": LEVELS.astype(np.float32),
    "whole levels": LEVELS.astype(np.int32),
    "signed": (LEVELS / 127.5 - 1.0).astype(np.float32),
}
STRANGE = {
    "standardised": (LEVELS - 100.0) / 60.0,
    "16 bits": LEVELS.astype(np.uint16) * 257,
    "halved": LEVELS / 255.0 - 0.5,
    "signed bytes": (LEVELS // 2).astype(np.int8) - 64,
    "too dark to tell": LEVELS / 60.0,
    "not finite": np.where(LEVELS > 250, np.nan, LEVELS / 255.0),
}


def image_gan():
    keras.utils.set_random_seed(1)
    generator = MLPGenerator((6, 6, 1), latent_dim=4, units=(8,), activation="tanh")
    gan = gan_keras.GAN(generator, MLPDiscriminator(units=(8,)), codecs.ImageCodec((6, 6, 1)))
    gan.compile("sgd", "sgd")
    return gan


class Batches(keras.utils.PyDataset):
    def __init__(self, *columns, **kwargs):
        super().__init__(**kwargs)
        self.columns = columns

    def __len__(self):
        return 2

    def __getitem__(self, index):
        return tuple(column[16 * index : 16 * index + 16] for column in self.columns)


def batches_of(*columns):
    yield from (tuple(column[start : start + 16] for column in columns) for start in (0, 16))


def dataset(*columns):
    return tf.data.Dataset.from_tensor_slices(columns if len(columns) > 1 else columns[0]).batch(16)


SOURCES = {"array": lambda x: x, "dataset": dataset, "PyDataset": Batches, "generator": batches_of}


@pytest.mark.filterwarnings("ignore:`shuffle=True` was passed")
@pytest.mark.parametrize("source", SOURCES)
def test_every_source_trains_alike_in_every_scale(source, capsys):
    found = {}
    for name, images in SCALES.items():
        gan = image_gan()
        gan.fit(SOURCES[source](images), batch_size=16 if source == "array" else None, verbose=0)
        found[name] = gan.generator.get_weights()
        assert ("Images as" in capsys.readouterr().out) == (name != "levels"), name
    for name, weights in found.items():
        tolerance = 2e-3 if name == "half precision" else 1e-5
        for weight, expected in zip(weights, found["levels"], strict=True):
            np.testing.assert_allclose(weight, expected, atol=tolerance, err_msg=name)


@pytest.mark.filterwarnings("ignore:`shuffle=True` was passed")
@pytest.mark.parametrize("name", STRANGE)
def test_every_source_refuses_scales_that_cannot_be_told_before_training(name):
    gan = image_gan()
    before = [*gan.generator.get_weights(), *gan.discriminator.get_weights()]
    message = "numbers are NaN or infinite" if name == "not finite" else "Got images as .* from .* to "
    for make in SOURCES.values():
        pytest.raises(ValueError, gan.fit, make(STRANGE[name]), verbose=0).match(message)
    pytest.raises(ValueError, gan.fit, LEVELS, validation_data=STRANGE[name], verbose=0).match(message)
    pytest.raises(ValueError, gan.evaluate, dataset(STRANGE[name]), verbose=0).match(message)
    pytest.raises(ValueError, gan.train_on_batch, STRANGE[name]).match(message)
    pytest.raises(ValueError, gan.score, STRANGE[name]).match(message)
    after = [*gan.generator.get_weights(), *gan.discriminator.get_weights()]
    assert all(np.array_equal(*pair) for pair in zip(before, after, strict=True))


def test_scores_and_evaluations_are_the_same_in_every_scale():
    gan = image_gan()
    expected = gan.score(LEVELS), gan.evaluate(LEVELS, verbose=0)
    for name in ("unit", "float levels", "whole levels", "signed"):
        images = SCALES[name]
        np.testing.assert_allclose(gan.score(images), expected[0], atol=1e-5, err_msg=name)
        for data in (images, dataset(images)):
            np.testing.assert_allclose(gan.evaluate(data, verbose=0), expected[1], atol=1e-5, err_msg=name)
        history = gan.fit(LEVELS, validation_data=(images,), verbose=0).history
        assert history["val_loss"][-1] == pytest.approx(gan.evaluate(LEVELS, verbose=0, return_dict=True)["loss"], abs=1e-5)
        expected = gan.score(LEVELS), gan.evaluate(LEVELS, verbose=0)


def test_a_batch_of_another_scale_than_the_first_is_an_error():
    mixed = np.concatenate([LEVELS[:16] / 255.0, LEVELS[16:].astype(float)])
    for data in (dataset(mixed), Batches(mixed)):
        with pytest.raises(ValueError, match=r"Got samples as float64 from .* after samples in \[0, 1\].* Expected one scale"):
            image_gan().fit(data, verbose=0, shuffle=False)


def test_images_of_other_sizes_and_without_channels_are_read_in_their_scale():
    gan, large = image_gan(), np.repeat(np.repeat(LEVELS, 2, axis=1), 2, axis=2)
    for images in (large / 255.0, large / 127.5 - 1.0, (LEVELS / 255.0)[..., 0]):
        gan.fit(images, verbose=0)
        gan.fit(dataset(images), verbose=0)
    assert int(gan.generator_optimizer.iterations) == 3 * (1 + 2)


def test_eager_encoding_refuses_pixels_out_of_range_and_reads_whole_numbers_as_levels():
    codec = codecs.ImageCodec((6, 6, 1))
    np.testing.assert_allclose(codec.encode(LEVELS.astype(np.int64)), codec.encode(LEVELS), atol=1e-6)
    for images in (LEVELS.astype(np.float32), -(LEVELS / 255.0), LEVELS.astype(np.int64) * 2):
        pytest.raises(ValueError, codec.encode, images).match("Got pixels as .* Expected whole levels from 0 to 255")


def test_sounds_are_read_in_16_bits_or_around_0_and_others_are_refused():
    codec = codecs.WaveformCodec(8000, 16)
    for sounds, text in (
        (np.array([[-9000, 20000]], np.int32), "16-bit levels"),
        (np.array([[-0.3, 0.2]]), r"floats in \[-1, 1\]"),
        (np.array([[-900.0, 100.0]]), "16-bit levels"),
    ):
        assert pytest.raises(ValueError, _say, codec.scale_of(Values.of(sounds))).match(text)
    for sounds in (np.array([[0, 255]], np.uint8), np.array([[-1e6, 1e5]]), np.array([[0.0, 1.0]])):
        pytest.raises(ValueError, codec.scale_of, Values.of(sounds)).match("Got sounds of shape")


def _say(scale):
    raise ValueError(scale.text)


def own_gan(activation, kind=keras.layers.Dense):
    generator = keras.Sequential([keras.Input((4,)), kind(4), keras.layers.Activation(activation), keras.layers.Reshape((2, 2))])
    gan = gan_keras.GAN(generator, MLPDiscriminator(units=(4,)))
    gan.compile()
    return gan


class Nested(keras.Model):
    latent_dim = 4

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.last = keras.Sequential([keras.layers.Dense(4, "sigmoid"), keras.layers.Reshape((2, 2))])

    def call(self, latents, training=False):
        return self.last(latents)


@pytest.mark.parametrize("make", [lambda x: x, dataset], ids=["array", "dataset"])
def test_data_out_of_the_range_of_the_last_activation_are_told_with_both_ranges_and_diagnosed(make):
    nested = gan_keras.GAN(Nested(), MLPDiscriminator(units=(4,)))
    nested.compile()
    unit = RANDOM.uniform(0, 1, (32, 2, 2)).astype(np.float32)
    for gan, data, text in (
        (own_gan("tanh"), 255 * unit, r"to 2.*ends with tanh, so its samples are from -1 to 1"),
        (own_gan("tanh"), unit, "ends with tanh"),
        (own_gan("sigmoid"), 2 * unit - 1, "ends with sigmoid, so its samples are from 0 to 1"),
        (nested, 2 * unit - 1, "ends with sigmoid"),
        (own_gan("relu"), 2 * unit - 1, "ends with relu"),
    ):
        with pytest.warns(UserWarning, match=f"Ranges differ: the data are .*{text}"):
            history = gan.fit(make(data), verbose=0)
        assert any(line.startswith("ranges, epoch 1: the data are from") for line in gan.diagnose(history))


@pytest.mark.filterwarnings("error:Ranges differ")
def test_data_in_the_range_of_the_last_activation_are_not_told():
    unit = RANDOM.uniform(0, 1, (32, 2, 2)).astype(np.float32)
    for activation, data in (("tanh", 2 * unit - 1), ("sigmoid", unit), ("linear", 99 * unit), ("relu", 9 * unit)):
        gan = own_gan(activation)
        assert not any("ranges" in line for line in gan.diagnose(gan.fit(data, verbose=0)))


def test_the_excess_of_bicubic_resizing_is_clipped_in_levels_alone():
    gan, images = image_gan(), LEVELS.astype(np.float32) * 1.1 - 12.0
    expected = gan.score(images.clip(0, 255) / 255.0)
    np.testing.assert_allclose(gan.score(images), expected, atol=1e-5)
    gan.fit(dataset(images), verbose=0)
    pytest.raises(ValueError, gan.fit, LEVELS / 255.0 * 1.1 - 0.05, verbose=0).match("Got images as float64")


def test_uint8_masks_of_0_and_1_are_refused():
    pytest.raises(ValueError, image_gan().fit, (LEVELS > 99).astype(np.uint8)).match("all nearly black. Expected levels from 0")


@pytest.mark.filterwarnings("ignore:`shuffle=True` was passed")
def test_lists_of_a_single_input_and_iterables_are_read_or_refused_by_name():
    gan = image_gan()
    for data in ([LEVELS], ([batch] for (batch,) in batches_of(LEVELS))):
        assert gan.fit(data, verbose=0).history["samples"] == [32.0]
    pytest.raises(ValueError, gan.fit, iter([1]), verbose=0).match("Got samples of type list_iterator. Expected an array")
