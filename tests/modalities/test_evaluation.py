"""Evaluation of text: what the discriminator knows, whose lines are nearer to text, and a verdict that can be bad news."""

import copy
import json
import math
from collections import Counter
from types import SimpleNamespace

import matplotlib.image
import numpy as np
import pytest

from gan_keras.gans.calibration import Calibration
from gan_keras.metrics import LatentSemantics, likelihood_gain, linear_two_sample_test, mauve, mean_discrepancy
from gan_keras.metrics.bleu import bleu, bleu_tokens, self_bleu
from gan_keras.metrics.kneser_ney import KneserNey
from gan_keras.modalities.text.comparison import c2st_picture, frontier_gains, frontier_sentences, resampled_means, verdict
from gan_keras.modalities.text.evaluation import evaluate_text, print_summary
from gan_keras.modalities.text.yardstick import CHARACTERS, WORDS, length_distance, units_of

NOUNS = ("cat", "dog", "bird", "horse", "man")
VERBS = ("sees", "likes", "eats")
TITLES = {"gan": "GAN", "gan_resampled_of_4": "resampled", "gan_likeliest_of_4": "likeliest", "ngram": "5-gram"}


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

    length = 10

    def __init__(self, words):
        self.words = sorted(words)
        self.ids = {word: 4 + index for index, word in enumerate(self.words)}
        self.vocabulary_size = 4 + len(self.ids)

    def encode(self, lines):
        rows = [[self.ids.get(word, 3) for word in line.split()][: self.length - 1] + [2] for line in lines]
        return np.array([row + [0] * (self.length - len(row)) for row in rows], np.int32)

    def decode(self, rows):
        return [" ".join(self.words[token - 4] for token in row if token > 3).encode() for row in rows]


class StubNetwork:
    def __init__(self, *weights):
        self.weights = weights

    def get_weights(self):
        return [np.array(weight) for weight in self.weights]

    def log_likelihood(self, latents, tokens, labels=None):
        """Depends on the place of a line in the text, by its latents, and on its length."""
        return -0.01 * latents[:, 0] - (tokens > 0).sum(axis=1)


class StubGAN:
    """Generates the sentences above, more skewed at lower temperatures and in one draw, and records its calls."""

    ngrams, own_feature_names = None, ("log_likelihood", "tokens")
    feature_names = (*own_feature_names, "backward_log_likelihood")

    def __init__(self, training_lines, is_fitted=True, has_third_stage=True):
        self.codec, self.calls = StubCodec({word for line in training_lines for word in line.split()}), []
        self.calibration = SimpleNamespace(is_fitted=is_fitted, beta=0.9)
        self.ema_generator, self.baseline = StubNetwork(1.0), StubNetwork(2.0 if has_third_stage else 1.0)

    def generate(self, n, seed=0, temperature=1.0, candidates=1, generator=None, choice="resample", label=None):
        self.calls.append((n, seed, temperature, candidates, generator, choice))
        which = (generator is not None) + 2 * (candidates > 1) + 4 * (choice == "likeliest")
        nearer = 0.6 * (candidates > 1 and choice == "resample")
        return sentences(n, 1000 + seed + which, skew=1.0 / temperature - 0.4 - nearer)

    def negative_log_likelihood(self, lines, generator=None, labels=None):
        return 1.5 if generator is None else 1.25

    def line_labels(self, labels, num):
        return labels and np.array(labels)

    def latents_from(self, seeds):
        return np.stack([seeds, seeds], axis=1).astype(float)

    def known(self, lines):
        return np.array([3 not in row and row[-1] in (0, 2) for row in self.codec.encode(lines).tolist()])

    def features(self, lines, labels=None):
        lengths = np.array([len(line.split()) for line in lines], float)
        firsts = np.array([NOUNS.index(line.split()[1]) for line in lines], float)
        return np.stack([-2.0 * lengths, lengths + 1.0, firsts], axis=1)


TRAINING, TEST = sentences(400, 1), sentences(240, 2)
TEMPERATURES = (1.0, 1.0 / 1.2, 1.0 / 1.5)


