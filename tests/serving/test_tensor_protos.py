"""The reader compared with TensorFlow's own C++ reader of `TensorProto`s, which `tf.io.parse_tensor` runs."""

import random

import numpy as np
import pytest
import tensorflow as tf
from ml_dtypes import bfloat16
from tensorflow.core.framework import tensor_pb2

from gan_keras.serving import tensor_protos
from gan_keras.serving.errors import Code, ServingError
from gan_keras.serving.tensor_protos import Malformed, read_tensor, read_tensors, write_tensor

FIELDS = {
    **{"float32": "float_val", "float64": "double_val", "int32": "int_val", "uint8": "int_val", "int16": "int_val"},
    **{"int8": "int_val", "object": "string_val", "complex64": "scomplex_val", "int64": "int64_val", "bool": "bool_val"},
    **{"bfloat16": "half_val", "uint16": "int_val", "complex128": "dcomplex_val", "float16": "half_val"},
    **{"uint32": "uint32_val", "uint64": "uint64_val"},
}
ARRAYS = [
    *(np.array([[0, 1, 2], [100, 101, 127]], dtype) for dtype in FIELDS if dtype not in ("bool", "object", "bfloat16")),
    np.array([True, False]),
    np.array([b"", b"\xff\x00", "ä".encode()], object),
    np.array([1.5, -2.0, np.inf], bfloat16),
    np.array([np.nan, -0.0, 1e-45], np.float32),
    np.array([-(2**63), 2**63 - 1]),
    np.array([2**64 - 1], np.uint64),
    np.array(7.0, np.float32),
    np.zeros((0, 3), np.int64),
]


def proto_of(dtype=1, shape=(), content=b"", **fields):
    proto = tensor_pb2.TensorProto(dtype=dtype, tensor_content=content, **fields)
    for size in shape:
        proto.tensor_shape.dim.add().size = size
    return proto


def same(one, other):
    values = (one.tolist(), other.tolist()) if one.dtype == object else (one.tobytes(), other.tobytes())
    return one.shape == other.shape and one.dtype == other.dtype and values[0] == values[1]


def test_an_array_comes_back_from_typed_fields_as_tensorflow_reads_them():
    for array in ARRAYS:
        proto = tensor_pb2.TensorProto()
        write_tensor(array, proto)
        theirs = tf.io.parse_tensor(proto.SerializeToString(), tf.as_dtype(proto.dtype)).numpy()
        assert same(read_tensor(proto), array) and same(np.asarray(theirs), array), array
        assert not proto.tensor_content
        assert len(getattr(proto, FIELDS[array.dtype.name])) == array.size * (2 if array.dtype.kind == "c" else 1)


def test_an_array_comes_back_from_the_content_that_tensorflow_writes():
    for array in ARRAYS:
        proto = tensor_pb2.TensorProto.FromString(tf.io.serialize_tensor(tf.constant(array)).numpy())
        assert same(read_tensor(proto), array), array
        assert same(read_tensor(tf.make_tensor_proto(array)), array), array


def random_proto(generator):
    """A `TensorProto` that is valid, nearly valid or invalid."""
    dtype = generator.choice([*tensor_protos._KINDS, *tensor_protos._KINDS, 0, 11, 20, 101, 999])
    field = tensor_protos._KINDS[dtype][1] if dtype in tensor_protos._KINDS else "float_val"
    values = [generator.choice([b"", b"ab"]) if field == "string_val" else generator.choice([0, 1, 2, 500])] * 9
    if field == "bool_val":
        values = [True] * 9
    shape = generator.choices([0, 1, 2, 3, 4, -1, 2**40], [1, 4, 4, 2, 2, 1, 0.5], k=generator.choice([0, 1, 1, 2, 3]))
    num_bytes = generator.choice([0, 0, 0, 1, 2, 4, 8, 12, 16, 24])
    return proto_of(dtype, shape, bytes(num_bytes), **{field: values[: generator.choice([0, 1, 2, 4, 9])]})


def test_a_thousand_random_protos_are_read_or_refused_as_tensorflow_does():
    generator, read, refused = random.Random(3), 0, 0
    for _ in range(1000):
        proto = random_proto(generator)
        try:
            ours = read_tensor(proto)
        except Malformed:
            ours = None
        if proto.dtype not in tensor_protos._KINDS or any(dim.size == 2**40 for dim in proto.tensor_shape.dim):
            assert ours is None or ours.size == 0  # TensorFlow would make room for it first
            continue
        try:
            theirs = np.asarray(tf.io.parse_tensor(proto.SerializeToString(), tf.as_dtype(proto.dtype)).numpy())
        except tf.errors.InvalidArgumentError:
            assert ours is None, proto
            refused += 1
            continue
        assert ours is not None and same(ours, theirs.astype(ours.dtype) if ours.dtype == object else theirs), proto
        read += 1
    assert read > 300 and refused > 100


MALFORMED = {
    "no dtype": proto_of(dtype=0, float_val=[1]),
    "a reference": proto_of(dtype=101, float_val=[1]),
    "a resource": proto_of(dtype=20),
    "a dtype that is none": proto_of(dtype=12345),
    "a size below 0": proto_of(shape=[-1], float_val=[1]),
    "content that is too short": proto_of(shape=[2], content=bytes(7)),
    "content that is too long": proto_of(shape=[2], content=bytes(9)),
    "text shorter than its length": proto_of(dtype=7, shape=[2], content=b"\x02\x05ab"),
    "a length without end": proto_of(dtype=7, shape=[2], content=b"\xff\xff\xff\xff\xff\xff"),
    "lengths that are missing": proto_of(dtype=7, shape=[3], content=b"\x00"),
    "more dimensions than numpy has": proto_of(shape=[1] * 65, float_val=[1]),
    "more elements than there are numbers": proto_of(shape=[2**62, 2**62], float_val=[1]),
    "4 TiB of ones": proto_of(shape=[2**40], float_val=[1]),
    "nothing, of a size that is too large": proto_of(shape=[0, 2**62]),
    "a GiB of one text": proto_of(dtype=7, shape=[2**20], string_val=[b"x" * 1000]),
}


def test_a_malformed_proto_is_refused_before_memory_is_allocated_for_it():
    for name, proto in MALFORMED.items():
        with pytest.raises(ServingError, match="^tensor parsing error: x") as raised:
            read_tensors({"x": proto})
        assert raised.value.code == Code.INVALID_ARGUMENT, name


def test_the_arrays_of_a_request_share_one_limit():
    half = proto_of(shape=[tensor_protos.MAX_BYTES // 8 + 1], float_val=[1])
    assert read_tensors({"a": half})["a"][-1] == 1
    with pytest.raises(ServingError, match="it takes more than"):
        read_tensors({"a": half, "b": half})
