"""`TimeGAN`: a GAN in the space of hidden states that an autoencoder of series learns. Only the differences from `GAN`.

Reference: [Time-series Generative Adversarial Networks, Yoon et al., 2019](https://papers.nips.cc/paper/8789-time-series-generative-adversarial-networks).
"""

import keras
import tensorflow as tf
from keras import ops

from gan_keras.gans.gan import GAN
from gan_keras.gans.options import check_unused
from gan_keras.gans.step_metrics import StepMetrics

STAGES = ("embedding", "supervised", "adversarial")
# The paper's code weighs the reconstruction by 10 and the squared supervised loss by 0.1, here 10 x 0.01.
_RECONSTRUCTION_WEIGHT, _PREDICTABILITY_WEIGHT = 10.0, 0.01


@keras.saving.register_keras_serializable(package="gan_keras")
class TimeGAN(GAN):
    """A GAN of series with four losses and three stages behind one `fit`.

    First the autoencoder learns to reconstruct series (`reconstruction`). Then the supervisor learns to predict each hidden
    state from those before it (`supervised`). Finally all networks train in turn; the generator learns from the discriminator,
    the supervisor, and the mean and deviation of real values at each step (`moments`). Each stage starts with fresh optimizers.

    Args:
        generator: A `networks.TimeGANGenerator`.
        discriminator: A `networks.TimeGANDiscriminator` of the same width.
        codec: Maps raw values to series in [-1, 1]; None if samples are tensors already.
        seed: Integer that determines all noise of training.
        stage: Current stage of training, so that a saved GAN resumes in it.
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
        """Configures the training.

        Args:
            generator_optimizer: Name, config or instance of a Keras optimizer, for generator, supervisor and recovery.
            discriminator_optimizer: Another one, for discriminator and embedder.
            embedding_epochs: Epochs that train the autoencoder alone, >= 0.
            supervised_epochs: Epochs that train the supervisor alone, >= 0. The remaining epochs are adversarial.
            supervised_weight: Weight of the supervised loss in the generator's loss, >= 0.
            moments_weight: Weight of the moments in the generator's loss, >= 0.
            generator_steps: Updates of generator and autoencoder per round of the discriminator, >= 1; 2 in the paper's code.
            **kwargs: Further arguments of `GAN.compile`.
        """
        numbers = (embedding_epochs, supervised_epochs, supervised_weight, moments_weight)
        if min(numbers) < 0:
            raise ValueError(f"Got epochs {numbers[:2]} and weights {numbers[2:]}. Expected all >= 0.")
        check_unused(
            kwargs, "they act on series, and this discriminator judges hidden states. Use a plain GAN of series instead."
        )
        self.embedding_epochs, self.supervised_epochs = embedding_epochs, supervised_epochs
        self.supervised_weight, self.moments_weight = float(supervised_weight), float(moments_weight)
        super().compile(generator_optimizer, discriminator_optimizer, generator_steps=generator_steps, **kwargs)

    # --- The three stages. ---

    def fit(self, x=None, *args, callbacks=(), **kwargs):
        """Trains by `GAN.fit`; `epochs` counts those of all stages."""
        stages = keras.callbacks.LambdaCallback(on_epoch_begin=self.begin_epoch)
        return super().fit(x, *args, callbacks=[stages, *(callbacks or ())], **kwargs)

    def begin_epoch(self, epoch, logs=None):
        if self.stage_of(epoch) != self.stage:
            for optimizer in (self.generator_optimizer, self.discriminator_optimizer):
                begin_anew(optimizer)
            self.enter(self.stage_of(epoch))

    def enter(self, stage):
        """Switches to a stage and its training step."""
        self.stage = stage
        self.make_train_function(force=True)

    def stage_of(self, epoch):
        if epoch < self.embedding_epochs:
            return STAGES[0]
        return STAGES[1] if epoch < self.embedding_epochs + self.supervised_epochs else STAGES[2]

    def train_step(self, data):
        series, _ = self.unpack(data)
        updates = ops.copy(self.generator_optimizer.iterations)
        if self.stage == STAGES[0]:
            self.update_autoencoder(series, self.reconstruction_loss)
        elif self.stage == STAGES[1]:
            self.train_supervisor(series)
        else:
            for _ in range(self.generator_steps):
                self.train_generator(series)
                self.update_autoencoder(series, self.joint_loss)
            for _ in range(self.discriminator_steps):
                self.train_discriminator(series)
        self.average_generator(self.generator_optimizer.iterations > updates)
        return self.step_metrics.result()

    def update_autoencoder(self, series, loss_of):
        """Updates embedder and recovery by `loss_of(series, hidden)`."""
        with tf.GradientTape(persistent=True) as tape:
            loss = _RECONSTRUCTION_WEIGHT * loss_of(series, self.discriminator.embedder(series, training=True))
        self.discriminator_player.update(loss, tape, self.discriminator.embedder)
        self.generator_player.update(loss, tape, self.generator.recovery)

    def train_supervisor(self, series):
        hidden = self.discriminator.embedder(series, training=True)
        with tf.GradientTape() as tape:
            loss = self.supervised_loss(hidden)
        self.generator_player.update(loss, tape, self.generator.dynamics.supervisor)

    def train_generator(self, series, labels=None):
        """Updates generator and supervisor."""
        hidden = self.discriminator.embedder(series)
        latents = self.draw_latents(series)
        with tf.GradientTape() as tape:
            fakes = self.generator.hidden(latents)
            real_logits = self.discriminator.judge_hidden(hidden)
            fake_logits = (self.discriminator.judge_hidden(fake) for fake in fakes)
            adversarial = sum(self.adversarial_loss.generator(real_logits, logits) for logits in fake_logits)
            loss = adversarial + self.supervised_weight * self.supervised_loss(hidden)
            loss += self.moments_weight * self.moments_loss(series, self.generator.recovery(fakes[1], training=True))
        self.generator_player.update(loss, tape, self.generator.dynamics)
        self.step_metrics.g_loss.update_state(adversarial)

    def train_discriminator(self, series, labels=None):
        """Updates the judge of hidden states, on real ones and generated ones, before and after the supervisor."""
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

    # --- The other losses. ---

    def reconstruction_loss(self, series, hidden):
        """Returns the root mean squared difference between series and their reconstructions from hidden states."""
        return self.measured("reconstruction", root_mean_square(series - self.generator.recovery(hidden, training=True)))

    def joint_loss(self, series, hidden):
        """Returns the autoencoder's loss in the last stage, which also keeps hidden states predictable."""
        return self.reconstruction_loss(series, hidden) + _PREDICTABILITY_WEIGHT * ops.square(self.supervised_loss(hidden))

    def supervised_loss(self, hidden):
        """Returns the root mean squared difference between hidden states and the supervisor's predictions of them."""
        predicted = self.generator.dynamics.supervisor(hidden, training=True)
        return self.measured("supervised", root_mean_square(hidden[:, 1:] - predicted[:, :-1]))

    def moments_loss(self, series, fake_series):
        """Returns the mean difference of batch means and batch deviations, over columns and steps."""
        pairs = [(ops.mean(each, axis=0), ops.sqrt(ops.var(each, axis=0) + 1e-6)) for each in (series, fake_series)]
        return self.measured("moments", sum(ops.mean(ops.abs(real - fake)) for real, fake in zip(*pairs, strict=True)))

    def measured(self, name, loss):
        """Returns a loss after recording it in the step metrics."""
        getattr(self.step_metrics, name).update_state(loss)
        return loss

    def make_step_metrics(self):
        return TimeStepMetrics()

    def get_config(self):
        return {**super().get_config(), "stage": self.stage}

    def get_compile_config(self):
        config, own = (
            super().get_compile_config(),
            ("embedding_epochs", "supervised_epochs", "supervised_weight", "moments_weight"),
        )
        return config and {**config, **{name: getattr(self, name) for name in own}}


class TimeStepMetrics(StepMetrics):
    """Step metrics of a `TimeGAN`, with its other losses; a loss that a stage does not use stays 0."""

    def __init__(self):
        super().__init__(**{name: keras.metrics.Mean(name) for name in ("reconstruction", "supervised", "moments")})

    def test_result(self):
        logs, more = super().test_result(), {metric.name: metric.result() for metric in self.more}
        return {**logs, "loss": logs["loss"] + sum(more.values()), **more}


def begin_anew(optimizer):
    """Resets the step count and moments of an optimizer, but not its learning rate: in the paper, each stage has its own."""
    fresh = type(optimizer).from_config(optimizer.get_config())
    fresh.build(optimizer._trainable_variables)
    for variable, first in zip(optimizer.variables, fresh.variables, strict=True):
        if variable is not optimizer._learning_rate:
            variable.assign(first)


def root_mean_square(differences):
    """Returns a scalar; the small constant keeps the gradient finite where all differences are 0."""
    return ops.sqrt(ops.mean(ops.square(differences)) + 1e-12)
