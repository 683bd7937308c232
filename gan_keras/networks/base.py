"""Basics of all networks: base classes, conditioning on labels, and how networks are called and checked.

Labels are integers from 0, shape `(batch,)`. Generators append their embedding to the latents; discriminators project features
onto it. Any `keras.Model` with matching shapes serves as a generator or a discriminator: `call_network` and the checks below
treat it like a ready-made network.
"""

import contextlib
import functools
import inspect

import keras
import tensorflow as tf
from keras import layers, ops

# --- One precision for a whole network: `DCGANGenerator(..., dtype="mixed_bfloat16")`.


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


# --- Basics of all networks: base classes, conditioning on labels, and how networks are called and checked.
#
# Labels are integers from 0, shape `(batch,)`. Generators append their embedding to the latents; discriminators project features
# onto it. Any `keras.Model` with matching shapes serves as a generator or a discriminator: `call_network` and the checks below
# treat it like a ready-made network.


class Generator(OnePrecision, keras.Model):
    """Maps latents to samples: `call(latents, labels=None, training=False)` -> sample tensors.

    Args:
        latent_dim: Size of the latents of one sample, >= 1.
        **kwargs: Arguments of `keras.Model`. `dtype="mixed_bfloat16"` sets the precision of all layers but the last, which
            are float32.

    Raises:
        ValueError: If `latent_dim` is below 1.
    """

    def __init__(self, latent_dim, **kwargs):
        super().__init__(**kwargs)
        if latent_dim < 1:
            raise ValueError(f"latent_dim={latent_dim}. Expected at least 1: without latents, all samples are the same.")
        self.latent_dim = latent_dim

    def build_from_config(self, config):
        # Keras would build a loaded network without labels, which a network with labels refuses.
        if not hasattr(self, "num_labels"):
            super().build_from_config(config)
        elif not self.built:
            self(ops.zeros((2, self.latent_dim)), ops.zeros((2,), "int32") if self.num_labels else None)

    def get_config(self):
        return {**super().get_config(), "latent_dim": self.latent_dim}


class Discriminator(OnePrecision, keras.Model):
    """Maps each sample to a logit: `call(samples, labels=None, training=False)` -> `(batch, 1)`, without a sigmoid.

    Args:
        **kwargs: Arguments of `keras.Model`; for `dtype` see `Generator`.
    """


class ProjectionDiscriminator(Discriminator):
    """Base class of discriminators whose logit is linear in features and conditioned on labels by projection.

    Subclasses implement `features(samples, training=False)` -> `(batch, num_features)`, and make the last layers by `add_head`.

    Args:
        num_labels: Number of labels of the samples; 0 for none.

    Reference: [Miyato and Koyama, 2018](https://arxiv.org/abs/1802.05637).
    """

    def __init__(self, num_labels=0, **kwargs):
        super().__init__(**kwargs)
        self.num_labels = num_labels

    def add_head(self, num_features, **options):
        """Makes the layers after the features. `options` are arguments of the `Dense` layer of the logit."""
        self.logit = layers.Dense(1, dtype="float32", **options)
        self.label_embedding = layers.Embedding(self.num_labels, num_features, dtype="float32") if self.num_labels else None

    def call(self, samples, labels=None, training=False):
        check_labels(labels, self.num_labels)
        features = self.features(samples, training=training)
        logits = self.logit(features, training=training)
        return logits + projection(features, self.label_embedding, labels, self.num_labels) if self.num_labels else logits

    def head_layers(self):
        """The layers after the features, for `layers_by_depth`."""
        return [layer for layer in (self.logit, self.label_embedding) if layer is not None]


def attributes(network, *names):
    """Returns the named attributes as a dict, for `get_config`."""
    return {name: getattr(network, name) for name in names}


# --- Labels.


def check_labels(labels, num_labels):
    """Raises `ValueError` if there are labels, but the network has none (`num_labels=0`)."""
    if labels is not None and not num_labels:
        raise ValueError("Got labels, but num_labels=0. Expected none: build the network with `num_labels`, or omit the labels.")


def require_labels(labels, num_labels):
    """Raises `ValueError` unless labels are given exactly if the network has labels."""
    check_labels(labels, num_labels)
    if labels is None and num_labels:
        raise ValueError(
            f"Got no labels. Expected one per sample, from 0 to {num_labels - 1}, such as `generate(2, labels=[0, 1])`."
        )


def append_labels(latents, embedding, labels):
    """Returns the latents with the embedded labels appended; the latents alone without labels."""
    return latents if labels is None else ops.concatenate([latents, ops.cast(embedding(labels), latents.dtype)], axis=-1)


def projection(features, embedding, labels, num_labels):
    """Inner product of features `(batch, width)` and embedded labels: `(batch, 1)`, float32.

    Without labels, returns the mean over all labels, so that samples of unknown label can be judged too.

    Reference: [Miyato and Koyama, 2018](https://arxiv.org/abs/1802.05637).
    """
    if labels is None:
        embedded = ops.mean(ops.cast(embedding(ops.arange(num_labels)), "float32"), axis=0, keepdims=True)
    else:
        embedded = ops.cast(embedding(labels), "float32")
    return ops.sum(ops.cast(features, "float32") * embedded, axis=-1, keepdims=True)


