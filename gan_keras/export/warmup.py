"""Warm-up file of a served version: requests that TensorFlow Serving runs before it accepts clients.

Its messages are part of the package `tensorflow-serving-api`, which is large and optional. The few fields that a
warm-up needs are declared here instead. The wire format has field numbers but no names, so a server reads them as its
own (`prediction_log.proto`, `predict.proto` and `model.proto` of TensorFlow Serving).
"""

import functools
import os

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2

FILE_NAME = os.path.join("assets.extra", "tf_serving_warmup_requests")

_SCHEMA = """
  name: "gan_keras/warmup.proto"
  package: "gan_keras.export.warmup"
  syntax: "proto3"
  dependency: "tensorflow/core/framework/tensor.proto"
  message_type {
    name: "ModelSpec"
    field { name: "name" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL }
    field { name: "signature_name" number: 3 type: TYPE_STRING label: LABEL_OPTIONAL }
  }
  message_type {
    name: "PredictRequest"
    field { name: "model_spec" number: 1 type: TYPE_MESSAGE type_name: "ModelSpec" label: LABEL_OPTIONAL }
    field { name: "inputs" number: 2 type: TYPE_MESSAGE type_name: "InputsEntry" label: LABEL_REPEATED }
    nested_type {
      name: "InputsEntry"
      options { map_entry: true }
      field { name: "key" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL }
      field { name: "value" number: 2 type: TYPE_MESSAGE type_name: ".tensorflow.TensorProto" label: LABEL_OPTIONAL }
    }
  }
  message_type {
    name: "PredictLog"
    field { name: "request" number: 1 type: TYPE_MESSAGE type_name: "PredictRequest" label: LABEL_OPTIONAL }
  }
  message_type {
    name: "PredictionLog"
    field { name: "predict_log" number: 6 type: TYPE_MESSAGE type_name: "PredictLog" label: LABEL_OPTIONAL }
  }
"""


@functools.cache
def prediction_log_class():
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format

    pool = descriptor_pool.DescriptorPool()
    for dependency in _with_dependencies(tensor_pb2.DESCRIPTOR):
        pool.AddSerializedFile(dependency.serialized_pb)
    pool.Add(text_format.Parse(_SCHEMA, descriptor_pb2.FileDescriptorProto()))
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("gan_keras.export.warmup.PredictionLog"))


def _with_dependencies(file_descriptor):
    for dependency in file_descriptor.dependencies:
        yield from _with_dependencies(dependency)
    yield file_descriptor


def write_warmup_requests(directory, model_name, requests):
    """Writes the warm-up file of a version.

    Args:
        directory: The version's directory.
        model_name: Name of the model in a server.
        requests: A dict of arrays, the inputs of one request, by signature name.
    """
    path = os.path.join(directory, FILE_NAME)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with tf.io.TFRecordWriter(path) as writer:
        for signature_name, inputs in requests.items():
            log = prediction_log_class()()
            request = log.predict_log.request
            request.model_spec.name, request.model_spec.signature_name = model_name, signature_name
            for name, array in inputs.items():
                request.inputs[name].ParseFromString(tf.make_tensor_proto(array).SerializeToString())
            writer.write(log.SerializeToString())


def read_warmup_requests(directory):
    """Reads the warm-up file of a version.

    Args:
        directory: The version's directory.

    Returns:
        A dict of arrays, the inputs of one request, by signature name; empty if the version has no such file.
    """
    path = os.path.join(directory, FILE_NAME)
    if not os.path.exists(path):
        return {}
    logs = (prediction_log_class().FromString(record.numpy()) for record in tf.data.TFRecordDataset(path))
    requests = [log.predict_log.request for log in logs]
    return {
        request.model_spec.signature_name: {
            name: np.asarray(tf.make_ndarray(request.inputs[name])) for name in sorted(request.inputs)
        }
        for request in requests
    }
