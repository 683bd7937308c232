"""Evaluation of a text GAN: never one point, never alone.

A temperature trades diversity for quality, so every sampler is drawn at the same temperatures, and the GAN stands beside
what it has to beat: its own supervised network (with temperature, and with as many drafts chosen by likelihood), an
n-gram model, and real sentences scored as if they were generated.

References: [Texygen](https://arxiv.org/abs/1802.01886) (the protocol),
[Language GANs Falling Short](https://arxiv.org/abs/1811.02549) (the sweep).
"""

import itertools
import math
import time
from typing import NamedTuple

import numpy as np

from gan_keras.codecs.text import END
from gan_keras.gans.text_generation import Selection
from gan_keras.metrics.kneser_ney import KneserNey
from gan_keras.metrics.protocol import Protocol
from gan_keras.modalities.text.comparison import frontier_gains, print_summary, verdict
from gan_keras.modalities.text.references import Yardstick, units_of, vocabulary_size

__all__ = ["TEMPERATURES", "evaluate_text", "print_summary"]

TEMPERATURES = tuple(1.0 / alpha for alpha in (1.0, 1.1, 1.2, 1.35, 1.5))
SHOWN_TEMPERATURE = 1.0 / 1.2
NUM_SHOWN = 20
PILOT = 256
SCORING_SECONDS = 2e-4  # a sentence of eleven words on one core, all scores together
LIKELIHOOD_TOKENS = (
    "nats a token of the codec on the test lines, all samplers on the same tokens: the end counted, padding not, lines "
    "cut at the codec's length; the networks read one latent a line, so theirs is an upper bound"
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
    """Draws five samplers at every temperature, and scores all of them and the training lines against the test lines.

    The samplers: `gan` (one draw a sentence), `gan_best_of_K` (the best of K drafts by the GAN's own selection),
    `baseline` (its supervised network), `baseline_likelihood_best_of_K` (the same number of drafts, chosen by likelihood
    alone) and `ngram` (Kneser-Ney, order 5). Sentence i of every sampler of the GAN is made from `seed + i`.

    Args:
        gan: A trained `TextGAN`.
        training_lines: The lines that it was trained on, strings.
        test_lines: Lines that took no part in training or choosing. All are references.
        temperatures: Finite numbers > 0; at least two make a frontier.
        num: Sentences of each sampler at each temperature, >= 2; by default as many as test lines, 1,000 to 10,000.
        candidates: K, >= 2.
        seed: Int >= 0.
        progress: Called with a line of text at each step, and first with an estimate of the time.
        likelihood: For a corpus whose distribution is known: from a line to its log-likelihood in nats, minus infinity
            for a line that it cannot hold.

    Returns:
        Dictionary that JSON holds as it is: `samplers` (by name: `title`, `points`, one a temperature, `sentences`,
        `protocols`), `real` (as one such sampler), `negative_log_likelihood`, `gains` (see `verdict.frontier_gains`),
        `verdict` (lines of text) and `settings`.

    Raises:
        ValueError: For no lines, no temperatures, or a number outside its range.
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
    """Something that writes: `draw(num, temperature)` gives that many lines."""

    title: str
    draw: callable


def _samplers(gan, units, training_lines, candidates, seed):
    def of_gan(**choices):
        return lambda num, temperature: gan.generate(num, seed=seed, temperature=temperature, **choices)

    ngram = KneserNey().fit([units.tokenize(line) for line in training_lines])
    supervised = {"generator": gan.baseline}
    by_likelihood = {**supervised, "candidates": candidates, "selection": Selection(0.0, 1.0)}
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
    """Says how long it will take, from the time of a few drafts (the second time: the first builds the graph)."""
    pilot = min(PILOT, num)
    for _ in range(2):
        start = time.perf_counter()
        gan.generate(pilot, seed=0, temperature=temperatures[0])
    drafts = 2 * (1 + candidates) * num * len(temperatures)
    drawing = (time.perf_counter() - start) / pilot * drafts / 60
    scoring = SCORING_SECONDS * (5 * len(temperatures) + 1) * num / 60
    progress(
        f"Evaluating 5 samplers at {len(temperatures)} temperatures, {num:,} sentences each: about {drawing:.1f} minutes "
        f"for {drafts:,} drafts, {scoring:.1f} for scoring."
    )


def _draw(samplers, temperatures, num, progress):
    """The lines of each sampler, a list for each temperature."""
    samples = {}
    for name, sampler in samplers.items():
        progress(f"Drawing: {sampler.title}")
        samples[name] = [sampler.draw(num, temperature) for temperature in temperatures]
    return samples


def _sample_of(lines, num, seed):
    chosen = np.random.default_rng(seed).permutation(len(lines))[:num]
    return [lines[index] for index in chosen]


def _scores(yardstick, samplers, samples, temperatures, seed, progress):
    """The entry of each sampler in the result, and its per-sentence scores `(temperatures, num, 2)`."""
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
    """Training lines as a sampler. Judged against themselves they would win, so the test lines stand for them there."""
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
    """The first sentences at the temperature nearest to `SHOWN_TEMPERATURE`."""
    distances = [abs(math.log(temperature / SHOWN_TEMPERATURE)) for temperature in temperatures]
    return samples[int(np.argmin(distances))][:NUM_SHOWN]


def _likelihoods(gan, training_lines, test_lines, data):
    """Held-out negative log-likelihood of the averaged generator, of the baseline and of an n-gram model."""
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
    """Token ids of each line before its end, a list of lists."""
    rows = np.asarray(codec.encode(lines))
    lengths = (rows == END).argmax(axis=1)
    return [row[:length] for row, length in zip(rows.tolist(), lengths, strict=True)]
