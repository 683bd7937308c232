"""N-grams as integers, so that counting them is `np.bincount` instead of a dictionary of tuples."""

from dataclasses import dataclass
from itertools import chain

import numpy as np

MISSING = -1


def number_tokens(sentences, first=0):
    """Numbers the distinct tokens of `sentences` in sorted order, from `first`, and returns a dictionary from token to number."""
    return {token: number for number, token in enumerate(sorted(set(chain.from_iterable(sentences))), start=first)}


@dataclass(frozen=True)
class Corpus:
    """Concatenated sentences.

    Attributes:
        tokens: Token numbers, int64 `(tokens,)`; `MISSING` for a token without a number.
        lengths: Tokens of each sentence, int64 `(sentences,)`.
    """

    tokens: np.ndarray
    lengths: np.ndarray

    @classmethod
    def encode(cls, sentences, numbers):
        """Encodes `sentences` with the dictionary `numbers`."""
        tokens = [numbers.get(token, MISSING) for token in chain.from_iterable(sentences)]
        return cls(np.array(tokens, np.int64), np.array([len(sentence) for sentence in sentences], np.int64))

    @property
    def owners(self):
        """Index of the sentence that each token belongs to, `(tokens,)`."""
        return np.repeat(np.arange(len(self.lengths)), self.lengths)

    @property
    def positions(self):
        """Position of each token in its sentence, from 0, `(tokens,)`."""
        starts = np.cumsum(self.lengths) - self.lengths
        return np.arange(len(self.tokens)) - np.repeat(starts, self.lengths)


class NgramIndex:
    """The distinct n-grams of a corpus, numbered within their order.

    An n-gram has the key `number of its first n - 1 tokens * num_tokens + last token`, and its number is the rank of that key.
    N-grams that continue the same context are therefore adjacent.

    Args:
        corpus: The `Corpus` to index.
        num_tokens: Any number above all token numbers.
        order: Length of the longest n-grams, >= 1.
    """

    def __init__(self, corpus, num_tokens, order):
        self.num_tokens, self.keys = num_tokens, []
        prefixes = np.zeros_like(corpus.tokens)
        for _ in range(order):
            keys = np.unique(self._join(prefixes, corpus.tokens))
            self.keys.append(keys[keys != MISSING])
            prefixes = previous(self.find(len(self.keys), prefixes, corpus.tokens), corpus)

    def find(self, order, prefixes, tokens):
        """Returns the numbers of the n-grams `prefix + token`, int64 `(batch,)`, `MISSING` if the corpus has none.

        Args:
            order: n, from 1.
            prefixes: Numbers of n-grams of order n - 1 (the empty one has number 0), int64 `(batch,)`.
            tokens: Token numbers, int64 `(batch,)`.
        """
        known, keys = self.keys[order - 1], self._join(prefixes, tokens)
        if not len(known):
            return np.full_like(keys, MISSING)
        ranks = np.minimum(np.searchsorted(known, keys), len(known) - 1)
        return np.where(known[ranks] == keys, ranks, MISSING)

    def locate(self, corpus):
        """Returns the numbers of all n-grams of another corpus with the same token numbers.

        Returns:
            int64 `(order, tokens)`: row n - 1 has the number of the n-gram that ends at each token, or `MISSING` if it would
            start before its sentence or the indexed corpus does not contain it.
        """
        prefixes, rows = np.zeros_like(corpus.tokens), []
        for order in range(1, len(self.keys) + 1):
            rows.append(self.find(order, prefixes, corpus.tokens))
            prefixes = previous(rows[-1], corpus)
        return np.stack(rows)

    def _join(self, prefixes, tokens):
        return np.where((prefixes == MISSING) | (tokens == MISSING), MISSING, prefixes * self.num_tokens + tokens)


def previous(numbers, corpus):
    """The number at the previous token of the same sentence, `MISSING` at its start."""
    return np.where(corpus.positions > 0, np.roll(numbers, 1), MISSING)
