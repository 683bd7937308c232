"""Presets of images."""

import copy
import dataclasses
import inspect

import keras
import tensorflow as tf

from gan_keras import losses, penalties
from gan_keras.codecs import ImageCodec
from gan_keras.gan import GAN
from gan_keras.networks.resolutions import resolutions
from gan_keras.presets.image_choices import (
    NETWORKS,
    OPTIMIZERS,
    RANGES,
    augmentation_by_name,
    check_penalty,
    config_of,
    described,
    relativistic,
)

STAGE = "adversarial"
"""The only stage of the training of images."""


@dataclasses.dataclass
class ImagePreset:
    """A recipe for a `GAN` of images. Any field can be changed before `build`.

    Attributes:
        description: One line for `gan-keras presets`.
        network: A name in `NETWORKS`.
        width: Scales the filters of both networks; of `"mlp"` the units of the narrower hidden layer.
        network_options: Further arguments of both networks.
        precision: What both networks compute in, a name in `PRECISIONS`; weights and last layers are float32 in each.
        latent_dim: Numbers of noise for an image.
        size: Pixels that images are cropped and resized to; 0 for the data's own size.
        channels: 1 for grey, 3 for colour, 0 for what the data have.
        conditional: Whether labels, where the data have some, condition both networks.
        loss: Name of an adversarial loss: see `gan_keras.losses`.
        penalties: Objects of `gan_keras.penalties`, or their configs: each `build` makes its own of them.
        augmentation: An object of `gan_keras.augmentation` or its config, or None; by name in `--set`: see `image_choices`.
        generator_optimizer: A name in `OPTIMIZERS`.
        generator_learning_rate: Its rate.
        generator_options: Its further arguments.
        discriminator_optimizer: As for the generator.
        discriminator_learning_rate: As for the generator.
        discriminator_options: As for the generator.
        beta_1: Decay of the first moment, in [0, 1), for both optimizers as far as they have one.
        batch_size: Images in a batch.
        epochs: Epochs of the training, >= 1.
        steps_per_epoch: Most batches of an epoch; 0 for one pass over the data. Each epoch draws a new order.
        discriminator_steps: Updates of the discriminator before each of the generator, >= 1.
        generator_ema: Decay of the averaged generator, in [0, 1).
        quality_every: Epochs from one score of the quality to the next, by which the best weights are chosen; 0 for no
            score: the last weights stay. `--minutes` makes it larger where scoring would take long.
        quality_samples: Images generated for each score, >= 6.
        quality_steps: Updates of the small classifier of real images whose features are compared.
        patience: Scores in a row without a better one after which training ends (`callbacks.EarlyStop`); 0 for never.
    """

    description: str = ""
    network: str = "r3gan"
    width: int = 32
    network_options: dict = dataclasses.field(default_factory=dict)
    precision: str = "float32"
    latent_dim: int = 64
    size: int = 0
    channels: int = 0
    conditional: bool = True
    loss: str = "relativistic_paired"
    penalties: list = dataclasses.field(default_factory=list)
    augmentation: object = None
    generator_optimizer: str = "adam"
    generator_learning_rate: float = 2e-4
    generator_options: dict = dataclasses.field(default_factory=dict)
    discriminator_optimizer: str = "adam"
    discriminator_learning_rate: float = 2e-4
    discriminator_options: dict = dataclasses.field(default_factory=dict)
    beta_1: float = 0.0
    batch_size: int = 64
    epochs: int = 50
    steps_per_epoch: int = 0
    discriminator_steps: int = 1
    generator_ema: float = 0.999
    quality_every: int = 5
    quality_samples: int = 1000
    quality_steps: int = 300
    patience: int = 20

    @property
    def stage_epochs(self):
        """Epochs by the name of the stage, as of presets with several."""
        return {STAGE: self.epochs}

    def with_stage_epochs(self, epochs):
        """A copy with another number of epochs, given by the name of the stage."""
        return dataclasses.replace(self, epochs=epochs[STAGE])

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
        gan.compile(
            self.optimizer("generator"),
            self.optimizer("discriminator"),
            loss=self.loss,
            penalties=[penalties.get(config_of(penalty)) for penalty in self.penalties],
            discriminator_steps=self.discriminator_steps,
            generator_ema=self.generator_ema,
            augmentation=self.augmentation and keras.saving.deserialize_keras_object(config_of(self.augmentation)),
        )
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

    def num_labels(self, images):
        """How many labels of `images` condition the networks; 0 for none."""
        names = getattr(images, "label_names", None)
        return len(names) if self.conditional and names is not None else 0

    def optimizer(self, player):
        """The optimizer of the `"generator"` or the `"discriminator"`."""
        kind = OPTIMIZERS[getattr(self, f"{player}_optimizer")]
        betas = {"beta_1": self.beta_1} if "beta_1" in inspect.signature(kind).parameters else {}
        options = {**betas, **getattr(self, f"{player}_options")}
        try:
            return kind(getattr(self, f"{player}_learning_rate"), **options)
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"{player}_options={getattr(self, f'{player}_options')!r}: {error}. Expected arguments of {kind.__name__}."
            ) from error

    def try_optimizer(self, player):
        """Raises `ValueError` unless the optimizer makes an update: some wrong arguments show no sooner."""
        optimizer, weight, strategy = self.optimizer(player), keras.Variable([0.0]), tf.distribute.get_strategy()
        try:
            optimizer.build([weight])
            strategy.run(tf.function(lambda: optimizer.apply([keras.ops.zeros(1)], [weight]), autograph=False))
        except (TypeError, ValueError, tf.errors.OpError) as error:
            options = getattr(self, f"{player}_options")
            raise ValueError(
                f"{player}_options={options!r}: {error}. Expected arguments of {type(optimizer).__name__} in their ranges."
            ) from error

    def check_shape(self, image_shape):
        """Raises `ValueError` unless the networks make images of that shape."""
        try:
            return image_shape if self.network == "mlp" else resolutions(image_shape)
        except ValueError as error:
            raise ValueError(f"{error} The preset's field `size` does: `--set size=32`.") from error

    def check(self):
        """Raises `ValueError` unless every field is in its range and fits the others."""
        for expected, (fields, is_valid) in RANGES.items():
            for name in fields:
                if not is_valid(getattr(self, name)):
                    raise ValueError(f"{name}={getattr(self, name)!r}. Expected {expected}.")
        if self.network == "mlp" and self.conditional:
            raise ValueError("conditional=True with network='mlp', which takes no labels. Expected conditional=False.")
        losses.get(self.loss)
        for penalty in self.penalties:
            check_penalty(penalty)
        for player in ("generator", "discriminator"):
            self.try_optimizer(player)

    def to_config(self):
        """All fields as JSON can hold them."""
        config = {field.name: copy.deepcopy(getattr(self, field.name)) for field in dataclasses.fields(self)}
        return {**config, "penalties": list(map(config_of, self.penalties)), "augmentation": config_of(self.augmentation)}

    @classmethod
    def from_config(cls, config):
        """The preset of which `config` is the `to_config`."""
        return cls(**copy.deepcopy(config))

    @staticmethod
    def readers():
        """How fields that hold objects are read from text: a function by the field's name."""
        return {"augmentation": augmentation_by_name}


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