# --- Calls and checks, of ready-made and other networks.


def call_network(network, inputs, labels=None, training=False):
    """Calls a network, with labels only if there are any, so that a plain `keras.Sequential` works.

    Returns floats as float32, which losses, penalties and users need under mixed precision too. Tokens stay integers. Raises
    `ValueError` if there are labels, but the network's `call` takes none.
    """
    index = label_input(network)
    if labels is None:
        if index is not None:
            raise ValueError(f"Got no labels, and {network.name!r} has an input for them. Expected one per sample.")
        return in_single_precision(network(inputs, training=training))
    if index is not None:
        parts = [inputs, as_input(labels, network.inputs[index])]
        return in_single_precision(network(parts if index else parts[::-1], training=training))
    if not takes_labels(network):
        raise ValueError(
            f"Got labels, but {network.name!r} takes none. Expected a network with `call(inputs, labels=None, "
            "training=False)`, or data without labels."
        )
    return in_single_precision(network(inputs, labels, training=training))


def takes_labels(network):
    """Returns whether a network reads labels: by an argument `labels` of its `call`, or an input of a functional model."""
    return label_input(network) is not None or "labels" in inspect.signature(network.call).parameters


def is_ready_made(network):
    """Returns whether the `call` of a network is one of this package, whose networks ignore labels unless told their number."""
    return type(network).call.__module__.startswith("gan_keras.")


def label_input(network):
    """Returns the index of the label among the two inputs of a functional model; None for other networks.

    Raises:
        ValueError: If there are more than two inputs, or none or both of the two look like labels.
    """
    inputs = [] if isinstance(network, keras.Sequential) else getattr(network, "inputs", None) or []
    if len(inputs) < 2:
        return None
    found = [i for i, each in enumerate(inputs) if "int" in each.dtype or any(word in each.name for word in ("label", "class"))]
    if len(inputs) > 2 or len(found) != 1:
        raise ValueError(
            f"{network.name!r} has the inputs {', '.join(each.name for each in inputs)}. Expected one of samples or latents, and "
            'one of labels: `keras.Input((1,), dtype="int32", name="label")`.'
        )
    return found[0]


def as_input(labels, tensor):
    """Returns labels `(batch,)` as a functional model's input reads them: numbers, a column of numbers, or one-hot rows."""
    if len(tensor.shape) == 2:
        labels = labels[:, None] if tensor.shape[1] == 1 else ops.one_hot(labels, tensor.shape[1])
    return ops.cast(labels, tensor.dtype)


def infer_num_labels(network):
    """Sets `num_labels` of a user's own network that takes labels, from its input of one-hot labels or its only embedding.

    Raises:
        ValueError: If a functional model does not tell it.
    """
    if hasattr(network, "num_labels") or is_ready_made(network) or not takes_labels(network):
        return
    index = label_input(network)
    if index is not None and len(network.inputs[index].shape) == 2 and network.inputs[index].shape[1] != 1:
        network.num_labels = int(network.inputs[index].shape[1])
        return
    sizes = {layer.input_dim for layer in network._flatten_layers() if isinstance(layer, layers.Embedding)}
    if len(sizes) == 1:
        network.num_labels = int(sizes.pop())
    elif index is not None:
        raise ValueError(
            f"{network.name!r} reads labels, and has embeddings of {sorted(sizes) or 'no'} entries. Expected its number of "
            "labels: `network.num_labels = 10` before it is passed on."
        )


def in_single_precision(tensor):
    """Casts a float tensor to float32; returns any other unchanged."""
    return ops.cast(tensor, "float32") if keras.backend.is_float_dtype(tensor.dtype) else tensor


def features_of(network):
    """Returns a function `(inputs, training=False)` -> features, the inputs of the network's last layer.

    The function is the network's method `features` if it has one.

    Raises:
        ValueError: If the network has no such method and is neither a Sequential nor a functional model.
    """
    if hasattr(network, "features"):
        return network.features
    if getattr(network, "outputs", None) and network.layers[-1].output is network.outputs[0]:
        return keras.Model(network.inputs, network.layers[-1].input)
    raise ValueError(
        f"The features of {network.name!r} ({type(network).__name__}) are unknown. Expected a Sequential or functional model "
        "that begins with `keras.Input`, or a network with a method `features(samples, training=False)`."
    )


def latent_dim_of(generator):
    """Returns a generator's `latent_dim`, or the last axis of its input shape. Raises `ValueError` if both are unknown."""
    if hasattr(generator, "latent_dim"):
        return int(generator.latent_dim)
    shape = generator.input_shape if generator.built and hasattr(generator, "input_shape") else None
    if (index := label_input(generator)) is not None:
        shape = generator.inputs[1 - index].shape
    if shape is None or len(shape) != 2 or shape[-1] is None:
        raise ValueError(
            f"The generator's input shape is {shape}. Expected (batch, latent_dim): begin it with "
            "`keras.Input((latent_dim,))`, or give your model an attribute `latent_dim`."
        )
    return int(shape[-1])


