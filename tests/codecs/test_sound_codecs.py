"""The codecs of sounds against NumPy and SciPy, and their errors."""

import io
from types import SimpleNamespace

import numpy as np
import pytest
import scipy.signal
import tensorflow as tf
from scipy.io import wavfile

from gan_keras.codecs import SpectrogramCodec, WaveformCodec
from gan_keras.codecs.base import Values
from gan_keras.codecs.griffin_lim import ShortTimeFourier, griffin_lim
from gan_keras.codecs.spectrogram import bands, to_hertz, to_mel
from refusals import refused

RATE, LENGTH = 4000, 2048
RANDOM = np.random.default_rng(0)


def tone(frequency, length=LENGTH, loudness=20000.0):
    """An int16 sine of some Hz."""
    return np.round(loudness * np.sin(2 * np.pi * frequency * np.arange(length) / RATE)).astype(np.int16)


@pytest.fixture(scope="module")
def codec():
    return SpectrogramCodec(RATE, LENGTH, size=32, iterations=16)


def test_waveforms_get_full_volume_and_one_length_and_int16_round_trips():
    samples = np.stack([np.append(tone(300, LENGTH - 1), 32767), np.append(tone(70, LENGTH - 1), -32767)]).astype(np.int16)
    codec = WaveformCodec(RATE, LENGTH)
    encoded = codec.encode(samples)
    assert encoded.shape == (2, LENGTH, 1) and encoded.dtype == tf.float32
    np.testing.assert_allclose(encoded[..., 0], samples / 32767, atol=1e-7)
    np.testing.assert_array_equal(codec.to_int16(codec.decode(encoded)), samples)
    codec = WaveformCodec(RATE, 6)
    assert np.array_equal(codec.encode(np.array([[0, 100, -200, 50]], np.int16))[0, :, 0], [0, 0.5, -1, 0.25, 0, 0])
    assert np.array_equal(codec.encode(np.array([[4, 2, 0, 0, 0, 0, 9]], np.int16))[0, :, 0], [1, 0.5, 0, 0, 0, 0])
    assert not np.any(codec.encode(np.zeros((1, 6), np.int16)))
    assert np.array_equal(codec.decode(np.full((1, 6, 1), 7.0))[0], np.ones(6))


def test_wav_bytes_are_read_back_by_scipy():
    waveforms = RANDOM.uniform(-1, 1, (3, 50)).astype(np.float32)
    for codec in (WaveformCodec(RATE, 50), SpectrogramCodec(RATE, LENGTH)):
        for content, waveform in zip(codec.encode_wav(waveforms).numpy(), waveforms, strict=True):
            rate, samples = wavfile.read(io.BytesIO(content))
            assert rate == RATE == codec.card["sample_rate"] and samples.dtype == np.int16
            np.testing.assert_allclose(samples / 32768, waveform, atol=1.01 / 32768)


def test_spectra_are_those_of_scipy_and_turn_back_into_the_waveform():
    waveform = RANDOM.normal(size=(1, LENGTH)).astype(np.float32)
    transform = ShortTimeFourier(LENGTH, hop=64, window=128)
    spectra = transform(waveform).numpy()
    assert spectra.shape == (1, 32, transform.bins) == (1, 32, 129)
    hann = scipy.signal.get_window("hann", 128)
    frame = waveform[0, 5 * 64 - 32 : 5 * 64 + 96] * hann  # the fifth, centred at 5.5 * 64
    np.testing.assert_allclose(spectra[0, 5], np.fft.rfft(frame, 256), atol=1e-4)
    np.testing.assert_allclose(transform.inverse(spectra)[0, 32:-32], waveform[0, 32:-32], atol=1e-4)


def test_bands_are_triangles_of_equal_width_in_mel_that_sum_to_one():
    weights = bands(16, RATE, 128)
    np.testing.assert_allclose(weights.sum(axis=0), 1.0, rtol=1e-6)
    edges = to_hertz(np.linspace(to_mel(40.0), to_mel(2000.0), 18))
    np.testing.assert_allclose(np.diff(to_mel(edges)), np.diff(to_mel(edges))[0])
    frequencies = np.linspace(0, 2000, 129)
    for band in range(16):
        assert not weights[(frequencies <= edges[band]) | (frequencies >= edges[band + 2]), band].any()
        assert abs(frequencies[weights[:, band].argmax()] - edges[band + 1]) <= 16  # the nearest of the frequencies
    assert to_hertz(to_mel(440.0)) == pytest.approx(440.0) and to_mel(1000.0) == pytest.approx(1000.0, rel=1e-3)


