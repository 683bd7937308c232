"""Presets of translations between two domains of images."""

import dataclasses
from collections.abc import Callable
from typing import ClassVar, NamedTuple

import keras

from gan_keras.codecs import ImageCodec
from gan_keras.gans.cycle_gan import CycleGAN
from gan_keras.gans.pix2pix import Pix2Pix
from gan_keras.modalities.preset import Preset
from gan_keras.networks import CycleGANGenerator, PatchGANDiscriminator, Pix2PixGenerator
from gan_keras.networks.cyclegan import check_halves


class Network(NamedTuple):
    """A kind of generator: its class, and how often its options have it halve an image."""

    generator: type
    halvings: Callable


NETWORKS = {
    "residual": Network(CycleGANGenerator, lambda options: 2),
    "unet": Network(Pix2PixGenerator, lambda options: options.get("depth", 5)),
}
"""Generators by name."""


class Algorithm(NamedTuple):
    """How a translation is learnt: a function of a preset, the shape of an image and a seed, and whether it needs pairs."""

    build: Callable
    is_paired: bool


def cycle_gan(preset, image_shape, seed):
    generator, discriminator = (tuple(make(image_shape) for _ in range(2)) for make in (preset.generator, preset.discriminator))
    gan = CycleGAN(generator, discriminator, ImageCodec(image_shape), seed)
    weights = {"cycle_weight": preset.cycle_weight, "identity_weight": preset.identity_weight, "pool_size": preset.pool_size}
    gan.compile(**preset.compile_options(), **weights)
    return gan


def pix2pix(preset, image_shape, seed):
    *sides, channels = image_shape
    discriminator = preset.discriminator((*sides, 2 * channels))
    gan = Pix2Pix(preset.generator(image_shape), discriminator, ImageCodec(image_shape), seed)
    gan.compile(**preset.compile_options(), l1_weight=preset.l1_weight)
    return gan


ALGORITHMS = {"cycle_gan": Algorithm(cycle_gan, is_paired=False), "pix2pix": Algorithm(pix2pix, is_paired=True)}


