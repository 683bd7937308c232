"""`TextGAN`: a language model that adversarial training refines. Only the differences from `GAN`.

One `fit` passes through three stages: the generator learns by likelihood (kept as `baseline`), the discriminator learns to tell
its drafts from text, then both train in turn.
"""

import keras
import tensorflow as tf
from keras import ops

from gan_keras import feedback as feedbacks
from gan_keras import replicas
from gan_keras.gans.options import as_list, check_unused
from gan_keras.gans.step_metrics import StepMetrics, distinct_fraction
from gan_keras.gans.text_generation import SERVED_CANDIDATES, TextWriter, trim
from gan_keras.networks.language_model import token_mask


@keras.saving.register_keras_serializable(package="gan_keras")
class TextGAN(TextWriter):
    """A GAN of sentences. `baseline` is the generator after training by likelihood alone: the adversarial stage has to beat it.

    Args:
        generator: A `networks.RecurrentGenerator`.
        discriminator: A `networks.TextDiscriminator`.
        codec: An adapted text codec.
        likelihood_weight: Weight of the likelihood when the best draft is chosen (`Selection`), >= 0.
        seed: Integer that determines all noise of training.
        stage: Current stage of training, so that a saved GAN resumes in it.
    """

    cannot_be_compiled = "the length of drafts is not known in advance"
    loss_tells_quality = True  # it is the likelihood

    def __init__(self, generator, discriminator, codec, likelihood_weight=0.5, seed=0, stage="pretraining", **kwargs):
        super().__init__(generator, discriminator, codec, seed, **kwargs)
        self.likelihood_weight = float(likelihood_weight)
        self.baseline = self.copy_generator("baseline")
        shape = (generator.length + 1, 2)
        infinite = keras.initializers.Constant(float("inf"))
        self.baseline_nll = self.add_weight(name="baseline_nll", shape=(), initializer=infinite, trainable=False)
        self.score_mean = self.add_weight(name="score_mean", shape=shape, initializer="zeros", trainable=False)
        self.score_deviation = self.add_weight(name="score_deviation", shape=shape, initializer="ones", trainable=False)
        self.stage = stage

    def compile(
        self,
        generator_optimizer="adam",
        discriminator_optimizer="adam",
        feedback="cooperative",
        pretraining_epochs=10,
        discriminator_epochs=1,
        drafts_per_line=4,
        generator_ema=0.998,
        **kwargs,
    ):
        """Configures the training.

        Args:
            generator_optimizer: Name, config or instance of a Keras optimizer.
            discriminator_optimizer: Another one, for the discriminator.
            feedback: How the generator learns from the discriminator: see `gan_keras.feedback`.
            pretraining_epochs: Epochs that train by likelihood alone, >= 0.
            discriminator_epochs: Epochs that train the discriminator alone, >= 0. The remaining epochs are adversarial.
            drafts_per_line: Drafts that the discriminator reads per real line, >= 1. Text is scarce and drafts are not: a
                discriminator memorizes lines that it sees often.
            generator_ema: Decay of the averaged generator, in [0, 1).
            **kwargs: Further arguments of `GAN.compile`.
        """
        epochs = {"pretraining_epochs": pretraining_epochs, "discriminator_epochs": discriminator_epochs}
        if min(epochs.values()) < 0:
            raise ValueError(f"Got {epochs}. Expected both >= 0.")
        if drafts_per_line < 1:
            raise ValueError(f"drafts_per_line={drafts_per_line}. Expected at least 1.")
        hint = "Raise the discriminator's dropout or weight decay instead."
        check_unused(kwargs, f"they act on samples by gradients, and tokens have none. {hint}")
        self.feedback = feedbacks.get(feedback)
        self.pretraining_epochs, self.discriminator_epochs = pretraining_epochs, discriminator_epochs
        self.drafts_per_line = drafts_per_line
        super().compile(generator_optimizer, discriminator_optimizer, generator_ema=generator_ema, **kwargs)

    # --- The three stages. ---

    def fit(self, x=None, *args, callbacks=(), **kwargs):
        """Trains by `GAN.fit`; `epochs` counts those of all stages. Calls `calibrate` at the end."""
        stages = keras.callbacks.LambdaCallback(on_epoch_begin=self.begin_epoch, on_epoch_end=self.end_epoch)
        callbacks = getattr(callbacks, "callbacks", callbacks)
        history = super().fit(x, *args, callbacks=[stages, *as_list(callbacks)], **kwargs)
        if self.stage != "pretraining":
            self.calibrate()
        return history

    def begin_epoch(self, epoch, logs=None):
        """Enters the stage of an epoch. Later stages start from the best pretrained network and share its embedding."""
        stage = self.stage_of(epoch)
        if stage == self.stage:
            return
        if self.stage == "pretraining":
            for network in (self.generator, self.ema_generator):
                network.set_weights(self.baseline.get_weights())
            embedding = self.discriminator.embedding.embeddings
            if embedding.shape == self.generator.embedding.embeddings.shape:
                embedding.assign(self.generator.embedding.embeddings)
        self.enter(stage)

    def end_epoch(self, epoch, logs=None):
        """Keeps the pretrained network with the lowest `val_nll` as the baseline; without held-out data, the last one."""
        nll = (logs or {}).get("val_nll")
        if self.stage == "pretraining" and (nll is None or nll < float(ops.convert_to_numpy(self.baseline_nll))):
            self.baseline_nll.assign(float("inf") if nll is None else nll)
            self.baseline.set_weights(self.ema_generator.get_weights())

    def enter(self, stage):
        """Switches to a stage and its training step."""
        measures_drafts = self.stage != "pretraining"
        self.stage = stage
        self.make_train_function(force=True)
        self.make_test_function(force=measures_drafts != (stage != "pretraining"))

    def stage_of(self, epoch):
        if epoch < self.pretraining_epochs:
            return "pretraining"
        return "discriminator" if epoch < self.pretraining_epochs + self.discriminator_epochs else "adversarial"

    def train_step(self, data):
        tokens, labels = self.unpack(data)
        if self.stage == "pretraining":
            self.train_supervised(tokens, labels)
        else:
            for _ in range(self.discriminator_steps):
                self.train_discriminator(tokens, labels)
        if self.stage == "adversarial":
            for _ in range(self.generator_steps):
                self.train_generator(tokens, labels)
        return self.step_metrics.result()

    def train_supervised(self, tokens, labels=None):
        with tf.GradientTape() as tape:
            loss = self.supervised_loss(tokens, labels)
        self.average_generator(self.generator_player.update(loss, tape))

    def train_generator(self, real_data, labels=None):
        with tf.GradientTape() as tape:
            loss = self.feedback.generator_loss(self, real_data, labels)
        self.average_generator(self.generator_player.update(loss, tape))
        self.step_metrics.g_loss.update_state(loss)

    def discriminator_loss(self, real_data, fake_data, labels=None):
        """Returns the adversarial loss of sentences plus that of every token's logit, from which dense rewards are made."""
        real, real_steps = self.discriminator.logits(real_data, labels, training=True)
        fake, fake_steps = self.discriminator.logits(fake_data, self.repeated(labels), training=True)
        real = self.repeated(real)
        self.step_metrics.update_logits(real, fake)
        steps = mean_of_tokens(ops.softplus(-real_steps), real_data) + mean_of_tokens(ops.softplus(fake_steps), fake_data)
        return self.adversarial_loss.discriminator(real, fake) + steps + sum(self.discriminator.losses)

    def supervised_loss(self, tokens, labels=None):
        """Returns the mean negative log-likelihood per real token, ends included, padding excluded, in nats."""
        latents = self.latents_from(self.next_seeds(ops.shape(tokens)[0]))
        loss = mean_of_tokens(self.generator.token_losses(latents, tokens, labels, training=True), tokens)
        self.step_metrics.nll.update_state(loss)
        return loss

    def drafts(self, num, labels=None):
        """Returns sentences of the live generator, int32 `(num, time)`, and their two scores, float32 `(num, 2)`."""
        return self.scored(self.generator, self.latents_from(self.next_seeds(num)), labels)

    def draw(self, real_data, labels=None):
        """Returns drafts of the live generator, `drafts_per_line` per real line."""
        batch = super().draw(self.repeated(real_data), self.repeated(labels))
        return batch._replace(real_data=real_data, fake_data=trim(batch.fake_data))

    def repeated(self, rows):
        """Returns each row `drafts_per_line` times."""
        return None if rows is None else ops.repeat(rows, self.drafts_per_line, axis=0)

    def test_step(self, data):
        """Measures the averaged generator's likelihood of held-out text, and the discriminator on text and drafts."""
        self.step_metrics.begin()
        tokens, labels = self.read_batch(data)
        rows = ops.shape(tokens)[0]
        latents = self.latents_from(replicas.first_row(rows) + tf.range(rows, dtype=tf.int64))
        num_tokens = ops.sum(token_mask(tokens))
        likelihood = ops.sum(self.ema_generator.log_likelihood(latents, tokens, labels))
        self.step_metrics.nll.update_state(-likelihood / num_tokens, num_tokens)
        if self.stage != "pretraining":
            real_logits = self.judge(tokens, labels, training=False)
            fake_logits = self.judge(trim(self(latents, labels)), labels, training=False)
            self.step_metrics.d_loss.update_state(self.adversarial_loss.discriminator(real_logits, fake_logits))
            self.step_metrics.update_logits(real_logits, fake_logits)
        return self.step_metrics.measured(self.step_metrics.test_result())

    def make_step_metrics(self):
        return TextStepMetrics()

    def model_card(self):
        return {
            **super().model_card(),
            "vocabulary_size": self.codec.vocabulary_size,
            "most_tokens": self.codec.length,
            "guided_candidates": SERVED_CANDIDATES,
            "likelihood_weight": self.likelihood_weight,
        }

    def own_state(self):
        own = {name: getattr(self, name) for name in ("baseline_nll", "score_mean", "score_deviation")}
        return {**super().own_state(), **own}

    def get_config(self):
        return {**super().get_config(), "likelihood_weight": self.likelihood_weight, "stage": self.stage}

    def get_compile_config(self):
        config, own = super().get_compile_config(), ("pretraining_epochs", "discriminator_epochs", "drafts_per_line")
        feedback = config and keras.saving.serialize_keras_object(self.feedback)
        return config and {**config, "feedback": feedback, **{name: getattr(self, name) for name in own}}


class TextStepMetrics(StepMetrics):
    """Step metrics of a `TextGAN`: `nll` is the negative log-likelihood in nats per real token, and in each stage the `loss`."""

    losses = ("nll",)

    def __init__(self):
        super().__init__(nll=keras.metrics.Mean("nll"))

    def diversity_of(self, real_data, fake_data):
        """Returns the fraction of distinct drafts in the batch."""
        return distinct_fraction(replicas.all_rows(fake_data))

    def test_result(self):
        nll = self.nll.result()
        return {**super().test_result(), "loss": nll, "nll": nll}


def mean_of_tokens(values, tokens):
    """Returns the mean of `values` `(batch, time)` over the tokens of the whole batch, padding excluded."""
    mask = token_mask(tokens)
    return ops.sum(values * mask) / replicas.mean(ops.sum(mask))
