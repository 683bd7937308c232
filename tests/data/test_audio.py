"""Sounds from arrays, WAV folders and by name: reading, repairs with their counts, and errors."""

import dataclasses
import sys

import numpy as np
import pytest
from scipy.io import wavfile

from gan_keras.data import audio_batches, describe_sounds, load_audio, load_test_audio, sounds_from_arrays, split_sounds
from gan_keras.data.audio.load import LENGTH, PITCHES, SAMPLE_RATE, TIMBRES, load_tones
from gan_keras.data.audio.readers import read_sound
from gan_keras.data.audio.sounds import check_fits_memory
from gan_keras.data.sample_set import without_copies
from refusals import refused

RANDOM = np.random.default_rng(0)
SAMPLES = RANDOM.integers(-30000, 30000, (10, 40)).astype(np.int16)
LABELS = np.arange(10) % 3


def write_folder(path, sounds, rate=8000):
    """Writes WAV files by name and returns the folder."""
    for name, samples in sounds.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        wavfile.write(path / name, rate, samples)
    return path


def test_arrays_of_every_kind_become_the_same_int16():
    shifted = SAMPLES & ~np.int16(255)  # levels that fit into 8 bits
    kinds = {"int16": shifted, "int32": shifted.astype(np.int32) << 16, "uint8": ((shifted >> 8) + 128).astype(np.uint8)}
    kinds |= {"float64": shifted / 32767, "float32": (shifted / 32767).astype(np.float32)}
    kinds |= {"one channel": shifted[..., np.newaxis], "bytes the other way round": shifted.astype(">i2")}
    for kind, samples in kinds.items():
        assert np.array_equal(sounds_from_arrays(kind, samples, 8000).samples, shifted), kind


def test_channels_are_averaged_loud_sounds_clipped_and_lengths_adjusted_and_all_are_counted():
    stereo = np.stack([SAMPLES, np.zeros_like(SAMPLES)], axis=2)
    sounds = sounds_from_arrays("stereo", stereo, 8000)
    np.testing.assert_array_equal(sounds.samples, np.round(SAMPLES / 2).astype(np.int16))
    assert "10 mixed down to one channel" in describe_sounds(sounds)
    loud = np.clip(SAMPLES / 20000, -1.5, 1.5)
    sounds = sounds_from_arrays("loud", loud, 8000)
    assert sounds.report["clipped"] == (np.abs(loud) > 1).any(axis=1).sum() and np.abs(sounds.samples).max() == 32767
    sounds = sounds_from_arrays("a", np.vstack([SAMPLES, np.zeros((1, 40), np.int16)]), 8000, length=30)
    np.testing.assert_array_equal(sounds.samples[:10], SAMPLES[:, :30])
    assert (sounds.length, sounds.report["cut"], sounds.report["padded"], sounds.report["silent"]) == (30, 10, 0, 1)
    longer = sounds_from_arrays("a", SAMPLES, 8000, LABELS, length=50)
    assert not longer.samples[:, 40:].any() and longer.report["padded"] == 10
    assert describe_sounds(longer) == (
        "a: 10 sounds of 0.00625 s at 8,000 Hz (50 samples), 3 classes, 10 shorter ones padded with silence, 0 duplicates"
    )


def test_wrong_sounds_and_labels_are_refused():
    for samples, rate, words in (
        (SAMPLES[0], 8000, "Expected .num, length."),
        (SAMPLES[:, np.newaxis], 8000, "Expected .num, length."),
        (SAMPLES[:0], 8000, "Expected .num, length."),
        (SAMPLES[:1], 8000, "holds 1 sound of 40 samples. Expected at least 2.*--set length=16"),
        (SAMPLES.astype(np.int64), 8000, "dtype int64. Expected int16"),
        (SAMPLES.astype(float), 8000, r"floats up to \d+.*Expected \[-1, 1\]"),
        (np.where(np.arange(10)[:, np.newaxis] == 7, np.nan, SAMPLES / 32767), 8000, "1 sounds hold NaN .* number 7"),
        (np.zeros_like(SAMPLES), 8000, "all 10 sounds are silent"),
        (SAMPLES, 0, "sample_rate=0"),
    ):
        refused(words, sounds_from_arrays, "wrong", samples, rate)
    refused(r"labels of shape \(9,\).* for 10 sounds", sounds_from_arrays, "wrong", SAMPLES, 8000, LABELS[:9])
    refused("the first is -1 of sounds 0", sounds_from_arrays, "wrong", SAMPLES, 8000, LABELS - 1)


