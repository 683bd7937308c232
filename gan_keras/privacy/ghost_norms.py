"""Ghost norms: the norm of each row's gradient, from what a layer reads and how the loss depends on what it computes.

The gradient of a linear layer's kernel is, for a row, a sum over positions of `inputs x cotangent`. Its norm needs neither the
gradients of the rows nor a pass per row, and the sum of clipped gradients is the layer's gradient for scaled cotangents. So one
forward and one backward pass are enough.

Memory: for one layer at a time, at most about that of its inputs, unfolded into windows if it is a convolution, and its outputs.
It does not grow with rows times parameters.

References: [Goodfellow, 2015](https://arxiv.org/abs/1510.01799) for dense layers, [Li et al., 2021](https://arxiv.org/abs/2110.05679)
for positions, [Bu et al., 2022](https://arxiv.org/abs/2205.10683) for convolutions, and [Bu et al.,
2023](https://arxiv.org/abs/2210.00038) for the sum of clipped gradients without a second backward pass.
"""

import contextlib
import math
from typing import Any, NamedTuple

import keras
import tensorflow as tf
from keras import layers

from gan_keras.networks.base import call_network
from gan_keras.networks.layers import GroupedConv2D, InstanceNormalization

TRIAL_ROWS = 3
TRIAL_TOLERANCE = 1e-3  # relative, of squared norms: far above rounding, far below any term that is missing


class Use(NamedTuple):
    """A call of a layer.

    Attributes:
        layer: The layer.
        linear: Function from inputs to outputs before the activation.
        inputs: What the layer read, `(rows, ...)`.
        outputs: What it computed before its activation, `(rows, ...)`.
    """

    layer: Any
    linear: Any
    inputs: Any
    outputs: Any


@contextlib.contextmanager
def without_activation(layer):
    """Context in which a layer returns what its activation reads. Keras' tracking of attributes does not see it."""
    activation = vars(layer).get("activation")
    if activation is None:
        yield
        return
    object.__setattr__(layer, "activation", None)
    try:
        yield
    finally:
        object.__setattr__(layer, "activation", activation)


@contextlib.contextmanager
def recorded(of_layers, tape):
    """Context in which each call of the layers is appended to the list that it yields. `tape` watches the outputs.

    Calls are replaced in the layers themselves, not in their classes, and nothing remains when the context ends.
    """
    uses = []

    def recording(layer):
        def call(inputs, *args, **kwargs):
            def linear(inputs):
                with without_activation(layer):
                    return type(layer).call(layer, inputs, *args, **kwargs)

            outputs = linear(inputs)
            tape.watch(outputs)
            uses.append(Use(layer, linear, inputs, outputs))
            activation = getattr(layer, "activation", None)
            return outputs if activation is None else activation(outputs)

        return call

    try:
        for layer in of_layers:
            object.__setattr__(layer, "call", recording(layer))
        yield uses
    finally:
        for layer in of_layers:
            vars(layer).pop("call", None)


def run(of_layers, judge, cotangents_of):
    """Returns the uses of the layers in `judge()`, and the cotangents of their outputs, given a function for those of logits."""
    with tf.GradientTape(watch_accessed_variables=False) as tape, recorded(of_layers, tape) as uses:
        logits = judge()
    outputs = [use.outputs for use in uses]
    return uses, tape.gradient(logits, outputs, cotangents_of(logits), unconnected_gradients=tf.UnconnectedGradients.ZERO)


def trained_layers(network):
    """Returns the layers of a network that have trainable variables of their own."""
    return [layer for layer in network._flatten_layers() if own_variables(layer)]


def own_variables(layer):
    return [variable for variable in layer._trainable_variables if variable.trainable]


def by_layer(uses, cotangents):
    """Returns a list of `(layer, [(use, cotangent), ...])`: a layer that is called twice has the sum of both gradients."""
    grouped = {}
    for use, cotangent in zip(uses, cotangents, strict=True):
        grouped.setdefault(id(use.layer), (use.layer, []))[1].append((use, cotangent))
    return list(grouped.values())