@dataclasses.dataclass
class TranslationPreset(Preset):
    """A recipe for a `CycleGAN` or a `Pix2Pix`. Any field can be changed before `build`.

    Attributes beside those of every `Preset`, of which `latent_dim` and `conditional` mean nothing here:
        algorithm: A name in `ALGORITHMS`.
        network: Kind of the generators, a name in `NETWORKS`.
        width: Filters of the first convolution of each generator.
        network_options: Further arguments of the generators.
        patch_width: Filters of the first convolution of each discriminator.
        patch_depth: How often a discriminator halves the image: 3 sees patches of 70 pixels, 2 of 34, 1 of 16.
        cycle_weight: Of the cycle term, `CycleGAN` only.
        identity_weight: Of the identity term, `CycleGAN` only.
        pool_size: Past translations that a discriminator keeps seeing, `CycleGAN` only.
        l1_weight: Of the mean absolute error to the pair, `Pix2Pix` only.
        flip: Whether training images are mirrored, left for right, at random.
        size: Pixels that images are cropped and resized to; 0 for the data's own size.
        channels: 1 for grey, 3 for colour, 0 for what the data have.
    """

    algorithm: str = "cycle_gan"
    network: str = "residual"
    width: int = 16
    network_options: dict = dataclasses.field(default_factory=dict)
    patch_width: int = 16
    patch_depth: int = 2
    cycle_weight: float = 5.0
    identity_weight: float = 2.5
    pool_size: int = 50
    l1_weight: float = 100.0
    flip: bool = True
    size: int = 0
    channels: int = 0

    ranges: ClassVar[dict] = {
        "at least 1": (("width", "patch_width", "patch_depth"), lambda value: value >= 1),
        "at least 0": (("size", "pool_size", "cycle_weight", "identity_weight", "l1_weight"), lambda value: value >= 0),
        "0 (that of the data), 1 (grey) or 3 (colour)": (("channels",), lambda value: value in (0, 1, 3)),
        f"one of {', '.join(NETWORKS)}": (("network",), lambda value: value in NETWORKS),
        f"one of {', '.join(ALGORITHMS)}": (("algorithm",), lambda value: value in ALGORITHMS),
    }

    @property
    def is_paired(self):
        """Whether the recipe needs pairs of images."""
        return ALGORITHMS[self.algorithm].is_paired

    def build(self, data, seed=0):
        """A compiled `CycleGAN` or `Pix2Pix` with an `ImageCodec`.

        Args:
            data: `gan_keras.data.Domains`, or the shape `(height, width, channels)` of an image.
            seed: Of all weights and noise; Keras' global seed is set to it.

        Raises:
            ValueError: If a field is out of its range, or the networks do not take images of that shape.
        """
        self.check()
        image_shape = tuple(getattr(data, "image_shape", data))
        self.check_shape(image_shape)
        keras.utils.set_random_seed(seed)
        return ALGORITHMS[self.algorithm].build(self, image_shape, seed)

    def check(self):
        super().check()
        halvings = NETWORKS[self.network].halvings(self.network_options)
        if not isinstance(halvings, int) or halvings < 1:
            raise ValueError(f"network_options={self.network_options!r}. Expected a depth that is a whole number >= 1.")

    def generator(self, image_shape):
        """A generator of one direction."""
        options = {**self.network_options, "dtype": self.precision}
        try:
            return NETWORKS[self.network].generator(image_shape, self.width, **options)
        except TypeError as error:
            raise ValueError(f"network_options={self.network_options!r}: {error}. Expected arguments of a generator.") from error

    def discriminator(self, image_shape):
        """A discriminator of one domain, or of pairs."""
        return PatchGANDiscriminator(image_shape, self.patch_width, self.patch_depth, dtype=self.precision)

    def check_shape(self, image_shape):
        """Raises `ValueError` unless the networks take images of that shape."""
        try:
            check_halves(image_shape, max(self.patch_depth, NETWORKS[self.network].halvings(self.network_options)))
        except ValueError as error:
            raise ValueError(f"{error} The preset's field `size` does: `--set size=64`.") from error


ADAM = {"generator_learning_rate": 2e-4, "discriminator_learning_rate": 2e-4, "beta_1": 0.5}

PRESETS = {
    "default": TranslationPreset(
        "CycleGAN, small: for photos of 64 pixels on a processor",
        network="unet",
        network_options={"depth": 4},
        identity_weight=0.0,
        loss="least_squares",
        generator_learning_rate=5e-4,
        discriminator_learning_rate=5e-4,
        beta_1=0.5,
        batch_size=4,
        epochs=15,
        generator_ema=0.99,
    ),
    "cyclegan": TranslationPreset(
        "Zhu et al., 2017: residual generators, patches of 70 pixels, a cycle; for 128 pixels and more, on a GPU",
        width=64,
        network_options={"blocks": 6},
        patch_width=64,
        patch_depth=3,
        loss="least_squares",
        batch_size=1,
        epochs=200,
        generator_ema=0.0,
        **ADAM,
    ),
    "pix2pix": TranslationPreset(
        "Isola et al., 2016: pairs, a U-Net and patches of both images; the paper's width is 64",
        algorithm="pix2pix",
        network="unet",
        network_options={"depth": 3, "dropout": 0.5},
        loss="non_saturating",
        batch_size=4,
        epochs=50,
        generator_ema=0.99,
        **ADAM,
    ),
    "tiny": TranslationPreset(
        "a small CycleGAN for 4 epochs: seconds, for tests and notebooks; its translations are poor",
        network="unet",
        width=4,
        network_options={"depth": 2},
        patch_width=4,
        patch_depth=1,
        loss="least_squares",
        pool_size=8,
        beta_1=0.5,
        batch_size=8,
        epochs=4,
        steps_per_epoch=4,
        generator_ema=0.9,
    ),
}
