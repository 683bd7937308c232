"""Gradients of networks that compute in float16: scaled on their way, checked before they move weights, for both players alike.

float16 ends at 65,504 and has no numbers between 0 and 6e-8. Gradients that are smaller would be lost, so the loss is
multiplied by a scale before it is differentiated and gradients are divided by it, in float32, afterwards. The scale is as
large as overflow allows: halved at each gradient that is not finite, doubled after many that were.

Keras scales for one optimizer. Two that scale for themselves would leave out different updates, and one player would train
more than the other. Here one `LossScale` serves both.

Reference: [Mixed precision training, Micikevicius et al., 2017](https://arxiv.org/abs/1710.03740), section 3.2.
"""

import threading

import keras
import tensorflow as tf
from keras import ops

from gan_keras import replicas

FIRST_SCALE, SMALLEST_SCALE = 2.0**15, 2.0**-14
GROWTH_UPDATES = 2000
"""Updates of both players without an overflow after which the scale is doubled."""


class Unscaled:
    """Training of networks whose gradients need no scale: each update is made as its gradient comes."""

    variables, metrics = (), ()

    def begin_step(self):
        """Called before the updates of each training step."""

    def for_penalties(self, judge):
        """The function that penalties get as the discriminator."""
        return judge

    def gradients(self, loss, tape, optimizer, variables):
        """Gradients of a loss, to be handed to `apply`; None for a variable that the loss does not depend on."""
        # A constant scale of the optimizer's own, which divides the gradients by it again.
        return tape.gradient(loss, variables, output_gradients=optimizer.scale_loss(ops.ones_like(loss)))

    def apply(self, optimizer, gradients, variables):
        """Updates the variables."""
        optimizer.apply(gradients, variables)

    def measurable(self, norm):
        """The norm of the gradients, and its weight where it has one, for the mean over the epoch."""
        return (norm,)


class LossScale(Unscaled):
    """One scale, and one order of updates, for both players.

    An update whose gradient is not finite is left out, together with the rest of its training step. The next step makes that
    update first: those before it, which were made already, are left out there. So the updates that are made always take
    turns as without overflows, `discriminator_steps` of one player and `generator_steps` of the other.

    Logs `skipped`, the updates of the epoch that overflowed.
    """

    def __init__(self):
        self.scale = keras.Variable(FIRST_SCALE, dtype="float32", trainable=False, name="scale")
        self.finite_updates = keras.Variable(0, dtype="int64", trainable=False, name="finite_updates")
        self.first = keras.Variable(0, dtype="int64", trainable=False, name="first")
        self.skipped = keras.metrics.Sum("skipped")
        self.step = threading.local()  # the replicas of a strategy are traced in threads of their own

    @property
    def variables(self):
        """What decides the updates to come; saved with the `GAN`."""
        return [self.scale, self.finite_updates, self.first]

    @property
    def metrics(self):
        return [self.skipped]

    def begin_step(self):
        self.step.index, self.step.first, self.step.goes_on = 0, ops.copy(self.first), ops.convert_to_tensor(True)
        self.first.assign(0)

    def for_penalties(self, judge):
        """With `gradient_scale`, by which penalties scale the gradient that they take of a logit.

        A penalty's own gradient runs through both scales: the square root keeps their product in the range of float16.
        """

        def scaled_judge(samples):
            return judge(samples)

        scaled_judge.gradient_scale = ops.sqrt(self.scale)
        return scaled_judge

    def gradients(self, loss, tape, optimizer, variables):
        scale = optimizer.scale_loss(self.scale * ops.ones_like(loss))
        gradients = tape.gradient(loss, variables, output_gradients=scale)
        return [on_values(lambda numbers: numbers / self.scale, gradient) for gradient in gradients]

    def apply(self, optimizer, gradients, variables):
        is_finite = all_finite(gradients)
        is_due = ops.logical_and(self.step.goes_on, self.step.first <= self.step.index)
        replicas.update_if(ops.logical_and(is_due, is_finite), lambda them: optimizer.apply(them, variables), gradients)
        overflows = ops.logical_and(is_due, ops.logical_not(is_finite))
        self.first.assign(ops.where(overflows, self.step.index, self.first))
        self.adapt(is_due, is_finite)
        self.skipped.update_state(ops.cast(overflows, "float32") / replicas.count())  # each replica counts the same ones
        self.step.index, self.step.goes_on = self.step.index + 1, ops.logical_and(self.step.goes_on, ops.logical_not(overflows))

    def adapt(self, is_due, is_finite):
        """Moves the scale after an update that was due."""
        updates = ops.where(is_finite, self.finite_updates + 1, 0)
        grows = updates >= GROWTH_UPDATES
        factor = ops.where(is_finite, ops.where(grows, 2.0, 1.0), 0.5)
        scale = ops.maximum(factor * self.scale, SMALLEST_SCALE)
        self.scale.assign(ops.where(is_due, scale, self.scale))
        self.finite_updates.assign(ops.where(is_due, ops.where(grows, 0, updates), self.finite_updates))

    def measurable(self, norm):
        """An overflow is left out: it tells of the scale, not of the training."""
        is_finite = ops.isfinite(norm)
        return ops.where(is_finite, norm, 0.0), ops.cast(is_finite, "float32")


def all_finite(gradients):
    """Whether all gradients, of all replicas, are finite: a scalar, so that no replica goes another way than the others."""
    finite = [ops.all(ops.isfinite(values_of(gradient))) for gradient in gradients if gradient is not None]
    is_finite = ops.all(ops.stack(finite)) if finite else ops.convert_to_tensor(True)
    return replicas.total(ops.cast(ops.logical_not(is_finite), "float32")) == 0


def values_of(gradient):
    """The numbers of a gradient; that of an embedding has rows for the tokens that were read alone."""
    return gradient.values if isinstance(gradient, tf.IndexedSlices) else gradient


def on_values(function, gradient):
    """A gradient with the function applied to its numbers, sparse if it was; None for None."""
    if gradient is None:
        return None
    if isinstance(gradient, tf.IndexedSlices):
        return tf.IndexedSlices(function(gradient.values), gradient.indices, gradient.dense_shape)
    return function(gradient)


def of_networks(*networks):
    """The `LossScale` of networks that compute in float16, `Unscaled` of others.

    Raises:
        ValueError: If weights are float16 themselves: updates are often too small to change them.
    """
    for network in networks:
        narrow = [weight.path for weight in network.trainable_variables if weight.dtype == "float16"]
        if narrow:
            raise ValueError(
                f"{len(narrow)} weights of {network.name!r} are float16, such as {narrow[0]!r}. Expected float32 weights: take "
                'the dtype policy "mixed_float16", which computes in float16 and keeps weights in float32.'
            )
    layers = (layer for network in networks for layer in network._flatten_layers())
    return LossScale() if any(layer.compute_dtype == "float16" for layer in layers) else Unscaled()
