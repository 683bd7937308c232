"""Audio: recordings that become waveforms or spectrograms."""

import dataclasses
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from gan_keras.audio_evaluation import COLUMNS, evaluate_sounds
from gan_keras.callbacks import AdaptiveAugmentation, SampleSounds
from gan_keras.data import AUDIO_DATASETS, audio_batches, describe_sounds, load_audio, load_test_audio, split_sounds
from gan_keras.media.sounds import write_sounds
from gan_keras.modalities import audio_report
from gan_keras.modalities.reloaded import ReloadedModality
from gan_keras.modalities.sample_files import check_output
from gan_keras.presets.audio import AudioPreset


class Recordings(NamedTuple):
    """Generated sounds: waveforms in [-1, 1], float32 `(num, length)`, and their rate in Hz."""

    waveforms: np.ndarray
    sample_rate: int


class AudioModality(ReloadedModality):
    """Mono sounds of one rate and one length, in memory while they are trained on."""

    name, preset_class, output_name, samples = "audio", AudioPreset, "waveform", "sounds"
    columns, page = COLUMNS, audio_report

    def datasets(self):
        return AUDIO_DATASETS

    def read(self, source, preset):
        sounds = load_audio(source, preset.length or None)
        preset.codec(sounds)  # raises where the rate or the length does not fit
        return sounds

    def describe(self, data):
        return describe_sounds(data)

    def split(self, data, seed):
        return split_sounds(data, seed=seed)

    def entries(self, data):
        return {"sample_rate": data.sample_rate, "length": data.length}

    def epoch(self, part, preset, seed):
        part = part if preset.num_labels(part) else dataclasses.replace(part, labels=None, label_names=None)
        return audio_batches(part, preset.batch_size, seed)

    def callbacks(self, run, preset, training, held_out):
        found = [AdaptiveAugmentation()] if preset.augmentation is not None else []
        return [*found, SampleSounds(run.samples)]

    # --- Use. ---

    def check_output(self, output):
        expected = (
            "Expected --output and NAME.wav (one sound), NAME.npz, NAME.png (spectrograms), or a directory for a WAV file each"
        )
        check_output(output, (".wav", ".npz", ".png"), self.samples, expected)

    def generate(self, gan, n, seed, label, options):
        return Recordings(super().generate(gan, n, seed, label, options), gan.codec.sample_rate)

    def generate_by_version(self, version, n, seed, label, options):
        return Recordings(super().generate_by_version(version, n, seed, label, options), rate_of(version))

    def write(self, samples, output):
        write_sounds(output, *samples)

    # --- Judging. ---

    def judge(self, gan, run, parts, num, seed, progress):
        return evaluate_sounds(gan, *parts, num, seed, progress), {}

    def read_test(self, source, training):
        test = load_test_audio(source, training.length)
        if test.sample_rate != training.sample_rate:
            raise ValueError(
                f"{source} has {test.sample_rate:,} Hz, and the run was trained on {training.sample_rate:,} Hz. Expected equal "
                "rates: convert the files."
            )
        return test


def rate_of(version):
    """The sample rate of an exported version in Hz: its WAV files tell it."""
    function = version.model.signatures["encoded"]
    rows = {name: tf.zeros([1], spec.dtype) for name, spec in function.structured_input_signature[1].items()}
    return int(tf.audio.decode_wav(function(**rows)["wav_bytes"][0]).sample_rate)
