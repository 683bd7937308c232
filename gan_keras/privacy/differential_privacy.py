"""`DifferentialPrivacy`: a discriminator that learns by DP-SGD, and a generator that learns from the discriminator alone.

References: DP-SGD, [Abadi et al., 2016](https://arxiv.org/abs/1607.00133), algorithm 1; GANs that are trained by it, with more
updates of the discriminator than of the generator, [Bie et al., 2023](https://arxiv.org/abs/2302.02936).
"""

import math
import pathlib
import secrets
import weakref

import keras
import tensorflow as tf
from keras import ops

from gan_keras.auxiliary import Batch
from gan_keras.media.safe_files import read_json, write_json
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
        noise_multiplier: Deviation of the noise relative to `clipping_norm`, > 0. None calibrates it, so that all steps spend at
            most epsilon; `fit` refuses one that spends more.

    Attributes:
        spent: Steps so far, which a saved GAN remembers, and nothing takes back.

    Raises:
        ValueError: If an argument is out of its range.
        ImportError: If `dp-accounting`, the extra `privacy`, is not installed.
    """

    def __init__(
        self,
        epsilon,
        delta,
        train_size,
        batch_size,
        train_steps,
        clipping_norm=1.0,
        released=None,
        public_start=False,
        noise_multiplier=None,
    ):
        requirements.check_numbers(
            epsilon, delta, train_size, batch_size, train_steps, clipping_norm, released or {}, noise_multiplier
        )
        self.epsilon, self.delta, self.clipping_norm = float(epsilon), float(delta), float(clipping_norm)
        self.train_size, self.batch_size, self.train_steps = int(train_size), int(batch_size), int(train_steps)
        self.released, self.public_start = dict(released or {}), bool(public_start)
        self.noise_multiplier = float(
            noise_multiplier
            or noise_multiplier_for(self.epsilon, self.delta, self.sampling_rate, self.train_steps, self.multipliers)
        )
        self.spent = keras.Variable(0, dtype="int64", trainable=False, name="privacy_steps")
        self.drawn = keras.Variable(0, dtype="int64", trainable=False, name="privacy_draws")  # `gan.draws` after the last step
        self.clipping = self.noise = self.owner = None

    @property
    def sampling_rate(self):
        """Probability of each row to be in a Poisson sample."""
        return self.batch_size / self.train_size

    @property
    def multipliers(self):
        """Noise multipliers of what is released besides training, a tuple."""
        return tuple(self.released.values())

    @property
    def variables(self):
        return [self.spent, self.drawn]

    @property
    def steps_spent(self):
        return int(ops.convert_to_numpy(self.spent.value))

    @property
    def epsilon_spent(self):
        """Epsilon of the steps so far, and of what was released besides."""
        return epsilon_of(self.noise_multiplier, self.sampling_rate, self.steps_spent, self.delta, self.multipliers)

    @property
    def ending(self):
        """A line for when the budget is spent."""
        return (
            f"The privacy budget is spent: {self.steps_spent:,} steps, epsilon {self.epsilon_spent:.3g}, delta {self.delta:.2g}. "
            "Training has ended."
        )

    def prepare(self, gan):
        """Checks that nothing of a GAN but its discriminator's updates reads private rows; called by `GAN.compile`.

        Raises:
            ValueError: If something does; the message says what, and what works instead.
        """
        requirements.check_gan(gan)
        if self.owner is not None and self.owner() is not gan:
            raise ValueError(
                "The privacy is that of another GAN, and counts its steps. Expected one of its own: "
                "`DifferentialPrivacy.from_config(privacy.get_config())`."
            )
        self.owner = weakref.ref(gan)
        self.clipping = Clipping(gan, self.clipping_norm)
        # The noise is secret: it comes from the operating system, no seed repeats it, and no file holds its state.
        self.noise = tf.random.Generator.from_state([secrets.randbits(63) for _ in range(3)], alg="philox")

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
        self.drawn.assign(gan.draws)
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
        """Returns generated samples, with labels of their own, and latents: a fixed number, as a sample's size is private."""
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
            "unit": "one training row: one row of a table, one image, or one window of a series",
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
                "a run's settings and its report, which hold a fingerprint and counts of the rows",
                "the time that steps take, and attacks on the noise's generator (Philox, begun by the operating system) and on "
                "its floating-point numbers",
            ]
            + (["the weights before training, which are said to come from public data"] if self.public_start else []),
        }

    def get_config(self):
        numbers = ("epsilon", "delta", "train_size", "batch_size", "train_steps", "clipping_norm")
        return {name: getattr(self, name) for name in (*numbers, "released", "public_start", "noise_multiplier")}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


def in_words(statement):
    """Returns the lines of a `DifferentialPrivacy.statement` as a text for people."""
    released = ", ".join(f"{name} (noise {each:.4g})" for name, each in statement["released"].items())
    return "\n".join(
        [
            f"Trained with differential privacy: epsilon {statement['epsilon']:.3g}, delta {statement['delta']:.2g}.",
            "Whoever knows all rows but one and sees all that is covered can change the odds that this row was used by a "
            f"factor of at most {math.exp(min(statement['epsilon'], 700.0)):.3g}, but for a probability of about delta.",
            f"Unit: {statement['unit']}. Relation: {statement['relation']}.",
            f"Mechanism: {statement['mechanism']}.",
            *([f"Released besides, within this epsilon: {released}."] if released else []),
            f"Covered: {statement['covered']}.",
            *(f"Not covered: {each}." for each in statement["not_covered"]),
        ]
    )


class Budget(keras.callbacks.Callback):
    """Ends a training when its privacy budget is spent, and says so; every private `fit` has one."""

    has_ended = False

    def on_train_batch_end(self, batch, logs=None):
        privacy = self.model.privacy
        if privacy.steps_spent >= privacy.train_steps:
            self.model.stop_training = self.has_ended = True

    def on_train_end(self, logs=None):
        if self.has_ended:
            self.model.tell(self.model.privacy.ending)


class Ledger(keras.callbacks.Callback):
    """A file that says how many steps a training may have spent, so that a killed one pays for steps whose weights were lost.

    The file is ahead: it is written before steps are taken, a hundredth of the budget at a time. A training that resumes from a
    checkpoint begins at the larger of both numbers. `fit` keeps one next to its checkpoints; `gan-keras train` in the run.

    Args:
        path: Path of the JSON file.
        show: Called with a line about steps that were lost.
    """

    def __init__(self, path, show=print):
        super().__init__()
        self.path, self.show = pathlib.Path(path), show

    @property
    def reserved(self):
        """Steps that may have been spent; 0 without a file."""
        return int(read_json(self.path)["steps"]) if self.path.exists() else 0

    def on_train_begin(self, logs=None):
        privacy, self.paid = self.model.privacy, self.reserved
        lost = self.paid - privacy.steps_spent
        if lost > 0:
            privacy.spent.assign(self.paid)
            line = f"{lost:,} steps of the privacy budget were spent and lost when the training was interrupted: "
            self.show(f"{line}{max(0, privacy.train_steps - self.paid):,} of {privacy.train_steps:,} are left.")
            if self.paid >= privacy.train_steps:
                raise ValueError(f"{privacy.ending} Expected to use the GAN of the last checkpoint as it is.")

    def on_train_batch_begin(self, batch, logs=None):
        privacy = self.model.privacy
        if (spent := privacy.steps_spent) >= self.paid:
            self.paid = min(privacy.train_steps, spent + max(1, privacy.train_steps // 100))
            write_json(self.path, {"steps": self.paid, "of": privacy.train_steps})
