"""What a training runs on: versions and the machine."""

import importlib.metadata
import os
import platform

import tensorflow as tf

PACKAGES = ("gan_keras", "tensorflow", "keras", "numpy", "tensorflow-text")
SHAPING = ("gan_keras", "keras", "tensorflow")
"""Packages another version of which, beyond its patch level, may train another way."""


def versions():
    """Versions of Python and of the packages that matter, None for what is not installed."""
    return {"python": platform.python_version(), **{name: version_of(name) for name in PACKAGES}}


def version_of(package):
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def shaping_versions(of=None):
    """Major and minor version, such as `"3.15"`, of the packages that shape a training.

    Args:
        of: What `versions` returned, perhaps elsewhere; None for here.
    """
    found = versions() if of is None else of
    return {name: ".".join(str(found[name]).split(".")[:2]) for name in SHAPING}


def machine():
    """What else decides the last bits of a sum: processor, threads and devices."""
    threads = tf.config.threading
    return {
        "platform": platform.platform(),
        "processors": os.cpu_count(),
        "threads": {
            "intra_op": threads.get_intra_op_parallelism_threads(),
            "inter_op": threads.get_inter_op_parallelism_threads(),
        },
        "devices": [device.name for device in tf.config.list_physical_devices()],
        "environment": {name: value for name, value in sorted(os.environ.items()) if name.startswith(("TF_", "OMP_"))},
    }
