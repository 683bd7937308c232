"""`TensorProto` of the gRPC API to and from numpy arrays, as `Tensor::FromProto` and `AsProtoField` of TensorFlow.

Texts are object arrays of `bytes`. The reader trusts no number of the message: it looks at what there is before it
makes room for what is said to be there.
"""

import math

import numpy as np
from ml_dtypes import bfloat16
from tensorflow.core.framework import tensor_pb2

from gan_keras.serving.errors import MAX_MESSAGE_BYTES, Code, ServingError

MAX_BYTES = 4 * MAX_MESSAGE_BYTES
"""Of all arrays of a request together: a short message may say "a billion times the number 1"."""

MAX_RANK = 64
"""Of numpy's arrays."""

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
_FIXED_WIDTH = {  # the tag of a packed field whose bytes are those of an array
    field: bytes([tensor_pb2.TensorProto.DESCRIPTOR.fields_by_name[field].number << 3 | 2])
    for field in ("float_val", "double_val", "bool_val", "scomplex_val", "dcomplex_val")
}


def number_of(dtype):
    """The number that TensorFlow gives to a numpy dtype; that of texts is `object`."""
    return _NUMBERS[dtype]


class Malformed(Exception):
    """A `TensorProto` that describes no tensor, or one too large."""


def read_tensors(protos):
    """Arrays by name, of the `TensorProto`s of a request by name.

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
    """The array that a `TensorProto` describes.

    Typed fields may hold fewer values than the shape says: the last one, or zero, stands for the rest; more than that
    are left out. The bytes of `tensor_content` have to be as many as the shape says.

    Raises:
        Malformed: If there is none, or it takes more than `max_bytes`.
    """
    if proto.dtype not in _KINDS:
        raise Malformed
    dtype, field, wire = _KINDS[proto.dtype]
    shape = tuple(dim.size for dim in proto.tensor_shape.dim[: MAX_RANK + 1])
    num, num_without_zeros = math.prod(shape), math.prod(max(size, 1) for size in shape)
    if len(shape) > MAX_RANK or min(shape, default=0) < 0 or num >= 2**63:
        raise Malformed
    if num_without_zeros * dtype.itemsize > max_bytes:  # numpy counts in this way
        raise Malformed(_too_large(max_bytes))
    content = proto.tensor_content if num else b""
    values = _content(content, dtype, num) if content else _typed(getattr(proto, field), dtype, wire, num)
    if dtype == _TEXT and _num_bytes(values) > max_bytes:
        raise Malformed(_too_large(max_bytes))
    return values.reshape(shape)


def write_tensor(array, proto):
    """Fills an empty `TensorProto`, in the typed fields (`float_val`, ...) that clients read by name."""
    proto.dtype = number_of(array.dtype)
    proto.tensor_shape.SetInParent()  # a scalar has a shape too
    for size in array.shape:
        proto.tensor_shape.dim.add().size = size
    _, field, wire = _KINDS[proto.dtype]
    if field in _FIXED_WIDTH:
        content = array.tobytes()
        proto.MergeFromString(_FIXED_WIDTH[field] + _varint(len(content)) + content)
        return
    if array.dtype in _STORED_AS_BITS:
        array = array.view(np.uint16)
    getattr(proto, field).extend(array.ravel().tolist())


def _typed(values, dtype, wire, num):
    if dtype == _TEXT:
        return _filled(_objects(values[:num]), num, b"")
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
    """Texts that follow one another, after the lengths of all of them in base 128."""
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
    return _objects(texts)


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


def _varint(number):
    digits = []
    while number >= 128:
        digits.append(number % 128 + 128)
        number //= 128
    return bytes([*digits, number])


def _objects(values):
    array = np.empty(len(values), object)
    array[:] = values
    return array


def _num_bytes(array):
    return array.nbytes + (sum(map(len, array.flat)) if array.dtype == _TEXT else 0)


def _too_large(max_bytes):
    return f": it takes more than {max_bytes} bytes"
