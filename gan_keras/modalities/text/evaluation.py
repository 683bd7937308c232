"""Evaluation of a text GAN: what its discriminator knows, whose lines are nearer to text, and the published protocol.

First the likelihood of held-out lines, and by how many nats per line the discriminator improves it. Then two-sample tests of
each sampler's lines against real ones, with other real lines as the control: no sampler gains by repeating itself, or by likelier
lines than people write. Last the sweep over temperatures, BLEU against Self-BLEU, by which published models are compared.

References: [Deng et al., 2020](https://arxiv.org/abs/2004.11714) (the gain), [Texygen](https://arxiv.org/abs/1802.01886) (the
protocol), [Language GANs Falling Short](https://arxiv.org/abs/1811.02549) (the sweep).
"""

import itertools
import math
from typing import NamedTuple

import numpy as np

from gan_keras.codecs.text import END
from gan_keras.gans.calibration import MIN_LINES, Calibration
from gan_keras.metrics.kneser_ney import KneserNey
from gan_keras.metrics.likelihood_gain import likelihood_gain
from gan_keras.metrics.protocol import Protocol
from gan_keras.metrics.text_features import LatentSemantics, sentence_features
from gan_keras.metrics.text_quality import copied_fraction
from gan_keras.modalities.base import seconds_per_sample
from gan_keras.modalities.text.comparison import frontier_gains, frontier_sentences, print_summary, verdict
from gan_keras.modalities.text.yardstick import SampleTests, Yardstick, units_of, vocabulary_size
from gan_keras.training.time_budget import duration

__all__ = ["TEMPERATURES", "evaluate_text", "print_summary"]

TEMPERATURES = tuple(1.0 / alpha for alpha in (1.0, 1.1, 1.2, 1.35, 1.5))
LOWER_TEMPERATURE = 1.0 / 1.2  # of the control that leaves the data for likelier lines
NUM_SHOWN = 20
NUM_PILOT = 256
SCORING_SECONDS = 2e-4  # all n-gram scores of a sentence of eleven words on one core
TESTING_SECONDS = 2e-3  # the tests on features, per sentence
TESTED_TITLES = {"gan_lower_temperature": "GAN, temperature 1 / 1.2", "real": "other real lines"}
MIN_TESTED = 50  # real lines below which a two-sample test says nothing
MAX_KNOWN_LINES = 20_000  # of each half of the training lines
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
    features=None,
    test_labels=None,
    is_selection=False,
):
    """Scores a GAN, its controls and real lines against the test lines.

    The samplers: `gan` (one draw per sentence), `gan_resampled_of_K` (resampled among K drafts by the discriminator; only if it
    is calibrated), `gan_likeliest_of_K` (the likeliest of as many drafts), `baseline` (the supervised network, if a further stage
    has changed the generator) and `ngram` (Kneser-Ney, order 5). The GAN's samplers generate sentence i from `seed + i`.

    Args:
        gan: A trained `TextGAN`.
        training_lines: Its training lines, strings.
        test_lines: Lines that took no part in training. All are references of BLEU. Whole sentences are compared with those that
            the codec keeps whole, without unknown words, because no draft has any.
        temperatures: Finite numbers > 0 of the sweep; a frontier needs at least two.
        num: Sentences per sampler and temperature, >= 2; by default as many as test lines, 1,000 to 10,000.
        candidates: K, >= 2.
        seed: Int >= 0.
        progress: Function that receives a line of text at each step, the first with an estimate of the time.
        likelihood: For a corpus with a known distribution: function from a line to its log-likelihood in nats, minus infinity
            for an impossible line.
        features: Function from lines to features, `(num, width)`, for the two-sample tests, such as a
            `metrics.SentenceEncoder`; by default `metrics.LatentSemantics` of the training lines.
        test_labels: Label number of each test line, for a GAN with labels.
        is_selection: Whether the test lines also chose the epoch or calibrated the discriminator. The result tells it.

    Returns:
        Dictionary that JSON can hold: `negative_log_likelihood`, `likelihood_gain`, `two_sample_tests` (a row per sampler),
        `samplers` (by name: `title`, `points` per temperature, `sentences`, `protocols`), `real` (one such sampler), `gains`
        (see `comparison.frontier_gains`), `frontier` (these in words), `verdict` (lines of text) and `settings`.

    Raises:
        ValueError: If there are no lines or temperatures, a number is out of its range, or features or labels do not fit the
            lines.
    """
    training_lines, test_lines = list(training_lines), list(test_lines)
    num = min(10_000, max(1000, len(test_lines))) if num is None else num
    _check(training_lines, test_lines, temperatures, num, candidates)
    if features is not None:
        sentence_features(features, test_lines[:2])  # before anything is drawn
    test_labels = gan.line_labels(test_labels, len(test_lines))
    units = units_of(training_lines)
    samplers = _samplers(gan, units, training_lines, candidates, seed)
    _announce(gan, samplers, temperatures, num, progress)
    samples = _draw(samplers, temperatures, num, progress)
    drawn = itertools.chain.from_iterable(by_temperature.values() for by_temperature in samples.values())
    size = vocabulary_size(units, [training_lines, test_lines, *drawn])
    yardstick = Yardstick(units, training_lines, test_lines, size, likelihood)
    progress("Measuring the likelihood of the test lines, and what the discriminator adds to it")
    known = np.asarray(gan.known(test_lines))
    likelihoods = _likelihoods(gan, training_lines, test_lines, test_labels, yardstick.data)
    gain = _gain(gan, test_lines, known, test_labels, num, seed)
    progress("Testing each sampler's lines against real ones")
    tests = _tests(gan, samplers, samples, yardstick, training_lines, test_lines, num, features, seed)
    entries, curves = _scores(yardstick, samplers, samples, temperatures, seed, progress)
    gains = frontier_gains(curves, seed)
    settings = {"num": num, "candidates": candidates, "seed": seed, "temperatures": list(temperatures)}
    result = {
        "settings": {**settings, "known_share": float(known.mean()), "is_selection": bool(is_selection)},
        "negative_log_likelihood": likelihoods,
        "likelihood_gain": gain,
        "two_sample_tests": tests,
        "samplers": entries,
        "real": _real(yardstick, _sample_of(training_lines, num, seed), seed),
        "gains": gains,
        "frontier": frontier_sentences(gains, {name: sampler.title for name, sampler in samplers.items()}),
    }
    return {**result, "verdict": verdict(result)}


