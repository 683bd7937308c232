"""Each test saves a model with one fault, without `export`'s safeguards, and expects the gate to name that fault."""

import sys

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from gan_keras.export import loader, replay
from gan_keras.export.gate import _difference, check, list_ops
from gan_keras.export.replay import ExportError

X = tf.TensorSpec([None], tf.float32, name="x")
ROWS = np.array([1.0, 2.0], np.float32)


def save(path, function, spec=X, module=None, **options):
    concrete = tf.function(function, **options).get_concrete_function(spec)
    tf.saved_model.save(module or tf.Module(), str(path), signatures=concrete)
    return str(path)


TEXT = tf.TensorSpec([None], tf.string, name="text")
COMPILED = tf.function(lambda x: x * 2, jit_compile=True)
REFUSED = [
    (
        lambda x: {"y": tf.ensure_shape(tf.py_function(lambda v: v + 1, [x], tf.float32), [None])},
        X,
        "EagerPyFunc .* calls Python",
    ),
    (lambda x: {"y": COMPILED(x)}, X, "servers disable XLA"),
    (lambda text: {"w": tf.strings.split(text)}, TEXT, "'w' of the signature 'serving_default' is a composite tensor"),
    (lambda x: {"y": tf.reduce_sum(x)}, X, r"'y' .* has shape \(\). Expected a batch dimension"),
    (lambda x: {"y": tf.cast(x, tf.float16)}, X, "'y' .* is float16"),
    (lambda b64: {"y": b64 + 1}, tf.TensorSpec([None], tf.float32, name="b64"), "reserves for base64"),
    (lambda x: {"y": x + 1}, tf.TensorSpec([], tf.float32, name="x"), "'x' .* Expected a batch dimension"),
]


def test_a_signature_that_a_server_cannot_run_or_rest_cannot_carry_is_refused(tmp_path):
    for number, (function, spec, message) in enumerate(REFUSED):
        with pytest.raises(ExportError, match=message):
            check(save(tmp_path / str(number), function, spec))


def test_weights_that_are_stored_twice_are_refused(tmp_path):
    module = tf.Module()
    module.weights = [tf.Variable(tf.zeros([100])), tf.Variable(tf.zeros([100]))]
    path = save(tmp_path, lambda x: {"y": x + module.weights[0][0]}, module=module)
    with pytest.raises(ExportError, match="take 800 bytes for weights of 400"):
        check(path, weight_bytes=400)


def test_an_output_that_differs_from_eager_execution_is_refused(tmp_path):
    path = save(tmp_path, lambda x: {"y": tf.ensure_shape(x, [None]) * 2})
    expected = {"serving_default": ({"x": ROWS}, {"y": np.array([2.0, 4.001], np.float32)})}
    with pytest.raises(ExportError, match=r"'y' .* differs from eager execution: served \[2. 4.\]"):
        check(path, expected)


def test_a_signature_without_a_guard_of_ranks_is_refused(tmp_path):
    path = save(tmp_path, lambda x: {"y": x * 2})
    expected = {"serving_default": ({"x": ROWS}, {"y": 2 * ROWS})}
    with pytest.raises(ExportError, match="serving_default with inputs of rank 0 gives an answer"):
        check(path, expected)


def test_a_crash_of_the_child_is_an_export_error(tmp_path):
    pytest.importorskip("tensorflow_text")
    from tensorflow_text import WhitespaceTokenizer

    path = save(tmp_path, lambda text: {"num": WhitespaceTokenizer().tokenize(text).row_lengths()}, TEXT)
    expected = {"serving_default": ({"text": np.array(["a b", "c"])}, {"num": np.array([2, 1])})}
    with pytest.raises(ExportError, match="ended with status -11 in serving_default with inputs of rank 0"):
        check(path, expected)


def test_a_python_session_replaces_a_missing_c_library_and_is_reported(tmp_path, monkeypatch):
    monkeypatch.setattr(loader, "SavedModel", loader.PythonSavedModel)
    monkeypatch.setattr(replay, "_run", lambda command: loader.main(*command[-2:]))
    path = save(tmp_path, lambda x: {"y": tf.ensure_shape(x, [None]) * 2})
    report = check(path, {"serving_default": ({"x": ROWS}, {"y": 2 * ROWS})})
    assert "has no C++ library" in report["loader"]
    assert report["largest_difference"] == 0.0


def test_a_child_that_does_not_end_is_stopped(monkeypatch):
    monkeypatch.setattr(replay, "TIMEOUT_SECONDS", 0.1)
    with pytest.raises(ExportError, match="took over 0.1 s"):
        replay._run([sys.executable, "-c", "import time; time.sleep(60)"])


def test_an_op_that_the_server_lacks_is_named(tmp_path):
    path = save(tmp_path, lambda x: {"y": tf.exp(x)})
    file = tmp_path / "saved_model.pb"
    model = saved_model_pb2.SavedModel.FromString(file.read_bytes())
    for function in model.meta_graphs[0].graph_def.library.function:
        for node in function.node_def:
            node.op = node.op.replace("Exp", "OpOfAnotherLibrary")
    file.write_bytes(model.SerializeToString())
    with pytest.raises(ExportError, match="does not load in .* Op type not registered 'OpOfAnotherLibrary'"):
        check(path)


def test_ops_inside_functions_are_listed(tmp_path):
    ops = list_ops(save(tmp_path, lambda x: {"y": tf.exp(x)}))
    assert "Exp" in ops
    assert "PartitionedCall" in ops
    assert not any(op.startswith("__inference") for op in ops)


def test_a_level_in_an_encoded_file_may_differ_by_one_but_not_by_ten():
    waveform = np.linspace(-0.5, 0.5, 9, dtype="float32")[:, None]
    files = [tf.audio.encode_wav(waveform + levels / 32768, 8000).numpy() for levels in (0, 1, 10)]
    _difference("encoded", "wav_bytes", np.array(files[1:2], object), np.array(files[:1], object))
    with pytest.raises(ExportError, match="'wav_bytes' of the signature 'encoded' differs"):
        _difference("encoded", "wav_bytes", np.array(files[2:], object), np.array(files[:1], object))
