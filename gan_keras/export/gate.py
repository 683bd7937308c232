"""Checks a SavedModel before it is published: it must load and run as in TensorFlow Serving, and match Keras.

The gate reads the graph, then has a child process run it (`replay`). `tf.saved_model.load` would not be enough: it
restores variables in its own way, and it checks shapes that a server does not check.
"""

import os

import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow.core.protobuf import saved_model_pb2

from gan_keras.export.loader import objects
from gan_keras.export.replay import Call, ExportError, replay
from gan_keras.export.warmup import read_warmup_requests

INVALID_ARGUMENT = 3
TOLERANCE = 1e-5
SERVED_DTYPES = (  # dtypes that the REST API reads and writes
    *("float32", "float64", "int8", "int16", "int32", "int64"),
    *("uint8", "uint32", "uint64", "string", "bool"),
)
REFUSED_OPS = {  # by the prefix of their names
    "PyFunc": "it calls Python, which servers do not run",
    "EagerPyFunc": "it calls Python, which servers do not run",
    "Cudnn": "it needs a GPU: give the layer `use_cudnn=False`, or export in a process that did not run it on a GPU",
    "Xla": "servers disable XLA: leave out `jit_compile=True`",
}


def check(directory, expected=None, weight_bytes=None):
    """Raises unless TensorFlow Serving would serve this version, with the results of eager execution.

    Args:
        directory: The version's directory.
        expected: By signature name a pair: a dict of example inputs, and the dict of outputs of eager execution. By
            default the warm-up requests are run and their outputs not compared.
        weight_bytes: Size of the weights that the signatures use; by default their storage is not checked.

    Returns:
        A dict: `loader`, `load_seconds`, `ops`, `signatures`, `weight_bytes` as stored, and `largest_difference`
        from `expected` (None without it).

    Raises:
        ExportError: For the first rule that is violated.
    """
    graph = read_meta_graph(directory)
    signatures = {name: each for name, each in graph.signature_def.items() if not name.startswith("__")}
    check_ops(graph)
    for name, signature in signatures.items():
        check_signature(name, signature)
    stored_bytes = check_stored_once(directory, weight_bytes)
    examples = expected
    if expected is None:
        examples = {name: (inputs, {}) for name, inputs in read_warmup_requests(directory).items()}
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
    """Returns the sorted names of the ops in a SavedModel's graph and its functions."""
    graph = read_meta_graph(directory)
    functions = {function.signature.name for function in graph.graph_def.library.function}
    return sorted({node.op for node in _nodes(graph)} - functions)


def read_meta_graph(directory):
    """Returns the `MetaGraphDef` of a SavedModel that servers run, the one with the tag `serve`.

    Raises:
        ExportError: If the file is damaged, or holds no such graph.
    """
    with open(os.path.join(directory, "saved_model.pb"), "rb") as file:
        content = file.read()
    try:
        graphs = saved_model_pb2.SavedModel.FromString(content).meta_graphs
    except DecodeError as error:
        raise ExportError("The file saved_model.pb is damaged or incomplete.") from error
    for graph in graphs:
        if "serve" in graph.meta_info_def.tags:
            return graph
    raise ExportError("The file saved_model.pb holds no graph with the tag 'serve', which servers load.")


def _nodes(graph):
    yield from graph.graph_def.node
    for function in graph.graph_def.library.function:
        yield from function.node_def


def check_ops(graph):
    """Raises `ExportError` if a `MetaGraphDef` has an op that servers cannot run. Unknown ops show when it is loaded."""
    for node in _nodes(graph):
        for prefix, reason in REFUSED_OPS.items():
            if node.op.startswith(prefix):
                raise ExportError(f"The graph holds the op {node.op} ({node.name!r}): {reason}.")
    for function in graph.graph_def.library.function:
        if function.attr["_XlaMustCompile"].b:
            raise ExportError(f"The function {function.signature.name!r} must be compiled: {REFUSED_OPS['Xla']}.")


def check_signature(name, signature):
    """Raises `ExportError` unless REST can carry every input and output of a `SignatureDef`, in batches."""
    if not signature.inputs:
        raise ExportError(f"The signature {name!r} has no input. Expected at least one, such as `seed`.")
    if "b64" in signature.inputs:
        raise ExportError(f"The signature {name!r} has an input 'b64', which REST reserves for base64. Give it another name.")
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
    """Returns the size of the stored variables; raises `ExportError` if it exceeds 1.1 times `weight_bytes`."""
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


def _run_and_compare(directory, signatures, examples):
    """Runs each signature's examples, then the malformed batches that it must refuse."""
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
    """Converts numpy's strings and bytes to arrays of `bytes` objects; other arrays stay the same."""
    array = np.asarray(array)
    if array.dtype.kind not in "OSU":
        return array
    return objects([each.encode() if isinstance(each, str) else bytes(each) for each in array.reshape(-1)], array.shape)


def malformed_batches(inputs):
    """Returns batches by fault that a guarded signature refuses; without the guard some kernels crash on them."""
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
                "Expected one output row per input row."
            )


def _difference(name, key, served, expected):
    """Returns the largest difference of two arrays; raises `ExportError` if it exceeds rounding errors."""
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
"""Decoders of encoded samples to whole levels, by the name of the output."""


def _levels(decode, files):
    """Pixels or sounds in steps of `TOLERANCE`: a rounding error may change a level by one, and thus the bytes."""
    return np.array([decode(file).numpy() for file in files], np.float32) * np.float32(TOLERANCE)


def _shortened(array):
    text = " ".join(np.array2string(array, threshold=4, edgeitems=2).split())
    return text if len(text) <= 120 else text[:120] + "..."
