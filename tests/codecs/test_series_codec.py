"""Series as tensors and back: extremes, copies of columns, ends of windows, and principal components."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.special import ndtri

from gan_keras.codecs import ComponentCodec, NormalScoreCodec, SeriesCodec
from gan_keras.codecs.series_components import interpolate
from refusals import refused

RANDOM = np.random.default_rng(0)
WINDOWS = np.cumsum(RANDOM.standard_normal((300, 6, 2)), axis=1).astype(np.float32) * [1.0, 1000.0] + [5.0, 0.0]


def adapted(kind=SeriesCodec, windows=WINDOWS, **options):
    codec = kind(**options)
    codec.adapt(windows)
    return codec


def ended(windows):
    """Windows; every third ends after four steps."""
    windows = windows.copy()
    windows[::3, 4:] = np.nan
    return windows


@pytest.mark.parametrize("kind", [SeriesCodec, ComponentCodec, NormalScoreCodec])
@pytest.mark.parametrize("windows", [WINDOWS, ended(WINDOWS)], ids=["whole", "ended"])
def test_decoding_undoes_encoding_and_a_codec_survives_its_config(kind, windows):
    codec = adapted(kind, windows)
    tensors = codec.encode(windows)
    assert tuple(tensors.shape[1:]) == codec.tensor_shape
    decoded = codec.decode(tensors).numpy()
    np.testing.assert_array_equal(np.isnan(decoded), np.isnan(windows))
    scale = np.nanstd(windows, axis=(0, 1))
    np.testing.assert_allclose(decoded / scale, windows / scale, atol=2e-3)
    config = keras.saving.serialize_keras_object(codec)
    again = keras.saving.deserialize_keras_object(config)
    np.testing.assert_array_equal(again.encode(windows), tensors)
    in_graph = tf.function(lambda each: (again.encode(each), again.decode(tensors)))(tf.constant(windows, tf.float32))
    np.testing.assert_allclose(in_graph[0], tensors, atol=1e-5)
    np.testing.assert_allclose(in_graph[1] / scale, decoded / scale, atol=1e-5)
    assert again.get_config() == codec.get_config()


def test_the_extremes_of_a_column_are_minus_one_and_one_and_values_beyond_decode_within_them():
    tensors = adapted().encode(WINDOWS).numpy()
    np.testing.assert_allclose(tensors.min(axis=(0, 1)), -1.0)
    np.testing.assert_allclose(tensors.max(axis=(0, 1)), 1.0)
    np.testing.assert_allclose(
        tensors[0, 0, 0], 2 * (WINDOWS[0, 0, 0] - WINDOWS[..., 0].min()) / np.ptp(WINDOWS[..., 0]) - 1, 1e-5
    )
    codec = adapted()
    decoded = codec.decode(tf.constant([[[-3.0, 7.0]] * 6])).numpy()
    np.testing.assert_allclose(decoded[0, 0], [WINDOWS[..., 0].min(), WINDOWS[..., 1].max()], rtol=1e-5)


def test_a_column_that_equals_another_is_left_out_and_decoded_as_its_copy():
    windows = np.concatenate([WINDOWS, WINDOWS[..., :1]], axis=2)
    codec = adapted(windows=windows)
    assert codec.tensor_shape == (6, 2) and codec.sources == (0, 1, 0)
    decoded = codec.decode(tf.random.uniform((4, 6, 2), -1, 1)).numpy()
    np.testing.assert_array_equal(decoded[..., 0], decoded[..., 2])


def test_a_column_of_few_values_decodes_to_these_values():
    windows = np.concatenate([WINDOWS, np.round(WINDOWS[..., :1] / 2)], axis=2)
    codec = adapted(windows=windows)
    decoded = codec.decode(RANDOM.uniform(-1.2, 1.2, (40, 6, 3))).numpy()
    assert set(np.unique(decoded[..., 2])) <= set(np.unique(windows[..., 2]).astype(np.float32))
    assert len(np.unique(decoded[..., 0])) > 150
    tensors = tf.constant([[[0.0, 0.0, share] for share in np.linspace(-1, 1, 6)]], tf.float32)
    values, wanted = np.unique(windows[..., 2]), np.linspace(windows[..., 2].min(), windows[..., 2].max(), 6)
    nearest = values[np.abs(values[:, None] - wanted).argmin(axis=0)]
    np.testing.assert_array_equal(codec.decode(tensors)[0, :, 2], nearest)


def test_a_series_ends_at_the_first_end_mark_and_has_at_least_one_step():
    codec = adapted(windows=ended(WINDOWS))
    tensors = np.zeros((3, 6, 3), np.float32)
    tensors[:, :, 2] = [[1, 1, -1, 1, 1, 1], [-1, 1, 1, 1, -1, 1], [1, 1, 1, 1, 1, 1]]
    decoded = codec.decode(tensors)
    assert codec.lengths(decoded).numpy().tolist() == [2, 4, 6]
    assert set(codec.encodings) == {"series", "length"} and adapted().encodings == {}


def test_components_have_mean_zero_and_variances_between_the_scaled_ones_and_equal_ones():
    plain, whole = (adapted(ComponentCodec, whitening=power).encode(WINDOWS).numpy() for power in (0.0, 1.0))
    for tensors in (plain, whole):
        np.testing.assert_allclose(tensors.mean(axis=0), 0.0, atol=1e-4)
        np.testing.assert_allclose(tensors.var(axis=0).mean(), 1.0, rtol=0.02)
    np.testing.assert_allclose(whole.var(axis=0), 1.0, rtol=0.02)
    scaled = adapted().encode(WINDOWS).numpy().reshape(len(WINDOWS), -1)
    variances = np.sort(np.linalg.eigvalsh(np.cov(scaled.T)))[::-1]
    np.testing.assert_allclose(plain.var(axis=0) / plain.var(axis=0).sum(), variances / variances.sum(), rtol=0.02)


def test_normal_scores_are_quantiles_of_ranks_and_few_values_decode_with_their_frequencies():
    codec = adapted(NormalScoreCodec, knots=300, whitening=0.0)
    scores = codec.scale(tf.constant(WINDOWS, tf.float32)).numpy()[..., 1].ravel()
    ranks = (np.argsort(np.argsort(WINDOWS[..., 1].ravel())) + 0.5) / WINDOWS[..., 1].size
    inner = (ranks > 0.02) & (ranks < 0.98)
    np.testing.assert_allclose(scores[inner], ndtri(ranks[inner]), atol=0.05)
    points = tf.constant([-1.0, 0.5, 1.5, 9.0])
    expected = np.interp(points, [0, 1, 2], [5, 7, 8])
    np.testing.assert_allclose(interpolate((0, 1, 2), (5, 7, 8), points), expected, rtol=1e-6)
    counts = np.random.default_rng(1).choice([0.0, 1.0, 5.0], (300, 6, 1), p=[0.7, 0.2, 0.1])
    codec = adapted(NormalScoreCodec, np.concatenate([WINDOWS, counts], axis=2))
    normal = np.random.default_rng(2).standard_normal((2000, 6, 3)).astype(np.float32)
    values, shares = np.unique(codec.unscale(tf.constant(normal)).numpy()[..., 2], return_counts=True)
    assert values.tolist() == [0.0, 1.0, 5.0]
    np.testing.assert_allclose(shares / shares.sum(), np.unique(counts, return_counts=True)[1] / counts.size, atol=0.02)


@pytest.mark.parametrize("kind", [SeriesCodec, ComponentCodec, NormalScoreCodec])
def test_a_column_that_never_changes_is_left_out_and_put_back(kind):
    constant = np.full((len(WINDOWS), 6, 1), 7.25, np.float32)
    windows = np.concatenate([constant, WINDOWS, constant], axis=2)
    codec, plain = adapted(kind, windows), adapted(kind)
    tensors = codec.encode(windows)
    np.testing.assert_array_equal(tensors, plain.encode(WINDOWS))
    decoded = kind.from_config(codec.get_config()).decode(tensors).numpy()
    np.testing.assert_array_equal(decoded[..., [0, 3]], windows[..., [0, 3]])
    np.testing.assert_array_equal(decoded[..., 1:3], plain.decode(tensors))


def test_codecs_refuse_wrong_arguments_and_shapes():
    refused("never change", adapted, windows=np.ones((4, 3, 2), np.float32))
    gaps = WINDOWS.copy()
    gaps[0, 1, 1] = np.nan
    refused("Column 1 of the series has missing cells", adapted, windows=gaps)
    refused(r"Expected \(num, steps, columns\)", adapted, windows=np.ones((4, 3)))
    refused(r"Expected \(batch, 6, 2\)", adapted().encode, np.ones((1, 5, 2), np.float32))
    refused("tensor_shape", adapted().decode, tf.ones((1, 6, 3)))
    refused("whitening=2", ComponentCodec, whitening=2)
    refused("knots=0", NormalScoreCodec, knots=0)
    refused("knows no columns", SeriesCodec().encode, WINDOWS)
    refused("5,000 numbers. Expected at most 4,096", adapted, ComponentCodec, RANDOM.random((3, 50, 100)))
