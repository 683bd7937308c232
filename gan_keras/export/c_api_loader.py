"""Runs a SavedModel as TensorFlow Serving does: by the C++ loader of the installed TensorFlow, without its Python.

A process that runs this file, `python -P c_api_loader.py REQUEST REPLY`, imports numpy and nothing else: what it can
load needs no code of ours, and a crash in a kernel ends that process alone. Reference: `tensorflow/c/c_api.h`.
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
_NOT_FOUND = 5  # of TensorFlow's codes
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
    """A status of TensorFlow that is not OK; `code` is its number in `tsl/protobuf/error_codes.proto`."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


def find_library():
    """Returns the path of TensorFlow's C++ library, or None on a platform whose TensorFlow comes without."""
    folder = pathlib.Path(importlib.util.find_spec("tensorflow").submodule_search_locations[0])
    return next(
        (folder / name for name in ("libtensorflow_cc.so.2", "libtensorflow_cc.2.dylib") if (folder / name).exists()),
        None,
    )


class SavedModel:
    """A SavedModel in a C++ session, with XLA switched off as in TensorFlow Serving. Threads may share it.

    Args:
        directory: Holds `saved_model.pb`.
        op_libraries: Paths of shared libraries with further ops.

    Raises:
        StatusError: If TensorFlow does not load it.
    """

    def __init__(self, directory, op_libraries=()):
        self._library = ctypes.CDLL(str(find_library()), mode=ctypes.RTLD_GLOBAL)
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
            timeout_ms: After this many milliseconds the run ends with DEADLINE_EXCEEDED; 0 for no limit.

        Returns:
            A list of arrays, one for each of `fetches`.

        Raises:
            StatusError: If TensorFlow refuses or fails.
        """
        sources, targets = self._outputs(feeds), self._outputs(fetches)
        given = (c_void_p * len(feeds))(*[self._to_tensor(array) for array in feeds.values()])
        fetched = (c_void_p * len(fetches))()
        options = self._run_options(timeout_ms)
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

    def _run_options(self, timeout_ms):
        """A serialized `RunOptions` with its field 2, `timeout_in_ms`, as a base-128 number."""
        digits = []
        while timeout_ms >= 128:
            digits.append(timeout_ms % 128 + 128)
            timeout_ms //= 128
        proto = bytes([16, *digits, timeout_ms])
        return self._library.TF_NewBufferFromString(proto, len(proto))

    def _checked(self, function, *arguments):
        status = self._library.TF_NewStatus()
        try:
            result = function(*arguments, status)
            if code := self._library.TF_GetCode(status):
                raise StatusError(code, self._library.TF_Message(status).decode(errors="replace"))
            return result
        finally:
            self._library.TF_DeleteStatus(status)

    def _outputs(self, names):
        return (_Output * len(names))(*map(self._output, names))

    def _output(self, name):
        """An operation's name without a number means its output 0; TensorFlow itself would crash on one that is not there."""
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
        return _bytes_array([self._string_at(place) for place in places], shape)

    def _string_at(self, place):
        return ctypes.string_at(self._library.TF_StringGetDataPointer(place), self._library.TF_StringGetSize(place))


def _bytes_array(values, shape):
    return np.array([*values, None], dtype=object)[:-1].reshape(shape)


def write_tensors(path, plan, tensors):
    """Writes a JSON-able `plan` and a dict of arrays into one `.npz` file, strings as numpy's padded bytes.

    Numpy strips zero bytes at the end of a padded string, so each one gets a `$` behind it.
    """
    packed = {name: _pack(array) if array.dtype == object else array for name, array in tensors.items()}
    np.savez(path, plan=np.array(json.dumps(plan)), **packed)


def _pack(array):
    return np.array([value + b"$" for value in array.flat], dtype=np.bytes_).reshape(array.shape)


def read_tensors(path):
    """Returns what `write_tensors` was given: the plan and the arrays."""
    with np.load(path, allow_pickle=False) as file:
        tensors = {name: file[name] for name in file.files}
    plan = json.loads(str(tensors.pop("plan")))
    return plan, {name: _unpack(array) if array.dtype.kind == "S" else array for name, array in tensors.items()}


def _unpack(array):
    return _bytes_array([value[:-1] for value in array.flat], array.shape)


def answer(load, request_path, reply_path):
    """Loads a SavedModel and runs the calls of a request file; errors of TensorFlow become part of the reply file.

    Args:
        load: `SavedModel` of this file or of another loader.
        request_path: Written by `write_tensors`: `directory`, `op_libraries` and `calls`, each with `name`, `feeds` and
            `fetches`; the fed arrays as `"call/feed"`.
        reply_path: To be written alike: `load_seconds`, `errors` by number of the call; the outputs as `"call/fetch"`.
    """
    plan, tensors = read_tensors(request_path)
    started, errors, outputs = time.monotonic(), {}, {}
    try:
        model = load(plan["directory"], plan["op_libraries"])
    except StatusError as error:
        write_tensors(reply_path, {"load_error": str(error)}, {})
        return
    load_seconds = time.monotonic() - started
    for number, call in enumerate(plan["calls"]):
        print(call["name"], flush=True)  # the last line tells where a crash happened
        try:
            results = model.run({name: tensors[f"{number}/{name}"] for name in call["feeds"]}, call["fetches"])
            outputs.update({f"{number}/{name}": result for name, result in zip(call["fetches"], results, strict=True)})
        except StatusError as error:
            errors[number] = [error.code, str(error)]
    write_tensors(reply_path, {"load_seconds": load_seconds, "errors": errors}, outputs)


if __name__ == "__main__":
    answer(SavedModel, *sys.argv[1:])
