"""Audits: a generator that repeats its rows is caught, one that never saw them is not, and an unfit control is refused."""

import json
import sys

import keras
import numpy as np
import pytest

from edited_gans import image_gan, series_gan, table_gan
from gan_keras import GAN, CycleGAN, Pix2Pix, TextGAN, analysis, data, networks
from gan_keras.analysis.audit import largest_rate
from gan_keras.analysis.membership import attack_of
from gan_keras.analysis.real_rows import Rows, divide
from gan_keras.codecs import ImageCodec, WaveformCodec
from gan_keras.data import Table, text_batches
from gan_keras.data.text.phrases import english_phrases
from memorisers import replaying, text_gan

RANDOM = np.random.default_rng(0)


def silent(line):
    pass


def points(num, seed=0, dim=6):
    return np.random.default_rng(seed).normal(size=(num, dim)).astype(np.float32)


def audited(gan, training, held_out, **options):
    return analysis.audit(gan, training, held_out, progress=silent, **options)


# --- Planted truths. ---


@pytest.fixture(scope="module")
def overfitted():
    training = points(400)
    return audited(replaying(training), training, points(600, 1))


@pytest.fixture(scope="module")
def unseen():
    return audited(replaying(points(500, 2), judged=points(500, 3)), points(800), points(1200, 1))


def test_a_generator_that_repeats_its_training_rows_is_caught(overfitted):
    areas = {name: each.area for name, each in overfitted.attacks.items()}
    assert list(areas) == ["logit", "nearest", "nearest_ratio", "density_ratio"]
    assert areas["logit"] > 0.99 and areas["nearest"] > 0.93 and areas["nearest_ratio"] > 0.9 and areas["density_ratio"] > 0.6
    assert overfitted.holds and overfitted.strongest.tpr[0.01].low > 0.9
    told, repeats = overfitted.verdict
    assert told.startswith(
        "The GAN tells which samples it was trained on. The strongest attack, by the discriminator's logit, orders"
    )
    assert "no exported `score`, differential privacy" in told and repeats.startswith("It repeats training samples")
    copies = overfitted.copies["samples"]
    assert copies.exact == copies.num == 1000 and copies.exact_held_out == 0 and copies.found


def test_a_generator_that_saw_neither_part_is_not(unseen):
    assert unseen.holds and all(each.contains_chance for each in unseen.attacks.values())
    (verdict,) = unseen.verdict
    assert verdict.startswith("No attack beats chance.") and "would not show among 600 members" in verdict
    assert unseen.numbers == {"members": 600, "others": 600, "reference": 600, "generated": 1200}
    assert not unseen.copies["samples"].found and unseen.differences == []


def test_intervals_hold_together(unseen):
    assert {each.confidence for each in unseen.attacks.values()} == {1 - 0.05 / 4}
    assert {each.confidence for each in unseen.control.values()} == {1 - 0.05 / 3}


@pytest.mark.parametrize("shift", ["mean", "spread"])
def test_a_control_of_another_source_is_refused_with_what_differs(shift):
    training = points(400)
    held_out = points(600, 1) + 0.4 if shift == "mean" else 1.5 * points(600, 1)
    found = audited(replaying(training), training, held_out)
    assert not found.holds and found.attacks == {} and found.strongest is None
    (verdict, _) = found.verdict
    assert verdict.startswith("No attack is reported: training samples and the others differ without the GAN")
    assert (
        ("mean value -0.0" in verdict or "mean value 0.0" in verdict) if shift == "mean" else "deviation of values 0." in verdict
    )
    assert "Expected others of the same source" in verdict and "\n" not in verdict
    written = found.to_json()
    assert written["attacks"] == {} and not written["control_holds"] and written["differences"]
    assert written["control_attack"]["auc"]["mean"] == max(
        (each.to_json()["auc"]["mean"] for each in found.control.values()), key=lambda area: max(area, 1 - area)
    )
    assert found.copies["samples"].exact == 1000 and found.copies["samples"].test is None


def test_labels_of_other_frequencies_are_named():
    pair = networks.MLPGenerator((6, 8, 1), 4, (16,), "tanh", num_labels=3), networks.MLPDiscriminator((16,), num_labels=3)
    gan = GAN(*pair, ImageCodec((6, 8, 1)), label_names=("blue", "green", "red"))
    images = RANDOM.random((800, 6, 8, 1)).astype(np.float32)
    labels = np.concatenate([np.arange(400) % 3, np.zeros(400)]).astype(int)
    found = audited(gan, (images[:400], labels[:400]), (images[400:], labels[400:]))
    assert not found.holds and found.differences[0].endswith("against 100.0 %")
    assert found.differences[0].startswith("share of the label blue 3")