def _check(training_lines, test_lines, temperatures, num, candidates):
    for name, lines in (("training", training_lines), ("test", test_lines)):
        if not lines:
            raise ValueError(f"Got no {name} lines. Expected at least one.")
    if not len(temperatures) or not all(0.0 < temperature < math.inf for temperature in temperatures):
        raise ValueError(f"Got temperatures {tuple(temperatures)}. Expected one or more finite numbers > 0.")
    if num < 2 or candidates < 2:
        raise ValueError(f"Got num={num} and candidates={candidates}. Expected both to be at least 2.")


# --- Samplers. ---


class Sampler(NamedTuple):
    """A source of lines: `draw(num, temperature)` returns `num` of them, from as many `drafts` per line of the GAN."""

    title: str
    draw: callable
    drafts: int


def _samplers(gan, units, training_lines, candidates, seed):
    def of_gan(title, drafts=1, **choices):
        if drafts > 1:
            choices["candidates"] = drafts
        return Sampler(title, lambda num, temperature: gan.generate(num, seed=seed, temperature=temperature, **choices), drafts)

    def written_by_ngrams(num, temperature):
        return list(map(units.join, ngram.sample(num, seed, temperature)))

    ngram = KneserNey().fit([units.tokenize(line) for line in training_lines])
    samplers = {"gan": of_gan("GAN, one draw")}
    if gan.calibration.is_fitted:
        title = f"GAN, resampled among {candidates}"
        samplers[f"gan_resampled_of_{candidates}"] = of_gan(title, candidates, choice="resample")
    samplers[f"gan_likeliest_of_{candidates}"] = of_gan(f"GAN, likeliest of {candidates}", candidates, choice="likeliest")
    if _has_changed(gan):
        samplers["baseline"] = of_gan("supervised baseline", generator=gan.baseline)
    return {**samplers, "ngram": Sampler("Kneser-Ney 5-gram", written_by_ngrams, 0)}


def _has_changed(gan):
    """Whether a stage after pretraining has changed the generator."""
    weights = zip(gan.baseline.get_weights(), gan.ema_generator.get_weights(), strict=True)
    return not all(np.array_equal(first, second) for first, second in weights)


