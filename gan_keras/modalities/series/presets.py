"""Presets of time series."""

import dataclasses
from typing import ClassVar

import keras

from gan_keras.codecs import ComponentCodec, NormalScoreCodec, SeriesCodec
from gan_keras.gans.gan import GAN
from gan_keras.gans.time_gan import STAGES, TimeGAN
from gan_keras.modalities.preset import STAGE, Preset, relativistic
from gan_keras.networks import (
    DenseSeriesDiscriminator,
    DenseSeriesGenerator,
    GaussianSeriesGenerator,
    RCGANDiscriminator,
    RCGANGenerator,
    TimeGANDiscriminator,
    TimeGANGenerator,
)


def dense(codec, preset, num_labels, **options):
    """Whole windows at once."""
    generator = DenseSeriesGenerator(codec.tensor_shape, preset.latent_dim, preset.width, num_labels=num_labels, **options)
    return generator, DenseSeriesDiscriminator(preset.width, num_labels=num_labels, **options)


def gaussian(codec, preset, num_labels, **options):
    """`dense`, whose generator begins as a Gaussian of the components."""
    begin = {"num_labels": num_labels, "deviations": codec.deviations}
    generator = GaussianSeriesGenerator(codec.tensor_shape, preset.latent_dim, preset.width, **begin, **options)
    return generator, DenseSeriesDiscriminator(preset.width, num_labels=num_labels, **options)


def rcgan(codec, preset, num_labels, **options):
    """Step by step, with noise at each step."""
    generator = RCGANGenerator(codec.tensor_shape, preset.latent_dim, preset.width, num_labels, **options)
    return generator, RCGANDiscriminator(preset.width, num_labels, **options)


def timegan(codec, preset, num_labels, **options):
    """Step by step in the space of hidden states, without labels."""
    generator = TimeGANGenerator(codec.tensor_shape, preset.latent_dim, preset.width, **options)
    return generator, TimeGANDiscriminator(preset.width, **options)


NETWORKS = {"dense": dense, "gaussian": gaussian, "rcgan": rcgan, "timegan": timegan}
"""Pairs of networks by name: a function from codec, preset and number of labels to both."""

STEP_BY_STEP = ("rcgan", "timegan")
"""Networks that need tensors with an axis of time, those of the codec `"range"`."""

CODECS = {"range": SeriesCodec, "components": ComponentCodec, "scores": NormalScoreCodec}
"""Codecs by name."""

RANGES = {
    "at least 1": (("width", "stride"), lambda value: value >= 1),
    "in (0, 1]": (("final_share",), lambda value: 0 < value <= 1),
    "at least 2, or 0 for whole series": (("length",), lambda value: value == 0 or value >= 2),
    "at least 0": (("embedding_epochs", "supervised_epochs"), lambda value: value >= 0),
    f"one of {', '.join(NETWORKS)}": (("network",), lambda value: value in NETWORKS),
    f"one of {', '.join(CODECS)}": (("codec",), lambda value: value in CODECS),
}


