"""Exact tempered sampling from an interpolated n-gram model, at a cost that does not grow with the vocabulary."""

import numpy as np

from gan_keras.metrics.ngrams import MISSING


class TemperedSampler:
    """Draws from p ** alpha, normalised, without ever writing out a distribution over the vocabulary.

    A word that was seen after the context c has p(w | c) of its own; any other has the product of backoffs times its p
    after the longest shorter context that it was seen after. So: draw a context length in proportion to the mass of the
    words seen after that context, draw one of them, and try again if it was seen after a longer context too, where its
    own mass is. As p(w | c) is at least the backoff times the lower p, one try in `order` or more succeeds on average.

    Args:
        levels: The model's levels, shortest n-grams first (`contexts`, `probabilities`, `backoffs` each).
        index: The `NgramIndex` that numbers n-grams and contexts.
        alpha: Exponent, 1 / temperature.
        generator: `np.random.Generator`.
    """

    def __init__(self, levels, index, alpha, generator):
        self.index, self.alpha, self.generator = index, alpha, generator
        self.backoffs = [alpha * np.log(level.backoffs) for level in levels]
        self.masses, self.cumulative, self.bounds = zip(*(self._prepare(level) for level in levels), strict=True)

    def _prepare(self, level):
        """Log of sum p ** alpha of each context; running sum of the shares in it; where its n-grams begin and end."""
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
        """Next tokens, and the contexts after them.

        Args:
            contexts: Numbers of the last 0, 1, ... order - 1 tokens, int64 `(batch, order)`; `MISSING` for one unseen.

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
        """Running sum over context lengths of the share of each in the draws, `(batch, order)`."""
        log_masses, factor = np.full(contexts.shape, -np.inf), np.zeros(len(contexts))
        for level in reversed(range(contexts.shape[1])):
            known, numbers = contexts[:, level] != MISSING, contexts[:, level]
            log_masses[known, level] = self.masses[level][numbers[known]] + factor[known]
            factor[known] += self.backoffs[level][numbers[known]]
        masses = np.exp(log_masses - log_masses.max(axis=1, keepdims=True))
        cumulative = np.cumsum(masses, axis=1)
        return cumulative / cumulative[:, -1:]

    def _draw_within(self, levels, contexts):
        """One token of those that directly follow the context of the chosen length."""
        tokens, uniform = np.empty(len(levels), np.int64), self.generator.random(len(levels))
        for level in np.unique(levels):
            rows = np.flatnonzero(levels == level)
            first, last = (self.bounds[level][contexts[rows, level] + offset] for offset in (0, 1))
            before = np.where(first > 0, self.cumulative[level][first - 1], 0.0)
            ngrams = np.searchsorted(self.cumulative[level], before + uniform[rows], side="right")
            tokens[rows] = self.index.keys[level][np.clip(ngrams, first, last - 1)] % self.index.num_tokens
        return tokens

    def _follows_longer(self, tokens, levels, contexts):
        """Whether the token is seen after a longer context too; if so, it is seen after the next longer one."""
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
