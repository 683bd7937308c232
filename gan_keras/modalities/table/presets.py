"""Presets of tables."""

import dataclasses
from collections.abc import Callable
from typing import ClassVar, NamedTuple

import keras

from gan_keras.codecs import TableCodec
from gan_keras.gans.table_gan import MeetsCondition, TableGAN
from gan_keras.gans.table_vae import TableVAE, VariationalBound
from gan_keras.modalities.preset import Preset, described, relativistic
from gan_keras.networks import (
    EncodedTableGenerator,
    PackedTableDiscriminator,
    ResidualTableGenerator,
    TableDecoder,
    TableEncoder,
)


def adversarial(preset, codec, seed):
    """A `TableGAN` with the networks of the conditional tabular GAN, not compiled yet."""
    return with_discriminator(preset, codec, seed, ResidualTableGenerator)


def autoencoding(preset, codec, seed):
    """A `TableGAN` whose generator explains real rows too, not compiled yet."""
    return with_discriminator(preset, codec, seed, EncodedTableGenerator)


def with_discriminator(preset, codec, seed, kind):
    shared = {"num_labels": codec.num_conditions, "dtype": preset.precision, "units": preset.units}
    of_generator = {**shared, "noise_dim": preset.latent_dim, "temperature": preset.temperature}
    generator = kind(codec.num_numbers, codec.sizes, **of_generator)
    discriminator = PackedTableDiscriminator(**shared, num=preset.pack, dropout=preset.dropout)
    return TableGAN(generator, discriminator, codec, seed)


def variational(preset, codec, seed):
    """A `TableVAE`, not compiled yet."""
    shared = {"num_labels": codec.num_conditions, "dtype": preset.precision, "units": preset.units}
    decoder = TableDecoder(codec.num_numbers, codec.sizes, noise_dim=preset.latent_dim, **shared)
    encoder = TableEncoder(preset.latent_dim, **shared)
    return TableVAE(decoder, encoder, codec, seed, preset.reconstruction_weight)


def conditions(preset):
    """What the generator learns beside the adversarial loss: to meet conditions."""
    return [MeetsCondition(preset.condition_weight)]


def conditions_and_rows(preset):
    """The same, and to explain real rows."""
    return [*conditions(preset), VariationalBound(preset.bound_weight, preset.reconstruction_weight)]


class Network(NamedTuple):
    """What a preset builds.

    Attributes:
        build: A function from the preset, an adapted codec and a seed to a GAN.
        objectives: A function from the preset to objects of `gan_keras.auxiliary`.
    """

    build: Callable
    objectives: Callable


NETWORKS = {
    "vaegan": Network(autoencoding, conditions_and_rows),
    "ctgan": Network(adversarial, conditions),
    "tvae": Network(variational, conditions),
}
"""Kinds of networks by name."""

RANGES = {
    f"one of {', '.join(NETWORKS)}": (("network",), lambda value: value in NETWORKS),
    "True: rows can always be asked for": (("conditional",), lambda value: value is True),
    "at least 1": (("width", "layers", "pack", "most_modes"), lambda value: value >= 1),
    "at least 2": (("latent_dim", "most_slots"), lambda value: value >= 2),
    "in [0, 1)": (("dropout",), lambda value: 0 <= value < 1),
    "more than 0": (("temperature", "reconstruction_weight"), lambda value: 0 < value < float("inf")),
    "at least 0.0": (("condition_weight", "bound_weight"), lambda value: 0 <= value < float("inf")),
    "types by column, such as --set types.zip=category": (
        ("types",),
        lambda value: all(isinstance(each, str) for pair in value.items() for each in pair),
    ),
}