def test_results_are_json_and_plain_words(overfitted, unseen):
    for found in (overfitted, unseen):
        written = json.loads(json.dumps(found.to_json(), allow_nan=False))
        assert written["verdict"] == found.verdict and written["sentences"] == found.sentences()
        for each in (*written["attacks"].values(), written["control_attack"]):
            assert set(each["auc"]) == {"mean", "low", "high"} and set(each["tpr"]) == {"0.01", "0.001"} and each["title"]
        text = str(found)
        assert text.splitlines() == [*found.verdict, *found.sentences()]
        assert "anonym" not in text.lower() and "safe" not in text.lower()


def test_others_and_references_are_different_random_rows_and_as_many_as_members():
    training, held_out = Rows(np.arange(5000.0)), Rows(np.arange(900.0))
    parts = divide(training, held_out, 2000, 0, "rows")
    members, others, reference = (each.samples for each in (parts.members, parts.others, parts.reference))
    assert len(members) == len(others) == len(reference) == 450 == len(set(members))
    assert not set(others) & set(reference) and 400 < others.mean() < 500 and 2200 < members.mean() < 2800
    fewer = divide(training, held_out, 300, 1, "rows")
    assert (len(fewer.members), len(fewer.others), len(fewer.reference)) == (300, 300, 300)
    assert fewer.others.samples.tolist() != others[:300].tolist()


def test_the_same_seed_gives_the_same_audit():
    gan, training, held_out = replaying(points(50, 2)), points(150), points(150, 1)
    first, again = (audited(gan, training, held_out, seed=3).to_json() for _ in range(2))
    assert first == again and first != audited(gan, training, held_out, seed=4).to_json()


def test_chosen_attacks_alone_are_made():
    found = audited(replaying(points(50, 2)), points(150), points(150, 1), attacks=["nearest", "logit"])
    assert sorted(found.attacks) == ["logit", "nearest"] and {each.confidence for each in found.attacks.values()} == {0.975}


def test_the_verdict_names_the_attack_that_finds_most_and_the_ngrams_behind_a_likelihood():
    rows = np.arange(1000.0)
    top = np.where(rows < 400, 5000.0, rows - 300)  # some members stand out, most do not
    scores = {"likelihood": rows + 300, "likelihood_ratio": top, "network": rows + 20, "logit": rows}
    attacks = {name: attack_of(analysis.ATTACKS[name], members, rows) for name, members in scores.items()}
    control = {"reference": attack_of(analysis.ATTACKS["nearest"], rows, rows)}
    found = analysis.Audit(attacks, control, [], {}, None, {}, {"members": 1000}, None, "lines")
    (told,) = found.verdict
    best = max(attacks.values(), key=lambda each: each.tpr[0.01].mean)
    assert best is attacks["likelihood_ratio"] and found.strongest is attacks["likelihood"]
    assert f"by the generator's likelihood, orders {100 * attacks['likelihood'].area:.1f} % of pairs rightly" in told
    assert "the best, that by the generator's likelihood less a reference model's, finds" in told
    assert f"without them the likelihood orders {100 * attacks['network'].area:.1f} % of pairs" in told
    alone = analysis.Audit({"logit": attacks["logit"]}, control, [], {}, None, {}, {"members": 1000}, None, "lines")
    assert alone.verdict[0].startswith("No attack beats chance") and "ngram" not in alone.verdict[0]


# --- Wrong input. ---


def test_wrong_input_is_one_clear_line_before_samples_are_generated(monkeypatch):
    gan, training, held_out = replaying(points(50)), points(150), points(150, 1)
    monkeypatch.setattr(sys.modules["gan_keras.analysis.audit"], "generated_rows", None)
    cases = {
        "Got no held-out data": (training, None, {}),
        "Got 99 held-out samples. Expected at least 100": (training, held_out[:99], {}),
        "Got 20 training samples. Expected at least 100": (training[:20], held_out, {}),
        "The control holds members: 3 of 150 held-out samples equal samples that were trained on": (
            training,
            np.concatenate([held_out[3:], training[:3]]),
            {},
        ),
        "num=20. Expected at least 100 samples": (training, held_out, {"num": 20}),
    }
    for message, (own, others, options) in cases.items():
        with pytest.raises(ValueError, match=message) as refused:
            audited(gan, own, others, **options)
        assert "\n" not in str(refused.value)


