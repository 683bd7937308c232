"""Strategies of `tf.distribute` by the names of the command line, and what has to be settled before devices start."""

import atexit
import json
import os
import shutil
import tempfile

import tensorflow as tf

NAMES = ("none", "mirrored", "multi_worker")


def get(identifier=None):
    """The strategy of a name, or itself.

    Args:
        identifier: `"none"` (as None) for one device; `"mirrored"` for all GPUs of this machine, or all logical CPUs where
            there is no GPU; `"multi_worker"` for all machines that `TF_CONFIG` names, before any other use of TensorFlow; or a
            `tf.distribute.Strategy`.

    Raises:
        ValueError: If the name is unknown, or the devices or the workers are not there.
    """
    if isinstance(identifier, tf.distribute.Strategy):
        return identifier
    if identifier not in (None, *NAMES):
        raise ValueError(f"strategy={identifier!r}. Expected one of {', '.join(NAMES)}.")
    return {"mirrored": _mirrored, "multi_worker": _multi_worker}.get(identifier, tf.distribute.get_strategy)()


def name_of(strategy):
    """As the command line has it; the name of its class for a strategy that has no such name."""
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
            f"strategy='multi_worker' got TF_CONFIG={os.environ.get('TF_CONFIG')!r}. Expected it set on each machine, such as "
            '{"cluster": {"worker": ["host1:2222", "host2:2222"]}, "task": {"type": "worker", "index": 0}}.'
        ) from error
    if not isinstance(task, int) or not 0 <= task < len(workers) + len(config["cluster"].get("chief", [])):
        raise ValueError(f"TF_CONFIG names {len(workers)} workers and task {task!r}. Expected the place of this one, from 0.")
    return tf.distribute.MultiWorkerMirroredStrategy()


def writes(strategy):
    """Whether this process is the one that writes the run: of several workers the chief, else the first."""
    resolver = strategy.cluster_resolver
    if not isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy) or not resolver.cluster_spec().jobs:
        return True
    is_first_worker = "chief" not in resolver.cluster_spec().jobs and resolver.task_id == 0
    return resolver.task_type == "chief" or is_first_worker


def own_path(path, strategy):
    """Where this process writes a run: `path`, or a temporary copy of it for workers that must not write there.

    All workers call it together; a run that exists has been copied when it returns.
    """
    copy = path
    if not writes(strategy):
        copy = tempfile.mkdtemp(prefix="gan_keras_worker_")
        atexit.register(shutil.rmtree, copy, ignore_errors=True)
        if os.path.isdir(path):
            shutil.copytree(path, copy, dirs_exist_ok=True)
    if isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy):
        _wait_for_all(strategy)
    return copy


def _wait_for_all(strategy):
    """Returns when every worker has called it."""
    strategy.reduce("SUM", strategy.run(tf.function(lambda: tf.ones(()))), axis=None)


def grow_memory(say):
    """Lets TensorFlow take memory of every GPU as it is needed, not all of it at once.

    Called by the command line before devices start, and never at import: a program decides for itself.

    Args:
        say: Called with a line if devices have started already, and memory stays as it is.
    """
    try:
        for device in tf.config.list_physical_devices("GPU"):
            tf.config.experimental.set_memory_growth(device, True)
    except RuntimeError as error:
        say(f"The memory of the GPUs is taken as before, because devices have started already: {error}")
