"""Exports a tiny text model once and checks the version and the files around it."""

import importlib
import json
import os
import time

import keras
import numpy as np
import pytest
import tensorflow as tf

from gan_keras.export import warmup
from gan_keras.export.export import export, next_version, publish, trace, without_cudnn
from gan_keras.export.gate import check, check_stored_once, list_ops, malformed_batches
from gan_keras.export.replay import Call, ExportError, replay
from gan_keras.gans.signature import Signature

EXPORT_MODULE = importlib.import_module("gan_keras.export.export")
WORDS = ["a", "cat", "naïve", "猫", ""]
STEPS, WIDTH = 4, 8


class TinyTextModel(keras.Model):
    """Words from a seed: a GRU, a choice by `tf.while_loop`, a table from ids to strings."""

    def __init__(self):
        super().__init__()
        self.recurrent = keras.layers.GRU(WIDTH, return_sequences=True)
        self.to_logits = keras.layers.Dense(len(WORDS))
        self.discriminator = keras.layers.Dense(1)
        self.table = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(tf.range(len(WORDS), dtype=tf.int64), WORDS), "?"
        )

    def signatures(self, score=False):
        seed, temperature = np.array([3, 1, 4]), np.array([1.0, 0.5, 2.0], np.float32)
        served = {
            "serving_default": Signature(self.write, {"seed": seed}),
            "generate": Signature(self.write, {"seed": seed, "temperature": temperature}),
        }
        if score:
            served["score"] = Signature(self.score, {"sample": np.ones([2, WIDTH], np.float32)})
        return served

    def write(self, seed, temperature=1.0):
        steps = tf.range(STEPS * WIDTH, dtype=tf.float32)
        noise = tf.sin(tf.cast(seed, tf.float32)[:, None] * (1.0 + steps))
        logits = self.to_logits(self.recurrent(tf.reshape(noise, [-1, STEPS, WIDTH])))
        logits /= tf.reshape(temperature, [-1, 1, 1])
        words = self.table.lookup(tf.argmax(logits, axis=-1))
        _, text = tf.while_loop(
            lambda step, text: step < STEPS,
            lambda step, text: (step + 1, tf.strings.join([text, words[:, step]], " ")),
            [0, tf.fill(tf.shape(seed), "")],
        )
        return {"text": text, "logits": logits, "ids_bytes": tf.io.encode_base64(text) + "\0"}

    def score(self, sample):
        return {"score": tf.cast(self.discriminator(sample), tf.bfloat16)}

    def export_trackables(self):
        return [self.table]

    def model_card(self):
        return {"name": "tiny"}


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(0)
    return TinyTextModel()


@pytest.fixture(scope="module")
def directory(model, tmp_path_factory):
    """A model's directory with version 1 by `export`, and a score."""
    directory = str(tmp_path_factory.mktemp("saved_models") / "tiny")
    export(model, directory, score=True, card={"evaluation": ["AUC 0.5"], "signatures": "are the export's own"})
    return directory


@pytest.fixture(scope="module")
def version(directory):
    return os.path.join(directory, "1")


def feeds(signature, inputs):
    return {f"{signature}_{name}:0": array for name, array in inputs.items()}


def test_a_version_holds_model_card_and_warm_up_requests_and_nothing_else_is_left(directory, version):
    assert os.listdir(directory) == ["1"]
    with open(os.path.join(version, "assets.extra", "model_card.json"), encoding="utf-8") as file:
        card = json.load(file)
    assert card["name"] == "tiny" and card["evaluation"] == ["AUC 0.5"]
    assert card["signatures"]["generate"]["inputs"] == {"seed": ["int64", [None]], "temperature": ["float32", [None]]}
    assert card["signatures"]["score"]["outputs"] == {"score": "float32"}  # bfloat16 in the model
    assert card["export"]["ops"] == list_ops(version)
    assert "TensorFlow's C++ loader" in card["export"]["loader"] or "no C++ library" in card["export"]["loader"]


