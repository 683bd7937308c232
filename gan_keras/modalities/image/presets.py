"""Presets of images."""

import dataclasses
from typing import ClassVar

import keras

from gan_keras import networks
from gan_keras.codecs import ImageCodec
from gan_keras.gans.gan import GAN
from gan_keras.modalities.preset import Preset, described, relativistic
from gan_keras.networks.image_base import resolutions

# --- What presets of images choose from: pairs of networks by name, and ranges of numbers.


def dense_pair(image_shape, latent_dim, width, num_labels, dtype=None):
    """Two hidden layers each, without labels: the pair of first tutorials."""
    generator = networks.MLPGenerator(image_shape, latent_dim, (width, 2 * width), activation="tanh", dtype=dtype)
    return generator, networks.MLPDiscriminator((2 * width, width), dtype=dtype)


def pair_of(generator, discriminator):
    """The function `(image_shape, latent_dim, width, num_labels, **options)` -> pair, of two classes of image networks."""

    def build(image_shape, latent_dim, width, num_labels, **options):
        sizes = {"width": width, "num_labels": num_labels, **options}
        return generator(image_shape, latent_dim, **sizes), discriminator(image_shape, **sizes)

    return build


NETWORKS = {
    "mlp": dense_pair,
    "dcgan": pair_of(networks.DCGANGenerator, networks.DCGANDiscriminator),
    "wgan_gp": pair_of(networks.WGANGPGenerator, networks.WGANGPDiscriminator),
    "sngan": pair_of(networks.SNGANGenerator, networks.SNGANDiscriminator),
    "biggan": pair_of(networks.BigGANGenerator, networks.BigGANDiscriminator),
    "r3gan": pair_of(networks.R3GANGenerator, networks.R3GANDiscriminator),
}
"""Pairs of networks by name: a function from the shape of an image, latents, width and labels to both."""

RANGES = {
    "at least 1": (("width", "quality_steps"), lambda value: value >= 1),
    "at least 0": (("size", "quality_every"), lambda value: value >= 0),
    "0 (that of the data), 1 (grey) or 3 (colour)": (("channels",), lambda value: value in (0, 1, 3)),
    "at least 6": (("quality_samples",), lambda value: value >= 6),
    f"one of {', '.join(NETWORKS)}": (("network",), lambda value: value in NETWORKS),
}
"""Of the fields that a preset of images adds; see `presets.base`."""


@dataclasses.dataclass
class ImagePreset(Preset):
    """A recipe for a `GAN` of images. Any field can be changed before `build`.

    Attributes beside those of every `Preset`:
        network: A name in `NETWORKS`.
        width: Scales the filters of both networks; of `"mlp"` the units of the narrower hidden layer.
        network_options: Further arguments of both networks.
        size: Pixels that images are cropped and resized to; 0 for the data's own size.
        channels: 1 for grey, 3 for colour, 0 for what the data have.
        quality_every: Epochs from one score of the quality to the next, by which the best weights are chosen; 0 for no
            score: the last weights stay. `--minutes` makes it larger where scoring would take long.
        quality_samples: Images generated for each score, >= 6.
        quality_steps: Updates of the small classifier of real images whose features are compared.
    """

    network: str = "r3gan"
    width: int = 32
    network_options: dict = dataclasses.field(default_factory=dict)
    size: int = 0
    channels: int = 0
    quality_every: int = 5
    quality_samples: int = 1000
    quality_steps: int = 300

    ranges: ClassVar[dict] = RANGES

    def build(self, images, num_labels=None, seed=0):
        """A compiled `GAN` with an `ImageCodec`.

        Args:
            images: `gan_keras.data.Images`, or the shape `(height, width, channels)` of an image.
            num_labels: How many labels condition the images, 0 for none; None for as many as `images` have.
            seed: Of all weights and noise; Keras' global seed is set to it.

        Raises:
            ValueError: If a field is out of its range, or the networks do not make images of that shape.
        """
        self.check()
        image_shape = tuple(getattr(images, "image_shape", images))
        self.check_shape(image_shape)
        num_labels = self.num_labels(images) if num_labels is None else num_labels
        keras.utils.set_random_seed(seed)
        generator, discriminator = self.networks(image_shape, num_labels)
        gan = GAN(generator, discriminator, self.codec(image_shape), seed)
        gan.compile(**self.compile_options())
        return gan

    def networks(self, image_shape, num_labels):
        """The pair of networks."""
        build = NETWORKS[self.network]
        try:
            options = {**self.network_options, "dtype": self.precision}
            return build(image_shape, self.latent_dim, self.width, num_labels, **options)
        except TypeError as error:
            raise ValueError(f"network_options={self.network_options!r}: {error}. Expected arguments of both.") from error

    def codec(self, images):
        """The codec for `Images`, or for the shape of an image."""
        return ImageCodec(getattr(images, "image_shape", images))

    def check_shape(self, image_shape):
        """Raises `ValueError` unless the networks make images of that shape."""
        try:
            return image_shape if self.network == "mlp" else resolutions(image_shape)
        except ValueError as error:
            raise ValueError(f"{error} The preset's field `size` does: `--set size=32`.") from error

    def check(self):
        super().check()
        if self.network == "mlp" and self.conditional:
            raise ValueError("conditional=True with network='mlp', which takes no labels. Expected conditional=False.")


