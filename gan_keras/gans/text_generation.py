"""`TextWriter`: the half of a `TextGAN` that outlives training. It writes sentences, in Python and in a server's graph."""

import warnings

import numpy as np
import tensorflow as tf

from gan_keras import noise, replicas
from gan_keras.codecs.text import PADDING, UNKNOWN
from gan_keras.diagnosis.names import choice_of
from gan_keras.gans.calibration import MAX_LINES, MIN_LINES
from gan_keras.gans.gan import GAN
from gan_keras.gans.sampling import seeds_from
from gan_keras.gans.signature import Signature, expect
from gan_keras.networks.base import in_float32
from gan_keras.networks.language_model import token_mask

MAX_CANDIDATES = 64  # drafts per sentence
MAX_PROMPT_BYTES = 8192  # of an exported model: it would take seconds to split a megabyte into words, only to cut them
SERVED_CANDIDATES = 4  # drafts per sentence in the exported `guided` signature
CHOICES = ("resample", "best", "likeliest")
"""Ways to choose among drafts: see `TextWriter.generate`."""
_BLOCK = 256  # lines per call of a compiled function
_DRAFT_SEEDS = 2  # the stream of noise from which calibrations draw


class TextWriter(GAN):
    """A trained `TextGAN`: writes sentences, chooses among several drafts, measures likelihoods, and exports all that."""

    def generate(
        self,
        n=1,
        seed=0,
        temperature=1.0,
        top_p=1.0,
        prompt=None,
        label=None,
        candidates=1,
        choice="resample",
        generator=None,
        edits=None,
    ):
        """Generates sentences from noise, or continues a prompt.

        Args:
            n: Number of sentences, from 1 to `sampling.MAX_SAMPLES`.
            seed: Sentence `i` depends on `seed + i` only, not on `n`; None draws new sentences each time.
            temperature: Divisor of the logits, more than 0.
            top_p: Tokens are drawn from the smallest set with this total probability, in (0, 1].
            prompt: Text that every sentence begins with, or one text per sentence; None for no prompt.
            label: One label for all sentences or one per sentence, for networks that take labels; None takes them in turn.
            candidates: Drafts per sentence, from 1 to 64, of which `choice` keeps one; 1 is a plain draw.
            choice: How one of several drafts is kept. `"resample"` draws one with weights exp(`energies`), so that sentences
                approach the distribution of the data as `candidates` grow. `"best"` keeps the draft with the largest energy:
                it moves away from the data, towards lines that look real and vary less. `"likeliest"` keeps the one with the
                largest log-likelihood per token, without the discriminator: a control.
            generator: Another generator to write with, such as `gan.baseline`.
            edits: What is changed about the sentences, as for `GAN.generate`: the first state moves, and each token is drawn
                with the same random number as before.

        Returns:
            List of `n` str.

        Raises:
            ValueError: If an argument is out of its range.
        """
        seeds = seeds_from(n, seed)
        self.check_choices(temperature, top_p, candidates, choice)
        if candidates > 1 and choice != "likeliest" and not self.calibration.is_fitted:
            warnings.warn(
                "The discriminator is not calibrated, so that each draft weighs the same: these are plain draws. Expected "
                "`gan.calibrate(lines)` with held-out lines, or `gan.fit(..., validation_data=...)`, which does it at its end.",
                stacklevel=2,
            )
        self.follow_generator()
        prompts = self.checked_prompts(prompt, n)
        labels = self.labels_from(seeds) if label is None else self.labels_for(label, n)
        columns = {"seeds": seeds, "prompts": np.asarray(prompts, object), "labels": labels}
        columns |= {"temperatures": np.full(n, temperature, np.float32), "top_ps": np.full(n, top_p, np.float32)}
        columns["shifts"] = self.shifts_from(edits, n)
        found = self.of_rows(self.write, columns, generator or self.ema_generator, candidates, choice, block=_BLOCK // candidates)
        return [text.decode() for text in found]

    @tf.function(reduce_retracing=True)
    def write(self, generator, candidates, choice, seeds, prompts, temperatures, top_ps, labels=None, shifts=None):
        """Runs the graph of `generate`: returns one string per row of seeds, prompts and choices, `(batch,)`."""
        return self.decode(self.chosen(generator, candidates, choice, seeds, prompts, temperatures, top_ps, labels, shifts))

    @tf.function(reduce_retracing=True)
    def resampled(self, candidates, seeds, labels=None):
        """Returns token ids of resampled drafts, `(batch, time)`."""
        ones = tf.ones_like(seeds, tf.float32)
        return self.chosen(self.ema_generator, candidates, CHOICES[0], seeds, tf.zeros_like(seeds, tf.string), ones, ones, labels)

    def chosen(self, generator, candidates, choice, seeds, prompts, temperatures, top_ps, labels=None, shifts=None):
        """Returns the token ids of a sentence per row, `(batch, time)`."""
        num, own_seeds = tf.shape(seeds)[0], seeds
        columns = seeds, prompts, temperatures, top_ps, labels, shifts
        rows = [None if row is None else tf.repeat(row, candidates, axis=0) for row in columns]
        rank = tf.range(num * candidates, dtype=tf.int64) % candidates
        rows[0] = tf.where(rank == 0, rows[0], noise.split(rows[0], rank))
        seeds, prompts, temperatures, top_ps, labels, shifts = (None if row is None else noise.pad_rows(row) for row in rows)
        prompt_tokens, _ = self.codec.encode_prompt(prompts)
        latents = self.latents_from(seeds) if shifts is None else self.latents_from(seeds) + shifts
        choices = temperatures, top_ps, prompt_tokens
        if candidates == 1:
            return generator.sample(latents, labels, *choices, self.ngrams)[0][:num]
        drafts, likelihoods = generator.sample(latents, labels, *choices, self.ngrams)
        drafts = trim(drafts)
        if choice == "likeliest":
            scores = likelihoods / tf.reduce_sum(token_mask(drafts), axis=1)
        else:
            features = self.features_from(drafts, likelihoods, labels)
            scores = self.calibration(features) if choice == "best" else self.calibration.log_weights(features, candidates)
        scores = tf.reshape(scores[: num * candidates], [-1, candidates])
        if choice == "resample":
            # The largest sum of a logarithmic weight and a Gumbel number is a draw by these weights.
            uniform = noise.uniform(noise.split(own_seeds, MAX_CANDIDATES), candidates)
            scores -= tf.math.log(-tf.math.log(uniform))
        best = tf.argmax(scores, axis=1, output_type=tf.int32)
        return tf.gather(drafts, tf.range(num) * candidates + best)

    # --- What the discriminator knows of a line, and how much that weighs. ---

    @property
    def feature_names(self):
        """Names of the columns of `features`."""
        return self.calibration.feature_names

    @property
    def own_feature_names(self):
        """Names of the first columns, which need no discriminator.

        How frequent a line's words are tells what likelihood to expect of it: without that, lines about frequent things would
        weigh more.
        """
        return "log_likelihood", "tokens", *(() if self.ngrams is None else ("unigram_log_likelihood",))

    def features_from(self, tokens, likelihoods, labels=None):
        """Features of lines in the graph, `(batch, k)`: those that need no discriminator, then its own."""
        with in_float32(self.discriminator):
            further = tf.cast(self.discriminator.features(tokens, labels), tf.float32)
        own = [likelihoods, tf.reduce_sum(token_mask(tokens), axis=1)]
        if self.ngrams is not None:
            own.append(self.ngrams.unigram_log_likelihood(tokens))
        return tf.concat([tf.stack(own, axis=1), further], axis=1)

    def known(self, lines):
        """Returns for each line whether the codec keeps all of it: no token is unknown, and none is cut off. Bool `(num,)`."""
        blocks = [list(lines[start : start + _BLOCK]) for start in range(0, len(lines), _BLOCK)]
        whole = [self.codec.tokenize(block).row_lengths().numpy() < self.codec.length for block in blocks]
        read = [~(np.asarray(self.codec.encode(block)) == UNKNOWN).any(axis=1) for block in blocks]
        return np.concatenate([np.zeros(0, bool), *(a & b for a, b in zip(whole, read, strict=True))])

    def features(self, lines, labels=None):
        """Returns what the calibration reads of each line, float32 `(num, k)`: see `feature_names`.

        Args:
            lines: List of str. Compare only lines that are `known`: a draft has no unknown tokens, and ends.
            labels: One label for all lines or one per line, for networks that take labels.

        Raises:
            ValueError: If there are no lines, or labels are missing or wrong.
        """
        return self.features_of(self.tokens_of(lines), self.line_labels(labels, len(lines)))

    def energies(self, lines, labels=None):
        """Returns beta times the logit z of each line, float32 `(num,)`: the log of a draft's weight among very many.

        Up to a constant, it estimates the log of the ratio of the data's density to the generator's. Before `calibrate` it is 0.
        Arguments and errors: see `features`.
        """
        return self.calibration.log_weights(tf.constant(self.features(lines, labels))).numpy()

    def calibrate(self, lines, labels=None, seed=0):
        """Calibrates the weights of drafts on held-out lines, so that `generate(candidates=...)` can choose among drafts.

        Lines that are not `known` are left out; 200 are needed, and more than 4,000 are not used.

        Args:
            lines: List of str that no network was trained on.
            labels: One label for all lines or one per line, for networks that take labels.
            seed: Seed of the drafts and of the folds.

        Returns:
            The cross-fitted gain in held-out log-likelihood, a `metrics.Interval` in nats per line.

        Raises:
            ValueError: If fewer than 200 lines are known, labels are missing or wrong, or a network has diverged.
        """
        tokens, labels = self.tokens_of(lines), self.line_labels(labels, len(lines))
        known = self.known(lines)
        return self.calibrate_on(tokens[known], None if labels is None else labels[known], len(lines), seed)

    def calibrate_on(self, tokens, labels, num_lines, seed):
        """`calibrate` on the token ids of the known among `num_lines` lines."""
        if len(tokens) < MIN_LINES:
            raise ValueError(
                f"Got {len(tokens)} held-out lines of known words, of {num_lines} in all. Expected at least {MIN_LINES}: fewer "
                "do not show what a discriminator adds."
            )
        chosen = np.sort(np.random.default_rng(seed).permutation(len(tokens))[:MAX_LINES])
        tokens, labels = tokens[chosen], None if labels is None else labels[chosen]
        # Weighted as one half of both kinds, twice as many drafts cost little and steady the mean of their weights.
        num = int(np.clip(2 * len(tokens), 1000, MAX_LINES))
        seeds = noise.split(noise.split(tf.range(num, dtype=tf.int64), seed), _DRAFT_SEEDS).numpy()
        draft_labels = None if labels is None else np.resize(labels, num)
        drafts = self.of_rows(self.draft_features, {"seeds": seeds, "labels": draft_labels})
        return self.calibration.fit(self.features_of(tokens, labels), drafts, seed)

    def features_of(self, tokens, labels=None):
        """`features` of token ids `(num, time)`, an array."""
        seeds = np.arange(len(tokens), dtype=np.int64)
        return self.of_rows(self.line_features, {"seeds": seeds, "tokens": tokens, "labels": labels})

    def of_rows(self, function, columns, *arguments, block=_BLOCK):
        """Calls a `tf.function` on blocks of rows, columns by name, of which None is left out. Returns an array.

        There is one trace for any number of rows: TensorFlow warns of a function that it traces again and again.
        """
        columns = {name: column for name, column in columns.items() if column is not None}
        specs = {name: tf.TensorSpec([None] * column.ndim, tf.as_dtype(column.dtype)) for name, column in columns.items()}
        graph = function.get_concrete_function(*arguments, **specs)
        blocks = [slice(start, start + block) for start in range(0, len(next(iter(columns.values()))), block)]
        parts = ({name: tf.constant(column[rows]) for name, column in columns.items()} for rows in blocks)
        return np.concatenate([graph(**part).numpy() for part in parts])

    @tf.function
    def line_features(self, seeds, tokens, labels=None):
        tokens = trim(tokens)
        likelihoods = self.ema_generator.log_likelihood(self.latents_from(seeds), tokens, labels, self.ngrams)
        return self.features_from(tokens, likelihoods, labels)

    @tf.function
    def draft_features(self, seeds, labels=None):
        drafts, likelihoods = self.ema_generator.sample(self.latents_from(seeds), labels, ngrams=self.ngrams)
        return self.features_from(trim(drafts), likelihoods, labels)

    def tokens_of(self, lines):
        if not len(lines):
            raise ValueError("Got no lines. Expected at least one.")
        blocks = (list(lines[start : start + _BLOCK]) for start in range(0, len(lines), _BLOCK))
        return np.concatenate([np.asarray(self.codec.encode(block)) for block in blocks])

    def line_labels(self, labels, num):
        """Returns a label per line, int32 `(num,)`; None for networks without labels."""
        if labels is None and self.num_labels:
            raise ValueError(f"Got no labels. Expected one per line, from 0 to {self.num_labels - 1}.")
        return None if labels is None else self.labels_for(labels, num)

    def negative_log_likelihood(self, lines, generator=None, labels=None):
        """Returns the mean nats per token of `lines`, ends included, padding excluded, by the averaged or another generator.

        The n-gram model, if there is one, has its share. `labels` are one for all lines or one per line; None for no label.
        """
        tokens, labels = self.tokens_of(lines), None if labels is None else self.labels_for(labels, len(lines))
        columns = {"seeds": np.arange(len(tokens), dtype=np.int64), "tokens": tokens, "labels": labels}
        likelihoods = self.of_rows(self.likelihoods, columns, generator or self.ema_generator)
        return -float(likelihoods.sum(dtype=np.float64)) / np.count_nonzero(tokens != PADDING)

    @tf.function
    def likelihoods(self, generator, seeds, tokens, labels=None):
        return generator.log_likelihood(self.latents_from(seeds), trim(tokens), labels, self.ngrams)

    # --- Checks of arguments in Python; `serve` makes them in the graph. ---

    def check_choices(self, temperature, top_p, candidates, choice):
        if not (np.isscalar(temperature) and np.isfinite(temperature) and temperature > 0):
            raise ValueError(f"temperature={temperature!r}. Expected a finite number more than 0; 1 samples as trained.")
        if not (np.isscalar(top_p) and 0 < top_p <= 1):
            raise ValueError(f"top_p={top_p!r}. Expected a number in (0, 1]; 1 samples from all tokens.")
        if not isinstance(candidates, int | np.integer) or not 1 <= candidates <= MAX_CANDIDATES:
            raise ValueError(f"candidates={candidates!r}. Expected a whole number from 1 to {MAX_CANDIDATES}.")
        if choice not in CHOICES:
            raise ValueError(f"choice={choice!r}. {choice_of(choice, CHOICES)}.")
        if candidates == 1 and choice != CHOICES[0]:
            raise ValueError(
                f"choice={choice!r} with candidates=1. Expected candidates from 2 to {MAX_CANDIDATES} to choose among."
            )

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

    def signatures(self, score=False, edit=False):
        """Returns `serving_default`, `latents`, `generate`, `guided` and, on request, `score` and `edit`."""
        choices = {
            "seed": np.arange(3),
            "prompt": np.array(["", "", ""], object),
            "temperature": np.array([1.0, 0.8, 1.0], np.float32),
            "top_p": np.array([1.0, 1.0, 0.9], np.float32),
        }
        if getattr(self.generator, "num_labels", 0):
            choices["label"] = np.arange(3, dtype=np.int32) % self.generator.num_labels
        found = {
            **super().signatures(score),
            "generate": Signature(lambda **row: {"text": self.serve(1, **row)}, choices),
            "guided": Signature(lambda **row: {"text": self.serve(SERVED_CANDIDATES, **row)}, choices),
        }
        if edit:
            found["edit"] = Signature(lambda **row: {"text": self.serve(1, **self.edited(**row))}, self.edit_examples(choices))
        return found

    def make_samples(self, seeds, labels=None):
        ones = tf.ones_like(seeds, tf.float32)
        prompts = tf.zeros_like(seeds, tf.string)
        return self.write(self.ema_generator, 1, CHOICES[0], seeds, prompts, ones, ones, labels)

    def serve(self, candidates, seed, prompt, temperature, top_p, label=None, shifts=None):
        finite = (temperature > 0) & (temperature < np.inf)
        temperature = expect(temperature, finite, "temperature: expected finite numbers more than 0, got")
        top_p = expect(top_p, (top_p > 0) & (top_p <= 1), "top_p: expected numbers in (0, 1], got")
        label, lengths = self.expect_label(label), tf.strings.length(prompt)
        limit = f"prompt: expected at most {MAX_PROMPT_BYTES} bytes, got"
        prompt = expect(prompt, lengths <= MAX_PROMPT_BYTES, limit, shown=lengths)
        return self.write(self.ema_generator, candidates, CHOICES[0], seed, prompt, temperature, top_p, label, shifts)


def trim(tokens):
    """Returns tokens without the columns that are padding in every row of the whole batch."""
    longest = tf.reduce_max(tf.math.count_nonzero(tokens != PADDING, axis=1), keepdims=True)
    return tokens[:, : tf.reduce_max(replicas.all_rows(longest))]