def trace(network):
    """Calls a network's layers on symbolic tensors with any number of rows, from which `summary` reads output shapes.

    A network is built by a call on two samples, so its layers know shapes of two rows, or none: Keras records output shapes of
    symbolic calls alone. Weights and random states stay as they are.
    """
    for layer in network._flatten_layers():  # the network comes first: its call reaches layers in their places
        config = layer.get_build_config() or {}
        shapes = list(config.get("shapes_dict", config).values())
        if layer is network and getattr(network, "num_labels", 0) and len(shapes) == 1:
            shapes.append((2,))
        # The parts of a `Sequential` keep the shapes that it was built with, whatever it is called on.
        is_fixed = isinstance(layer, keras.Sequential) and layer.input_shape[0] is not None
        if not shapes or hasattr(layer, "output") and not is_fixed:
            continue
        # Some networks compute with numbers, such as a loop over drawn tokens. Their layers are then called one by one.
        with contextlib.suppress(Exception), keras.StatelessScope():
            tensors = [keras.KerasTensor((None, *shape[1:]), "int32" if len(shape) == 1 else "float32") for shape in shapes]
            if isinstance(layer, keras.Model) and not isinstance(layer, keras.Sequential):
                layer.call(*tensors, training=True)  # dropout is for training alone
                continue
            layer(*tensors)
            if is_fixed:
                functools.reduce(lambda tensor, part: part(tensor), layer.layers, *tensors)


_BOUNDS = {"Tanh": ("tanh", -1.0, 1.0), "Sigmoid": ("sigmoid", 0.0, 1.0), "Relu": ("relu", 0.0, float("inf"))}
_SHAPING = ("Identity", "Reshape", "Cast", "Transpose", "ExpandDims", "Squeeze", "StridedSlice", "Slice", "EnsureShape")


def output_range(network, *arguments):
    """Returns the name of a network's last activation and its bounds, `(low, high)`; None if it has none that bounds samples.

    The activation is found in the graph of the network's call, so that a layer of any kind may hold it.
    """
    tensor = tf.function(lambda: call_network(network, *arguments), autograph=False).get_concrete_function().outputs[0]
    while tensor.op.type in _SHAPING:
        tensor = tensor.op.inputs[0]
    if tensor.op.type not in _BOUNDS:
        return None
    name, *bounds = _BOUNDS[tensor.op.type]
    return name, tuple(bounds)


def check_roles(generator, discriminator, labels):
    """Raises `ValueError` if only the generator takes labels, or the networks are the wrong way round."""
    shapes = [[getattr(each, name, None) for each in (generator, discriminator)] for name in ("input_shape", "output_shape")]
    if all(isinstance(shape, tuple) for pair in shapes for shape in pair):
        (latents, samples), (made, logits) = ([shape[1:] for shape in pair] for pair in shapes)
        if made != samples and logits == latents and len(made) == 1 == made[0]:
            raise ValueError(
                f"The first network maps {latents} to {made}, and the second {samples} to {logits}: they seem to be the wrong "
                "way round. Expected the generator first: `GAN(generator, discriminator)`."
            )
    if labels is not None and not takes_labels(discriminator):
        raise ValueError(
            f"The generator takes labels and the discriminator {discriminator.name!r} takes none, so that nothing would teach "
            "the generator what they mean. Expected both or neither: a discriminator with `call(samples, labels=None, "
            "training=False)`."
        )


def read_samples(discriminator, fake_data, labels=None):
    """Calls the discriminator on two samples, which builds it, and raises `ValueError` unless it returns logits for them."""
    try:
        logits = call_network(discriminator, fake_data, labels)
    except (ValueError, tf.errors.InvalidArgumentError) as error:
        raise ValueError(
            f"The generator makes samples of shape {tuple(fake_data.shape)}, which the discriminator does not read. "
            "Expected equal shapes: change the generator's last layer or the discriminator's `keras.Input`. "
            f"The discriminator raised: {error}"
        ) from error
    check_logits(discriminator, logits)


def check_logits(discriminator, logits):
    """Raises `ValueError` unless the logits of two samples are one number or one map per sample, without a sigmoid."""
    shape = tuple(logits.shape)
    if len(shape) not in (2, 4) or shape[0] != 2 or shape[-1] != 1:
        raise ValueError(
            f"The discriminator maps 2 samples to shape {shape}. Expected (2, 1), one logit per sample, or (2, height, width, "
            "1), one per patch: end it with `keras.layers.Dense(1)`, without a sigmoid."
        )
    is_layered = getattr(discriminator, "outputs", None)  # Sequential or functional
    if is_layered and getattr(discriminator.layers[-1], "activation", None) is keras.activations.sigmoid:
        raise ValueError(
            "The discriminator ends with a sigmoid. Expected a logit of any size and sign, from which losses are computed "
            "without overflow: end it with `keras.layers.Dense(1)`."
        )