def test_unknown_attacks_are_refused_with_those_that_there_are():
    gan, training = replaying(points(50)), points(150)
    with pytest.raises(ValueError, match="Got the attack 'nearst'. Did you mean 'nearest'"):
        audited(gan, training, points(150, 1), attacks=["nearst"])
    with pytest.raises(ValueError, match="'density_ratio', and there are too few held-out rows to keep some as references"):
        audited(gan, training, points(120, 1), attacks="density_ratio")
    with pytest.raises(ValueError, match="Got no attack"):
        audited(gan, training, points(150, 1), attacks=[])


def test_few_held_out_rows_leave_attacks_with_references_out_and_say_so():
    found = audited(replaying(points(50, 2)), points(150), points(120, 1))
    assert list(found.attacks) == ["logit", "nearest"] and set(found.left_out) == {"nearest_ratio", "density_ratio"}
    assert found.numbers["reference"] == 0 and list(found.control) == ["classifier"]
    assert sum(each.startswith("Left out: ") for each in found.sentences()) == 2


def test_rows_that_are_equal_by_chance_are_not_taken_for_members():
    training, held_out = (np.random.default_rng(seed).integers(0, 3, (300, 4)).astype(np.float32) for seed in (0, 1))
    assert audited(replaying(training[:9]), training, held_out).holds


# --- Promises of private trainings. ---


def test_what_epsilon_allows_is_compared_with_what_attacks_find(overfitted):
    assert largest_rate(1.0, 1e-5, 0.01) == pytest.approx(np.e * 0.01 + 1e-5)
    assert largest_rate(8.0, 1e-5, 0.01) == pytest.approx(1 - np.exp(-8.0) * (0.99 - 1e-5))
    assert largest_rate(0.0, 0.0, 0.001) == pytest.approx(0.001)

    class Privacy:
        epsilon_spent, delta, steps_spent = 1.0, 1e-5, 10

    training = points(400)
    gan = replaying(training)
    gan.privacy = Privacy()
    found = audited(gan, training, points(600, 1))
    lines = found.sentences()
    assert any("allows no attack to find more than 2.7 % of the training samples at 1 % false alarms." in each for each in lines)
    assert any("the training was not as private as stated" in each for each in lines)
    assert found.to_json()["promised"]["tpr"]["0.01"] == pytest.approx(0.0272, abs=1e-3)
    assert overfitted.to_json()["promised"] is None and "differential privacy" not in found.verdict[0]


# --- Modalities. ---


def test_images_are_taken_as_a_data_set_or_as_arrays():
    gan = image_gan()
    levels = RANDOM.integers(0, 256, (340, 6, 8, 1)).astype(np.uint8)
    images = data.images_from_arrays("levels", levels)
    training, held_out = data.split(images, held_out=160)
    found = audited(gan, training, held_out)
    assert found.noun == "images" and found.numbers["members"] == 100
    arrays = audited(gan, (training.images, None), (held_out.images / np.float32(255), None))
    for name, attack in found.attacks.items():
        assert attack.area == pytest.approx(arrays.attacks[name].area, abs=1e-3)


def test_copies_of_images_are_copies_of_their_levels():
    levels = RANDOM.integers(0, 256, (300, 6, 8, 1)).astype(np.uint8)
    codec = ImageCodec((6, 8, 1))
    gan = replaying(np.asarray(codec.encode(levels[:120])) + 1e-4, codec=codec)
    found = audited(gan, levels[:150], levels[150:])
    assert found.copies["images"].exact == 1000 and found.attacks["nearest"].area > 0.8


def test_series_and_sounds_are_audited():
    series = np.cumsum(RANDOM.standard_normal((300, 6, 2)), axis=1).astype(np.float32)
    found = audited(series_gan(), series[:150], series[150:])
    assert found.noun == "windows" and len(found.attacks) == 4
    sounds = (RANDOM.standard_normal((300, 32)) * 3000).astype(np.int16)
    codec = WaveformCodec(8000, 32)
    found = audited(replaying(np.asarray(codec.encode(sounds[:150])), codec=codec), sounds[:150], sounds[150:])
    assert found.noun == "sounds" and found.attacks["nearest"].area > 0.95


