"""Inversion: linear generators have a known answer; distances are those of brute force; what cannot be made stays far."""

import sys

import keras
import numpy as np
import pytest
from keras import layers
from scipy.spatial.distance import cdist

from gan_keras import GAN, CycleGAN, analysis
from gan_keras.codecs import ImageCodec, PointCodec
from gan_keras.data import Table
from gan_keras.data.table.columns import CategoryColumn, NumberColumn
from gan_keras.modalities.table.presets import TablePreset
from small_gans import small_gan

RANDOM = np.random.default_rng(0)
MATRIX = RANDOM.normal(size=(3, 6)).astype(np.float32)


def judge(shape=(6,)):
    return keras.Sequential([keras.Input(shape), layers.Flatten(), layers.Dense(1)])


def linear_gan(codec=None):
    generator = keras.Sequential([keras.Input((3,)), layers.Dense(6, use_bias=False)])
    generator.set_weights([MATRIX])
    return GAN(generator, judge(), codec)


def rms(difference):
    return np.sqrt(np.mean(np.square(difference), axis=-1))


@pytest.mark.parametrize("prior", [0.0, 0.3])
def test_latents_of_a_linear_generator_are_those_of_ridge_regression(prior):
    latents = RANDOM.normal(size=(5, 3))
    samples = (latents @ MATRIX).astype(np.float32)
    found = analysis.invert(linear_gan(), samples, prior=prior, steps=400, learning_rate=0.1)
    expected = np.linalg.solve(MATRIX @ MATRIX.T / 6 + prior / 3 * np.eye(3), MATRIX @ samples.T / 6).T
    np.testing.assert_allclose(found.latents, expected, atol=2e-3)
    np.testing.assert_allclose(found.reconstructions, expected @ MATRIX, atol=5e-3)
    np.testing.assert_allclose(found.distances, rms(expected @ MATRIX - samples), atol=2e-3)
    np.testing.assert_allclose(found.lengths, rms(expected), atol=2e-3)
    if not prior:
        np.testing.assert_allclose(found.latents, latents, atol=2e-3)
        assert found.distances.max() < 2e-3 < 0.1 < found.nearest_generated.distances.max()
        assert found.control.max() < 2e-3 and found.control.shape == (8,)


def test_what_the_generator_cannot_make_stays_as_far_as_its_span():
    samples = RANDOM.normal(size=(4, 6)).astype(np.float32)
    found = analysis.invert(linear_gan(), samples, prior=0.0, steps=400, learning_rate=0.1, training=samples[::-1])
    nearest_point = samples @ np.linalg.pinv(MATRIX) @ MATRIX
    np.testing.assert_allclose(found.distances, rms(samples - nearest_point), rtol=1e-3)
    np.testing.assert_array_equal(found.nearest_training.indices[:, 0], [3, 2, 1, 0])
    np.testing.assert_array_equal(found.nearest_training.distances, np.zeros((4, 1)))
    intervals = found.intervals
    assert list(intervals) == ["reconstruction", "nearest_generated", "control", "nearest_training"]
    assert intervals["reconstruction"].mean == pytest.approx(found.distances.mean())
    assert intervals["control"].high < intervals["reconstruction"].low < intervals["nearest_generated"].mean


def test_the_nearest_generated_sample_is_that_of_brute_force_in_the_codecs_tensors():
    gan = linear_gan(PointCodec([1.0] * 6, [1.0, 2.0, 3.0, 1.0, 1.0, 5.0]))
    samples = gan.generate(4, seed=5000)
    found = analysis.invert(gan, samples, steps=1, num_generated=300, seed=7)
    pool, own = (gan.encode(each).numpy() for each in (gan.generate(300, seed=7), samples))
    distances = cdist(own, pool) / 6**0.5
    np.testing.assert_array_equal(found.nearest_generated.indices[:, 0], distances.argmin(axis=1))
    np.testing.assert_allclose(found.nearest_generated.distances[:, 0], distances.min(axis=1), atol=1e-6)
    assert (found.distances <= distances.min(axis=1) + 1e-6 + 0.2).all()


