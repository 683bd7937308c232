"""BLEU and Self-BLEU of a corpus by the Texygen protocol, equal to nltk's `sentence_bleu`, a second for 10,000 lines.

BLEU-n of a sentence is the geometric mean of its clipped 1- to n-gram precisions against all references at once, times
a penalty for being shorter than the closest reference. It says how plausible sentences are; Self-BLEU, each generated
sentence against all others, says how alike they are. Neither means anything without the other: a generator that repeats
one good sentence has the best BLEU and the worst Self-BLEU.

References: [BLEU](https://aclanthology.org/P02-1040), [smoothing](https://aclanthology.org/W14-3346) (method 1),
[Texygen](https://arxiv.org/abs/1802.01886) (the protocol, and Self-BLEU).
"""

import re

import numpy as np

from gan_keras.metrics.ngrams import MISSING, Corpus, NgramIndex, number_tokens

__all__ = ["References", "bleu", "bleu_tokens", "self_bleu"]

ORDERS = (2, 3, 4, 5)
SMOOTHING_EPSILON = 0.1


class References:
    """Reference sentences prepared once, to score many sets of hypotheses.

    Args:
        sentences: List of token lists, at least one.
        max_order: The longest n-grams that will be scored.

    Raises:
        ValueError: Without any sentence.
    """

    def __init__(self, sentences, max_order=5):
        if not len(sentences):
            raise ValueError("Got no reference sentences. Expected at least one.")
        self.numbers = number_tokens(sentences)
        self.corpus = Corpus.encode(sentences, self.numbers)
        self.index = NgramIndex(self.corpus, len(self.numbers), max_order)
        self.limits = [_Limits(self.corpus.owners, ngrams) for ngrams in self.index.locate(self.corpus)]

    def scores(self, hypotheses, orders=ORDERS):
        """BLEU of each hypothesis against all references.

        Args:
            hypotheses: List of token lists; an empty one scores 0.
            orders: The n of each BLEU-n.

        Returns:
            Dictionary from n to float64 `(hypotheses,)` in [0, 1].

        Raises:
            ValueError: Without hypotheses, or for an order above `max_order`.
        """
        _check(len(hypotheses), orders, len(self.limits))
        corpus = Corpus.encode(hypotheses, self.numbers)
        return _scores(self._matches(corpus, False), corpus.lengths, self._closest(corpus.lengths), orders)

    def leave_one_out(self, num_hypotheses=None, orders=ORDERS):
        """BLEU of each of the first `num_hypotheses` references (all by default) against all other references.

        One copy of the sentence itself is left out; its duplicates elsewhere stay. Returns and raises as `scores`.
        """
        if len(self.corpus.lengths) < 2:
            raise ValueError("Got 1 sentence. Expected at least 2, to compare each with the others.")
        lengths = self.corpus.lengths[:num_hypotheses]
        _check(len(lengths), orders, len(self.limits))
        corpus = Corpus(self.corpus.tokens[: lengths.sum()], lengths)
        return _scores(self._matches(corpus, True), lengths, self._closest(lengths, left_out=1), orders)

    def _matches(self, corpus, leave_one_out):
        """Clipped matches of each order and sentence, `(order, sentences)`."""
        return np.stack(
            [
                limits.matches(corpus, ngrams, leave_one_out)
                for limits, ngrams in zip(self.limits, self.index.locate(corpus), strict=True)
            ]
        )

    def _closest(self, lengths, left_out=0):
        """Length of the closest reference, the shorter of two as close; `left_out` references of that length less."""
        counts = np.bincount(self.corpus.lengths)
        closest = {}
        for length in np.unique(lengths):
            present = np.flatnonzero(counts - left_out * (np.arange(len(counts)) == length) > 0)
            closest[length] = present[np.argmin(np.abs(present - length))]
        return np.array([closest[length] for length in lengths])


class _Limits:
    """How often each n-gram of one order occurs in the reference that has it most often, and in the second such.

    The second count is what remains for the reference that holds the first, when that one is left out.
    """

    def __init__(self, owners, ngrams):
        self.num_ngrams = ngrams.max(initial=MISSING) + 1
        sentences, found, counts = _count(owners, ngrams, self.num_ngrams)
        by_count = np.lexsort((counts, found))
        sentences, found, counts = sentences[by_count], found[by_count], counts[by_count]
        last = np.searchsorted(found, np.arange(self.num_ngrams), side="right") - 1
        self.most, self.owner = counts[last], sentences[last]
        has_second = (last > 0) & (found[last - 1] == found[last])
        self.second = np.where(has_second, counts[last - 1], 0)

    def matches(self, corpus, ngrams, leave_one_out):
        """Number of n-grams of each sentence that the references have too, each counted up to its limit."""
        sentences, found, counts = _count(corpus.owners, ngrams, self.num_ngrams)
        limit = self.most[found]
        if leave_one_out:
            limit = np.where(self.owner[found] == sentences, self.second[found], limit)
        return np.bincount(sentences, np.minimum(counts, limit), minlength=len(corpus.lengths))


def _count(owners, ngrams, num_ngrams):
    """Occurrences of each n-gram in each sentence: arrays (sentence, n-gram, count), one entry a pair that occurs."""
    found = ngrams != MISSING
    pairs, counts = np.unique(owners[found] * num_ngrams + ngrams[found], return_counts=True)
    sentences, distinct = np.divmod(pairs, max(num_ngrams, 1))
    return sentences, distinct, counts


