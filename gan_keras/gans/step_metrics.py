"""Step metrics: cheap numbers, besides the losses, that tell a healthy training from a dying one."""

import keras
import tensorflow as tf
from keras import ops

from gan_keras import noise, replicas

_MIN_DEVIATION = 1e-12  # stands for the deviation of real data that do not vary at all


class StepMetrics:
    """Means over the epoch that a GAN measures in each step; `fit` logs them and `gan_keras.diagnosis` reads them.

    `d_norm` and `g_norm` are gradient norms. They show a NaN that a loss may hide: some fused kernels turn it into 0.
    `d_accuracy` is the fraction of pairs in which the real logit exceeds the fake one, and means the same for every loss: 1 for
    a discriminator that is always right, 0.5 for one that guesses. `diversity` is how much the fake samples of a batch vary.
    `samples` counts the real samples of the epoch so far. What a stage of the training does not measure is not logged.

    Args:
        **more: Further metrics by attribute name, such as a loss of a subclass; `result` returns them too.

    Attributes:
        losses: Names of the metrics without which there is no `loss`.
    """

    losses = ("d_loss", "g_loss", "reconstruction", "supervised", "moments")

    def __init__(self, **more):
        self.d_loss, self.g_loss = keras.metrics.Mean("d_loss"), keras.metrics.Mean("g_loss")
        self.d_real, self.d_fake = keras.metrics.Mean("d_real"), keras.metrics.Mean("d_fake")
        self.d_accuracy, self.diversity = keras.metrics.Mean("d_accuracy"), keras.metrics.Mean("diversity")
        self.d_norm, self.g_norm = keras.metrics.Mean("d_norm"), keras.metrics.Mean("g_norm")
        self.samples = keras.metrics.Sum("samples")
        self.num_replicas = tf.distribute.get_strategy().num_replicas_in_sync
        self.more, self.skipped = tuple(more.values()), ()  # `compile` sets `skipped`, the overflows of float16
        for name, metric in more.items():
            setattr(self, name, metric)
        self.updated = set()
        for metric in self.metrics():
            metric.update_state = self.noting(metric)

    def noting(self, metric):
        """Returns the metric's `update_state`, which notes that the step, or its graph, measures it."""
        update_state = metric.update_state

        def update(*args, **kwargs):
            self.updated.add(metric.name)
            return update_state(*args, **kwargs)

        return update

    def begin(self):
        """Begins a step, or its graph, which has measured nothing yet."""
        self.updated.clear()

    def measured(self, logs):
        """Returns logs without the metrics that the step does not measure, and without a loss of them alone."""
        # Before a first step, in a resumed epoch, counts tell what was measured.
        means = [metric for metric in self.metrics() if hasattr(metric, "count")]
        updated = self.updated or {metric.name for metric in means if float(metric.count) > 0}
        missing = {metric.name for metric in means} - updated
        losses = {name for name in self.losses if name in logs}
        return {name: value for name, value in logs.items() if name not in missing and not (name == "loss" and losses <= missing)}

    def update_logits(self, real_logits, fake_logits):
        """Updates `d_real`, `d_fake` and `d_accuracy` with the discriminator's logits."""
        self.d_real.update_state(real_logits)
        self.d_fake.update_state(fake_logits)
        self.d_accuracy.update_state(ops.cast(real_logits, "float32") > ops.cast(fake_logits, "float32"))

    def update_samples(self, real_data, fake_data):
        """Updates `diversity` with a batch of real samples and one of fake samples."""
        self.diversity.update_state(self.diversity_of(real_data, fake_data))

    def count(self, real_data):
        """Adds a batch to `samples`."""
        self.samples.update_state(ops.cast(ops.shape(real_data)[0], "float32"))

    def diversity_of(self, real_data, fake_data):
        """Batch standard deviation of fake samples, averaged over features, relative to real ones.

        1 is as diverse as the data; 0 is a generator that makes one and the same sample.
        """
        std = tf.math.reduce_std if self.num_replicas == 1 else replicas.std
        real, fake = (ops.mean(std(ops.cast(each, "float32"), axis=0)) for each in (real_data, fake_data))
        return fake / ops.maximum(real, _MIN_DEVIATION)

    def test_result(self):
        """Returns what a test step measures, by name. `loss` is for callbacks such as `TerminateOnNaN`, which read no other."""
        measured = (self.d_loss, self.g_loss, self.d_real, self.d_fake, self.d_accuracy)
        logs = {metric.name: metric.result() for metric in measured}
        return {"loss": logs["d_loss"] + logs["g_loss"], **logs}

    def result(self):
        """Returns what a training step measures, by name: means over the epoch so far."""
        further = (self.diversity, self.d_norm, self.g_norm, self.samples, *self.skipped, *self.more)
        return self.measured({**self.test_result(), **{metric.name: metric.result() for metric in further}})

    def metrics(self, compiled=()):
        """Returns all metrics, those of `compile` included, in the order in which checkpoints hold them."""
        measured = (self.d_loss, self.g_loss, self.d_real, self.d_fake, self.d_accuracy, self.diversity, self.d_norm, self.g_norm)
        return [*measured, self.samples, *compiled, *self.more]


def distinct_fraction(rows):
    """Fraction of the rows `(batch, time)` of integers that are left when each is counted once, in (0, 1]."""
    # Sums with random factors, which wrap around, differ for different rows except for one pair in 2^64. They are sorted, as
    # accelerators and compilers know no set.
    factors = noise.split(tf.range(tf.shape(rows)[1], dtype=tf.int64), 0)
    codes = ops.sort(ops.sum(ops.cast(rows, "int64") * factors, axis=1))
    changes = ops.sum(ops.cast(codes[1:] != codes[:-1], "float32"))
    return (1.0 + changes) / ops.cast(ops.shape(rows)[0], "float32")
