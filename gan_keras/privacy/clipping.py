"""Sums of gradients, each row's clipped to a norm: what a private training learns from a batch."""

import keras
import tensorflow as tf
from keras import ops

from gan_keras.penalties import R1, R2
from gan_keras.privacy import ghost_norms


class Clipping:
    """Clipped gradients of a GAN's discriminator.

    Networks of dense layers, convolutions, embeddings and normalisations of single rows take little longer than without clipping:
    see `ghost_norms`. All else, and penalties, take a pass per row, in constant memory: `GAN.tell` says so.

    Args:
        gan: A compiled `GAN` whose discriminator judges each row by itself.
        norm: Largest norm of a row's gradient, > 0.

    Attributes:
        method: `"ghost"`, or `"loop"` for a pass per row.
    """

    def __init__(self, gan, norm):
        self.gan, self.norm = gan, norm
        self.variables = gan.discriminator.trainable_variables
        kinds = {"real": R1, "fake": R2}
        self.penalties = {side: [each for each in gan.penalties if type(each) is kind] for side, kind in kinds.items()}
        self.reason = ghost_norms.reason_against(gan)
        penalized = [type(each).__name__ for side in self.penalties.values() for each in side]
        reason = self.reason or (f"the penalty {penalized[0]} is a gradient of a gradient" if penalized else None)
        self.method = "loop" if reason else "ghost"
        if reason:
            gan.tell(f"Clips gradients row by row, which is about 4 to 25 times as slow as all at once: {reason}.")

    def sums(self, samples, labels, loss, side):
        """Returns the sum of the rows' clipped gradients, a tensor per trainable variable of the discriminator.

        A row counts as 0 if its gradient, or the square of its norm in float32, is not finite. Without rows, sums are 0.

        Args:
            samples: `(batch, ...)`, any number of rows.
            labels: `(batch,)` or None.
            loss: Function from logits of some rows to the mean over them of a loss of each row.
            side: `"real"` or `"fake"`: penalties of that side, R1 and R2, are part of each row's loss.
        """
        method = self.row_by_row if self.reason or self.penalties[side] else self.all_at_once
        return method(samples, labels, loss, side)

    def factors(self, squared_norms):
        """Returns what gradients of some squared norms are multiplied by; 0 if they are not finite."""
        shrunk = tf.minimum(1.0, self.norm / tf.sqrt(tf.maximum(squared_norms, 1e-30)))
        return tf.where(tf.math.is_finite(squared_norms), shrunk, 0.0)

    # --- All rows at once. ---

    def all_at_once(self, samples, labels, loss, side):
        def cotangents_of(logits):
            """The gradient of each row's own loss with respect to its logits."""
            with tf.GradientTape() as tape:
                tape.watch(logits)
                value = loss(logits)
            return tape.gradient(value, logits) * tf.cast(tf.shape(logits)[0], logits.dtype)

        # Convolutions of no row have no gradient in TensorFlow: a row of zeros stands in, which counts as 0.
        num = tf.shape(samples)[0]
        missing = tf.maximum(1 - num, 0)
        samples, labels = (
            None if each is None else tf.concat([each, tf.zeros((missing, *each.shape[1:]), each.dtype)], 0)
            for each in (samples, labels)
        )
        layers = ghost_norms.trained_layers(self.gan.discriminator)
        uses, cotangents = ghost_norms.run(layers, lambda: self.gan.judge(samples, labels), cotangents_of)
        factors = tf.where(num > 0, self.factors(ghost_norms.squared_norms(uses, cotangents)), 0.0)
        return ghost_norms.weighted_sums(uses, cotangents, factors, self.variables)

    # --- A pass per row. ---

    def row_by_row(self, samples, labels, loss, side):
        self.move_states(samples, labels)
        seeds = [(state, tf.identity(state.value)) for state in self.seed_states()]

        def add(row, *total):
            # Each row has random numbers of its own. What the network would remember of the row is dropped.
            step = tf.stack([tf.cast(row + 1, "int64") * 0x9E3779B1, 0])
            with keras.StatelessScope([(state, seed + tf.cast(step, seed.dtype)) for state, seed in seeds]):
                gradients = self.gradients(samples[row : row + 1], None if labels is None else labels[row : row + 1], loss, side)
            factor = self.factors(tf.linalg.global_norm(gradients) ** 2)
            clipped = (tf.where(factor > 0, factor * each, tf.zeros_like(each)) for each in gradients)
            return row + 1, *(each + part for each, part in zip(total, clipped, strict=True))

        num, zeros = ops.shape(samples)[0], [tf.zeros(each.shape, each.dtype) for each in self.variables]
        return list(tf.while_loop(lambda row, *_: row < num, add, (0, *zeros))[1:])

    def move_states(self, samples, labels):
        """Moves random states and power iterations by one call on a row of zeros: neither rows nor their number reach them."""
        if self.gan.discriminator.non_trainable_variables or getattr(self.gan.augmentation, "variables", ()):
            zeros = (None if each is None else tf.zeros((1, *each.shape[1:]), each.dtype) for each in (samples, labels))
            self.gan.judge(*zeros)

    def seed_states(self):
        states = (*self.gan.discriminator.non_trainable_variables, *getattr(self.gan.augmentation, "variables", ()))
        return [each for each in states if each.name == "seed_generator_state"]

    def gradients(self, samples, labels, loss, side):
        """The gradient of the loss of a single row, penalties included."""

        def judge(samples):
            return self.gan.judge(samples, labels)

        with tf.GradientTape() as tape:
            value = loss(judge(samples)) + sum(penalty(judge, samples, samples) for penalty in self.penalties[side])
        sources = [variable.value for variable in self.variables]
        found = tape.gradient(value, sources, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        return [tf.convert_to_tensor(each) for each in found]
