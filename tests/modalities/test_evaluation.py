"""Evaluation of text: five samplers at every temperature, and a verdict that can be bad news."""

import json
import math
from collections import Counter

import numpy as np
import pytest

from gan_keras.metrics.bleu import bleu, bleu_tokens, self_bleu
from gan_keras.metrics.kneser_ney import KneserNey
from gan_keras.modalities.text.comparison import frontier_gains, resampled_means, verdict
from gan_keras.modalities.text.evaluation import CHARACTERS, WORDS, evaluate_text, length_distance, print_summary, units_of

NOUNS = ("cat", "dog", "bird", "horse", "man")
VERBS = ("sees", "likes", "eats")
TITLES = {"gan": "GAN, one draw", "gan_best_of_4": "best", "baseline": "baseline", "ngram": "5-gram"}


def sentences(num, seed, skew=0.0):
    """Sentences such as `a cat sees the dog`, half of them longer; a larger skew prefers the first words."""
    generator = np.random.default_rng(seed)

    def pick(words):
        weights = np.exp(-skew * np.arange(len(words)))
        return generator.choice(words, p=weights / weights.sum())

    lines = [f"a {pick(NOUNS)} {pick(VERBS)} the {pick(NOUNS)}" for _ in range(num)]
    return [line + f" and the {pick(NOUNS)} ." if generator.random() < 0.5 else line for line in lines]


class StubCodec:
    """Words as ids from 4, 3 for an unknown word; lines are cut at `length` - 1 tokens."""

    length = 8

    def __init__(self, words):
        self.ids = {word: 4 + index for index, word in enumerate(sorted(words))}
        self.vocabulary_size = 4 + len(self.ids)

    def encode(self, lines):
        rows = [[self.ids.get(word, 3) for word in line.split()][: self.length - 1] + [2] for line in lines]
        return np.array([row + [0] * (self.length - len(row)) for row in rows], np.int32)


class StubGAN:
    """Generates the sentences above, more skewed at lower temperatures, and records its calls."""

    baseline = "the supervised network"

    def __init__(self, training_lines):
        self.codec, self.calls = StubCodec({word for line in training_lines for word in line.split()}), []

    def generate(self, n, seed=0, temperature=1.0, candidates=1, generator=None, selection=None):
        self.calls.append((n, seed, temperature, candidates, generator, selection))
        which = (generator is not None) + 2 * (candidates > 1)
        return sentences(n, 1000 + seed + which, skew=1.0 / temperature - 1.0)

    def negative_log_likelihood(self, lines, generator=None):
        return 1.5 if generator is None else 1.25


TRAINING, TEST = sentences(150, 1), sentences(60, 2)
TEMPERATURES = (1.0, 1.0 / 1.2, 1.0 / 1.5)


@pytest.fixture(scope="module")
def evaluation():
    gan, progress = StubGAN(TRAINING), []

    def likelihood(line):
        return -math.inf if line.endswith(".") else -0.5 * len(line.split())

    result = evaluate_text(gan, TRAINING, TEST, TEMPERATURES, num=80, seed=3, progress=progress.append, likelihood=likelihood)
    return gan, result, progress


def test_every_sampler_is_drawn_at_every_temperature_and_the_baseline_with_as_many_drafts(evaluation):
    gan, result, _ = evaluation
    drawn = [call for call in gan.calls if call[0] == 80 and call[1] == 3]
    kinds = [(1, None, None), (4, None, None), (1, gan.baseline, None), (4, gan.baseline, (0.0, 1.0))]
    weights = [call[5] and (call[5].discriminator, call[5].likelihood) for call in drawn]
    expected = [(temperature, *kind) for kind in kinds for temperature in TEMPERATURES]
    assert [(*call[2:5], weight) for call, weight in zip(drawn, weights, strict=True)] == expected
    assert list(result["samplers"]) == ["gan", "gan_best_of_4", "baseline", "baseline_likelihood_best_of_4", "ngram"]
    assert all([p["temperature"] for p in s["points"]] == list(TEMPERATURES) for s in result["samplers"].values())


