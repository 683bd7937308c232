"""What each step measures beside the losses: cheap numbers that tell a healthy training from a dying one."""

import keras
import tensorflow as tf
from keras import ops

from gan_keras import noise, replicas
from gan_keras.diagnosis import rules

_LEAST = 1e-12  # stands for the deviation of real data that do not vary at all


class Measures:
    """The measuring half of `GAN`: means over the epoch, which `fit` logs and `diagnosis` reads.

    `d_norm` and `g_norm` are the norms of all gradients of a network, which say NaN where a loss may not: some fused kernels
    turn it into 0. `d_accuracy` is the share of pairs in which the real logit is above the fake one, and means the same for
    every loss: 1 for a discriminator that is always right, 0.5 for one that guesses. `diversity` is how much the fake samples
    of a batch vary: see `diversity_of`. `samples` is how many real ones the epoch has seen so far.
    """

    def make_measures(self):
        self.d_loss, self.g_loss = keras.metrics.Mean("d_loss"), keras.metrics.Mean("g_loss")
        self.d_real, self.d_fake = keras.metrics.Mean("d_real"), keras.metrics.Mean("d_fake")
        self.d_accuracy, self.diversity = keras.metrics.Mean("d_accuracy"), keras.metrics.Mean("diversity")
        self.d_norm, self.g_norm = keras.metrics.Mean("d_norm"), keras.metrics.Mean("g_norm")
        self.samples = keras.metrics.Sum("samples")

    def measure_logits(self, real_logits, fake_logits):
        self.d_real.update_state(real_logits)
        self.d_fake.update_state(fake_logits)
        self.d_accuracy.update_state(ops.cast(real_logits, "float32") > ops.cast(fake_logits, "float32"))

    def measure_gradients(self, network, gradients, optimizer):
        """`optimizer` may have multiplied the loss by a constant, by which it divides the gradients again."""
        metric = self.d_norm if network is self.discriminator else self.g_norm
        norm = global_norm(gradients) / optimizer.scale_loss(ops.ones(()))
        metric.update_state(*self.loss_scale.measurable(norm))

    def measure_samples(self, real_data):
        self.samples.update_state(ops.cast(ops.shape(real_data)[0], "float32"))

    def measure_diversity(self, real_data, fake_data):
        self.diversity.update_state(self.diversity_of(real_data, fake_data))

    def diversity_of(self, real_data, fake_data):
        """Mean over the features of the standard deviation over the batch, of fake samples in shares of that of real ones.

        1 is as diverse as the data, 0 is a generator that makes one and the same.
        """
        real, fake = (ops.mean(replicas.std(ops.cast(each, "float32"), axis=0)) for each in (real_data, fake_data))
        return fake / ops.maximum(real, _LEAST)

    def results(self):
        """Means over the epoch so far. `loss` is there for callbacks such as `TerminateOnNaN`, which read no other."""
        measured = (self.d_loss, self.g_loss, self.d_real, self.d_fake, self.d_accuracy)
        logs = {metric.name: metric.result() for metric in measured}
        return {"loss": logs["d_loss"] + logs["g_loss"], **logs}

    def training_results(self):
        """`results`, and what only a training step measures."""
        measured = (self.diversity, self.d_norm, self.g_norm, self.samples, *self.loss_scale.metrics)
        return {**self.results(), **{metric.name: metric.result() for metric in measured}}

    def diagnose(self, history):
        """What the curves of a training tell, in plain words: see `gan_keras.diagnosis.rules`.

        Args:
            history: What `fit` returned, its `history`, rows of a `history.csv`, or the path of one.

        Returns:
            A list of lines, one for each finding, or a single one that says that there is nothing to find.
        """
        return rules.diagnose(history)

    @property
    def metrics(self):
        measured = (self.d_loss, self.g_loss, self.d_real, self.d_fake, self.d_accuracy, self.diversity, self.d_norm, self.g_norm)
        extra = (*self.sample_metrics, *self.loss_scale.metrics) if self.compiled else ()
        return [*measured, self.samples, *extra]


def global_norm(gradients):
    """The root of the sum of the squares of all numbers of all gradients, float32; None stands for no gradient.

    Rows of an embedding that a batch reads several times come in several parts, which are added first.
    """
    found = [tf.convert_to_tensor(gradient) for gradient in gradients if gradient is not None]
    return ops.sqrt(sum((ops.sum(ops.square(ops.cast(each, "float32"))) for each in found), ops.zeros(())))


def share_of_distinct(rows):
    """Share of the rows `(batch, time)` of whole numbers that are left when each is counted once, in (0, 1]."""
    # Sums with random factors, which wrap around, differ for different rows but for one pair in 2^64. They are sorted, as
    # accelerators and compilers know no set.
    factors = noise.split(tf.range(tf.shape(rows)[1], dtype=tf.int64), 0)
    codes = ops.sort(ops.sum(ops.cast(rows, "int64") * factors, axis=1))
    changes = ops.sum(ops.cast(codes[1:] != codes[:-1], "float32"))
    return (1.0 + changes) / ops.cast(ops.shape(rows)[0], "float32")
