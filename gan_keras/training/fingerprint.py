"""A training's identity: configuration, data and versions. A checkpoint of another training is refused, with each difference."""

import hashlib
import importlib.metadata
import json
import os
import platform
import re

FORMAT = 1
"""Format of checkpoints; those of another format are refused."""

PACKAGES = ("gan_keras", "tensorflow", "keras", "numpy", "tensorflow-text")
SHAPING = ("gan_keras", "keras", "tensorflow")
"""Packages for which another minor version may train differently."""

_MAX_LIST, _MAX_DIFFERENCES = 32, 5  # values compared one by one in a list; differences named in a message
# Parts of a GAN's configuration that do not shape its training, or change in it.
_UNNAMED = ("name", "stage", "label_names", "directions", "direction_names")


def identity_of(gan, data):
    """Returns configuration, `compile` arguments, seed, data and versions as a flat, JSON-compatible dictionary.

    Args:
        gan: A compiled `GAN`.
        data: Dictionary that describes the data.

    Raises:
        TypeError: If a loss, penalty or another object has no `get_config` and therefore cannot be saved.
    """
    config = {name: value for name, value in gan.get_config().items() if name not in _UNNAMED}
    parts = {"gan": {"class": type(gan).__name__, **config}, "compile": json.loads(gan.compiled_as()), "data": data}
    identity = {"checkpoint_format": FORMAT, **parts, "versions": shaping_versions()}
    return flat(_with_renumbered_names(_without_layouts(json.loads(json.dumps(identity)))))


def check_same(known, own, where, what="the checkpoint", free=()):
    """Raises `ValueError` if two flat dictionaries differ, with both values.

    Args:
        known: Values of the training to resume, which is at the path `where`.
        own: Values of the training that is to resume it.
        where: See `known`.
        what: What `known` describes, for the message.
        free: Last parts of the names that may differ.
    """
    both = {**known, **own}
    # Class paths are not compared: releases move files, and registered names stay.
    compared = [name for name in both if name.rpartition(".")[2] not in ("module", *free)]
    names = [name for name in compared if known.get(name, "absent") != own.get(name, "absent")]
    if names:
        lines = [f"{name} is {known.get(name, 'absent')} in {what} and {own.get(name, 'absent')} here" for name in names]
        more = f"; and {len(lines) - _MAX_DIFFERENCES} more" if len(lines) > _MAX_DIFFERENCES else ""
        raise ValueError(
            f"{where} is another training: {'; '.join(lines[:_MAX_DIFFERENCES])}{more}. Expected equal values: a training "
            "resumes with the options it started with. Use them, or start a new training in another directory."
        )


def _without_layouts(config):
    """Returns `config` without what tells codecs how samples are written, which shapes no training."""
    if isinstance(config, dict):
        return {key: _without_layouts(value) for key, value in config.items() if key != "layout"}
    return [_without_layouts(each) for each in config] if isinstance(config, list) else config


def _with_renumbered_names(config):
    """Returns `config` with layer-name counters renumbered from zero: they depend on earlier layers of the process."""
    counts, renamed = {}, {}
    for name in _names_in(config):
        base = re.sub(r"_\d+$", "", name)
        if name not in renamed:
            renamed[name] = f"{base}_{counts[base]}" if base in counts else base
            counts[base] = counts.get(base, 0) + 1
    return _replaced(config, renamed)


def _names_in(config):
    """Yields each string under a key `"name"`, in order."""
    values = config.items() if isinstance(config, dict) else enumerate(config) if isinstance(config, list) else ()
    for key, value in values:
        if key == "name" and isinstance(value, str):
            yield value
        yield from _names_in(value)


def _replaced(config, renamed):
    if isinstance(config, dict):
        return {key: _replaced(value, renamed) for key, value in config.items() if key != "shared_object_id"}
    if isinstance(config, list):
        return [_replaced(value, renamed) for value in config]
    return renamed.get(config, config) if isinstance(config, str) else config


def flat(config, prefix=""):
    """Returns nested values by dotted name; a long list, such as a vocabulary, becomes its length and a digest."""
    if isinstance(config, list) and len(config) > _MAX_LIST:
        return {prefix: f"{len(config)} values, {hashlib.sha256(json.dumps(config).encode()).hexdigest()[:12]}"}
    if not isinstance(config, dict | list) or not config:
        return {prefix: config}
    items = config.items() if isinstance(config, dict) else enumerate(config)
    found = {}
    for key, value in items:
        found |= flat(value, f"{prefix}.{key}" if prefix else str(key))
    return found


def versions():
    """Returns the versions of Python and of the main packages, None for packages that are not installed."""
    return {"python": platform.python_version(), **{name: version_of(name) for name in PACKAGES}}


def version_of(package):
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def shaping_versions(of=None):
    """Returns major and minor version, such as `"3.15"`, of `SHAPING`; `of` is a result of `versions`, by default here."""
    found = versions() if of is None else of
    return {name: ".".join(str(found[name]).split(".")[:2]) for name in SHAPING}


def machine():
    """Returns what else affects the last bits of a sum: processor, threads, devices and environment variables."""
    import tensorflow as tf  # late: `gan-keras doctor` reads versions from this file, and must not fail with TensorFlow

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
