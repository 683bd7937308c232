"""Process-wide choices made before training: distribution strategy, GPU memory and global seed."""

import atexit
import json
import numbers
import os
import shutil
import tempfile

import keras
import tensorflow as tf

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
        raise ValueError(f"strategy={identifier!r}. Expected one of {', '.join(NAMES)}.")
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