def _scores(matches, lengths, closest_lengths, orders):
    """Smoothed precisions and brevity penalty, put together: from `(order, sentences)` to a dictionary of scores."""
    num_ngrams = np.maximum(lengths - np.arange(len(matches))[:, np.newaxis], 1)
    log_precisions = np.log(np.where(matches == 0, SMOOTHING_EPSILON, matches) / num_ngrams)
    log_penalties = np.minimum(1.0 - closest_lengths / np.maximum(lengths, 1), 0.0)
    has_match = matches[0] > 0
    return {n: np.where(has_match, np.exp(log_precisions[:n].mean(axis=0) + log_penalties), 0.0) for n in orders}


def _check(num_hypotheses, orders, max_order):
    if not num_hypotheses:
        raise ValueError("Got no sentences to score. Expected at least one.")
    if not all(1 <= n <= max_order for n in orders):
        raise ValueError(f"Got orders {tuple(orders)}. Expected orders from 1 to {max_order}, the references' max_order.")


def bleu(hypotheses, references, orders=ORDERS):
    """Mean BLEU-n of the hypotheses, each against all references, with uniform weights and smoothing method 1.

    Args:
        hypotheses: Generated sentences, a list of token lists.
        references: Real sentences, a list of token lists, or `References` where several sets are scored.
        orders: The n of each BLEU-n.

    Returns:
        Dictionary from n to a float in [0, 1].

    Raises:
        ValueError: Without hypotheses or references, or for an order above the references' `max_order`.
    """
    if not isinstance(references, References):
        references = References(references, max(orders))
    return {n: float(scores.mean()) for n, scores in references.scores(hypotheses, orders).items()}


def self_bleu(sentences, orders=ORDERS, num_hypotheses=None):
    """Mean BLEU-n of each sentence against all others: 1 where all are alike; lower is more diverse.

    It grows with the number of sentences (real captions of Image COCO: Self-BLEU-5 is .20 for 500 and .42 for 10,000),
    so compare only scores of equally many.

    Args:
        sentences: List of token lists, or `References` made of them.
        orders: The n of each BLEU-n.
        num_hypotheses: Score only this many, the first, each still against all others; all by default. Shuffle
            sentences of a file before, as neighbours are often alike (the first 1,000 of Image COCO give .38, not .42).

    Returns:
        Dictionary from n to a float in [0, 1].

    Raises:
        ValueError: For fewer than two sentences, or for an order above the references' `max_order`.
    """
    references = sentences if isinstance(sentences, References) else References(sentences, max(orders))
    return {n: float(scores.mean()) for n, scores in references.leave_one_out(num_hypotheses, orders).items()}


# --- Penn Treebank tokens, the units in which the published text-GAN scores are counted.

# The order matters: each rule reads the text that the rules before it left behind.
_RULES = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        # Quotes that open.
        (r"[«“‘„]|``?", r" \g<0> "),
        (r'^"', " `` "),
        (r"""([ (\[{<])(?:"|'')""", r"\1 `` "),
        (r"(?i)(?<!\w)'(?!(?:re|ve|ll|m|t|s|d|n)\b)(?=\w)", "' "),
        # The full stop that ends the line; any other belongs to its word, as in "u.s. flag".
        (r"""([^.])\.([\])}>"'»”’ ]*+)\s*$""", r"\1 . \2 "),
        (r"([:,])(\D)", r" \1 \2"),
        (r"[:,]$", r" \g<0> "),
        (r"\.{2,}", r" \g<0> "),
        (r"[;@#$%&?!\u2012-\u2015]", r" \g<0> "),
        (r"([^'])' ", r"\1 ' "),
        (r"[*\[\](){}<>]|--", r" \g<0> "),
        # A space on both sides lets the rules below see the ends of the line as the ends of a word.
        (r"^|$", " "),
        # Quotes that close, and clitics.
        (r"[»”’]", r" \g<0> "),
        (r"''|\"", " '' "),
        (r"\s+", " "),
        (r"([^' ])('[sSmMdD]|') ", r"\1 \2 "),
        (r"([^' ])('ll|'LL|'re|'RE|'ve|'VE|n't|N'T) ", r"\1 \2 "),
        (
            r"(?i)\b(can(?=not)|gim(?=me)|gon(?=na)|got(?=ta)|lem(?=me)|wan(?=na\s)|more(?='n)|d(?='ye))"
            r"(not|me|na|ta|'n|'ye)\b",
            r" \1 \2 ",
        ),
        (r"(?i) ('t)(is|was)\b", r" \1 \2 "),
    )
)


def bleu_tokens(line):
    """Splits a line into words, punctuation and clitics: `"a dog's bed."` is `["a", "dog", "'s", "bed", "."]`.

    These are the tokens of nltk's `NLTKWordTokenizer`. The published protocol calls `nltk.word_tokenize`, which first
    cuts the line into sentences with a model that must be downloaded. Without that model a line is one sentence: a full
    stop in its middle stays with its word (`"a dog. a cat."` has the token `"dog."`). Captions are single sentences, so
    it is nearly always the same.

    Args:
        line: String.

    Returns:
        List of strings without white space.
    """
    for pattern, replacement in _RULES:
        line = pattern.sub(replacement, line)
    return line.split()
