"""Presets of audio: codecs and networks, checks, and the way through a config."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from gan_keras import presets
from gan_keras.codecs import SpectrogramCodec, WaveformCodec
from gan_keras.data.audio.load import load_tones
from gan_keras.modalities.audio.presets import PRESETS, AudioPreset

TONES = load_tones(num=8, length=1024)
WAVEGAN = {"network": "wavegan", "codec_options": {}}


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_checked_described_and_comes_back_from_json(name):
    preset = presets.get("audio", name)
    preset.check()
    assert preset.description in presets.names("audio").values()
    assert AudioPreset.from_config(json.loads(json.dumps(preset.to_config()))) == preset


def test_a_preset_builds_its_codec_and_networks_for_the_labels_of_the_data():
    for name, settings, codec, generator in (
        ("tiny", {}, SpectrogramCodec, "DCGANGenerator"),
        ("specgan", {"codec_options": {"size": 16}}, SpectrogramCodec, "WGANGPGenerator"),
        ("wavegan", {}, WaveformCodec, "WaveGANGenerator"),
    ):
        preset = presets.with_settings(presets.get("audio", name), {"width": "2", "latent_dim": "3", **settings})
        gan = preset.build(TONES, seed=3)
        assert type(gan.codec) is codec and type(gan.generator).__name__ == generator
        assert (gan.codec.sample_rate, gan.codec.length, gan.num_labels, gan.latent_dim, gan.seed) == (4000, 1024, 8, 3, 3)


@pytest.mark.parametrize(("name", "last"), [("tiny", (16, 16, 2)), ("wavegan", (1024, 2))])
def test_networks_have_the_channels_of_the_sounds(name, last):
    sounds = load_tones(num=8, length=1024, channels=2)
    gan = presets.with_settings(presets.get("audio", name), {"width": "2", "channels": "2"}).build(sounds)
    samples = gan.codec.encode(sounds.samples[:2])
    assert samples.shape == (2, *last) and gan.discriminator(samples, sounds.labels[:2]).shape == (2, 1)
    assert gan.codec.channels == 2 and gan.generate(2).shape == (2, 1024, 2)


def test_a_preset_of_before_is_mono():
    config = presets.get("audio", "tiny").to_config()
    del config["channels"]
    assert AudioPreset.from_config(config) == presets.get("audio", "tiny") and AudioPreset.from_config(config).channels == 1


def test_misfits_are_refused_with_a_clear_message():
    for settings, words in (
        ({"network": "mlp"}, "network='mlp'. Expected one of wavegan, dcgan"),
        ({"width": "0"}, "width=0. Expected at least 1"),
        ({"length": "-1"}, "length=-1. Expected at least 0"),
        ({"channels": "3"}, r"channels=3. Expected 1 \(mono\) or 2 \(stereo\)"),
        ({"channels": "2"}, r"Got mono sounds for channels=2.*`load_audio\(..., channels=2\)`"),
        ({"codec_options.channels": "2"}, "Expected the preset's own field, `channels=2`"),
        ({"codec_options.colour": "3"}, "codec_options=.*Expected arguments of SpectrogramCodec"),
        ({"codec_options.size": "48"}, "length=1024 .*Expected a multiple of 48.*--set length=4096"),
        (
            {"codec_options.decibels": "0"},
            "decibels=0.*Expected size >= 4, decibels > 0.*The preset's fields are .*`codec_options`",
        ),
        ({"network_options.kernel": "3"}, "Unrecognized keyword arguments passed to DCGANGenerator"),
        ({**WAVEGAN, "network_options.phase_shuffle": "-1"}, "most=-1"),
        ({**WAVEGAN, "network_options.phase_shuffle": "1.5"}, "phase_shuffle.* integer. Expected"),
        ({"codec_options.iterations": "2.5"}, "iterations.* integer. Expected arguments of SpectrogramCodec"),
    ):
        with pytest.raises(ValueError, match=words):
            presets.with_settings(presets.get("audio", "tiny"), settings).build(TONES)


def test_spectrograms_and_waveforms_of_a_length_that_the_networks_do_not_make_are_refused():
    preset = presets.with_settings(presets.get("audio", "tiny"), {"codec_options.size": "8"})
    pytest.raises(ValueError, preset.build, load_tones(num=8, length=512)).match("Expected .size, size, channels.")
    with pytest.raises(ValueError, match="length=1001. Expected .*`--set length=4096`"):
        presets.get("audio", "wavegan").codec(load_tones(num=8, length=1001))


def test_the_length_is_chosen_so_that_codec_and_networks_take_it_and_little_is_left_out():
    lengths = np.array([2400 + 40 * index for index in range(12)])
    for name, rate, recordings, length in (
        ("default", 8000, lengths, 2880),
        ("wavegan", 8000, lengths, 3072),
        ("default", 8000, np.array([80000] * 3), 8000),
        ("default", 8000, np.array([80000]), 8000),
        ("default", 44100, np.array([60000] * 12), 29952),
        ("wavegan", 16000, np.array([24000] * 12), 11264),
        ("wavegan", 16000, np.array([32768] * 12), 32768),
        ("default", 8000, np.array([5000]), 2496),
        ("default", 4000, np.array([4096] * 9), 4096),
    ):
        preset = presets.get("audio", name)
        assert preset.length_for(rate, recordings) == length, (name, rate, recordings)
        preset.codec(SimpleNamespace(sample_rate=rate, length=length))
