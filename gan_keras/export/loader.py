"""Runs a SavedModel as TensorFlow Serving does: with the C++ loader of the installed TensorFlow, without its Python.

`python -P loader.py REQUEST REPLY` imports numpy and nothing of this package: a model that it loads needs no code of
ours, and a crash in a kernel ends that process alone. Reference: `tensorflow/c/c_api.h`.
"""

import ctypes
import importlib.util
import json
import os
import pathlib
import sys
import time
from ctypes import POINTER, c_char_p, c_int, c_int64, c_size_t, c_void_p

import numpy as np
from ml_dtypes import bfloat16

_DTYPES = {  # numbers of tensorflow/core/framework/types.proto
    np.dtype(dtype): number
    for dtype, number in {
        **{"float32": 1, "float64": 2, "int32": 3, "uint8": 4, "int16": 5, "int8": 6, "object": 7, "complex64": 8, "int64": 9},
        **{"bool": 10, bfloat16: 14, "uint16": 17, "complex128": 18, "float16": 19, "uint32": 22, "uint64": 23},
    }.items()
}
_DTYPE_OF = {number: dtype for dtype, number in _DTYPES.items()}
_INVALID_ARGUMENT, _NOT_FOUND = 3, 5  # TensorFlow's codes
_STRING_SIZE = 24  # sizeof(TF_TString)
_NO_XLA = "_ZN10tensorflow21DisableXlaCompilationEv"  # tensorflow::DisableXlaCompilation(), called by the server's main


class _Output(ctypes.Structure):
    _fields_ = [("operation", c_void_p), ("index", c_int)]


_PROTOTYPES = {
    "TF_NewStatus": (c_void_p, []),
    "TF_DeleteStatus": (None, [c_void_p]),
    "TF_GetCode": (c_int, [c_void_p]),
    "TF_Message": (c_char_p, [c_void_p]),
    "TF_LoadLibrary": (c_void_p, [c_char_p, c_void_p]),
    "TF_NewGraph": (c_void_p, []),
    "TF_NewSessionOptions": (c_void_p, []),
    "TF_LoadSessionFromSavedModel": (
        c_void_p,
        [c_void_p, c_void_p, c_char_p, POINTER(c_char_p), c_int, c_void_p, c_void_p, c_void_p],
    ),
    "TF_CloseSession": (None, [c_void_p, c_void_p]),
    "TF_DeleteSession": (None, [c_void_p, c_void_p]),
    "TF_DeleteGraph": (None, [c_void_p]),
    "TF_DeleteSessionOptions": (None, [c_void_p]),
    "TF_NewBufferFromString": (c_void_p, [c_char_p, c_size_t]),
    "TF_DeleteBuffer": (None, [c_void_p]),
    "TF_GraphOperationByName": (c_void_p, [c_void_p, c_char_p]),
    "TF_SessionRun": (
        None,
        [c_void_p, c_void_p, POINTER(_Output), POINTER(c_void_p), c_int, POINTER(_Output), POINTER(c_void_p), c_int]
        + [c_void_p, c_int, c_void_p, c_void_p],
    ),
    "TF_AllocateTensor": (c_void_p, [c_int, POINTER(c_int64), c_int, c_size_t]),
    "TF_DeleteTensor": (None, [c_void_p]),
    "TF_TensorType": (c_int, [c_void_p]),
    "TF_NumDims": (c_int, [c_void_p]),
    "TF_Dim": (c_int64, [c_void_p, c_int]),
    "TF_TensorByteSize": (c_size_t, [c_void_p]),
    "TF_TensorData": (c_void_p, [c_void_p]),
    "TF_StringInit": (None, [c_void_p]),
    "TF_StringCopy": (None, [c_void_p, c_char_p, c_size_t]),
    "TF_StringGetDataPointer": (c_void_p, [c_void_p]),
    "TF_StringGetSize": (c_size_t, [c_void_p]),
    _NO_XLA: (None, []),
}


class StatusError(RuntimeError):
    """A TensorFlow status other than OK; `code` is its number in `tsl/protobuf/error_codes.proto`."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


def find_library():
    """Returns the path of TensorFlow's C++ library, or None on a platform whose TensorFlow comes without it."""
    folder = pathlib.Path(importlib.util.find_spec("tensorflow").submodule_search_locations[0])
    return next(
        (folder / name for name in ("libtensorflow_cc.so.2", "libtensorflow_cc.2.dylib") if (folder / name).exists()),
        None,
    )


