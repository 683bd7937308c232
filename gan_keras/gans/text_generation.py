"""The writing half of `TextGAN`: noise or a prompt to sentences, in Python and in the graph of a server."""

import numpy as np
import tensorflow as tf

from gan_keras import noise, replicas
from gan_keras.codecs.text import PADDING
from gan_keras.gans.gan import GAN
from gan_keras.gans.sampling import Selection, moments_by_length, seeds_from
from gan_keras.gans.signature import Signature, expect
from gan_keras.networks.recurrent_generator import token_mask

MOST_CANDIDATES = 64
"""The largest number of drafts for one sentence."""

MOST_PROMPT_BYTES = 8192
"""The longest prompt that an exported model takes: splitting a megabyte into words takes seconds, and it would be cut."""

SERVED_CANDIDATES = 4
"""Drafts for each sentence of the exported `guided` signature."""

_CALIBRATION_DRAFTS = 4096


class TextWriter(GAN):
    """What a trained `TextGAN` does: write, choose among drafts, tell likelihoods, and offer all that to a server."""

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
            n: How many, from 1 to `sampling.MOST_SAMPLES`.
            seed: Sentence `i` is made from `seed + i` alone, whatever `n` is.
            temperature: More than 0; logits are divided by it.
            top_p: In (0, 1]: draw from the smallest set of tokens of this mass.
            prompt: Text that every sentence begins with, or one text for each sentence; None for none.
            label: A label for all, or one for each sentence, where the networks take labels; None takes them in turn.
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
        labels = self.labels_from(seeds) if label is None else np.broadcast_to(np.int32(self.check_label(label, n)), [n])
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
        rows = [
            None if row is None else tf.repeat(row, candidates, axis=0) for row in (seeds, prompts, temperatures, top_ps, labels)
        ]
        rank = tf.range(num * candidates, dtype=tf.int64) % candidates
        rows[0] = tf.where(rank == 0, rows[0], noise.split(rows[0], rank))
        seeds, prompts, temperatures, top_ps, labels = (None if row is None else noise.pad_rows(row) for row in rows)
        prompt_tokens, _ = self.codec.encode_prompt(prompts)
        latents, choices = self.latents_from(seeds), (temperatures, top_ps, prompt_tokens)
        if candidates == 1:
            return self.decode(generator.sample(latents, labels, *choices)[0])[:num]
        drafts, scores = (each[: num * candidates] for each in self.scored(generator, latents, labels, *choices))
        return self.decode(self.best(drafts, tf.linalg.matvec(self.standardised(scores, drafts), weights), candidates))

    def scored(self, generator, latents, labels=None, *choices):
        """Sentences, cut to the longest, with the discriminator's logit and the log-likelihood a token of each."""
        drafts, likelihoods = generator.sample(latents, labels, *choices)
        drafts = trim(drafts)
        logits = self.judge(drafts, labels, training=False)[:, 0]
        scores = tf.stack([logits, likelihoods / tf.reduce_sum(token_mask(drafts), axis=1)], axis=1)
        return tf.stop_gradient(drafts), tf.stop_gradient(scores)

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

    def check_label(self, label, n):
        if np.ndim(label) and len(label) != n:
            raise ValueError(f"Got {len(label)} labels for n={n} sentences. Expected one label, or one for each.")
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
        finite = (temperature > 0) & (temperature < np.inf)
        temperature = expect(temperature, finite, "temperature: expected finite numbers more than 0, got")
        top_p = expect(top_p, (top_p > 0) & (top_p <= 1), "top_p: expected numbers in (0, 1], got")
        label, lengths = self.expect_label(label), tf.strings.length(prompt)
        limit = f"prompt: expected at most {MOST_PROMPT_BYTES} bytes, got"
        prompt = expect(prompt, lengths <= MOST_PROMPT_BYTES, limit, shown=lengths)
        weights = self.default_selection().weights()
        return self.write(self.ema_generator, candidates, weights, seed, prompt, temperature, top_p, label)


def trim(tokens):
    """Cuts the columns that are padding in every row of the whole batch."""
    longest = tf.reduce_max(tf.math.count_nonzero(tokens != PADDING, axis=1), keepdims=True)
    return tokens[:, : tf.reduce_max(replicas.all_rows(longest))]
