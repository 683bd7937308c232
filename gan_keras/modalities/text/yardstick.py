"""Real text that samples are scored against: `Yardstick` by n-grams, `SampleTests` by features of whole sentences."""

import itertools
import math
from typing import NamedTuple

import numpy as np

from gan_keras.data.text.corpus import corpus_from_lines
from gan_keras.metrics import text_quality
from gan_keras.metrics.bleu import ORDERS, References, bleu_tokens
from gan_keras.metrics.kneser_ney import KneserNey
from gan_keras.metrics.protocol import Protocol
from gan_keras.metrics.text_features import sentence_features
from gan_keras.metrics.two_sample_tests import linear_two_sample_test, mauve, mean_discrepancy


class Units(NamedTuple):
    """The units that sentences are compared in: `tokenize` splits a line, `join` joins tokens."""

    name: str
    tokenize: callable
    join: callable


WORDS = Units("treebank words (bleu_tokens)", bleu_tokens, " ".join)
CHARACTERS = Units("characters, white space left out", lambda line: list("".join(line.split())), "".join)


def units_of(lines):
    """Returns `CHARACTERS` if most lines contain no space, as in Chinese, otherwise `WORDS`."""
    return WORDS if 2 * sum(" " in line for line in lines) >= len(lines) else CHARACTERS


def vocabulary_size(units, texts):
    """The vocabulary size of all judges: every word of every text, the sentence end and an unknown word."""
    words = set()
    for line in itertools.chain.from_iterable(texts):
        words.update(units.tokenize(line))
    return len(words) + 2


class Yardstick:
    """Real text, prepared once, that all samples are scored against.

    Args:
        units: `WORDS` or `CHARACTERS`.
        training_lines: Strings.
        test_lines: Strings, the references.
        vocabulary_size: Vocabulary size of all judges; only equal ones make their scores comparable.
        likelihood: See `evaluate_text`.
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
        """Returns all scores of some lines, and the Self-BLEU-5 and BLEU-5 of each, `(lines, 2)`."""
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
        """The fraction of lines that are possible under the known distribution, and their nats per line."""
        if self.likelihood is None:
            return {}
        possible = [value for value in map(self.likelihood, lines) if value > -math.inf]
        return {
            "possible": len(possible) / len(lines),
            "oracle_nll": -float(np.mean(possible)) if possible else None,
        }

    def protocols(self, num_fake, seed):
        """The protocol of each family of scores, as dictionaries."""
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
    """Total variation distance between two histograms of lengths: 0 if they agree, 1 if they share no length."""
    lengths = [[len(sentence) for sentence in part] for part in (sentences, other_sentences)]
    size = max(map(max, lengths)) + 1
    first, second = (np.bincount(part, minlength=size) / len(part) for part in lengths)
    return float(np.abs(first - second).sum() / 2)


class SampleTests:
    """Real lines, prepared once, from which samples are told by features of sentences.

    Args:
        units: `WORDS` or `CHARACTERS`.
        features: Function from lines to features; see `metrics.sentence_features`.
        lines: Real lines, at least 10.
        training_tokens: Tokens of the training lines, of which copies are counted.
        vocabulary_size: As in `Yardstick`.
        seed: Seed of folds, clusters and bootstrap.
    """

    def __init__(self, units, features, lines, training_tokens, vocabulary_size, seed=0):
        self.units, self.features, self.seed, self.vocabulary_size = units, features, seed, vocabulary_size
        self.training, self.real = training_tokens, [units.tokenize(line) for line in lines]
        self.real_features = self._features(self.real)

    def _features(self, samples):
        # Joined anew: spaces at punctuation, which some samplers do not know, must not give them away.
        return sentence_features(self.features, [self.units.join(sample) for sample in samples])

    def row(self, lines):
        """Returns the scores of a sampler's lines by name, and its `metrics.ClassifierTest`."""
        samples = [self.units.tokenize(line) for line in lines]
        features, length = self._features(samples), text_quality.mean_length(samples)
        test = linear_two_sample_test(self.real_features, features, seed=self.seed)
        reverse = KneserNey().fit(samples, self.vocabulary_size).negative_log_likelihood_per_token(self.real)
        scores = {
            "num": len(samples),
            "mean_length": length,
            "length_difference": 100.0 * (length / text_quality.mean_length(self.real) - 1.0),
            "c2st": test.area,
            "c2st_interval": [test.low, test.high],
            "mmd": mean_discrepancy(self.real_features, features),
            "mauve": mauve(self.real_features, features, seed=self.seed),
            "distinct_2": text_quality.distinct(samples, 2),
            "unique": text_quality.unique_fraction(samples),
            "copies": text_quality.copied_fraction(samples, self.training),
            "reverse_lm_score": reverse,
        }
        return scores, test
