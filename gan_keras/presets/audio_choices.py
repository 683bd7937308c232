"""What presets of audio choose from: networks with the codec that they need, and ranges of numbers."""

from collections.abc import Callable
from typing import NamedTuple

from gan_keras import codecs, networks
from gan_keras.networks.image_base import resolutions
from gan_keras.networks.wavegan import depth_of
from gan_keras.presets.image_choices import NETWORKS as IMAGE_NETWORKS


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
