"""Mistakes in the use of `GAN`: each raises an error that says what was got, what is expected and how to fix it."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from gan_keras import GAN, networks
from gan_keras.networks import MLPDiscriminator, MLPGenerator
from small_gans import POINTS


def dense_network(inputs, outputs, activation=None):
    return keras.Sequential([keras.Input((inputs,)), keras.layers.Dense(outputs, activation)])


def dense_gan():
    gan = GAN(dense_network(4, 2), dense_network(2, 1))
    gan.compile()
    return gan


def test_networks_of_different_shapes_and_a_discriminator_without_exactly_one_output_are_errors():
    with pytest.raises(ValueError, match=r"makes samples of shape \(2, 3\), which the discriminator does not read(.|\n)*value 2"):
        GAN(dense_network(4, 3), dense_network(2, 1))
    with pytest.raises(ValueError, match=r"to shape \(2, 5\). Expected \(2, 1\), one logit per sample"):
        GAN(dense_network(4, 2), dense_network(2, 5))


def test_a_discriminator_that_ends_with_a_sigmoid_is_an_error():
    inputs = keras.Input((2,))
    functional = keras.Model(inputs, keras.layers.Activation("sigmoid")(keras.layers.Dense(1)(inputs)))
    for discriminator in (dense_network(2, 1, "sigmoid"), functional):
        pytest.raises(ValueError, GAN, dense_network(4, 2), discriminator).match("ends with a sigmoid. Expected a logit")


def test_a_generator_of_unknown_latents_is_an_error():
    with pytest.raises(ValueError, match=r"Expected \(batch, latent_dim\): begin it with `keras.Input"):
        GAN(keras.Sequential([keras.layers.Dense(2)]), dense_network(2, 1))
    pytest.raises(ValueError, MLPGenerator, (2,), latent_dim=0).match("latent_dim=0. Expected at least 1")


@pytest.mark.filterwarnings("ignore:Your input ran out of data")
def test_an_empty_data_set_is_an_error():
    points = tf.data.Dataset.from_tensor_slices(POINTS)
    for data in (points.take(3).batch(4, drop_remainder=True), points.filter(lambda point: False).batch(4)):
        with pytest.raises(ValueError, match="The data set has no batch. Expected at least one"):
            dense_gan().fit(data, verbose=0, shuffle=False)


def test_labels_for_networks_that_take_none_and_sample_weights_are_errors():
    with pytest.raises(ValueError, match="Got labels, but .* takes none. Expected a network with"):
        dense_gan().fit(POINTS, y=np.zeros(64, np.int32), verbose=0)
    with pytest.raises(ValueError, match="Got sample weights. Expected batches of samples"):
        dense_gan().fit(POINTS, y=np.zeros(64), sample_weight=np.ones(64), verbose=0)


class LabelledGenerator(MLPGenerator):
    num_labels = 3


def labelled_gan():
    gan = GAN(LabelledGenerator((2,), latent_dim=4, units=(8,)), MLPDiscriminator())
    gan.compile()
    return gan


def test_labels_that_the_networks_do_not_know_or_in_other_numbers_are_an_error_before_training():
    gan = labelled_gan()
    for labels, got in (
        (np.arange(64) % 4, "labels from 0 to 3"),
        (np.arange(64) % 3 - 1, "labels from -1 to 1"),
        (np.zeros(64), r"labels of dtype float64 and shape \(64,\)"),
        (np.zeros((64, 3), np.int32), r"labels of dtype int32 and shape \(64, 3\)"),
    ):
        pytest.raises(ValueError, gan.fit, POINTS, y=labels, verbose=0).match(f"Got {got}. Expected one whole number from 0 to 2")
    assert int(gan.generator_optimizer.iterations) == 0
    gan.discriminator.num_labels = 2
    with pytest.raises(ValueError, match="The generator knows 3 labels and the discriminator 2. Expected equal numbers"):
        gan.fit(POINTS, np.zeros(64, np.int32), verbose=0)


def test_a_wrong_label_in_a_data_set_stops_before_the_weights_move():
    gan, labels = labelled_gan(), np.arange(64) % 3
    labels[10], before = 3, gan.get_weights()
    batches = tf.data.Dataset.from_tensor_slices((POINTS, labels)).batch(16)
    with pytest.raises(tf.errors.InvalidArgumentError, match="Expected one whole number from 0 to 2"):
        gan.fit(batches, verbose=0, shuffle=False)
    for network in (gan.generator, gan.discriminator):
        assert all(any(np.array_equal(weight, old) for old in before) for weight in network.get_weights())
    with pytest.raises(ValueError, match="labels of dtype float"):
        gan.fit(tf.data.Dataset.from_tensor_slices((POINTS, labels * 1.0)).batch(16), verbose=0)


def test_a_layer_frozen_after_compile_is_an_error():
    gan = dense_gan()
    gan.discriminator.layers[-1].trainable = False
    pytest.raises(ValueError, gan.fit, POINTS, verbose=0).match("The discriminator's trainable .* Expected layers to be frozen")
    gan.compile()
    start = gan.discriminator.get_weights()
    gan.fit(POINTS, verbose=0)
    assert all((old == new).all() for old, new in zip(start, gan.discriminator.get_weights(), strict=True))


def test_a_nan_stops_training():
    gan = dense_gan()
    history = gan.fit(np.full_like(POINTS, np.nan), epochs=3, callbacks=[keras.callbacks.TerminateOnNaN()], verbose=0)
    assert int(gan.generator_optimizer.iterations) == 1
    assert len(history.epoch) == 1


def test_samples_of_another_shape_than_the_generators_are_an_error_before_training():
    reads_any_size = keras.Sequential([keras.Input((None, None, 1)), keras.layers.GlobalMaxPooling2D(), keras.layers.Dense(1)])
    generator = keras.Sequential([keras.Input((4,)), keras.layers.Dense(64), keras.layers.Reshape((8, 8, 1))])
    gan = GAN(generator, reads_any_size)
    gan.compile()
    for shape in ((12, 12, 1), (8, 8)):
        pytest.raises(ValueError, gan.fit, np.zeros((8, *shape), np.float32), verbose=0).match("the generator makes")
    assert int(gan.draws) == 0


def test_whole_numbers_of_any_kind_are_labels():
    generator = networks.WGANGPGenerator((16, 16, 1), latent_dim=4, width=2, num_labels=3)
    gan = GAN(generator, networks.WGANGPDiscriminator((16, 16, 1), width=2, num_labels=3))
    gan.compile(run_eagerly=True)
    for dtype in ("uint8", "int64"):
        history = gan.fit(np.zeros((4, 16, 16, 1), np.float32), np.array([0, 1, 2, 1], dtype), verbose=0)
        assert np.isfinite(history.history["loss"][0])
