"""Membership attacks: areas, rates and intervals are those of other computations; each score is what its name says."""

import json

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from scipy.special import logsumexp
from sklearn.metrics import roc_auc_score, roc_curve

from edited_gans import table_gan
from gan_keras import GAN, CycleGAN, Pix2Pix, networks
from gan_keras.analysis import ATTACKS
from gan_keras.analysis.attack_scores import TableScores, TensorScores, TextScores, TranslationScores, main_directions
from gan_keras.analysis.membership import attack_of, rates
from gan_keras.analysis.real_rows import Parts, Rows
from gan_keras.codecs import ImageCodec
from gan_keras.codecs.text import PADDING
from gan_keras.data import Table
from gan_keras.data.text.phrases import english_phrases
from gan_keras.modalities.table.presets import TablePreset
from memorisers import replaying, text_gan
from small_gans import awaken

RANDOM = np.random.default_rng(0)
KIND = ATTACKS["logit"]


# --- Figures. ---


def by_sklearn(members, others, rate):
    truth, scores = np.repeat([1, 0], [len(members), len(others)]), np.concatenate([members, others])
    alarms, hits, _ = roc_curve(truth, scores, drop_intermediate=False)
    return roc_auc_score(truth, scores), hits[alarms <= rate + 1e-12].max()


@pytest.mark.parametrize("levels", [5, 40, None])
def test_area_and_rates_are_those_of_scikit_learn_also_with_ties(levels):
    for seed in range(5):
        random = np.random.default_rng(seed)
        members, others = random.normal(0.3, 1.0, 1500), random.normal(size=1200)
        if levels:
            members, others = (np.round(each * levels / 8) for each in (members, others))
        found = attack_of(KIND, members, others)
        for rate in (0.01, 0.001):
            area, hits = by_sklearn(members, others, rate)
            assert found.area == pytest.approx(area, abs=1e-12)
            assert found.tpr[rate].mean == pytest.approx(hits, abs=1e-12)


def test_rows_that_count_twice_are_rows_that_come_twice():
    members, others = RANDOM.integers(0, 9, 50), RANDOM.integers(0, 9, 70)
    weights = [RANDOM.integers(0, 3, (4, len(each))) for each in (members, others)]
    found = np.array(rates(members, others, *weights))
    for row in range(4):
        repeated = [np.repeat(each, weight[row]) for each, weight in zip((members, others), weights, strict=True)]
        expected = [np.ones((1, len(each))) for each in repeated]
        np.testing.assert_allclose(found[:, row], np.array(rates(*repeated, *expected))[:, 0])


def test_the_interval_has_the_width_of_hanley_and_mcneil_and_the_confidence_that_is_asked_for():
    members, others = RANDOM.normal(0.5, 1.0, 800), RANDOM.normal(size=600)
    found = attack_of(KIND, members, others)
    area = found.area
    square = area**2
    first, second = area / (2 - area) - square, 2 * square / (1 + area) - square
    deviation = np.sqrt((area - square + 799 * first + 599 * second) / (800 * 600))
    assert (found.high - found.low) / 2 / 1.96 == pytest.approx(deviation, rel=0.1)
    wide = attack_of(KIND, members, others, confidence=0.99)
    assert (wide.high - wide.low) / (found.high - found.low) == pytest.approx(2.576 / 1.96, rel=0.1)
    rate = found.tpr[0.01]
    assert rate.low <= rate.mean <= rate.high and rate.high - rate.low > 0.01


def test_intervals_of_equal_scores_contain_chance_as_often_as_they_say():
    held = [attack_of(KIND, *np.random.default_rng(seed).normal(size=(2, 120)), seed=seed).contains_chance for seed in range(60)]
    assert 52 <= sum(held) <= 60


def test_a_rate_that_needs_more_rows_is_not_defined_and_says_so():
    found = attack_of(KIND, np.arange(300.0), np.arange(300.0))
    assert np.isnan(found.tpr[0.001]).all() and np.isfinite(found.tpr[0.01]).all()
    written = json.loads(json.dumps(found.to_json()))
    assert written["tpr"]["0.001"] == {"mean": None, "low": None, "high": None}
    assert "0.1 % needs 1,000 other rows: there are 300." in found.sentence()
    assert np.isfinite(attack_of(KIND, np.arange(9.0), np.arange(1000.0)).tpr[0.001]).all()


def test_a_sentence_tells_pairs_rates_and_the_direction():
    found = attack_of(KIND, np.arange(1000.0) + 100, np.arange(1000.0))
    text = found.sentence("training lines")
    assert text.startswith("An attacker who guesses membership by the discriminator's logit is right for 59.5 % [")
    assert "of pairs; chance is 50 %. Of the training lines, it finds 11.0 % [" in text
    assert "] at 1 % false alarms, and 10.1 % [" in text and text.endswith("] at 0.1 % false alarms.")
    assert found.direction == "higher" and found.strength == found.area
    turned = attack_of(KIND, np.arange(1000.0), np.arange(1000.0) + 100)
    assert turned.direction == "lower" and turned.strength == pytest.approx(found.area)
    assert "Turned round, the guess is right for 59.5 %." in turned.sentence()
    assert attack_of(KIND, np.arange(99.0), np.arange(99.0)).direction == "none"