def test_the_scores_of_a_point_are_those_of_its_sentences(evaluation):
    _, result, _ = evaluation
    lines = sentences(80, 1003, skew=0.2)
    samples, training, test = ([bleu_tokens(line) for line in part] for part in (lines, TRAINING, TEST))
    point = result["samplers"]["gan"]["points"][1]
    assert point["bleu"] == pytest.approx({str(n): score for n, score in bleu(samples, test).items()}, abs=1e-12)
    assert point["self_bleu"] == pytest.approx({str(n): score for n, score in self_bleu(samples).items()}, abs=1e-12)
    assert point["unique"] == len(set(lines)) / 80
    assert point["copies"] == sum(line in TRAINING for line in lines) / 80
    assert point["distinct_1"] == len({w for line in lines for w in line.split()}) / len(" ".join(lines).split())
    assert point["mean_length"] == pytest.approx(np.mean([len(line.split()) for line in lines]))
    vocabulary_size = len({word for sentence in training + test + samples for word in sentence}) + 2
    judge, reverse = (KneserNey().fit(part, vocabulary_size) for part in (training, samples))
    assert point["lm_score"] == pytest.approx(judge.negative_log_likelihood_per_token(samples), abs=1e-12)
    assert point["reverse_lm_score"] == pytest.approx(reverse.negative_log_likelihood_per_token(test), abs=1e-12)
    possible = [line for line in lines if not line.endswith(".")]
    assert point["possible"] == len(possible) / 80
    assert point["oracle_nll"] == pytest.approx(np.mean([0.5 * len(line.split()) for line in possible]))


def test_the_ngram_model_and_the_sentences_that_are_shown_follow_from_the_settings(evaluation):
    _, result, _ = evaluation
    expected = KneserNey().fit([line.split() for line in TRAINING]).sample(80, 3, TEMPERATURES[1])
    assert result["samplers"]["ngram"]["sentences"] == [" ".join(sentence) for sentence in expected[:20]]
    _, result, _ = evaluation
    assert result["samplers"]["gan"]["sentences"] == sentences(80, 1003, skew=0.2)[:20]


def test_real_text_is_a_sample_of_training_lines_that_no_judge_flatters(evaluation):
    _, result, _ = evaluation
    real = result["real"]
    (point,) = real["points"]
    assert Counter(real["sentences"]) <= Counter(TRAINING) and real["sentences"] != TRAINING[:20]
    assert point["num"] == 80 and point["temperature"] is None and point["copies"] is None
    vocabulary_size = len({word for line in TRAINING + TEST for word in line.split()}) + 2
    judge = KneserNey().fit([line.split() for line in TRAINING], vocabulary_size)
    expected = judge.negative_log_likelihood_per_token([line.split() for line in TEST])
    assert point["lm_score"] == point["reverse_lm_score"] == pytest.approx(expected, abs=1e-12)


def test_likelihoods_are_of_the_codecs_tokens_for_the_ngram_model_too():
    gan = StubGAN(TRAINING)
    test = [*TEST, "a zebra sees the cat", "a cat sees the dog and the cat . . ."]  # an unknown word, and a cut line
    result = evaluate_text(gan, TRAINING, test, (1.0, 0.5), num=10, progress=lambda line: None)
    pieces = [[w if w in gan.codec.ids else "?" for w in line.split()][:7] for line in test]
    model = KneserNey().fit([line.split()[:7] for line in TRAINING], gan.codec.vocabulary_size)
    expected = -sum(map(model.log_likelihood, pieces)) / sum(len(piece) + 1 for piece in pieces)
    likelihoods = result["negative_log_likelihood"]
    assert likelihoods["ngram"] == pytest.approx(expected, abs=1e-12)
    assert (likelihoods["gan"], likelihoods["baseline"]) == (1.5, 1.25)


def test_the_result_survives_json_unchanged_and_every_score_names_its_protocol(evaluation):
    _, result, _ = evaluation
    assert json.loads(json.dumps(result, allow_nan=False)) == result
    for sampler in [*result["samplers"].values(), result["real"]]:
        assert {"bleu", "self_bleu", "copies", "lm_score", "reverse_lm_score"} <= sampler["protocols"].keys()
        protocol = sampler["protocols"]["bleu"]
        assert protocol["num_real"] == 60 and protocol["num_fake"] == 80 and protocol["seeds"] == [3]
        assert "method 1" in protocol["smoothing"] and "bleu_tokens" in protocol["tokenizer"]
    assert result["negative_log_likelihood"]["protocol"]["data"] == protocol["data"]


def test_the_first_line_of_progress_estimates_the_cost(evaluation):
    _, _, progress = evaluation
    assert "about" in progress[0] and "2,400 drafts" in progress[0]  # 80 sentences, 3 temperatures, 1 + 4 + 1 + 4 drafts


def test_by_default_as_many_sentences_as_test_lines_but_at_least_a_thousand():
    gan = StubGAN(TRAINING)
    result = evaluate_text(gan, TRAINING, TEST, (1.0,), progress=lambda line: None)
    assert result["settings"]["num"] == 1000
    assert result["real"]["points"][0]["num"] == 150  # there are no more, and it says so