def test_rows_do_not_depend_on_each_other_and_repeat_with_the_seed():
    gan, samples = small_gan(), RANDOM.normal(size=(70, 2)).astype(np.float32)
    found = analysis.invert(gan, samples, steps=20, num_controls=0)  # more rows than a block
    again = analysis.invert(gan, samples[:1], steps=20, num_controls=0)
    np.testing.assert_allclose(found.latents[:1], again.latents, atol=1e-4)
    assert found.control.shape == (0,) and np.isnan(found.intervals["control"].mean)
    np.testing.assert_array_equal(analysis.invert(gan, samples, steps=20, num_controls=0).latents, found.latents)


def test_features_decide_what_is_near():
    def first_half(tensors):
        return {"features": tensors[:, :3]}

    latents = RANDOM.normal(size=(4, 3)).astype(np.float32)
    samples = np.concatenate([latents @ MATRIX[:, :3], RANDOM.normal(size=(4, 3))], axis=1).astype(np.float32)
    found = analysis.invert(linear_gan(), samples, prior=0.0, steps=600, learning_rate=0.1, features=first_half)
    np.testing.assert_allclose(found.latents, latents, atol=0.02)
    np.testing.assert_allclose(found.distances, rms(found.reconstructions[:, :3] - samples[:, :3]), atol=1e-5)


