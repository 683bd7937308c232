"""What every generator and discriminator of this package has in common."""

import inspect

import keras
import tensorflow as tf

from gan_keras.networks.precision import OnePrecision


class Generator(OnePrecision, keras.Model):
    """Maps latents to samples: `call(latents, labels=None, training=False)` -> sample tensors.

    Args:
        latent_dim: How many numbers of noise make one sample, >= 1.
        **kwargs: Of `keras.Model`. `dtype="mixed_bfloat16"` is the precision of all layers but the last, which are float32.
    """

    def __init__(self, latent_dim, **kwargs):
        super().__init__(**kwargs)
        if latent_dim < 1:
            raise ValueError(f"latent_dim={latent_dim}. Expected at least 1: a generator without noise makes one sample.")
        self.latent_dim = latent_dim

    def get_config(self):
        return {**super().get_config(), "latent_dim": self.latent_dim}


class Discriminator(OnePrecision, keras.Model):
    """Maps samples to one logit each: `call(samples, labels=None, training=False)` -> `(batch, 1)`, never a sigmoid.

    Args:
        **kwargs: Of `keras.Model`; `dtype` as of `Generator`.
    """


# --- How a generator and a discriminator, ready-made or a user's own, are called and checked against each other.


def call_network(network, inputs, labels=None, training=False):
    """Calls a network with labels only where there are some, so that a plain `keras.Sequential` will do.

    Numbers come out in float32, which losses, penalties and users need under mixed precision too; tokens stay as they are.
    """
    if labels is None:
        return in_single_precision(network(inputs, training=training))
    if "labels" not in inspect.signature(network.call).parameters:
        raise ValueError(
            f"Got labels, but {network.name!r} takes none. Expected a network with `call(inputs, labels=None, "
            "training=False)`, or data without labels."
        )
    return in_single_precision(network(inputs, labels, training=training))


def in_single_precision(tensor):
    return keras.ops.cast(tensor, "float32") if keras.backend.is_float_dtype(tensor.dtype) else tensor


def latent_dim_of(generator):
    """The number of latents that a generator reads: its `latent_dim`, or the last axis of its input.

    Raises:
        ValueError: If neither is known.
    """
    if hasattr(generator, "latent_dim"):
        return int(generator.latent_dim)
    shape = generator.input_shape if generator.built and hasattr(generator, "input_shape") else None
    if shape is None or len(shape) != 2 or shape[-1] is None:
        raise ValueError(
            f"The generator's input shape is {shape}. Expected (batch, latent_dim): begin it with "
            "`keras.Input((latent_dim,))`, or give your model an attribute `latent_dim`."
        )
    return int(shape[-1])


def last_activation_of(network):
    """The activation of the last layer of a Sequential or functional model; None if it has none or the model is neither."""
    return getattr(network.layers[-1], "activation", None) if getattr(network, "outputs", None) else None


def read_samples(discriminator, fake_data, labels=None):
    """Has the discriminator read two samples, which builds it.

    Raises:
        ValueError: If they are not of its shape, or it does not answer with logits.
    """
    try:
        logits = call_network(discriminator, fake_data, labels)
    except (ValueError, tf.errors.InvalidArgumentError) as error:
        raise ValueError(
            f"The generator makes samples of shape {tuple(fake_data.shape)}, which the discriminator does not read. "
            "Expected equal shapes: change the generator's last layer or the discriminator's `keras.Input`. "
            f"The discriminator says: {error}"
        ) from error
    check_logits(discriminator, logits)


def check_logits(discriminator, logits):
    """Raises `ValueError` unless `logits`, of two samples, are one number a sample or a map of them, without a sigmoid."""
    shape = tuple(logits.shape)
    if len(shape) not in (2, 4) or shape[0] != 2 or shape[-1] != 1:
        raise ValueError(
            f"The discriminator maps 2 samples to shape {shape}. Expected (2, 1), one logit a sample, or (2, height, width, 1), "
            "one for each patch: end it with `keras.layers.Dense(1)`, without a sigmoid."
        )
    if last_activation_of(discriminator) is keras.activations.sigmoid:
        raise ValueError(
            "The discriminator ends with a sigmoid. Expected a logit, of any size and sign, from which the losses are "
            "computed without overflow: end it with `keras.layers.Dense(1)`."
        )
