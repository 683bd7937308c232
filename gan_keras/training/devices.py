"""Process-wide choices made before training: distribution strategy, GPU memory and global seed."""

import atexit
import json
import numbers
import os
import shutil
import tempfile
from typing import NamedTuple

import keras
import tensorflow as tf
from tensorflow.python.framework.config import is_op_determinism_enabled  # has no public name, and Keras asks it too

from gan_keras.diagnosis.names import choice_of

NAMES = ("none", "mirrored", "multi_worker")


def get(identifier=None):
    """Returns a `tf.distribute.Strategy`.

    Args:
        identifier: `"none"` or None for one device; `"mirrored"` for all GPUs of this machine, or all its logical CPUs if
            it has no GPU; `"multi_worker"` for all machines in `TF_CONFIG`, before any other use of TensorFlow; or a
            `tf.distribute.Strategy`, which is returned unchanged.

    Raises:
        ValueError: If the name is unknown, or the devices or workers are missing.
    """
    if isinstance(identifier, tf.distribute.Strategy):
        return identifier
    if identifier not in (None, *NAMES):
        raise ValueError(f"strategy={identifier!r}. {choice_of(identifier, NAMES)}.")
    return {"mirrored": _mirrored, "multi_worker": _multi_worker}.get(identifier, tf.distribute.get_strategy)()


def name_of(strategy):
    """Returns a strategy's name on the command line, or its class name if it has none there."""
    if isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy):
        return "multi_worker"
    if isinstance(strategy, tf.distribute.MirroredStrategy):
        return "mirrored"
    return type(strategy).__name__ if strategy.num_replicas_in_sync > 1 else "none"


def _mirrored():
    devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    if len(devices) < 2:
        names = ", ".join(device.name.removeprefix("/device:") for device in devices)
        raise ValueError(f"strategy='mirrored' needs two devices of a kind. This machine has {names}: train with 'none'.")
    return tf.distribute.MirroredStrategy([device.name for device in devices])


def _multi_worker():
    try:
        config = json.loads(os.environ.get("TF_CONFIG", ""))
        workers, task = config["cluster"]["worker"], config["task"]["index"]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"strategy='multi_worker' got TF_CONFIG={os.environ.get('TF_CONFIG')!r}. Expected it to be set on each machine, such "
            'as {"cluster": {"worker": ["host1:2222", "host2:2222"]}, "task": {"type": "worker", "index": 0}}.'
        ) from error
    if not isinstance(task, int) or not 0 <= task < len(workers) + len(config["cluster"].get("chief", [])):
        raise ValueError(f"TF_CONFIG names {len(workers)} workers and task {task!r}. Expected the index of this one, from 0.")
    return tf.distribute.MultiWorkerMirroredStrategy()


def writes(strategy):
    """Returns True if this process writes the run: with several workers, the chief, or the first if there is no chief."""
    resolver = strategy.cluster_resolver
    if not isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy) or not resolver.cluster_spec().jobs:
        return True
    is_first_worker = "chief" not in resolver.cluster_spec().jobs and resolver.task_id == 0
    return resolver.task_type == "chief" or is_first_worker


def own_path(path, strategy):
    """Returns where this process writes a run: `path`, or a temporary copy for workers that must not write there.

    All workers call this together. When it returns, an existing run has been copied.
    """
    copy = path
    if not writes(strategy):
        copy = tempfile.mkdtemp(prefix="gan_keras_worker_")
        atexit.register(shutil.rmtree, copy, ignore_errors=True)
        if os.path.isdir(path):
            shutil.copytree(path, copy, dirs_exist_ok=True)
    if isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy):  # a sum over all workers waits for each of them
        strategy.reduce("SUM", strategy.run(tf.function(lambda: tf.ones(()))), axis=None)
    return copy


def grow_memory(show):
    """Lets TensorFlow allocate GPU memory as needed instead of all at once.

    The command line calls this before devices start. Importing the package does not: each program decides for itself.

    Args:
        show: Called with a line if devices have already started, in which case nothing changes.
    """
    try:
        for device in tf.config.list_physical_devices("GPU"):
            tf.config.experimental.set_memory_growth(device, True)
    except RuntimeError as error:
        show(f"GPU memory allocation is unchanged because devices have already started: {error}")


