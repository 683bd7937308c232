"""Whether the training step of a GAN is compiled by XLA: `GAN.compile(jit_compile="auto")`.

XLA joins the small operations of a step into few large ones, which pays on a GPU. On a processor its convolutions were
measured about seven times as slow (`benchmarks/images.md`). Compiled noise of Keras is another than that of the same seed
without XLA.
"""

from typing import NamedTuple

import keras
import tensorflow as tf


class Decision(NamedTuple):
    """Whether to compile, and why, in words."""

    jit_compile: bool
    reason: str


def decide(gan, jit_compile="auto", run_eagerly=False, **_):
    """The decision for a GAN.

    Args:
        gan: A `GAN` with its networks, penalties and augmentation.
        jit_compile: What was asked for: True, False or `"auto"`, which compiles on a GPU what can be compiled.
        run_eagerly: Whether the step runs without a graph.

    Raises:
        ValueError: If `jit_compile` is True and that cannot work, or it is none of the three.
    """
    if jit_compile not in (True, False, "auto"):
        raise ValueError(f"jit_compile={jit_compile!r}. Expected True, False or 'auto'.")
    if not jit_compile:
        return Decision(False, "jit_compile=False was asked for")
    obstacle = "it runs eagerly" if run_eagerly else obstacle_of(gan)
    if jit_compile == "auto":
        disadvantage = obstacle or disadvantage_of(gan)
        return Decision(not disadvantage, disadvantage or "there is a GPU, and all layers can be compiled")
    if obstacle:
        raise ValueError(f"jit_compile=True, and this training cannot be compiled by XLA: {obstacle}. Expected False or 'auto'.")
    return Decision(True, "jit_compile=True was asked for")


def obstacle_of(gan):
    """Why the training step cannot be compiled, in words; None if it can."""
    layers = layers_of(gan)
    if never := getattr(gan, "cannot_be_compiled", None):
        return never
    if tf.distribute.has_strategy():
        return "a distribution strategy shares the step among devices"
    unfit = sorted({type(layer).__name__ for layer in layers if not layer.supports_jit})
    if unfit:
        return f"XLA does not compile {', '.join(unfit)}"
    if recurrent(layers) and any(getattr(penalty, "takes_gradients", False) for penalty in gan.penalties):
        return f"gradients of gradients of {', '.join(recurrent(layers))} take XLA minutes to compile"
    return None


def disadvantage_of(gan):
    """Why the training step had better not be compiled, in words; None if it had."""
    if not tf.config.list_logical_devices("GPU"):
        return "there is no GPU, and convolutions compiled by XLA are slow on a processor"
    if recurrent(layers_of(gan)):
        return f"{', '.join(recurrent(layers_of(gan)))} are slow when compiled by XLA"
    return None


def layers_of(gan):
    """All layers of a step: of both networks, and those that augment."""
    augmenting = [getattr(each, "augmentation", None) for each in (gan, *gan.penalties)]
    roots = [gan.generator, gan.discriminator, *(each for each in augmenting if isinstance(each, keras.layers.Layer))]
    return [layer for root in roots for layer in root._flatten_layers()]


def recurrent(layers):
    """Names of the classes of the recurrent layers."""
    return sorted({type(layer).__name__ for layer in layers if isinstance(layer, keras.layers.RNN)})
