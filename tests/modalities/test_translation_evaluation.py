"""Evaluation of translations: every sampler ranks as expected under a known classifier and a known translation."""

import keras
import numpy as np
import pytest

import gan_keras.modalities.translation.evaluation
from gan_keras.codecs import ImageCodec
from gan_keras.data import Domains, PairedDomains, images_from_arrays
from gan_keras.modalities.translation.evaluation import COLUMNS, evaluate_translation
from whole_runs import silent

RANDOM = np.random.default_rng(0)


class Dark(keras.Model):
    """A classifier that takes dark images for domain a; its features are mean, deviation and first pixel."""

    held_out_accuracy = 1.0

    def call(self, images, training=False):
        mean = keras.ops.mean(images, axis=(1, 2, 3))[:, None]
        features = keras.ops.concatenate([mean, keras.ops.std(images, axis=(1, 2, 3))[:, None], images[:, 0, 0]], axis=1)
        return {"features": features, "logits": keras.ops.concatenate([-mean, mean], axis=1)}


class Inverting:
    """A translation that inverts both ways; after the way back an image is a tenth darker, which is the cycle error."""

    translators, codec = {"a_to_b": None, "b_to_a": None}, ImageCodec((8, 8, 1))

    def translate(self, images, direction):
        return np.clip(1.0 - images - 0.1 * (direction == "b_to_a"), 0, 1).astype(np.float32)


def domains(kind=Domains, num=20):
    dark = RANDOM.integers(40, 80, (num, 8, 8, 1)).astype(np.uint8)
    return kind("test", images_from_arrays("a", dark), images_from_arrays("b", 255 - dark))


@pytest.fixture(autouse=True)
def classifier(monkeypatch):
    monkeypatch.setattr(gan_keras.modalities.translation.evaluation, "train_extractor", lambda images, labels, recipe: Dark())


def test_a_translation_is_compared_with_baselines_and_real_images():
    result = evaluate_translation(Inverting(), domains(), domains(), progress=silent)
    gan, colours, unchanged = (result["samplers"][name]["values"] for name in ("gan", "baseline", "unchanged"))
    real = result["real"]["values"]
    assert [values["convinced_a_to_b"] for values in (gan, colours, unchanged, real)] == [1.0, 1.0, 0.0, 1.0]
    assert gan["cycle_a_to_b"] == pytest.approx(0.1, abs=1e-3)
    assert unchanged["frechet_a_to_b"] > 10 * gan["frechet_a_to_b"] > 0
    assert real["frechet_b_to_a"] < 0.1 * unchanged["frechet_b_to_a"]
    assert "error_a_to_b" not in gan and set(gan) <= set(COLUMNS)
    assert "does NOT win a_to_b and b_to_a" in result["verdict"][0]  # matching colours convinces as often
    assert result["settings"] == {"num": [20, 20], "seed": 0} and result["protocol"]["num_fake"] == 20


def test_the_error_is_measured_for_pairs():
    result = evaluate_translation(Inverting(), domains(), domains(PairedDomains), num=8, progress=silent)
    values = {name: sampler["values"]["error_a_to_b"] for name, sampler in result["samplers"].items()}
    assert values["gan"] == pytest.approx(0.0, abs=1e-3)
    assert 0.001 < values["baseline"] < values["unchanged"]
    assert result["settings"]["num"] == [8, 8]


def test_too_few_images_and_a_seed_below_zero_are_refused_before_anything_is_trained(monkeypatch):
    with pytest.raises(ValueError, match="4 a samples, 4 b samples. Expected at least 6 of each"):
        evaluate_translation(Inverting(), domains(), domains(num=4), progress=silent)
    monkeypatch.delattr(gan_keras.modalities.translation.evaluation, "train_extractor")
    with pytest.raises(ValueError, match="seed=-1. Expected a whole number >= 0"):
        evaluate_translation(Inverting(), domains(), domains(), seed=-1, progress=silent)
