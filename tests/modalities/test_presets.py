"""Presets: names, changes, checks and builds; schedules of epochs."""

import dataclasses
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from command_line import call
from gan_keras import catalogue, feedback, modalities, presets
from gan_keras.codecs import CharacterCodec, SubwordCodec, WordCodec
from gan_keras.modalities.base import program_name
from gan_keras.modalities.text.modality import Lines, TextModality
from gan_keras.networks import BackwardLanguageModel, RecurrentDiscriminator, RelationalDiscriminator
from gan_keras.training import time_budget
from gan_keras.training.console import duration

LINES = ["the cat sat.", "a dog ran home.", "the bird sang."] * 3


@pytest.fixture
def tiny():
    return presets.get("text", "tiny")


def test_the_presets_of_the_contract_are_there():
    assert {"default", "language_model", "policy_gradient", "gumbel"} <= set(presets.names("text"))
    assert presets.get("text", "language_model").stage_epochs == {"pretraining": 20, "discriminator": 0, "adversarial": 0}
    assert isinstance(feedback.get(presets.get("text", "policy_gradient").feedback), feedback.PolicyGradient)
    assert isinstance(feedback.get(presets.get("text", "gumbel").feedback), feedback.GumbelSoftmax)


def test_the_feedback_of_a_preset_is_described_with_every_option_so_that_each_can_be_set():
    for name in presets.names("text"):
        described = presets.get("text", name).feedback
        assert feedback.get(described).get_config() == described["config"], name


def test_the_catalogue_has_facts_of_every_preset_and_of_no_other():
    for modality, facts in catalogue.PRESETS.items():
        assert list(facts) == list(presets.names(modality)), modality
        assert all(each.minutes > 0 and each.data for each in facts.values())


def test_unknown_names_are_errors_that_name_the_known_ones():
    pytest.raises(ValueError, presets.get, "text", "nope").match("'nope'.*default.*policy_gradient")
    pytest.raises(ValueError, presets.get, "smell", "default").match("'smell'.*text")


def test_a_changed_preset_leaves_the_named_one_as_it_was(tiny):
    tiny.units, tiny.codec_options["fold_case"] = 7, True
    assert presets.get("text", "tiny").units != 7
    assert "fold_case" not in presets.get("text", "tiny").codec_options


def test_settings_are_read_by_the_type_of_their_field(tiny):
    settings = {"units": "12", "dropout": "0", "discriminator": "convolutional", "codec_options.fold_case": "true"}
    changed = presets.with_settings(tiny, {**settings, "feedback": "policy_gradient", "feedback.entropy": "0.5"})
    assert (changed.units, changed.dropout, changed.discriminator) == (12, 0.0, "convolutional")
    assert type(changed.dropout) is float
    assert changed.codec_options == {**tiny.codec_options, "fold_case": True}
    assert isinstance(feedback.get(changed.feedback), feedback.PolicyGradient)
    assert feedback.get(changed.feedback).entropy == 0.5


def test_wrong_settings_and_a_preset_without_an_epoch_are_errors_of_one_line(tiny):
    for key, value, message in (
        ("unit", "12", "no setting 'unit'.*units"),
        ("units", "many", "units=many.*int"),
        ("units", "1.5", "units=1.5.*int"),
        ("units", "0", "units=0.*at least 1"),
        ("units.x", "1", "no setting 'units.x'"),
        ("dropout", "1", "dropout=1.0.*in \\[0, 1\\)"),
        ("learning_rate", "nan", "learning_rate"),
        ("codec", "bytes", "codec='bytes'.*words"),
        ("feedback", "praise", "praise.*cooperative"),
        ("feedback.volume", "1", "no setting 'feedback.volume'.*candidates"),
        ("feedback.candidates", "1", "candidates=1"),
    ):
        error = pytest.raises(ValueError, presets.with_settings, tiny, {key: value})
        assert error.match(message) and "\n" not in str(error.value)
    with pytest.raises(ValueError, match="no epoch"):
        presets.with_settings(tiny, dict.fromkeys(("pretraining_epochs", "discriminator_epochs", "adversarial_epochs"), "0"))


def test_a_preset_goes_through_its_config(tiny):
    changed = presets.with_settings(tiny, {"feedback.candidates": "8", "units": "9"})
    restored = presets.TextPreset.from_config(changed.to_config())
    assert feedback.get(restored.feedback).candidates == 8
    assert dataclasses.replace(restored, feedback=changed.feedback) == changed


