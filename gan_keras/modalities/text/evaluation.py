"""Evaluation of a text GAN: at several temperatures, and next to its rivals.

A temperature trades diversity for quality, so all samplers are drawn at the same temperatures. The GAN is compared with what it
has to beat: its own supervised network (with temperature, and with as many drafts chosen by likelihood), an n-gram model, and
real sentences scored as if they were generated. `Yardstick` holds the real text that all are scored against.

References: [Texygen](https://arxiv.org/abs/1802.01886) (the protocol),
[Language GANs Falling Short](https://arxiv.org/abs/1811.02549) (the sweep).
"""

import itertools
import math
from typing import NamedTuple

import numpy as np

from gan_keras.codecs.text import END
from gan_keras.data.text.corpus import corpus_from_lines
from gan_keras.metrics import text_quality
from gan_keras.metrics.bleu import ORDERS, References, bleu_tokens
from gan_keras.metrics.kneser_ney import KneserNey
from gan_keras.metrics.protocol import Protocol
from gan_keras.modalities.base import seconds_per_sample
from gan_keras.modalities.text.comparison import frontier_gains, print_summary, verdict
from gan_keras.training.time_budget import duration

__all__ = ["TEMPERATURES", "evaluate_text", "print_summary"]

TEMPERATURES = tuple(1.0 / alpha for alpha in (1.0, 1.1, 1.2, 1.35, 1.5))
SHOWN_TEMPERATURE = 1.0 / 1.2
NUM_SHOWN = 20
NUM_PILOT = 256
SCORING_SECONDS = 2e-4  # all scores of a sentence of eleven words on one core
LIKELIHOOD_TOKENS = (
    "nats per token of the codec on the test lines, the same tokens for all: with the end, without padding, lines cut at the "
    "codec's length; the networks read one noise vector per line, so their values are upper bounds"
)


def evaluate_text(
    gan,
    training_lines,
    test_lines,
    temperatures=TEMPERATURES,
    num=None,
    candidates=4,
    seed=0,
    progress=print,
    likelihood=None,
):
    """Scores five samplers at every temperature, and the training lines, against the test lines.

    The samplers: `gan` (one draw per sentence), `gan_best_of_K` (the best of K drafts by the GAN's own selection), `baseline`
    (its supervised network), `baseline_likelihood_best_of_K` (as many drafts, chosen by likelihood alone) and `ngram`
    (Kneser-Ney, order 5). The GAN's samplers generate sentence i from `seed + i`.

    Args:
        gan: A trained `TextGAN`.
        training_lines: Its training lines, strings.
        test_lines: Lines that took no part in training or in the choice of the best epoch. All are references.
        temperatures: Finite numbers > 0; a frontier needs at least two.
        num: Sentences per sampler and temperature, >= 2; by default as many as test lines, 1,000 to 10,000.
        candidates: K, >= 2.
        seed: Int >= 0.
        progress: Function that receives a line of text at each step, the first with an estimate of the time.
        likelihood: For a corpus with a known distribution: function from a line to its log-likelihood in nats, minus infinity
            for an impossible line.

    Returns:
        Dictionary that JSON can hold: `samplers` (by name: `title`, `points` per temperature, `sentences`, `protocols`), `real`
        (one such sampler), `negative_log_likelihood`, `gains` (see `comparison.frontier_gains`), `verdict` (lines of text) and
        `settings`.

    Raises:
        ValueError: If there are no lines or temperatures, or a number is out of its range.
    """
    training_lines, test_lines = list(training_lines), list(test_lines)
    num = min(10_000, max(1000, len(test_lines))) if num is None else num
    _check(training_lines, test_lines, temperatures, num, candidates)
    units = units_of(training_lines)
    _announce(gan, temperatures, num, candidates, progress)
    samplers = _samplers(gan, units, training_lines, candidates, seed)
    samples = _draw(samplers, temperatures, num, progress)
    size = vocabulary_size(units, [training_lines, test_lines, *itertools.chain.from_iterable(samples.values())])
    yardstick = Yardstick(units, training_lines, test_lines, size, likelihood)
    entries, curves = _scores(yardstick, samplers, samples, temperatures, seed, progress)
    gains = frontier_gains(curves, candidates, seed)
    return {
        "settings": {"num": num, "candidates": candidates, "seed": seed, "temperatures": list(temperatures)},
        "samplers": entries,
        "real": _real(yardstick, _sample_of(training_lines, num, seed), seed),
        "negative_log_likelihood": _likelihoods(gan, training_lines, test_lines, yardstick.data),
        "gains": gains,
        "verdict": verdict(gains, {name: sampler.title for name, sampler in samplers.items()}),
    }


def _check(training_lines, test_lines, temperatures, num, candidates):
    for name, lines in (("training", training_lines), ("test", test_lines)):
        if not lines:
            raise ValueError(f"Got no {name} lines. Expected at least one.")
    if not len(temperatures) or not all(0.0 < temperature < math.inf for temperature in temperatures):
        raise ValueError(f"Got temperatures {tuple(temperatures)}. Expected one or more finite numbers > 0.")
    if num < 2 or candidates < 2:
        raise ValueError(f"Got num={num} and candidates={candidates}. Expected both to be at least 2.")