@pytest.fixture(scope="module")
def evaluation():
    gan, progress = StubGAN(TRAINING), []

    def likelihood(line):
        return -math.inf if line.endswith(".") else -0.5 * len(line.split())

    options = {"progress": progress.append, "likelihood": likelihood, "is_selection": True}
    result = evaluate_text(gan, TRAINING, TEST, TEMPERATURES, num=120, seed=3, **options)
    return gan, result, progress


def test_every_sampler_is_drawn_at_every_temperature_and_the_likeliest_of_as_many_drafts(evaluation):
    gan, result, _ = evaluation
    drawn = [call for call in gan.calls if call[0] == 120 and call[1] == 3]
    kinds = [(1, None, "resample"), (4, None, "resample"), (4, None, "likeliest"), (1, gan.baseline, "resample")]
    assert [call[2:] for call in drawn[:12]] == [(temperature, *kind) for kind in kinds for temperature in TEMPERATURES]
    assert list(result["samplers"]) == ["gan", "gan_resampled_of_4", "gan_likeliest_of_4", "baseline", "ngram"]
    assert all([p["temperature"] for p in s["points"]] == list(TEMPERATURES) for s in result["samplers"].values())


def test_what_does_not_exist_is_not_compared():
    """A GAN without a calibrated discriminator cannot resample; one without a third stage is its own baseline."""
    gan = StubGAN(TRAINING, is_fitted=False, has_third_stage=False)
    result = evaluate_text(gan, TRAINING, TEST, (1.0,), num=60, progress=lambda line: None)
    assert list(result["samplers"]) == ["gan", "gan_likeliest_of_4", "ngram"]
    assert {(gain["sampler"], gain["over"]) for gain in result["gains"]} == {("gan", "gan_likeliest_of_4"), ("gan", "ngram")}
    assert result["likelihood_gain"] == {"reason": "no discriminator has been calibrated"}
    assert result["verdict"][0] == "What the discriminator knows could not be measured: no discriminator has been calibrated."
    assert not any("Resampling" in line for line in result["verdict"])


def test_the_scores_of_a_point_are_those_of_its_sentences(evaluation):
    _, result, _ = evaluation
    lines = sentences(120, 1003, skew=0.8)
    samples, training, test = ([bleu_tokens(line) for line in part] for part in (lines, TRAINING, TEST))
    point = result["samplers"]["gan"]["points"][1]
    assert point["bleu"] == pytest.approx({str(n): score for n, score in bleu(samples, test).items()}, abs=1e-12)
    assert point["self_bleu"] == pytest.approx({str(n): score for n, score in self_bleu(samples).items()}, abs=1e-12)
    assert point["unique"] == len(set(lines)) / 120
    assert point["copies"] == sum(line in TRAINING for line in lines) / 120
    assert point["distinct_1"] == len({w for line in lines for w in line.split()}) / len(" ".join(lines).split())
    assert point["mean_length"] == pytest.approx(np.mean([len(line.split()) for line in lines]))
    vocabulary_size = len({word for sentence in training + test + samples for word in sentence}) + 2
    judge, reverse = (KneserNey().fit(part, vocabulary_size) for part in (training, samples))
    assert point["lm_score"] == pytest.approx(judge.negative_log_likelihood_per_token(samples), abs=1e-12)
    assert point["reverse_lm_score"] == pytest.approx(reverse.negative_log_likelihood_per_token(test), abs=1e-12)
    possible = [line for line in lines if not line.endswith(".")]
    assert point["possible"] == len(possible) / 120
    assert point["oracle_nll"] == pytest.approx(np.mean([0.5 * len(line.split()) for line in possible]))


def test_the_ngram_model_and_the_sentences_that_are_shown_follow_from_the_settings(evaluation):
    _, result, _ = evaluation
    expected = KneserNey().fit([line.split() for line in TRAINING]).sample(120, 3)
    assert result["samplers"]["ngram"]["sentences"] == [" ".join(sentence) for sentence in expected[:20]]
    assert result["samplers"]["gan"]["sentences"] == sentences(120, 1003, skew=0.6)[:20]


