"""From a GAN to a version that TensorFlow Serving serves: written aside, checked, then renamed into its place."""

import contextlib
import importlib.metadata
import json
import os
import shutil
import time
import uuid

import numpy as np
import tensorflow as tf

from gan_keras.export.gate import check
from gan_keras.export.replay import ExportError
from gan_keras.export.warmup import write_warmup_requests

CARD_NAME = os.path.join("assets.extra", "model_card.json")
STALE_SECONDS = 3600


def export(gan, directory, score=False):
    """Writes a GAN as the next version of a SavedModel that TensorFlow Serving (2.20 or newer) serves.

    The version is written beside its place, run by TensorFlow's C++ loader in a child process, compared with eager
    execution and renamed into its place: a server that watches `directory` never sees half of it, and an existing
    version is never touched. It needs no code of ours to run.

    Args:
        gan: Offers `signatures(score)` (a dict of `Signature`), `model_card()` (a dict that JSON can hold) and
            `export_trackables()` (the tables that the signatures use).
        directory: The model's directory, `saved_models/NAME`; NAME is the model's name in a server.
        score: Also export the discriminator's logit. It tells who was in the training data.

    Returns:
        The path of the version, `directory/N`, where N is 1 more than the highest version there.

    Raises:
        NotADirectoryError: If `directory` is a file.
        ExportError: If a server would refuse the model or answer differently; nothing is left behind then.
    """
    directory = os.fspath(directory)
    if os.path.exists(directory) and not os.path.isdir(directory):
        raise NotADirectoryError(f"{directory!r} is a file. Expected the model's directory, such as 'saved_models/a'.")
    os.makedirs(directory, exist_ok=True)
    sweep_dead_exports(directory)
    unfinished = os.path.join(directory, f".tmp-{uuid.uuid4().hex}")
    try:
        write_version(gan, unfinished, os.path.basename(os.path.abspath(directory)), score)
        return publish(unfinished, directory)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def write_version(gan, path, model_name, score):
    """Writes a SavedModel with its warm-up requests and its card into the new directory `path`, and checks it."""
    with without_cudnn(gan):
        signatures = gan.signatures(score=score)
        guarded = {name: guard(signature) for name, signature in signatures.items()}
        traced = {name: trace(guarded[name], signatures[name].inputs) for name in signatures}
        expected = {name: answer(guarded[name], signatures[name].examples) for name in signatures}
    weights = list({id(weight): weight for function in traced.values() for weight in function.variables}.values())
    save(path, traced, weights, gan.export_trackables())
    write_warmup_requests(path, model_name, {name: inputs for name, (inputs, _) in expected.items()})
    report = check(path, expected, sum(weight.dtype.size * weight.shape.num_elements() for weight in weights))
    write_card(path, {**gan.model_card(), "signatures": describe(signatures, expected), "export": report})


def guard(signature):
    """Returns the function of a signature, of named tensors, as it is served.

    The check of ranks and batch sizes comes first: a C++ session checks neither, and some string kernels crash on a
    scalar. Outputs of reduced precision become float32, which is what REST can write.
    """

    def serve(**tensors):
        outputs = signature.function(**_equal_batches(signature.inputs, tensors))
        return {name: _served_precision(output) for name, output in outputs.items()}

    return serve


def _equal_batches(specs, tensors):
    tensors = {name: tf.ensure_shape(tensors[name], spec.shape) for name, spec in specs.items()}
    sizes = tf.stack([tf.shape(tensor)[0] for tensor in tensors.values()])
    message = f"Expected one batch size for all of the inputs {list(specs)}."
    with tf.control_dependencies([tf.debugging.assert_equal(sizes, sizes[0], message=message)]):
        return {name: tf.identity(tensor) for name, tensor in tensors.items()}


def _served_precision(output):
    if not isinstance(output, tf.Tensor):
        raise ExportError(f"A signature returns a {type(output).__name__}. Expected dense tensors: use to_tensor().")
    return tf.cast(output, tf.float32) if output.dtype in (tf.float16, tf.bfloat16) else output


def trace(function, specs):
    """Returns the concrete function of named tensors with the `tf.TensorSpec`s of `specs`."""
    return tf.function(function, autograph=False).get_concrete_function(**specs)


def answer(function, examples):
    """Returns a pair of dicts of arrays: the examples, and what eager execution on the CPU makes of them."""
    with tf.device("CPU:0"):
        outputs = function(**{name: tf.constant(array) for name, array in examples.items()})
    return examples, {name: np.asarray(output) for name, output in outputs.items()}


@contextlib.contextmanager
def without_cudnn(gan):
    """Within it, recurrent layers are traced with portable ops: where there is a GPU they would take cuDNN's."""
    layers = [layer for layer in gan._flatten_layers() if hasattr(layer, "use_cudnn")]
    before = [layer.use_cudnn for layer in layers]
    try:
        for layer in layers:
            layer.use_cudnn = False
        yield
    finally:
        for layer, use_cudnn in zip(layers, before, strict=True):
            layer.use_cudnn = use_cudnn


def save(path, functions, weights, tables):
    """Writes a SavedModel of concrete functions.

    It tracks the `tf.Variable`s that the functions use, not the Keras models that own them: Keras hands TensorFlow a
    copy of each variable, and then the C++ loader misses one of the two or every weight is stored twice.

    Raises:
        ExportError: If a function uses a table that is not among `tables`.
    """
    module = tf.Module()
    module.weights, module.tables = weights, list(tables)
    try:
        tf.saved_model.save(module, path, signatures=functions)
    except AssertionError as error:
        raise ExportError(f"A table is missing from `export_trackables`: {' '.join(str(error).split())}") from error


def describe(signatures, expected):
    """Returns the inputs and outputs of each signature, as a reader of the card needs them."""
    return {
        name: {
            "inputs": {key: [spec.dtype.name, spec.shape.as_list()] for key, spec in signature.inputs.items()},
            "outputs": {key: tf.as_dtype(array.dtype).name for key, array in expected[name][1].items()},
        }
        for name, signature in signatures.items()
    }


def write_card(path, card):
    """Writes the model card of a version, with the versions of the libraries that made it."""
    versions = {library: importlib.metadata.version(library) for library in ("tensorflow", "keras")}
    with open(os.path.join(path, CARD_NAME), "w", encoding="utf-8") as file:
        json.dump({**card, "versions": versions}, file, indent=2, ensure_ascii=False)


def publish(unfinished, directory):
    """Renames a complete version into its place, after the disk has all of it, and returns its path."""
    for folder, _, files in os.walk(unfinished):
        for path in [*(os.path.join(folder, file) for file in files), folder]:
            _flush_to_disk(path)
    while True:
        version = os.path.join(directory, str(next_version(directory)))
        try:
            os.rename(unfinished, version)
        except OSError:
            if not os.path.isdir(version):
                raise
            continue  # another export took this number: take the next
        _flush_to_disk(directory)
        return version


def _flush_to_disk(path):
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def next_version(directory):
    """Returns 1 more than the highest child of `directory` that is named by a number, 1 if there is none."""
    return 1 + max((int(name) for name in os.listdir(directory) if name.isascii() and name.isdecimal()), default=0)


def sweep_dead_exports(directory):
    """Removes what exports that were killed over an hour ago left unfinished."""
    for name in os.listdir(directory):
        path = os.path.join(directory, name)
        if name.startswith(".tmp-") and time.time() - os.path.getmtime(path) > STALE_SECONDS:
            shutil.rmtree(path, ignore_errors=True)
