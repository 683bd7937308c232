"""Export of a GAN as a version for TensorFlow Serving: written to a temporary directory, checked, then renamed."""

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
from gan_keras.gans.keras_model import KerasModel
from gan_keras.gans.signature import signatures_of

CARD_NAME = os.path.join("assets.extra", "model_card.json")
STALE_SECONDS = 3600


def export(gan, directory, score=False, edit=False, card=None):
    """Writes a GAN as the next version of a SavedModel for TensorFlow Serving (2.20 or newer).

    The version is written to a temporary directory, run by TensorFlow's C++ loader in a child process, compared with
    eager execution, and renamed: a server that watches `directory` never sees an incomplete version, and an existing
    version is never changed. The version runs without any code of this package.

    Args:
        gan: Has `signatures(score)` (a dict of `Signature`), `model_card()` (a dict that JSON can hold) and
            `export_trackables()` (the tables that the signatures use).
        directory: The model's directory, `saved_models/NAME`; NAME is the model's name in a server.
        score: Also export the discriminator's logit. It reveals which data were in the training set.
        edit: Also export samples that are moved along the directions of `gan_keras.analysis.Directions.fit(gan)`; `signatures`
            then takes `edit` too.
        card: Further entries of the model card, a dict that JSON can hold, such as the data and the scores; None for none.

    Returns:
        The path of the version, `directory/N`, where N is 1 more than the highest version number there.

    Raises:
        NotADirectoryError: If `directory` is a file.
        ExportError: If a server would refuse the model or answer differently; no files are left then.
    """
    directory = os.fspath(directory)
    if os.path.exists(directory) and not os.path.isdir(directory):
        raise NotADirectoryError(f"{directory!r} is a file. Expected the model's directory, such as 'saved_models/a'.")
    os.makedirs(directory, exist_ok=True)
    remove_abandoned(directory)
    unfinished = os.path.join(directory, f".tmp-{uuid.uuid4().hex}")
    try:
        write_version(gan, unfinished, os.path.basename(os.path.abspath(directory)), score, edit, card or {})
        return publish(unfinished, directory)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


KerasModel.exporter = staticmethod(export)  # the method `gan.export`, which Keras' own messages advise


def write_version(gan, path, model_name, score, edit, card):
    """Writes a SavedModel with warm-up requests and model card into the new directory `path`, and checks it."""
    with without_cudnn(gan):
        signatures = signatures_of(gan, score, edit)
        guarded = {name: guard(signature) for name, signature in signatures.items()}
        traced = {name: trace(guarded[name], signatures[name].inputs) for name in signatures}
        expected = {name: run_eagerly(guarded[name], signatures[name].examples) for name in signatures}
    weights = list({id(weight): weight for function in traced.values() for weight in function.variables}.values())
    save(path, traced, weights, gan.export_trackables())
    write_warmup_requests(path, model_name, {name: inputs for name, (inputs, _) in expected.items()})
    report = check(path, expected, sum(weight.dtype.size * weight.shape.num_elements() for weight in weights))
    write_card(path, {**gan.model_card(), **card, "signatures": describe(signatures, expected), "export": report})


def guard(signature):
    """Returns the function of a signature, of named tensors, as it is served.

    It checks ranks and batch sizes first: a C++ session checks neither, and some string kernels crash on a scalar.
    Outputs of reduced precision become float32, which REST can write.
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
    """Returns the concrete function of a function of named tensors, with the `tf.TensorSpec`s of `specs`."""
    return tf.function(function, autograph=False).get_concrete_function(**specs)


def run_eagerly(function, examples):
    """Returns a pair of dicts of arrays: the examples, and the outputs of eager execution on the CPU."""
    with tf.device("CPU:0"):
        outputs = function(**{name: tf.constant(array) for name, array in examples.items()})
    return examples, {name: np.asarray(output) for name, output in outputs.items()}


@contextlib.contextmanager
def without_cudnn(gan):
    """Traces recurrent layers with portable ops; on a GPU they would use cuDNN's."""
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

    It tracks the `tf.Variable`s that the functions use instead of the Keras models that own them. For a model, Keras
    gives TensorFlow a copy of each variable: then the C++ loader misses one of the two, or each weight is stored twice.

    Raises:
        ExportError: If a function uses a table that is not in `tables`.
    """
    module = tf.Module()
    module.weights, module.tables = weights, list(tables)
    try:
        tf.saved_model.save(module, path, signatures=functions)
    except AssertionError as error:
        raise ExportError(f"A table is missing from `export_trackables`: {' '.join(str(error).split())}") from error


def describe(signatures, expected):
    """Returns inputs and outputs of each signature for the model card."""
    return {
        name: {
            "inputs": {key: [spec.dtype.name, spec.shape.as_list()] for key, spec in signature.inputs.items()},
            "outputs": {key: tf.as_dtype(array.dtype).name for key, array in expected[name][1].items()},
        }
        for name, signature in signatures.items()
    }


def write_card(path, card):
    """Writes a version's model card, including the versions of TensorFlow and Keras."""
    versions = {library: importlib.metadata.version(library) for library in ("tensorflow", "keras")}
    with open(os.path.join(path, CARD_NAME), "w", encoding="utf-8") as file:
        json.dump({**card, "versions": versions}, file, indent=2, ensure_ascii=False)


def publish(unfinished, directory):
    """Flushes a complete version to the disk, renames it to the next version number, and returns its path."""
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
            continue  # another export took this number: try the next
        _flush_to_disk(directory)
        return version


def _flush_to_disk(path):
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def next_version(directory):
    """Returns 1 more than the highest numeric name in a directory; 1 if there is none."""
    return 1 + max((int(name) for name in os.listdir(directory) if name.isascii() and name.isdecimal()), default=0)


def remove_abandoned(directory):
    """Removes unfinished versions of exports that were killed over an hour ago."""
    for name in os.listdir(directory):
        path = os.path.join(directory, name)
        if name.startswith(".tmp-") and time.time() - os.path.getmtime(path) > STALE_SECONDS:
            shutil.rmtree(path, ignore_errors=True)
