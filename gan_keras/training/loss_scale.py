"""Loss scaling for networks that compute in float16, one scale for both players.

float16 ends at 65,504 and has no numbers between 0 and 6e-8. Smaller gradients would be lost, so the loss is multiplied by a
scale before it is differentiated, and the gradients are divided by it in float32 afterwards. The scale is as large as overflow
allows: it is halved at each gradient that is not finite and doubled after many that were.

Keras scales per optimizer. Two optimizers that scale for themselves would skip different updates, and one player would train
more than the other. Here both players share one `LossScale`.

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


class LossScale:
    """One scale, and one order of updates, for both players.

    An update whose gradient is not finite is skipped, together with the rest of its training step. The next step makes that
    update first and skips those before it, which were made already. So the updates alternate as they would without overflows:
    `discriminator_steps` of one player, then `generator_steps` of the other.

    Logs `skipped`, the number of updates in the epoch that overflowed.
    """

    def __init__(self):
        self.scale = keras.Variable(FIRST_SCALE, dtype="float32", trainable=False, name="scale")
        self.finite_updates = keras.Variable(0, dtype="int64", trainable=False, name="finite_updates")
        self.first = keras.Variable(0, dtype="int64", trainable=False, name="first")
        self.skipped = keras.metrics.Sum("skipped")
        self.step = threading.local()  # the replicas of a strategy are traced in threads of their own

    @property
    def variables(self):
        """Variables that decide later updates; saved with the `GAN`."""
        return [self.scale, self.finite_updates, self.first]

    def begin_step(self):
        """Called before the updates of each training step."""
        self.step.index, self.step.first, self.step.goes_on = 0, ops.copy(self.first), ops.convert_to_tensor(True)
        self.first.assign(0)

    def unscaled(self, gradients):
        """Divides gradients by the scale, in float32."""
        return [on_values(lambda numbers: numbers / self.scale, gradient) for gradient in gradients]

    def apply(self, optimizer, gradients, variables):
        """Applies gradients if they are finite and their turn has come, then adapts the scale."""
        is_finite = all_finite(gradients)
        is_due = ops.logical_and(self.step.goes_on, self.step.first <= self.step.index)
        replicas.update_if(ops.logical_and(is_due, is_finite), lambda them: optimizer.apply(them, variables), gradients)
        overflows = ops.logical_and(is_due, ops.logical_not(is_finite))
        self.first.assign(ops.where(overflows, self.step.index, self.first))
        self.adapt(is_due, is_finite)
        self.skipped.update_state(ops.cast(overflows, "float32") / replicas.count())  # each replica counts the same ones
        self.step.index, self.step.goes_on = self.step.index + 1, ops.logical_and(self.step.goes_on, ops.logical_not(overflows))

    def adapt(self, is_due, is_finite):
        """Adapts the scale after an update that was due."""
        updates = ops.where(is_finite, self.finite_updates + 1, 0)
        grows = updates >= GROWTH_UPDATES
        factor = ops.where(is_finite, ops.where(grows, 2.0, 1.0), 0.5)
        scale = ops.maximum(factor * self.scale, SMALLEST_SCALE)
        self.scale.assign(ops.where(is_due, scale, self.scale))
        self.finite_updates.assign(ops.where(is_due, ops.where(grows, 0, updates), self.finite_updates))


def all_finite(gradients):
    """Returns whether the gradients of all replicas are finite: one scalar, so that no replica takes another branch."""
    finite = [ops.all(ops.isfinite(values_of(gradient))) for gradient in gradients if gradient is not None]
    is_finite = ops.all(ops.stack(finite)) if finite else ops.convert_to_tensor(True)
    return replicas.total(ops.cast(ops.logical_not(is_finite), "float32")) == 0


def values_of(gradient):
    """Returns a gradient's numbers; the gradient of an embedding has rows only for the tokens that were read."""
    return gradient.values if isinstance(gradient, tf.IndexedSlices) else gradient


def on_values(function, gradient):
    """Applies a function to a gradient's numbers; a sparse gradient stays sparse, None stays None."""
    if gradient is None:
        return None
    if isinstance(gradient, tf.IndexedSlices):
        return tf.IndexedSlices(function(gradient.values), gradient.indices, gradient.dense_shape)
    return function(gradient)