def test_npz_files_have_parts_labels_names_and_a_rate(tmp_path):
    path = tmp_path / "a.npz"
    names = ["x", "y", "z"]
    np.savez(path, x_train=SAMPLES, y_train=LABELS, x_test=SAMPLES[:4], y_test=LABELS[:4], sample_rate=8000, label_names=names)
    sounds, test = load_audio(path), load_test_audio(path, length=20)
    assert (sounds.name, sounds.sample_rate, sounds.label_names) == ("a.npz", 8000, ("x", "y", "z"))
    assert np.array_equal(sounds.labels, LABELS) and np.array_equal(test.samples, SAMPLES[:4, :20])
    np.savez(path, audio=SAMPLES, sample_rate=np.array([4000]))
    assert load_audio(path).labels is None and load_test_audio(path).sample_rate == 4000


def test_npz_files_without_sounds_are_refused(tmp_path):
    path = tmp_path / "a.npz"
    for arrays, words in (
        ({"audio": SAMPLES}, r"arrays \['audio'\].*and a number sample_rate"),
        ({"sounds": SAMPLES, "sample_rate": 8000}, "Expected x_train or audio"),
        ({"audio": SAMPLES, "sample_rate": 8000.5}, "Expected one whole number, in Hz"),
        ({"audio": SAMPLES, "sample_rate": [8000, 4000]}, "Expected one whole number, in Hz"),
    ):
        np.savez(path, **arrays)
        refused(words, load_audio, path)
    np.savez(path, audio=np.array([SAMPLES[0], SAMPLES[0, :3]], dtype=object), sample_rate=8000)
    refused("'audio' .* sounds of several lengths go into a folder", load_audio, path)
    np.save(tmp_path / "lone.npy", SAMPLES)
    refused("one array without a name", load_audio, tmp_path / "lone.npy")
    path.write_text("no archive")
    refused("Expected a .npz file, or a folder of audio files", load_audio, path)
    refused("tones", load_audio, tmp_path / "absent", error=FileNotFoundError)
    refused("length=0", load_audio, "tones", length=0)


def test_folders_are_sorted_by_name_and_sub_folders_are_labels(tmp_path):
    folder = write_folder(tmp_path / "words", {"yes/b.wav": SAMPLES[0], "no/z.WAV": SAMPLES[1, :30], "yes/a.wav": SAMPLES[2]})
    write_folder(folder, {"no/24.wav": SAMPLES[3].astype(np.int32) << 16, "yes/c.wav": (SAMPLES[4] / 32767).astype(np.float32)})
    (folder / "notes.txt").write_text("not a sound")
    sounds = load_audio(folder)
    assert (sounds.name, sounds.label_names, sounds.labels.tolist()) == ("words", ("no", "yes"), [0, 0, 1, 1, 1])
    expected = [SAMPLES[3], np.append(SAMPLES[1, :30], np.zeros(10, np.int16)), SAMPLES[2], SAMPLES[0], SAMPLES[4]]
    np.testing.assert_array_equal(sounds.samples, expected)
    assert (sounds.report["padded"], sounds.report["other"], sounds.report["unreadable"]) == (1, 1, 0)


def tone(hertz, rate, seconds=0.5):
    return (np.sin(2 * np.pi * hertz * np.arange(int(rate * seconds)) / rate) * 20000).astype(np.int16)


def test_other_rates_are_resampled_to_that_of_most_files_and_counted(tmp_path):
    folder = write_folder(tmp_path, {"a.wav": tone(500, 8000), "b.wav": tone(300, 8000)})
    for rate in (11025, 44100):
        write_folder(folder, {f"{rate}.wav": tone(500, rate)}, rate)
    sounds = load_audio(folder)
    assert (sounds.sample_rate, sounds.length) == (8000, 4000)
    assert "2 resampled, from 11,025, 44,100 Hz" in describe_sounds(sounds)
    for sound in sounds.samples[:2]:
        np.testing.assert_allclose(sound[100:-100], tone(500, 8000)[100:-100], atol=200)
    assert load_audio(folder, sample_rate=4000).length == 2000