def test_wrong_settings_are_refused_before_anything_is_drawn():
    for changes, message in (
        ({"training_lines": []}, "no training lines"),
        ({"test_lines": []}, "no test lines"),
        ({"temperatures": ()}, "one or more finite numbers > 0"),
        ({"temperatures": (1.0, 0.0)}, "one or more finite numbers > 0"),
        ({"num": 1}, "num=1"),
        ({"candidates": 1}, "candidates=1"),
    ):
        gan = StubGAN(TRAINING)
        with pytest.raises(ValueError, match=message):
            evaluate_text(gan, **{"training_lines": TRAINING, "test_lines": TEST, **changes})
        assert not gan.calls


def test_text_without_spaces_is_measured_in_characters():
    assert units_of(["山川函谷路", "塵土遊子顏", "a b"]) is CHARACTERS
    assert units_of(TRAINING) is WORDS
    assert CHARACTERS.tokenize("山川 函") == ["山", "川", "函"] and CHARACTERS.join(["山", "川"]) == "山川"


def test_the_length_distance_is_the_share_of_sentences_that_would_have_to_change():
    assert length_distance([["a"], ["a"]], [["b"], ["b"], ["b"]]) == 0.0
    assert length_distance([["a"], ["a", "b"]], [["a"], ["a"], ["a"], ["a", "b"]]) == pytest.approx(0.25)
    assert length_distance([["a"]], [[]]) == 1.0


def line_of(num, height, noise, seed):
    """Scores at four temperatures: BLEU is half the Self-BLEU plus `height`."""
    generator = np.random.default_rng(seed)
    means = np.array([[x, x / 2 + height] for x in (0.3, 0.4, 0.5, 0.6)])
    return means[:, np.newaxis] + noise * generator.standard_normal((4, num, 2))


@pytest.mark.parametrize(("height", "noise", "word"), [(0.05, 0.05, "wins"), (-0.05, 0.05, "loses"), (0.0, 0.3, "does not win")])
def test_the_outcome_follows_the_interval(height, noise, word):
    curves = {name: line_of(400, 0.0, noise, 1) for name in ("baseline", "ngram", "baseline_likelihood_best_of_4")}
    curves |= {name: line_of(400, height, noise, 2) for name in ("gan", "gan_best_of_4")}
    gain, *_ = gains = frontier_gains(curves, 4)
    low, high = gain["interval"]
    assert low < gain["gain"] < high
    assert gain["gain"] == pytest.approx(height, abs=0.01 if noise < 0.1 else 0.05)
    lines = verdict(gains, {**TITLES, "baseline_likelihood_best_of_4": "likeliest"})
    assert f"against baseline: {word}, " in lines[1]
    assert ("does NOT win over baseline" in lines[0]) == (word != "wins")


def test_ranges_that_do_not_overlap_cannot_be_compared():
    far = line_of(100, 0.0, 0.01, 1) + np.array([0.5, 0.0])
    curves = {name: far for name in ("baseline", "ngram", "baseline_likelihood_best_of_4")}
    curves |= {name: line_of(100, 0.0, 0.01, 2) for name in ("gan", "gan_best_of_4")}
    gains = frontier_gains(curves, 4)
    assert {gain["gain"] for gain in gains} == {None} and "too little overlap" in gains[0]["reason"]
    assert "undecided" in verdict(gains, {**TITLES, "baseline_likelihood_best_of_4": "likeliest"})[0]


def test_resampling_keeps_the_mean_has_its_standard_error_and_pairs_the_samplers():
    curve = np.random.default_rng(0).normal(0.5, 0.2, (1, 500, 2))
    means = resampled_means({"a": curve, "b": curve + 0.1}, seed=1, num_resamples=2000)
    assert means["a"].shape == (2000, 1, 2)
    assert means["a"].mean(axis=0) == pytest.approx(curve.mean(axis=1), abs=0.001)
    assert means["a"].std(axis=0) == pytest.approx(curve.std(axis=1) / math.sqrt(500), rel=0.1)
    assert means["b"] - means["a"] == pytest.approx(np.full((2000, 1, 2), 0.1))


def test_the_summary_shows_all_samplers_and_ends_with_the_verdict(evaluation):
    _, result, _ = evaluation
    text = print_summary(json.loads(json.dumps(result)))
    for sampler in [*result["samplers"].values(), result["real"]]:
        assert f"{sampler['title']}, 80 sentences per row" in text
    point = result["samplers"]["ngram"]["points"][2]
    row = [0.67, *point["bleu"].values(), *point["self_bleu"].values(), point["unique"], point["copies"]]
    shown = [line.split() for line in text.splitlines() if line.split()[0] == "0.67"][4]
    assert [float(cell) for cell in shown[:11]] == pytest.approx(row, abs=6e-4)
    shares = ", ".join(f"{point['possible']:.3f}" for point in result["samplers"]["gan"]["points"])
    assert f"Under the true distribution: possible {shares}; nats per possible line" in text
    assert "gan 1.500, baseline 1.250" in text
    assert f"Verdict: {result['verdict'][0]}" in text