PRESETS = {
    "default": ImagePreset(
        "relativistic pairs with R1 and R2, the recipe of r3gan, on the networks of dcgan, which learn sooner",
        network="dcgan",
        **relativistic(gamma=0.1, learning_rate=5e-4, beta_2=0.99),
    ),
    "mlp": ImagePreset(
        "dense layers, tanh and leaky ReLU: the pair of first tutorials, without labels",
        network="mlp",
        width=256,
        latent_dim=100,
        conditional=False,
        loss="non_saturating",
        beta_1=0.5,
    ),
    "dcgan": ImagePreset(
        "Radford et al., 2015: convolutions with batch normalisation; the paper's width is 128",
        network="dcgan",
        latent_dim=100,
        loss="non_saturating",
        beta_1=0.5,
        batch_size=128,
    ),
    "wgan_gp": ImagePreset(
        "Gulrajani et al., 2017: residual networks, Wasserstein distance, gradient penalty; the paper's width is 128",
        network="wgan_gp",
        latent_dim=128,
        loss="wasserstein",
        penalties=[described("GradientPenalty", gamma=10.0, seed=0, target=1.0)],
        generator_learning_rate=1e-4,
        discriminator_learning_rate=1e-4,
        generator_options={"beta_2": 0.9},
        discriminator_options={"beta_2": 0.9},
        discriminator_steps=5,
    ),
    "sngan": ImagePreset(
        "Miyato et al., 2018: residual networks, spectral normalisation, hinge; the paper's widths are 256 and 128",
        network="sngan",
        latent_dim=128,
        loss="hinge",
        generator_options={"beta_2": 0.9},
        discriminator_options={"beta_2": 0.9},
        discriminator_steps=5,
    ),
    "biggan": ImagePreset(
        "Brock et al., 2018, small: conditional batch normalisation, self-attention, projection; the paper's width is 96",
        network="biggan",
        width=16,
        loss="hinge",
        generator_learning_rate=1e-4,
        discriminator_learning_rate=4e-4,
        discriminator_steps=2,
    ),
    "r3gan": ImagePreset(
        "Huang et al., 2025: relativistic pairs with R1 and R2, no tricks; the paper's width is 768",
        width=64,
        network_options={"blocks": 1, "full_width_size": 8},
        **relativistic(gamma=1.0, learning_rate=2e-3, beta_2=0.9),
    ),
    "tiny": ImagePreset(
        "a small DCGAN for 4 epochs: seconds, for tests and notebooks; its images are poor",
        network="dcgan",
        width=4,
        latent_dim=8,
        loss="non_saturating",
        beta_1=0.5,
        epochs=4,
        steps_per_epoch=4,
        generator_ema=0.9,
        quality_every=2,
        quality_samples=20,
        quality_steps=3,
    ),
}