def test_served_answers_equal_eager_ones_strings_included(model, version):
    eager = model.write(tf.constant([3, 1, 4], tf.int64))
    with tf.compat.v1.Session(graph=tf.Graph()) as session:
        graph = tf.compat.v1.saved_model.load(session, ["serve"], version)
        outputs = graph.signature_def["serving_default"].outputs
        served = session.run({key: outputs[key].name for key in outputs}, {"serving_default_seed:0": [3, 1, 4]})
    assert served["text"].tolist() == eager["text"].numpy().tolist()
    np.testing.assert_allclose(served["logits"], eager["logits"], rtol=1e-5, atol=1e-6)
    assert len(set(served["text"].tolist())) > 1


def test_every_weight_is_stored_once(model, version):
    num_weights = model.recurrent.count_params() + model.to_logits.count_params() + model.discriminator.count_params()
    largest_file = os.path.getsize(os.path.join(version, "variables", "variables.data-00000-of-00001"))
    assert check_stored_once(version, weight_bytes=4 * num_weights) == 4 * num_weights
    assert largest_file < 4 * num_weights + 3000  # the checkpoint's own description of its objects


def test_warm_up_requests_are_the_examples(model, version):
    requests = warmup.read_warmup_requests(version)
    assert list(requests) == ["serving_default", "generate", "score"]
    np.testing.assert_array_equal(requests["generate"]["seed"], [3, 1, 4])
    np.testing.assert_array_equal(requests["generate"]["temperature"], np.array([1.0, 0.5, 2.0], np.float32))


def test_an_exported_version_passes_the_gate_again_with_its_own_warm_up_requests(version):
    report = check(version)
    assert report["signatures"] == ["generate", "score", "serving_default"]
    assert report["largest_difference"] is None


def test_malformed_and_empty_batches_are_answered_not_crashed_on(version):
    good = {"seed": np.array([3, 1, 4]), "temperature": np.ones(3, np.float32)}
    batches = {
        **malformed_batches(good),
        "rank 2": {"seed": good["seed"][:, None], "temperature": good["temperature"]},
        "a single temperature for three seeds": {**good, "temperature": np.ones(1, np.float32)},
        "no rows": {name: array[:0] for name, array in good.items()},
    }
    calls = [Call(fault, feeds("generate", inputs), ["StatefulPartitionedCall:2"]) for fault, inputs in batches.items()]
    reply = replay(version, calls)
    assert {number: code for number, (code, _) in reply.errors.items()} == dict.fromkeys(range(4), 3)
    assert reply.outputs[4][0].shape[0] == 0


def test_strings_of_every_kind_survive_the_round_trip_to_the_child(tmp_path):
    def echo(text):
        return {"text": text}

    strings = np.array([b"", b"ends in zero\0", "猫".encode(), b"x" * 1000, b"\xff$"], dtype=object)
    module = tf.Module()
    spec = tf.TensorSpec([None], tf.string, name="text")
    tf.saved_model.save(module, str(tmp_path), signatures=tf.function(echo).get_concrete_function(spec))
    reply = replay(str(tmp_path), [Call("echo", {"serving_default_text:0": strings}, ["PartitionedCall:0"])])
    assert reply.outputs[0][0].tolist() == strings.tolist()


def test_version_numbers_continue_from_the_highest_and_existing_versions_stay(tmp_path):
    for name in ("1", "00000041", "7.old", "notes", ".tmp-123"):
        (tmp_path / name).mkdir()
    assert next_version(tmp_path) == 42
    unfinished = tmp_path / ".tmp-new"
    unfinished.mkdir()
    (unfinished / "file").write_text("new")
    assert publish(str(unfinished), str(tmp_path)) == str(tmp_path / "42")
    assert (tmp_path / "42" / "file").read_text() == "new"
    assert not unfinished.exists()
    assert next_version(tmp_path) == 43


