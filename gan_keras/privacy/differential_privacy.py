"""`DifferentialPrivacy`: a discriminator that learns by DP-SGD, and a generator that learns from the discriminator alone.

References: DP-SGD, [Abadi et al., 2016](https://arxiv.org/abs/1607.00133), algorithm 1; GANs that are trained by it, with more
updates of the discriminator than of the generator, [Bie et al., 2023](https://arxiv.org/abs/2302.02936).
"""

import secrets

import keras
import tensorflow as tf
from keras import ops

from gan_keras.auxiliary import Batch
from gan_keras.networks.base import call_network
from gan_keras.privacy import requirements
from gan_keras.privacy.accounting import epsilon_of, noise_multiplier_for
from gan_keras.privacy.clipping import Clipping


@keras.saving.register_keras_serializable(package="gan_keras")
class DifferentialPrivacy:
    """Differential privacy of a GAN's training, for `GAN.compile(privacy=...)`.

    Private rows are read by the discriminator alone. Each of its updates adds up the gradients of a Poisson sample's rows, each
    clipped to `clipping_norm`, and adds Gaussian noise. All else, such as the generator, follows from these updates.

        privacy = DifferentialPrivacy(epsilon=3.0, delta=1e-5, train_size=len(images), batch_size=256, train_steps=5000)
        gan.compile(loss="non_saturating", discriminator_steps=3, privacy=privacy)
        gan.fit(gan_keras.data.poisson_batches(images, privacy))
        print(gan.privacy_statement())

    Args:
        epsilon: Bound of the privacy loss, > 0.
        delta: Probability of a larger loss, in (0, 1 / train_size).
        train_size: Number of training rows.
        batch_size: Expected rows per Poisson sample, from 1 to `train_size`.
        train_steps: Updates of the discriminator in all, >= 1. Training ends after them.
        clipping_norm: Largest norm of a row's gradient, > 0.
        released: Noise multipliers of what else is released about the rows, by its name, such as `{"counts": 12.0}`. It is paid
            for out of epsilon.
        public_start: Whether the weights before training are said to come from public data, such as those of another GAN.

    Attributes:
        noise_multiplier: Deviation of the noise relative to `clipping_norm`, calibrated so that all steps spend at most epsilon.
        spent: Steps so far, which a saved GAN remembers.

    Raises:
        ValueError: If an argument is out of its range.
        ImportError: If `dp-accounting`, the extra `privacy`, is not installed.
    """

    def __init__(self, epsilon, delta, train_size, batch_size, train_steps, clipping_norm=1.0, released=None, public_start=False):
        requirements.check_numbers(epsilon, delta, train_size, batch_size, train_steps, clipping_norm, released or {})
        self.epsilon, self.delta, self.clipping_norm = float(epsilon), float(delta), float(clipping_norm)
        self.train_size, self.batch_size, self.train_steps = int(train_size), int(batch_size), int(train_steps)
        self.released, self.public_start = dict(released or {}), bool(public_start)
        self.noise_multiplier = noise_multiplier_for(
            self.epsilon, self.delta, self.sampling_rate, self.train_steps, tuple(self.released.values())
        )
        self.spent = keras.Variable(0, dtype="int64", trainable=False, name="privacy_steps")
        self.clipping = self.noise = None

    @property
    def sampling_rate(self):
        """Probability of each row to be in a Poisson sample."""
        return self.batch_size / self.train_size

    @property
    def variables(self):
        return [self.spent]

    @property
    def steps_spent(self):
        return int(ops.convert_to_numpy(self.spent.value))

    @property
    def epsilon_spent(self):
        """Epsilon of the steps so far, and of what was released besides."""
        return epsilon_of(self.noise_multiplier, self.sampling_rate, self.steps_spent, self.delta, tuple(self.released.values()))

    def prepare(self, gan):
        """Checks that nothing of a GAN but its discriminator's updates reads private rows; called by `GAN.compile`.

        Raises:
            ValueError: If something does; the message says what, and what works instead.
        """
        requirements.check_gan(gan)
        self.clipping = Clipping(gan, self.clipping_norm)
        # The noise is secret: it comes from the operating system, no seed repeats it, and no file holds its state.
        self.noise = tf.random.Generator.from_state([secrets.randbits(63) for _ in range(3)], alg="philox")

    def goes_on_with(self, other):
        """Returns whether `other`, the privacy of a GAN so far, is the same one; raises `ValueError` if it is not and was spent."""
        if other is None or other is self or not other.steps_spent and other.get_config() != self.get_config():
            return other is self
        if other.get_config() != self.get_config():
            raise ValueError(
                f"The GAN has spent {other.steps_spent:,} steps of another privacy, {other.get_config()}. Expected the same, or a "
                "new GAN: what both tell about a row adds up."
            )
        return True

    def check_data(self, gan, x, options):
        """Raises `ValueError` unless `fit` gets what the guarantee covers: see `requirements.check_data`."""
        requirements.check_data(gan, x, options)

    # --- The algorithm. ---

    def train_step(self, gan, data):
        """Updates the discriminator on a Poisson sample and, every `discriminator_steps` samples, the generator."""
        gan.step_metrics.begin()
        real_data, labels = gan.read_batch(data)
        self.spend()
        self.train_discriminator(gan, real_data, labels)
        is_due = ops.equal(self.spent % gan.discriminator_steps, 0)
        tf.cond(is_due, lambda: self.train_generator(gan), lambda: None)
        gan.step_metrics.samples.update_state(float(self.batch_size))  # the expected number: the real one is private
        return gan.step_metrics.result()

    def spend(self):
        """Counts a step; raises `tf.errors.InvalidArgumentError` if none is left."""
        message = f"The privacy budget is spent: {self.train_steps:,} steps. Steps so far:"
        left = tf.debugging.Assert(self.spent.value < self.train_steps, [message, self.spent.value])
        with tf.control_dependencies([left]):
            self.spent.assign_add(1)

    def train_discriminator(self, gan, real_data, labels):
        fake_data, own_labels = self.draw(gan)[:2]
        loss, zero = gan.adversarial_loss, ops.zeros((1, 1))
        real = self.clipping.sums(real_data, labels, lambda logits: loss.discriminator(logits, zero), "real")
        # Generated rows are not private. They are clipped all the same, so that both sides count alike.
        fake = self.clipping.sums(fake_data, own_labels, lambda logits: loss.discriminator(zero, logits), "fake")
        deviation = self.noise_multiplier * self.clipping_norm
        gradients = [
            (of_real + self.noise.normal(of_real.shape, stddev=deviation) + of_fake) / self.batch_size
            for of_real, of_fake in zip(real, fake, strict=True)
        ]
        player = gan.discriminator_player
        player.measure(gradients)
        player.apply(gradients, gan.discriminator.trainable_variables)

    def train_generator(self, gan):
        for _ in range(gan.generator_steps):
            with tf.GradientTape() as tape:
                fake_data, labels, latents = self.draw(gan)
                logits = gan.judge(fake_data, labels)
                loss = gan.adversarial_loss.generator(ops.zeros_like(logits), logits) + sum(gan.generator.losses)
                batch = Batch(None, fake_data, latents, labels)
                loss += sum(objective.generator(gan, batch) for objective in gan.auxiliary)
            has_moved = gan.generator_player.update(loss, tape)
            gan.average_generator(has_moved)
            gan.step_metrics.g_loss.update_state(loss)
            gan.step_metrics.d_fake.update_state(logits)

    def draw(self, gan):
        """Returns generated samples, with labels of their own, and latents: as many in each step, as a sample's size is private."""
        seeds = gan.next_seeds(self.batch_size)
        latents, labels = gan.latents_from(seeds), gan.labels_from(seeds)
        return call_network(gan.generator, latents, labels, training=True), labels, latents

    # --- What is said about it. ---

    def statement(self):
        """Returns what can be said about a GAN that was trained so, a dictionary for the model card and the report."""
        return {
            "epsilon": self.epsilon_spent,
            "epsilon_of_all_steps": self.epsilon,
            "delta": self.delta,
            "unit": "one training row",
            "relation": "data sets that differ by one added or removed row; their number of rows is taken to be public",
            "mechanism": f"DP-SGD: Gaussian noise of {self.noise_multiplier:.4g} x {self.clipping_norm:g} on sums of clipped "
            f"gradients, Poisson samples of a share of {self.sampling_rate:.4g}, {self.steps_spent:,} of {self.train_steps:,} "
            "steps, accounted by privacy loss distributions",
            "released": dict(self.released),
            "covered": "the weights of both networks, generated samples, scores, and logs of the training",
            "not_covered": [
                "checkpoints read while training goes on, which hold what a sample's secrecy protects",
                "choices that were made after looking at the data: settings that were compared, a schema that was read off",
                "evaluations and audits, which compare with real rows",
                "the time that steps take, and attacks on floating-point noise",
            ]
            + (["the weights before training, which are said to come from public data"] if self.public_start else []),
        }

    def get_config(self):
        names = ("epsilon", "delta", "train_size", "batch_size", "train_steps", "clipping_norm", "released", "public_start")
        return {name: getattr(self, name) for name in names}

    @classmethod
    def from_config(cls, config):
        return cls(**config)