@dataclasses.dataclass
class SeriesPreset(Preset):
    """A recipe for a GAN of time series. Any field can be changed before `build`.

    Attributes beside those of every `Preset`, of which `latent_dim` is for each step where a network works step by step, and
    `epochs` counts those of all stages:
        network: A name in `NETWORKS`.
        width: Units of the layers.
        network_options: Further arguments of both networks.
        codec: A name in `CODECS`.
        codec_options: Further arguments of the codec.
        length: Steps of a window; 0 takes every series whole, so that their lengths may differ.
        stride: Steps from the start of one window to the next.
        time_column: Of CSV files: see `gan_keras.data.load_series`.
        id_column: Of CSV files: see `gan_keras.data.load_series`.
        final_share: Share of the learning rates that is left at the end, in (0, 1]: they fall by half a cosine; 1 for
            `"timegan"`.
        embedding_epochs: Of `"timegan"`: see `TimeGAN.compile`.
        supervised_epochs: Of `"timegan"`: see `TimeGAN.compile`.
    """

    network: str = "dense"
    width: int = 256
    network_options: dict = dataclasses.field(default_factory=dict)
    codec: str = "components"
    codec_options: dict = dataclasses.field(default_factory=dict)
    length: int = 24
    stride: int = 1
    time_column: str = ""
    id_column: str = ""
    final_share: float = 1.0
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
        codec = self.made(CODECS[self.codec], "codec_options", **self.codec_options)
        codec.adapt(series)
        options = {**self.network_options, "dtype": self.precision}
        networks = self.made(NETWORKS[self.network], "network_options", codec, self, self.num_labels(series), **options)
        gan = (TimeGAN if self.network == "timegan" else GAN)(*networks, codec, seed)
        options = self.compile_options()
        for player in ("generator", "discriminator"):
            options[f"{player}_optimizer"].learning_rate = self.falling_rate(player, len(series))
        gan.compile(**options)
        return gan

    def falling_rate(self, player, num):
        """The learning rate of a player over all its updates in a training on `num` windows."""
        steps = num // self.batch_size
        steps = self.epochs * max(1, min(steps, self.steps_per_epoch or steps))
        updates = steps * {"generator": 1, "discriminator": self.discriminator_steps}[player]
        return keras.optimizers.schedules.CosineDecay(getattr(self, f"{player}_learning_rate"), updates, alpha=self.final_share)

    def made(self, kind, field, *arguments, **options):
        """`kind(*arguments, **options)`, whose further options a field of the preset holds."""
        try:
            return kind(*arguments, **options)
        except (TypeError, ValueError) as error:  # Keras raises the second for arguments that a network does not know
            raise ValueError(f"{field}={getattr(self, field)!r}: {error}") from error

    def compile_options(self):
        stages = {f"{stage}_epochs": num for stage, num in self.stage_epochs.items() if stage != STAGE}
        return {**super().compile_options(), **stages}

    def check(self):
        super().check()
        if min(self.stage_epochs.values()) < 0:
            raise ValueError(f"epochs={self.epochs}. Expected those of all stages, of which the first have {self.stage_epochs}.")
        if (self.network in STEP_BY_STEP) != (self.codec == "range") and self.network != "dense":
            raise ValueError(
                f"network={self.network!r} with codec={self.codec!r}. Expected codec='range' for {', '.join(STEP_BY_STEP)}, "
                "whose networks go step by step, and another for 'gaussian', which needs components."
            )
        if self.network == "timegan" and self.final_share != 1:
            raise ValueError(
                f"final_share={self.final_share} with network='timegan', whose stages make different numbers of updates of a "
                "batch. Expected final_share=1.0: its learning rates stay."
            )
        if self.network == "timegan" and self.conditional:
            raise ValueError("conditional=True with network='timegan', which takes no labels. Expected conditional=False.")


PRESETS = {
    "default": SeriesPreset(
        "relativistic pairs with R1 and R2 on principal components of windows: dense layers, fast",
        latent_dim=32,
        batch_size=128,
        epochs=100,
        steps_per_epoch=30,
        final_share=0.05,
        **relativistic(gamma=0.1, learning_rate=1e-3, beta_2=0.99),
    ),
    "sensors": SeriesPreset(
        "the same on normal scores, its generator begins as a Gaussian: for many or skewed columns, such as sensors",
        network="gaussian",
        codec="scores",
        latent_dim=16,
        batch_size=64,
        epochs=100,
        steps_per_epoch=50,
        final_share=0.05,
        **relativistic(gamma=1.0, learning_rate=5e-4, beta_2=0.99),
    ),
    "timegan": SeriesPreset(
        "Yoon et al., 2019: embedding, supervisor, then all in turn; 10,000 steps of each on Google's stock prices",
        network="timegan",
        codec="range",
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
        codec="range",
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
