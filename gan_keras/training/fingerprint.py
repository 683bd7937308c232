"""What identifies a training: if a checkpoint is of another one, every difference is named."""

import hashlib
import importlib.metadata
import json
import os
import platform
import re

import tensorflow as tf

FORMAT = 1
"""Of checkpoints; another number is another training."""

_LONGEST, _MOST_NAMED = 32, 5  # of a list whose values are compared one by one; of differences in a message
_UNNAMED = ("name", "stage")  # of a GAN's configuration: given by chance, and moved on by training


def identity_of(gan, data):
    """A flat dictionary that JSON holds: configuration, `compile`'s arguments, seed, data and versions by dotted names.

    Args:
        gan: A compiled `GAN`.
        data: What is known of the data, a dictionary.

    Raises:
        TypeError: If a loss, penalty or another object has no `get_config`, so that it cannot be saved.
    """
    config = {name: value for name, value in gan.get_config().items() if name not in _UNNAMED}
    parts = {"gan": {"class": type(gan).__name__, **config}, "compile": json.loads(gan.compiled_as()), "data": data}
    whole = {"checkpoint_format": FORMAT, **parts, "versions": shaping_versions()}
    return flat(with_plain_names(json.loads(json.dumps(whole))))


def check_same(known, own, where, what="the checkpoint"):
    """Raises `ValueError` that names what differs between two flat dictionaries, with both values.

    Args:
        known: Of the training that is to go on.
        own: Of what is to go on with it.
        where: Path that the training lies in.
        what: What `known` is of, for the message.
    """
    both = {**known, **own}
    # Where a class stands is not compared: releases move files, and its registered name stays.
    compared = [name for name in both if name.rpartition(".")[2] != "module"]
    names = [name for name in compared if known.get(name, "absent") != own.get(name, "absent")]
    if names:
        told = [f"{name} is {known.get(name, 'absent')} in {what} and {own.get(name, 'absent')} here" for name in names]
        more = f"; and {len(told) - _MOST_NAMED} more" if len(told) > _MOST_NAMED else ""
        raise ValueError(
            f"{where} is of another training: {'; '.join(told[:_MOST_NAMED])}{more}. Expected the same: a training goes on as "
            "it began. Train anew in another directory."
        )


def with_plain_names(config):
    """`config` with the counters in names of layers, which tell how many came before in a process, begun anew."""
    counts, renamed = {}, {}
    for name in names_in(config):
        base = re.sub(r"_\d+$", "", name)
        if name not in renamed:
            renamed[name] = f"{base}_{counts[base]}" if base in counts else base
            counts[base] = counts.get(base, 0) + 1
    return replaced(config, renamed)


def names_in(config):
    """Every text that stands under `"name"`, in order."""
    values = config.items() if isinstance(config, dict) else enumerate(config) if isinstance(config, list) else ()
    for key, value in values:
        if key == "name" and isinstance(value, str):
            yield value
        yield from names_in(value)


def replaced(config, renamed):
    if isinstance(config, dict):
        return {key: replaced(value, renamed) for key, value in config.items() if key != "shared_object_id"}
    if isinstance(config, list):
        return [replaced(value, renamed) for value in config]
    return renamed.get(config, config) if isinstance(config, str) else config


def flat(config, prefix=""):
    """Values by dotted names; of a long list, such as a vocabulary, its length and a digest."""
    if isinstance(config, list) and len(config) > _LONGEST:
        return {prefix: f"{len(config)} values, {hashlib.sha256(json.dumps(config).encode()).hexdigest()[:12]}"}
    if not isinstance(config, dict | list) or not config:
        return {prefix: config}
    items = config.items() if isinstance(config, dict) else enumerate(config)
    found = {}
    for key, value in items:
        found |= flat(value, f"{prefix}.{key}" if prefix else str(key))
    return found


# --- What a training runs on: versions and the machine.

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
