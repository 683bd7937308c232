"""Inception is used where its weights are, and only its Frechet distance is called FID. The weights here are random."""

import keras
import numpy as np
import pytest

from gan_keras.metrics.extractor import hash_of
from gan_keras.metrics.image_quality import ImageQuality
from gan_keras.metrics.inception import INCEPTION_SIZE, WEIGHTS_FILE, Inception, load_inception

IMAGES = np.random.default_rng(0).uniform(-1, 1, (1, *INCEPTION_SIZE, 1)).astype(np.float32)


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


def test_weights_in_the_cache_of_keras_are_found_and_give_its_features_of_grey_images(network, weights_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(weights_path.parents[1]))
    extractor = load_inception(channels=1)
    np.testing.assert_allclose(extractor(IMAGES), network(np.repeat(IMAGES, 3, axis=-1)), rtol=1e-4, atol=1e-5)
    assert len(hash_of(extractor)) == 64


def test_its_frechet_distance_alone_is_called_fid():
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


def test_weights_that_are_missing_or_of_another_network_are_named_and_nothing_is_downloaded(network, tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    with pytest.raises(FileNotFoundError, match=f"{tmp_path}/models/{WEIGHTS_FILE}.*download it to that place"):
        load_inception()
    keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]).save(tmp_path / "other.h5")
    monkeypatch.setattr(keras.applications, "InceptionV3", lambda **options: network)  # it takes seconds to build
    with pytest.raises(ValueError, match="other.h5 does not hold the weights of InceptionV3"):
        load_inception(tmp_path / "other.h5")
    with pytest.raises(ValueError, match="channels=4"):
        load_inception(channels=4)
