"""Conversion between the gRPC API's `TensorProto`s and numpy arrays, as in TensorFlow's `Tensor::FromProto`.

Strings are object arrays of `bytes`. The reader trusts no number in a message: it compares the declared size with
the limit before it allocates memory.
"""

import math

import numpy as np
from ml_dtypes import bfloat16
from tensorflow.core.framework import tensor_pb2, types_pb2

from gan_keras.export.loader import objects, varint
from gan_keras.serving.errors import MAX_MESSAGE_BYTES, Code, ServingError
from gan_keras.serving.raw_values import TensorInfo, dtype_from

MAX_BYTES = 4 * MAX_MESSAGE_BYTES
"""Maximum total size of a request's arrays: a short message may stand for "a billion times the number 1"."""

MAX_RANK = 64
"""Maximum rank of a numpy array."""

_KINDS = {  # number of tensorflow/core/framework/types.proto: dtype, field, dtype of the field's values
    1: (np.float32, "float_val", np.float32),
    2: (np.float64, "double_val", np.float64),
    3: (np.int32, "int_val", np.int32),
    4: (np.uint8, "int_val", np.int32),
    5: (np.int16, "int_val", np.int32),
    6: (np.int8, "int_val", np.int32),
    7: (object, "string_val", object),
    8: (np.complex64, "scomplex_val", np.float32),
    9: (np.int64, "int64_val", np.int64),
    10: (np.bool_, "bool_val", np.bool_),
    14: (bfloat16, "half_val", np.int32),
    17: (np.uint16, "int_val", np.int32),
    18: (np.complex128, "dcomplex_val", np.float64),
    19: (np.float16, "half_val", np.int32),
    22: (np.uint32, "uint32_val", np.uint32),
    23: (np.uint64, "uint64_val", np.uint64),
}
_KINDS = {number: (np.dtype(dtype), field, np.dtype(wire)) for number, (dtype, field, wire) in _KINDS.items()}
_NUMBERS = {dtype: number for number, (dtype, _, _) in _KINDS.items()}
_STORED_AS_BITS = (np.dtype(bfloat16), np.dtype(np.float16))
_TEXT = np.dtype(object)
_FIXED_WIDTH = {  # tag by field, for packed fields with the memory layout of an array
    field: bytes([tensor_pb2.TensorProto.DESCRIPTOR.fields_by_name[field].number << 3 | 2])
    for field in ("float_val", "double_val", "bool_val", "scomplex_val", "dcomplex_val")
}


def number_of(dtype):
    """Returns TensorFlow's number of a numpy dtype; strings have the dtype `object`."""
    return _NUMBERS[dtype]


def dtype_name(number):
    """Returns TensorFlow's name of the dtype with a number, such as `float`."""
    return types_pb2.DataType.Name(number).removeprefix("DT_").lower()


def describe(tensors):
    """Returns the `TensorInfo`s of a `SignatureDef`'s inputs or outputs by name."""
    return {
        name: TensorInfo(dtype_from(types_pb2.DataType.Name(each.dtype)), _shape_of(each.tensor_shape))
        for name, each in tensors.items()
    }


def _shape_of(proto):
    return None if proto.unknown_rank else tuple(None if dim.size < 0 else dim.size for dim in proto.dim)


class Malformed(Exception):
    """A `TensorProto` that describes no tensor, or a tensor that is too large."""


def read_tensors(protos):
    """Returns the arrays of a request's `TensorProto`s by name.

    Raises:
        ServingError: INVALID_ARGUMENT if one is malformed, or all together take more than `MAX_BYTES`.
    """
    arrays, room = {}, MAX_BYTES
    for name, proto in protos.items():
        try:
            arrays[name] = read_tensor(proto, room)
        except Malformed as error:
            raise ServingError(Code.INVALID_ARGUMENT, f"tensor parsing error: {name}{error}") from error
        room -= _num_bytes(arrays[name])
    return arrays


def read_tensor(proto, max_bytes=MAX_BYTES):
    """Returns the array that a `TensorProto` describes.

    Typed fields may hold fewer values than the shape has elements: the last value, or zero, fills the rest. Extra values
    are ignored. `tensor_content` must have exactly the size of the shape.

    Raises:
        Malformed: If there is no such array, or it takes more than `max_bytes`.
    """
    if proto.dtype not in _KINDS:
        raise Malformed
    too_large = f": it takes more than {max_bytes} bytes"
    dtype, field, wire = _KINDS[proto.dtype]
    shape = tuple(dim.size for dim in proto.tensor_shape.dim[: MAX_RANK + 1])
    num, num_without_zeros = math.prod(shape), math.prod(max(size, 1) for size in shape)
    if len(shape) > MAX_RANK or min(shape, default=0) < 0 or num >= 2**63:
        raise Malformed
    if num_without_zeros * dtype.itemsize > max_bytes:  # numpy's own rule
        raise Malformed(too_large)
    content = proto.tensor_content if num else b""
    values = _content(content, dtype, num) if content else _typed(getattr(proto, field), dtype, wire, num)
    if dtype == _TEXT and _num_bytes(values) > max_bytes:
        raise Malformed(too_large)
    return values.reshape(shape)


def write_tensor(array, proto):
    """Fills an empty `TensorProto`. Uses the typed fields (`float_val`, ...), which clients read by name."""
    proto.dtype = number_of(array.dtype)
    proto.tensor_shape.SetInParent()  # a scalar has a shape too
    for size in array.shape:
        proto.tensor_shape.dim.add().size = size
    _, field, wire = _KINDS[proto.dtype]
    if field in _FIXED_WIDTH:
        content = array.tobytes()
        proto.MergeFromString(_FIXED_WIDTH[field] + varint(len(content)) + content)
        return
    if array.dtype in _STORED_AS_BITS:
        array = array.view(np.uint16)
    getattr(proto, field).extend(array.ravel().tolist())


def _typed(values, dtype, wire, num):
    if dtype == _TEXT:
        return _filled(objects(values[:num], -1), num, b"")
    values = np.asarray(values, wire)
    if dtype.kind == "c":
        values = values[: len(values) // 2 * 2].view(dtype)
    elif dtype in _STORED_AS_BITS:
        values = values.astype(np.uint16).view(dtype)
    return _filled(values.astype(dtype, copy=False), num, 0)


def _filled(values, num, zero):
    if len(values) >= num:
        return values[:num]
    filled = np.full(num, values[-1] if len(values) else zero, values.dtype)
    filled[: len(values)] = values
    return filled


def _content(content, dtype, num):
    if dtype == _TEXT:
        return _texts(content, num)
    if len(content) != num * dtype.itemsize:
        raise Malformed
    if dtype == np.bool_:  # any byte but 0 is true
        return np.frombuffer(content, np.uint8) != 0
    return np.frombuffer(content, dtype)


def _texts(content, num):
    """Strings stored one after another, after the lengths of all of them in base 128."""
    lengths, place = [], 0
    for _ in range(num):
        length, place = _read_varint(content, place)
        lengths.append(length)
    if sum(lengths) != len(content) - place:
        raise Malformed
    texts = []
    for length in lengths:
        texts.append(content[place : place + length])
        place += length
    return objects(texts, -1)


def _read_varint(content, place):
    number = 0
    for shift in range(0, 35, 7):
        if place == len(content):
            raise Malformed
        number |= (content[place] & 127) << shift
        place += 1
        if content[place - 1] < 128:
            return number, place
    raise Malformed


def _num_bytes(array):
    return array.nbytes + (sum(map(len, array.flat)) if array.dtype == _TEXT else 0)
