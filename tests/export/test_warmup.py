"""The warm-up file, as TensorFlow Serving's messages read it, and as it comes back."""

import numpy as np
import pytest
import tensorflow as tf

from gan_keras.export import warmup


def test_the_messages_of_tensorflow_serving_read_a_record(tmp_path):
    prediction_log_pb2 = pytest.importorskip("tensorflow_serving.apis.prediction_log_pb2")
    warmup.write_warmup_requests(tmp_path, "poems", {"generate": {"seed": np.array([7, 8])}})
    (record,) = tf.data.TFRecordDataset(str(tmp_path / warmup.FILE_NAME)).as_numpy_iterator()
    request = prediction_log_pb2.PredictionLog.FromString(record).predict_log.request
    assert (request.model_spec.name, request.model_spec.signature_name) == ("poems", "generate")
    assert tf.make_ndarray(request.inputs["seed"]).tolist() == [7, 8]


def test_requests_come_back_as_they_were_written(tmp_path):
    assert warmup.read_warmup_requests(tmp_path) == {}  # no file yet
    requests = {"a": {"text": np.array(["猫", ""]), "x": np.ones([2, 3], np.float32)}, "b": {"seed": np.array([1])}}
    warmup.write_warmup_requests(tmp_path, "poems", requests)
    read = warmup.read_warmup_requests(tmp_path)
    assert list(read) == ["a", "b"]
    assert read["a"]["text"].tolist() == ["猫".encode(), b""]
    np.testing.assert_array_equal(read["a"]["x"], requests["a"]["x"])
    assert read["a"]["x"].dtype == np.float32
