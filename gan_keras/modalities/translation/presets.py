"""Presets of translation between two domains of images: CycleGAN without pairs, pix2pix with them."""

import dataclasses
from collections.abc import Callable
from typing import ClassVar, NamedTuple

from gan_keras.modalities.preset import Preset, adam
from gan_keras.modalities.settings import CHANNELS, at_least, one_of


class Network(NamedTuple):
    """A kind of generator: its class in `gan_keras.networks`, and how often it halves an image, a function of its options."""

    generator: str
    halvings: Callable


NETWORKS = {
    "residual": Network("CycleGANGenerator", lambda options: 2),
    "unet": Network("Pix2PixGenerator", lambda options: options.get("depth", 5)),
}
"""Generators by name."""


class Algorithm(NamedTuple):
    """An algorithm: `build(preset, image_shape, seed)` returns a compiled GAN."""

    build: Callable
    is_paired: bool


def cycle_gan(preset, image_shape, seed):
    from gan_keras.codecs import ImageCodec
    from gan_keras.gans.cycle_gan import CycleGAN

    generator, discriminator = (tuple(make(image_shape) for _ in range(2)) for make in (preset.generator, preset.discriminator))
    gan = CycleGAN(generator, discriminator, ImageCodec(image_shape), seed)
    weights = {"cycle_weight": preset.cycle_weight, "identity_weight": preset.identity_weight, "pool_size": preset.pool_size}
    gan.compile(**preset.compile_options(), **weights)
    return gan


def pix2pix(preset, image_shape, seed):
    from gan_keras.codecs import ImageCodec
    from gan_keras.gans.pix2pix import Pix2Pix

    *sides, channels = image_shape
    discriminator = preset.discriminator((*sides, 2 * channels))
    gan = Pix2Pix(preset.generator(image_shape), discriminator, ImageCodec(image_shape), seed)
    gan.compile(**preset.compile_options(), l1_weight=preset.l1_weight)
    return gan


ALGORITHMS = {"cycle_gan": Algorithm(cycle_gan, is_paired=False), "pix2pix": Algorithm(pix2pix, is_paired=True)}


UNUSED = {"latent_dim": "which is made from images, not from noise", "conditional": "whose domains have no labels"}
"""Fields of every preset without a meaning here, and why. Runs of older releases may hold other values."""


@dataclasses.dataclass
class TranslationPreset(Preset):
    """A recipe for a `CycleGAN` or a `Pix2Pix`. Any field can be changed before `build`.

    Attributes besides those of every `Preset`, of which `latent_dim` and `conditional` cannot be changed here:
        algorithm: A name in `ALGORITHMS`.
        network: Kind of the generators, a name in `NETWORKS`.
        width: Filters of each generator's first convolution.
        network_options: Further arguments of the generators.
        patch_width: Filters of each discriminator's first convolution.
        patch_depth: Times that a discriminator halves the image: 3 sees patches of 70 pixels, 2 of 34, 1 of 16.
        cycle_weight: Weight of the cycle term, `CycleGAN` only.
        identity_weight: Weight of the identity term, `CycleGAN` only.
        pool_size: Past translations that a discriminator keeps seeing, `CycleGAN` only.
        l1_weight: Weight of the mean absolute error to the paired image, `Pix2Pix` only.
        flip: Whether training images are mirrored horizontally at random.
        size: Pixels that images are cropped and resized to; 0 for the data's own size.
        channels: 1 for grey, 3 for colour, 0 for the data's own.
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

    ranges: ClassVar[tuple] = (
        at_least(1, "width", "patch_width", "patch_depth"),
        at_least(0, "size", "pool_size", "cycle_weight", "identity_weight", "l1_weight"),
        CHANNELS,
        one_of(NETWORKS, "network"),
        one_of(ALGORITHMS, "algorithm"),
    )

    @property
    def is_paired(self):
        """True if the recipe needs pairs of images."""
        return ALGORITHMS[self.algorithm].is_paired

    def build(self, data, seed=0):
        """Returns a compiled GAN for `Domains`, or for the shape `(height, width, channels)` of an image: see `Recipe.build`."""
        import keras

        self.check()
        data = self.data_of(data)
        image_shape = tuple(getattr(data, "image_shape", data))
        self.check_shape(image_shape)
        keras.utils.set_random_seed(seed)
        return ALGORITHMS[self.algorithm].build(self, image_shape, seed)

    def data_of(self, data):
        """`Domains` of a pair of arrays or lists; see `load_domains`. `Domains` and shapes stay as they are."""
        from gan_keras.data import load_domains

        is_known = hasattr(data, "image_shape") or not hasattr(data, "shape") and all(isinstance(each, int) for each in data)
        return data if is_known else load_domains(data, self.size or None, self.channels or None, self.is_paired)

    def one_pass(self, data, seed):
        from gan_keras.data import domain_batches

        return domain_batches(data, self.batch_size, seed, self.flip)

    @classmethod
    def from_config(cls, config):
        return super().from_config({name: value for name, value in config.items() if name not in UNUSED})

    def check_fields(self):
        super().check_fields()
        for name, why in UNUSED.items():
            if getattr(self, name) != (own := getattr(type(self), name)):
                raise ValueError(f"{name}={getattr(self, name)!r} for a translation, {why}. Expected no change of {own!r}.")
        halvings = NETWORKS[self.network].halvings(self.network_options)
        if not isinstance(halvings, int) or halvings < 1:
            raise ValueError(f"network_options={self.network_options!r}. Expected a depth that is a whole number >= 1.")

    def generator(self, image_shape):
        """A generator of one direction."""
        from gan_keras import networks

        options = {**self.network_options, "dtype": self.precision}
        kind = getattr(networks, NETWORKS[self.network].generator)
        return self.made("network_options", kind, options, image_shape, self.width)

    def discriminator(self, image_shape):
        """A discriminator of one domain, or of pairs."""
        from gan_keras.networks import PatchGANDiscriminator

        return PatchGANDiscriminator(image_shape, self.patch_width, self.patch_depth, dtype=self.precision)

    def check_shape(self, image_shape):
        """Returns the shape; raises `ValueError` unless the networks take images of it."""
        from gan_keras.networks.cyclegan import check_halves

        halvings = max(self.patch_depth, NETWORKS[self.network].halvings(self.network_options))
        return self.fitting(lambda shape: check_halves(shape, halvings), image_shape, "size=64")


PRESETS = {
    "default": TranslationPreset(
        "a small CycleGAN for 64-pixel photos on a CPU",
        network="unet",
        network_options={"depth": 4},
        identity_weight=0.0,
        loss="least_squares",
        beta_1=0.5,
        batch_size=4,
        epochs=15,
        generator_ema=0.99,
        **adam(5e-4),
    ),
    "cyclegan": TranslationPreset(
        "residual generators, 70-pixel patches, cycle consistency; for 128 pixels and more on a GPU",
        width=64,
        network_options={"blocks": 6},
        patch_width=64,
        patch_depth=3,
        loss="least_squares",
        batch_size=1,
        epochs=200,
        generator_ema=0.0,
        beta_1=0.5,
    ),
    "pix2pix": TranslationPreset(
        "paired images, a U-Net, a discriminator of patches of both (width 64 in the paper)",
        algorithm="pix2pix",
        network="unet",
        network_options={"depth": 3, "dropout": 0.5},
        loss="non_saturating",
        batch_size=4,
        epochs=50,
        generator_ema=0.99,
        beta_1=0.5,
    ),
    "tiny": TranslationPreset(
        "a small CycleGAN for 4 epochs: trains in seconds, for tests and notebooks; its translations are poor",
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