class Sampler(NamedTuple):
    """A source of lines: `draw(num, temperature)` returns `num` of them."""

    title: str
    draw: callable


def _samplers(gan, units, training_lines, candidates, seed):
    def of_gan(**choices):
        return lambda num, temperature: gan.generate(num, seed=seed, temperature=temperature, **choices)

    ngram = KneserNey().fit([units.tokenize(line) for line in training_lines])
    supervised = {"generator": gan.baseline}
    by_likelihood = {**supervised, "candidates": candidates, "choice": "likeliest"}
    return {
        "gan": Sampler("GAN (one draw)", of_gan()),
        f"gan_best_of_{candidates}": Sampler(f"GAN (best of {candidates})", of_gan(candidates=candidates)),
        "baseline": Sampler("supervised baseline", of_gan(**supervised)),
        f"baseline_likelihood_best_of_{candidates}": Sampler(
            f"supervised baseline (likeliest of {candidates})", of_gan(**by_likelihood)
        ),
        "ngram": Sampler(
            "Kneser-Ney 5-gram", lambda num, temperature: list(map(units.join, ngram.sample(num, seed, temperature)))
        ),
    }


def _announce(gan, temperatures, num, candidates, progress):
    """Estimates the time from a few drafts."""
    drafts = 2 * (1 + candidates) * num * len(temperatures)
    drawing = seconds_per_sample(gan, min(NUM_PILOT, num), seed=0, temperature=temperatures[0]) * drafts
    scoring = SCORING_SECONDS * (5 * len(temperatures) + 1) * num
    progress(
        f"Evaluating 5 samplers at {len(temperatures)} temperatures, {num:,} sentences each: about {duration(drawing)} "
        f"for {drafts:,} drafts, {duration(scoring)} for scoring."
    )


def _draw(samplers, temperatures, num, progress):
    """The lines of each sampler, a list per temperature."""
    samples = {}
    for name, sampler in samplers.items():
        progress(f"Drawing: {sampler.title}")
        samples[name] = [sampler.draw(num, temperature) for temperature in temperatures]
    return samples


def _sample_of(lines, num, seed):
    chosen = np.random.default_rng(seed).permutation(len(lines))[:num]
    return [lines[index] for index in chosen]


def _scores(yardstick, samplers, samples, temperatures, seed, progress):
    """The entry of each sampler in the result, and its scores per sentence, `(temperatures, num, 2)`."""
    entries, curves = {}, {}
    for name, drawn in samples.items():
        progress(f"Scoring: {samplers[name].title}")
        scored = [yardstick.point(lines, temperature) for lines, temperature in zip(drawn, temperatures, strict=True)]
        points, sentence_scores = zip(*scored, strict=True)
        curves[name] = np.stack(sentence_scores)
        entries[name] = {
            "title": samplers[name].title,
            "points": list(points),
            "sentences": _shown(drawn, temperatures),
            "protocols": yardstick.protocols(points[0]["num"], seed),
        }
    return entries, curves


def _real(yardstick, lines, seed):
    """Training lines as a sampler; where they would be scored against themselves, the test lines take their place."""
    point, _ = yardstick.point(lines)
    expected = yardstick.judge.negative_log_likelihood_per_token(yardstick.test)
    point |= {"copies": None, "lm_score": expected, "reverse_lm_score": expected}
    return {
        "title": "real training lines",
        "points": [point],
        "sentences": lines[:NUM_SHOWN],
        "protocols": yardstick.protocols(len(lines), seed),
    }


def _shown(samples, temperatures):
    """The first sentences at the temperature closest to `SHOWN_TEMPERATURE`."""
    distances = [abs(math.log(temperature / SHOWN_TEMPERATURE)) for temperature in temperatures]
    return samples[int(np.argmin(distances))][:NUM_SHOWN]


def _likelihoods(gan, training_lines, test_lines, data):
    """Held-out negative log-likelihood of the averaged generator, the baseline and an n-gram model."""
    training, test = (_codec_tokens(gan.codec, lines) for lines in (training_lines, test_lines))
    ngram = KneserNey().fit(training, gan.codec.vocabulary_size)
    protocol = Protocol("negative log-likelihood", data, "test", len(test_lines), tokenizer=type(gan.codec).__name__)
    return {
        "gan": float(gan.negative_log_likelihood(test_lines)),
        "baseline": float(gan.negative_log_likelihood(test_lines, generator=gan.baseline)),
        "ngram": ngram.negative_log_likelihood_per_token(test),
        "unit": LIKELIHOOD_TOKENS,
        "protocol": protocol.as_dict(),
    }


def _codec_tokens(codec, lines):
    """Token ids of each line without its end, a list of lists."""
    rows = np.asarray(codec.encode(lines))
    lengths = (rows == END).argmax(axis=1)
    return [row[:length] for row, length in zip(rows.tolist(), lengths, strict=True)]


# --- The yardstick. ---


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