@keras.saving.register_keras_serializable(package="tests")
class Labelled(keras.Model):
    """Moves each label to a place of its own."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.latent_dim, self.num_labels = 2, 3
        self.scale = layers.Dense(2, use_bias=False, kernel_initializer=keras.initializers.Constant([[0.3, 0.0], [0.0, 0.3]]))

    def call(self, latents, labels=None, training=False):
        return keras.ops.tanh(self.scale(latents)) + 4.0 * keras.ops.cast(labels, "float32")[:, None]


@keras.saving.register_keras_serializable(package="tests")
class LabelledJudge(keras.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.num_labels, self.dense = 3, layers.Dense(1)

    def call(self, samples, labels=None, training=False):
        return self.dense(samples)


def test_an_unknown_label_is_found_and_a_given_one_is_kept():
    gan, samples = GAN(Labelled(), LabelledJudge()), np.array([[0.3, 0.1], [8.2, 7.9], [4.0, 4.1]], np.float32)
    found = analysis.invert(gan, samples)
    np.testing.assert_array_equal(found.labels, [0, 2, 1])
    assert found.distances.max() < 0.05
    given = analysis.invert(gan, samples, labels=[0, 0, 1], num_generated=300)
    np.testing.assert_array_equal(given.labels, [0, 0, 1])
    np.testing.assert_allclose(given.distances[1], rms(samples[1] - 1.0), rtol=0.02)  # tanh ends at 1
    assert given.nearest_generated.distances[1, 0] > 6.8  # another label would be nearer
    pytest.raises(ValueError, analysis.invert, gan, samples, labels=[0, 0, 5]).match("Got labels from 0 to 5")
    pytest.raises(ValueError, analysis.invert, gan, samples, num_generated=11, labels=[0, 1, 2]).match("Expected at least 12")


# --- Tables. ---


def table_gan(network):
    random = np.random.default_rng(0)
    cells = np.stack([random.normal(20.0, 5.0, 200).round(1), random.integers(0, 3, 200)], axis=1)
    columns = NumberColumn("number", False, -5.0, 50.0, 1), CategoryColumn("kind", False, ("high", "low", "middle"))
    keras.utils.set_random_seed(0)
    preset = TablePreset(
        network=network, loss="non_saturating", width=16, latent_dim=4, pack=2, most_modes=2, batch_size=32, most_slots=4
    )
    return preset.build(Table("a", columns, cells, {})), cells


@pytest.mark.parametrize("network", ["ctgan", "tvae"])
def test_rows_are_compared_as_they_are_written_and_keep_their_conditions(network):
    gan, cells = table_gan(network)
    found = analysis.invert(gan, cells[:6], steps=30, num_generated=100, training=cells[50:])
    assert found.latents.shape == (6, gan.latent_dim) and not found.latents[:, gan.style_dim :].any()
    np.testing.assert_array_equal(found.labels, gan.codec.last_condition(cells[:6]))
    rows = np.stack(
        [found.reconstructions["number"], [("high", "low", "middle").index(k) for k in found.reconstructions["kind"]]], 1
    )
    difference = gan.codec.encode(rows).numpy() - gan.codec.encode(cells[:6]).numpy()
    np.testing.assert_allclose(found.distances, rms(difference), atol=1e-6)
    expected = cdist(gan.codec.encode(cells[:6]), gan.codec.encode(cells[50:])) / gan.codec.width**0.5
    np.testing.assert_allclose(found.nearest_training.distances[:, 0], expected.min(axis=1), atol=1e-6)
    by_name = gan.generate(4, as_frame=False)
    assert np.isfinite(analysis.invert(gan, by_name, steps=1, num_generated=50, num_controls=0).distances).all()
    pytest.raises(ValueError, analysis.invert, gan, cells, labels=[0] * 200).match("which hold their conditions")


def test_the_encoder_makes_the_first_start():
    gan, cells = table_gan("tvae")
    found = analysis.invert(gan, cells[:5], starts=1, steps=1, learning_rate=1e-9, num_generated=20, num_controls=0)
    means, _ = gan.discriminator.code(gan.codec.encode(cells[:5]), gan.codec.last_condition(cells[:5]))
    np.testing.assert_allclose(found.latents[:, : gan.style_dim], means, atol=1e-6)


# --- Nearest. ---


def test_nearest_is_brute_force_in_values_and_in_features(monkeypatch):
    monkeypatch.setattr(sys.modules["gan_keras.metrics.precision_recall"], "_MAX_PAIRS", 50)  # several blocks
    samples, references = RANDOM.normal(size=(9, 2, 3)), RANDOM.normal(size=(20, 2, 3))
    found = analysis.nearest(samples, references, num=3)
    distances = cdist(samples.reshape(9, 6), references.reshape(20, 6)) / 6**0.5
    np.testing.assert_array_equal(found.indices, distances.argsort(axis=1)[:, :3])
    np.testing.assert_allclose(found.distances, np.sort(distances, axis=1)[:, :3], rtol=1e-6)
    found = analysis.nearest(samples, references, features=lambda block: {"features": block[:, 0] * 2.0})
    distances = cdist(samples[:, 0], references[:, 0]) * 2 / 3**0.5
    np.testing.assert_array_equal(found.indices[:, 0], distances.argmin(axis=1))
    np.testing.assert_allclose(found.distances[:, 0], distances.min(axis=1), rtol=1e-6)


def test_wrong_use_is_an_error_that_names_what_works():
    gan, samples = linear_gan(), np.zeros((2, 6), np.float32)
    for options in ({"starts": 0}, {"steps": 0}, {"learning_rate": 0.0}, {"prior": -1.0}, {"num_controls": -1}):
        pytest.raises(ValueError, analysis.invert, gan, samples, **options).match("Expected starts and steps >= 1")
    pytest.raises(ValueError, analysis.invert, gan, samples[:, :5]).match("Got samples of shape")
    pytest.raises(ValueError, analysis.invert, gan, samples, labels=[0, 1]).match("takes none")
    pytest.raises(ValueError, analysis.invert, gan, samples, num_generated=3).match("Expected at least 4")
    pytest.raises(ValueError, analysis.nearest, samples, samples[:, :5]).match("Expected equal shapes")
    pytest.raises(ValueError, analysis.nearest, samples, samples, num=3).match("num from 1 to the number of references")
    image = keras.Sequential([keras.Input((8, 8, 1)), layers.Conv2D(1, 1)])
    networks = [(each, keras.models.clone_model(each)) for each in (image, judge((8, 8, 1)))]
    cycle = CycleGAN(*networks, ImageCodec((8, 8, 1)))
    pytest.raises(ValueError, analysis.invert, cycle, samples).match("has no latents.*`translate`")
