"""Presets of audio: networks with the codec that they need, on waveforms or on spectrograms."""

import dataclasses
import math
from collections.abc import Callable
from typing import ClassVar, NamedTuple

from gan_keras.modalities.image.presets import NETWORKS as IMAGE_NETWORKS
from gan_keras.modalities.image.presets import Scored
from gan_keras.modalities.preset import NON_SATURATING, Preset, adam, gradient_penalty, relativistic
from gan_keras.modalities.settings import at_least, one_of

MAX_WAVEFORM = 16384  # samples per sound in the paper
MAX_LEFT_OUT = 0.02  # share of recordings that may be left out so that their pieces are longer


class Architecture(NamedTuple):
    """A class of codecs with the networks for them.

    Attributes:
        codec: Name of the class in `gan_keras.codecs`.
        build: A function `(codec, latent_dim, width, num_labels, **options)` -> generator, discriminator.
        check: A function that raises `ValueError` unless the networks generate what a codec decodes.
        setting: The setting that makes it fit.
        units: A function `(sample_rate, longest, codec_options)` -> the number that lengths are multiples of, and the maximum.
    """

    codec: str
    build: Callable
    check: Callable
    setting: str
    units: Callable


def units_of_spectrograms(sample_rate, longest, codec_options):
    """As many samples as frames, which overlap by half: see `SpectrogramCodec`."""
    from gan_keras.codecs.spectrogram import window_of

    size = codec_options.get("size", 64)
    return size, size * window_of(sample_rate) // 2


def units_of_waveforms(sample_rate, longest, codec_options):
    """The strides of WaveGAN's networks: see `wavegan.depth_of`. Sounds that fit as they are may be longer."""
    unit = 4 ** max(1, math.ceil(math.log(max(longest, 16) / 16, 4) - 1e-9))
    if longest <= MAX_WAVEFORM or longest % unit == 0:
        return unit, max(longest, MAX_WAVEFORM)
    return MAX_WAVEFORM // 16, MAX_WAVEFORM


def of_spectrograms(build):
    """The architecture that generates spectrograms with a pair of image networks."""

    def build_pair(codec, latent_dim, width, num_labels, **options):
        return build(codec.image_shape, latent_dim, width, num_labels, **options)

    def check(codec):
        from gan_keras.networks.image_base import resolutions

        resolutions(codec.image_shape)

    return Architecture("SpectrogramCodec", build_pair, check, "codec_options.size=64", units_of_spectrograms)


def wavegan(codec, latent_dim, width, num_labels, phase_shuffle=2, **options):
    """Long one-dimensional convolutions on the waveform itself."""
    from gan_keras import networks

    sizes = {"width": width, "num_labels": num_labels, "channels": codec.channels, **options}
    generator = networks.WaveGANGenerator(codec.length, latent_dim, **sizes)
    return generator, networks.WaveGANDiscriminator(codec.length, phase_shuffle=phase_shuffle, **sizes)


def check_length(codec):
    """Raises `ValueError` unless WaveGAN's networks generate waveforms of the codec's length."""
    from gan_keras.networks.wavegan import depth_of

    depth_of(codec.length)


NETWORKS = {
    "wavegan": Architecture("WaveformCodec", wavegan, check_length, "length=4096", units_of_waveforms),
    **{name: of_spectrograms(IMAGE_NETWORKS[name]) for name in ("dcgan", "wgan_gp", "sngan", "biggan", "r3gan")},
}
"""Architectures by name: `wavegan` generates waveforms; the others generate spectrograms with the image networks of that name."""


