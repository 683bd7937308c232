"""Training data of a `GAN`: batches of samples, or of samples and labels, checked before they reach a compiled graph.

Compiled code does not complain about a label that no embedding has; it reads another one. So labels are checked on the host.
"""

import inspect

import keras
import numpy as np
import tensorflow as tf

from gan_keras import optimizers

_NO_BATCH = (
    "The data set has no batch. Expected at least one: with `drop_remainder=True` a batch_size "
    "larger than the number of samples leaves nothing, so use a smaller one."
)
_FIT = inspect.signature(keras.Model.fit)


def checked(gan, x=None, y=None, *args, **kwargs):
    """Returns the arguments of `gan.fit` by name, after checking what can be checked before training.

    Raises:
        ValueError: If there is no batch, labels (arrays) are out of range, or layers were frozen after `compile`.
    """
    check_trained_variables(gan)
    if isinstance(x, tf.data.Dataset):
        if int(x.cardinality()) == 0:
            raise ValueError(_NO_BATCH)
        x = with_checked_labels(x, gan.num_labels)
    elif y is not None and gan.num_labels:
        check_range(y, gan.num_labels)
    options = dict(_FIT.bind(gan, x, y, *args, **kwargs).arguments)
    del options["self"]
    if isinstance(x, tf.data.Dataset):
        options.setdefault("shuffle", False)  # with its default, Keras warns that a data set has an order of its own
    return options


def with_batches(history):
    """Returns the history of a training; raises `ValueError` if it saw no batch."""
    if history.epoch and "loss" not in history.history:
        raise ValueError(_NO_BATCH)
    return history


def check_steps(discriminator_steps, generator_steps, generator_ema):
    """Raises `ValueError` unless steps per round and the decay of the average are in their ranges."""
    if min(discriminator_steps, generator_steps) < 1 or not 0 <= optimizers.first_value(generator_ema) < 1:
        raise ValueError(
            f"discriminator_steps={discriminator_steps}, generator_steps={generator_steps}, generator_ema={generator_ema}. "
            "Expected steps >= 1 and generator_ema in [0, 1)."
        )


def check_unused(options, reason, names=("penalties", "augmentation", "auxiliary", "history_pool")):
    """Raises `ValueError` if one of the named arguments of `compile` is given."""
    if given := [f"{name}={options[name]!r}" for name in names if options.get(name)]:
        raise ValueError(f"Got {', '.join(given)}. Expected none: {reason}")


def check_trained_variables(gan):
    """Raises `ValueError` if a layer was frozen or released after `compile`, which built the optimizers."""
    for name in ("generator", "discriminator") if gan.compiled else ():
        if ids(getattr(gan, name).trainable_variables) != gan.trained[name]:
            raise ValueError(
                f"The {name}'s trainable variables are not those that its optimizer was built for. "
                "Expected layers to be frozen or released before `compile`: call `compile` again."
            )


# --- Labels. ---


def with_checked_labels(dataset, num_labels):
    """Returns the same batches; the labels of each are checked when it is read."""
    spec = dataset.element_spec
    if not num_labels or not isinstance(spec, tuple) or len(spec) < 2:
        return dataset
    return dataset.map(lambda samples, labels, *rest: (samples, known(labels, num_labels), *rest))


def ids(variables):
    return [id(variable) for variable in variables]


def check_range(labels, num_labels):
    """Raises `ValueError` unless labels are integers from 0 to `num_labels - 1`, one per sample."""
    labels = np.asarray(labels)
    check_form(labels.dtype.name, labels.shape, num_labels)
    if len(labels) and not 0 <= labels.min() <= labels.max() < num_labels:
        raise ValueError(f"Got labels from {labels.min()} to {labels.max()}. {expected(num_labels)}")


def check_form(dtype, shape, num_labels):
    if "int" not in dtype or len(shape) != 1:
        raise ValueError(f"Got labels of dtype {dtype} and shape {tuple(shape)}. {expected(num_labels)}")


def known(labels, num_labels):
    """Returns the labels of a batch, in a graph that raises if one is out of range."""
    check_form(labels.dtype.name, labels.shape, num_labels)
    labels = tf.cast(labels, tf.int64)
    inside = tf.reduce_all((labels >= 0) & (labels < num_labels))
    with tf.control_dependencies([tf.debugging.Assert(inside, [f"{expected(num_labels)} Got", labels])]):
        return tf.identity(labels)


def expected(num_labels):
    return (
        f"Expected one whole number from 0 to {num_labels - 1} for each sample: count labels from 0, or build the networks "
        "with a larger `num_labels`."
    )
