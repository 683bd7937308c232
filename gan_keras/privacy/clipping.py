"""Sums of gradients, each row's clipped to a norm: what a private training learns from a batch."""

import tensorflow as tf
from keras import ops


class Clipping:
    """Clipped gradients of a GAN's discriminator.

    Args:
        gan: A compiled `GAN` whose discriminator judges each row by itself.
        norm: Largest norm of a row's gradient, > 0.
    """

    def __init__(self, gan, norm):
        self.gan, self.norm = gan, norm
        self.variables = gan.discriminator.trainable_variables

    def sums(self, samples, labels, loss, side):
        """Returns the sum of the rows' clipped gradients, a tensor per trainable variable of the discriminator.

        A row whose gradient is not finite counts as 0. Without rows, sums are 0.

        Args:
            samples: `(batch, ...)`, any number of rows.
            labels: `(batch,)` or None.
            loss: Function from logits of some rows to the mean over them of a loss of each row.
            side: `"real"` or `"fake"`: penalties of that side, R1 and R2, are part of each row's loss.
        """
        num = ops.shape(samples)[0]
        total = [tf.zeros(variable.shape, variable.dtype) for variable in self.variables]

        def add(row, *total):
            own = None if labels is None else labels[row : row + 1]
            gradients = self.gradients(samples[row : row + 1], own, loss, side)
            clipped = self.clipped(gradients)
            return row + 1, *(each + part for each, part in zip(total, clipped, strict=True))

        return tf.while_loop(lambda row, *_: row < num, add, (0, *total))[1:]

    def gradients(self, samples, labels, loss, side):
        """The gradient of the loss of a single row, penalties included."""
        gan = self.gan

        def judge(samples):
            return gan.judge(samples, labels)

        with tf.GradientTape() as tape:
            value = loss(judge(samples))
            for penalty in gan.penalties:
                if type(penalty).__name__ == {"real": "R1", "fake": "R2"}[side]:
                    value += penalty(judge, samples, samples)
        found = tape.gradient(value, self.variables)
        pairs = zip(found, self.variables, strict=True)
        return [tf.zeros(variable.shape) if each is None else tf.convert_to_tensor(each) for each, variable in pairs]

    def clipped(self, gradients):
        norm = tf.linalg.global_norm(gradients)
        factor = tf.where(tf.math.is_finite(norm), tf.minimum(1.0, self.norm / tf.maximum(norm, 1e-30)), 0.0)
        return [tf.where(tf.math.is_finite(norm), factor * each, tf.zeros_like(each)) for each in gradients]
