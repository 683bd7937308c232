"""One precision for a whole network, told once: `DCGANGenerator(..., dtype="mixed_bfloat16")`."""

import contextlib
import functools
import inspect

import keras

PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")
"""Dtype policies that networks of this package train in."""


@contextlib.contextmanager
def dtype_policy(policy):
    """Within it, layers are made with a dtype policy, by name, config or object; None leaves Keras' own as it is."""
    before = keras.config.dtype_policy()
    try:
        if policy is not None:
            keras.config.set_dtype_policy(keras.dtype_policies.get(policy))
        yield
    finally:
        keras.config.set_dtype_policy(before)


@contextlib.contextmanager
def in_float32(network):
    """Within it, a network computes in float32, whatever it is trained in.

    A graph and eager code round narrow numbers at other places, and a server's processor at others again. What is generated
    and judged after training must not depend on that.
    """
    before = compute_in_float32(network)
    try:
        yield
    finally:
        for layer, policy in before:
            layer.dtype_policy = policy


def compute_in_float32(network):
    """Makes a network compute in float32 from now on; returns its layers that did not, each with its dtype policy."""
    before = [(layer, layer.dtype_policy) for layer in network._flatten_layers() if layer.compute_dtype != layer.variable_dtype]
    for layer, _ in before:
        layer.dtype_policy = "float32"
    return before


class OnePrecision:
    """Base of layers that make further layers: what their `__init__` makes has their dtype policy.

    Keras would give it the global policy. A network that was trained under a global policy would come back from its file as
    another one where that is not set.
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

    # Keras reads the names of arguments by two functions, of which one looks through a wrapper and the other does not.
    init_in_own_precision.__signature__ = inspect.signature(init)
    return init_in_own_precision
