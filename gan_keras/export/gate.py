"""The gate of an export: what TensorFlow Serving would refuse, crash on or answer differently never appears.

It reads the graph, then has a child process run it (`savedmodel_replay`). Loading it with `tf.saved_model.load` would
not do: that restores variables in a way of its own, and checks shapes that a server does not.
"""

import os

import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow.core.protobuf import saved_model_pb2

from gan_keras.export.replay import Call, ExportError, replay
from gan_keras.export.warmup import read_warmup_requests

INVALID_ARGUMENT = 3
TOLERANCE = 1e-5
SERVED_DTYPES = (  # those that the REST API reads and writes
    *("float32", "float64", "int8", "int16", "int32", "int64"),
    *("uint8", "uint32", "uint64", "string", "bool"),
)
REFUSED_OPS = {  # by the beginning of their names
    "PyFunc": "it calls Python, which no server runs",
    "EagerPyFunc": "it calls Python, which no server runs",
    "Cudnn": "it needs a GPU: give the layer `use_cudnn=False`, or export in a process that did not run it on a GPU",
    "Xla": "servers switch XLA off: leave out `jit_compile=True`",
}


def check(directory, expected=None, weight_bytes=None):
    """Raises unless TensorFlow Serving would serve this version, and serve what eager execution computes.

    Args:
        directory: The version's directory.
        expected: By signature name a pair: the dict of example inputs and the dict of outputs that eager execution
            made of them. By default the requests of the warm-up file are run and their answers not compared.
        weight_bytes: Size of the weights that the signatures use; by default their storage is not checked.

    Returns:
        A dict: `loader`, `load_seconds`, `ops`, `signatures`, `weight_bytes` as stored, and `largest_difference`
        from `expected` (None without).

    Raises:
        ExportError: With the first rule that is broken.
    """
    graph = read_meta_graph(directory)
    signatures = _served_signatures(graph)
    check_ops(graph)
    for name, signature in signatures.items():
        check_signature(name, signature)
    stored_bytes = check_stored_once(directory, weight_bytes)
    examples = expected if expected is not None else _unanswered(read_warmup_requests(directory))
    loader, load_seconds, difference = _run_and_compare(directory, signatures, examples)
    return {
        "loader": loader,
        "load_seconds": load_seconds,
        "ops": list_ops(directory),
        "signatures": sorted(signatures),
        "weight_bytes": stored_bytes,
        "largest_difference": difference if expected is not None else None,
    }


def list_ops(directory):
    """Returns the sorted names of the ops in the graph of a SavedModel and in its functions."""
    graph = read_meta_graph(directory)
    functions = {function.signature.name for function in graph.graph_def.library.function}
    return sorted({node.op for node in _nodes(graph)} - functions)


def read_meta_graph(directory):
    """The `MetaGraphDef` of a SavedModel that servers run, the one with the tag `serve`.

    Raises:
        ExportError: If the file is damaged, or holds no such graph.
    """
    with open(os.path.join(directory, "saved_model.pb"), "rb") as file:
        content = file.read()
    try:
        graphs = saved_model_pb2.SavedModel.FromString(content).meta_graphs
    except DecodeError as error:
        raise ExportError("The file saved_model.pb is damaged or not whole.") from error
    for graph in graphs:
        if "serve" in graph.meta_info_def.tags:
            return graph
    raise ExportError("The file saved_model.pb holds no graph with the tag 'serve', which servers ask for.")


def _nodes(graph):
    yield from graph.graph_def.node
    for function in graph.graph_def.library.function:
        yield from function.node_def


def _served_signatures(graph):
    return {name: signature for name, signature in graph.signature_def.items() if not name.startswith("__")}


def check_ops(graph):
    """Raises `ExportError` if a `MetaGraphDef` holds an op that a server cannot run. Unknown ops show at the load."""
    for node in _nodes(graph):
        for prefix, reason in REFUSED_OPS.items():
            if node.op.startswith(prefix):
                raise ExportError(f"The graph holds the op {node.op} ({node.name!r}): {reason}.")
    for function in graph.graph_def.library.function:
        if function.attr["_XlaMustCompile"].b:
            raise ExportError(f"The function {function.signature.name!r} must be compiled: {REFUSED_OPS['Xla']}.")


def check_signature(name, signature):
    """Raises `ExportError` unless every input and output of a `SignatureDef` can travel over REST, in batches."""
    if not signature.inputs:
        raise ExportError(f"The signature {name!r} has no input. Expected one at least, such as `seed`.")
    if "b64" in signature.inputs:
        raise ExportError(f"The signature {name!r} has an input 'b64', which REST takes for base64. Give it another name.")
    for key, tensor in [*signature.inputs.items(), *signature.outputs.items()]:
        where = f"{key!r} of the signature {name!r}"
        if tensor.WhichOneof("encoding") != "name":
            raise ExportError(f"{where} is a composite tensor (ragged or sparse). Expected a dense one: use to_tensor().")
        if tf.as_dtype(tensor.dtype).name not in SERVED_DTYPES:
            raise ExportError(f"{where} is {tf.as_dtype(tensor.dtype).name}. Expected one of {', '.join(SERVED_DTYPES)}.")
        shape = tf.TensorShape(tensor.tensor_shape)
        if shape.rank == 0 or (key in signature.inputs and (shape.rank is None or shape[0] is not None)):
            raise ExportError(f"{where} has shape {shape}. Expected a batch dimension of any size first.")


