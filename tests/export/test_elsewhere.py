"""Exports outside of TensorFlow Serving: the signature `latents` in TensorFlow Lite and ONNX gives the same numbers."""

import importlib.util
import os
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

import gan_keras
from gan_keras import presets

DATA = {"image": "digits", "video": "moving_digits", "series": "sines", "table": "wine"}
SLOW = [pytest.param(kind, marks=pytest.mark.slow) for kind in ("video", "series")]
needs_onnx = pytest.mark.skipif(
    not all(map(importlib.util.find_spec, ("tf2onnx", "onnxruntime"))), reason="tf2onnx and onnxruntime are not installed"
)


def exported(kind, folder):
    """Returns the version of an untrained GAN, rows of inputs of its `latents`, and what TensorFlow makes of them."""
    gan = presets.get(kind, "tiny").build(DATA[kind], seed=0)
    path = gan_keras.export(gan, folder / "model")
    latents = tf.saved_model.load(str(path)).signatures["latents"]
    random, inputs = np.random.default_rng(0), {}
    for name, spec in latents.structured_input_signature[1].items():
        is_label = spec.dtype.is_integer
        inputs[name] = np.arange(3, dtype=np.int32) if is_label else random.normal(size=(3, *spec.shape[1:])).astype(np.float32)
    expected = latents(**{name: tf.constant(array) for name, array in inputs.items()})
    return str(path), inputs, {name: array.numpy() for name, array in expected.items()}


def assert_equal(found, expected):
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        if array.dtype == object:
            assert [*found[name]] == [text.decode() for text in array]
        else:
            np.testing.assert_allclose(found[name], array, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", ["image", *SLOW])
def test_tensorflow_lite_gives_the_same_numbers(kind, tmp_path):
    path, inputs, expected = exported(kind, tmp_path)
    model = tf.lite.TFLiteConverter.from_saved_model(path, signature_keys=["latents"]).convert()
    assert_equal(tf.lite.Interpreter(model_content=model).get_signature_runner("latents")(**inputs), expected)


@needs_onnx
@pytest.mark.parametrize("kind", ["image", "table", *SLOW])
def test_onnx_gives_the_same_numbers(kind, tmp_path):
    import onnxruntime

    path, inputs, expected = exported(kind, tmp_path)
    model = tmp_path / "model.onnx"
    command = ["--saved-model", path, "--signature_def", "latents", "--output", model, "--opset", "17"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-m", "tf2onnx.convert", *command], env=environment, check=True, capture_output=True)
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    read = {each.name for each in session.get_inputs()}
    found = session.run(None, {name: array for name, array in inputs.items() if name in read})
    assert_equal(dict(zip([each.name for each in session.get_outputs()], found, strict=True)), expected)
