"""Evaluation of sounds: real ones win, noise loses, and independent computations give the same numbers."""

import keras
import numpy as np
import pytest
from scipy.linalg import sqrtm

import gan_keras.modalities.audio.evaluation
from gan_keras.codecs import SpectrogramCodec
from gan_keras.data import sounds_from_arrays, split_sounds
from gan_keras.data.audio.load import load_tones
from gan_keras.metrics.extractor import Recipe, train_extractor
from gan_keras.modalities.audio.evaluation import COLUMNS, Ear, agreement, evaluate_sounds
from gan_keras.modalities.score_table import summary

SHORT = Recipe((4, 8, 16), 40, 32, 1e-2)


class Player:
    """A stand-in for a GAN that plays given sounds; their labels come in turn."""

    def __init__(self, sounds, num_labels):
        self.sounds, self.num_labels = sounds, num_labels

    def labels_from(self, seeds):
        return np.asarray(seeds) % self.num_labels

    def generate(self, n, seed=0):
        return self.sounds[seed : seed + n]


@pytest.fixture(scope="module")
def scores(tmp_path_factory):
    """The parts of the tones, and the results of a player of real tones and a player of noise."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KERAS_HOME", str(tmp_path_factory.mktemp("keras")))
        patch.setattr(gan_keras.modalities.audio.evaluation, "RECIPE", SHORT)
        tones = load_tones(num=480, length=2048)
        training, test = split_sounds(tones, 160)
        others = load_tones(num=160, seed=1, length=2048).samples / np.float32(32767)
        noise = np.random.default_rng(0).uniform(-1, 1, (160, 2048)).astype(np.float32)
        lines = []
        results = [evaluate_sounds(Player(each, 8), training, test, 160, progress=lines.append) for each in (others, noise)]
        yield training, test, others, *results


def test_real_sounds_score_as_the_control_and_noise_loses(scores):
    _, _, _, real, noise = scores
    own, control, lost = real["samplers"]["gan"]["values"], real["real"]["values"], noise["samplers"]["gan"]["values"]
    assert own["frechet"] < 3 * control["frechet"] and lost["frechet"] > 10 * control["frechet"]
    assert own["agreement"] > 0.6 > 0.3 > lost["agreement"] and control["agreement"] > 0.6
    assert own["precision"] > 0.7 > 0.1 > lost["precision"] and own["classifier_score"] > lost["classifier_score"] + 0.1
    assert real["samplers"]["baseline"] == noise["samplers"]["baseline"]
    assert "wins in" in real["verdict"][0] and "does NOT win in" in noise["verdict"][0]
    assert COLUMNS["agreement"] in summary(real, COLUMNS)


def test_the_distance_is_computed_on_the_features_of_the_spectrograms(scores):
    training, test, others, real, _ = scores
    ear = Ear(training)
    extractor = train_extractor(ear.hear(training.samples), training.labels, recipe=SHORT)
    features = [np.asarray(extractor(ear.hear(each))["features"], np.float64) for each in (test.samples, others)]
    (mean, covariance), (other_mean, other_covariance) = ((each.mean(axis=0), np.cov(each.T)) for each in features)
    trace = np.trace(covariance + other_covariance - 2 * sqrtm(covariance @ other_covariance).real)
    assert real["samplers"]["gan"]["values"]["frechet"] == pytest.approx(np.sum((mean - other_mean) ** 2) + trace, rel=1e-3)
    named = np.asarray(extractor(ear.hear(others))["logits"]).argmax(axis=1)
    assert agreement(extractor, ear.hear(others), np.arange(160) % 8) == np.mean(named == np.arange(160) % 8)
    assert real["samplers"]["gan"]["values"]["agreement"] == np.mean(named == np.arange(160) % 8)


def test_one_codec_hears_the_sounds_of_every_sampler(scores):
    training, _, others, _, _ = scores
    ear = Ear(training)
    expected = SpectrogramCodec(training.sample_rate, training.length).encode(others[:5])
    np.testing.assert_allclose(ear.hear(others[:5]), expected, atol=1e-5)
    np.testing.assert_array_equal(ear.hear(iter([others[:2], others[2:5]])), ear.hear(others[:5]))
    assert keras.ops.shape(expected) == (5, 64, 64, 1)


def test_too_few_sounds_are_refused(scores):
    training, test, others, _, _ = scores
    pytest.raises(ValueError, evaluate_sounds, Player(others, 8), training, test, num=5).match("Expected at least 6")
    pytest.raises(ValueError, evaluate_sounds, Player(others, 8), training, test, num=6, seed=-1).match("seed=-1")


def test_long_sounds_are_heard_in_longer_frames():
    """16,384 samples at 8,000 Hz in 64 frames: frames of 32 ms would not overlap by half."""
    samples = np.random.default_rng(0).integers(-9999, 9999, (2, 16384)).astype(np.int16)
    ear = Ear(sounds_from_arrays("long", samples, 8000))
    heard = ear.hear(samples)
    assert heard.shape == (2, 64, 64, 1) and np.isfinite(heard).all() and ear.codec.window == 512
    assert Ear(load_tones(num=8)).codec.window == SpectrogramCodec(4000, 4096).window == 128