def test_long_recordings_are_cut_into_pieces_that_stay_together_in_a_split(tmp_path):
    long = RANDOM.integers(-9999, 9999, (12, 95)).astype(np.int16)
    folder = write_folder(tmp_path / "a", {f"{index:02d}.wav": recording for index, recording in enumerate(long)})
    sounds = load_audio(folder, length=30)
    np.testing.assert_array_equal(sounds.samples, long[:, :90].reshape(36, 30))
    assert "recordings cut into pieces: 12, ends shorter than a piece left out: 12" in describe_sounds(sounds)
    training, held_out = split_sounds(sounds)
    assert len(held_out) == 3 and not np.isin(training.origins, held_out.origins).any()
    few = load_audio(list(long[:3]), length=30, sample_rate=8000, labels=[0, 1, 1])
    assert "the last pieces of each are held out, next to what is trained on" in describe_sounds(few)
    assert few.labels.tolist() == [0] * 3 + [1] * 6
    training, held_out = split_sounds(few, held_out=3)
    np.testing.assert_array_equal(held_out.samples, long[:3, 60:90])
    one = load_audio(folder / "00.wav", length=30)
    assert (one.name, len(one), [len(part) for part in split_sounds(one)]) == ("00.wav", 3, [2, 1])
    repeated = load_audio([np.tile(SAMPLES[0], 5)], length=40, sample_rate=8000)
    assert [len(part) for part in split_sounds(repeated)] == [4, 1]
    refused("holds 1 sound of 95 samples.*length=16", load_audio, folder / "00.wav")


def test_channels_that_cancel_out_and_silent_pieces_do_not_become_silence():
    opposite = [np.stack([sound, -sound], axis=1) for sound in SAMPLES[:2]]
    sounds = load_audio(opposite, sample_rate=8000)
    np.testing.assert_array_equal(sounds.samples, SAMPLES[:2])
    assert "2 whose channels cancel out, the first kept" in describe_sounds(sounds)
    sounds = load_audio([np.concatenate([0 * SAMPLES[0], SAMPLES[1], SAMPLES[2]])], length=40, sample_rate=8000)
    np.testing.assert_array_equal(sounds.samples, SAMPLES[1:3])
    assert "silent pieces left out: 1" in describe_sounds(sounds)


def test_two_channels_are_kept_one_is_doubled_and_more_are_refused(tmp_path):
    stereo = np.stack([SAMPLES, SAMPLES[::-1]], axis=2)
    sounds = load_audio(stereo, sample_rate=8000, channels=2)
    np.testing.assert_array_equal(sounds.samples, stereo)
    assert (sounds.channels, sounds.length) == (2, 40)
    assert describe_sounds(sounds) == "sounds: 10 sounds of 0.005 s at 8,000 Hz (40 samples), stereo, 0 duplicates"
    folder = write_folder(tmp_path / "a", {"a.wav": stereo[0], "b.wav": SAMPLES[1], "c.wav": np.tile(stereo[2], (2, 1))[:70]})
    sounds = load_audio(folder, length=30, channels=2)
    assert sounds.samples.shape == (4, 30, 2) and "stereo" in describe_sounds(sounds)
    assert "1 of one channel doubled" in describe_sounds(sounds) and "recordings cut into pieces: 1" in describe_sounds(sounds)
    np.testing.assert_array_equal(sounds.samples[1], np.stack([SAMPLES[1, :30]] * 2, axis=1))
    np.testing.assert_array_equal(sounds.samples[2], stereo[2, :30])
    training, held_out = split_sounds(sounds, held_out=1)
    assert training.samples.shape[1:] == held_out.samples.shape[1:] == (30, 2)
    batches = audio_batches(sounds, 2)
    assert batches.element_spec.shape[1:] == (30, 2)
    write_folder(folder, {"d.wav": np.stack([SAMPLES[3]] * 4, axis=1)})
    refused("d.wav has 4 channels.*ffmpeg -i sound.wav -ac 2", load_audio, folder, channels=2)
    assert load_audio(folder).report["mixed_down"] == 3
    refused("channels=3. Expected 1 .mono. or 2 .stereo.", load_audio, folder, channels=3)


def test_stereo_is_resampled_read_from_files_of_arrays_and_made_of_tones(tmp_path):
    both = np.stack([tone(500, 16000), tone(300, 16000)], axis=1)
    folder = write_folder(tmp_path / "a", {"a.wav": both, "b.wav": both[:, ::-1]}, rate=16000)
    sounds = load_audio(folder, sample_rate=8000, channels=2)
    np.testing.assert_allclose(sounds.samples[0, 100:-100, 1], tone(300, 8000)[100:-100], atol=200)
    np.savez(tmp_path / "a.npz", audio=sounds.samples, sample_rate=8000)
    again = load_test_audio(tmp_path / "a.npz", channels=2)
    assert again.fingerprint == sounds.fingerprint and load_audio(tmp_path / "a.npz").channels == 1
    tones = load_audio("tones", channels=2)
    assert tones.report["doubled"] == 2000 and np.array_equal(tones.samples[..., 1], load_tones().samples)
    assert np.array_equal(load_audio([both, both[:50, :1]], sample_rate=8000, channels=2).samples[1, :50, 1], both[:50, 0])


