"""XLA compilation of the training step: the decision behind `GAN.compile(jit_compile="auto")`.

XLA fuses the small operations of a step into a few large ones, which pays off on a GPU. On a CPU, its convolutions were measured
to be about seven times as slow (`benchmarks/images.md`). With XLA, Keras draws different noise from the same seed.
"""

from typing import NamedTuple

import keras
import tensorflow as tf


class Decision(NamedTuple):
    """Whether to compile, and the reason in words."""

    jit_compile: bool
    reason: str


def decide(gan, jit_compile="auto", run_eagerly=False, **_):
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
