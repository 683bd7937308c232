"""The extractor learns, is the same for the same seed, and is trained once; Inception is used if its weights exist."""

import keras
import numpy as np
import pytest
from sklearn.datasets import load_digits

from gan_keras.metrics import extractor as extractor_module
from gan_keras.metrics.extractor import (
    INCEPTION_SIZE,
    WEIGHTS_FILE,
    Extractor,
    Inception,
    Recipe,
    RotationTask,
    hash_of,
    load_inception,
    train_extractor,
)
from gan_keras.metrics.image_quality import ImageQuality
from refusals import refused

DIGITS = load_digits()
IMAGES = (DIGITS.images / 8 - 1)[..., np.newaxis].astype(np.float32)
QUICK = Recipe(widths=(16, 32), steps=150, batch_size=32, learning_rate=3e-3)
SHORT = Recipe(widths=(4,), steps=2, batch_size=8)
PHOTOS = np.random.default_rng(0).uniform(-1, 1, (1, *INCEPTION_SIZE, 1)).astype(np.float32)


@pytest.mark.parametrize("labels", [DIGITS.target, None], ids=["labels", "rotations"])
def test_the_extractor_learns_its_task(tmp_path, labels):
    extractor = train_extractor(IMAGES, labels, recipe=QUICK, directory=tmp_path)
    assert extractor.held_out_accuracy > 0.7
    outputs = extractor(IMAGES[:3])
    assert outputs["features"].shape == (3, 32) and outputs["logits"].shape == (3, 4 if labels is None else 10)


def test_rotations_turn_images_by_their_class_in_quarters():
    generator = np.random.default_rng(0)
    images, turns = RotationTask(IMAGES).batch(np.arange(40), generator)
    assert set(turns) == {0, 1, 2, 3}
    for image, original, turn in zip(images, IMAGES, turns, strict=False):
        upright = image
        for _ in range(turn):  # a quarter back is transposing, then turning the columns around
            upright = upright.transpose(1, 0, 2)[:, ::-1]
        np.testing.assert_array_equal(upright, original)


def test_the_same_seed_gives_the_same_extractor_whatever_ran_before(tmp_path):
    first = train_extractor(IMAGES[:50], None, 3, SHORT, tmp_path / "a")
    keras.layers.Conv2D(1, 1)
    keras.utils.set_random_seed(99)
    again = train_extractor(IMAGES[:50], None, 3, SHORT, tmp_path / "b")
    other = train_extractor(IMAGES[:50], None, 4, SHORT, tmp_path / "b")
    assert hash_of(first) == hash_of(again) != hash_of(other)


def test_the_second_call_loads_what_the_first_trained(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    first = train_extractor(IMAGES[:50], DIGITS.target[:50], recipe=SHORT)
    assert len(list((tmp_path / "gan_keras" / "extractors").glob("*.keras"))) == 1
    monkeypatch.setattr(extractor_module, "_train", None)
    loaded = train_extractor(IMAGES[:50], DIGITS.target[:50], recipe=SHORT)
    assert hash_of(loaded) == hash_of(first) and loaded.held_out_accuracy == first.held_out_accuracy
    np.testing.assert_array_equal(loaded(IMAGES[:5])["features"], first(IMAGES[:5])["features"])


@pytest.mark.parametrize("change", ["images", "labels", "seed", "recipe"])
def test_other_data_labels_seeds_or_recipes_train_a_new_extractor(tmp_path, monkeypatch, change):
    extractor = Extractor(2, widths=(4,))
    extractor(IMAGES[:1])
    monkeypatch.setattr(extractor_module, "_train", lambda *arguments: extractor)
    call = {"images": IMAGES[:40], "labels": DIGITS.target[:40], "seed": 0, "recipe": SHORT}
    others = {"images": IMAGES[1:41], "labels": DIGITS.target[1:41], "seed": 1, "recipe": Recipe((4,), 3, 8)}
    train_extractor(**call, directory=tmp_path)
    train_extractor(**{**call, change: others[change]}, directory=tmp_path)
    assert len(list(tmp_path.iterdir())) == 2


def test_the_hash_sees_weights_and_architecture_but_not_the_names_that_keras_numbers():
    def network(activation="relu"):
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation=activation), keras.layers.Dense(2)])
        model.set_weights([np.full(weight.shape, 0.5) for weight in model.get_weights()])
        return model

    assert hash_of(network()) == hash_of(network()) != hash_of(network("tanh"))
    changed = network()
    changed.set_weights([weight * 2 for weight in changed.get_weights()])
    assert hash_of(changed) != hash_of(network())


def test_training_succeeds_without_a_writable_directory(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.warns(UserWarning, match="Did not save the extractor"):
        assert train_extractor(IMAGES[:50], None, 0, SHORT, tmp_path / "file").held_out_accuracy is not None


def test_wrong_images_and_labels_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"from 0.0 to 16.0. Expected numbers in \[-1, 1\]"):
        train_extractor(DIGITS.images[..., np.newaxis], directory=tmp_path)
    refused(r"shape \(1797, 8, 8\)", train_extractor, DIGITS.images / 16, directory=tmp_path)
    refused("Expected square ones", train_extractor, IMAGES[:, :6], directory=tmp_path)
    refused("one integer for each image", train_extractor, IMAGES, DIGITS.target[:5], directory=tmp_path)


@pytest.fixture(scope="module")
def network():
    keras.utils.set_random_seed(0)
    return keras.applications.InceptionV3(include_top=False, weights=None, input_shape=(*INCEPTION_SIZE, 3), pooling="avg")


@pytest.fixture(scope="module")
def weights_path(network, tmp_path_factory):
    """A file in the format of those that Keras offers, at the place where Keras keeps them."""
    path = tmp_path_factory.mktemp("home") / "models" / WEIGHTS_FILE
    path.parent.mkdir()
    network.save(path)
    return path


@pytest.mark.slow
def test_inception_weights_are_found_in_keras_cache_and_read_greyscale_images(network, weights_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(weights_path.parents[1]))
    extractor = load_inception(channels=1)
    np.testing.assert_allclose(extractor(PHOTOS), network(np.repeat(PHOTOS, 3, axis=-1)), rtol=1e-4, atol=1e-5)
    assert len(hash_of(extractor)) == 64


def test_only_the_frechet_distance_of_inception_is_called_fid():
    """By a small stand-in: with 2,048 features a distance costs minutes."""
    inputs = keras.Input((4, 4, 1))
    outputs = keras.layers.Dense(3)(keras.layers.Flatten()(inputs))
    images = np.random.default_rng(1).uniform(-1, 1, (3, 20, 4, 4, 1)).astype(np.float32)
    fid, frechet = (
        ImageQuality(kind(inputs, outputs), images[0], np.arange(20) % 2, images[1]).score(images[2], np.arange(20) % 2).values
        for kind in (Inception, keras.Model)
    )
    names = [name.replace("frechet", "fid") for name in frechet]
    assert list(fid) == names and {"fid", "control_fid", "intra_class_fid"} < set(names)
    assert list(fid.values()) == pytest.approx(list(frechet.values()))


def test_missing_or_wrong_inception_weights_are_refused_without_a_download(network, tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    refused(f"{tmp_path}/models/{WEIGHTS_FILE}.*download it to that place", load_inception, error=FileNotFoundError)
    keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]).save(tmp_path / "other.h5")
    monkeypatch.setattr(keras.applications, "InceptionV3", lambda **options: network)  # it takes seconds to build
    refused("other.h5 does not hold the weights of InceptionV3", load_inception, tmp_path / "other.h5")
    refused("channels=4", load_inception, channels=4)
