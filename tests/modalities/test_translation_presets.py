"""Presets of translations: checks before any data are read."""

import pytest

import refusals
from command_line import refused
from gan_keras import presets
from gan_keras.modalities.translation.presets import PRESETS


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_in_its_ranges(name):
    presets.get("translation", name).check()


def test_a_network_that_halves_nothing_is_refused_on_the_command_line_in_one_line(tmp_path):
    for depth in ["0", "-1", "deep", "None", "2.0"]:
        with pytest.raises(ValueError, match="network_options=.*Expected a depth that is a whole number >= 1"):
            presets.with_settings(presets.get("translation", "tiny"), {"network_options.depth": depth})
    choices = ("--preset", "tiny", "--set", "network_options.depth=0")
    line = refused("train", "translation", "--data", "inverted_digits", "--out", tmp_path / "run", *choices)
    assert "Expected a depth" in line and not (tmp_path / "run").exists()


def test_fields_without_a_meaning_are_refused_and_those_of_older_runs_ignored():
    for name, value in (("latent_dim", "32"), ("conditional", "false")):
        refusals.refused(f"{name}=.* for a translation", presets.with_settings, presets.get("translation", "tiny"), {name: value})
    config = presets.get("translation", "tiny").to_config() | {"latent_dim": 32, "conditional": False}
    presets.TranslationPreset.from_config(config).check()
