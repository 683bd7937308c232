"""`TextGAN`: a language model that a discriminator teaches further. Only what differs from `GAN`.

Training has three stages behind one `fit`: the generator learns by likelihood (kept as `baseline`), the discriminator learns
to tell its drafts from text, then both train in turn.
"""

import keras
import tensorflow as tf
from keras import ops

from gan_keras import feedback as feedbacks
from gan_keras import replicas
from gan_keras.gans.stages import BaselineStages
from gan_keras.gans.step_metrics import StepMetrics, distinct_fraction
from gan_keras.gans.text_generation import SERVED_CANDIDATES, TextWriter, trim
from gan_keras.networks.recurrent_generator import token_mask


@keras.saving.register_keras_serializable(package="gan_keras")
class TextGAN(TextWriter):
    """A GAN of sentences.

    Args:
        generator: A `networks.RecurrentGenerator`.
        discriminator: A `networks.TextDiscriminator`.
        codec: An adapted text codec.
        likelihood_weight: Weight of the likelihood in the choice among drafts (`Selection`), >= 0.
        seed: Integer that all noise of training follows from.
        stage: What training is at: a saved GAN goes on where it was.

    `baseline` is the generator as likelihood alone has trained it: what the adversarial stage has to beat.
    """

    cannot_be_compiled = "the length of drafts is not known beforehand"

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
        """Says how to train. Arguments that are not listed are those of `GAN.compile`.

        Args:
            generator_optimizer: Name, config or instance of a Keras optimizer.
            discriminator_optimizer: The same, for the discriminator.
            feedback: How the generator learns from the discriminator: see `gan_keras.feedback`.
            pretraining_epochs: Epochs of likelihood alone, >= 0.
            discriminator_epochs: Epochs that train the discriminator alone, >= 0. What `fit` has left is adversarial.
            drafts_per_line: Drafts that the discriminator reads for each real line, >= 1. Text is scarce and drafts are not:
                a discriminator that has seen a line often knows it by heart.
            generator_ema: Decay of the averaged generator, in [0, 1).
            **kwargs: As for `GAN.compile`.
        """
        if pretraining_epochs < 0 or discriminator_epochs < 0:
            raise ValueError(
                f"pretraining_epochs={pretraining_epochs}, discriminator_epochs={discriminator_epochs}. Expected both >= 0."
            )
        if drafts_per_line < 1:
            raise ValueError(f"drafts_per_line={drafts_per_line}. Expected at least 1.")
        of_samples = [name for name in ("penalties", "augmentation", "auxiliary", "history_pool") if kwargs.get(name)]
        if of_samples:
            raise ValueError(
                f"Got {', '.join(f'{name}={kwargs[name]!r}' for name in of_samples)}. Expected none: they act on samples by "
                "gradients, and tokens have none. Raise the discriminator's dropout or weight decay instead."
            )
        self.feedback = feedbacks.get(feedback)
        self.pretraining_epochs, self.discriminator_epochs = pretraining_epochs, discriminator_epochs
        self.drafts_per_line = drafts_per_line
        super().compile(generator_optimizer, discriminator_optimizer, generator_ema=generator_ema, **kwargs)

    # --- The three stages. ---

    def fit(self, x=None, *args, callbacks=(), **kwargs):
        """`keras.Model.fit`, for epochs of all stages; ends by measuring how drafts score (`calibrate`)."""
        history = super().fit(x, *args, callbacks=[BaselineStages(), *(callbacks or ())], **kwargs)
        if self.stage != "pretraining":
            self.calibrate()
        return history

    def enter(self, stage):
        """Goes on in a stage, each of which has a step of its own."""
        measures_drafts = self.stage != "pretraining"
        self.stage = stage
        self.make_train_function(force=True)
        self.make_test_function(force=measures_drafts != (stage != "pretraining"))

    def stage_of(self, epoch):
        """Name of the stage that `epoch`, counted from 0, belongs to."""
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
        has_moved = self.generator_player.update(loss, tape)
        self.average_generator(has_moved)

    def train_generator(self, real_data, labels=None):
        with tf.GradientTape() as tape:
            loss = self.feedback.generator_loss(self, real_data, labels)
        has_moved = self.generator_player.update(loss, tape)
        self.average_generator(has_moved)
        self.step_metrics.g_loss.update_state(loss)

    def discriminator_loss(self, real_data, fake_data, labels=None):
        """The adversarial loss of whole sentences, and of every token's logit, which dense rewards are made of."""
        real, real_steps = self.discriminator.logits(real_data, labels, training=True)
        fake, fake_steps = self.discriminator.logits(fake_data, self.for_drafts(labels), training=True)
        real = self.for_drafts(real)
        self.step_metrics.update_logits(real, fake)
        steps = mean_of_tokens(ops.softplus(-real_steps), real_data) + mean_of_tokens(ops.softplus(fake_steps), fake_data)
        return self.adversarial_loss.discriminator(real, fake) + steps + sum(self.discriminator.losses)

    def supervised_loss(self, tokens, labels=None):
        """Mean negative log-likelihood of real tokens and ends, nats; padding does not count."""
        latents = self.latents_from(self.next_seeds(ops.shape(tokens)[0]))
        loss = mean_of_tokens(self.generator.token_losses(latents, tokens, labels, training=True), tokens)
        self.step_metrics.nll.update_state(loss)
        return loss

    def drafts(self, num, labels=None):
        """Sentences of the live generator and their two scores: `(num, time)`, int32; `(num, 2)`, float32."""
        return self.scored(self.generator, self.latents_from(self.next_seeds(num)), labels)

    def draw(self, real_data, labels=None):
        """Drafts of the live generator, `drafts_per_line` for each real line."""
        batch = super().draw(self.for_drafts(real_data), self.for_drafts(labels))
        return batch._replace(real_data=real_data, fake_data=trim(batch.fake_data))

    def for_drafts(self, rows):
        return None if rows is None else ops.repeat(rows, self.drafts_per_line, axis=0)

    def test_step(self, data):
        """Held-out negative log-likelihood of the averaged generator, and the discriminator's view of text and drafts."""
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
        return self.step_metrics.test_result()

    def make_step_metrics(self):
        return TextStepMetrics()

    def end_stage(self):
        """After pretraining goes on from the best supervised network, whose embedding the discriminator begins with."""
        if self.stage != "pretraining":
            return
        for network in (self.generator, self.ema_generator):
            network.set_weights(self.baseline.get_weights())
        embedding = self.discriminator.embedding.embeddings
        if embedding.shape == self.generator.embedding.embeddings.shape:
            embedding.assign(self.generator.embedding.embeddings)

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
        config = super().get_compile_config()
        return config and {
            **config,
            "feedback": keras.saving.serialize_keras_object(self.feedback),
            "pretraining_epochs": self.pretraining_epochs,
            "discriminator_epochs": self.discriminator_epochs,
            "drafts_per_line": self.drafts_per_line,
        }


class TextStepMetrics(StepMetrics):
    """Step metrics of a `TextGAN`: `nll` is the negative log-likelihood in nats per real token."""

    def __init__(self):
        super().__init__(nll=keras.metrics.Mean("nll"))

    def diversity_of(self, real_data, fake_data):
        """Fraction of the batch's drafts that are left when each is counted once."""
        return distinct_fraction(replicas.all_rows(fake_data))

    def test_result(self):
        """Adds `nll`; values of networks that a stage does not train stay 0."""
        logs, nll = super().test_result(), self.nll.result()
        return {**logs, "loss": logs["loss"] + nll, "nll": nll}


def mean_of_tokens(values, tokens):
    """Mean of `values` `(batch, time)` where `tokens` are not padding, over all tokens of the whole batch."""
    mask = token_mask(tokens)
    return ops.sum(values * mask) / replicas.mean(ops.sum(mask))