@dataclasses.dataclass
class TablePreset(Preset):
    """A recipe for a `TableGAN`, or a `TableVAE`. Any field can be changed before `build`.

    Attributes beside those of every `Preset`:
        network: A name in `NETWORKS`.
        width: Of the hidden layers of both networks.
        layers: How many there are in each.
        pack: Rows that the discriminator judges at once; the batch has to be a multiple of it.
        dropout: Of the discriminator, in [0, 1).
        temperature: Of the choices of the generator, > 0.
        condition_weight: Of the cross-entropy between a row and its condition, >= 0.
        bound_weight: Of `"vaegan"`: of the bound on the likelihood of real rows beside the adversarial loss, >= 0.
        reconstruction_weight: Of `"vaegan"` and `"tvae"`: of the likelihood beside the divergence in that bound, > 0.
        most_modes: Of a column of numbers, >= 1.
        most_slots: Of a column of categories, >= 2: its rarer values share one.
        types: Types by column, for those that are not to be guessed: `number`, `category`, `date`, `date:FORMAT`, `drop`.
        label: The column that models learn to predict in an evaluation; empty for the last one that holds a value.
    """

    network: str = "ctgan"
    width: int = 256
    layers: int = 2
    pack: int = 10
    dropout: float = 0.5
    temperature: float = 0.2
    condition_weight: float = 1.0
    bound_weight: float = 1.0
    reconstruction_weight: float = 2.0
    most_modes: int = 10
    most_slots: int = 100
    types: dict = dataclasses.field(default_factory=dict)
    label: str = ""

    ranges: ClassVar[dict] = RANGES

    @property
    def units(self):
        """Widths of the hidden layers."""
        return (self.width,) * self.layers

    def build(self, table, seed=0):
        """A compiled `TableGAN`, or `TableVAE`, for a training table, to which its codec is fitted.

        Args:
            table: A `gan_keras.data.Table`.
            seed: Of all weights and noise; Keras' global seed is set to it.

        Raises:
            ValueError: If a field is out of its range.
        """
        self.check()
        codec = TableCodec(most_modes=self.most_modes, most_slots=self.most_slots, seed=seed)
        codec.adapt(table)
        keras.utils.set_random_seed(seed)
        gan = NETWORKS[self.network].build(self, codec, seed)
        gan.compile(**self.compile_options())
        return gan

    def compile_options(self):
        return {**super().compile_options(), "auxiliary": NETWORKS[self.network].objectives(self)}

    def check(self):
        super().check()
        if self.batch_size % self.pack:
            raise ValueError(f"batch_size={self.batch_size}, pack={self.pack}. Expected a batch of whole packs.")


def relativistic_r1(gamma, learning_rate, beta_2):
    """`choices.relativistic` without R2: generated rows are nearly one-hot, and the penalty there costs as much again."""
    shared = relativistic(gamma, learning_rate, beta_2)
    return {**shared, "penalties": shared["penalties"][:1]}


PRESETS = {
    "default": TablePreset(
        "relativistic pairs of rows with R1; the generator carries an encoder and explains real rows too (Larsen et al., 2016)",
        **relativistic_r1(gamma=1.0, learning_rate=1e-3, beta_2=0.99),
        network="vaegan",
        width=128,
        latent_dim=128,
        pack=1,
        dropout=0.25,
        batch_size=500,
        epochs=75,
        generator_ema=0.99,
        patience=0,
    ),
    "ctgan": TablePreset(
        "Xu et al., 2019: conditions, training by sampling, packs of ten, Wasserstein distance with gradient penalty",
        latent_dim=128,
        loss="wasserstein",
        # Of the repeated logits of packs of ten: a norm of 1 over a pack, see `networks.Packed`.
        penalties=[described("GradientPenalty", gamma=10.0, seed=0, target=10**0.5)],
        beta_1=0.5,
        generator_options={"beta_2": 0.9},
        discriminator_options={"beta_2": 0.9},
        batch_size=500,
        epochs=300,
        generator_ema=0.0,
        patience=0,
    ),
    "relativistic": TablePreset(
        "the networks of ctgan, each row judged by itself: relativistic pairs of one condition, with R1",
        **relativistic_r1(gamma=1.0, learning_rate=1e-3, beta_2=0.99),
        latent_dim=128,
        pack=1,
        dropout=0.25,
        batch_size=500,
        epochs=100,
        generator_ema=0.99,
        patience=0,
    ),
    "tvae": TablePreset(
        "Xu et al., 2019, the variational baseline: nothing adversarial; here its networks read conditions too",
        network="tvae",
        width=128,
        latent_dim=128,
        pack=1,
        generator_learning_rate=1e-3,
        discriminator_learning_rate=1e-3,
        beta_1=0.9,
        batch_size=500,
        epochs=300,
        generator_ema=0.0,
        patience=0,
    ),
    "tiny": TablePreset(
        "a small GAN of rows for 4 epochs: seconds, for tests and notebooks; its rows are poor",
        network="vaegan",
        width=16,
        latent_dim=4,
        pack=2,
        most_modes=3,
        loss="non_saturating",
        generator_learning_rate=1e-3,
        discriminator_learning_rate=1e-3,
        batch_size=20,
        epochs=4,
        steps_per_epoch=4,
        generator_ema=0.9,
        patience=0,
    ),
}