class CppSavedModel:
    """A SavedModel in a C++ session, with XLA switched off as in TensorFlow Serving. Threads may share it.

    Args:
        directory: Holds `saved_model.pb`.
        op_libraries: Paths of shared libraries with additional ops.

    Raises:
        StatusError: If TensorFlow cannot load it.
    """

    description = "TensorFlow's C++ loader"

    @staticmethod
    def load_library():
        """Loads TensorFlow into the process, which takes time and writes to its log, and returns it."""
        return ctypes.CDLL(str(find_library()), mode=ctypes.RTLD_GLOBAL)

    def __init__(self, directory, op_libraries=()):
        self._library = self.load_library()
        for name, (result, arguments) in _PROTOTYPES.items():
            function = getattr(self._library, name)
            function.restype, function.argtypes = result, arguments
        getattr(self._library, _NO_XLA)()
        for path in op_libraries:
            self._checked(self._library.TF_LoadLibrary, path.encode())
        self._graph = self._library.TF_NewGraph()
        options, tags = self._library.TF_NewSessionOptions(), (c_char_p * 1)(b"serve")
        try:
            self._session = self._checked(
                self._library.TF_LoadSessionFromSavedModel, options, None, os.fsencode(directory), tags, 1, self._graph, None
            )
        except StatusError:
            self._library.TF_DeleteGraph(self._graph)
            raise
        finally:
            self._library.TF_DeleteSessionOptions(options)

    def run(self, feeds, fetches, timeout_ms=0):
        """Runs the graph once.

        Args:
            feeds: An array by tensor name (`"serving_default_seed:0"`); strings are arrays of `bytes` objects.
            fetches: Tensor names.
            timeout_ms: Time limit in milliseconds, after which the run fails with DEADLINE_EXCEEDED; 0 for no limit.

        Returns:
            A list of arrays, one for each of `fetches`.

        Raises:
            StatusError: If TensorFlow refuses the request or fails.
        """
        sources, targets = ((_Output * len(names))(*map(self._output, names)) for names in (feeds, fetches))
        given = (c_void_p * len(feeds))(*[self._to_tensor(array) for array in feeds.values()])
        fetched = (c_void_p * len(fetches))()
        proto = bytes([16]) + varint(timeout_ms)  # a serialized `RunOptions` with its field 2, `timeout_in_ms`
        options = self._library.TF_NewBufferFromString(proto, len(proto))
        try:
            self._checked(
                self._library.TF_SessionRun,
                *(self._session, options, sources, given, len(feeds), targets, fetched, len(fetches), None, 0, None),
            )
            return [self._to_array(tensor) for tensor in fetched]
        finally:
            self._library.TF_DeleteBuffer(options)
            for tensor in filter(None, [*given, *fetched]):
                self._library.TF_DeleteTensor(tensor)

    def close(self):
        """Frees the session, its variables and its graph; no call may be running."""
        self._checked(self._library.TF_CloseSession, self._session)
        self._checked(self._library.TF_DeleteSession, self._session)
        self._library.TF_DeleteGraph(self._graph)

    def _checked(self, function, *arguments):
        status = self._library.TF_NewStatus()
        try:
            result = function(*arguments, status)
            if code := self._library.TF_GetCode(status):
                raise StatusError(code, self._library.TF_Message(status).decode(errors="replace"))
            return result
        finally:
            self._library.TF_DeleteStatus(status)

    def _output(self, name):
        """Looks up an output; ":0" may be omitted. TensorFlow itself would crash on an unknown operation."""
        operation, _, index = name.partition(":")
        found = self._library.TF_GraphOperationByName(self._graph, operation.encode())
        if not found:
            raise StatusError(_NOT_FOUND, f"Tensor {name!r} of the signature is not in the graph.")
        return _Output(found, int(index or 0))

    def _to_tensor(self, array):
        strings = array.dtype == object
        num_bytes = array.size * (_STRING_SIZE if strings else array.itemsize)
        shape = (c_int64 * array.ndim)(*array.shape)
        tensor = self._library.TF_AllocateTensor(_DTYPES[array.dtype], shape, array.ndim, num_bytes)
        data = self._library.TF_TensorData(tensor)
        if strings:
            for place, value in enumerate(array.flat):
                self._library.TF_StringInit(data + place * _STRING_SIZE)
                self._library.TF_StringCopy(data + place * _STRING_SIZE, value, len(value))
        else:
            ctypes.memmove(data, array.tobytes(), num_bytes)
        return tensor

    def _to_array(self, tensor):
        dtype = _DTYPE_OF[self._library.TF_TensorType(tensor)]
        shape = [self._library.TF_Dim(tensor, axis) for axis in range(self._library.TF_NumDims(tensor))]
        data = self._library.TF_TensorData(tensor)
        if dtype.kind != "O":
            content = ctypes.string_at(data, self._library.TF_TensorByteSize(tensor)) if data else b""
            return np.frombuffer(content, dtype).reshape(shape)
        places = [data + index * _STRING_SIZE for index in range(int(np.prod(shape)))]
        start, size = self._library.TF_StringGetDataPointer, self._library.TF_StringGetSize
        return objects([ctypes.string_at(start(place), size(place)) for place in places], shape)


