"""`augment`: proportions, determinism, the form of the data, and refused arguments."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import gan_keras
from gan_keras.data import load_images
from gan_keras.downstream.augment import Balanced
from gan_keras.downstream.forms import label_form

NUM, RATIO = 50, 1.5


@pytest.fixture(scope="module")
def images():
    data = load_images("digits")
    return data.images[:NUM], data.labels[:NUM]


@pytest.fixture(scope="module")
def gan():
    preset = gan_keras.presets.get("image", "tiny")
    preset.width = 2
    return preset.build((16, 16, 1), num_labels=10)


@pytest.fixture(scope="module")
def dataset(images):
    return tf.data.Dataset.from_tensor_slices(images).batch(16)


def rows(dataset):
    samples, labels = zip(*dataset.as_numpy_iterator(), strict=True)
    return np.concatenate(samples), np.concatenate(labels)


def sorted_rows(samples):
    return sorted(sample.tobytes() for sample in samples)


def test_all_real_samples_are_kept_and_generated_ones_equal_the_gans(images, gan, dataset):
    enlarged = gan_keras.augment(dataset, gan, RATIO, seed=3)
    assert enlarged.element_spec == dataset.element_spec
    samples, labels = rows(enlarged)
    assert [len(batch) for _, batch in enlarged.as_numpy_iterator()] == [16] * 7 + [13]
    first = gan_keras.augment(dataset.take(1), gan, 1.0, seed=3)
    samples, labels = rows(first)
    real = sorted_rows(images[0][:16])
    assert not [each for each in real if each not in sorted_rows(samples)]
    made = [index for index, sample in enumerate(samples) if sample.tobytes() not in real]
    for index in range(16):  # sample i is that of the noise of seed * 2^32 + i
        label = next(labels[place] for place in made if same_image(gan, samples[place], 3 * 2**32 + index, labels[place]))
        assert label in images[1][:16]


def same_image(gan, sample, seed, label):
    return np.array_equal(np.round(255 * gan.generate(1, seed, labels=[label])[0]).astype(np.uint8), sample)


def test_labels_have_the_proportions_of_the_data(images, gan, dataset):
    _, labels = rows(gan_keras.augment(dataset, gan, 2.0))
    np.testing.assert_array_equal(np.bincount(labels, minlength=10), 3 * np.bincount(images[1], minlength=10))


def test_balanced_labels_fill_up_rare_classes(images, gan):
    few = np.flatnonzero(images[1] < 2)[:9]
    labels = np.concatenate([images[1][few], np.zeros(11, np.int32)])  # zeros and some ones
    samples = images[0][: len(labels)]
    _, found = rows(gan_keras.augment((samples, labels), gan, 10.0, balanced=True, batch_size=64))
    counts = np.bincount(found, minlength=10)
    assert counts.sum() == 11 * len(labels) and counts.max() - counts.min() <= 1


def test_a_few_balanced_labels_are_the_rarest_ones():
    chosen = Balanced(3).choose(np.array([0, 0, 0, 0, 1, 1, 2]), 4, None)
    assert sorted(chosen) == [1, 1, 2, 2]


def test_the_same_seed_gives_the_same_batches_and_another_seed_others(gan, dataset):
    enlarged = gan_keras.augment(dataset, gan, 0.3, seed=1)
    passes = [rows(enlarged), rows(enlarged), rows(gan_keras.augment(dataset, gan, 0.3, seed=1))]
    for samples, labels in passes[1:]:
        np.testing.assert_array_equal(samples, passes[0][0])
        np.testing.assert_array_equal(labels, passes[0][1])
    other, _ = rows(gan_keras.augment(dataset, gan, 0.3, seed=2))
    assert len(other) == NUM + 15 and sorted_rows(other) != sorted_rows(passes[0][0])


def test_repeated_data_get_new_samples_in_each_pass(gan, dataset):
    samples, _ = rows(gan_keras.augment(dataset.repeat(2), gan, 1.0))
    assert len(set(sorted_rows(samples))) == 3 * NUM  # the real ones twice, generated ones all different


def test_generated_images_have_the_range_and_shape_of_the_data(images, gan):
    for change, low, high in (
        (lambda images: images, 0, 255),
        (lambda images: images.astype("float32"), 0, 255),
        (lambda images: images / np.float32(255), 0, 1),
        (lambda images: images[..., 0] / np.float32(127.5) - 1, -1, 1),
    ):
        changed = change(images[0])
        made, _ = rows(gan_keras.augment((changed[:8], images[1][:8]), gan, 3.0))
        assert made.dtype == changed.dtype and made.shape[1:] == changed.shape[1:] and len(made) == 8 + 3 * 8
        assert low <= made.min() and made.max() <= high and made.max() > (low + high) / 2, (low, high)


def test_fit_accepts_the_enlarged_data_for_each_form_of_labels(images, gan):
    samples, labels = images
    forms = [labels[:, None], keras.utils.to_categorical(labels, 10), labels.astype("float32")]
    losses = ["sparse_categorical_crossentropy", "categorical_crossentropy", "sparse_categorical_crossentropy"]
    for form, loss in zip(forms, losses, strict=True):
        dataset = tf.data.Dataset.from_tensor_slices((samples, form)).batch(20, drop_remainder=True)
        enlarged = gan_keras.augment(dataset, gan, 1.0)
        assert enlarged.element_spec == dataset.element_spec and len(enlarged) == 4
        model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(10, "softmax")])
        model.compile("sgd", loss)
        model.fit(enlarged, epochs=2, verbose=0, shuffle=False)
        assert model.optimizer.iterations == 8


def test_text_labels_are_found_among_the_names():
    labels = np.array([b"no", b"yes", b"no"], object)
    form = label_form(labels, 2, ["no", "yes"])
    np.testing.assert_array_equal(form.to_numbers(labels), [0, 1, 0])
    assert form.from_numbers(np.array([1, 0])).tolist() == [b"yes", b"no"]
    with pytest.raises(ValueError, match="'maybe'"):
        form.to_numbers(np.array([b"maybe"], object))


def test_lists_are_treated_like_arrays(images, gan):
    from_lists = rows(gan_keras.augment((list(images[0]), images[1].tolist()), gan, 0.5))
    for made, expected in zip(from_lists, rows(gan_keras.augment(images, gan, 0.5)), strict=True):
        np.testing.assert_array_equal(made, expected)


def test_a_gan_without_labels_is_refused_with_an_alternative(dataset):
    preset = gan_keras.presets.get("image", "tiny")
    preset.width = 2
    with pytest.raises(ValueError, match="train one GAN on the samples of each class"):
        gan_keras.augment(dataset, preset.build((16, 16, 1), num_labels=0))


REFUSED = [
    (lambda samples, labels: (samples, labels + 5), {}, "Expected one of 0, 1, 2"),
    (lambda samples, labels: (samples[:, :8], labels), {}, "shape .16, 16, 1. and the data have .8, 16, 1."),
    (lambda samples, labels: (samples, labels[:9]), {}, "equal numbers of both"),
    (lambda samples, labels: samples, {}, "pair of such arrays"),
    (lambda samples, labels: (samples, keras.utils.to_categorical(labels, 10) / 2), {}, "not one-hot"),
    (lambda samples, labels: (samples, labels), {"ratio": -0.5}, "ratio=-0.5"),
    (lambda samples, labels: (samples, labels), {"ratio": float("nan")}, "ratio=nan"),
    (lambda samples, labels: (samples, labels), {"seed": -1}, "seed=-1"),
    (lambda samples, labels: ({"pixels": samples}, labels), {}, "dictionary of columns"),
]


def test_data_that_do_not_fit_are_refused_at_once(images, gan):
    for change, options, words in REFUSED:
        with pytest.raises(ValueError, match=words):
            gan_keras.augment(change(*images), gan, **options)


def test_fractions_are_not_truncated_to_integers(images, gan):
    tensors = gan_keras.GAN(gan.generator, gan.discriminator)  # without a codec: it makes numbers in [-1, 1]
    with pytest.raises(ValueError, match="makes fractions"):
        gan_keras.augment(images, tensors)
    made, _ = rows(gan_keras.augment((images[0] / np.float32(127.5) - 1, images[1]), tensors))
    assert made.min() < 0


def test_samples_without_labels_and_unbatched_samples_are_refused(gan, dataset):
    for wrong in (dataset.map(lambda samples, labels: samples), dataset.unbatch()):
        with pytest.raises(ValueError, match=r"batches \(samples, labels\)"):
            gan_keras.augment(wrong, gan)


def test_numeric_label_names_are_found_by_value():
    """Names of values are sorted as text: their places are not their numbers."""
    form, labels = label_form(np.array([9, 10]), 3, ["10", "11", "9"]), np.array([[9], [11]], np.int16)
    assert form.to_numbers(np.array([9, 10, 11])).tolist() == [2, 0, 1]
    found = label_form(labels, 3, ["10", "11", "9"]).from_numbers(np.array([2, 0]))
    np.testing.assert_array_equal(found, np.array([[9], [10]], np.int16), strict=True)
    with pytest.raises(ValueError, match="Got the label 8. Expected one of 10, 11, 9"):
        form.to_numbers(np.array([9, 8]))