def test_real_text_is_a_sample_of_training_lines_that_no_judge_flatters(evaluation):
    _, result, _ = evaluation
    real = result["real"]
    (point,) = real["points"]
    assert Counter(real["sentences"]) <= Counter(TRAINING) and real["sentences"] != TRAINING[:20]
    assert point["num"] == 120 and point["temperature"] is None and point["copies"] is None
    vocabulary_size = len({word for line in TRAINING + TEST for word in line.split()}) + 2
    judge = KneserNey().fit([line.split() for line in TRAINING], vocabulary_size)
    expected = judge.negative_log_likelihood_per_token([line.split() for line in TEST])
    assert point["lm_score"] == point["reverse_lm_score"] == pytest.approx(expected, abs=1e-12)


def test_likelihoods_are_of_the_codecs_tokens_for_the_ngram_model_too():
    gan = StubGAN(TRAINING)
    test = [*TEST, "a zebra sees the cat", "a cat sees the dog and the cat . . ."]  # an unknown word, and a cut line
    result = evaluate_text(gan, TRAINING, test, (1.0, 0.5), num=10, progress=lambda line: None)
    pieces = [[w if w in gan.codec.ids else "?" for w in line.split()][:9] for line in test]
    model = KneserNey().fit([line.split()[:9] for line in TRAINING], gan.codec.vocabulary_size)
    expected = -sum(map(model.log_likelihood, pieces)) / sum(len(piece) + 1 for piece in pieces)
    likelihoods = result["negative_log_likelihood"]
    assert likelihoods["ngram"] == pytest.approx(expected, abs=1e-12)
    assert (likelihoods["gan"], likelihoods["baseline"]) == (1.5, 1.25)
    tokens_per_line = sum(len(piece) + 1 for piece in pieces) / len(pieces)
    assert likelihoods["per_line"]["gan"] == pytest.approx(1.5 * tokens_per_line)


def test_the_gain_is_cross_fitted_on_known_lines_and_drafts_and_so_is_its_control(evaluation):
    gan, result, _ = evaluation
    real, drafts = gan.features(TEST), gan.features(sentences(120, 1003, skew=0.6))
    energies, _ = Calibration(gan.feature_names).cross_fit(real, drafts, 3)
    control, _ = Calibration(gan.feature_names[:2]).cross_fit(real[:, :2], drafts[:, :2], 3)
    gain = result["likelihood_gain"]
    assert gain["discriminator"] == pytest.approx(likelihood_gain(*energies, seed=3))
    assert gain["own_likelihood_and_length"] == pytest.approx(likelihood_gain(*control, seed=3))
    assert gain["over_control"] == pytest.approx(likelihood_gain(*energies, seed=3, over=control))
    assert (gain["num_real"], gain["num_drafts"], gain["features"]) == (240, 120, list(gan.feature_names))
    assert gain["discriminator"][0] > 0.05 > abs(gain["own_likelihood_and_length"][0])  # the first noun tells drafts


def test_a_mixture_is_measured_without_its_ngrams_too():
    gan = StubGAN(TRAINING)
    gan.ngrams = SimpleNamespace(shares=np.array([0.25, 0.5]))
    test = TEST * 2  # more than one block of rows
    result = evaluate_text(gan, TRAINING, test, (1.0,), num=60, progress=lambda line: None)
    likelihoods = result["negative_log_likelihood"]
    num_tokens = sum(len(line.split()) + 1 for line in test)
    assert likelihoods["network"] == pytest.approx((num_tokens + 0.01 * sum(range(480))) / num_tokens)
    assert likelihoods["shares"] == [0.25, 0.5]
    assert f"1.500 nats per held-out token, with its n-grams ({likelihoods['network']:.3f} without)" in result["verdict"][1]
    text = print_summary(result)
    assert "  generator without its n-grams: " in text and "after 0, 1, ... known tokens: 0.25, 0.50" in text