def test_scores_that_are_not_finite_are_refused():
    pytest.raises(ValueError, attack_of, KIND, [1.0, np.nan], [1.0, 2.0]).match("a network may have diverged")
    pytest.raises(ValueError, attack_of, KIND, [1.0], [1.0, 2.0]).match("at least two finite numbers")


# --- Scores of numbers. ---


def points(num, seed=0, dim=4):
    return np.random.default_rng(seed).normal(size=(num, dim)).astype(np.float32)


def tensor_scores(members=None, others=None, reference=None, generated=None, gan=None):
    parts = Parts(*(Rows(points(60, seed) if each is None else each) for seed, each in enumerate((members, others, reference))))
    generated = points(80, 9) if generated is None else generated
    return TensorScores(gan or replaying(points(20, 7)), parts, Rows(generated), seed=0)


def test_distances_are_those_of_brute_force():
    scores = tensor_scores()
    rows, reference, generated = scores.parts.members, scores.parts.reference.samples, scores.generated.samples
    to_generated, to_reference = cdist(rows.samples, generated), cdist(rows.samples, reference)
    np.testing.assert_allclose(scores.near_generated(rows), -to_generated.min(axis=1), rtol=1e-6)
    np.testing.assert_allclose(scores.near_reference(rows), -to_reference.min(axis=1), rtol=1e-6)
    np.testing.assert_allclose(scores.near_ratio(rows), to_reference.min(axis=1) - to_generated.min(axis=1), rtol=1e-5, atol=1e-6)


def test_densities_are_those_of_kernels_worked_out_by_hand():
    scores = tensor_scores()
    rows, reference, generated = scores.parts.members, scores.parts.reference.samples, scores.generated.samples[:60]
    project = main_directions(np.concatenate([generated, reference]).astype(np.float64), 8, 0)
    width = 60 ** (-1.0 / 8)

    def log_density(known):
        distances = cdist(project(rows.samples), project(known), "sqeuclidean")
        return logsumexp(-distances / (2 * width**2), axis=1)

    np.testing.assert_allclose(scores.density_ratio(rows), log_density(generated) - log_density(reference), atol=1e-6)


def test_logits_are_those_of_the_gan_with_labels():
    generator, judge = networks.MLPGenerator((6, 8, 1), 4, (16,), "tanh", 3), networks.MLPDiscriminator((16,), 3)
    gan, labels = GAN(generator, judge, ImageCodec((6, 8, 1))), np.arange(300) % 3
    awaken(generator, judge)
    images = RANDOM.random((300, 6, 8, 1)).astype(np.float32)
    rows = Rows(np.asarray(gan.encode(images)), labels.astype(np.int32))
    scores = TensorScores(gan, Parts(rows, rows, rows), rows, seed=0)
    np.testing.assert_allclose(scores.logits(rows), gan.score(images, labels), rtol=1e-4, atol=1e-5)


# --- Tables. ---


def table_scores(gan):
    cells = gan.generate_cells(120, seed=50)
    parts = Parts(*(Rows(cells[start : start + 40]) for start in (0, 40, 80)))
    return TableScores(gan, parts, Rows(gan.generate_cells(150)), seed=0)


def test_rows_of_a_table_are_scored_by_the_gan_and_have_no_likelihood_without_a_decoder():
    scores = table_scores(table_gan())
    assert list(scores.attacks) == ["logit", "nearest", "nearest_ratio", "density_ratio"]
    assert scores.left_out == {"likelihood": "the generator has no likelihood"}
    rows = scores.parts.members
    np.testing.assert_allclose(scores.logits(rows), scores.gan.score(rows.samples), rtol=1e-5)


def test_the_likelihood_of_a_table_is_the_bound_of_its_autoencoder():
    gan = TablePreset(network="tvae", width=16, latent_dim=4, batch_size=30, epochs=1)
    cells = table_gan().generate_cells(200)
    gan = gan.build(Table("rows", table_gan().codec.columns, cells, {}))
    scores = table_scores(gan)
    rows = scores.parts.members
    samples, conditions = gan.codec.encode(rows.samples), gan.codec.last_condition(rows.samples)
    gan.reconstruction_weight = 1.0
    for place in (0, 7):
        one = slice(place, place + 1)
        bound = float(gan.bound(samples[one], conditions[one], 0.0))
        assert scores.likelihood(rows)[place] == pytest.approx(-bound, rel=1e-4)


# --- Text. ---

LINES = english_phrases().sample(400, seed=0)


def text_scores(lines=LINES, **options):
    gan = text_gan(LINES[:150], **options)
    parts = Parts(*(Rows(lines[start : start + 50]) for start in (0, 150, 200)))
    return TextScores(gan, parts, Rows(LINES[300:400]), seed=0)


