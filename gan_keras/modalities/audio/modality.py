"""Audio: recordings that become waveforms or spectrograms."""

import base64
import dataclasses
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from gan_keras.callbacks import AdaptiveAugmentation, SampleSounds
from gan_keras.codecs.sound_pictures import write_sounds
from gan_keras.data import AUDIO_DATASETS, audio_batches, describe_sounds, load_audio, load_test_audio, split_sounds
from gan_keras.media.html import picture
from gan_keras.media.plots import Picture
from gan_keras.modalities.audio.evaluation import COLUMNS, evaluate_sounds
from gan_keras.modalities.audio.presets import AudioPreset
from gan_keras.modalities.from_files import ReloadedModality
from gan_keras.modalities.sample_files import check_output, last_and_first, title_of


class Recordings(NamedTuple):
    """Generated sounds: waveforms in [-1, 1], float32 `(num, length)`, and their rate in Hz."""

    waveforms: np.ndarray
    sample_rate: int


NOTE = """<p>Lower is better: Frechet and kernel distance, Frechet within classes. Higher is better: precision (are the sounds
real?), recall (are all kinds there?), classifier score (sure of each, and all classes occur), agreement (does the
classifier, which has never heard a generated sound, name the label asked for?). Every sound is judged as a waveform,
by the spectrogram that it has. The last row holds real training sounds against the same test sounds (its agreement is
the classifier's accuracy on the test sounds): what no generator beats, except by chance or by copying. The Frechet
distance is not the Frechet audio distance: that has other features.</p>"""
USE = "sounds like those of the data, to learn from and to experiment with; nobody has said or played them"
LIMITS = "what the data lack or hold one-sidedly, the sounds lack or hold so too"


class AudioModality(ReloadedModality):
    """Mono sounds of one rate and one length, in memory while they are trained on."""

    name, preset_class, output_name, samples = "audio", AudioPreset, "waveform", "sounds"
    columns, note, use, limits = COLUMNS, NOTE, USE, LIMITS

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

    def samples_section(self, run):
        return samples_html(run)


def rate_of(version):
    """The sample rate of an exported version in Hz: its WAV files tell it."""
    function = version.model.signatures["encoded"]
    rows = {name: tf.zeros([1], spec.dtype) for name, spec in function.structured_input_signature[1].items()}
    return int(tf.audio.decode_wav(function(**rows)["wav_bytes"][0]).sample_rate)


# --- The sections of a report that sounds fill.


def samples_html(run):
    """The sounds of the last and of the first epoch with their spectrograms, and how these came about, HTML; None without any.

    Args:
        run: Path of the run.
    """
    shown = [_sounds(path) for path in last_and_first(run, ".png")]
    if (animation := run / "samples" / "animation.gif").exists():
        texts = "All epochs", "An animation: the spectrograms of the epochs in turn."
        shown.append(picture(Picture(*texts, animation.read_bytes(), "gif")))
    return "".join(shown) or None


def _sounds(path):
    """The spectrograms of an epoch, above a player of its sounds."""
    title = title_of(path)
    alternative = "Spectrograms of generated sounds, time to the right, pitch upwards. The noise is the same at every epoch."
    wav = path.with_suffix(".wav")
    return picture(Picture(title, alternative, path.read_bytes())) + (player(title, wav.read_bytes()) if wav.exists() else "")


def player(title, wav):
    """A player of a WAV file that needs no file beside the page."""
    data = base64.b64encode(wav).decode()
    return f'<p><audio controls preload="none" aria-label="{title}" src="data:audio/wav;base64,{data}"></audio></p>'