def test_a_function_chooses_the_length_and_rows_of_an_array_are_cut_only_if_they_exceed_it():
    choices = []

    def choose(rate, lengths):
        choices.append((rate, lengths.tolist()))
        return 16

    sounds = sounds_from_arrays("a", SAMPLES, 8000, LABELS, length=choose)
    assert choices == [(8000, [40] * 10)] and (len(sounds), sounds.report["recordings"]) == (20, 10)
    np.testing.assert_array_equal(sounds.labels, np.repeat(LABELS, 2))


def test_files_of_all_formats_are_read(tmp_path):
    soundfile = pytest.importorskip("soundfile")
    sound = tone(500, 8000)
    for name, subtype in (("a.flac", None), ("b.AIFF", None), ("c.ogg", None), ("d.mp3", None), ("e.wav", "ULAW")):
        soundfile.write(tmp_path / name, sound, 8000, subtype)
    for name, subtype in (("f.wav", "PCM_24"), ("g.flac", "PCM_24"), ("h.wav", "FLOAT"), ("i.au", "PCM_32"), ("j.wav", "PCM_U8")):
        soundfile.write(tmp_path / name, sound.astype(float) / 32768, 8000, subtype)
    (tmp_path / "a.flac").rename(tmp_path / "a.wav")  # named wrongly
    sounds = load_audio(tmp_path, length=3000)
    for index, other in enumerate(sounds.samples):
        tolerance = 300 if index == 9 else 1 if index in (0, 1, 5, 6, 7, 8) else 3000
        assert np.abs(other[200:-200].astype(int) - sound[200:2800]).max() <= tolerance, index


def test_without_the_extra_wav_files_are_read_and_others_name_the_command(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "soundfile", None)
    folder = write_folder(tmp_path, {"a.wav": SAMPLES[0], "b.wav": SAMPLES[1]})
    assert len(load_audio(folder)) == 2
    (folder / "c.flac").write_bytes(b"fLaC")
    refused(r'c.flac is no plain WAV.*pip install "gan_keras\[audio\]"', load_audio, folder, error=ImportError)


def test_a_few_unreadable_and_silent_files_are_named_and_more_are_an_error(tmp_path):
    folder = write_folder(tmp_path, {f"{index:03d}.wav": SAMPLES[index % 10] for index in range(20)})
    write_folder(folder, {"quiet.wav": 0 * SAMPLES[0]})
    (folder / "empty.wav").write_bytes(b"")
    sounds = load_audio(folder)
    assert len(sounds) == 21 and sounds.report["duplicates"] == 10
    assert "1 silent, such as quiet.wav" in describe_sounds(sounds)
    assert describe_sounds(sounds).endswith("(first corrupt or empty files: empty.wav)")
    (folder / "cut_off.wav").write_bytes((folder / "000.wav").read_bytes()[:30])
    wavfile.write(folder / "nothing.wav", 8000, SAMPLES[0, :0])
    refused("3 of the 24 audio files .* corrupt or empty: cut_off.wav, empty.wav, nothing.wav", load_audio, folder)


@pytest.mark.parametrize(
    "changed", [{22: 0}, {20: 3, 34: 13}, {4: 28, 36: None}], ids=["no channels", "floats of 13 bits", "a header alone"]
)
def test_files_with_broken_headers_are_unreadable(tmp_path, changed):
    path = write_folder(tmp_path, {"a.wav": SAMPLES[0]}) / "a.wav"
    content = bytearray(path.read_bytes())
    for place, number in changed.items():
        content[place:] = b"" if number is None else number.to_bytes(2, "little") + content[place + 2 :]
    path.write_bytes(content)
    assert read_sound(path) is None


def test_a_truncated_file_is_kept_and_reported(tmp_path):
    path = write_folder(tmp_path, {f"{index}.wav": SAMPLES[index] for index in range(10)}) / "3.wav"
    path.write_bytes(path.read_bytes()[:-10])
    sounds = load_audio(tmp_path)
    assert (sounds.report["truncated"], sounds.report["padded"]) == (1, 1)
    np.testing.assert_array_equal(sounds.samples[3], [*SAMPLES[3, :35], *[0] * 5])
    assert "1 that break off kept as they are" in describe_sounds(sounds)


