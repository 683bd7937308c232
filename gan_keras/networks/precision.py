"""One precision for a whole network: `DCGANGenerator(..., dtype="mixed_bfloat16")`."""

import contextlib
import functools
import inspect

import keras

PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")
"""Dtype policies in which networks of this package train."""


@contextlib.contextmanager
def dtype_policy(policy):
    """Context in which new layers get a dtype policy, by name, config or object. None keeps the global policy."""
    before = keras.config.dtype_policy()
    try:
        if policy is not None:
            keras.config.set_dtype_policy(keras.dtype_policies.get(policy))
        yield
    finally:
        keras.config.set_dtype_policy(before)


@contextlib.contextmanager
def in_float32(network):
    """Context in which a network computes in float32, whatever its precision in training.

    Graphs, eager code and other processors round narrow numbers at different places. Samples and scores after training must not
    depend on that.
    """
    before = compute_in_float32(network)
    try:
        yield
    finally:
        for layer, policy in before:
            layer.dtype_policy = policy


def compute_in_float32(network):
    """Makes a network compute in float32 from now on. Returns the changed layers, each with its previous dtype policy."""
    before = [(layer, layer.dtype_policy) for layer in network._flatten_layers() if layer.compute_dtype != layer.variable_dtype]
    for layer, _ in before:
        layer.dtype_policy = "float32"
    return before


class OnePrecision:
    """Base class of layers whose `__init__` makes layers: these get its dtype policy.

    Keras would give them the global policy, so a network trained under a global policy would be loaded with another one where
    it is not set.
    """

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        if "__init__" in vars(cls):
            cls.__init__ = _in_own_precision(cls.__init__)


def _in_own_precision(init):
    @functools.wraps(init)
    def init_in_own_precision(self, *args, **kwargs):
        with dtype_policy(kwargs.get("dtype")):
            init(self, *args, **kwargs)

    # Keras reads argument names by two functions, only one of which follows a wrapper.
    init_in_own_precision.__signature__ = inspect.signature(init)
    return init_in_own_precision