def set_seed(seed, deterministic=True):
    """Seeds Python, NumPy, TensorFlow and Keras, so that networks start with the same weights. A `GAN` has its own `seed`.

    Args:
        seed: Integer from 0 to 4294967295.
        deterministic: Whether TensorFlow uses only deterministic operations for the rest of the process. Many are slower
            on GPUs, and operations without a deterministic version raise an error.

    Raises:
        ValueError: If the seed is out of range.
    """
    check_seed(seed)
    keras.utils.set_random_seed(int(seed))
    if deterministic:
        tf.config.experimental.enable_op_determinism()


def check_seed(seed):
    """Raises `ValueError` unless NumPy accepts the seed."""
    if isinstance(seed, bool) or not isinstance(seed, numbers.Integral) or not 0 <= seed < 2**32:
        raise ValueError(f"seed={seed!r}. Expected a whole number from 0 to 4294967295.")


# --- XLA compilation of the training step: the decision behind `GAN.compile(jit_compile="auto")`.
#
# XLA fuses the small operations of a step into a few large ones, which pays off on a GPU. On a CPU, its convolutions were
# measured to be about seven times as slow (`benchmarks/images.md`). With XLA, Keras draws different noise from the same seed.


class Decision(NamedTuple):
    """A decision about compiling, with the reason in words."""

    jit_compile: bool
    reason: str


def decide_xla(gan, jit_compile="auto", run_eagerly=False, **_):
    """Returns the `Decision` for a GAN.

    Args:
        gan: A `GAN` with networks, penalties and augmentation.
        jit_compile: True, False or `"auto"`, which compiles on a GPU if all layers can be compiled.
        run_eagerly: Whether the step runs eagerly.

    Raises:
        ValueError: If `jit_compile` is True and the step cannot be compiled, or if it is none of the three.
    """
    if jit_compile not in (True, False, "auto"):
        raise ValueError(f"jit_compile={jit_compile!r}. Expected True, False or 'auto'.")
    if not jit_compile:
        return Decision(False, "jit_compile=False was requested")
    obstacle = "it runs eagerly" if run_eagerly else _obstacle(gan)
    if jit_compile == "auto":
        disadvantage = obstacle or _disadvantage(gan)
        return Decision(not disadvantage, disadvantage or "there is a GPU, and all layers can be compiled")
    if obstacle:
        raise ValueError(f"jit_compile=True, but XLA cannot compile this training: {obstacle}. Expected False or 'auto'.")
    return Decision(True, "jit_compile=True was requested")


def _obstacle(gan):
    """Returns why the training step cannot be compiled, in words; None if it can."""
    layers = _layers_of(gan)
    if never := getattr(gan, "cannot_be_compiled", None):
        return never
    if tf.distribute.has_strategy():
        return "a distribution strategy shares the step among devices"
    if is_op_determinism_enabled():
        return "Keras does not compile deterministic operations (`gan_keras.set_seed(seed, deterministic=False)` leaves them out)"
    unfit = sorted({type(layer).__name__ for layer in layers if not layer.supports_jit})
    if unfit:
        return f"XLA does not compile {', '.join(unfit)}"
    if _recurrent(layers) and any(getattr(penalty, "takes_gradients", False) for penalty in gan.penalties):
        return f"gradients of gradients of {', '.join(_recurrent(layers))} take XLA minutes to compile"
    return None


def _disadvantage(gan):
    """Returns why the training step should not be compiled, in words; None if it should."""
    if not tf.config.list_logical_devices("GPU"):
        return "there is no GPU, and convolutions compiled by XLA are slow on a CPU"
    if _recurrent(_layers_of(gan)):
        return f"{', '.join(_recurrent(_layers_of(gan)))} are slow when compiled by XLA"
    return None


def _layers_of(gan):
    """Returns all layers of a step: those of both networks and of augmentations."""
    augmenting = [getattr(each, "augmentation", None) for each in (gan, *gan.penalties)]
    roots = [gan.generator, gan.discriminator, *(each for each in augmenting if isinstance(each, keras.layers.Layer))]
    return [layer for root in roots for layer in root._flatten_layers()]


def _recurrent(layers):
    """Returns the class names of recurrent layers."""
    return sorted({type(layer).__name__ for layer in layers if isinstance(layer, keras.layers.RNN)})