def test_a_table_is_audited_with_its_hidden_columns_from_a_table_or_a_frame():
    gan = table_gan()
    cells = gan.generate_cells(500, seed=1000) + [0.0, 0.0, 0.0]
    cells[:, 0] = (cells[:, 0] + RANDOM.normal(0, 3.0, 500)).clip(-10, 40).round(1)
    table = Table("a", gan.codec.columns, cells, {})
    training, held_out = table.take(np.arange(250)), table.take(np.arange(250, 500))
    found = audited(gan, training, held_out)
    assert found.noun == "rows" and found.holds and all(each.contains_chance for each in found.attacks.values())
    assert found.disclosure.difference.low <= 0.0 <= found.disclosure.difference.high
    assert any("guesses it from the nearest generated row" in each for each in found.sentences())
    frames = audited(gan, training.to_frame(), held_out.to_frame())
    assert {name: each.area for name, each in frames.attacks.items()} == {name: each.area for name, each in found.attacks.items()}


def test_a_table_generator_that_repeats_its_rows_discloses_hidden_columns():
    gan = table_gan()
    cells = np.column_stack([RANDOM.uniform(-10, 40, 500).round(1), RANDOM.integers(0, 3, 500), RANDOM.integers(0, 9, 500)])
    gan.generate_cells = lambda n, seed=0: cells[np.arange(n) % 250]
    found = audited(gan, cells[:250], cells[250:])
    assert found.holds and found.attacks["nearest"].area > 0.8 and found.disclosure.difference.low > 0.1
    assert found.copies["rows"].exact == 1000 and found.copies["rows"].exact_held_out < 100


LINES = list(dict.fromkeys(english_phrases().sample(900, seed=0)))


def test_text_that_repeats_its_lines_is_caught_and_other_text_is_not():
    training, held_out = LINES[:200], LINES[200:500]
    found = audited(text_gan(LINES, training), training, held_out)
    assert found.holds and found.attacks["nearest"].area > 0.95 and found.attacks["density_ratio"].area > 0.8
    assert found.copies["lines"].exact == 1000 and "It repeats training lines" in found.verdict[-1]
    assert "differential privacy" not in str(found)
    new = audited(text_gan(LINES, LINES[500:800]), data.corpus_from_lines("a", training), (held_out, None))
    assert new.holds and all(each.contains_chance for each in new.attacks.values())


def test_text_of_another_source_is_refused_with_its_lengths_and_unknown_words():
    training, held_out = LINES[:200], [f"{line} says zyx today" for line in LINES[200:500]]
    found = audited(text_gan(LINES, LINES[500:]), training, held_out)
    assert found.attacks == {} and "share of lines with unknown words 0.0 % against 100.0 %" in found.verdict[0]
    assert "; words " in found.verdict[0]


SHAPE = (8, 8, 1)


def test_translations_are_attacked_in_both_domains_and_pairs_as_such():
    images = {name: RANDOM.integers(0, 256, (280, *SHAPE)).astype(np.uint8) for name in "ab"}
    training, held_out = (tuple(images[name][rows] for name in "ab") for rows in (slice(0, 130), slice(130, 280)))
    generators = networks.CycleGANGenerator(SHAPE, 2, 1), networks.CycleGANGenerator(SHAPE, 2, 1)
    gan = CycleGAN(generators, tuple(networks.PatchGANDiscriminator(SHAPE, 2, 1) for _ in range(2)), ImageCodec(SHAPE))
    found = audited(gan, (training, None), held_out)
    assert sorted(found.attacks) == ["cycle_a", "cycle_b", "logit_a", "logit_b"] and found.holds
    assert sorted(found.copies) == ["images of domain a", "images of domain b"] and found.disclosure is None
    assert sorted(found.control) == sorted(
        f"{name}_{domain}" for name in ("reference", "nearest_reference", "classifier") for domain in "ab"
    )
    pairs = Pix2Pix(networks.Pix2PixGenerator(SHAPE, 8, 2), networks.PatchGANDiscriminator((8, 8, 2), 2, 1), ImageCodec(SHAPE))
    found = audited(pairs, training, held_out)
    assert sorted(found.attacks) == ["error", "logit"] and list(found.copies) == ["images of domain b"]


# --- A real training. ---


@pytest.mark.slow
def test_a_text_gan_that_learned_a_hundred_lines_by_heart_is_caught():
    training, held_out = LINES[:100], LINES[300:600]
    gan = text_gan(LINES, kind=TextGAN)
    gan.compile(
        *(keras.optimizers.Adam(5e-3) for _ in range(2)), pretraining_epochs=200, discriminator_epochs=0, generator_ema=0.9
    )
    gan.fit(text_batches(training, gan.codec, 32), epochs=200, verbose=0)
    found = audited(gan, training, held_out)
    assert found.holds and found.strongest.area >= 0.95 and found.attacks["likelihood"].low > 0.9
