"""Interpolated Kneser-Ney n-gram language model: a baseline for neural text generators, and a judge of their samples.

The probability of the next word w after a context c is

    p(w | c) = max(count(c w) - discount, 0) / count(c) + backoff(c) * p(w | c without its first word)

where `backoff(c)` is the mass freed by the discounts. Below the highest order, `count` is the number of distinct preceding words
(words at the start of a sentence are counted as they occur): "francisco" is frequent but follows only one word. The recursion
ends with 1 / vocabulary size, the only mass that an unseen word gets.

An n-gram of several words that fewer than `min_sentences` sentences contain has no part of its own: the
backoff of its context gets it.

References: [Kneser and Ney, 1995](https://doi.org/10.1109/ICASSP.1995.479394),
[Chen and Goodman, 1999](https://doi.org/10.1006/csla.1999.0128).
"""

from dataclasses import dataclass

import numpy as np

from gan_keras.metrics.ngrams import MISSING, Corpus, NgramIndex, number_tokens, previous

END, UNKNOWN = "</s>", "<unk>"
"""Names of the sentence end and of all unseen words in `KneserNey.next_token_probabilities`."""
_START_ID, _END_ID, _FIRST_WORD_ID = 0, 1, 2


@dataclass(frozen=True)
class Level:
    """The n-grams of one order n, and their contexts of n - 1 words.

    Attributes:
        contexts: Number of the context of each n-gram, ascending, `(ngrams,)`.
        seen: The part of the probability that comes from the n-gram's own discounted count, `(ngrams,)`; 0 for a sentence start
            and where too few sentences contain the n-gram.
        probabilities: p(last word | context), interpolated with all lower orders, `(ngrams,)`.
        backoffs: Weight of the lower order's probability, 1 for a context without continuation, `(contexts,)`.
    """

    contexts: np.ndarray
    seen: np.ndarray
    probabilities: np.ndarray
    backoffs: np.ndarray


