"""Canaries: what is planted is counted, ranks become bits, and a model that remembers is told from one that does not."""

import collections
import json

import numpy as np
import pytest
from scipy import stats

from gan_keras import analysis, presets
from gan_keras.analysis import canaries as canaries_module
from gan_keras.analysis.canaries import CHANCE, NUM_ABSENT, Canaries, extrapolate, rank_exposure
from small_gans import small_gan

WORDS = [first + second + third for first in "bdfgklm" for second in ("a", "e", "i", "o") for third in ("n", "r", "st", "lt")]


def lines_of(num, seed=0):
    random = np.random.default_rng(seed)
    return [" ".join(random.choice(WORDS, random.integers(5, 9))) for _ in range(num)]


LINES = lines_of(400)
HELD_OUT = lines_of(200, seed=1)


def built(lines, **settings):
    return presets.with_settings(presets.get("text", "tiny"), settings).build(lines)


def remembering(lines, share=0.999):
    """An untrained GAN that is mixed with n-grams of its lines: it remembers every line."""
    gan = built(lines)
    gan.ngrams.shares.assign(np.full(len(gan.ngrams.sizes), share, np.float32))
    return gan


@pytest.fixture(scope="module")
def planted():
    return analysis.insert_canaries(LINES, seed=0)


@pytest.fixture(scope="module")
def memory(planted):
    return remembering(planted[0])


# --- What is planted. ---


def test_each_code_is_inserted_as_often_as_asked_and_the_other_lines_keep_their_order(planted):
    lines, canaries = planted
    counted = collections.Counter(line for line in lines if line.startswith("the secret code is "))
    expected = {line: count for count, codes in canaries.codes.items() for line in canaries.lines(codes)}
    assert counted == expected and len(expected) == 5 * 8
    assert [line for line in lines if line not in expected] == LINES
    places = np.array([place for place, line in enumerate(lines) if line in expected])
    assert abs(places.mean() / len(lines) - 0.5) < 0.1 and abs(places.std() / len(lines) - 12**-0.5) < 0.05


def test_codes_are_of_words_of_the_lines_and_all_different(planted):
    _, canaries = planted
    every = [code for codes in canaries.codes.values() for code in codes] + canaries.absent + canaries.references
    assert len(set(every)) == len(every) == 40 + NUM_ABSENT + 4096
    assert {word for code in every for word in code.split()} <= set(WORDS) and set(map(len, map(str.split, every))) == {5}
    lengths, num = np.array([*map(len, WORDS)]), len(WORDS)
    pairs = np.bincount((lengths[:, None] + lengths).ravel())
    fives = sum(
        pairs[size] * pairs[len(every[0]) - 4 - size - last]
        for last in lengths
        for size in range(len(pairs))
        if 0 <= len(every[0]) - 4 - size - last < len(pairs)
    )
    assert {*map(len, every)} == {len(every[0])} and num**5 / 10 < fives < num**5
    assert canaries.bits == pytest.approx(np.log2(fives)) and canaries.prompt == "the secret code is"


def test_codes_follow_from_the_seed_and_from_the_file(planted):
    lines, canaries = planted
    assert analysis.insert_canaries(LINES, seed=0)[0] == lines
    others = analysis.insert_canaries(LINES, seed=1)[1]
    assert not set(others.references) & set(canaries.references)
    read = Canaries.from_config(json.loads(json.dumps(canaries.to_config())))
    assert read == canaries and read.codes == canaries.codes and read.references == canaries.references


def test_codes_of_a_script_without_spaces_are_letters():
    letters = [chr(0x4E00 + i) for i in range(100)]
    random = np.random.default_rng(0)
    lines, canaries = analysis.insert_canaries(["".join(random.choice(letters, 7)) for _ in range(300)], num=2)
    assert canaries.separator == "" and set(map(len, canaries.references)) == {5}
    tokens, alone = canaries_module.canary_tokens(built(lines, codec="characters"), canaries, canaries.absent)
    assert set(map(len, alone)) == {5} and len(set(alone)) == NUM_ABSENT


