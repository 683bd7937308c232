"""`TimeGAN`: a GAN in the space of hidden states that an autoencoder of series learns. Only what differs from `GAN`.

Reference: [Time-series Generative Adversarial Networks, Yoon et al., 2019](https://papers.nips.cc/paper/8789-time-series-generative-adversarial-networks).
"""

import keras
import tensorflow as tf
from keras import ops

from gan_keras.gans.gan import GAN
from gan_keras.gans.stages import Stages
from gan_keras.gans.step_metrics import StepMetrics

STAGES = ("embedding", "supervised", "adversarial")
_RECONSTRUCTION_WEIGHT, _FORESEEABLE_WEIGHT = 10.0, 0.01  # of the paper's code: 10 and, of the square, 0.1; here within the first


@keras.saving.register_keras_serializable(package="gan_keras")
class TimeGAN(GAN):
    """A GAN of series with four losses and three stages behind one `fit`.

    The autoencoder learns to give series back (`reconstruction`); the supervisor learns how a hidden state follows from those
    before it (`supervised`); then all learn in turn, the generator from the discriminator, from the supervisor, and from mean
    and deviation of real values at each step (`moments`).

    Args:
        generator: A `networks.TimeGANGenerator`.
        discriminator: A `networks.TimeGANDiscriminator` of the same width.
        codec: Maps raw values to series in [-1, 1]; None if samples are tensors already.
        seed: Integer that all noise of training follows from.
        stage: What training is at: a saved GAN goes on where it was.
    """

    def __init__(self, generator, discriminator, codec=None, seed=0, stage=STAGES[0], **kwargs):
        super().__init__(generator, discriminator, codec, seed, **kwargs)
        self.stage = stage

    def compile(
        self,
        generator_optimizer="adam",
        discriminator_optimizer="adam",
        embedding_epochs=10,
        supervised_epochs=10,
        supervised_weight=100.0,
        moments_weight=100.0,
        generator_steps=2,
        **kwargs,
    ):
        """Says how to train. Arguments that are not listed are those of `GAN.compile`.

        Args:
            generator_optimizer: Name, config or instance of a Keras optimizer: of generator, supervisor and recovery.
            discriminator_optimizer: The same, of discriminator and embedder.
            embedding_epochs: Epochs of the autoencoder alone, >= 0.
            supervised_epochs: Epochs of the supervisor alone, >= 0. What `fit` has left is adversarial.
            supervised_weight: Weight of the supervised loss in that of the generator, >= 0.
            moments_weight: Weight of the moments in the loss of the generator, >= 0.
            generator_steps: Updates of generator and autoencoder after each round of the discriminator, >= 1; the paper's code
                makes 2.
            **kwargs: As for `GAN.compile`.
        """
        numbers = (embedding_epochs, supervised_epochs, supervised_weight, moments_weight)
        if min(numbers) < 0:
            raise ValueError(f"Got epochs {numbers[:2]} and weights {numbers[2:]}. Expected all >= 0.")
        of_samples = [name for name in ("penalties", "augmentation", "auxiliary", "history_pool") if kwargs.get(name)]
        if of_samples:
            raise ValueError(
                f"Got {', '.join(f'{name}={kwargs[name]!r}' for name in of_samples)}. Expected none: they act on series, and "
                "this discriminator judges hidden states. Take a plain GAN of series instead."
            )
        self.embedding_epochs, self.supervised_epochs = embedding_epochs, supervised_epochs
        self.supervised_weight, self.moments_weight = float(supervised_weight), float(moments_weight)
        super().compile(generator_optimizer, discriminator_optimizer, generator_steps=generator_steps, **kwargs)

    # --- The three stages. ---

    def fit(self, x=None, *args, callbacks=(), **kwargs):
        """`keras.Model.fit`, for epochs of all stages."""
        return super().fit(x, *args, callbacks=[Stages(), *(callbacks or ())], **kwargs)

    def enter(self, stage):
        """Goes on in a stage, each of which has a step of its own."""
        self.stage = stage
        self.make_train_function(force=True)

    def end_stage(self):
        """Nothing has to be done between the stages."""

    def stage_of(self, epoch):
        """Name of the stage that `epoch`, counted from 0, belongs to."""
        if epoch < self.embedding_epochs:
            return STAGES[0]
        return STAGES[1] if epoch < self.embedding_epochs + self.supervised_epochs else STAGES[2]

    def train_step(self, data):
        series, _ = self.unpack(data)
        updates = ops.copy(self.generator_optimizer.iterations)
        steps = (self.train_autoencoder, self.train_supervisor, self.train_all)
        steps[STAGES.index(self.stage)](series)
        self.average_generator(self.generator_optimizer.iterations > updates)
        return self.step_metrics.result()

    def train_all(self, series):
        for _ in range(self.generator_steps):
            self.train_generator(series)
            self.update_autoencoder(series, lambda hidden: self.joint_loss(series, hidden))
        for _ in range(self.discriminator_steps):
            self.train_discriminator(series)

    def train_autoencoder(self, series):
        """An update of embedder and recovery, in the first stage."""
        self.update_autoencoder(series, lambda hidden: self.reconstruction_loss(series, hidden))

    def update_autoencoder(self, series, loss_of):
        with tf.GradientTape(persistent=True) as tape:
            loss = _RECONSTRUCTION_WEIGHT * loss_of(self.discriminator.embedder(series, training=True))
        self.discriminator_player.update(loss, tape, self.discriminator.embedder)
        self.generator_player.update(loss, tape, self.generator.recovery)

    def train_supervisor(self, series):
        hidden = self.discriminator.embedder(series, training=True)
        with tf.GradientTape() as tape:
            loss = self.supervised_loss(hidden)
        self.generator_player.update(loss, tape, self.generator.dynamics.supervisor)

    def train_generator(self, series, labels=None):
        """An update of generator and supervisor."""
        hidden = self.discriminator.embedder(series)
        latents = self.draw_latents(series)
        with tf.GradientTape() as tape:
            fakes = self.generator.hidden(latents)
            judged = self.discriminator.judge_hidden(hidden)
            adversarial = sum(self.adversarial_loss.generator(judged, self.discriminator.judge_hidden(fake)) for fake in fakes)
            loss = adversarial + self.supervised_weight * self.supervised_loss(hidden)
            loss += self.moments_weight * self.moments_loss(series, self.generator.recovery(fakes[1], training=True))
        self.generator_player.update(loss, tape, self.generator.dynamics)
        self.step_metrics.g_loss.update_state(adversarial)

    def train_discriminator(self, series, labels=None):
        """An update of the judge of hidden states: real ones against those of the generator, before and after the supervisor."""
        hidden, fakes = self.discriminator.embedder(series), self.generator.hidden(self.draw_latents(series))
        with tf.GradientTape() as tape:
            real_logits = self.discriminator.judge_hidden(hidden)
            fake_logits = [self.discriminator.judge_hidden(fake) for fake in fakes]
            loss = sum(self.adversarial_loss.discriminator(real_logits, logits) for logits in fake_logits)
        self.discriminator_player.update(loss, tape, self.discriminator.judge)
        self.step_metrics.d_loss.update_state(loss)
        self.step_metrics.update_logits(real_logits, fake_logits[1])
        self.step_metrics.update_samples(series, self.generator.recovery(fakes[1]))

    def draw_latents(self, series):
        return self.latents_from(self.next_seeds(ops.shape(series)[0]))

    # --- The losses that are not adversarial. ---

    def reconstruction_loss(self, series, hidden):
        """Root of the mean squared difference between series and what the recovery makes of their hidden states."""
        return self.measured("reconstruction", root_mean_square(series - self.generator.recovery(hidden, training=True)))

    def joint_loss(self, series, hidden):
        """That of the autoencoder in the last stage: hidden states shall stay foreseeable, by the supervised loss's square."""
        return self.reconstruction_loss(series, hidden) + _FORESEEABLE_WEIGHT * ops.square(self.supervised_loss(hidden))

    def supervised_loss(self, hidden):
        """Root of the mean squared difference between hidden states and what the supervisor foretells from those before."""
        foretold = self.generator.dynamics.supervisor(hidden, training=True)
        return self.measured("supervised", root_mean_square(hidden[:, 1:] - foretold[:, :-1]))

    def moments_loss(self, series, fake_series):
        """Mean difference of means and deviations, over the batch, of each column at each step."""
        pairs = [(ops.mean(each, axis=0), ops.sqrt(ops.var(each, axis=0) + 1e-6)) for each in (series, fake_series)]
        return self.measured("moments", sum(ops.mean(ops.abs(real - fake)) for real, fake in zip(*pairs, strict=True)))

    def measured(self, name, loss):
        getattr(self.step_metrics, name).update_state(loss)
        return loss

    def make_step_metrics(self):
        return TimeStepMetrics()

    def get_config(self):
        return {**super().get_config(), "stage": self.stage}

    def get_compile_config(self):
        config = super().get_compile_config()
        own = ("embedding_epochs", "supervised_epochs", "supervised_weight", "moments_weight")
        return config and {**config, **{name: getattr(self, name) for name in own}}


class TimeStepMetrics(StepMetrics):
    """Step metrics of a `TimeGAN`: also the losses that are not adversarial; those that a stage does not have stay 0."""

    def __init__(self):
        super().__init__(**{name: keras.metrics.Mean(name) for name in ("reconstruction", "supervised", "moments")})

    def test_result(self):
        logs, further = super().test_result(), {metric.name: metric.result() for metric in self.more}
        return {**logs, "loss": logs["loss"] + sum(further.values()), **further}


def root_mean_square(differences):
    """A scalar; the small number keeps the gradient finite where there is no difference."""
    return ops.sqrt(ops.mean(ops.square(differences)) + 1e-12)
