"""`TextGAN`: a language model, and a discriminator that knows something else about its drafts. Only the differences from `GAN`.

One `fit` passes through three stages: the generator learns by likelihood (kept as `baseline`); the discriminator learns; then,
if there are epochs for it, the generator learns from the discriminator. Calibration on held-out lines comes last.
"""

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from gan_keras import feedback as feedbacks
from gan_keras import replicas
from gan_keras.codecs.text import PADDING, UNKNOWN
from gan_keras.gans import inputs
from gan_keras.gans.calibration import MAX_LINES, MIN_LINES, Calibration
from gan_keras.gans.options import as_list, check_unused
from gan_keras.gans.text_generation import CHOICES, SERVED_CANDIDATES, TextWriter, trim
from gan_keras.gans.text_stages import HeldOut, Stages, TextStepMetrics, readable_twice
from gan_keras.networks.base import in_float32
from gan_keras.networks.language_model import token_mask
from gan_keras.training.rollback import not_finite

MIN_LINES_OF_SHARES = 20
"""Held-out lines below which n-grams have no share: their few numbers need some hundred tokens."""

_IGNORED = ("score_mean", "score_deviation")  # weights in files of version 0.1


@keras.saving.register_keras_serializable(package="gan_keras")
class TextGAN(TextWriter):
    """A GAN of sentences. `baseline` is the generator after training by likelihood alone: the adversarial stage has to beat it.

    Args:
        generator: A `networks.LanguageModel`, such as `networks.RecurrentGenerator`.
        discriminator: A `networks.BackwardLanguageModel`, or another discriminator of sentences.
        codec: An adapted text codec.
        seed: Integer that determines all noise of training.
        stage: Current stage of training, so that a saved GAN resumes in it.
        ngrams: An adapted `networks.NgramModel` that all generators are mixed with when they write and are measured, or None.
            `fit` finds its shares on held-out lines; training is that of the networks alone.
    """

    cannot_be_compiled = "the length of drafts is not known in advance"
    loss_tells_quality = True  # it is the likelihood

    def __init__(self, generator, discriminator, codec, seed=0, stage="pretraining", ngrams=None, **kwargs):
        super().__init__(generator, discriminator, codec, seed, **kwargs)
        self.ngrams = ngrams
        self.baseline = self.copy_generator("baseline")
        infinite = keras.initializers.Constant(float("inf"))
        self.baseline_nll = self.add_weight(name="baseline_nll", shape=(), initializer=infinite, trainable=False)
        self.calibration = Calibration((*self.own_feature_names, *discriminator.feature_names), name="calibration")
        self.stage = stage

    @property
    def tokens_per_line(self):
        """Mean number of tokens of a training line with its end, by which losses are divided: the same in every batch.

        It is the report's of the codec's `adapt`, in old files too; the maximum for a codec that was given its vocabulary.
        """
        report = self.codec.report
        return 1.0 + report["tokens"] / report["lines"] if report.get("lines") else float(self.codec.length)

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
                discriminator memorizes lines that it sees often. A `networks.BackwardLanguageModel` without a head reads none.
            generator_ema: Decay of the averaged generator, in [0, 1).
            **kwargs: Further arguments of `GAN.compile`.

        Raises:
            ValueError: If an argument is out of its range, or the feedback needs another discriminator.
        """
        epochs = {"pretraining_epochs": pretraining_epochs, "discriminator_epochs": discriminator_epochs}
        if min(epochs.values()) < 0:
            raise ValueError(f"Got {epochs}. Expected both >= 0.")
        if drafts_per_line < 1:
            raise ValueError(f"drafts_per_line={drafts_per_line}. Expected at least 1.")
        hint = "Raise the discriminator's dropout or weight decay instead."
        check_unused(kwargs, f"they act on samples by gradients, and tokens have none. {hint}")
        self.feedback = feedbacks.get(feedback)
        needed = getattr(self.feedback, "discriminator_class", object)
        if not isinstance(self.discriminator, needed):
            raise ValueError(
                f"feedback={type(self.feedback).__name__} reads logits after every token or sends gradients through soft tokens; "
                f"{type(self.discriminator).__name__} allows neither. Expected a `networks.ConvolutionalDiscriminator` or "
                "`networks.RecurrentDiscriminator`, or the feedback `Distillation` or `Cooperative`."
            )
        if hasattr(self.feedback, "prepare"):
            self.feedback.prepare(self)
        self.pretraining_epochs, self.discriminator_epochs = pretraining_epochs, discriminator_epochs
        self.drafts_per_line = drafts_per_line
        super().compile(generator_optimizer, discriminator_optimizer, generator_ema=generator_ema, **kwargs)

    # --- The three stages. ---

    def fit(self, x=None, *args, callbacks=(), **kwargs):
        """Trains by `GAN.fit`; `epochs` counts those of all stages.

        With at least 200 lines of known words in `validation_data`, it finds the shares of the n-grams after the pretraining. At
        the end it calibrates the choice among drafts, and prints by how much the discriminator improves the model: see
        `calibrate`.
        """
        held_out = self.held_out_rows(kwargs.get("validation_data"), kwargs.get("validation_steps"))
        epochs = kwargs.get("epochs", 1)
        is_needed = getattr(self.feedback, "needs_held_out", False) and self.stage_of(epochs - 1) == "adversarial"
        if is_needed and held_out.num_known < MIN_LINES:
            raise ValueError(
                f"feedback={type(self.feedback).__name__} with {held_out.text}. Expected at least {MIN_LINES} of known words in "
                "`fit(..., validation_data=...)`, on which its teacher is calibrated; or no adversarial epochs."
            )
        if kwargs.get("validation_data") is not None or kwargs.get("verbose") != 0:
            self.tell_what_is_off(held_out, self.stage_of(epochs - 1))
        callbacks = getattr(callbacks, "callbacks", callbacks)
        history = super().fit(x, *args, callbacks=[Stages(held_out), *as_list(callbacks)], **kwargs)
        if self.stage == "pretraining":
            self.fit_shares(held_out)
        else:
            self.calibrate_if_possible(held_out)
        return history

    def held_out_rows(self, data, steps=None):
        """Returns the `HeldOut` lines of `validation_data` and `validation_steps`; none of what can be read only once."""
        batches = [] if data is None else readable_twice(inputs.held_out(inputs.Source(self), data), steps)
        if not batches:
            return HeldOut(np.zeros((0, self.codec.length), np.int32), None, np.zeros(0, bool))
        tokens, labels = zip(*map(self.read_batch, batches), strict=True)
        tokens = np.concatenate([np.pad(rows, ((0, 0), (0, self.codec.length - rows.shape[1]))) for rows in tokens])
        known = ~(tokens == UNKNOWN).any(axis=1)
        if self.codec.report.get("cut_lines"):  # a row without padding may be a part of its line
            known &= tokens[:, -1] == PADDING
        return HeldOut(tokens, np.concatenate(labels) if self.num_labels else None, known)

    def tell_what_is_off(self, held_out, last_stage):
        """Prints what a training lacks that has too few `HeldOut` lines."""
        if self.ngrams is not None and len(held_out.tokens) < MIN_LINES_OF_SHARES:
            expected = f"Expected at least {MIN_LINES_OF_SHARES} in `validation_data`"
            print(f"Got {held_out.text}: the generator is not mixed with n-grams. {expected}.")
        if last_stage != "pretraining" and held_out.num_known < MIN_LINES:
            expected = f"Expected at least {MIN_LINES} of known words in `validation_data`"
            print(f"Got {held_out.text}: drafts will not be weighted by the discriminator. {expected}.")

    def fit_shares(self, held_out):
        """Finds the shares of the n-grams in the mixture with the baseline on `HeldOut` lines, and prints what it gains."""
        if self.ngrams is None or len(held_out.tokens) < MIN_LINES_OF_SHARES:
            return
        if not_finite(self):
            print("Weights are not finite: the n-grams have no share.")
            return
        tokens, is_token = held_out.tokens, held_out.tokens != PADDING
        columns = {"seeds": np.arange(len(tokens), dtype=np.int64), "tokens": tokens, "labels": held_out.labels}
        network, ngrams, matched = np.moveaxis(self.of_rows(self.token_probabilities, columns)[is_token], -1, 0)
        self.ngrams.fit_shares(network, ngrams, matched.astype(np.int32))
        shares = np.asarray(self.ngrams.shares)[matched.astype(np.int32)]
        mixed = np.log((1.0 - shares) * np.exp(network) + shares * ngrams)
        print(f"With n-grams: {-mixed.mean():.4f} nats per held-out token, the network alone {-network.mean():.4f}.")

    @tf.function
    def token_probabilities(self, seeds, tokens, labels=None):
        """Returns of each token the baseline's log-probability, that of the n-grams, and their order, `(batch, time, 3)`."""
        probabilities, matched = self.ngrams.token_probabilities(tokens)
        losses = self.baseline.token_losses(self.latents_from(seeds), tokens, labels)
        return tf.stack([-losses, probabilities, tf.cast(matched, tf.float32)], axis=-1)

    def calibrate_if_possible(self, held_out):
        """Calibrates on `HeldOut` lines, if there are enough, and prints the gain."""
        if held_out.num_known < MIN_LINES:
            return
        if not_finite(self):
            print("Weights are not finite: the choice among drafts is not calibrated.")
            return
        gain = self.calibrate_on(*held_out.of_known_words, seed=0)
        print(
            f"Gain of the discriminator in held-out log-likelihood: {gain.mean:.3f} [{gain.low:.3f}, {gain.high:.3f}] nats per "
            f"line, cross-fitted on {min(held_out.num_known, MAX_LINES):,} of {len(held_out.tokens):,} lines."
        )

    def begin_epoch(self, epoch, held_out):
        """Enters the stage of an epoch. Later stages start from the best pretrained network and share its embedding."""
        stage = self.stage_of(epoch)
        if stage != self.stage:
            if self.stage == "pretraining":
                self.end_pretraining(held_out)
            self.enter(stage)
        if stage == "adversarial" and hasattr(self.feedback, "begin_epoch"):
            self.feedback.begin_epoch(self, epoch - self.pretraining_epochs - self.discriminator_epochs, held_out)

    def end_pretraining(self, held_out):
        self.fit_shares(held_out)
        for network in (self.generator, self.ema_generator):
            network.set_weights(self.baseline.get_weights())
        embedding = getattr(self.discriminator, "embedding", None)
        if embedding is not None and embedding.embeddings.shape == self.generator.embedding.embeddings.shape:
            embedding.embeddings.assign(self.generator.embedding.embeddings)

    def end_epoch(self, logs):
        """Keeps the pretrained network with the lowest `val_nll` as the baseline; without held-out data, the last one."""
        nll = logs.get("val_nll")
        if self.stage == "pretraining" and (nll is None or nll < float(ops.convert_to_numpy(self.baseline_nll))):
            self.baseline_nll.assign(float("inf") if nll is None else nll)
            self.baseline.set_weights(self.ema_generator.get_weights())

    def enter(self, stage):
        """Switches to a stage and its training step."""
        self.stage = stage
        self.make_train_function(force=True)
        self.make_test_function(force=True)

    def stage_of(self, epoch):
        if epoch < self.pretraining_epochs:
            return "pretraining"
        return "discriminator" if epoch < self.pretraining_epochs + self.discriminator_epochs else "adversarial"

    def train_step(self, data):
        tokens, labels = self.unpack(data)
        if self.stage == "pretraining":
            self.train_supervised(tokens, labels)
        elif self.stage == "discriminator" or self.discriminator.reads_drafts:
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

    def train_discriminator(self, tokens, labels=None):
        """A backward language model learns by likelihood, in its own stage alone; what reads drafts learns in both stages."""
        drafts = self.draw(tokens, labels).fake_data if self.discriminator.reads_drafts else None
        reads_backwards = self.stage == "discriminator" and hasattr(self.discriminator, "token_losses")
        with tf.GradientTape() as tape:
            loss = self.backward_loss(tokens, labels) if reads_backwards else 0.0
            loss += 0.0 if drafts is None else self.discriminator_loss(tokens, drafts, labels)
            loss += sum(self.discriminator.losses)
        part = None if reads_backwards else getattr(self.discriminator, "head", None)
        self.discriminator_player.update(loss, tape, part)

    def train_generator(self, real_data, labels=None):
        with tf.GradientTape() as tape:
            loss = self.feedback.generator_loss(self, real_data, labels)
        self.average_generator(self.generator_player.update(loss, tape))
        self.step_metrics.g_loss.update_state(loss)

    def discriminator_loss(self, real_data, fake_data, labels=None):
        """Returns the adversarial loss of sentences, and as far as the discriminator has them, of every token's logit, from which
        dense rewards are made, and of spoiled real lines.
        """
        real, real_steps = self.discriminator.logits(real_data, labels, training=True)
        fake, fake_steps = self.discriminator.logits(fake_data, self.repeated(labels), training=True)
        loss = self.adversarial_loss.discriminator(self.repeated(real), fake)
        if real_steps is not None:
            loss += self.per_token(ops.softplus(-real_steps), real_data)
            loss += self.per_token(ops.softplus(fake_steps), fake_data)
        corrupted = self.discriminator.corrupted(real_data, self.next_seeds(ops.shape(real_data)[0]))
        if corrupted is not None:
            loss += self.adversarial_loss.discriminator(real, self.discriminator.logits(corrupted, labels, training=True)[0])
        self.step_metrics.update_logits(self.repeated(real), fake)
        self.step_metrics.update_samples(real_data, fake_data)
        self.step_metrics.d_loss.update_state(loss)
        return loss

    def backward_loss(self, tokens, labels=None):
        """Returns the loss of a `networks.BackwardLanguageModel` on real lines, as `supervised_loss`."""
        losses = self.discriminator.token_losses(tokens, labels, training=True)
        return self.likelihood_loss(losses, tokens, self.step_metrics.backward_nll)

    def supervised_loss(self, tokens, labels=None):
        """Returns the negative log-likelihood of real tokens, ends included, in nats.

        It is a sum over tokens, divided by the number of lines and by `tokens_per_line`: every token of the corpus has the same
        weight, whatever its batch.
        """
        latents = self.latents_from(self.next_seeds(ops.shape(tokens)[0]))
        losses = self.generator.token_losses(latents, tokens, labels, training=True)
        return self.likelihood_loss(losses, tokens, self.step_metrics.nll)

    def likelihood_loss(self, losses, tokens, metric):
        """Returns the loss of token losses `(batch, time)`, and updates a metric with their mean per token."""
        self.measure_likelihood(-losses, tokens, metric)
        return self.per_token(losses, tokens)

    def per_token(self, values, tokens):
        """Returns the sum of `values` `(batch, time)` over tokens, per line and `tokens_per_line`: on average their mean."""
        num_lines = ops.cast(ops.shape(tokens)[0], "float32")
        return ops.sum(values * token_mask(tokens)) / (num_lines * self.tokens_per_line)

    def drafts(self, num, labels=None):
        """Returns sentences of the live generator, int32 `(num, time)`, with the discriminator's logit and the log-likelihood per
        token, float32 `(num, 2)`. No gradient passes."""
        drafts, likelihoods = self.drafts_from(self.latents_from(self.next_seeds(num)), labels)
        logits = self.judge(drafts, labels, training=False)[:, 0]
        scores = tf.stack([logits, likelihoods / ops.sum(token_mask(drafts), axis=1)], axis=1)
        return tf.stop_gradient(drafts), tf.stop_gradient(scores)

    def drafts_from(self, latents, labels=None):
        """Returns the live generator's sentences, trimmed, `(num, time)`, and their log-likelihoods, `(num,)`."""
        drafts, likelihoods = self.generator.sample(latents, labels)
        return trim(drafts), likelihoods

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
        if self.stage != "discriminator":  # in which the generator stays as it is
            rows = ops.shape(tokens)[0]
            latents = self.latents_from(replicas.first_row(rows) + tf.range(rows, dtype=tf.int64))
            self.measure_likelihood(self.ema_generator.log_likelihood(latents, tokens, labels), tokens, self.step_metrics.nll)
        if self.stage != "pretraining":
            self.test_discriminator(tokens, labels)
        return self.step_metrics.measured(self.step_metrics.test_result())

    def measure_likelihood(self, likelihoods, tokens, metric):
        num_tokens = ops.sum(token_mask(tokens))
        metric.update_state(-ops.sum(likelihoods) / num_tokens, num_tokens)

    def test_discriminator(self, tokens, labels):
        if hasattr(self.discriminator, "log_likelihood"):
            with in_float32(self.discriminator):
                likelihoods = self.discriminator.log_likelihood(tokens, labels)
            self.measure_likelihood(likelihoods, tokens, self.step_metrics.backward_nll)
        if self.discriminator.reads_drafts:
            real_logits = self.judge(tokens, labels, training=False)
            fake_logits = self.judge(trim(self.draw_to_test(tokens, labels)), labels, training=False)
            self.step_metrics.d_loss.update_state(self.adversarial_loss.discriminator(real_logits, fake_logits))
            self.step_metrics.update_logits(real_logits, fake_logits)

    def make_step_metrics(self):
        return TextStepMetrics()

    def model_card(self):
        gain = self.calibration.gain
        return {
            **super().model_card(),
            "vocabulary_size": self.codec.vocabulary_size,
            "most_tokens": self.codec.length,
            "guided_candidates": SERVED_CANDIDATES,
            "guided_choice": CHOICES[0],
            "gain_nats_per_line": gain and gain._asdict(),
        }

    def own_state(self):
        feedback = {f"feedback_{i}": variable for i, variable in enumerate(self.feedback_variables)}
        return {**super().own_state(), "baseline_nll": self.baseline_nll, **feedback}

    @property
    def feedback_variables(self):
        return getattr(getattr(self, "feedback", None), "variables", ())

    def load_own_variables(self, store):
        unused = () if self.compiled else ("feedback",)  # comes with `compile`
        saved = {name: store[name] for name in sorted(store.keys())}
        kept = {name: value for name, value in saved.items() if name not in _IGNORED and not name.startswith(unused)}
        super().load_own_variables(kept)

    def get_config(self):
        ngrams = self.ngrams and keras.saving.serialize_keras_object(self.ngrams)
        return {**super().get_config(), "stage": self.stage, "ngrams": ngrams}

    @classmethod
    def from_config(cls, config):
        ngrams = config.get("ngrams")
        config = {name: value for name, value in config.items() if name != "likelihood_weight"}  # of version 0.1
        return super().from_config({**config, "ngrams": ngrams and keras.saving.deserialize_keras_object(ngrams)})

    def get_compile_config(self):
        config, own = super().get_compile_config(), ("pretraining_epochs", "discriminator_epochs", "drafts_per_line")
        feedback = config and keras.saving.serialize_keras_object(self.feedback)
        return config and {**config, "feedback": feedback, **{name: getattr(self, name) for name in own}}
