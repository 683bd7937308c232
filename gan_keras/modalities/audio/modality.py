"""Audio: recordings that become waveforms or spectrograms.

`presets.py` holds the networks with the codec that each needs, `evaluation.py` the scores, baseline and verdict. This file
reads and splits the data, and writes sounds and the report.
"""

import io
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from markupsafe import Markup

from gan_keras.callbacks import SampleSounds
from gan_keras.callbacks.samples_of_kinds import SOUNDS_PER_ROW, pause_of
from gan_keras.codecs import SpectrogramCodec, WaveformCodec
from gan_keras.codecs.sound_pictures import write_sounds
from gan_keras.data import Sounds, describe_sounds, load_test_audio, split_sounds
from gan_keras.media.html import element, joined
from gan_keras.media.safe_files import read_json
from gan_keras.media.sounds import LEVELS, SoundPlayer
from gan_keras.modalities.audio.evaluation import COLUMNS, evaluate_sounds
from gan_keras.modalities.audio.presets import AudioPreset
from gan_keras.modalities.from_files import ScoredModality
from gan_keras.modalities.sample_files import last_and_first, title_of

HEARD = 2, 1
"""Sounds of each row that the report plays, of the last epoch and of the first."""


class Recordings(NamedTuple):
    """Generated sounds: waveforms in [-1, 1], float32 `(num, length)` or `(num, length, 2)`, and their rate in Hz."""

    waveforms: np.ndarray
    sample_rate: int


class AudioModality(ScoredModality):
    """Sounds of one sample rate, one length and one or two channels, in memory during training."""

    name, samples, output_name = "audio", "sounds", "waveform"
    preset_class, data_class, codec_classes = AudioPreset, Sounds, (SpectrogramCodec, WaveformCodec)
    shape = ("sample_rate", "sample_rate"), ("length", "length"), ("channels", "channels")
    describe, splitter = staticmethod(describe_sounds), staticmethod(split_sounds)
    judge, columns = staticmethod(evaluate_sounds), COLUMNS
    example = 1, "sound.wav"
    epoch_picture = (
        ".png",
        "Spectrograms of generated sounds: time to the right, pitch upwards, bright is loud; of stereo, left above right. With "
        "labels, a row is a label and a column is a noise. The noise is the same at every epoch.",
    )
    further_pictures = {"animation.gif": ("All epochs", "An animation: the spectrograms of all epochs in turn.")}
    note = """Lower is better: Frechet and kernel distance, Frechet within classes. Higher is better: precision (are the
sounds realistic?), recall (are all kinds there?), classifier score (is each sound clear, and does every class occur?),
agreement (does the classifier, which has never heard a generated sound, find the requested label?). Every sound is judged as a
waveform, by its spectrogram; stereo is mixed down first. The last row compares real training sounds with the same test sounds
(its agreement is the classifier's accuracy on the test sounds): no generator does better, except by chance or by copying. The
Frechet distance is not the Frechet audio distance, which uses other features, and not the distance to training sounds in the
curves below, whose classifier is smaller."""
    use = "sounds that resemble the data, for learning and experiments; nobody said or played them"
    limits = "gaps and biases of the data carry over to the sounds"

    def read(self, source, preset):
        sounds = preset.data_of(source)
        preset.codec(sounds)  # raises unless rate and length fit
        return sounds

    def read_test(self, source, training):
        return load_test_audio(source, training.length, training.sample_rate, training.channels)

    def entries(self, data):
        return {"sample_rate": data.sample_rate, "length": data.length, "channels": data.channels}

    def values_of(self, gan, part):
        return part.samples / np.float32(LEVELS)

    def sample_callbacks(self, run, preset, training, held_out):
        return [SampleSounds(run.samples, label_names=training.label_names)]

    def generate(self, gan, n, seed, label, options):
        return Recordings(super().generate(gan, n, seed, label, options), gan.codec.sample_rate)

    def generate_by_version(self, version, n, seed, label, options):
        return Recordings(super().generate_by_version(version, n, seed, label, options), rate_of(version))

    def write(self, samples, output):
        write_sounds(output, *samples)

    def samples_section(self, run):
        """Players of some sounds of the last epoch and one of the first epoch's, then the pictures."""
        pictures, paths = super().samples_section(run), last_and_first(run, ".wav")
        if not paths:
            return pictures
        config = read_json(run / "config.json")
        players = []
        for path, num in zip(paths, HEARD, strict=False):
            players += [element("h3", title_of(path)), _player(path, config, num)]
        return joined([*players, pictures or ""])


def rate_of(version):
    """The sample rate of an exported version in Hz, read from a WAV file that it generates."""
    function = version.model.signatures["encoded"]
    rows = {name: tf.zeros([1], spec.dtype) for name, spec in function.structured_input_signature[1].items()}
    return int(tf.audio.decode_wav(function(**rows)["wav_bytes"][0]).sample_rate)


def _player(path, config, num):
    """Players of the first `num` sounds of each row in a WAV file of `callbacks.SampleSounds`."""
    from scipy.io import wavfile

    rate, samples = wavfile.read(io.BytesIO(path.read_bytes()))
    length = config["data"]["length"]
    sounds = samples.reshape(-1, length + pause_of(rate), *samples.shape[1:])[:, :length]
    rows = np.arange(len(sounds)).reshape(-1, SOUNDS_PER_ROW)[: len(config["labels"] or sounds), :num]
    titles = None if config["labels"] is None else np.repeat(config["labels"][: len(rows)], num).tolist()
    return Markup(SoundPlayer(sounds[rows.ravel()], rate, titles)._repr_html_())