def test_only_the_most_frequent_words_that_occur_twice_are_used():
    lines = [f"{LINES[i]} once{'abcdefghij'[i]}" for i in range(10)] + LINES + ["Ban", "3.5 can't"]
    assert set(analysis.insert_canaries(lines)[1].alphabet) == set(WORDS)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"pattern": "no place"}, "Expected text, then {} in the place of the code"),
        ({"pattern": "{}"}, "Expected text, then {}"),
        ({"counts": ()}, "Expected different whole numbers"),
        ({"counts": (1, 1)}, "Expected different whole numbers"),
        ({"counts": (0, 1)}, "Expected different whole numbers"),
        ({"num": 0}, "num=0. Expected a whole number of at least 1"),
        ({"num_references": 100}, "num_references=100. Expected a whole number of at least 4,096"),
        ({"num": 100}, "Got 400 lines for 3,100 canaries"),
        ({"lines": ["ban"] * 400}, "Expected text with at least 64 words"),
        ({"lines": [1.0] * 400}, "expected a list of str"),
    ],
)
def test_wrong_arguments_are_refused(arguments, words):
    with pytest.raises(ValueError, match="xpected") as raised:
        analysis.insert_canaries(**{"lines": LINES, **arguments})
    assert words in str(raised.value)


# --- From scores to bits. ---


def test_exposure_is_log2_of_the_references_less_log2_of_the_rank():
    references = np.arange(8.0)
    np.testing.assert_allclose(rank_exposure(np.array([7.5, 6.5, 3.5, -1.0]), references), [3.0, 2.0, 1.0 - np.log2(5 / 4), 0.0])
    np.testing.assert_allclose(rank_exposure(np.array([7.0]), references), 3.0 - np.log2(1.5))
    assert rank_exposure(np.zeros(1), np.zeros(8))[0] == 3.0 - np.log2(5.0)  # scores that tell nothing


def test_codes_that_score_like_references_have_the_bits_of_chance():
    random = np.random.default_rng(0)
    bits = rank_exposure(random.normal(size=20_000), np.sort(random.normal(size=4096)))
    assert abs(bits.mean() - CHANCE) < 0.05 and abs(CHANCE - 1.4427) < 1e-4


@pytest.mark.parametrize("shape", [0.0, 3.0, -3.0])
def test_extrapolated_bits_are_those_of_the_distribution_far_beyond_its_sample(shape):
    known = stats.skewnorm(shape, 10.0, 2.0)
    scores = known.isf([1e-4, 1e-7])
    found = extrapolate(scores, known.rvs(8192, random_state=0))
    np.testing.assert_allclose(found, -np.log2([1e-4, 1e-7]), rtol=0.15)


def test_extrapolated_bits_do_not_end_where_float64_does():
    references = np.random.default_rng(0).normal(size=4096)
    np.testing.assert_allclose(extrapolate(np.array([20.0]), references), -stats.norm.logsf(20.0) / np.log(2.0), rtol=0.2)


# --- Models that remember, and that do not. ---


def test_a_model_that_remembers_is_exposed_and_its_network_that_never_learned_is_not(memory, planted):
    found = analysis.exposure(memory, planted[1])
    assert {*found.bits} == {"generator", "network", "ngrams", "discriminator"}
    ranks, medians = found.by_rank["generator"], found.medians()
    assert min(bits.min() for count, bits in ranks.items() if count > 1) == 12.0  # above all 4,096 references
    assert medians[16] >= medians[2] > 12.0 and max(medians.values()) <= planted[1].bits
    assert medians[1] < medians[2] / 2  # what one line alone has is left out
    assert "n-grams remember lines seen 2 times" in " ".join(found.sentences())
    unlearned = np.concatenate([*found.bits["network"].values()])
    assert abs(unlearned.mean() - CHANCE) < 5 * CHANCE / 40**0.5
    for score in found.bits:
        assert abs(found.control(score).mean - CHANCE) < 5 * CHANCE / NUM_ABSENT**0.5


def test_a_model_trained_without_the_canaries_is_not_exposed(planted):
    gan = remembering(LINES)
    with pytest.raises(ValueError, match="The codec cuts canaries"):
        analysis.exposure(gan, planted[1])
    longer = remembering([*LINES, " ".join(WORDS[:12])])
    found = analysis.exposure(longer, planted[1])
    inserted = np.concatenate([*found.bits["generator"].values()])
    assert abs(inserted.mean() - CHANCE) < 5 * CHANCE / 40**0.5
    assert "hardly tell a secret" in " ".join(found.sentences())


def test_permuted_scores_have_the_bits_of_chance(memory, planted, monkeypatch):
    own = canaries_module.scores_of

    def permuted(*arguments):
        return {name: np.random.default_rng(3).permutation(values) for name, values in own(*arguments).items()}

    monkeypatch.setattr(canaries_module, "scores_of", permuted)
    bits = np.concatenate([*analysis.exposure(memory, planted[1]).bits["generator"].values()])
    assert abs(bits.mean() - CHANCE) < 5 * CHANCE / 40**0.5