def test_folders_without_sounds_next_to_classes_or_beyond_the_memory_are_refused(tmp_path):
    (tmp_path / "song.m4a").write_text("")
    refused("no audio files among 1 files, which end in .m4a.*ffmpeg", load_audio, tmp_path)
    write_folder(tmp_path, {"a.wav": SAMPLES[0], "class/b.wav": SAMPLES[1]})
    refused("1 audio files itself and 1 in sub-folders", load_audio, tmp_path)
    refused("10,000 sounds of 1,000,000 samples .*--set length=16384", check_fits_memory, "long", 10_000, 1_000_000)


def test_no_held_out_sound_stays_in_training():
    sounds = sounds_from_arrays("a", np.vstack([SAMPLES, SAMPLES[:4]]), 8000, np.arange(14) % 5)
    training, held_out = split_sounds(sounds, held_out=5, seed=1)
    assert len(held_out) == 5 and not np.isin(training.hashes, held_out.hashes).any()
    assert len(training) + 5 + training.report["dropped"] == 14 and training.report["dropped"] > 0
    assert split_sounds(sounds, 5, seed=1)[0].fingerprint == training.fingerprint != sounds.fingerprint
    for part in (training, held_out):
        rows = [np.flatnonzero((sounds.samples == sound).all(axis=1)) for sound in part.samples]
        assert all(label in sounds.labels[row] for label, row in zip(part.labels, rows, strict=True))
    rest = without_copies(sounds, held_out)
    assert rest.report["copies"] == 14 - len(rest) and not np.isin(rest.hashes, held_out.hashes).any()
    refused("Got held_out=14 for 14 sounds", split_sounds, sounds, 14)
    refused("are sounds that were trained on", without_copies, training, sounds)


def test_the_fingerprint_follows_sounds_labels_and_rate():
    prints = {
        sounds_from_arrays("a", SAMPLES, 8000, LABELS).fingerprint,
        sounds_from_arrays("a", SAMPLES, 8000, LABELS[::-1]).fingerprint,
        sounds_from_arrays("a", SAMPLES, 8000).fingerprint,
        sounds_from_arrays("a", SAMPLES, 4000).fingerprint,
        sounds_from_arrays("a", SAMPLES[::-1], 8000).fingerprint,
    }
    assert len(prints) == 5 and sounds_from_arrays("b", SAMPLES.copy(), 8000, LABELS).fingerprint in prints


def test_batches_pair_sounds_with_their_labels_in_an_order_by_seed_and_epoch():
    sounds = sounds_from_arrays("a", SAMPLES, 8000, LABELS)
    batches = audio_batches(sounds, 4, seed=3)
    assert int(batches.cardinality()) == 2 and batches.element_spec[0].dtype == "int16"
    epochs = [np.concatenate([samples for samples, _ in batches]) for _ in range(2)]
    assert not np.array_equal(epochs[0], epochs[1])
    for samples, labels in audio_batches(sounds, 4, seed=3):
        rows = [np.flatnonzero((sound == SAMPLES).all(axis=1))[0] for sound in samples.numpy()]
        assert np.array_equal(LABELS[rows], labels)
    ordered = list(audio_batches(dataclasses.replace(sounds, labels=None), 4, shuffle=False))
    assert np.array_equal(np.concatenate(ordered), SAMPLES) and len(ordered) == 3
    refused("batch_size=11 for 10 sounds", audio_batches, sounds, 11)


def test_tones_have_the_pitch_and_the_harmonics_of_their_label():
    tones = load_tones(num=16)
    assert tones.samples.shape == (16, LENGTH) and len(tones.label_names) == len(TIMBRES) * len(PITCHES)
    for sound, label in zip(tones.samples, tones.labels, strict=True):
        timbre, pitch = tones.label_names[label].split()
        spectrum = np.abs(np.fft.rfft(sound * np.hanning(LENGTH)))
        frequencies = np.fft.rfftfreq(LENGTH, 1 / SAMPLE_RATE)
        fundamental = frequencies[spectrum.argmax()]
        assert PITCHES[pitch] - 2 <= fundamental <= PITCHES[pitch] * 2**0.5 + 2
        if timbre == "clarinet":  # the second harmonic is missing, the third is there
            second, third = (spectrum[np.abs(frequencies - number * fundamental) < 12].max() for number in (2, 3))
            assert third > 10 * second
    assert np.array_equal(load_tones(num=16).samples, tones.samples)
    assert not np.array_equal(load_tones(num=16, seed=1).samples, tones.samples)
    assert tones.report["duplicates"] == 0 and load_audio("tones", length=100).length == 100
    refused("no part 'test'", load_audio, "tones", part="test")
