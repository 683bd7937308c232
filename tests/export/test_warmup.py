"""The warm-up file, byte by byte: a server reads field numbers."""

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2

from gan_keras.export import warmup


def fields(message):
    """Decodes one level of a protobuf message whose fields are all length-delimited: a list of (number, bytes)."""
    found, at = [], 0
    while at < len(message):
        tag, length = message[at], message[at + 1]
        assert tag & 7 == 2, "a length-delimited field"
        assert length < 128, "a length of one byte"
        found.append((tag >> 3, message[at + 2 : at + 2 + length]))
        at += 2 + length
    return found


def test_a_record_has_the_field_numbers_of_tensorflow_serving(tmp_path):
    warmup.write_warmup_requests(tmp_path, "poems", {"generate": {"seed": np.array([7, 8])}})
    path = tmp_path / "assets.extra" / "tf_serving_warmup_requests"
    (record,) = tf.data.TFRecordDataset(str(path)).as_numpy_iterator()
    ((predict_log, log),) = fields(record)
    ((request_number, request),) = fields(log)
    (spec_number, spec), (inputs_number, entry) = fields(request)
    assert (predict_log, request_number, spec_number, inputs_number) == (6, 1, 1, 2)
    assert fields(spec) == [(1, b"poems"), (3, b"generate")]
    (key_number, key), (value_number, value) = fields(entry)
    assert (key_number, key, value_number) == (1, b"seed", 2)
    assert tf.make_ndarray(tensor_pb2.TensorProto.FromString(value)).tolist() == [7, 8]


def test_the_messages_of_tensorflow_serving_read_a_record(tmp_path):
    prediction_log_pb2 = pytest.importorskip("tensorflow_serving.apis.prediction_log_pb2")
    warmup.write_warmup_requests(tmp_path, "poems", {"generate": {"seed": np.array([7, 8])}})
    (record,) = tf.data.TFRecordDataset(str(tmp_path / warmup.FILE_NAME)).as_numpy_iterator()
    request = prediction_log_pb2.PredictionLog.FromString(record).predict_log.request
    assert (request.model_spec.name, request.model_spec.signature_name) == ("poems", "generate")
    assert tf.make_ndarray(request.inputs["seed"]).tolist() == [7, 8]


def test_requests_come_back_as_they_were_written(tmp_path):
    requests = {"a": {"text": np.array(["猫", ""]), "x": np.ones([2, 3], np.float32)}, "b": {"seed": np.array([1])}}
    warmup.write_warmup_requests(tmp_path, "poems", requests)
    read = warmup.read_warmup_requests(tmp_path)
    assert list(read) == ["a", "b"]
    assert read["a"]["text"].tolist() == ["猫".encode(), b""]
    np.testing.assert_array_equal(read["a"]["x"], requests["a"]["x"])
    assert read["a"]["x"].dtype == np.float32


def test_a_version_without_the_file_has_no_requests(tmp_path):
    assert warmup.read_warmup_requests(tmp_path) == {}