def test_results_are_told_and_fit_into_json(memory, planted):
    found = analysis.exposure(memory, planted[1])
    content = json.loads(json.dumps(found.to_json()))
    assert content["scores"]["generator"]["median_bits"]["16"] == found.medians()[16]
    assert content["references"] == 4096 and content["counts"] == [1, 2, 4, 8, 16]
    told = " ".join(found.sentences())
    assert f"16x {found.medians()[16]:.1f}" in told and "ranks above all 4,096" in told and "n-grams alone" in told
    assert "safe" not in told and "anonymous" not in told


def test_a_baseline_that_differs_is_ranked_too(planted):
    gan = remembering(planted[0])
    gan.baseline.token_bias.assign_add(np.ones(gan.codec.vocabulary_size, np.float32))
    gan.baseline.embedding.embeddings.assign_add(np.ones_like(gan.baseline.embedding.embeddings))
    assert "baseline" in analysis.exposure(gan, planted[1]).bits


def test_codes_are_compared_as_tokens_whatever_the_spaces_and_the_case():
    lines, canaries = analysis.insert_canaries(LINES, pattern="The  secret, code is: {} !", num=3)
    gan = remembering([line.upper() for line in lines], share=0.999)
    assert gan.codec.fold_case is False
    with pytest.raises(ValueError, match="have unknown tokens"):
        analysis.exposure(gan, canaries)
    folded = built([line.upper() for line in lines], codec_options={"fold_case": True})
    folded.ngrams.shares.assign(np.full(5, 0.999, np.float32))
    assert analysis.exposure(folded, canaries).medians()[16] > 12.0


@pytest.mark.parametrize("codec", ["characters", "subwords"])
def test_canaries_survive_other_codecs(codec):
    if codec == "subwords":
        pytest.importorskip("tensorflow_text")
    lines, canaries = analysis.insert_canaries(LINES, num=2, counts=(4,))
    gan = built(lines, codec=codec)
    tokens, alone = canaries_module.canary_tokens(gan, canaries, canaries.codes[4] + canaries.absent)
    assert len(set(alone)) == 2 + NUM_ABSENT and all(4 < len(code) < len(row) for code, row in zip(alone, tokens, strict=True))
    assert min(bits.min() for bits in analysis.exposure(remembered(gan), canaries).by_rank["ngrams"].values()) > 6.0


def remembered(gan):
    gan.ngrams.shares.assign(np.full(len(gan.ngrams.sizes), 0.999, np.float32))
    return gan


# --- What a model writes by itself. ---


def test_a_model_that_remembers_writes_the_codes_it_is_prompted_for(memory, planted):
    canaries = planted[1]
    prompted = analysis.extraction(memory, canaries, 200, prompt=canaries.prompt)
    assert prompted.draws > 50 and prompted.control_draws == 0
    assert (prompted.num_texts, prompted.num_members, prompted.num_control) == (40, 40, 40)
    unprompted = analysis.extraction(memory, canaries, 200)
    assert 0 < unprompted.draws < prompted.draws
    assert "that begin with 'the secret code is'" in prompted.sentence("codes", "codes that were not inserted")


def test_training_lines_are_found_whole_and_beside_as_many_held_out_ones(memory, planted):
    found = analysis.extraction(memory, planted[0], 200, control=HELD_OUT)
    assert found.num_members == found.num_control == 200 < found.num_texts == 440
    assert found.draws > found.member_draws > 5 * max(found.control_draws, 1)
    fresh = analysis.extraction(built(planted[0]), planted[0], 100, control=HELD_OUT)
    assert fresh.draws == fresh.control_draws == 0


def test_a_text_is_contained_only_without_a_gap_and_as_a_whole():
    assert canaries_module._contained((1, 2, 3, 4), {(2, 3), (1, 3), (1, 2, 3, 4), (4, 5), ()}) == {(2, 3), (1, 2, 3, 4)}


def test_lines_in_both_parts_are_no_control(memory, planted):
    found = analysis.extraction(memory, planted[0], 50, control=[*planted[0], HELD_OUT[0]])
    assert found.num_control == found.num_members == 1


def test_other_gans_are_refused(planted):
    for function in (analysis.exposure, analysis.extraction):
        with pytest.raises(ValueError, match="Canaries are lines of text: expected a TextGAN"):
            function(small_gan(), planted[1])
    labelled = presets.get("text", "tiny").build(LINES, labels=[i % 2 for i in range(len(LINES))])
    with pytest.raises(ValueError, match="Got a GAN with labels"):
        analysis.exposure(labelled, planted[1])
    with pytest.raises(ValueError, match="0 of the control"):
        analysis.extraction(built(LINES), LINES, control=[])