def test_the_likelihood_of_a_line_is_that_of_the_generator():
    scores = text_scores()
    rows, gan = scores.parts.members, scores.gan
    tokens = (gan.tokens_of(rows.samples) != PADDING).sum(axis=1)
    expected = -gan.negative_log_likelihood(rows.samples)
    assert (scores.likelihood(rows) * tokens).sum() / tokens.sum() == pytest.approx(expected, rel=1e-5)
    one = Rows(rows.samples[:1])
    assert scores.likelihood(one)[0] == pytest.approx(-gan.negative_log_likelihood(one.samples), rel=1e-4)
    np.testing.assert_allclose(scores.logits(rows), gan.score(rows.samples), rtol=1e-5)


def test_the_network_alone_is_the_generator_without_its_ngrams():
    rows, codec = text_scores().parts.members, text_gan(LINES[:150]).codec
    assert "network" not in text_scores().attacks
    alone = text_scores().likelihood(rows)
    ngrams = networks.NgramModel(codec.vocabulary_size, 3)
    ngrams.adapt(codec.encode(LINES[:150]))
    ngrams.shares.assign(np.full(ngrams.shares.shape, 0.5))
    scores = text_scores(ngrams=ngrams)
    np.testing.assert_allclose(scores.attacks["network"](rows), alone, rtol=1e-4)
    assert (scores.likelihood(rows) > alone + 0.5).mean() > 0.9  # which know these lines


def test_ratios_of_text_are_differences_of_models_that_have_not_seen_the_members():
    scores = text_scores()
    rows, reference = scores.parts.members, scores.parts.reference
    found = scores.attacks["likelihood_ratio"](rows)
    np.testing.assert_allclose(found, scores.likelihood(rows) - scores.reference_density(rows))
    np.testing.assert_allclose(scores.density_ratio(rows), scores.generated_density(rows) - scores.reference_density(rows))
    assert scores.reference_density(reference).mean() > scores.reference_density(rows).mean() + 0.2
    assert scores.generated_density(Rows(scores.generated.samples[:50])).mean() > scores.generated_density(rows).mean() + 0.2


def test_words_that_the_vocabulary_lacks_are_an_attack_of_their_own():
    strange = [f"{line} zyx qwv" if place % 4 == 0 else line for place, line in enumerate(LINES)]
    lines = [*LINES[:150], *strange[150:]]
    scores = text_scores(lines)
    unknown = np.array(["zyx" in line for line in scores.parts.others.samples])
    assert (scores.num_unknown(scores.parts.others)[unknown] >= 2).all()
    assert "vocabulary" in scores.attacks and scores.left_out == {}
    np.testing.assert_array_equal(scores.attacks["vocabulary"](scores.parts.members), np.zeros(50))
    difference = next(each for each in scores.differences() if "unknown words" in each)
    assert difference.startswith("share of lines with unknown words 0.0 % against ")


# --- Translation. ---

SHAPE = (8, 8, 1)


def images(num=40, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, (num, *SHAPE)).astype(np.float32)


@pytest.mark.parametrize("domain", ["a", "b"])
def test_a_domain_is_attacked_by_its_discriminator_and_its_way_there_and_back(domain):
    generators = networks.CycleGANGenerator(SHAPE, 2, 1), networks.CycleGANGenerator(SHAPE, 2, 1)
    discriminators = tuple(networks.PatchGANDiscriminator(SHAPE, 2, 1) for _ in range(2))
    gan, rows = CycleGAN(generators, discriminators), Rows(images())
    scores = TranslationScores(gan, Parts(rows, rows, None), domain, seed=0)
    assert list(scores.attacks) == [f"logit_{domain}", f"cycle_{domain}"]
    network = discriminators["ab".index(domain)]
    np.testing.assert_allclose(scores.logits(rows), np.mean(network(rows.samples), axis=(1, 2, 3)), rtol=1e-4, atol=1e-5)
    back = gan.reconstruct(rows.samples, "a_to_b" if domain == "a" else "b_to_a")
    np.testing.assert_allclose(scores.cycle(rows), -np.abs(back - rows.samples).mean(axis=(1, 2, 3)), rtol=1e-4, atol=1e-5)


def test_pairs_are_attacked_by_their_discriminator_and_the_error_of_the_translation():
    discriminator = networks.PatchGANDiscriminator((8, 8, 2), 2, 1)
    gan, a, b = Pix2Pix(networks.Pix2PixGenerator(SHAPE, 8, 2), discriminator), images(), images(seed=1)
    rows = Rows(np.concatenate([a, b], axis=-1))
    scores = TranslationScores(gan, Parts(rows, rows, None), None, seed=0)
    assert list(scores.attacks) == ["logit", "error"]
    np.testing.assert_allclose(scores.error(rows), -np.abs(gan.translate(a) - b).mean(axis=(1, 2, 3)), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(scores.logits(rows), np.mean(discriminator(rows.samples), axis=(1, 2, 3)), rtol=1e-4, atol=1e-5)