def test_labels_reach_the_likelihood_and_the_gain():
    gan, seen = StubGAN(TRAINING), []
    gan.negative_log_likelihood = lambda lines, generator=None, labels=None: seen.append(labels.tolist()) or 1.5
    features = gan.features
    gan.features = lambda lines, labels=None: seen.append(labels.tolist()) or features(lines)
    labels = [index % 3 for index in range(240)]
    evaluate_text(gan, TRAINING, TEST, (1.0,), num=60, test_labels=labels, progress=lambda line: None)
    assert seen == [labels, labels, labels, labels[:60]]


def test_too_few_known_lines_leave_out_what_cannot_be_measured_and_say_why():
    few = evaluate_text(StubGAN(TRAINING), TRAINING, TEST[:150], (1.0,), num=60, progress=lambda line: None)
    assert "only 150 test lines are known to the codec" in few["likelihood_gain"]["reason"]
    tiny = evaluate_text(StubGAN(TRAINING), TRAINING, TEST[:40], (1.0,), num=60, progress=lambda line: None)
    assert "40 test lines and 400 training lines" in tiny["two_sample_tests"]["reason"]
    assert any("could not be tested" in line for line in tiny["verdict"])
    assert "Verdict: What the discriminator knows could not be measured" in print_summary(tiny)


def test_each_sampler_is_tested_against_known_lines_by_features_of_other_training_lines(evaluation):
    gan, result, _ = evaluation
    rows = result["two_sample_tests"]["rows"]
    of_gan = ["gan", "gan_resampled_of_4", "gan_likeliest_of_4", "baseline", "gan_lower_temperature"]
    assert list(rows) == ["real", *of_gan, "ngram"]
    order = np.random.default_rng(3).permutation(400)
    control, others = ([TRAINING[index] for index in half] for half in np.array_split(order, 2))
    features = LatentSemantics(others)
    assert result["two_sample_tests"]["features"] == features.name
    test_lines = [TEST[index] for index in np.random.default_rng(3).permutation(240)[:120]]
    real = features(test_lines)
    ngram = [" ".join(each) for each in KneserNey().fit([line.split() for line in (*control, *others)]).sample(120, 3)]
    for name, lines in (("gan", sentences(120, 1003, skew=0.6)), ("real", control[:120]), ("ngram", ngram)):
        row, fake = rows[name], features(lines)
        test = linear_two_sample_test(real, fake, seed=3)
        assert [row["c2st"], *row["c2st_interval"]] == pytest.approx([test.area, test.low, test.high])
        assert row["mmd"] == pytest.approx(mean_discrepancy(real, fake)) and row["mauve"] == pytest.approx(mauve(real, fake, 3))
        assert row["num"] == 120 and row["unique"] == len(set(lines)) / 120
        lengths = [np.mean([len(line.split()) for line in part]) for part in (lines, test_lines)]
        assert row["length_difference"] == pytest.approx(100.0 * (lengths[0] / lengths[1] - 1.0))
    assert rows["real"]["copies"] == sum(line in TRAINING for line in test_lines) / 120
    assert rows["gan_lower_temperature"]["c2st"] > rows["gan"]["c2st"] > rows["gan_resampled_of_4"]["c2st"]
    over, low, high = rows["gan_resampled_of_4"]["c2st_over_one_draw"]
    assert over == pytest.approx(rows["gan_resampled_of_4"]["c2st"] - rows["gan"]["c2st"]) and low < over < high


def test_lines_with_unknown_words_take_no_part_in_the_tests_of_any_sampler():
    """Real lines with a rare word would give all generated lines away, and those of the n-gram model would have it too."""
    training = [line.replace("horse", f"zebra{index}") for index, line in enumerate(TRAINING)]
    test = [line.replace("horse", "zebra") for line in TEST]
    gan = StubGAN([line for line in training if "zebra" not in line])
    gan.generate = lambda n, seed=0, **choices: [line for line in sentences(3 * n, seed) if "horse" not in line][:n]
    result = evaluate_text(gan, training, test, (1.0,), num=100, progress=lambda line: None)
    share = sum("zebra" not in line for line in test) / 240
    assert result["settings"]["known_share"] == share < 0.7
    rows = result["two_sample_tests"]["rows"]
    assert all(row["num"] == 100 and row["c2st"] < 0.65 for row in rows.values())


