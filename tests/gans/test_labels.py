"""Labels of a user's own networks, in every form and from every source; functional models of two inputs."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import gan_keras
from gan_keras.networks import MLPDiscriminator, MLPGenerator

POINTS = np.random.default_rng(0).normal(size=(48, 2)).astype("float32")
LABELS = np.random.default_rng(1).integers(0, 3, 48)
ONE_HOT = np.eye(3, dtype=np.float32)[LABELS]


class Conditional(keras.Model):
    def __init__(self, units, num_labels=3, **kwargs):
        super().__init__(**kwargs)
        self.units, self.latent_dim = units, 4
        self.embedding, self.last = layers.Embedding(num_labels, 4), layers.Dense(units)

    def call(self, inputs, labels=None, training=False):
        return self.last(keras.ops.concatenate([inputs, self.embedding(labels)], axis=-1))

    def get_config(self):
        return {**super().get_config(), "units": self.units}


def conditional_gan():
    keras.utils.set_random_seed(1)
    gan = gan_keras.GAN(Conditional(2), Conditional(1))
    gan.compile("sgd", "sgd")
    return gan


def functional(width, units, label):
    inputs = keras.Input((width,))
    read = layers.Flatten()(layers.Embedding(3, 4)(label)) if "int" in label.dtype else label
    return keras.Model([inputs, label], layers.Dense(units)(layers.Concatenate()([inputs, read])))


class Batches(keras.utils.PyDataset):
    def __init__(self, *columns):
        super().__init__()
        self.columns = columns

    def __len__(self):
        return 3

    def __getitem__(self, index):
        return tuple(column[16 * index : 16 * index + 16] for column in self.columns)


def batches_of(*columns):
    for start in (0, 16, 32):
        yield tuple(column[start : start + 16] for column in columns)


def dataset(*columns):
    return tf.data.Dataset.from_tensor_slices(columns).batch(16)


@pytest.mark.filterwarnings("ignore:`shuffle=True` was passed")
def test_labels_in_every_form_and_from_every_source_train_alike():
    forms = {"float": LABELS * 1.0, "column": LABELS[:, None], "one-hot": ONE_HOT, "objects": LABELS.astype(object)}
    for make in (lambda *columns: columns, dataset, Batches, batches_of):
        expected, makes_arrays = conditional_gan(), make.__name__ == "<lambda>"
        options = {"batch_size": 16} if makes_arrays else {}
        expected.fit(make(POINTS, LABELS), verbose=0, **options)
        for name, labels in forms.items():
            if name == "objects" and make is dataset:
                continue
            gan = conditional_gan()
            gan.fit(make(POINTS, labels), verbose=0, **options)
            for weight, other in zip(gan.get_weights(), expected.get_weights(), strict=True):
                np.testing.assert_array_equal(weight, other, err_msg=name)


@pytest.mark.filterwarnings("ignore:`shuffle=True` was passed")
def test_wrong_missing_and_superfluous_labels_are_errors_from_every_source():
    gan, plain = conditional_gan(), gan_keras.GAN(MLPGenerator((2,), 4, (4,)), MLPDiscriminator((4,)))
    plain.compile()
    for make in (lambda *columns: columns if len(columns) > 1 else columns[0], Batches, batches_of):
        pytest.raises(ValueError, gan.fit, make(POINTS, LABELS + 1), verbose=0).match("Got labels from 1 to 3")
        pytest.raises(ValueError, gan.fit, make(POINTS, ONE_HOT * 2), verbose=0).match("Got labels of dtype float32 and shape")
        pytest.raises(ValueError, gan.evaluate, make(POINTS, LABELS + 0.5), verbose=0).match("Got labels such as")
        pytest.raises(ValueError, gan.fit, make(POINTS), verbose=0).match("Got no labels. Expected one whole number from 0 to 2")
        pytest.raises(ValueError, plain.fit, make(POINTS, LABELS), verbose=0).match("Got labels, but .* takes none")
    pytest.raises(ValueError, gan.fit, POINTS, LABELS, validation_data=(POINTS, LABELS + 1)).match("Got labels from 1 to 3")
    pytest.raises(ValueError, gan.train_on_batch, POINTS, LABELS - 1).match("Got labels from -1 to 1")
    pytest.raises(ValueError, plain.fit, dataset(POINTS, LABELS), verbose=0).match("Got labels, but .* takes none")
    assert int(gan.generator_optimizer.iterations) == 0


def test_pairs_in_lists_and_dictionaries_train_like_two_arguments():
    expected = conditional_gan()
    expected.fit(POINTS, LABELS, verbose=0)
    for data in ([POINTS, LABELS], (POINTS, LABELS), {"sample": POINTS, "label": LABELS}, {"y": LABELS, "point": POINTS}):
        gan = conditional_gan()
        gan.fit(data, verbose=0)
        np.testing.assert_array_equal(gan.generate(3), expected.generate(3))
    named = tf.data.Dataset.from_tensor_slices({"point": POINTS, "label": LABELS}).batch(16)
    nested = tf.data.Dataset.from_tensor_slices(((POINTS, LABELS),)).batch(16)
    results = []
    for data in (dataset(POINTS, LABELS), named, nested):
        results.append(conditional_gan())
        results[-1].fit(data, verbose=0)
    for gan in results[1:]:
        np.testing.assert_array_equal(gan.generate(3), results[0].generate(3))


def test_one_label_counts_for_all_samples_and_names_are_read_where_they_are_known():
    gan = conditional_gan()
    np.testing.assert_array_equal(gan.generate(2, labels=1), gan.generate(2, labels=[1, 1]))
    pytest.raises(ValueError, gan.generate, 2, labels="b").match("Names are read where `gan.label_names` lists them")
    gan.label_names = ["a", "b", "c"]
    np.testing.assert_array_equal(gan.generate(2, labels="b"), gan.generate(2, labels=[1, 1]))
    np.testing.assert_array_equal(gan.generate(2, labels=["c", "a"]), gan.generate(2, labels=[2, 0]))
    pytest.raises(ValueError, gan.generate, 2, labels=["c", "d"]).match("Got the label 'd'. Expected one of a, b, c")
    pytest.raises(ValueError, gan.generate, 2, labels=3).match("Got labels from 3 to 3")


def test_scores_predictions_and_exported_scores_of_conditional_gans_take_labels(tmp_path):
    gan = conditional_gan()
    scores = gan.score(POINTS[:3], LABELS[:3])
    expected = gan.discriminator(POINTS[:3], LABELS[:3])[:, 0]
    np.testing.assert_allclose(scores, expected, atol=1e-6)
    pytest.raises(ValueError, gan.score, POINTS[:3]).match(r"Got no labels. Expected one per .*score\(samples, labels\)")
    latents = np.random.default_rng(2).normal(size=(3, 4)).astype("float32")
    samples = gan.generator(latents, np.array([2, 0, 1]))
    for pair in ((latents, [2, 0, 1]), [latents, np.array([2, 0, 1])]):
        np.testing.assert_allclose(gan.predict(pair, verbose=0), samples, atol=1e-6)
    pytest.raises(ValueError, gan.predict, (latents, [2, 0, 3]), verbose=0).match("Got labels from 0 to 3")
    version = gan.export(tmp_path / "models", score=True, verbose=False)
    served = tf.saved_model.load(version).signatures["score"]
    given = {"sample": tf.constant(POINTS[:3]), "label": tf.constant(LABELS[:3], tf.int32)}
    np.testing.assert_allclose(served(**given)["score"], scores, atol=1e-6)
    pytest.raises(ValueError, gan.export, tmp_path / "models", format="onnx").match("Expected 'tf_saved_model'")


@pytest.mark.parametrize("form", ["column", "number", "one_hot"])
def test_functional_models_of_two_inputs_train_generate_and_load(form, tmp_path):
    def label():
        return {
            "column": lambda: keras.Input((1,), dtype="int32"),
            "number": lambda: keras.Input((), dtype="int64"),
            "one_hot": lambda: keras.Input((3,), name="one_hot_label"),
        }[form]()

    gan = gan_keras.GAN(functional(4, 2, label()), functional(2, 1, label()))
    assert (gan.num_labels, gan.latent_dim) == (3, 4)
    gan.compile()
    gan.fit(POINTS, LABELS, verbose=0)
    samples = gan.generate(3, labels=[2, 0, 1])
    assert (samples != gan.generate(3, labels=0)).any()
    gan.save(tmp_path / "gan.keras")
    loaded = keras.saving.load_model(tmp_path / "gan.keras")
    np.testing.assert_array_equal(loaded.generate(3, labels=[2, 0, 1]), samples)
    np.testing.assert_array_equal(loaded.score(POINTS, LABELS), gan.score(POINTS, LABELS))
    pytest.raises(ValueError, gan.fit, POINTS, verbose=0).match("Got no labels")


def test_what_functional_models_do_not_tell_is_asked_for():
    inputs = [keras.Input((4,), name="a"), keras.Input((2,), name="b")]
    both = keras.Model(inputs, layers.Dense(2)(layers.Concatenate()(inputs)))
    pytest.raises(ValueError, gan_keras.GAN, both, MLPDiscriminator()).match("has the inputs a, b. Expected one of")
    label = keras.Input((1,), dtype="int32")
    scaled = keras.Model([inputs[0], label], layers.Dense(2)(layers.Concatenate()([inputs[0], keras.ops.cast(label, "float32")])))
    pytest.raises(ValueError, gan_keras.GAN, scaled, Conditional(1)).match("Expected its number of labels: `network.num")
    scaled.num_labels = 3
    assert gan_keras.GAN(scaled, Conditional(1)).num_labels == 3


def test_a_conditional_generator_with_a_discriminator_without_labels_is_an_error():
    plain = keras.Sequential([keras.Input((2,)), layers.Dense(1)])
    with pytest.raises(ValueError, match="The generator takes labels and the discriminator .* takes none.* Expected both"):
        gan_keras.GAN(Conditional(2), plain)