class PythonSavedModel:
    """A SavedModel in a `tf.compat.v1.Session`, for a platform whose TensorFlow comes without the C++ library.

    Takes the arguments and raises the errors of `CppSavedModel`, and restores variables in the same way. The process
    imports TensorFlow's Python package, which a server does not have.
    """

    description = "tf.compat.v1.saved_model.load (this TensorFlow has no C++ library)"

    @staticmethod
    def load_library():
        """See `CppSavedModel.load_library`."""
        import tensorflow

        return tensorflow

    def __init__(self, directory, op_libraries=()):
        tf = self.load_library()
        self._tf, self._errors = tf, (tf.errors.OpError, OSError, ValueError)  # ValueError: the session checks fed shapes
        for path in op_libraries:
            tf.load_op_library(path)
        self._session = tf.compat.v1.Session(graph=tf.Graph())
        with self._session.graph.as_default():
            self._checked(tf.compat.v1.saved_model.load, self._session, ["serve"], directory)

    def run(self, feeds, fetches, timeout_ms=0):
        options = self._tf.compat.v1.RunOptions(timeout_in_ms=timeout_ms)
        return self._checked(self._session.run, fetches, feeds, options=options)

    def _checked(self, function, *arguments, **options):
        try:
            return function(*arguments, **options)
        except self._errors as error:
            raise StatusError(getattr(error, "error_code", _INVALID_ARGUMENT), str(error)) from error

    def close(self):
        self._session.close()


SavedModel = CppSavedModel if find_library() else PythonSavedModel


def varint(number):
    """Returns a number in base 128, as protocol buffers store it."""
    digits = []
    while number >= 128:
        digits.append(number % 128 + 128)
        number //= 128
    return bytes([*digits, number])


def objects(values, shape):
    """Returns an object array of arbitrary values such as `bytes`, of a given shape."""
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array.reshape(shape)


def write_tensors(path, plan, tensors):
    """Writes a JSON-able `plan` and a dict of arrays into one `.npz` file, strings as numpy's padded bytes.

    Each string gets a trailing `$`, because numpy strips zero bytes at the end of a padded string.
    """
    packed = {
        name: np.array([value + b"$" for value in array.flat], np.bytes_).reshape(array.shape) if array.dtype == object else array
        for name, array in tensors.items()
    }
    np.savez(path, plan=np.array(json.dumps(plan)), **packed)


def read_tensors(path):
    """Returns the plan and the arrays that `write_tensors` wrote."""
    with np.load(path, allow_pickle=False) as file:
        tensors = {name: file[name] for name in file.files}
    plan = json.loads(str(tensors.pop("plan")))
    return plan, {
        name: objects([value[:-1] for value in array.flat], array.shape) if array.dtype.kind == "S" else array
        for name, array in tensors.items()
    }


def main(request_path, reply_path):
    """Loads a SavedModel and runs the calls of a request file. TensorFlow's errors become part of the reply file.

    Args:
        request_path: Written by `write_tensors`: `directory`, `op_libraries` and `calls`, each with `name`, `feeds` and
            `fetches`; the fed arrays as `"call/feed"`.
        reply_path: The file to write in the same format: `load_seconds`, `errors` by the number of the call, and the
            outputs as `"call/fetch"`.
    """
    plan, tensors = read_tensors(request_path)
    started, errors, outputs = time.monotonic(), {}, {}
    try:
        model = SavedModel(plan["directory"], plan["op_libraries"])
    except StatusError as error:
        write_tensors(reply_path, {"loader": SavedModel.description, "load_error": str(error)}, {})
        return
    load_seconds = time.monotonic() - started
    for number, call in enumerate(plan["calls"]):
        print(call["name"], flush=True)  # the last line shows where a crash happened
        try:
            results = model.run({name: tensors[f"{number}/{name}"] for name in call["feeds"]}, call["fetches"])
            outputs.update({f"{number}/{name}": result for name, result in zip(call["fetches"], results, strict=True)})
        except StatusError as error:
            errors[number] = [error.code, str(error)]
    write_tensors(reply_path, {"loader": SavedModel.description, "load_seconds": load_seconds, "errors": errors}, outputs)


if __name__ == "__main__":
    main(*sys.argv[1:])
