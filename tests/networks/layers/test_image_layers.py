"""Normalisations, attention, grouped convolutions and resampling against NumPy."""

import numpy as np
import pytest
import tensorflow as tf

from gan_keras.networks import layers

RANDOM = np.random.default_rng(3)
IMAGES = RANDOM.normal(2.0, 3.0, size=(8, 4, 4, 6)).astype("float32")
LABELS = np.array([0, 1, 2, 0, 1, 2, 0, 1], "int32")


def test_conditional_batch_normalization_scales_and_shifts_by_the_label():
    layer = layers.ConditionalBatchNormalization(3, momentum=0.0, epsilon=1e-3)
    layer(IMAGES, LABELS)
    layer.gamma.assign(RANDOM.normal(size=(3, 6)))
    layer.beta.assign(RANDOM.normal(size=(3, 6)))
    output = layer(IMAGES, LABELS, training=True).numpy()
    mean, variance = IMAGES.mean(axis=(0, 1, 2)), IMAGES.var(axis=(0, 1, 2))
    normalized = (IMAGES - mean) / np.sqrt(variance + 1e-3)
    gamma, beta = layer.gamma.numpy(), layer.beta.numpy()
    expected = np.stack([gamma[label] * image + beta[label] for image, label in zip(normalized, LABELS, strict=True)])
    np.testing.assert_allclose(output, expected, atol=1e-4)
    np.testing.assert_allclose(layer(IMAGES[:2], LABELS[:2]), expected[:2], atol=1e-4)
    pytest.raises(ValueError, layers.ConditionalBatchNormalization, 0).match("num_labels=0. Expected at least 1")


@pytest.mark.parametrize(("group_size", "groups"), [(2, 4), (4, 2), (3, 1)])
def test_minibatch_standard_deviation_is_one_number_per_group(group_size, groups):
    output = layers.MinibatchStandardDeviation(group_size)(IMAGES).numpy()
    np.testing.assert_array_equal(output[..., :-1], IMAGES)
    for group in range(groups):
        members = IMAGES[group::groups]
        np.testing.assert_allclose(output[group::groups, ..., -1], members.std(axis=0).mean(), rtol=1e-5)


def test_minibatch_standard_deviation_reads_batches_of_unknown_size():
    layer = layers.MinibatchStandardDeviation(4)
    function = tf.function(layer, input_signature=[tf.TensorSpec([None, 4, 4, 6])])
    for num in (8, 5, 1):
        np.testing.assert_allclose(function(IMAGES[:num]), layer(IMAGES[:num]), rtol=1e-6)


def test_pixel_normalization_makes_the_mean_square_of_each_pixel_one():
    output = layers.PixelNormalization()(IMAGES).numpy()
    np.testing.assert_allclose(np.mean(output**2, axis=-1), 1.0, rtol=1e-5)
    np.testing.assert_allclose(output[0, 0, 0] / output[0, 0, 0, 0], IMAGES[0, 0, 0] / IMAGES[0, 0, 0, 0], rtol=1e-4)


def test_self_attention_starts_as_the_identity_and_then_gathers_from_all_pixels():
    layer = layers.SelfAttention2D()
    np.testing.assert_array_equal(layer(IMAGES), IMAGES)
    layer.gamma.assign(0.7)
    expected = np.stack([attended(layer, image.reshape(16, 6)).reshape(4, 4, 6) for image in IMAGES])
    np.testing.assert_allclose(layer(IMAGES), expected, rtol=1e-4, atol=1e-4)


def attended(layer, pixels):
    """Equations 1 to 3 of the paper, one pixel after the other."""
    parts = (layer.query, layer.key, layer.value, layer.output_convolution)
    query, key, value, output = (part.kernel.numpy()[0, 0] / float(part.sigma()) for part in parts)
    rows = []
    for pixel in pixels:
        scores = np.array([(pixel @ query) @ (other @ key) for other in pixels])
        weights = np.exp(scores - scores.max())
        gathered = sum(weight * (other @ value) for weight, other in zip(weights / weights.sum(), pixels, strict=True))
        rows.append(pixel + 0.7 * gathered @ output)
    return np.array(rows)


def test_groups_that_do_not_divide_the_channels_are_an_error_and_none_require_xla_which_servers_refuse():
    with pytest.raises(ValueError, match="6 channels do not divide into 4 groups. Expected a multiple"):
        layers.GroupedConv2D(4)(IMAGES)
    layer = layers.GroupedConv2D(3)
    graph = tf.function(layer, input_signature=[tf.TensorSpec([None, 4, 4, 6])]).get_concrete_function().graph.as_graph_def()
    assert not any(function.attr["_XlaMustCompile"].b for function in graph.library.function)


def test_smooth_upsampling_is_bilinear_away_from_the_border():
    upsampled = layers.SmoothUpsampling2D()(IMAGES).numpy()
    expected = tf.image.resize(IMAGES, (8, 8), method="bilinear").numpy()
    np.testing.assert_allclose(upsampled[:, 1:-1, 1:-1], expected[:, 1:-1, 1:-1], atol=1e-4)


def test_smooth_downsampling_is_a_weighted_mean_of_four_by_four_pixels():
    weights = np.outer([1, 3, 3, 1], [1, 3, 3, 1]) / 64
    downsampled = layers.SmoothDownsampling2D()(IMAGES).numpy()
    assert downsampled.shape == (8, 2, 2, 6)
    padded = np.pad(IMAGES, ((0, 0), (1, 1), (1, 1), (0, 0)))
    for row, column in ((0, 0), (0, 1), (1, 0), (1, 1)):
        window = padded[:, 2 * row : 2 * row + 4, 2 * column : 2 * column + 4]
        np.testing.assert_allclose(downsampled[:, row, column], np.einsum("bhwc,hw->bc", window, weights), atol=1e-4)