def _announce(gan, samplers, temperatures, num, progress):
    """Estimates the time from a few drafts."""
    drafts = sum(sampler.drafts for sampler in samplers.values()) * num * len(temperatures)
    drawing = seconds_per_sample(gan, min(NUM_PILOT, num), seed=0, temperature=temperatures[0]) * drafts
    scoring = (SCORING_SECONDS * (len(samplers) * len(temperatures) + 1) + TESTING_SECONDS * (len(samplers) + 2)) * num
    progress(
        f"Evaluating {len(samplers)} samplers at {len(temperatures)} temperatures, {num:,} sentences each: about "
        f"{duration(drawing)} for {drafts:,} drafts, {duration(scoring)} for scoring."
    )


def _draw(samplers, temperatures, num, progress):
    """The lines of each sampler by temperature: those of the sweep, 1, and a lower one of the GAN."""
    samples = {}
    for name, sampler in samplers.items():
        progress(f"Drawing: {sampler.title}")
        further = (1.0, LOWER_TEMPERATURE) if name == "gan" else (1.0,)
        samples[name] = {temperature: sampler.draw(num, temperature) for temperature in dict.fromkeys((*temperatures, *further))}
    return samples


# --- Likelihood. ---


def _likelihoods(gan, training_lines, test_lines, labels, data):
    """Held-out negative log-likelihood of the averaged generator, the baseline and an n-gram model."""
    training, test = (_codec_tokens(gan.codec, lines) for lines in (training_lines, test_lines))
    ngram = KneserNey().fit(training, gan.codec.vocabulary_size)
    protocol = Protocol("negative log-likelihood", data, "test", len(test_lines), tokenizer=type(gan.codec).__name__)
    tokens_per_line = 1.0 + float(np.mean([*map(len, test)]))
    values = {
        "gan": float(gan.negative_log_likelihood(test_lines, labels=labels)),
        "baseline": float(gan.negative_log_likelihood(test_lines, generator=gan.baseline, labels=labels)),
        "ngram": ngram.negative_log_likelihood_per_token(test),
    }
    if gan.ngrams is not None:
        values["network"] = _nats_without_ngrams(gan, test_lines, labels) / tokens_per_line
    return {
        **values,
        "per_line": {name: value * tokens_per_line for name, value in values.items()},
        "shares": None if gan.ngrams is None else np.asarray(gan.ngrams.shares).tolist(),
        "unit": LIKELIHOOD_TOKENS,
        "protocol": protocol.as_dict(),
    }


def _nats_without_ngrams(gan, lines, labels):
    """Mean negative log-likelihood of a line by the averaged network alone."""
    total = 0.0
    for start in range(0, len(lines), NUM_PILOT):
        rows = slice(start, start + NUM_PILOT)
        tokens, given = gan.codec.encode(lines[rows]), None if labels is None else labels[rows]
        latents = gan.latents_from(np.arange(start, start + len(tokens)))
        total -= float(np.sum(gan.ema_generator.log_likelihood(latents, tokens, given)))
    return total / len(lines)


def _codec_tokens(codec, lines):
    """Token ids of each line without its end, a list of lists."""
    rows = np.asarray(codec.encode(lines))
    lengths = (rows == END).argmax(axis=1)
    return [row[:length] for row, length in zip(rows.tolist(), lengths, strict=True)]


def _gain(gan, lines, known, labels, num, seed):
    """What the discriminator adds to the likelihood of the known test lines, in nats per line, and the control.

    Both are cross-fitted on the same lines and drafts: the discriminator's features, and of these the generator's own
    log-likelihood, the number of tokens and the frequency of its words alone.
    """
    if not gan.calibration.is_fitted:
        return {"reason": "no discriminator has been calibrated"}
    chosen = np.flatnonzero(known)
    if len(chosen) < MIN_LINES:
        return {"reason": f"only {len(chosen)} test lines are known to the codec as a whole, and {MIN_LINES} are needed"}
    labels = None if labels is None else labels[chosen]
    draft_labels = None if labels is None else np.resize(labels, num)
    drafts = gan.generate(num, seed=seed, label=draft_labels)
    kinds = gan.features([lines[index] for index in chosen], labels), gan.features(drafts, draft_labels)
    energies, _ = Calibration(gan.feature_names).cross_fit(*kinds, seed)
    own = gan.own_feature_names
    control, _ = Calibration(own).cross_fit(*(kind[:, : len(own)] for kind in kinds), seed)
    return {
        "discriminator": list(likelihood_gain(*energies, seed=seed)),
        "own_likelihood_and_length": list(likelihood_gain(*control, seed=seed)),
        "over_control": list(likelihood_gain(*energies, seed=seed, over=control)),
        "features": list(gan.feature_names),
        "beta": float(gan.calibration.beta),
        "num_real": len(chosen),
        "num_drafts": num,
        "method": "nats per line, cross-fitted on the test lines and drafts; 95 %, percentile bootstrap over both",
    }