def test_two_exports_at_once_get_two_numbers(tmp_path, monkeypatch):
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "file").write_text("old")
    (tmp_path / ".tmp-new").mkdir()
    numbers = iter([1, 2])  # 1 seemed to be free
    monkeypatch.setattr(EXPORT_MODULE, "next_version", lambda directory: next(numbers))
    assert publish(str(tmp_path / ".tmp-new"), str(tmp_path)) == str(tmp_path / "2")
    assert (tmp_path / "1" / "file").read_text() == "old"


def test_a_refused_or_interrupted_export_leaves_no_files(model, tmp_path, monkeypatch):
    (tmp_path / "5").mkdir()
    for error in (ExportError, KeyboardInterrupt):

        def stop(path, *expected, error=error):
            assert sorted(os.listdir(tmp_path)) == [os.path.basename(path), "5"]  # a kill here leaves no number
            assert os.path.basename(path).startswith(".tmp-")
            raise error("stopped at the gate")

        monkeypatch.setattr(EXPORT_MODULE, "check", stop)
        with pytest.raises(error, match="stopped at the gate"):
            export(model, tmp_path)
        assert os.listdir(tmp_path) == ["5"]


def test_a_killed_export_leaves_no_number_and_is_removed_later(tmp_path, monkeypatch):
    old, fresh = tmp_path / ".tmp-old", tmp_path / ".tmp-fresh"
    for path in (old, fresh):
        path.mkdir()
    os.utime(old, (time.time() - 4000,) * 2)
    monkeypatch.setattr(EXPORT_MODULE, "write_version", lambda gan, path, *others: os.mkdir(path))
    assert export(None, tmp_path) == str(tmp_path / "1")
    assert sorted(os.listdir(tmp_path)) == [".tmp-fresh", "1"]


def test_a_file_instead_of_the_directory_is_an_error(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(NotADirectoryError, match="is a file. Expected the model's directory"):
        export(None, tmp_path / "file")
    assert (tmp_path / "file").read_text() == "mine"


def test_recurrent_layers_are_exported_with_portable_ops_on_a_gpu(model, monkeypatch):
    rnn = importlib.import_module("keras.src.backend.tensorflow.rnn")
    monkeypatch.setattr(rnn, "_is_gpu_available", lambda: True)
    signature = model.signatures()["serving_default"]

    def ops():
        function = trace(lambda seed: model.write(seed), signature.inputs)
        graph = function.graph.as_graph_def()
        return {node.op for part in (graph, *graph.library.function) for node in getattr(part, "node", None) or part.node_def}

    assert any(op.startswith("Cudnn") for op in ops())
    with without_cudnn(model):
        assert not any(op.startswith("Cudnn") for op in ops())
    assert model.recurrent.use_cudnn == "auto"


def test_a_table_that_is_not_tracked_is_named_in_one_line(model, tmp_path, monkeypatch):
    monkeypatch.setattr(model, "export_trackables", list)
    with pytest.raises(ExportError, match="table is missing from `export_trackables`"):
        export(model, tmp_path)


def test_examples_that_are_not_a_batch_are_refused():
    n = np.arange(3)
    for examples in ({}, {"n": np.array(1)}, {"n": n[:0]}, {"n": n, "m": n[:2]}, {"n": np.ones(3), "m": np.array(1)}):
        with pytest.raises(ValueError, match="with a batch dimension first and the same number of rows"):
            Signature(dict, examples)


def test_examples_give_the_inputs_their_dtypes_and_shapes():
    signature = Signature(dict, {"text": np.array(["a", "b"]), "image": np.zeros([2, 8, 8, 3], np.uint8)})
    assert signature.inputs["text"] == tf.TensorSpec([None], tf.string, "text")
    assert signature.inputs["image"] == tf.TensorSpec([None, 8, 8, 3], tf.uint8, "image")
