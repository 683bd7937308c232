"""`ImageCodec` against NumPy and Pillow, and through training, saving and export of a `GAN`."""

import io
import json
import os

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from gan_keras import GAN, export
from gan_keras.codecs import ImageCodec
from gan_keras.networks import MLPDiscriminator, MLPGenerator
from refusals import refused

SHAPE = (6, 8, 3)
RANDOM = np.random.default_rng(0)
PHOTOS = RANDOM.integers(0, 256, (32, *SHAPE), dtype=np.uint8)


def smooth(height, width):
    """Waves of three colours, uint8 `(height, width, 3)`."""
    rows, columns = np.mgrid[:height, :width]
    waves = [np.sin(rows / (3 + k)) + np.cos(columns / (5 - k)) for k in range(3)]
    return (63.7 * (2 + np.stack(waves, axis=-1))).astype(np.uint8)


def image_gan():
    keras.utils.set_random_seed(1)
    return GAN(MLPGenerator(SHAPE, 4, (16,), activation="tanh"), MLPDiscriminator((16,)), ImageCodec(SHAPE))


@pytest.fixture(scope="module")
def trained():
    gan = image_gan()
    gan.compile()
    gan.fit(tf.data.Dataset.from_tensor_slices(PHOTOS).batch(16), epochs=2, verbose=0)
    return gan


def test_levels_round_trip_exactly_and_samples_within_the_range_of_images():
    levels = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)
    codec = ImageCodec((16, 16, 1))
    samples = codec.encode(levels)
    assert samples.dtype == tf.float32
    np.testing.assert_allclose(samples, levels / 127.5 - 1, atol=1e-6)
    np.testing.assert_allclose(codec.decode(samples), levels / 255, atol=1e-6)
    np.testing.assert_array_equal(codec.to_uint8(codec.decode(samples)), levels)
    codec = ImageCodec(SHAPE)
    samples = RANDOM.uniform(-1, 1, (2, *SHAPE)).astype(np.float32)
    np.testing.assert_allclose(codec.encode(codec.decode(tf.constant(samples))), samples, atol=1e-6)
    image = ImageCodec((1, 2, 1)).decode(tf.constant([-7.0, 7.0], tf.float16, [1, 1, 2, 1]))
    assert image.dtype == tf.float32
    np.testing.assert_array_equal(image[0, 0, :, 0], [0, 1])


@pytest.mark.parametrize("size", [(8, 8), (20, 20), (64, 64)])
def test_images_are_resized_as_by_pillows_antialiased_bilinear_filter(size):
    image = smooth(32, 32)
    expected = np.asarray(Image.fromarray(image).resize(size[::-1], Image.Resampling.BILINEAR)).astype(float)
    found = (ImageCodec((*size, 3)).encode(image[None])[0] + 1) * 127.5
    np.testing.assert_allclose(found, expected, atol=1.1)  # Pillow rounds to levels twice


