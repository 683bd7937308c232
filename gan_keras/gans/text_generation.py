"""`TextWriter`: the half of a `TextGAN` that outlives training. It writes sentences, in Python and in a server's graph."""

import dataclasses

import numpy as np
import tensorflow as tf

from gan_keras import noise, replicas
from gan_keras.codecs.text import PADDING
from gan_keras.gans.gan import GAN
from gan_keras.gans.sampling import seeds_from
from gan_keras.gans.signature import Signature, expect
from gan_keras.networks.base import latent_dim_of
from gan_keras.networks.language_model import token_mask

MAX_CANDIDATES = 64  # drafts per sentence
MAX_PROMPT_BYTES = 8192  # of an exported model: it would take seconds to split a megabyte into words, only to cut them
SERVED_CANDIDATES = 4  # drafts per sentence in the exported `guided` signature
_CALIBRATION_DRAFTS = 4096


@dataclasses.dataclass(frozen=True)
class Selection:
    """Weights of the two scores that choose the best draft. Each score is standardized per length, so no length is preferred.

    Args:
        discriminator: Weight of the discriminator's logit.
        likelihood: Weight of the generator's log-likelihood per token.
    """

    discriminator: float = 1.0
    likelihood: float = 0.5

    def weights(self):
        """Returns both weights as a tensor, so that one traced graph serves every selection."""
        return tf.constant([self.discriminator, self.likelihood], tf.float32)