@dataclasses.dataclass
class AudioPreset(Scored, Preset):
    """A recipe for a `GAN` of sounds. Any field can be changed before `build`.

    Attributes besides those of every `Preset`:
        network: A name in `NETWORKS`: `"wavegan"` for waveforms, any other for spectrograms.
        width: Scales the filters of both networks.
        network_options: Further arguments of both networks.
        codec_options: Further arguments of the codec, such as the `size` of spectrograms.
        length: Samples per sound: shorter ones are padded with silence, longer recordings cut into pieces. 0 for the longest
            sound's, rounded up to what codec and networks take.
        sample_rate: Rate in Hz that audio files are resampled to; 0 for that of most files.
        channels: 1 for mono, to which stereo is mixed down; 2 for stereo: mono sounds are doubled. Ready `Sounds` keep theirs.
        quality_every: Epochs between two scores, which choose the best weights; 0 for no scores. See `ImagePreset`.
        quality_samples: Sounds generated per score, >= 6.
        quality_steps: Training steps of the small classifier that provides the features.
    """

    network: str = "dcgan"
    width: int = 16
    network_options: dict = dataclasses.field(default_factory=dict)
    codec_options: dict = dataclasses.field(default_factory=dict)
    length: int = 0
    sample_rate: int = 0
    channels: int = 1
    quality_every: int = 0
    quality_samples: int = 200
    quality_steps: int = 300

    ranges: ClassVar[tuple] = (
        at_least(1, "width"),
        at_least(0, "length", "sample_rate"),
        *Scored.quality_ranges,
        one_of(NETWORKS, "network"),
        ("1 (mono) or 2 (stereo)", ("channels",), lambda value: value in (1, 2)),
        ("the preset's own field, `channels=2`", ("codec_options", "network_options"), lambda value: "channels" not in value),
    )

    def length_for(self, sample_rate, lengths):
        """Samples per sound for recordings of these lengths, that codec and networks take.

        The longest recording's length, rounded up, if there are two and that is not too much; otherwise a length whose pieces
        leave out little of the recordings.
        """
        lengths = [int(length) for length in lengths]
        longest = max(lengths)
        unit, most = NETWORKS[self.network].units(sample_rate, longest, self.codec_options)
        if len(lengths) > 1 and (length := -(-longest // unit) * unit) <= most:
            return length
        most = max(unit, min(most, longest // 2) // unit * unit) if len(lengths) == 1 else most // unit * unit
        choices, total = range(most, most // 2, -unit), sum(lengths)
        left_out = [sum(length % choice for length in lengths if length > choice) / total for choice in choices]
        return next(each for each, left in zip(choices, left_out, strict=True) if left <= min(left_out) + MAX_LEFT_OUT)

    def codec(self, sounds):
        """The codec for `Sounds`. Raises `ValueError` if it or the networks do not take their rate, length and channels."""
        from gan_keras import codecs

        channels = getattr(sounds, "channels", 1)
        if channels < self.channels:
            raise ValueError("Got mono sounds for channels=2. Expected stereo: load them with `load_audio(..., channels=2)`.")
        architecture = NETWORKS[self.network]
        try:
            kind = getattr(codecs, architecture.codec)
            options = {"channels": channels, **self.codec_options}
            codec = self.made("codec_options", kind, options, sounds.sample_rate, sounds.length)
        except ValueError as error:
            if isinstance(error.__cause__, TypeError):
                raise
            fields = "The preset's fields are `length`, such as `--set length=4096`, and `codec_options`"
            raise ValueError(f"{error} {fields}.") from error
        return self.fitting(architecture.check, codec, architecture.setting)

    def networks(self, codec, num_labels):
        options = {**self.network_options, "dtype": self.precision}
        sizes = (codec, self.latent_dim, self.width, num_labels)
        return self.made("network_options", NETWORKS[self.network].build, options, *sizes)

    def data_of(self, data):
        """`Sounds` of a name, a path or arrays, as the preset reads them: see `load_audio`. Data with a rate stay as they are."""
        from gan_keras.data import load_audio

        if hasattr(data, "sample_rate"):
            return data
        rate = self.sample_rate or None
        return load_audio(data, self.length or self.length_for, sample_rate=rate, channels=self.channels)

    def one_pass(self, data, seed):
        from gan_keras.data import audio_batches

        return audio_batches(self.with_used_labels(data), self.batch_size, seed)

    def quality(self, training):
        """Distances to training sounds on the features of a small classifier of their spectrograms: see `ImagePreset.quality`."""
        from gan_keras.metrics.extractor import Recipe
        from gan_keras.modalities.audio.evaluation import quality_of

        return quality_of(training, self.codec(training), Recipe((16, 32, 64), self.quality_steps, 64))


GRADIENT_PENALTY = {
    "latent_dim": 100,
    "beta_1": 0.5,
    "discriminator_steps": 5,
    **gradient_penalty(),
    **adam(1e-4, beta_2=0.9),
}
"""Numbers of Donahue et al., 2019, for waveforms and for spectrograms."""

PRESETS = {
    "default": AudioPreset(
        "relativistic loss with R1 and R2 on 64 x 64 spectrograms, dcgan's networks, Griffin-Lim for the sound",
        generator_ema=0.995,
        quality_every=10,
        **relativistic(gamma=0.1, learning_rate=5e-4, beta_2=0.99),
    ),
    "small": AudioPreset(
        "the default on 32 x 32 spectrograms of half a second at 8 kHz: speech in minutes on one core, a little rougher",
        codec_options={"size": 32},
        length=4096,
        generator_ema=0.99,
        quality_every=10,
        **relativistic(gamma=0.1, learning_rate=5e-4, beta_2=0.99),
    ),
    "wavegan": AudioPreset(
        "waveforms by long convolutions, phase shuffle, gradient penalty (width 64 in the paper)",
        network="wavegan",
        quality_every=10,
        **GRADIENT_PENALTY,
    ),
    "specgan": AudioPreset(
        "close to the paper: spectrograms with gradient penalty, but mel bands and wgan_gp's networks",
        network="wgan_gp",
        quality_every=10,
        **GRADIENT_PENALTY,
    ),
    "tiny": AudioPreset(
        "small spectrograms for 4 epochs: trains in seconds, for tests and notebooks; its sounds are poor",
        width=4,
        latent_dim=8,
        codec_options={"size": 16, "iterations": 4},
        length=1024,
        epochs=4,
        steps_per_epoch=4,
        generator_ema=0.9,
        quality_every=2,
        quality_samples=20,
        quality_steps=3,
        **NON_SATURATING,
    ),
}
