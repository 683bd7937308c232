"""Networks of translations: shapes, patches, normalisation, pairs, errors."""

import keras
import numpy as np
import pytest

from gan_keras.networks import CycleGANGenerator, Pair, PatchGANDiscriminator, Pix2PixGenerator
from gan_keras.networks.base import check_logits
from gan_keras.networks.cyclegan import mirrored
from gan_keras.networks.layers import InstanceNormalization

SHAPE = (16, 24, 3)
GENERATORS = {
    "residual": lambda: CycleGANGenerator(SHAPE, width=4, blocks=1),
    "unet": lambda: Pix2PixGenerator(SHAPE, width=4, depth=3, dropout=0.5),
}


@pytest.fixture(autouse=True)
def seed():
    keras.utils.set_random_seed(3)


def images(num=2, shape=SHAPE):
    return np.random.default_rng(0).uniform(-1, 1, (num, *shape)).astype(np.float32)


@pytest.mark.parametrize("name", GENERATORS)
def test_a_generator_keeps_the_shape_and_does_not_depend_on_the_batch(name):
    generator = GENERATORS[name]()
    made = generator(images()).numpy()
    assert made.shape == (2, *SHAPE) and np.abs(made).max() <= 1 and np.ptp(made) > 0
    np.testing.assert_allclose(generator(images()[:1]), made[:1], atol=1e-5)
    np.testing.assert_allclose(made, generator(images()).numpy())
    pytest.raises(ValueError, generator, images(shape=(16, 16, 3))).match("incompatible")


@pytest.mark.parametrize("name", GENERATORS)
def test_a_generator_saves_all_of_its_weights(name, tmp_path):
    generator = GENERATORS[name]()
    made = generator(images()).numpy()
    generator.save(tmp_path / "generator.keras")
    np.testing.assert_array_equal(keras.saving.load_model(tmp_path / "generator.keras")(images()), made)


def test_dropout_acts_only_in_training():
    generator = GENERATORS["unet"]()
    trained = [generator(images(), training=True).numpy() for _ in range(2)]
    assert np.abs(trained[0] - trained[1]).max() > 1e-3


def test_mixed_precision_ends_in_single_precision():
    generator = CycleGANGenerator((16, 16, 3), 4, 1, dtype="mixed_bfloat16")
    made = generator(images(shape=(16, 16, 3)))
    assert made.dtype == "float32" and np.isfinite(made).all()
    assert generator.first.compute_dtype == "bfloat16"


def test_instance_normalization_equals_its_formula():
    layer = InstanceNormalization(epsilon=1e-3)
    layer.build((None, 4, 5, 2))
    layer.gamma.assign([2.0, 3.0]), layer.beta.assign([0.5, -1.0])
    inputs = np.random.default_rng(1).normal(3.0, 2.0, (3, 4, 5, 2))
    mean, variance = inputs.mean(axis=(1, 2), keepdims=True), inputs.var(axis=(1, 2), keepdims=True)
    expected = (inputs - mean) / np.sqrt(variance + 1e-3) * [2.0, 3.0] + [0.5, -1.0]
    np.testing.assert_allclose(layer(inputs.astype(np.float32)), expected, rtol=1e-4, atol=1e-5)
    theirs = keras.layers.GroupNormalization(groups=-1, epsilon=1e-3)
    theirs.build((None, 4, 5, 2))
    theirs.gamma.assign([2.0, 3.0]), theirs.beta.assign([0.5, -1.0])
    np.testing.assert_allclose(layer(inputs.astype(np.float32)), theirs(inputs.astype(np.float32)), atol=1e-4)


def test_edges_are_padded_by_reflection():
    row = np.arange(4.0, dtype=np.float32).reshape(1, 1, 4, 1).repeat(4, axis=1)
    np.testing.assert_array_equal(mirrored(row, 2)[0, 3, :, 0], [2, 1, 0, 1, 2, 3, 2, 1])


@pytest.mark.parametrize(("depth", "pixels"), [(1, 16), (2, 34), (3, 70)])
def test_a_logit_sees_only_a_square_of_pixels(depth, pixels):
    size = 128
    discriminator = PatchGANDiscriminator((size, size, 1), width=1, depth=depth)
    discriminator(np.zeros((1, size, size, 1), np.float32))
    for normalization in discriminator.normalizations:  # it sees the whole image, through its mean
        normalization.call = lambda features: features
    for weight in discriminator.trainable_weights:
        weight.assign(np.full(weight.shape, 0.1, np.float32))
    base = np.ones((1, size, size, 1), np.float32)
    logits = discriminator(base).numpy()
    middle = logits.shape[1] // 2
    seen = []
    for column in range(size):
        changed = base.copy()
        changed[:, :, column] += 1.0
        seen.append(abs(discriminator(changed).numpy()[0, middle, middle, 0] - logits[0, middle, middle, 0]) > 1e-9)
    assert np.sum(seen) == pixels


def test_logits_are_one_per_sample_or_one_per_patch():
    discriminator = PatchGANDiscriminator(SHAPE, width=2, depth=2)
    logits = discriminator(images())
    assert logits.shape == (2, 4, 6, 1)
    check_logits(discriminator, logits)
    for shape in ((2, 4, 6, 3), (2, 4), (1, 4, 6, 1), (2, 4, 1)):
        with pytest.raises(ValueError, match="one logit per sample, or .* one per patch"):
            check_logits(discriminator, np.zeros(shape, np.float32))


def test_each_network_of_a_pair_reads_its_half_of_a_batch():
    first, second = (PatchGANDiscriminator(SHAPE, width=2, depth=1) for _ in range(2))
    pair = Pair(first, second)
    samples = images(6)
    expected = np.concatenate([first(samples[:3]), second(samples[3:])])
    np.testing.assert_array_equal(pair(samples), expected)
    assert len(pair.trainable_variables) == len(first.trainable_variables) + len(second.trainable_variables)


def test_images_that_cannot_be_halved_are_refused():
    for build, words in (
        (lambda: CycleGANGenerator((18, 16, 3)), "multiples of 4, at least 8"),
        (lambda: Pix2PixGenerator((16, 16, 3), depth=4), "multiples of 16, at least 32"),
        (lambda: Pix2PixGenerator((16, 16, 3), depth=0), "Expected at least 1"),
        (lambda: PatchGANDiscriminator((20, 20, 3), depth=3), "multiples of 8, at least 16"),
    ):
        pytest.raises(ValueError, build).match(words)