def check_stored_once(directory, weight_bytes):
    """Raises `ExportError` if the variables take over 1.1 times `weight_bytes`; returns the bytes that they take."""
    if not os.path.exists(os.path.join(directory, "variables", "variables.index")):
        return 0
    checkpoint = tf.train.load_checkpoint(os.path.join(directory, "variables", "variables"))
    dtypes = checkpoint.get_variable_to_dtype_map()
    stored_bytes = sum(
        int(np.prod(shape, dtype=np.int64)) * dtypes[name].size
        for name, shape in checkpoint.get_variable_to_shape_map().items()
        if dtypes[name] != tf.string
    )
    if weight_bytes is not None and stored_bytes > 1.1 * weight_bytes:
        raise ExportError(
            f"The variables take {stored_bytes:,} bytes for weights of {weight_bytes:,}. Expected each weight once: "
            "return tables from `export_trackables`, never models."
        )
    return stored_bytes


def _unanswered(requests):
    return {name: (inputs, {}) for name, inputs in requests.items()}


def _run_and_compare(directory, signatures, examples):
    """Runs, for each signature, its examples and then the malformed batches that it has to refuse."""
    calls = [_call(name, signatures[name], inputs) for name, (inputs, _) in examples.items()]
    malformed = [
        _call(f"{name} with {fault}", signatures[name], inputs)
        for name, (examples_of_one, _) in examples.items()
        for fault, inputs in malformed_batches(examples_of_one).items()
    ]
    reply = replay(directory, calls + malformed)
    difference = 0.0
    for number, (name, (inputs, outputs)) in enumerate(examples.items()):
        if number in reply.errors:
            raise ExportError(f"The signature {name!r} fails on its example: {' '.join(reply.errors[number][1].split())}")
        served = dict(zip(sorted(signatures[name].outputs), reply.outputs[number], strict=True))
        _check_batch(name, served, len(next(iter(inputs.values()))))
        difference = max([difference, *(_difference(name, key, served[key], outputs[key]) for key in outputs)])
    for number, call in enumerate(malformed, start=len(calls)):
        if reply.errors.get(number, [None])[0] != INVALID_ARGUMENT:
            raise ExportError(
                f"The signature {call.name} gives {reply.errors.get(number, 'an answer')}. Expected INVALID_ARGUMENT."
            )
    return reply.loader, reply.load_seconds, difference


def _call(name, signature, inputs):
    feeds = {signature.inputs[key].name: _plain(array) for key, array in inputs.items()}
    return Call(name, feeds, [signature.outputs[key].name for key in sorted(signature.outputs)])


def _plain(array):
    """Numpy's text and bytes become arrays of `bytes` objects; everything else stays."""
    array = np.asarray(array)
    if array.dtype.kind not in "OSU":
        return array
    values = [value.encode() if isinstance(value, str) else bytes(value) for value in array.reshape(-1)]
    return np.array([*values, None], dtype=object)[:-1].reshape(array.shape)


def malformed_batches(inputs):
    """Returns batches that a guarded signature refuses, by fault; without a guard some kernels crash on them."""
    inputs = {name: np.asarray(array) for name, array in inputs.items()}
    batches = {"inputs of rank 0": {name: array.reshape(-1)[0:1].reshape(()) for name, array in inputs.items()}}
    if len(inputs) > 1:
        first = next(iter(inputs))
        longer = np.concatenate([inputs[first], inputs[first]])
        batches["unequal batch sizes"] = {**inputs, first: longer}
    return batches


def _check_batch(name, outputs, num_rows):
    for key, array in outputs.items():
        if array.ndim == 0 or len(array) != num_rows:
            raise ExportError(
                f"{key!r} of the signature {name!r} has shape {array.shape} for {num_rows} rows. "
                "Expected one row out for each row in."
            )


def _difference(name, key, served, expected):
    """Returns the largest difference of two arrays; raises `ExportError` if it is no rounding error."""
    expected = _plain(expected)
    if key in _LEVELS_OF:
        served, expected = (_levels(_LEVELS_OF[key], files) for files in (served, expected))
    floating = served.dtype.kind == "f" and expected.dtype == served.dtype
    if served.shape == expected.shape and floating:
        if np.allclose(served, expected, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True):
            return float(np.max(np.abs(np.nan_to_num(served - expected)), initial=0.0))
    elif np.array_equal(served, expected) and served.dtype == expected.dtype:
        return 0.0
    raise ExportError(
        f"{key!r} of the signature {name!r} differs from eager execution: served {_shortened(served)}, eager "
        f"{_shortened(expected)}. Expected equal values: take randomness from explicit seeds and hold no Python state."
    )


_LEVELS_OF = {
    "png_bytes": tf.io.decode_png,
    "wav_bytes": lambda file: tf.audio.decode_wav(file).audio * 32768.0,
}
"""Whole levels of encoded samples, by the name of the output."""


def _levels(decode, files):
    """Pixels or sounds in steps of `TOLERANCE`: a rounding error may turn one by a level, which changes bytes."""
    return np.array([decode(file).numpy() for file in files], np.float32) * np.float32(TOLERANCE)


def _shortened(array):
    text = " ".join(np.array2string(array, threshold=4, edgeitems=2).split())
    return text if len(text) <= 120 else text[:120] + "..."