@pytest.mark.parametrize(("height", "width"), [(16, 40), (40, 16)])
def test_images_of_other_proportions_are_cropped_around_the_centre(height, width):
    image = smooth(height, width)
    expected = image[(height - 16) // 2 :][:16, (width - 16) // 2 :][:, :16]
    np.testing.assert_array_equal(np.round((ImageCodec((16, 16, 3)).encode(image[None])[0] + 1) * 127.5), expected)


def test_the_size_may_be_unknown_to_the_graph():
    codec = ImageCodec((4, 4, 3))
    encode = tf.function(codec.encode, input_signature=[tf.TensorSpec([None, None, None, 3], tf.uint8)])
    np.testing.assert_allclose(encode(PHOTOS), codec.encode(PHOTOS), atol=1e-6)
    assert encode(PHOTOS).shape == (32, 4, 4, 3)


def test_grey_becomes_colour_and_colour_becomes_its_luma():
    grey = RANDOM.integers(0, 256, (2, 4, 4), dtype=np.uint8)  # without an axis for channels
    coloured = ImageCodec((4, 4, 3)).encode(grey)
    np.testing.assert_allclose(coloured, np.repeat(grey[..., None], 3, axis=-1) / 127.5 - 1, atol=1e-6)
    luma = PHOTOS @ np.array([0.299, 0.587, 0.114])
    np.testing.assert_allclose(ImageCodec((6, 8, 1)).encode(PHOTOS)[..., 0], luma / 127.5 - 1, atol=2e-3)


def test_png_bytes_hold_the_levels():
    codec = ImageCodec(SHAPE)
    files = codec.encode_png(codec.decode(codec.encode(PHOTOS))).numpy()
    np.testing.assert_array_equal([np.asarray(Image.open(io.BytesIO(file))) for file in files], PHOTOS)


def test_adapt_takes_the_shape_of_the_data_unless_one_is_given():
    codec, grey, given = ImageCodec(), ImageCodec(), ImageCodec((4, 4, 1))
    codec.adapt(PHOTOS)
    grey.adapt(PHOTOS[..., 0])
    given.adapt(PHOTOS)
    assert (codec.image_shape, grey.image_shape, given.image_shape) == (SHAPE, (6, 8, 1), (4, 4, 1))
    copy = keras.saving.deserialize_keras_object(json.loads(json.dumps(keras.saving.serialize_keras_object(codec))))
    assert copy.image_shape == SHAPE


def test_wrong_shapes_and_other_mistakes_are_named():
    for shape in ((8, 8), (8, 0, 3), (8, 8, 4), (3, 8, 8)):
        refused("Expected .height, width, channels.", ImageCodec, shape)
    refused("Expected a call of `adapt", ImageCodec().encode, PHOTOS)
    refused("Expected 1 channel .grey. or 3 .colour.", ImageCodec(SHAPE).encode, PHOTOS[..., :2])
    refused(r"shape \(2, 6, 8, 3\).*with \(6, 8, 1\)", GAN, MLPGenerator(SHAPE), MLPDiscriminator(), ImageCodec((6, 8, 1)))


def test_a_gan_trains_equally_on_uint8_and_on_encoded_batches(trained):
    other = image_gan()
    other.compile()
    other.fit(tf.data.Dataset.from_tensor_slices(other.codec.encode(PHOTOS)).batch(16), epochs=2, verbose=0)
    for first, second in zip(trained.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(first, second)


def test_a_gan_generates_and_scores_images_and_makes_the_same_after_loading(trained, tmp_path):
    images = trained.generate(5, seed=3)
    assert images.shape == (5, *SHAPE) and images.dtype == np.float32
    assert images.min() >= 0 and images.max() <= 1 and images.std() > 0.01
    expected = trained.discriminator(2 * images - 1).numpy()[:, 0]
    np.testing.assert_allclose(trained.score(images), expected, atol=1e-4)
    np.testing.assert_allclose(trained.score(PHOTOS[:4]), trained.score(PHOTOS[:4] / np.float32(255)), atol=1e-4)
    trained.save(tmp_path / "gan.keras")
    loaded = keras.models.load_model(tmp_path / "gan.keras")
    assert loaded.codec.image_shape == SHAPE
    np.testing.assert_array_equal(loaded.generate(3), trained.generate(3))


def test_an_exported_gan_serves_images_png_bytes_and_scores(trained, tmp_path):
    version = export(trained, tmp_path / "images", score=True)
    assert os.path.exists(os.path.join(version, "saved_model.pb"))
    served = tf.saved_model.load(version).signatures
    assert set(served) == {"serving_default", "generate", "latents", "encoded", "score"}
    seeds = tf.constant([4, 5, 6], tf.int64)
    images = served["serving_default"](seed=seeds)["image"]
    np.testing.assert_allclose(images, trained.generate(3, seed=4), atol=1e-5)
    files = served["encoded"](seed=seeds)["png_bytes"].numpy()
    levels = np.array([np.asarray(Image.open(io.BytesIO(file))) for file in files], float)
    np.testing.assert_allclose(levels / 255, images, atol=0.51 / 255)
    np.testing.assert_allclose(served["score"](image=images)["score"], trained.score(images.numpy()), atol=1e-4)