class TextWriter(GAN):
    """A trained `TextGAN`: writes sentences, chooses the best of several drafts, measures likelihoods, and exports all that."""

    def generate(
        self, n=1, seed=0, temperature=1.0, top_p=1.0, prompt=None, label=None, candidates=1, generator=None, selection=None
    ):
        """Generates sentences from noise, or continues a prompt.

        Args:
            n: Number of sentences, from 1 to `sampling.MAX_SAMPLES`.
            seed: Sentence `i` depends on `seed + i` only, not on `n`; None draws new sentences each time.
            temperature: Divisor of the logits, more than 0.
            top_p: Tokens are drawn from the smallest set with this total probability, in (0, 1].
            prompt: Text that every sentence begins with, or one text per sentence; None for no prompt.
            label: One label for all sentences or one per sentence, for networks that take labels; None takes them in turn.
            candidates: Drafts per sentence, from 1 to 64; the best by `selection` is returned.
            generator: Another generator to write with, such as `gan.baseline`.
            selection: A `Selection`; None means `Selection(1.0, likelihood_weight)`.

        Returns:
            List of `n` str.

        Raises:
            ValueError: If an argument is out of its range.
        """
        seeds = seeds_from(n, seed)
        self.check_choices(temperature, top_p, candidates)
        prompts = self.checked_prompts(prompt, n)
        labels = self.labels_from(seeds) if label is None else self.labels_for(label, n)
        generator, weights = generator or self.ema_generator, (selection or self.default_selection()).weights()
        columns = [seeds, np.asarray(prompts, object), *(np.full(n, value, np.float32) for value in (temperature, top_p)), labels]
        # One trace for any number of rows: TensorFlow warns of a function that it traces again and again.
        rows = [None if column is None else tf.TensorSpec([None], tf.as_dtype(column.dtype)) for column in columns]
        graph = self.write.get_concrete_function(generator, candidates, tf.TensorSpec([2]), *rows)
        names = ("seeds", "prompts", "temperatures", "top_ps", "labels")

        def write(*block):
            given = {name: row for name, row in zip(names, block, strict=True) if row is not None}
            return graph(weights=weights, **given)

        return [text.decode() for text in self.in_blocks(write, *columns)]

    @tf.function(reduce_retracing=True)
    def write(self, generator, candidates, weights, seeds, prompts, temperatures, top_ps, labels=None):
        """Runs the graph of `generate`: returns one string per row of seeds, prompts and choices, `(batch,)`."""
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
        scores = tf.linalg.matvec(self.standardized(scores, drafts), weights)
        best = tf.argmax(tf.reshape(scores, [-1, candidates]), axis=1, output_type=tf.int32)
        return self.decode(tf.gather(drafts, tf.range(tf.shape(best)[0]) * candidates + best))

    def scored(self, generator, latents, labels=None, *choices):
        """Returns sentences, trimmed, with their discriminator logit and log-likelihood per token."""
        drafts, likelihoods = generator.sample(latents, labels, *choices)
        drafts = trim(drafts)
        logits = self.judge(drafts, labels, training=False)[:, 0]
        scores = tf.stack([logits, likelihoods / tf.reduce_sum(token_mask(drafts), axis=1)], axis=1)
        return tf.stop_gradient(drafts), tf.stop_gradient(scores)

    def standardized(self, scores, drafts):
        """Returns scores with the same mean and deviation at every length, so that choosing by them does not shift lengths."""
        lengths = tf.math.count_nonzero(drafts != PADDING, axis=1)
        return (scores - tf.gather(self.score_mean, lengths)) / tf.gather(self.score_deviation, lengths)

    def default_selection(self):
        return Selection(1.0, self.likelihood_weight)

    def calibrate(self, seed=0):
        """Measures both scores' mean and deviation at every length, on drafts of the averaged generator."""
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
        """Returns the mean nats per token of `lines`, ends included, padding excluded, by the averaged or another generator."""
        generator, total, count = generator or self.ema_generator, 0.0, 0
        shapes = tf.TensorSpec([None, latent_dim_of(generator)], tf.float32), tf.TensorSpec([None, None], tf.int32)
        graph = self.likelihoods.get_concrete_function(generator, *shapes)
        for start in range(0, len(lines), 256):
            tokens = trim(self.codec.encode(list(lines[start : start + 256])))
            latents = self.latents_from(tf.range(start, start + len(tokens), dtype=tf.int64))
            total -= float(tf.reduce_sum(graph(latents=latents, tokens=tokens)))
            count += int(tf.math.count_nonzero(tokens != PADDING))
        return total / count

    @tf.function
    def likelihoods(self, generator, latents, tokens):
        return generator.log_likelihood(latents, tokens)

    # --- Checks of arguments in Python; `serve` makes them in the graph. ---

    def check_choices(self, temperature, top_p, candidates):
        if not (np.isscalar(temperature) and np.isfinite(temperature) and temperature > 0):
            raise ValueError(f"temperature={temperature!r}. Expected a finite number more than 0; 1 samples as trained.")
        if not (np.isscalar(top_p) and 0 < top_p <= 1):
            raise ValueError(f"top_p={top_p!r}. Expected a number in (0, 1]; 1 samples from all tokens.")
        if not isinstance(candidates, int | np.integer) or not 1 <= candidates <= MAX_CANDIDATES:
            raise ValueError(f"candidates={candidates!r}. Expected a whole number from 1 to {MAX_CANDIDATES}.")

    def checked_prompts(self, prompt, n):
        """Returns a prompt per sentence; raises `ValueError` if they are not texts of known words, or their number is not `n`."""
        if prompt is not None and not isinstance(prompt, str | list | tuple | np.ndarray):
            raise ValueError(f"prompt={prompt!r}. Expected text (str), or a list with a text per sentence.")
        prompts = [prompt or ""] * n if prompt is None or isinstance(prompt, str) else list(prompt)
        if len(prompts) != n:
            raise ValueError(f"Got {len(prompts)} prompts for n={n} sentences. Expected one prompt, or one per sentence.")
        for each in dict.fromkeys(prompts):
            self.codec.check_prompt(each)
        return prompts

    def signatures(self, score=False):
        """Returns `serving_default`, `latents`, `generate`, `guided` and, on request, `score`: see `gan_keras.export`."""
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
        limit = f"prompt: expected at most {MAX_PROMPT_BYTES} bytes, got"
        prompt = expect(prompt, lengths <= MAX_PROMPT_BYTES, limit, shown=lengths)
        weights = self.default_selection().weights()
        return self.write(self.ema_generator, candidates, weights, seed, prompt, temperature, top_p, label)


def trim(tokens):
    """Returns tokens without the columns that are padding in every row of the whole batch."""
    longest = tf.reduce_max(tf.math.count_nonzero(tokens != PADDING, axis=1), keepdims=True)
    return tokens[:, : tf.reduce_max(replicas.all_rows(longest))]


def moments_by_length(scores, lengths, size):
    """Returns mean and deviation of scores at each length: two arrays `(size, columns)`.

    Few drafts have a rare length: a line fitted to all lengths serves as a prior with the weight of 20 drafts.
    """
    lines = np.stack([np.polyval(np.polyfit(lengths, column, 1), np.arange(size)) for column in scores.T], axis=1)
    residuals = scores - lines[lengths]
    prior, counts = 20.0, np.bincount(lengths, minlength=size)[:, None]

    def shrunk_means(values, default):
        sums = np.stack([np.bincount(lengths, column, minlength=size) for column in values.T], axis=1)
        return (sums + prior * default) / (counts + prior)

    offsets = shrunk_means(residuals, 0.0)
    variances = shrunk_means((residuals - offsets[lengths]) ** 2, residuals.var(axis=0))
    return (lines + offsets).astype(np.float32), np.sqrt(np.maximum(variances, 1e-12)).astype(np.float32)