def test_characters_are_chosen_for_scripts_without_spaces_and_words_for_others():
    assert presets.choose_codec(["床前明月光", "疑是地上霜"]) == "characters"
    assert presets.choose_codec(["これはペンです"]) == "characters"
    assert presets.choose_codec(["the word 月 means moon"]) == "words"
    assert presets.choose_codec(["Привет, мир", "안녕 세상아"]) == "words"
    assert presets.choose_codec(["123", "..."]) == "words"


def test_build_compiles_a_gan_as_the_preset_says(tiny):
    tiny.discriminator, tiny.discriminator_options, tiny.units = "recurrent", {"filters": 8, "units": 4}, 11
    gan = tiny.build(LINES, labels=[0, 1, 2] * 3, seed=3)
    assert isinstance(gan.codec, WordCodec)
    assert isinstance(gan.discriminator, RecurrentDiscriminator)
    assert (gan.generator.units, gan.generator.num_labels, gan.discriminator.num_labels, gan.seed) == (11, 3, 3, 3)
    assert (gan.pretraining_epochs, gan.discriminator_epochs) == (2, 2)
    assert gan.generator_optimizer.global_clipnorm == tiny.clip_norm
    assert gan.ngrams is None  # they know no labels
    ngrams = tiny.build(LINES).ngrams
    assert ngrams.order == 5 and np.asarray(ngrams.shares).max() <= 1e-6


def test_lines_of_one_length_get_a_discriminator_of_relations_and_others_a_backward_language_model(tiny, capsys):
    told = "The discriminator reads lines backwards"
    for lines, words in (
        (["a cat sat", "the dog ran"] * 10, f"{told}, and relations between positions: 100 % of the lines have 3 tokens."),
        (["a cat sat", "a dog"] * 10, f"{told}: 50 % of the lines have 2 tokens."),
    ):
        gan = tiny.build(lines)
        assert isinstance(gan.discriminator, BackwardLanguageModel)
        assert isinstance(gan.discriminator.head, RelationalDiscriminator) == ("positions" in words)
        assert capsys.readouterr().out == words + "\n"
    tiny.ngram_order, tiny.discriminator = 0, "relational"
    gan = tiny.build(["a cat sat", "a dog"] * 10, labels=[0, 1] * 10)
    assert gan.ngrams is None and gan.discriminator.head.num_labels == 2 and capsys.readouterr().out == ""


def test_a_preset_of_version_0_1_is_read_and_trains_without_n_grams(tiny):
    config = {name: value for name, value in tiny.to_config().items() if not name.startswith("ngram_")}
    restored = presets.TextPreset.from_config({**config, "likelihood_weight": 1.0, "rating_samples": 50})
    assert restored == dataclasses.replace(tiny, feedback=restored.feedback, ngram_order=0, ngram_min_lines=1)
    pytest.raises(ValueError, presets.with_settings, tiny, {"ngram_order": "1"}).match("ngram_order=1.*at least 2, or 0")


def test_a_backward_language_models_learning_rate_falls_over_its_stage_and_that_of_others_stays(tiny):
    tiny.discriminator_epochs = 2
    rate = tiny.discriminator_optimizer(3, falls=True)._learning_rate
    assert float(rate(0)) == pytest.approx(tiny.discriminator_learning_rate)
    assert float(rate(6)) == float(rate(100)) == pytest.approx(0.1 * tiny.discriminator_learning_rate)
    assert float(tiny.discriminator_optimizer(3, falls=False).learning_rate) == pytest.approx(tiny.discriminator_learning_rate)


def test_the_learning_rate_falls_over_the_pretraining_and_then_stays(tiny):
    tiny.batch_size, tiny.pretraining_epochs = 4, 2  # 3 batches an epoch, 6 steps
    rate = tiny.generator_optimizer(3)._learning_rate
    assert float(rate(0)) == pytest.approx(tiny.learning_rate)
    assert float(rate(3)) == pytest.approx(tiny.learning_rate * 0.55)
    assert float(rate(6)) == float(rate(100)) == pytest.approx(0.1 * tiny.learning_rate)


