"""Presets in mixed precision: training computes in the narrow format, generating in float32."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import gan_keras
from gan_keras.data import image_batches, load_images, text_batches
from gan_keras.data.text.phrases import english_phrases


def image_gan():
    images = load_images("digits", 16)
    gan = tiny("image", "mixed_float16").build(images)
    gan.fit(image_batches(images, 64, seed=0).take(2), verbose=0)
    return gan


def text_gan():
    lines = english_phrases().sample(64, seed=0)
    epochs = {f"{stage}_epochs": "1" for stage in ("pretraining", "discriminator", "adversarial")}
    gan = gan_keras.presets.with_settings(tiny("text", "mixed_bfloat16"), epochs).build(lines)
    history = gan.fit(text_batches(lines, gan.codec, 32), epochs=3, verbose=0).history
    assert np.isfinite([history["nll"][0], history["backward_nll"][1], history["loss"][2]]).all()
    return gan


def tiny(modality, precision):
    return gan_keras.presets.with_settings(gan_keras.presets.get(modality, "tiny"), {"precision": precision})


def precisions(network):
    return {layer.compute_dtype for layer in network._flatten_layers()}


@pytest.mark.parametrize("build, narrow", [(image_gan, "float16"), pytest.param(text_gan, "bfloat16", marks=pytest.mark.slow)])
def test_a_gan_of_mixed_precision_is_loaded_and_served_in_float32_with_the_same_samples(build, narrow, tmp_path):
    before = keras.config.dtype_policy()
    gan = build()
    assert keras.config.dtype_policy() is before
    gan.save(tmp_path / "gan.keras")
    loaded = keras.saving.load_model(tmp_path / "gan.keras")
    for each in (gan, loaded):
        assert narrow in precisions(each.generator) and narrow in precisions(each.discriminator)
        assert precisions(each.ema_generator) == {"float32"}
    version = tf.saved_model.load(str(gan_keras.export(gan, tmp_path / "served")))
    served = version.signatures["serving_default"](seed=tf.range(20, dtype=tf.int64))
    for output in served.values():
        assert output.dtype in (tf.float32, tf.string)
    made = gan.make_samples(tf.range(20, dtype=tf.int64), gan.labels_from(np.arange(20)))
    np.testing.assert_array_equal(*served.values(), made)
    np.testing.assert_array_equal(loaded.generate(20), gan.generate(20))


def test_samples_are_judged_in_float32_outside_training():
    gan = tiny("image", "mixed_float16").build((16, 16, 1), num_labels=0)
    same = tiny("image", "float32").build((16, 16, 1), num_labels=0)
    images = tf.random.stateless_normal((16, 16, 16, 1), (1, 2))
    np.testing.assert_array_equal(gan.judge(images, training=False), same.judge(images, training=False))
    assert np.any(gan.judge(images) != same.judge(images))
    assert "float16" in precisions(gan.discriminator)


def test_an_unknown_precision_is_an_error():
    for modality in ("image", "text"):
        with pytest.raises(ValueError, match="precision='float16'. Did you mean .*mixed_float16"):
            tiny(modality, "float16")
