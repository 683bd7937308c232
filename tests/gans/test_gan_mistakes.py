"""Mistakes in the use of `GAN`: each raises an error that says what was got, what is expected and how to fix it."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from gan_keras import GAN, auxiliary, networks, penalties
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
        (np.full(64, 0.5), "labels such as 0.5"),
        (np.zeros((64, 3), np.int32), r"labels of dtype int32 and shape \(64, 3\)"),
        (np.zeros(63, np.int32), "63 labels for 64 samples"),
        (None, "no labels"),
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
    for wrong in (labels % 3 + 0.5, np.zeros((64, 3))):
        with pytest.raises(tf.errors.InvalidArgumentError, match="Expected one whole number from 0 to 2"):
            gan.fit(tf.data.Dataset.from_tensor_slices((POINTS, wrong)).batch(16), verbose=0)
    for strange in (labels.astype(str), np.zeros((64, 2))):
        with pytest.raises(ValueError, match="Got labels of dtype .*Expected one whole number from 0 to 2"):
            gan.fit(tf.data.Dataset.from_tensor_slices((POINTS, strange)).batch(16), verbose=0)
    with pytest.raises(ValueError, match="Got no labels"):
        gan.fit(tf.data.Dataset.from_tensor_slices(POINTS).batch(16), verbose=0)


def test_a_layer_frozen_after_compile_is_an_error():
    gan = dense_gan()
    gan.discriminator.layers[-1].trainable = False
    pytest.raises(ValueError, gan.fit, POINTS, verbose=0).match("The discriminator's trainable .* Expected layers to be frozen")
    gan.compile()
    start = gan.discriminator.get_weights()
    gan.fit(POINTS, verbose=0)
    assert all((old == new).all() for old, new in zip(start, gan.discriminator.get_weights(), strict=True))


def test_samples_that_are_not_finite_are_an_error_before_training():
    gan, points = dense_gan(), POINTS.copy()
    points[7, 1], before = np.nan, gan.generator.get_weights()
    for data in (points, tf.data.Dataset.from_tensor_slices(points).batch(16)):
        pytest.raises(ValueError, gan.fit, data, verbose=0).match("Got samples in which 1 of .* numbers are NaN or infinite")
    assert all(np.array_equal(*pair) for pair in zip(before, gan.generator.get_weights(), strict=True))


def test_the_networks_the_wrong_way_round_are_an_error():
    with pytest.raises(ValueError, match=r"they seem to be the wrong way round. Expected the generator first"):
        GAN(dense_network(2, 1), dense_network(4, 2))


def test_arguments_of_keras_compile_that_a_gan_lacks_are_errors():
    gan = GAN(dense_network(4, 2), dense_network(2, 1))
    for options, message in (
        ({"optimizer": "adam"}, "optimizer='adam'. Expected one for each network"),
        ({"loss_weights": [1.0, 0.0]}, r"loss_weights=\[1.0, 0.0\]. Expected none"),
        ({"metrics": ["accuracy"]}, "metrics='accuracy'. Expected `keras.metrics.Metric` objects"),
        ({"metrics": "accuracy"}, "metrics='accuracy'. Expected `keras.metrics.Metric` objects"),
        ({"penalties": "R1"}, "penalty='R1'. Expected an object such as"),
        ({"augmentation": "diff"}, "augmentation='diff'. Expected a function"),
        ({"discriminator_optimiser": "sgd"}, "discriminator_optimiser='sgd'. Did you mean 'discriminator_optimizer'"),
    ):
        pytest.raises(ValueError, gan.compile, **options).match(message)
    gan.compile(penalties=penalties.R1(), auxiliary=auxiliary.FeatureMatching(), metrics=keras.metrics.MeanSquaredError())
    assert "mean_squared_error" in gan.evaluate(POINTS, verbose=0, return_dict=True)


def test_weights_of_samples_and_classes_are_errors_from_every_source():
    gan = dense_gan()
    pytest.raises(ValueError, gan.fit, POINTS, sample_weight=np.ones(64)).match("Got sample weights")
    pytest.raises(ValueError, gan.fit, POINTS, class_weight={0: 1.0}).match("Got sample weights")
    pytest.raises(ValueError, gan.evaluate, POINTS, sample_weight=np.ones(64)).match("Got sample weights")
    batches = tf.data.Dataset.from_tensor_slices((POINTS, POINTS, np.ones(64))).batch(8)
    pytest.raises(ValueError, gan.fit, batches).match("Got sample weights")
    pytest.raises(ValueError, gan.train_on_batch, POINTS, sample_weight=np.ones(64)).match("Got sample weights")


def test_data_that_are_no_numbers_are_errors_that_say_what_they_are():
    gan = dense_gan()
    for data, message in (
        (np.array([["a", "b"]]), "dtype <U1. Expected numbers"),
        (np.array([[1, None]], object), "dtype object, such as None"),
        (None, "Got no data"),
        (7.0, "Got samples of type float"),
        ([POINTS, POINTS[:3]], "Got a list of arrays of shapes"),
        ({"left": POINTS, "right": POINTS}, r"the keys \['left', 'right'\]. Expected \(samples, labels\)"),
    ):
        pytest.raises(ValueError, gan.fit, data, verbose=0).match(message)


def test_double_precision_of_all_of_keras_is_an_error():
    keras.config.set_floatx("float64")
    try:
        pytest.raises(ValueError, dense_gan).match("floatx is float64. Expected float32")
    finally:
        keras.config.set_floatx("float32")


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
