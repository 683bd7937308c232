"""Sounds as files, and the callback that writes them."""

import base64
import io
import re

import keras
import numpy as np
import pytest
from scipy.io import wavfile

from gan_keras import GAN, networks
from gan_keras.callbacks import SampleSounds
from gan_keras.callbacks.samples import fixed_samples
from gan_keras.codecs import WaveformCodec
from gan_keras.codecs.sound_pictures import spectrogram_pictures, write_sounds
from gan_keras.media.sounds import SoundPlayer, encode_wav, to_int16

RATE = 4000


def test_wav_files_contain_the_nearest_levels():
    waveform = np.array([0.0, 1.0, -1.0, 0.5, 7.0], np.float32)
    rate, samples = wavfile.read(io.BytesIO(encode_wav(waveform, RATE)))
    assert rate == RATE and samples.tolist() == [0, 32767, -32767, 16384, 32767]
    np.testing.assert_array_equal(to_int16(waveform), samples)


def test_a_picture_shows_pitch_upwards_and_time_to_the_right():
    seconds = np.arange(3000) / RATE
    low_then_high = np.sin(2 * np.pi * np.where(seconds < 0.375, 200, 1500) * seconds)
    picture = spectrogram_pictures(low_then_high[np.newaxis], RATE)[0].astype(int).sum(axis=-1)
    assert picture.shape == (128, 2 * 94)  # 64 bands, a frame each 8 ms, each cell of 2 x 2 pixels
    rows = picture.argmax(axis=0)
    assert rows[10:80].min() > 64 > 40 > rows[110:170].max()


def test_several_sounds_in_one_file_are_refused(tmp_path):
    with pytest.raises(ValueError, match="Got 2 sounds"):
        write_sounds(tmp_path / "a.wav", np.zeros((2, 5)), RATE)


def test_a_notebook_shows_a_player_with_a_title_for_each_sound():
    waveforms = np.array([[0.0, 0.5], [1.0, -1.0]], np.float32)
    page = SoundPlayer(waveforms, RATE, ["<yes>", "no"])._repr_html_()
    assert re.findall('aria-label="(.*?)"', page) == ["&lt;yes&gt;", "no"]
    for text, waveform in zip(re.findall('base64,([^"]*)', page), waveforms, strict=True):
        assert base64.b64decode(text) == encode_wav(waveform, RATE) == encode_wav(to_int16(waveform), RATE)
    assert "sound 2" in SoundPlayer(waveforms, RATE)._repr_html_()


def test_stereo_is_written_played_and_drawn_with_the_left_channel_above_the_right(tmp_path):
    seconds = np.arange(3000) / RATE
    stereo = np.stack([np.sin(2 * np.pi * hertz * seconds) for hertz in (200, 1500)], axis=1)[np.newaxis]
    write_sounds(tmp_path / "a.wav", stereo, RATE)
    np.testing.assert_array_equal(wavfile.read(tmp_path / "a.wav")[1], to_int16(stereo[0]))
    page = SoundPlayer(stereo, RATE)._repr_html_()
    assert base64.b64decode(re.search('base64,([^"]*)', page)[1]) == encode_wav(stereo[0], RATE)
    picture = spectrogram_pictures(stereo, RATE)[0].astype(int).sum(axis=-1)
    assert picture.shape == (256, 2 * 94)
    assert (picture[:128].argmax(axis=0)[10:-10] > 64).all() and (picture[128:].argmax(axis=0)[10:-10] < 40).all()


def test_a_player_needs_sounds_in_rows_and_a_title_for_each():
    with pytest.raises(ValueError, match=r"shape \(5,\)"):
        SoundPlayer(np.zeros(5), RATE)
    with pytest.raises(ValueError, match=r"shape \(2, 5, 3\).*\(num, length, 2\) for stereo"):
        SoundPlayer(np.zeros((2, 5, 3)), RATE)
    with pytest.raises(ValueError, match="Got 1 titles for 2 sounds"):
        SoundPlayer(np.zeros((2, 5)), RATE, ["one"])


@pytest.fixture(scope="module")
def gan():
    keras.utils.set_random_seed(0)
    generator = networks.WaveGANGenerator(256, latent_dim=3, width=2, num_labels=3)
    gan = GAN(generator, networks.WaveGANDiscriminator(256, width=2, num_labels=3), WaveformCodec(RATE, 256))
    gan.compile()
    return gan


def test_a_row_is_a_label_and_a_column_a_latent(gan):
    waveforms = fixed_samples(gan, rows=3, columns=2, seed=7)
    for label in range(3):
        expected = gan.generate(2, seed=7, labels=[label] * 2)
        np.testing.assert_allclose(waveforms[2 * label : 2 * label + 2], expected, atol=1e-6)  # eager; `generate` is compiled


def test_the_callback_writes_all_sounds_in_a_row_and_their_pictures(gan, tmp_path):
    callback = SampleSounds(tmp_path, rows=3, columns=2, every=2)
    samples = np.random.default_rng(0).integers(-9000, 9000, (8, 256)).astype(np.int16)
    gan.fit(samples, np.arange(8) % 3, batch_size=8, epochs=3, verbose=0, callbacks=[callback])
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["animation.gif", "epoch_002.png", "epoch_002.wav", "epoch_003.png", "epoch_003.wav"]
    _, found = wavfile.read(tmp_path / "epoch_003.wav")
    pieces = found.reshape(6, 256 + 600)
    np.testing.assert_array_equal(pieces[:, :256], to_int16(fixed_samples(gan, 3, 2, 0)))
    assert not pieces[:, 256:].any() and callback.get_state() == {"epoch": 3}
    with pytest.raises(ValueError, match="columns=0"):
        SampleSounds(tmp_path, columns=0)
