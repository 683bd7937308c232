"""Points and their standardised columns."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from gan_keras import GAN, codecs, networks
from refusals import refused

POINTS = np.random.default_rng(0).normal([100.0, -3.0], [20.0, 0.01], (500, 2)).astype(np.float32)


def adapted():
    codec = codecs.PointCodec()
    codec.adapt(POINTS)
    return codec


def test_encoded_columns_have_mean_0_and_deviation_1_unless_others_are_given():
    codec = adapted()
    encoded = codec.encode(POINTS).numpy()
    np.testing.assert_allclose(encoded.mean(axis=0), 0.0, atol=1e-4)
    np.testing.assert_allclose(encoded.std(axis=0), 1.0, atol=1e-4)
    np.testing.assert_allclose(codec.decode(encoded), POINTS, rtol=1e-5)
    codec = codecs.PointCodec((1.0, 2.0), (2.0, 4.0))
    codec.adapt(POINTS)
    np.testing.assert_allclose(codec.encode(np.array([[3.0, 6.0]])), [[1.0, 1.0]])


def test_points_that_cannot_be_standardised_and_wrong_arguments_are_errors():
    for points, message in (
        (np.zeros((5,)), "columns"),
        (np.array([[1.0, np.nan], [2.0, 3.0]]), "finite"),
        (np.array([[1.0, 2.0], [1.0, 3.0]]), "leave constant columns out"),
    ):
        refused(message, codecs.PointCodec().adapt, points)
    refused("both, or neither", codecs.PointCodec, means=(0.0,))
    refused("adapt", codecs.PointCodec().encode, POINTS)
    refused("a number a column", adapted().check_samples, keras.ops.zeros((4, 3)))
    refused("a number a column", codecs.PointCodec((5.0, 5.0), (2.0, 4.0)).encode, tf.zeros((3, 1)))


@pytest.mark.parametrize("dtype", ["float64", "float32", "int64"])
def test_points_of_any_kind_of_number_are_standardised_in_training(dtype):
    gan = GAN(networks.MLPGenerator((2,)), networks.MLPDiscriminator(), codecs.PointCodec((5.0, 5.0), (2.0, 4.0)))
    gan.compile()
    samples, _ = gan.unpack(tf.constant([[7, 1]], dtype))
    np.testing.assert_allclose(samples, [[1.0, -1.0]])