def test_a_tone_is_a_line_in_its_band_and_levels_are_decibels(codec):
    picture = codec.encode(tone(500)[np.newaxis])[0, ..., 0].numpy()
    edges = to_hertz(np.linspace(to_mel(40.0), to_mel(2000.0), 34))
    band = np.abs(edges[1:-1] - 500).argmin()
    assert np.array_equal(np.unique(picture[:, 4:-4].argmax(axis=0)), [band])
    assert picture.max() == 1.0 and picture.min() == -1.0
    halves = np.concatenate([tone(500, LENGTH // 2, 20000.0), tone(500, LENGTH // 2, 2000.0)])[np.newaxis]
    levels = codec.encode(halves)[0, band, :, 0].numpy()
    assert levels[4] - levels[-6] == pytest.approx(20 * 2 / codec.decibels, abs=0.02)  # a tenth is 20 decibels below


def test_decoded_sounds_have_the_same_spectrogram(codec):
    sounds = np.stack([tone(300) + tone(900, loudness=5000.0), np.where(np.arange(LENGTH) < 900, tone(700), 0)]).astype(np.int16)
    spectrograms = codec.encode(sounds)
    waveforms = codec.decode(spectrograms)
    assert waveforms.shape == (2, LENGTH) and waveforms.dtype == tf.float32
    np.testing.assert_allclose(np.abs(waveforms).max(axis=1), 1.0, rtol=1e-6)
    loud = spectrograms > 0
    found = codec.encode(waveforms)
    assert np.abs(found - spectrograms)[loud].mean() < 0.1  # of a range of 2
    assert np.abs(codec.encode(np.flip(sounds, axis=0)) - spectrograms)[loud].mean() > 0.5  # and not by chance


def test_more_iterations_bring_the_magnitudes_closer():
    chirp = scipy.signal.chirp(np.arange(LENGTH) / RATE, 100, LENGTH / RATE, 900) * np.hanning(LENGTH)
    waveform = chirp[np.newaxis].astype(np.float32)
    transform = ShortTimeFourier(LENGTH, hop=32, window=128)
    magnitudes = tf.abs(transform(waveform))

    def distance(iterations):
        return float(tf.norm(tf.abs(transform(griffin_lim(magnitudes, transform, iterations))) - magnitudes))

    assert distance(16) < 0.7 * distance(1) < 0.7 * distance(0)


def test_a_row_does_not_depend_on_its_neighbours_and_barely_on_rounding(codec):
    spectrograms = codec.encode(np.stack([tone(frequency) for frequency in (200, 333, 512, 999)]))
    spectrograms = tf.clip_by_value(spectrograms + RANDOM.normal(scale=0.1, size=spectrograms.shape), -1.0, 1.0)
    waveforms = codec.decode(spectrograms).numpy()
    np.testing.assert_allclose(codec.decode(spectrograms[2:3])[0], waveforms[2], atol=1e-5)
    np.testing.assert_allclose(codec.decode(spectrograms + 1e-7), waveforms, atol=1e-3)


def test_silence_is_silence_both_ways(codec):
    silence = codec.encode(np.zeros((1, LENGTH), np.int16))
    assert np.array_equal(silence, np.full((1, 32, 32, 1), -1.0)) and not np.any(codec.decode(silence))


STEREO = np.stack([np.stack([tone(hertz), tone(2 * hertz, loudness=8000.0)], axis=1) for hertz in (200, 300, 400)])


def test_stereo_waveforms_round_trip_and_channels_keep_their_balance():
    codec = WaveformCodec(RATE, LENGTH, channels=2)
    encoded = codec.encode(STEREO)
    assert encoded.shape == (3, LENGTH, 2)
    np.testing.assert_allclose(encoded, STEREO / np.abs(STEREO).max(axis=(1, 2), keepdims=True), atol=1e-6)
    np.testing.assert_array_equal(codec.decode(encoded), encoded)
    np.testing.assert_allclose(codec.encode(STEREO[:, :, ::-1]), encoded[:, :, ::-1])
    for content, waveform in zip(codec.encode_wav(encoded).numpy(), encoded.numpy(), strict=True):
        rate, samples = wavfile.read(io.BytesIO(content))
        assert rate == RATE and samples.shape == (LENGTH, 2)
        np.testing.assert_allclose(samples / 32768, waveform, atol=1.01 / 32768)


def test_a_stereo_spectrogram_has_a_picture_per_channel_and_decodes_to_both():
    codec = SpectrogramCodec(RATE, LENGTH, size=32, iterations=16, channels=2)
    mono = SpectrogramCodec(RATE, LENGTH, size=32, iterations=16)
    spectrograms = codec.encode(STEREO)
    assert spectrograms.shape == (3, *codec.image_shape) == (3, 32, 32, 2)
    np.testing.assert_allclose(spectrograms[..., :1], mono.encode(STEREO[..., 0]), atol=1e-5)  # the louder channel
    bands_of_tones = spectrograms.numpy()[:, :, 4:-4].mean(axis=2).argmax(axis=1)
    assert (bands_of_tones[:, 1] > bands_of_tones[:, 0]).all()
    waveforms = codec.decode(spectrograms)
    assert waveforms.shape == (3, LENGTH, 2)
    np.testing.assert_allclose(np.abs(waveforms).max(axis=(1, 2)), 1.0, rtol=1e-6)
    assert (np.abs(waveforms[..., 1]).max(axis=1) < 0.7).all()
    loud = spectrograms > 0
    assert np.abs(codec.encode(waveforms) - spectrograms)[loud].mean() < 0.1
    alike = codec.decode(codec.encode(np.repeat(STEREO[..., :1], 2, axis=2)))
    np.testing.assert_array_equal(alike[..., 0], alike[..., 1])  # what is in the middle stays there


@pytest.mark.parametrize("kind", [WaveformCodec, SpectrogramCodec])
def test_channels_come_from_data_are_checked_and_are_one_in_configs_without_them(kind):
    codec = kind()
    codec.adapt(SimpleNamespace(sample_rate=RATE, length=LENGTH, channels=2))
    assert codec.channels == kind.from_config(codec.get_config()).channels == 2
    mono = kind(RATE, LENGTH)
    assert mono.channels == 1 and "channels" not in mono.get_config()
    refused(r"the shape \(3, 2048, 2\). Expected \(batch, length\) for channels=1", mono.encode, STEREO)
    refused(r"the shape \(3, 2048\). Expected \(batch, length, 2\) for channels=2", codec.encode, STEREO[..., 0])
    refused("Expected .batch, length. for channels=1: load them with .load_audio", mono.scale_of, Values.of(STEREO))
    assert codec.scale_of(Values.of(STEREO)) is None
    assert codec.scale_of(Values.of(STEREO / 32768.0)).text == "floats in [-1, 1]"
    refused("channels=3. Expected 1", kind, channels=3)


@pytest.mark.parametrize("kind", [WaveformCodec, SpectrogramCodec])
def test_rate_and_length_come_from_data_and_are_kept(kind):
    class Sounds:
        sample_rate, length = RATE, LENGTH

    codec = kind()
    refused("Expected a call of `adapt", codec.encode, np.zeros((1, LENGTH), np.int16))
    codec.adapt(Sounds)
    assert kind.from_config(codec.get_config()).get_config() == codec.get_config()
    assert (codec.sample_rate, codec.length) == (RATE, LENGTH)
    refused(r"The samples have the shape \(2, 3\)", codec.decode, np.zeros((2, 3), np.float32))


def test_sounds_that_do_not_fill_a_spectrogram_are_refused():
    for options, words in (
        ({"sample_rate": 0}, "sample_rate=0"),
        ({"length": 2000, "sample_rate": RATE}, "Expected a multiple of 64, at most 4096"),
        ({"length": 8192, "sample_rate": RATE}, "overlap by half"),
        ({"length": LENGTH, "sample_rate": RATE, "size": 128}, "choose a smaller size"),
        ({"size": 2}, "size >= 4"),
        ({"decibels": 0}, "decibels > 0"),
        ({"iterations": -1}, "iterations >= 0"),
    ):
        refused(words, SpectrogramCodec, **options)
