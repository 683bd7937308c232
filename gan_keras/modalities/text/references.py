"""The yardstick: real text, prepared once, that the sentences of every sampler are held against in the same way."""

import itertools
import math
from typing import NamedTuple

import numpy as np

from gan_keras.data.text.corpus import corpus_from_lines
from gan_keras.metrics import text_quality
from gan_keras.metrics.bleu import ORDERS, References, bleu_tokens
from gan_keras.metrics.kneser_ney import KneserNey
from gan_keras.metrics.protocol import Protocol


class Units(NamedTuple):
    """What a sentence consists of: `tokenize` takes a line apart, `join` puts tokens together."""

    name: str
    tokenize: callable
    join: callable


WORDS = Units("treebank words (bleu_tokens)", bleu_tokens, " ".join)
CHARACTERS = Units("characters, white space left out", lambda line: list("".join(line.split())), "".join)


def units_of(lines):
    """`CHARACTERS` where most lines hold no space, as in Chinese; else `WORDS`."""
    return WORDS if 2 * sum(" " in line for line in lines) >= len(lines) else CHARACTERS


def vocabulary_size(units, texts):
    """One size for all judges: every word of every text, the sentence end and an unknown word."""
    words = set()
    for line in itertools.chain.from_iterable(texts):
        words.update(units.tokenize(line))
    return len(words) + 2


class Yardstick:
    """The real text, prepared once, that all samples are held against.

    Args:
        units: `WORDS` or `CHARACTERS`.
        training_lines: Strings.
        test_lines: Strings, the references.
        vocabulary_size: The same for all judges, else their scores do not compare.
        likelihood: As for `evaluate_text`.
    """

    def __init__(self, units, training_lines, test_lines, vocabulary_size, likelihood=None):
        self.units, self.vocabulary_size, self.likelihood = units, vocabulary_size, likelihood
        self.training, self.test = self._tokens(training_lines), self._tokens(test_lines)
        self.references, self.judge = References(self.test), KneserNey().fit(self.training, vocabulary_size)
        names = [corpus_from_lines("", lines).fingerprint[:16] for lines in (training_lines, test_lines)]
        self.data = "training {}, test {}".format(*names)

    def _tokens(self, lines):
        return [self.units.tokenize(line) for line in lines]

    def point(self, lines, temperature=None):
        """All scores of some lines, and of each line its Self-BLEU-5 and BLEU-5, `(lines, 2)`."""
        samples = self._tokens(lines)
        bleu, self_bleu = self.references.scores(samples), References(samples).leave_one_out()
        point = {
            "temperature": temperature,
            "num": len(samples),
            "bleu": {str(n): float(bleu[n].mean()) for n in ORDERS},
            "self_bleu": {str(n): float(self_bleu[n].mean()) for n in ORDERS},
            "unique": text_quality.unique_fraction(samples),
            "copies": text_quality.copied_fraction(samples, self.training),
            **{f"distinct_{n}": text_quality.distinct(samples, n) for n in (1, 2, 3)},
            "mean_length": text_quality.mean_length(samples),
            "length_distance": length_distance(samples, self.test),
            "lm_score": self.judge.negative_log_likelihood_per_token(samples),
            "reverse_lm_score": self._judged_by(samples),
            **self._exact(lines),
        }
        return point, np.stack([self_bleu[5], bleu[5]], axis=1)

    def _judged_by(self, samples):
        return KneserNey().fit(samples, self.vocabulary_size).negative_log_likelihood_per_token(self.test)

    def _exact(self, lines):
        """Under the known distribution: the fraction of possible lines, and nats a line of those."""
        if self.likelihood is None:
            return {}
        possible = [value for value in map(self.likelihood, lines) if value > -math.inf]
        return {
            "possible": len(possible) / len(lines),
            "oracle_nll": -float(np.mean(possible)) if possible else None,
        }

    def protocols(self, num_fake, seed):
        """What each family of scores was measured by, as dictionaries."""
        shared = {"data": self.data, "num_fake": num_fake, "tokenizer": self.units.name, "seeds": (seed,)}
        test = {"split": "test", "num_real": len(self.test)}
        training = {"split": "training", "num_real": len(self.training)}
        method = {"smoothing": "method 1, epsilon 0.1"}
        judge = {"smoothing": f"Kneser-Ney 5-gram, discount 0.75, vocabulary of {self.vocabulary_size}"}
        protocols = {
            "bleu": Protocol("bleu, all references", **test, **method, **shared),
            "self_bleu": Protocol("self_bleu, leave-one-out over all samples", **method, **shared),
            "copies": Protocol("fraction equal to a training line, token for token", **training, **shared),
            "length_distance": Protocol("total variation of the histograms of lengths in tokens", **test, **shared),
            "lm_score": Protocol("nats a token, ends counted, judged by the training lines", **training, **judge, **shared),
            "reverse_lm_score": Protocol("nats a token, ends counted, judged by the samples", **test, **judge, **shared),
        }
        return {name: {**protocol.as_dict(), "seeds": [seed]} for name, protocol in protocols.items()}


def length_distance(sentences, other_sentences):
    """Total variation distance between two histograms of lengths: 0 where they agree, 1 where no length is shared."""
    lengths = [[len(sentence) for sentence in part] for part in (sentences, other_sentences)]
    size = max(map(max, lengths)) + 1
    first, second = (np.bincount(part, minlength=size) / len(part) for part in lengths)
    return float(np.abs(first - second).sum() / 2)
