"""What a `GAN` trains on: batches of samples, or of samples and labels, checked before they reach a compiled graph.

Compiled code does not complain of a label that no embedding has; it takes another one. So labels are checked on the host.
"""

import inspect

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from gan_keras.networks.base import in_single_precision
from gan_keras.training import resume

_NO_BATCH = (
    "The data set has no batch. Expected at least one: with `drop_remainder=True` a batch_size "
    "larger than the number of samples leaves nothing, so use a smaller one."
)
_FIT = inspect.signature(keras.Model.fit)


class Inputs:
    """The half of `GAN.fit` that looks at the data."""

    @property
    def num_labels(self):
        """How many labels the networks know; 0 for networks without labels."""
        of_generator, of_discriminator = (getattr(each, "num_labels", 0) for each in (self.generator, self.discriminator))
        if of_generator and of_discriminator and of_generator != of_discriminator:
            raise ValueError(
                f"The generator knows {of_generator} labels and the discriminator {of_discriminator}. "
                "Expected as many: build both networks with the same `num_labels`."
            )
        return max(of_generator, of_discriminator)

    def fit(self, x=None, y=None, *args, **kwargs):
        """`keras.Model.fit`; an empty data set and labels that the networks do not know are errors.

        Arrays are shuffled in an order that follows from `seed` and the epoch alone. With a `callbacks.Checkpoint` a training
        that was broken off goes on where it was.

        Raises:
            ValueError: If there is no batch, labels (arrays) are out of their range, or layers were frozen after `compile`.
            tf.errors.InvalidArgumentError: If a label in a `tf.data.Dataset` is out of its range, before its batch moves weights.
        """
        self.check_trained_variables()
        if isinstance(x, tf.data.Dataset):
            if int(x.cardinality()) == 0:
                raise ValueError(_NO_BATCH)
            x = self.with_checked_labels(x)
        elif y is not None and self.num_labels:
            check_range(y, self.num_labels)
        options = _FIT.bind(self, x, y, *args, **kwargs).arguments
        history = resume.fit(self, super().fit, {name: value for name, value in options.items() if name != "self"})
        if history.epoch and "loss" not in history.history:
            raise ValueError(_NO_BATCH)
        return history

    def with_checked_labels(self, dataset):
        """The same batches, each with its labels looked at while it is read."""
        num_labels, spec = self.num_labels, dataset.element_spec
        if not num_labels or not isinstance(spec, tuple) or len(spec) < 2:
            return dataset
        return dataset.map(lambda samples, labels, *rest: (samples, known(labels, num_labels), *rest))

    def check_trained_variables(self):
        """Raises `ValueError` if a layer was frozen or released since `compile`, which built the optimizers."""
        for name in ("generator", "discriminator") if self.compiled else ():
            if ids(getattr(self, name).trainable_variables) != self.trained[name]:
                raise ValueError(
                    f"The {name}'s trainable variables are not those that its optimizer was built for. "
                    "Expected layers to be frozen or released before `compile`: call `compile` again."
                )

    def unpack(self, data):
        samples, labels, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        if sample_weight is not None:
            raise ValueError("Got sample weights. Expected batches of samples or of (samples, labels): leave the weights out.")
        samples = in_single_precision(samples)
        # Raw values that are float32 are numbers of any kind: they look like nothing else that could be meant.
        if self.codec is not None and self.codec.raw_dtype in (samples.dtype, tf.float32):
            samples = self.codec.encode(samples)
        self.check_samples(samples)
        return samples, ops.cast(labels, "int32") if labels is not None and self.num_labels else labels

    def check_samples(self, samples):
        """Raises `ValueError` unless tensors, with or without a codec that knows their shape, are like those of the generator."""
        if hasattr(self.codec, "check_samples"):
            self.codec.check_samples(samples)
        elif self.codec is None and not samples.shape[1:].is_compatible_with(self.sample_shape):
            raise ValueError(
                f"Got samples of shape {tuple(samples.shape[1:])}, and the generator makes {self.sample_shape}. "
                "Expected equal shapes: reshape or resize the data, or change the generator's last layer."
            )


def ids(variables):
    return [id(variable) for variable in variables]


def check_range(labels, num_labels):
    """Raises `ValueError` unless labels are whole numbers from 0 to `num_labels - 1`, one for each sample."""
    labels = np.asarray(labels)
    check_form(labels.dtype.name, labels.shape, num_labels)
    if len(labels) and not 0 <= labels.min() <= labels.max() < num_labels:
        raise ValueError(f"Got labels from {labels.min()} to {labels.max()}. {expected(num_labels)}")


def check_form(dtype, shape, num_labels):
    if "int" not in dtype or len(shape) != 1:
        raise ValueError(f"Got labels of dtype {dtype} and shape {tuple(shape)}. {expected(num_labels)}")


def known(labels, num_labels):
    """The labels of a batch, once they are known to be in their range."""
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