def test_the_same_seed_builds_the_same_weights_and_leaves_keras_with_it(tiny):
    first, second, other = (tiny.build(LINES, seed=seed).generator.get_weights() for seed in (1, 1, 2))
    assert all((a == b).all() for a, b in zip(first, second, strict=True))
    assert any((a != b).any() for a, b in zip(first, other, strict=True))
    tiny.build(LINES, seed=5)
    first = keras.random.normal((2,))
    tiny.build(LINES, seed=5)
    assert (keras.ops.convert_to_numpy(first) == keras.ops.convert_to_numpy(keras.random.normal((2,)))).all()


@pytest.mark.parametrize(("codec", "expected"), [("characters", CharacterCodec), ("subwords", SubwordCodec)])
def test_the_codec_has_the_given_name(tiny, codec, expected):
    pytest.importorskip("tensorflow_text")
    tiny.codec = codec
    assert isinstance(tiny.adapted_codec(LINES), expected)


def test_epochs_are_shared_in_proportion_and_a_time_is_spent_on_as_many_as_fit():
    wanted = {"pretraining": 10, "discriminator": 1, "adversarial": 3}
    assert list(time_budget.share_epochs(wanted, 1).values()) == [1, 0, 0]
    assert list(time_budget.share_epochs(wanted, 3).values()) == [1, 1, 1]
    assert list(time_budget.share_epochs(wanted, 14).values()) == [10, 1, 3]
    assert list(time_budget.share_epochs(wanted, 28).values()) == [20, 2, 6]
    assert list(time_budget.share_epochs({"pretraining": 20, "discriminator": 0, "adversarial": 0}, 25).values()) == [25, 0, 0]
    wanted, seconds = {"pretraining": 10, "adversarial": 3}, {"pretraining": 30.0, "adversarial": 100.0}
    assert time_budget.allot(wanted, seconds, 10_000) == wanted
    assert time_budget.allot(wanted, seconds, 300) == {"pretraining": 6, "adversarial": 1}  # 280 s
    assert time_budget.allot(wanted, seconds, 90) == {"pretraining": 3, "adversarial": 0}  # the dear does not block the cheap
    assert time_budget.allot(wanted, seconds, 1) == {"pretraining": 1, "adversarial": 0}
    text = time_budget.describe({"pretraining": 10, "discriminator": 1}, {"pretraining": 30, "discriminator": 60}, 60)
    assert text == "about 7 min: 10 pretraining epochs of 30 s, 1 discriminator epoch of 60 s"
    assert duration(7500) == "2 h 5 min"


def test_only_trained_stages_have_a_measured_cost(tiny):
    seconds, besides = TextModality().measure(tiny.with_stage_epochs({"discriminator": 0, "adversarial": 0}), Lines(LINES))
    assert seconds["pretraining"] > 0
    assert besides > 0


def test_lists_show_the_data_sets_and_presets_of_every_modality():
    for command, words in (
        ("datasets", ("image stacked_digits", "image mnist", "audio tones", "video moving_digits", "series sines", "table wine")),
        ("presets", ("image r3gan", "audio wavegan", "video mocogan", "series timegan", "table tvae")),
    ):
        shown = call(command).stdout
        named = {tuple(line.split()[:2]) for line in shown.splitlines()}
        assert [each for each in words if tuple(each.split()) not in named] == [], shown


def test_suggested_commands_call_the_program_as_the_shell_finds_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.executable", str(tmp_path / "bin dir" / "python"))
    for found, is_there, expected in (
        ("/usr/bin/gan-keras", False, "gan-keras"),
        (None, False, "'bin dir/python' -m gan_keras"),
        (None, True, "'bin dir/gan-keras'"),
    ):
        monkeypatch.setattr("shutil.which", lambda name, found=found: found)
        if is_there:
            (tmp_path / "bin dir").mkdir()
            (tmp_path / "bin dir" / "gan-keras").touch()
        assert program_name() == expected


def test_a_training_of_text_by_version_0_1_does_not_go_on_with_another_loss():
    run = SimpleNamespace(path="runs/old", config={"preset": {"likelihood_weight": 1.0}})
    pytest.raises(ValueError, modalities.get("text").check_resumable, run).match("runs/old was begun by version 0.1.*--out")
    run.config["preset"] = presets.get("text", "tiny").to_config()
    modalities.get("text").check_resumable(run)
    modalities.get("table").check_resumable(run)