def test_features_can_be_any_function_which_is_tried_before_anything_is_drawn():
    def by_length(lines):
        return [[len(line), len(line.split())] for line in lines]

    result = evaluate_text(StubGAN(TRAINING), TRAINING, TEST, (1.0,), num=60, features=by_length, progress=lambda line: None)
    assert "by_length" in result["two_sample_tests"]["features"]
    gan = StubGAN(TRAINING)
    with pytest.raises(ValueError, match=r"features of shape \(1, 1\) for 2 lines"):
        evaluate_text(gan, TRAINING, TEST, (1.0,), num=60, features=lambda lines: [[1.0]], progress=lambda line: None)
    assert not gan.calls


RISES, CHANCE, FALLS = [0.2, 0.1, 0.3], [0.02, -0.1, 0.1], [-0.2, -0.3, -0.1]


@pytest.mark.parametrize(
    ("gain", "over", "words"),
    [
        (RISES, RISES, "knows something that its generator does not: it adds +0.200 [+0.100, +0.300]"),
        (RISES, CHANCE, "does NOT know more than its generator's own likelihood, length and words"),
        (CHANCE, RISES, "does NOT know anything that its generator does not"),
    ],
)
def test_the_verdict_on_the_discriminator_follows_the_intervals_of_gain_and_control(evaluation, gain, over, words):
    result = copy.deepcopy(evaluation[1])
    result["likelihood_gain"] |= {"discriminator": gain, "over_control": over}
    assert words in verdict(result)[0]


@pytest.mark.parametrize(
    ("over", "resampling", "temperature"),
    [
        (FALLS, "comes nearer to real text than one draw", "and here they come nearer to the data"),
        (CHANCE, "does NOT come measurably nearer", "and this test does not see that they leave the data"),
        (RISES, "does NOT come nearer", "by leaving the data"),
    ],
)
def test_the_verdict_on_samples_follows_the_paired_interval(evaluation, over, resampling, temperature):
    result = copy.deepcopy(evaluation[1])
    for name in ("gan_resampled_of_4", "gan_lower_temperature"):
        result["two_sample_tests"]["rows"][name]["c2st_over_one_draw"] = over
    lines = verdict(result)
    assert lines[2].startswith(f"Resampling among 4 {resampling}")
    assert lines[3].startswith(f"A lower temperature writes likelier lines, {temperature}: ")


def test_the_verdict_names_the_better_language_model_the_third_stage_and_lines_that_were_used_before(evaluation):
    result = copy.deepcopy(evaluation[1])
    assert "a later stage changed it, had 1.250" in verdict(result)[1] and "a selection set" in verdict(result)[-1]
    result["negative_log_likelihood"] |= {"gan": 1.25, "ngram": 1.2}
    result["settings"]["is_selection"] = False
    assert verdict(result)[1] == (
        "The generator needs 1.250 nats per held-out token, the Kneser-Ney 5-gram 1.200: worse. No later stage has changed the "
        "supervised generator."
    )
    assert "selection" not in verdict(result)[-1]


def test_the_picture_shows_each_test_with_its_interval(evaluation, tmp_path):
    picture = c2st_picture(evaluation[1])
    (tmp_path / "a.png").write_bytes(picture.data)
    pixels = matplotlib.image.imread(tmp_path / "a.png")[..., :3]
    blue = np.array([31, 119, 180]) / 255
    assert np.all(np.abs(pixels - blue) < 0.01, axis=-1).sum() > 500
    row = evaluation[1]["two_sample_tests"]["rows"]["gan"]
    assert f"GAN, one draw {row['c2st']:.3f} ({row['c2st_interval'][0]:.3f} to" in picture.alternative


