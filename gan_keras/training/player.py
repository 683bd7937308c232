"""A player of the game: one network, its optimizer, and the update that a loss makes.

In float32 on one device, an update is what every tutorial shows: gradients from the tape, then `optimizer.apply`. float16 is
`ScaledPlayer`; several devices train as one through `gan_keras.replicas`.
"""

import tensorflow as tf
from keras import ops

from gan_keras import replicas
from gan_keras.training.loss_scale import LossScale


class Player:
    """A network and the optimizer that trains it.

    Args:
        network: A `keras.Model`.
        optimizer: A Keras optimizer of its own, built for the network's trainable variables.
        norm: A `keras.metrics.Mean` of the gradients' norm.
    """

    def __init__(self, network, optimizer, norm):
        self.network, self.optimizer, self.norm = network, optimizer, norm
        self.num_replicas = tf.distribute.get_strategy().num_replicas_in_sync

    def update(self, loss, tape, part=None):
        """Applies the gradients of a loss.

        Args:
            loss: Scalar of this replica's rows.
            tape: The `tf.GradientTape` that recorded the loss.
            part: A part of the network; None updates all of it.

        Returns:
            Whether the weights moved, a bool tensor: an optimizer may accumulate gradients over several batches first.
        """
        before, variables = ops.copy(self.optimizer.iterations), (part or self.network).trainable_variables
        # The gradient of an embedding has a part per token, which clipping would take one by one: they are added up first.
        gradients = [each if each is None else tf.convert_to_tensor(each) for each in self.gradients(loss, tape, variables)]
        if self.num_replicas > 1:
            gradients = replicas.whole_gradients(gradients)
        self.measure(gradients)
        self.apply(gradients if self.num_replicas == 1 else replicas.once(gradients), variables)
        return self.optimizer.iterations > before

    def gradients(self, loss, tape, variables):
        # `scale_loss` multiplies by a constant scale of the optimizer's own, by which it divides the gradients again.
        return tape.gradient(loss, variables, output_gradients=self.optimizer.scale_loss(ops.ones_like(loss)))

    def measure(self, gradients):
        self.record(global_norm(gradients) / self.optimizer.scale_loss(ops.ones(())))

    def record(self, norm):
        self.norm.update_state(norm)

    def apply(self, gradients, variables):
        self.optimizer.apply(gradients, variables)

    def for_penalties(self, judge):
        """Returns the function from samples to logits that penalties get as the discriminator."""
        return judge


class ScaledPlayer(Player):
    """A player whose losses are scaled. Its updates keep their turn with those of the other player.

    Args:
        network: As for `Player`.
        optimizer: As for `Player`.
        norm: As for `Player`; an overflow does not count: it tells about the scale, not about the training.
        scale: The `LossScale` of both players.
    """

    def __init__(self, network, optimizer, norm, scale):
        super().__init__(network, optimizer, norm)
        self.scale = scale

    def gradients(self, loss, tape, variables):
        scale = self.optimizer.scale_loss(self.scale.scale * ops.ones_like(loss))
        gradients = tape.gradient(loss, variables, output_gradients=scale)
        return self.scale.unscaled(gradients)

    def record(self, norm):
        is_finite = ops.isfinite(norm)
        self.norm.update_state(ops.where(is_finite, norm, 0.0), ops.cast(is_finite, "float32"))

    def apply(self, gradients, variables):
        self.scale.apply(self.optimizer, gradients, variables)

    def for_penalties(self, judge):
        """Returns `judge` with `gradient_scale`, by which penalties scale the gradient that they take of a logit.

        A penalty's own gradient passes both scales: the square root keeps their product in the range of float16.
        """

        def scaled_judge(samples):
            return judge(samples)

        scaled_judge.gradient_scale = ops.sqrt(self.scale.scale)
        return scaled_judge


def make_players(gan):
    """Makes the two players of a GAN, and the `LossScale` that they share if a network computes in float16.

    Args:
        gan: A `GAN` with networks, optimizers and step metrics.

    Returns:
        Three values: the generator's player, the discriminator's, and the `LossScale` or None.

    Raises:
        ValueError: If weights are float16 themselves: updates are often too small to change them.
    """
    for network in (gan.generator, gan.discriminator):
        narrow = [weight.path for weight in network.trainable_variables if weight.dtype == "float16"]
        if narrow:
            raise ValueError(
                f"{len(narrow)} weights of {network.name!r} are float16, such as {narrow[0]!r}. Expected float32 weights: use "
                'the dtype policy "mixed_float16", which computes in float16 and keeps weights in float32.'
            )
    layers = (layer for network in (gan.generator, gan.discriminator) for layer in network._flatten_layers())
    arguments = (
        (gan.generator, gan.generator_optimizer, gan.step_metrics.g_norm),
        (gan.discriminator, gan.discriminator_optimizer, gan.step_metrics.d_norm),
    )
    if not any(layer.compute_dtype == "float16" for layer in layers):
        return *(Player(*each) for each in arguments), None
    scale = LossScale()
    gan.step_metrics.skipped = (scale.skipped,)
    return *(ScaledPlayer(*each, scale) for each in arguments), scale


def global_norm(gradients):
    """Square root of the sum of squares of all gradients, float32; None stands for no gradient."""
    found = [tf.convert_to_tensor(gradient) for gradient in gradients if gradient is not None]
    return ops.sqrt(sum((ops.sum(ops.square(ops.cast(each, "float32"))) for each in found), ops.zeros(())))