def squared_norms(uses, cotangents):
    """Returns the squared norm of each row's gradient, `(rows,)`, over all layers."""
    return sum(SQUARED_NORMS[type(layer)](layer, calls) for layer, calls in by_layer(uses, cotangents))


def weighted_sums(uses, cotangents, factors, variables):
    """Returns the sum over rows of `factors` times their gradients, a tensor per variable. Rows of factor 0 may be not finite."""
    totals = {}
    for layer, calls in by_layer(uses, cotangents):
        own = own_variables(layer)
        values = [variable.value for variable in own]
        for use, cotangent in calls:
            inputs, scaled = rows_where(factors > 0, use.inputs), rows_where(factors > 0, cotangent, factors)
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(values)
                outputs = use.linear(inputs)  # of linear layers, graphs drop it: their gradient does not depend on it
            for variable, part in zip(own, tape.gradient(outputs, values, scaled), strict=True):
                part = tf.convert_to_tensor(part)
                totals[id(variable)] = totals[id(variable)] + part if id(variable) in totals else part
    return [totals.get(id(each), tf.zeros(each.shape, each.dtype)) for each in variables]


def rows_where(is_kept, tensor, factors=None):
    """Returns a tensor with zeros in the rows that are not kept, and the others times `factors`."""
    shape = [-1] + [1] * (len(tensor.shape) - 1)
    scaled = tensor if factors is None else tensor * tf.reshape(factors, shape)
    return tf.where(tf.reshape(is_kept, shape), scaled, tf.zeros_like(tensor))


# --- Norms by kind of layer. ---


def of_products(layer, calls):
    """Layers whose outputs are sums over positions and groups of inputs times a kernel, and a bias."""
    squared = 0.0
    if layer.kernel.trainable:
        factors = [FACTORS[type(layer)](layer, use.inputs, cotangent) for use, cotangent in calls]
        left, right = (tf.concat(parts, axis=2) if len(parts) > 1 else parts[0] for parts in zip(*factors, strict=True))
        squared = of_sum_of_products(left, right)
    if layer.bias is not None and layer.bias.trainable:
        squared += sum_of_squares(sum(tf.reduce_sum(each, range(1, len(each.shape) - 1)) for _, each in calls))
    return squared


def of_sum_of_products(left, right):
    """Squared norms of `sum_t left_t x right_t`, `(rows,)`, of `(rows, groups, positions, channels)` each.

    Either from the products of all pairs of positions or from the sum itself, whichever takes less time. Neither takes more
    memory than both arguments. The former adds up numbers that may cancel, as they do before a normalisation: in float64.
    """
    positions, (inputs, outputs) = left.shape[2], (left.shape[3], right.shape[3])
    if positions == 1:
        return tf.reduce_sum(tf.reduce_sum(left**2, (2, 3)) * tf.reduce_sum(right**2, (2, 3)), 1)
    if positions * (inputs + outputs) > inputs * outputs:
        return sum_of_squares(tf.matmul(left, right, transpose_a=True))
    left, right = tf.cast(left, "float64"), tf.cast(right, "float64")
    pairs = tf.matmul(left, left, transpose_b=True) * tf.matmul(right, right, transpose_b=True)
    return tf.cast(tf.maximum(tf.reduce_sum(pairs, (1, 2, 3)), 0.0), "float32")


def sum_of_squares(tensor):
    return tf.reduce_sum(tensor**2, range(1, len(tensor.shape)))


def of_dense(layer, inputs, cotangent):
    return in_positions(inputs, len(inputs.shape) - 1), in_positions(cotangent, len(cotangent.shape) - 1)


def of_convolution(layer, inputs, cotangent):
    rank, is_depthwise = len(inputs.shape) - 2, isinstance(layer, layers.DepthwiseConv1D | layers.DepthwiseConv2D)
    groups = inputs.shape[-1] if is_depthwise else layer.groups
    sizes = layer.kernel.shape[:rank]
    strides, rates = getattr(layer, "strides", (1,) * rank), getattr(layer, "dilation_rate", (1,) * rank)
    found = windows(inputs, sizes, strides, rates, getattr(layer, "padding", "same"))
    return in_positions(found, rank + 1, groups, math.prod(sizes)), in_positions(cotangent, rank + 1, groups)