def test_the_result_survives_json_unchanged_and_every_score_names_its_protocol(evaluation):
    _, result, _ = evaluation
    assert json.loads(json.dumps(result, allow_nan=False)) == result
    for sampler in [*result["samplers"].values(), result["real"]]:
        assert {"bleu", "self_bleu", "copies", "lm_score", "reverse_lm_score"} <= sampler["protocols"].keys()
        protocol = sampler["protocols"]["bleu"]
        assert protocol["num_real"] == 240 and protocol["num_fake"] == 120 and protocol["seeds"] == [3]
        assert "method 1" in protocol["smoothing"] and "bleu_tokens" in protocol["tokenizer"]
    assert result["negative_log_likelihood"]["protocol"]["data"] == protocol["data"]


def test_the_first_line_of_progress_estimates_the_cost(evaluation):
    _, _, progress = evaluation
    assert "about" in progress[0] and "3,600 drafts" in progress[0]  # 120 sentences, 3 temperatures, 1 + 4 + 4 + 1 drafts


def test_by_default_as_many_sentences_as_test_lines_but_at_least_a_thousand():
    gan = StubGAN(TRAINING)
    result = evaluate_text(gan, TRAINING, TEST, (1.0,), progress=lambda line: None)
    assert result["settings"]["num"] == 1000
    assert result["real"]["points"][0]["num"] == 400  # there are no more, and it says so


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
    curves = {name: line_of(400, height, noise, 2) for name in ("gan", "gan_resampled_of_4")}
    curves |= {name: line_of(400, 0.0, noise, 1) for name in ("gan_likeliest_of_4", "ngram")}
    gains = frontier_gains(curves)
    pairs = [(gain["sampler"], gain["over"]) for gain in gains]
    rivals = [("gan", "gan_likeliest_of_4"), ("gan", "ngram"), ("gan_resampled_of_4", "gan")]
    assert pairs == [*rivals, ("gan_resampled_of_4", "gan_likeliest_of_4"), ("gan_resampled_of_4", "ngram")]
    gain = gains[1]
    low, high = gain["interval"]
    assert low < gain["gain"] < high
    assert gain["gain"] == pytest.approx(height, abs=0.01 if noise < 0.1 else 0.05)
    assert f"GAN, against 5-gram: {word}, " in frontier_sentences(gains, TITLES)[1]


def test_ranges_that_do_not_overlap_cannot_be_compared():
    curves = {"gan": line_of(100, 0.0, 0.01, 2), "ngram": line_of(100, 0.0, 0.01, 1) + np.array([0.5, 0.0])}
    (gain,) = gains = frontier_gains(curves)
    assert gain["gain"] is None and "too little overlap" in gain["reason"]
    assert "cannot be compared, Self-BLEU-5 from" in frontier_sentences(gains, TITLES)[0]


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
        assert f"{sampler['title']}, 120 sentences per row" in text
    point = result["samplers"]["ngram"]["points"][2]
    row = [0.67, *point["bleu"].values(), *point["self_bleu"].values(), point["unique"], point["copies"]]
    shown = [line.split() for line in text.splitlines() if line.startswith("  0.67")][4]
    assert [float(cell) for cell in shown[:11]] == pytest.approx(row, abs=6e-4)
    shares = ", ".join(f"{point['possible']:.3f}" for point in result["samplers"]["gan"]["points"])
    assert f"Under the true distribution: possible {shares}; nats per possible line" in text
    lines = text.splitlines()
    per_line = result["negative_log_likelihood"]["per_line"]
    assert f"  generator: 1.500 per token, {per_line['gan']:.2f} per line" in lines
    gain = result["likelihood_gain"]["discriminator"]
    assert "  gain per line by discriminator: {:+.3f} [{:+.3f}, {:+.3f}]".format(*gain) in lines
    row = result["two_sample_tests"]["rows"]["gan_resampled_of_4"]
    (cells,) = (line.split() for line in lines if line.startswith("GAN, resampled among 4  "))
    assert cells[4:8] == ["120", f"{row['mean_length']:.2f}", f"{row['length_difference']:+.1f}", "%"]
    assert cells[8] == f"{row['c2st']:.3f}" and cells[11] == f"{row['mauve']:.3f}"
    assert result["frontier"][0] in lines
    assert f"Verdict: {result['verdict'][0]}" in text
