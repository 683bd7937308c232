"""Presets of time series."""

import dataclasses
from typing import ClassVar

import keras

from gan_keras.codecs import ComponentCodec, SeriesCodec
from gan_keras.gan import GAN
from gan_keras.networks import (
    DenseSeriesDiscriminator,
    DenseSeriesGenerator,
    RCGANDiscriminator,
    RCGANGenerator,
    TimeGANDiscriminator,
    TimeGANGenerator,
)
from gan_keras.presets.base import STAGE, Preset
from gan_keras.presets.choices import relativistic
from gan_keras.time_gan import STAGES, TimeGAN


class Dense:
    """Whole windows at once, as principal components."""

    codec, gan = ComponentCodec, GAN

    @staticmethod
    def networks(shape, preset, num_labels, **options):
        generator = DenseSeriesGenerator(shape, preset.latent_dim, preset.width, num_labels=num_labels, **options)
        return generator, DenseSeriesDiscriminator(preset.width, num_labels=num_labels, **options)


class Recurrent:
    """Step by step, with noise at each step."""

    codec, gan = SeriesCodec, GAN

    @staticmethod
    def networks(shape, preset, num_labels, **options):
        generator = RCGANGenerator(shape, preset.latent_dim, preset.width, num_labels, **options)
        return generator, RCGANDiscriminator(preset.width, num_labels, **options)


class Embedded:
    """Step by step in the space of hidden states: TimeGAN, without labels."""

    codec, gan = SeriesCodec, TimeGAN

    @staticmethod
    def networks(shape, preset, num_labels, **options):
        generator = TimeGANGenerator(shape, preset.latent_dim, preset.width, **options)
        return generator, TimeGANDiscriminator(preset.width, **options)


NETWORKS = {"dense": Dense, "rcgan": Recurrent, "timegan": Embedded}
"""Codec, GAN and networks by name."""

RANGES = {
    "at least 1": (("width", "stride"), lambda value: value >= 1),
    "at least 2, or 0 for whole series": (("length",), lambda value: value == 0 or value >= 2),
    "at least 0": (("embedding_epochs", "supervised_epochs"), lambda value: value >= 0),
    f"one of {', '.join(NETWORKS)}": (("network",), lambda value: value in NETWORKS),
}


@dataclasses.dataclass
class SeriesPreset(Preset):
    """A recipe for a GAN of time series. Any field can be changed before `build`.

    Attributes beside those of every `Preset`, of which `latent_dim` is for each step where a network works step by step, and
    `epochs` counts those of all stages:
        network: A name in `NETWORKS`.
        width: Units of the layers.
        network_options: Further arguments of both networks.
        codec_options: Further arguments of the codec.
        length: Steps of a window; 0 takes every series whole, so that their lengths may differ.
        stride: Steps from the start of one window to the next.
        time_column: Of CSV files: see `gan_keras.data.load_series`.
        id_column: Of CSV files: see `gan_keras.data.load_series`.
        embedding_epochs: Of `"timegan"`: see `TimeGAN.compile`.
        supervised_epochs: Of `"timegan"`: see `TimeGAN.compile`.
    """

    network: str = "dense"
    width: int = 256
    network_options: dict = dataclasses.field(default_factory=dict)
    codec_options: dict = dataclasses.field(default_factory=dict)
    length: int = 24
    stride: int = 1
    time_column: str = ""
    id_column: str = ""
    embedding_epochs: int = 0
    supervised_epochs: int = 0

    ranges: ClassVar[dict] = RANGES

    @property
    def stage_epochs(self):
        before = {stage: getattr(self, f"{stage}_epochs") for stage in STAGES[:-1]} if self.network == "timegan" else {}
        return {**before, STAGE: self.epochs - sum(before.values())}

    def with_stage_epochs(self, epochs):
        before = {f"{stage}_epochs": epochs[stage] for stage in STAGES[:-1] if stage in epochs}
        return dataclasses.replace(self, epochs=sum(epochs.values()), **before)

    def build(self, series, seed=0):
        """A compiled `GAN` with an adapted codec.

        Args:
            series: Training part alone, `gan_keras.data.Series`: what is held out must not shape the codec.
            seed: Of all weights and noise; Keras' global seed is set to it.

        Raises:
            ValueError: If a field is out of its range.
        """
        self.check()
        keras.utils.set_random_seed(seed)
        parts = NETWORKS[self.network]
        codec = self.made(parts.codec, "codec_options", **self.codec_options)
        codec.adapt(series)
        options = {**self.network_options, "dtype": self.precision}
        networks = self.made(parts.networks, "network_options", codec.tensor_shape, self, self.num_labels(series), **options)
        gan = parts.gan(*networks, codec, seed)
        gan.compile(**self.compile_options())
        return gan

    def made(self, kind, field, *arguments, **options):
        """`kind(*arguments, **options)`, whose further options a field of the preset holds."""
        try:
            return kind(*arguments, **options)
        except TypeError as error:
            raise ValueError(f"{field}={getattr(self, field)!r}: {error}. Expected other arguments.") from error

    def compile_options(self):
        stages = {f"{stage}_epochs": num for stage, num in self.stage_epochs.items() if stage != STAGE}
        return {**super().compile_options(), **stages}

    def check(self):
        super().check()
        if min(self.stage_epochs.values()) < 0:
            raise ValueError(f"epochs={self.epochs}. Expected those of all stages, of which the first have {self.stage_epochs}.")
        if self.network == "timegan" and self.conditional:
            raise ValueError("conditional=True with network='timegan', which takes no labels. Expected conditional=False.")


PRESETS = {
    "default": SeriesPreset(
        "relativistic pairs with R1 and R2 on principal components of windows: dense layers, fast",
        latent_dim=32,
        batch_size=128,
        epochs=100,
        steps_per_epoch=30,
        **relativistic(gamma=0.1, learning_rate=1e-3, beta_2=0.99),
    ),
    "timegan": SeriesPreset(
        "Yoon et al., 2019: embedding, supervisor, then all in turn; 10,000 steps of each on Google's stock prices",
        network="timegan",
        width=24,
        latent_dim=6,
        conditional=False,
        loss="non_saturating",
        generator_learning_rate=1e-3,
        discriminator_learning_rate=1e-3,
        beta_1=0.9,
        batch_size=128,
        embedding_epochs=360,
        supervised_epochs=360,
        epochs=1080,
        generator_ema=0.0,
    ),
    "rcgan": SeriesPreset(
        "Esteban et al., 2017: LSTMs with noise at each step, and the label beside it",
        network="rcgan",
        width=100,
        latent_dim=5,
        loss="non_saturating",
        generator_learning_rate=1e-3,
        discriminator_learning_rate=1e-3,
        beta_1=0.5,
        batch_size=64,
        epochs=100,
    ),
    "tiny": SeriesPreset(
        "small dense networks for 4 epochs: seconds, for tests and notebooks; its series are poor",
        width=16,
        latent_dim=8,
        epochs=4,
        steps_per_epoch=4,
        generator_ema=0.9,
        **relativistic(gamma=0.1, learning_rate=1e-3, beta_2=0.99),
    ),
}