def of_transposed_convolution(layer, inputs, cotangent):
    """A convolution reads what a transposed one writes: inputs and cotangents change places."""
    rank = len(inputs.shape) - 2
    found = windows(cotangent, layer.kernel_size, layer.strides, layer.dilation_rate, layer.padding)
    return in_positions(found, rank + 1), in_positions(inputs, rank + 1)


def in_positions(tensor, first, groups=1, window=1):
    """`(rows, positions..., window..., channels)` as `(rows, groups, positions, window * channels / groups)`.

    The window begins at the axis `first`.
    """
    shape = (tf.shape(tensor)[0], math.prod(tensor.shape[1:first]))
    if groups == 1:
        return tf.reshape(tensor, (shape[0], 1, shape[1], math.prod(tensor.shape[first:])))
    own = tensor.shape[-1] // groups
    parts = tf.transpose(tf.reshape(tensor, (*shape, window, groups, own)), (0, 3, 1, 2, 4))
    return tf.reshape(parts, (shape[0], groups, shape[1], window * own))


def windows(tensor, sizes, strides, rates, padding):
    """Windows that a convolution reads: `(rows, positions..., window..., channels)` of a tensor `(rows, ..., channels)`."""
    rank = len(sizes)
    for axis in range(rank, 0, -1):  # from the last one, as each becomes two
        length, size, stride, rate = tensor.shape[axis], sizes[axis - 1], strides[axis - 1], rates[axis - 1]
        extent = (size - 1) * rate + 1
        num = -(-length // stride) if padding in ("same", "causal") else (length - extent) // stride + 1
        missing = {"same": max((num - 1) * stride + extent - length, 0), "causal": extent - 1, "valid": 0}[padding]
        before = missing if padding == "causal" else missing // 2
        if missing:
            tensor = tf.pad(tensor, [(before, missing - before) if i == axis else (0, 0) for i in range(len(tensor.shape))])
        places = [[position * stride + step * rate for step in range(size)] for position in range(num)]
        tensor = tf.gather(tensor, places, axis=axis)
    order = [0, *range(1, 2 * rank, 2), *range(2, 2 * rank + 1, 2), 2 * rank + 1]
    return tf.transpose(tensor, order)


def of_embedding(layer, calls):
    """The gradient of an entry is the sum over the places where a row has it."""
    tokens = tf.concat(
        [tf.reshape(use.inputs, (tf.shape(use.inputs)[0], math.prod(use.inputs.shape[1:]))) for use, _ in calls], 1
    )
    tokens = tf.cast(tokens, "int32")
    cotangents = tf.concat([in_positions(each, len(each.shape) - 1)[:, 0] for _, each in calls], 1)
    num, places, width = tf.shape(tokens)[0], tokens.shape[1], layer.output_dim
    order = tf.argsort(tokens, axis=1)
    tokens, cotangents = tf.gather(tokens, order, batch_dims=1), tf.gather(cotangents, order, batch_dims=1)
    is_new = tf.cast(tokens[:, 1:] != tokens[:, :-1], "int32")
    entries = tf.range(num)[:, None] * places + tf.pad(tf.cumsum(is_new, axis=1), ((0, 0), (1, 0)))
    sums = tf.math.unsorted_segment_sum(cotangents, entries, num * places)
    return sum_of_squares(tf.reshape(sums, (num, places, width)))


def of_normalization(layer, calls):
    """The scale's gradient is that of a product with normalised inputs, the shift's is the sum of cotangents."""
    scale, shift = layer.gamma, layer.beta
    neutral = [(each, start(each.shape)) for each, start in ((scale, tf.ones), (shift, tf.zeros)) if each is not None]
    parts = {}
    for use, cotangent in calls:
        rank, axis = len(cotangent.shape), getattr(layer, "axis", -1)
        kept = {each % rank for each in (axis if isinstance(axis, list | tuple) else [axis])}
        summed = [each for each in range(1, rank) if each not in kept]
        with keras.StatelessScope(neutral):
            normalized = use.linear(use.inputs)
        for variable, part in ((scale, cotangent * normalized), (shift, cotangent)):
            if variable is not None and variable.trainable:
                parts.setdefault(id(variable), []).append(tf.reduce_sum(part, summed))
    return sum(sum_of_squares(sum(each)) for each in parts.values())


FACTORS = {
    layers.Dense: of_dense,
    **dict.fromkeys((layers.Conv1D, layers.Conv2D, layers.Conv3D, GroupedConv2D), of_convolution),
    **dict.fromkeys((layers.DepthwiseConv1D, layers.DepthwiseConv2D), of_convolution),
    **dict.fromkeys((layers.Conv1DTranspose, layers.Conv2DTranspose, layers.Conv3DTranspose), of_transposed_convolution),
}
SQUARED_NORMS = {
    **dict.fromkeys(FACTORS, of_products),
    layers.Embedding: of_embedding,
    **dict.fromkeys((layers.LayerNormalization, layers.GroupNormalization, InstanceNormalization), of_normalization),
}
"""Layers with ghost norms; subclasses may compute something else, so they have none."""


# --- Which networks have them. ---


def reason_against(gan):
    """Returns why a GAN's discriminator has no ghost norms; None if it has them.

    Layers of other kinds have none. Then a trial on generated rows, with other weights than the network's, which may start at 0,
    compares with gradients of each row: it finds weights that are read outside of their layers, and layers that do not read a row
    of the batch as their row.
    """
    network = gan.discriminator
    for layer in network._flatten_layers():
        named = f"the layer {layer.name!r} ({type(layer).__name__})"
        if isinstance(layer, layers.Wrapper) and layer.trainable_variables:
            return f"{named} changes how another layer reads its weights"
        if layer._non_trainable_variables:
            return f"{named} keeps a state"
        if own_variables(layer) and type(layer) not in SQUARED_NORMS:
            return f"{named} is of a kind whose gradients have no short form"
        options = (getattr(layer, "data_format", None) == "channels_first", getattr(layer, "output_padding", None) is not None)
        if own_variables(layer) and (any(options) or getattr(layer, "lora_enabled", False)):
            return f"{named} has channels first, an output padding or LoRA"
    seeds = tf.range(TRIAL_ROWS, dtype=tf.int64)
    labels = gan.labels_from(seeds)
    samples = call_network(gan.generator, gan.latents_from(seeds), labels)
    return None if is_exact(network, samples, labels) else "its weights are read outside of their layers, or rows are rearranged"


def is_exact(network, samples, labels):
    """Returns whether the ghost norms of some rows are those of their gradients, at random weights. Changes no state."""
    variables = network.trainable_variables
    generator = tf.random.Generator.from_seed(0)
    values = [variable + 0.1 * generator.normal(variable.shape) for variable in variables]
    with (
        keras.StatelessScope(zip(variables, values, strict=True)),
        tf.GradientTape(persistent=True, watch_accessed_variables=False) as whole,
        tf.GradientTape(watch_accessed_variables=False) as tape,
    ):
        whole.watch(values)
        with recorded(trained_layers(network), tape) as uses:
            logits = call_network(network, samples, labels, training=True)
        outputs = [use.outputs for use in uses]
        if any(each.shape[:1] != (TRIAL_ROWS,) or None in each.shape for use in uses for each in (use.inputs, use.outputs)):
            return False
        with tape.stop_recording(), whole.stop_recording():
            cotangent = generator.normal(logits.shape)
            found = tape.gradient(logits, outputs, cotangent, unconnected_gradients=tf.UnconnectedGradients.ZERO)
            norms = squared_norms(uses, found)
            for row in range(TRIAL_ROWS):
                alone = rows_where(tf.range(TRIAL_ROWS) == row, cotangent)
                own = [each for each in whole.gradient(logits, values, alone) if each is not None]
                expected = sum(float(tf.reduce_sum(tf.convert_to_tensor(each) ** 2)) for each in own)
                if not abs(float(norms[row]) - expected) <= TRIAL_TOLERANCE * expected:
                    return False
    return True