# --- Two-sample tests. ---


def _tests(gan, samplers, samples, yardstick, training_lines, real, num, features, seed):
    """Scores of each sampler's lines, and of other real lines, against real lines, which the codec keeps whole.

    Half of the training lines give the other real lines. Features are learned from the other half.
    """
    units, order = yardstick.units, np.random.default_rng(seed).permutation(len(training_lines))
    halves = [[training_lines[index] for index in half[:MAX_KNOWN_LINES]] for half in np.array_split(order, 2)]
    real, control, others = (_whole(gan, lines) for lines in (real, *halves))
    count = min(num, len(real), len(control))
    if min(count, len(others)) < MIN_TESTED:
        found = f"{len(real)} test lines and {len(control) + len(others)} training lines"
        return {"reason": f"the codec keeps {found} whole, and {MIN_TESTED} and {2 * MIN_TESTED} are needed"}
    features = LatentSemantics(others, tokenize=units.tokenize) if features is None else features
    tests = SampleTests(units, features, _sample_of(real, count, seed), yardstick.training, yardstick.vocabulary_size, seed)
    lines = {"real": control, **{name: drawn[1.0] for name, drawn in samples.items()}}
    lines["gan_lower_temperature"] = samples["gan"][LOWER_TEMPERATURE]
    # It writes words that the codec does not know, unless it learns from lines without them.
    ngram = KneserNey().fit([units.tokenize(line) for line in (*control, *others)])
    lines["ngram"] = list(map(units.join, ngram.sample(count, seed)))
    titles = {name: sampler.title for name, sampler in samplers.items()} | TESTED_TITLES
    rows, areas = {}, {}
    for name in ("real", *(name for name in titles if name not in ("real", "ngram")), "ngram"):
        scores, areas[name] = tests.row(lines[name][:count])
        rows[name] = {"title": titles[name], **scores}
        if name.startswith("gan_"):
            rows[name]["c2st_over_one_draw"] = list(areas[name].over(areas["gan"]))
    # The other real lines are training lines. As many copies as a writer makes by chance are in the test lines.
    rows["real"]["copies"] = copied_fraction(tests.real, yardstick.training)
    return {"features": getattr(features, "name", repr(features)), "rows": rows}


def _whole(gan, lines):
    """The lines of which the codec keeps every token, as it writes them."""
    known = [line for line, is_known in zip(lines, gan.known(lines), strict=True) if is_known]
    return [text.decode() for text in np.asarray(gan.codec.decode(gan.codec.encode(known)))] if known else []


# --- Scores by n-grams, over temperatures. ---


def _sample_of(lines, num, seed):
    chosen = np.random.default_rng(seed).permutation(len(lines))[:num]
    return [lines[index] for index in chosen]


def _scores(yardstick, samplers, samples, temperatures, seed, progress):
    """The entry of each sampler in the result, and its scores per sentence, `(temperatures, num, 2)`."""
    entries, curves = {}, {}
    for name, sampler in samplers.items():
        progress(f"Scoring: {sampler.title}")
        drawn = [samples[name][temperature] for temperature in temperatures]
        scored = [yardstick.point(lines, temperature) for lines, temperature in zip(drawn, temperatures, strict=True)]
        points, sentence_scores = zip(*scored, strict=True)
        curves[name] = np.stack(sentence_scores)
        entries[name] = {
            "title": sampler.title,
            "points": list(points),
            "sentences": samples[name][1.0][:NUM_SHOWN],
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
