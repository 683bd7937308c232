"""Presets of audio."""

import dataclasses
from collections.abc import Callable
from typing import ClassVar, NamedTuple

import keras

from gan_keras import codecs, networks
from gan_keras.gans.gan import GAN
from gan_keras.modalities.image.presets import NETWORKS as IMAGE_NETWORKS
from gan_keras.modalities.preset import Preset, described, relativistic
from gan_keras.networks.image_base import resolutions
from gan_keras.networks.wavegan import depth_of

# --- What presets of audio choose from: networks with the codec that they need, and ranges of numbers.


class Architecture(NamedTuple):
    """A pair of networks and what they make.

    Attributes:
        codec: Class of the codec.
        build: A function `(codec, latent_dim, width, num_labels, **options)` -> pair.
        check: A function of the codec that raises `ValueError` unless the networks make what it decodes.
    """

    codec: type
    build: Callable
    check: Callable


def of_spectrograms(build):
    """The architecture whose networks make spectrograms as images: `build` is one of the networks of images."""

    def build_pair(codec, latent_dim, width, num_labels, **options):
        return build(codec.image_shape, latent_dim, width, num_labels, **options)

    return Architecture(codecs.SpectrogramCodec, build_pair, lambda codec: resolutions(codec.image_shape))


def wavegan(codec, latent_dim, width, num_labels, phase_shuffle=2, **options):
    """Long one-dimensional convolutions on the waveform itself."""
    sizes = {"width": width, "num_labels": num_labels, **options}
    generator = networks.WaveGANGenerator(codec.length, latent_dim, **sizes)
    return generator, networks.WaveGANDiscriminator(codec.length, phase_shuffle=phase_shuffle, **sizes)


def check_waveforms(codec):
    """Raises `ValueError` unless the networks of waveforms make sounds of the codec's length."""
    try:
        depth_of(codec.length)
    except ValueError as error:
        raise ValueError(f"{error} The preset's field `length` does: `--set length=4096`.") from error


NETWORKS = {
    "wavegan": Architecture(codecs.WaveformCodec, wavegan, check_waveforms),
    **{name: of_spectrograms(IMAGE_NETWORKS[name]) for name in ("dcgan", "wgan_gp", "sngan", "biggan", "r3gan")},
}
"""Architectures by name: `wavegan` makes waveforms, the others spectrograms, by the networks of images of that name."""

RANGES = {
    "at least 1": (("width",), lambda value: value >= 1),
    "at least 0": (("length",), lambda value: value >= 0),
    f"one of {', '.join(NETWORKS)}": (("network",), lambda value: value in NETWORKS),
}
"""What is expected of the fields that presets of audio add: see `presets.base.SHARED_RANGES`."""


@dataclasses.dataclass
class AudioPreset(Preset):
    """A recipe for a `GAN` of sounds. Any field can be changed before `build`.

    Attributes beside those of every `Preset`:
        network: A name in `NETWORKS`: of waveforms `"wavegan"`, of spectrograms the others.
        width: Scales the filters of both networks.
        network_options: Further arguments of both networks.
        codec_options: Further arguments of the codec, such as `size` of spectrograms.
        length: Samples that sounds are cut or padded with silence to; 0 for the data's own length.
    """

    network: str = "dcgan"
    width: int = 16
    network_options: dict = dataclasses.field(default_factory=dict)
    codec_options: dict = dataclasses.field(default_factory=dict)
    length: int = 0

    ranges: ClassVar[dict] = RANGES

    def build(self, sounds, seed=0):
        """A compiled `GAN` with a codec for some sounds.

        Args:
            sounds: `gan_keras.data.Sounds`.
            seed: Of all weights and noise; Keras' global seed is set to it.

        Raises:
            ValueError: If a field is out of its range, or the networks do not make sounds of that length.
        """
        self.check()
        codec = self.codec(sounds)
        keras.utils.set_random_seed(seed)
        options = {**self.network_options, "dtype": self.precision}
        try:
            pair = NETWORKS[self.network].build(codec, self.latent_dim, self.width, self.num_labels(sounds), **options)
        except TypeError as error:
            raise ValueError(f"network_options={self.network_options!r}: {error}. Expected arguments of both.") from error
        gan = GAN(*pair, codec, seed)
        gan.compile(**self.compile_options())
        return gan

    def codec(self, sounds):
        """The codec for `Sounds`.

        Raises:
            ValueError: If it does not take sounds of that rate and length, or there is no such option.
        """
        architecture = NETWORKS[self.network]
        kind = architecture.codec
        try:
            codec = kind(sounds.sample_rate, sounds.length, **self.codec_options)
        except TypeError as error:
            raise ValueError(f"codec_options={self.codec_options!r}: {error}. Expected arguments of {kind.__name__}.") from error
        except ValueError as error:
            fields = "The preset's fields are `length`, such as `--set length=4096`, and `codec_options`"
            raise ValueError(f"{error} {fields}.") from error
        architecture.check(codec)
        return codec


PRESETS = {
    "default": AudioPreset(
        "relativistic pairs with R1 and R2 on spectrograms of 64 x 64, networks of dcgan, Griffin-Lim back to sound",
        generator_ema=0.995,
        **relativistic(gamma=0.1, learning_rate=5e-4, beta_2=0.99),
    ),
    "small": AudioPreset(
        "the default on spectrograms of 32 x 32, for half a second at 8 kHz: speech in minutes on a core, a little rougher",
        codec_options={"size": 32},
        length=4096,
        generator_ema=0.99,
        **relativistic(gamma=0.1, learning_rate=5e-4, beta_2=0.99),
    ),
    "wavegan": AudioPreset(
        "Donahue et al., 2019: waveforms by long convolutions, phase shuffle, gradient penalty; the paper's width is 64",
        network="wavegan",
        latent_dim=100,
        loss="wasserstein",
        penalties=[described("GradientPenalty", gamma=10.0, seed=0, target=1.0)],
        generator_learning_rate=1e-4,
        discriminator_learning_rate=1e-4,
        generator_options={"beta_2": 0.9},
        discriminator_options={"beta_2": 0.9},
        beta_1=0.5,
        discriminator_steps=5,
    ),
    "specgan": AudioPreset(
        "Donahue et al., 2019, nearly: gradient penalty on spectrograms, but of mel bands and by the networks of wgan_gp",
        network="wgan_gp",
        latent_dim=100,
        loss="wasserstein",
        penalties=[described("GradientPenalty", gamma=10.0, seed=0, target=1.0)],
        generator_learning_rate=1e-4,
        discriminator_learning_rate=1e-4,
        generator_options={"beta_2": 0.9},
        discriminator_options={"beta_2": 0.9},
        beta_1=0.5,
        discriminator_steps=5,
    ),
    "tiny": AudioPreset(
        "small spectrograms and 4 epochs: seconds, for tests and notebooks; its sounds are poor",
        width=4,
        latent_dim=8,
        codec_options={"size": 16, "iterations": 4},
        length=1024,
        loss="non_saturating",
        beta_1=0.5,
        epochs=4,
        steps_per_epoch=4,
        generator_ema=0.9,
    ),
}