class KneserNey:
    """Interpolated Kneser-Ney n-gram model of sentences of strings or of integers.

    Args:
        order: Length n of the longest n-grams, >= 1.
        discount: Subtracted from each count, in (0, 1).
        min_sentences: Number of sentences that have to contain an n-gram of two words or more, >= 1. From 2, no sentence is
            remembered word for word because it is there once.

    Attributes:
        levels: After `fit`, a `Level` per order.
        index: The `NgramIndex` of their n-grams.
        words: The word of each token number; the first two numbers are those of the sentence's start and end.

    Raises:
        ValueError: If the order, the discount or `min_sentences` is out of its range.
    """

    def __init__(self, order=5, discount=0.75, min_sentences=1):
        if order < 1 or not 0.0 < discount < 1.0:
            raise ValueError(f"Got order {order} and discount {discount}. Expected order >= 1 and discount in (0, 1).")
        if min_sentences < 1:
            raise ValueError(f"min_sentences={min_sentences}. Expected a number >= 1: 1 counts every n-gram.")
        self.order, self.discount, self.min_sentences = order, discount, min_sentences

    def fit(self, sentences, vocabulary_size=None):
        """Counts the n-grams of the training sentences and returns `self`.

        Args:
            sentences: List of token lists, at least one.
            vocabulary_size: Number of words, seen or not, including the sentence end. Only likelihoods with the same value are
                comparable: each unseen word has about discount / vocabulary_size. None counts the words of `sentences`, the
                sentence end and one unknown word.

        Raises:
            ValueError: If there are no sentences, or the vocabulary is smaller than the number of words seen.
        """
        if not len(sentences):
            raise ValueError("Got no sentences to fit. Expected at least one.")
        self.numbers = number_tokens(sentences, first=_FIRST_WORD_ID)
        self.words = [None, None, *self.numbers]
        self.vocabulary_size = len(self.numbers) + 2 if vocabulary_size is None else vocabulary_size
        if self.vocabulary_size < len(self.numbers) + 1:
            raise ValueError(
                f"Got vocabulary_size {vocabulary_size} but {len(self.numbers)} distinct words and the sentence end. "
                "Expected at least as many: count the words of all texts that the model reads."
            )
        corpus = self._encode(sentences)
        self.index = NgramIndex(corpus, len(self.words), min(self.order, corpus.lengths.max()))
        self.levels = self._estimate(self.index.locate(corpus), corpus.owners)
        return self

    def _encode(self, sentences):
        words = Corpus.encode(sentences, self.numbers)
        starts = np.cumsum(words.lengths) - words.lengths
        tokens = np.insert(words.tokens, starts, _START_ID)
        return Corpus(np.insert(tokens, np.cumsum(words.lengths + 1), _END_ID), words.lengths + 2)

    def _estimate(self, rows, owners):
        """One `Level` per order, from the numbers of the n-grams that end at each token, `(order, tokens)`, and its sentence."""
        levels, lower, shorter = [], np.array([1.0 / self.vocabulary_size]), np.zeros_like(rows[0])
        for keys, ngrams, longer in zip(self.index.keys, rows, [*rows[1:], None], strict=True):
            present = ngrams != MISSING
            suffixes = np.zeros(len(keys), np.int64)
            suffixes[ngrams[present]] = shorter[present]
            counts = _counts(ngrams[present], None if longer is None else longer[present], len(keys))
            if not levels:
                counts[_START_ID] = 0
            known = np.ones(len(keys), bool)
            if levels and self.min_sentences > 1:
                sentences = np.unique(np.stack([ngrams[present], owners[present]]), axis=1)[0]
                known = np.bincount(sentences, minlength=len(keys)) >= self.min_sentences
            levels.append(self._level(keys // self.index.num_tokens, counts, known, lower[suffixes], len(lower)))
            lower, shorter = levels[-1].probabilities, ngrams
        return levels

    def _level(self, contexts, counts, known, lower_probabilities, num_contexts):
        totals = np.bincount(contexts, counts, minlength=num_contexts)
        freed = np.bincount(contexts, np.where(known, np.minimum(counts, self.discount), counts), minlength=num_contexts)
        backoffs = np.where(totals > 0, freed / np.maximum(totals, 1), 1.0)
        seen = np.where(known, np.maximum(counts - self.discount, 0.0) / totals[contexts], 0.0)
        return Level(contexts, seen, np.where(counts > 0, seen + backoffs[contexts] * lower_probabilities, 0.0), backoffs)

    def log_likelihood(self, sentence):
        """Log-probability of the sentence including its end, in nats."""
        return float(self._log_probabilities([sentence]).sum())

    def negative_log_likelihood_per_token(self, sentences):
        """Mean negative log-likelihood per token in nats, counting sentence ends; its exponential is the perplexity.

        Raises:
            ValueError: If there are no sentences.
        """
        if not len(sentences):
            raise ValueError("Got no sentences to score. Expected at least one.")
        return float(-self._log_probabilities(sentences).mean())

    def _log_probabilities(self, sentences):
        """Log-probabilities of all tokens and sentence ends, concatenated."""
        corpus = self._encode(sentences)
        probabilities = np.full(len(corpus.tokens), 1.0 / self.vocabulary_size)
        contexts = np.zeros_like(corpus.tokens)
        for level, ngrams in zip(self.levels, self.index.locate(corpus), strict=True):
            unseen = np.where(contexts == MISSING, 1.0, level.backoffs[contexts]) * probabilities
            probabilities = np.where(ngrams == MISSING, unseen, level.probabilities[ngrams])
            contexts = previous(ngrams, corpus)
        return np.log(probabilities[corpus.positions > 0])

    def next_token_probabilities(self, context=()):
        """Returns the distribution of the token after `context`, the first words of a sentence.

        Returns:
            Dictionary from each word, `END` and `UNKNOWN` (all unseen words together) to its probability. The sum is 1.
        """
        corpus = self._encode([context])
        contexts = [0, *self.index.locate(corpus)[:-1, -2]]
        probabilities = np.full(len(self.words) + 1, 1.0 / self.vocabulary_size)
        probabilities[-1] *= self.vocabulary_size - len(self.words) + 1
        for level, keys, number in zip(self.levels, self.index.keys, contexts, strict=True):
            if number == MISSING:
                break
            ngrams = slice(*np.searchsorted(level.contexts, [number, number + 1]))
            probabilities *= level.backoffs[number]
            probabilities[keys[ngrams] % self.index.num_tokens] = level.probabilities[ngrams]
        return dict(zip([END, *self.words[_FIRST_WORD_ID:], UNKNOWN], probabilities[_END_ID:].tolist(), strict=True))

    def sample(self, num, seed=0, temperature=1.0, max_length=100):
        """Samples sentences, each token from its full tempered distribution over the words seen in training.

        Args:
            num: Number of sentences, >= 0.
            seed: The same seed gives the same sentences.
            temperature: Tokens are drawn in proportion to probability ** (1 / temperature), > 0. Below 1, likely tokens become
                likelier.
            max_length: Sentences are cut after this many tokens.

        Returns:
            List of `num` token lists.

        Raises:
            ValueError: If the temperature is not positive and finite.
        """
        if not 0.0 < temperature < np.inf:
            raise ValueError(f"Got temperature {temperature}. Expected a finite number > 0; 1 is the model's own distribution.")
        sampler = TemperedSampler(self.levels, self.index, 1.0 / temperature, np.random.default_rng(seed))
        tokens = np.full((num, max_length + 1), _END_ID, np.int64)
        contexts = np.full((num, len(self.levels)), MISSING, np.int64)
        contexts[:, 0] = 0
        contexts[:, 1:2] = self.index.find(1, np.zeros(1, np.int64), np.array([_START_ID]))
        rows = np.arange(num)
        for step in range(max_length):
            tokens[rows, step], contexts = sampler.draw(contexts)
            unfinished = tokens[rows, step] != _END_ID
            rows, contexts = rows[unfinished], contexts[unfinished]
        lengths = (tokens == _END_ID).argmax(axis=1)
        return [[self.words[token] for token in row[:length]] for row, length in zip(tokens, lengths, strict=True)]


def _counts(ngrams, longer, num_ngrams):
    """Kneser-Ney counts of n-grams: the number of distinct preceding words, or of occurrences if no word ever precedes.

    `ngrams` and `longer` are the numbers of all n-grams of the corpus and of those one word longer that end at the same token,
    `MISSING` at a sentence start. `longer` is None for the highest order, which counts occurrences.
    """
    occurrences = np.bincount(ngrams, minlength=num_ngrams)
    if longer is None:
        return occurrences
    _, first = np.unique(longer, return_index=True)
    extended = first[longer[first] != MISSING]
    preceding_words = np.bincount(ngrams[extended], minlength=num_ngrams)
    return np.where(preceding_words > 0, preceding_words, occurrences)


class TemperedSampler:
    """Exact sampling from the normalised p ** alpha of an interpolated model, at a cost independent of the vocabulary size.

    A word seen after the context c has its own p(w | c). Any other word has the product of backoffs times its probability after
    the longest suffix of c that it was seen after. So draw a context length in proportion to the mass of the words seen after
    that context, draw one of these words, and reject it if it was also seen after a longer context, which holds its mass.
    As p(w | c) is at least the backoff times the lower-order p, at least one draw in `order` is accepted on average.

    Args:
        levels: The model's levels, shortest n-grams first.
        index: `NgramIndex` of n-grams and contexts.
        alpha: Exponent, 1 / temperature.
        generator: `np.random.Generator`.
    """

    def __init__(self, levels, index, alpha, generator):
        self.index, self.alpha, self.generator = index, alpha, generator
        self.backoffs = [alpha * np.log(level.backoffs) for level in levels]
        self.masses, self.cumulative, self.bounds = zip(*(self._prepare(level) for level in levels), strict=True)

    def _prepare(self, level):
        """Per context: log of the sum of p ** alpha, cumulative shares, and bounds of its n-grams."""
        num_contexts = len(level.backoffs)
        with np.errstate(divide="ignore"):
            logs = self.alpha * np.log(level.probabilities)
        largest = np.full(num_contexts, -np.inf)
        np.maximum.at(largest, level.contexts, logs)
        shares = np.exp(logs - largest[level.contexts])
        totals = np.bincount(level.contexts, shares, minlength=num_contexts)
        bounds = np.searchsorted(level.contexts, np.arange(num_contexts + 1))
        return largest + np.log(np.maximum(totals, 1.0)), np.cumsum(shares / totals[level.contexts]), bounds

    def draw(self, contexts):
        """Draws the next tokens.

        Args:
            contexts: Numbers of the last 0, 1, ... order - 1 tokens, int64 `(batch, order)`; `MISSING` if unseen.

        Returns:
            Token numbers `(batch,)` and the new contexts `(batch, order)`.
        """
        cumulative = self._level_shares(contexts)
        tokens = np.empty(len(contexts), np.int64)
        pending = np.arange(len(contexts))
        while len(pending):
            levels = (self.generator.random((len(pending), 1)) > cumulative[pending]).sum(axis=1)
            tokens[pending] = self._draw_within(levels, contexts[pending])
            pending = pending[self._follows_longer(tokens[pending], levels, contexts[pending])]
        return tokens, self._advance(contexts, tokens)

    def _level_shares(self, contexts):
        """Cumulative probabilities of the context lengths, `(batch, order)`."""
        log_masses, factor = np.full(contexts.shape, -np.inf), np.zeros(len(contexts))
        for level in reversed(range(contexts.shape[1])):
            known, numbers = contexts[:, level] != MISSING, contexts[:, level]
            log_masses[known, level] = self.masses[level][numbers[known]] + factor[known]
            factor[known] += self.backoffs[level][numbers[known]]
        masses = np.exp(log_masses - log_masses.max(axis=1, keepdims=True))
        cumulative = np.cumsum(masses, axis=1)
        return cumulative / cumulative[:, -1:]

    def _draw_within(self, levels, contexts):
        """Draws one of the tokens seen after the context of the chosen length."""
        tokens, uniform = np.empty(len(levels), np.int64), self.generator.random(len(levels))
        for level in np.unique(levels):
            rows = np.flatnonzero(levels == level)
            first, last = (self.bounds[level][contexts[rows, level] + offset] for offset in (0, 1))
            before = np.where(first > 0, self.cumulative[level][first - 1], 0.0)
            ngrams = np.searchsorted(self.cumulative[level], before + uniform[rows], side="right")
            tokens[rows] = self.index.keys[level][np.clip(ngrams, first, last - 1)] % self.index.num_tokens
        return tokens

    def _follows_longer(self, tokens, levels, contexts):
        """True for tokens that are also seen after a longer context, which then includes the next longer one."""
        longer = np.full(len(tokens), False)
        for level in range(1, contexts.shape[1]):
            rows = np.flatnonzero(levels == level - 1)
            longer[rows] = self.index.find(level + 1, contexts[rows, level], tokens[rows]) != MISSING
        return longer

    def _advance(self, contexts, tokens):
        new_contexts = np.zeros_like(contexts)
        for level in range(1, contexts.shape[1]):
            new_contexts[:, level] = self.index.find(level, contexts[:, level - 1], tokens)
        return new_contexts
