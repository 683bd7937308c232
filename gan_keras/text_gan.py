"""`TextGAN`: a language model that a discriminator teaches further. Only what differs from `GAN`.

Training has three stages behind one `fit`: the generator learns by likelihood (kept as `baseline`), the discriminator learns
to tell its drafts from text, then both train in turn.
"""

import dataclasses

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from gan_keras import feedback as feedbacks
from gan_keras import noise
from gan_keras.codecs.text import PADDING
from gan_keras.gan import GAN, seeds_from
from gan_keras.networks.recurrent_generator import token_mask
from gan_keras.signature import Signature

MOST_CANDIDATES = 64
"""The largest number of drafts for one sentence."""

_CALIBRATION_DRAFTS = 4096


@dataclasses.dataclass(frozen=True)
class Selection:
    """What the best of several drafts means: a sum of two scores, each standardised among drafts of its length.

    Args:
        discriminator: Weight of the discriminator's logit.
        likelihood: Weight of the generator's log-likelihood a token.
    """

    discriminator: float = 1.0
    likelihood: float = 0.5

    def weights(self):
        """Both weights as a tensor, so that one traced graph serves every selection."""
        return tf.constant([self.discriminator, self.likelihood], tf.float32)


@keras.saving.register_keras_serializable(package="gan_keras")
class TextGAN(GAN):
    """A GAN of sentences.

    Args:
        generator: A `networks.RecurrentGenerator`.
        discriminator: A `networks.TextDiscriminator`.
        codec: An adapted text codec.
        likelihood_weight: Weight of the likelihood in the choice among drafts (`Selection`), >= 0.
        seed: Integer that all noise of training follows from.

    `baseline` is the generator as likelihood alone has trained it: what the adversarial stage has to beat.
    """

    def __init__(self, generator, discriminator, codec, likelihood_weight=0.5, seed=0, **kwargs):
        super().__init__(generator, discriminator, codec, seed, **kwargs)
        self.likelihood_weight = float(likelihood_weight)
        self.baseline = self.copy_generator("baseline")
        shape = (generator.length + 1, 2)
        self.score_mean = self.add_weight(name="score_mean", shape=shape, initializer="zeros", trainable=False)
        self.score_deviation = self.add_weight(name="score_deviation", shape=shape, initializer="ones", trainable=False)
        self.nll = keras.metrics.Mean("nll")
        self.stage = "pretraining"

    def compile(
        self,
        generator_optimizer="adam",
        discriminator_optimizer="adam",
        feedback="cooperative",
        pretraining_epochs=10,
        discriminator_epochs=1,
        discriminator_steps=4,
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
            discriminator_steps: Updates of the discriminator for each batch, >= 1: each sees a part of the real lines and so
                many drafts for every one of them. Text is scarce and drafts are not: a discriminator that has seen a
                line often knows it by heart.
            generator_ema: Decay of the averaged generator, in [0, 1).
            **kwargs: As for `GAN.compile`.
        """
        if pretraining_epochs < 0 or discriminator_epochs < 0:
            raise ValueError(
                f"pretraining_epochs={pretraining_epochs}, discriminator_epochs={discriminator_epochs}. Expected both >= 0."
            )
        self.feedback = feedbacks.get(feedback)
        self.pretraining_epochs, self.discriminator_epochs = pretraining_epochs, discriminator_epochs
        options = {"discriminator_steps": discriminator_steps, "generator_ema": generator_ema, **kwargs}
        super().compile(generator_optimizer, discriminator_optimizer, **options)

    # --- The three stages. ---

    def fit(self, x=None, *args, callbacks=(), **kwargs):
        """`keras.Model.fit`, for epochs of all stages; ends by measuring how drafts score (`calibrate`)."""
        history = super().fit(x, *args, callbacks=[Stages(), *(callbacks or ())], **kwargs)
        if self.stage != "pretraining":
            self.calibrate()
        return history

    def stage_of(self, epoch):
        """Name of the stage that `epoch`, counted from 0, belongs to."""
        if epoch < self.pretraining_epochs:
            return "pretraining"
        return "discriminator" if epoch < self.pretraining_epochs + self.discriminator_epochs else "adversarial"

    def train_step(self, data):
        tokens, labels = self.unpack(data)
        if self.stage == "pretraining":
            self.train_supervised(tokens, labels)
            self.average_generator()
        else:
            for part in range(self.discriminator_steps):
                self.train_discriminator(*self.part_of(part, tokens, labels))
        if self.stage == "adversarial":
            self.train_generator(tokens, labels)
            self.average_generator()
        return self.results()

    def part_of(self, part, tokens, labels=None):
        """Every `discriminator_steps`-th line, at least one, from line `part` on."""
        num = ops.shape(tokens)[0]
        rows = tf.range(part, num + (-num) % self.discriminator_steps, self.discriminator_steps) % num
        return tf.gather(tokens, rows), None if labels is None else tf.gather(labels, rows)

    def train_supervised(self, tokens, labels=None):
        with tf.GradientTape() as tape:
            loss = self.supervised_loss(tokens, labels)
        self.update(self.generator, self.generator_optimizer, loss, tape)

    def train_generator(self, real_data, labels=None):
        with tf.GradientTape() as tape:
            loss = self.feedback.generator_loss(self, real_data, labels)
        self.update(self.generator, self.generator_optimizer, loss, tape)
        self.g_loss.update_state(loss)

    def discriminator_loss(self, real_data, fake_data, labels=None):
        """The adversarial loss of whole sentences, and of every token's logit, which dense rewards are made of."""
        real, real_steps = self.discriminator.logits(real_data, labels, training=True)
        fake, fake_steps = self.discriminator.logits(fake_data, self.for_drafts(labels), training=True)
        self.d_real.update_state(real)
        self.d_fake.update_state(fake)
        real_steps, fake_steps = real_steps[real_data != PADDING], fake_steps[fake_data != PADDING]
        steps = ops.mean(ops.softplus(-real_steps)) + ops.mean(ops.softplus(fake_steps))
        return self.adversarial_loss.discriminator(real, fake) + steps + sum(self.discriminator.losses)

    def supervised_loss(self, tokens, labels=None):
        """Mean negative log-likelihood of real tokens and ends, nats; padding does not count."""
        latents = self.latents_from(self.next_seeds(ops.shape(tokens)[0]))
        losses = self.generator.token_losses(latents, tokens, labels, training=True)
        loss = ops.sum(losses) / ops.sum(token_mask(tokens))
        self.nll.update_state(loss)
        return loss

    def drafts(self, num, labels=None):
        """Sentences of the live generator and their two scores: `(num, time)`, int32; `(num, 2)`, float32."""
        return self.scored(self.generator, self.latents_from(self.next_seeds(num)), labels)

    def fake_like(self, real_data, labels=None):
        """Drafts of the live generator, `discriminator_steps` for each real line."""
        return trim(super().fake_like(self.for_drafts(real_data), self.for_drafts(labels)))

    def for_drafts(self, rows):
        return None if rows is None else ops.repeat(rows, self.discriminator_steps, axis=0)

    def scored(self, generator, latents, labels=None, *choices):
        """Sentences, cut to the longest, with the discriminator's logit and the log-likelihood a token of each."""
        drafts, likelihoods = generator.sample(latents, labels, *choices)
        drafts = trim(drafts)
        logits = self.judge(drafts, labels, training=False)[:, 0]
        scores = tf.stack([logits, likelihoods / tf.reduce_sum(token_mask(drafts), axis=1)], axis=1)
        return tf.stop_gradient(drafts), tf.stop_gradient(scores)

    def test_step(self, data):
        """Held-out negative log-likelihood of the averaged generator, and the discriminator's view of text and drafts."""
        tokens, labels = self.unpack(data)
        latents = self.latents_from(tf.range(ops.shape(tokens)[0], dtype=tf.int64))
        num_tokens = ops.sum(token_mask(tokens))
        self.nll.update_state(-ops.sum(self.ema_generator.log_likelihood(latents, tokens, labels)) / num_tokens, num_tokens)
        if self.stage != "pretraining":
            real_logits = self.judge(tokens, labels, training=False)
            fake_logits = self.judge(trim(self(latents, labels)), labels, training=False)
            self.d_loss.update_state(self.adversarial_loss.discriminator(real_logits, fake_logits))
            self.d_real.update_state(real_logits)
            self.d_fake.update_state(fake_logits)
        return self.results()

    def results(self):
        """`nll` is in nats a real token; values of networks that a stage leaves alone stay 0."""
        logs = super().results()
        nll = self.nll.result()
        return {**logs, "loss": logs["loss"] + nll, "nll": nll}

    @property
    def metrics(self):
        return [*super().metrics, self.nll] if hasattr(self, "nll") else super().metrics

    def end_pretraining(self):
        """Goes on from the best supervised network, whose embedding the discriminator begins with."""
        for network in (self.generator, self.ema_generator):
            network.set_weights(self.baseline.get_weights())
        embedding = self.discriminator.embedding.embeddings
        if embedding.shape == self.generator.embedding.embeddings.shape:
            embedding.assign(self.generator.embedding.embeddings)

    # --- Writing. ---

    def generate(
        self,
        n=1,
        seed=0,
        temperature=1.0,
        top_p=1.0,
        prompt=None,
        label=None,
        candidates=1,
        generator=None,
        selection=None,
    ):
        """Sentences made of noise, or continued from a prompt.

        Args:
            n: How many, from 1 to `gan.MOST_SAMPLES`.
            seed: Sentence `i` is made from `seed + i` alone, whatever `n` is.
            temperature: More than 0; logits are divided by it.
            top_p: In (0, 1]: draw from the smallest set of tokens of this mass.
            prompt: Text that every sentence begins with, or one text for each sentence; None for none.
            label: A label for all, or one for each sentence, where the networks take labels.
            candidates: Drafts for each sentence, of which the best by `selection` is kept, from 1 to 64.
            generator: Another generator to write with, such as `gan.baseline`.
            selection: A `Selection`; None weighs the discriminator 1 and the likelihood `likelihood_weight`.

        Returns:
            List of `n` str.

        Raises:
            ValueError: If an argument is out of its range; the message says which.
        """
        seeds = seeds_from(n, seed)
        self.check_choices(temperature, top_p, candidates)
        prompts = [prompt or ""] * n if prompt is None or isinstance(prompt, str) else list(prompt)
        labels = None if label is None else np.broadcast_to(np.asarray(self.check_label(label), np.int32), [n])
        if len(prompts) != n:
            raise ValueError(f"Got {len(prompts)} prompts for n={n} sentences. Expected one prompt, or one for each.")
        generator, weights = generator or self.ema_generator, (selection or self.default_selection()).weights()

        def write(seeds, prompts, temperatures, top_ps, labels=None):
            return self.write(generator, candidates, weights, seeds, prompts, temperatures, top_ps, labels)

        columns = (np.full(n, value, np.float32) for value in (temperature, top_p))
        return [text.decode() for text in self.in_blocks(write, seeds, np.asarray(prompts, object), *columns, labels)]

    @tf.function(reduce_retracing=True)
    def write(self, generator, candidates, weights, seeds, prompts, temperatures, top_ps, labels=None):
        """The graph of `generate`: one row each of seeds, prompts and choices to one string `(batch,)` each."""
        num = tf.shape(seeds)[0]
        rows = (noise.pad_rows(seeds), noise.pad_rows(prompts), noise.pad_rows(temperatures), noise.pad_rows(top_ps))
        seeds, prompts, temperatures, top_ps = (tf.repeat(row, candidates, axis=0) for row in rows)
        labels = None if labels is None else tf.repeat(noise.pad_rows(labels), candidates, axis=0)
        rank = tf.range(tf.shape(seeds)[0], dtype=tf.int64) % candidates
        latents = self.latents_from(tf.where(rank == 0, seeds, noise.split(seeds, rank)))
        prompt_tokens, _ = self.codec.encode_prompt(prompts)
        choices = (temperatures, top_ps, prompt_tokens)
        if candidates == 1:
            drafts = generator.sample(latents, labels, *choices)[0]
        else:
            drafts, scores = self.scored(generator, latents, labels, *choices)
            drafts = self.best(drafts, tf.linalg.matvec(self.standardised(scores, drafts), weights), candidates)
        return self.decode(drafts)[:num]

    def best(self, drafts, scores, candidates):
        chosen = tf.argmax(tf.reshape(scores, [-1, candidates]), axis=1, output_type=tf.int32)
        return tf.gather(drafts, tf.range(tf.shape(chosen)[0]) * candidates + chosen)

    def standardised(self, scores, drafts):
        """Scores whose mean and deviation are the same at every length, so that choosing by them does not shift the lengths."""
        lengths = tf.math.count_nonzero(drafts != PADDING, axis=1)
        return (scores - tf.gather(self.score_mean, lengths)) / tf.gather(self.score_deviation, lengths)

    def default_selection(self):
        return Selection(1.0, self.likelihood_weight)

    def calibrate(self, seed=0):
        """Measures mean and deviation of both scores at every length, on drafts of the averaged generator."""
        scores, lengths = [], []
        for start in range(0, _CALIBRATION_DRAFTS, 256):
            found = self.scored_drafts(noise.split(tf.range(start, start + 256, dtype=tf.int64), seed))
            scores.append(found[0].numpy())
            lengths.append(found[1].numpy())
        mean, deviation = moments_by_length(np.concatenate(scores), np.concatenate(lengths), self.generator.length + 1)
        self.score_mean.assign(mean)
        self.score_deviation.assign(deviation)

    @tf.function
    def scored_drafts(self, seeds):
        drafts, scores = self.scored(self.ema_generator, self.latents_from(seeds), self.labels_from(seeds))
        return scores, tf.math.count_nonzero(drafts != PADDING, axis=1)

    def negative_log_likelihood(self, lines, generator=None):
        """Mean nats a token of `lines`, ends counted and padding not, by the averaged generator or another one."""
        generator, total, count = generator or self.ema_generator, 0.0, 0
        for start in range(0, len(lines), 256):
            tokens = trim(self.codec.encode(list(lines[start : start + 256])))
            latents = self.latents_from(tf.range(start, start + len(tokens), dtype=tf.int64))
            total -= float(tf.reduce_sum(self.likelihoods(generator, latents, tokens)))
            count += int(tf.math.count_nonzero(tokens != PADDING))
        return total / count

    @tf.function(reduce_retracing=True)
    def likelihoods(self, generator, latents, tokens):
        return generator.log_likelihood(latents, tokens)

    # --- Guards, in Python here and in the graph for servers. ---

    def check_choices(self, temperature, top_p, candidates):
        if not (np.isscalar(temperature) and np.isfinite(temperature) and temperature > 0):
            raise ValueError(f"temperature={temperature!r}. Expected a finite number more than 0; 1 draws as trained.")
        if not (np.isscalar(top_p) and 0 < top_p <= 1):
            raise ValueError(f"top_p={top_p!r}. Expected a number in (0, 1]; 1 draws from all tokens.")
        if not isinstance(candidates, int | np.integer) or not 1 <= candidates <= MOST_CANDIDATES:
            raise ValueError(f"candidates={candidates!r}. Expected a whole number from 1 to {MOST_CANDIDATES}.")

    def check_label(self, label):
        num_labels = getattr(self.generator, "num_labels", 0)
        if not num_labels or np.min(label) < 0 or np.max(label) >= num_labels:
            expected = f"0 to {num_labels - 1}" if num_labels else "None: this generator takes no labels"
            raise ValueError(f"label={label!r}. Expected {expected}.")
        return label

    def signatures(self, score=False):
        """`serving_default`, `generate`, `guided`, `latents` and, on request, `score`: see `gan_keras.export`."""
        choices = {
            "seed": np.arange(3),
            "prompt": np.array(["", "", ""], object),
            "temperature": np.array([1.0, 0.8, 1.0], np.float32),
            "top_p": np.array([1.0, 1.0, 0.9], np.float32),
        }
        if getattr(self.generator, "num_labels", 0):
            choices["label"] = np.arange(3, dtype=np.int32) % self.generator.num_labels
        return {
            **super().signatures(score),
            "generate": Signature(lambda **row: {"text": self.serve(1, **row)}, choices),
            "guided": Signature(lambda **row: {"text": self.serve(SERVED_CANDIDATES, **row)}, choices),
        }

    def make_samples(self, seeds, labels=None):
        ones = tf.ones_like(seeds, tf.float32)
        prompts = tf.zeros_like(seeds, tf.string)
        return self.write(self.ema_generator, 1, self.default_selection().weights(), seeds, prompts, ones, ones, labels)

    def serve(self, candidates, seed, prompt, temperature, top_p, label=None):
        checks = [
            tf.debugging.Assert(
                tf.reduce_all((temperature > 0) & (temperature < np.inf)),
                ["temperature: expected finite numbers more than 0, got", temperature],
            ),
            tf.debugging.Assert(tf.reduce_all((top_p > 0) & (top_p <= 1)), ["top_p: expected numbers in (0, 1], got", top_p]),
        ]
        if label is not None:
            fits = tf.reduce_all((label >= 0) & (label < self.generator.num_labels))
            checks.append(tf.debugging.Assert(fits, [f"label: expected 0 to {self.generator.num_labels - 1}, got", label]))
        with tf.control_dependencies([check for check in checks if check is not None]):
            seed = tf.identity(seed)
        weights = self.default_selection().weights()
        return self.write(self.ema_generator, candidates, weights, seed, prompt, temperature, top_p, label)

    def model_card(self):
        return {
            **super().model_card(),
            "vocabulary_size": self.codec.vocabulary_size,
            "most_tokens": self.codec.length,
            "guided_candidates": SERVED_CANDIDATES,
            "likelihood_weight": self.likelihood_weight,
        }

    def own_state(self):
        return {**super().own_state(), "score_mean": self.score_mean, "score_deviation": self.score_deviation}

    def get_config(self):
        return {**super().get_config(), "likelihood_weight": self.likelihood_weight}

    def get_compile_config(self):
        config = super().get_compile_config()
        return config and {
            **config,
            "feedback": keras.saving.serialize_keras_object(self.feedback),
            "pretraining_epochs": self.pretraining_epochs,
            "discriminator_epochs": self.discriminator_epochs,
        }


SERVED_CANDIDATES = 4
"""Drafts for each sentence of the exported `guided` signature."""


class Stages(keras.callbacks.Callback):
    """Moves a `TextGAN` from stage to stage and keeps the best supervised network as its baseline."""

    def __init__(self):
        super().__init__()
        self.best = np.inf

    def on_epoch_begin(self, epoch, logs=None):
        gan, stage = self.model, self.model.stage_of(epoch)
        if stage == gan.stage:
            return
        if gan.stage == "pretraining":
            gan.end_pretraining()
        gan.stage = stage
        gan.make_train_function(force=True)
        gan.make_test_function(force=True)

    def on_epoch_end(self, epoch, logs=None):
        nll = (logs or {}).get("val_nll", -epoch)  # without held-out data the last network is kept
        if self.model.stage == "pretraining" and nll < self.best:
            self.best = nll
            self.model.baseline.set_weights(self.model.ema_generator.get_weights())


def trim(tokens):
    """Cuts the columns that are padding in every row."""
    return tokens[:, : tf.reduce_max(tf.math.count_nonzero(tokens != PADDING, axis=1))]


def moments_by_length(scores, lengths, size):
    """Mean and deviation of scores at each length: two arrays `(size, columns)`.

    Rare lengths lean on a straight line through all of them, with the weight of 20 drafts.
    """
    lines = np.stack([np.polyval(np.polyfit(lengths, column, 1), np.arange(size)) for column in scores.T], axis=1)
    residuals = scores - lines[lengths]
    prior, counts = 20.0, np.bincount(lengths, minlength=size)[:, None]

    def shrunk(values, default):
        sums = np.stack([np.bincount(lengths, column, minlength=size) for column in values.T], axis=1)
        return (sums + prior * default) / (counts + prior)

    offsets = shrunk(residuals, 0.0)
    variances = shrunk((residuals - offsets[lengths]) ** 2, residuals.var(axis=0))
    return (lines + offsets).astype(np.float32), np.sqrt(np.maximum(variances, 1e-12)).astype(np.float32)
