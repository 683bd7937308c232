"""Presets of time series: dense networks on components of windows, or recurrent ones on their steps."""

import dataclasses
import math
from typing import ClassVar

from gan_keras.modalities.preset import NON_SATURATING, STAGE, Preset, adam, relativistic
from gan_keras.modalities.settings import at_least, one_of


def dense(codec, preset, num_labels, **options):
    """Dense layers on whole windows."""
    from gan_keras import networks

    generator = networks.DenseSeriesGenerator(
        codec.tensor_shape, preset.latent_dim, preset.width, num_labels=num_labels, **options
    )
    return generator, networks.DenseSeriesDiscriminator(preset.width, num_labels=num_labels, **options)


def gaussian(codec, preset, num_labels, **options):
    """`dense`, with a generator that starts as a Gaussian of the components."""
    from gan_keras import networks

    begin = {"num_labels": num_labels, "deviations": codec.deviations}
    generator = networks.GaussianSeriesGenerator(codec.tensor_shape, preset.latent_dim, preset.width, **begin, **options)
    return generator, networks.DenseSeriesDiscriminator(preset.width, num_labels=num_labels, **options)


def rcgan(codec, preset, num_labels, **options):
    """Recurrent, with noise at each step."""
    from gan_keras import networks

    generator = networks.RCGANGenerator(codec.tensor_shape, preset.latent_dim, preset.width, num_labels, **options)
    return generator, networks.RCGANDiscriminator(preset.width, num_labels, **options)


def timegan(codec, preset, num_labels, **options):
    """Recurrent, in a learned space of hidden states, without labels."""
    from gan_keras import networks

    generator = networks.TimeGANGenerator(codec.tensor_shape, preset.latent_dim, preset.width, **options)
    return generator, networks.TimeGANDiscriminator(preset.width, **options)


NETWORKS = {"dense": dense, "gaussian": gaussian, "rcgan": rcgan, "timegan": timegan}
"""Pairs of networks by name: functions `(codec, preset, num_labels, **options)` -> generator, discriminator."""

RECURRENT = ("rcgan", "timegan")
"""Networks that need tensors with a time axis, those of the codec `"range"`."""

CODECS = {"range": "SeriesCodec", "components": "ComponentCodec", "scores": "NormalScoreCodec"}
"""Classes of `gan_keras.codecs` by name."""

PRIVATE_NETWORKS = ("gaussian", "dense")
"""Networks that train privately."""

EARLY_STAGES = ("embedding", "supervised")
"""Stages of `"timegan"` before the adversarial one."""


def is_range(value):
    """Returns whether a value is a pair of finite numbers, the smaller first."""
    is_pair = isinstance(value, list | tuple) and len(value) == 2 and all(isinstance(each, int | float) for each in value)
    return is_pair and -math.inf < value[0] < value[1] < math.inf


@dataclasses.dataclass
class SeriesPreset(Preset):
    """A recipe for a GAN of time series. Any field can be changed before `build`.

    Attributes besides those of every `Preset`; `latent_dim` is per step in recurrent networks, `epochs` counts all stages:
        network: A name in `NETWORKS`.
        width: Units per layer.
        network_options: Further arguments of both networks.
        codec: A name in `CODECS`.
        codec_options: Further arguments of the codec.
        length: Steps per window; 0 keeps every series whole, so that their lengths may differ.
        stride: Steps between the starts of two windows.
        time_column: Column of a CSV file: see `gan_keras.data.load_series`.
        id_column: Column of a CSV file: see `gan_keras.data.load_series`.
        types: Types by column, such as `{"note": "drop"}`: see `gan_keras.data.load_table`.
        bounds: Smallest and largest value by column, such as `{"Open": [0, 2000]}`, or of all other columns by `"all"`. They are
            public: a private training, which needs them, does not read ranges off the rows.
        final_share: Final learning rates relative to the first, in (0, 1], reached along half a cosine; 1 for `"timegan"`.
        embedding_epochs: Epochs of `"timegan"`: see `TimeGAN.compile`.
        supervised_epochs: Epochs of `"timegan"`: see `TimeGAN.compile`.
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
    types: dict = dataclasses.field(default_factory=dict)
    bounds: dict = dataclasses.field(default_factory=dict)
    final_share: float = 1.0
    embedding_epochs: int = 0
    supervised_epochs: int = 0

    ranges: ClassVar[tuple] = (
        at_least(1, "width", "stride"),
        ("in (0, 1]", ("final_share",), lambda value: 0 < value <= 1),
        ("at least 2, or 0 for whole series", ("length",), lambda value: value == 0 or value >= 2),
        at_least(0, "embedding_epochs", "supervised_epochs"),
        one_of(NETWORKS, "network"),
        one_of(CODECS, "codec"),
        (
            "the smallest and the largest value by column, such as --set bounds.Open=[0,2000]",
            ("bounds",),
            lambda value: all(is_range(each) for each in value.values()),
        ),
    )
    option_errors: ClassVar = (TypeError, ValueError)  # Keras raises the second for arguments that a network does not know

    @property
    def stage_epochs(self):
        before = {stage: getattr(self, f"{stage}_epochs") for stage in EARLY_STAGES} if self.network == "timegan" else {}
        return {**before, STAGE: self.epochs - sum(before.values())}

    def with_stage_epochs(self, epochs):
        before = {f"{stage}_epochs": epochs[stage] for stage in EARLY_STAGES if stage in epochs}
        return dataclasses.replace(self, epochs=sum(epochs.values()), **before)

    def build(self, series, seed=0):
        import keras

        from gan_keras import codecs
        from gan_keras.gans.gan import GAN
        from gan_keras.gans.time_gan import TimeGAN

        self.check()
        keras.utils.set_random_seed(seed)
        series = self.as_series(series)
        moments = self.released_of(series)
        if moments is not None:
            given = series.columns, self.ranges_of(series.columns), series.window, moments
            codec = self.made("codec_options", codecs.ComponentCodec.from_moments, self.codec_options, *given)
        else:
            codec = self.made("codec_options", getattr(codecs, CODECS[self.codec]), self.codec_options)
            codec.adapt(series)
        options = {**self.network_options, "dtype": self.precision}
        networks = self.made("network_options", NETWORKS[self.network], options, codec, self, self.num_labels(series))
        gan = (TimeGAN if self.network == "timegan" else GAN)(*networks, codec, seed)
        options = self.compile_options()
        for player in ("generator", "discriminator"):
            options[f"{player}_optimizer"].learning_rate = self.falling_rate(player, len(series))
        gan.compile(**options, privacy=self.privacy_of(series, moments))
        if self.epsilon:
            gan.tell(
                f"Private training: a row is a window of {series.window} steps. What several windows of a series have in "
                "common is not hidden."
            )
        return gan

    def release(self, series):
        """Returns `privacy.NoisedMoments` of scaled windows.

        Raises:
            ValueError: If windows share steps, differ in length or have missing cells, or columns have no bounds.
        """
        from gan_keras.modalities.series.evaluation import noised_moments

        ranges = self.ranges_of(series.columns)
        check_separate(series)
        return noised_moments(series, ranges, self.released_share * self.epsilon, self.delta_of(len(series)))

    def ranges_of(self, columns):
        """Returns the bounds of columns, in their order; raises `ValueError` if one has none."""
        unknown = [name for name in self.bounds if name not in (*columns, "all")]
        missing = [name for name in columns if name not in self.bounds and "all" not in self.bounds]
        if unknown or missing:
            problem = (
                f"Got bounds of {unknown[0]!r}, which is no column" if unknown else f"The column {missing[0]!r} has no bounds"
            )
            raise ValueError(
                f"{problem}. Expected the smallest and the largest value of each of {', '.join(columns)}, known without a look "
                f"at the rows, which are private: `--set bounds.{(missing or columns)[0]}=[0,100]`, or bounds.all for all others."
            )
        return [tuple(self.bounds.get(name, self.bounds.get("all"))) for name in columns]

    def private_rows(self, data):
        """See `Preset.private_rows`; a row is a window."""
        data = self.with_used_labels(self.as_series(data))

        def read(rows):
            return (data.samples(rows),) if data.labels is None else (data.samples(rows), data.labels[rows])

        return read

    def falling_rate(self, player, num):
        """The learning-rate schedule of a player over all its updates in a training on `num` windows."""
        import keras

        steps = num // self.batch_size
        steps = self.epochs * max(1, min(steps, self.steps_per_epoch or steps))
        updates = steps * {"generator": 1, "discriminator": self.discriminator_steps}[player]
        return keras.optimizers.schedules.CosineDecay(getattr(self, f"{player}_learning_rate"), updates, alpha=self.final_share)

    def one_pass(self, data, seed):
        from gan_keras.data import series_batches

        return series_batches(self.with_used_labels(self.as_series(data)), self.batch_size, seed)

    def as_series(self, data):
        """Returns `Series`; arrays, data frames and paths are read with the preset's columns and cut into its windows."""
        from gan_keras.data import Series, load_series

        if isinstance(data, Series):
            return data
        return load_series(data, self.length, self.stride, self.time_column, self.id_column, self.types)

    def compile_options(self):
        stages = {f"{stage}_epochs": num for stage, num in self.stage_epochs.items() if stage != STAGE}
        return {**super().compile_options(), **stages}

    def check_fields(self):
        super().check_fields()
        if min(self.stage_epochs.values()) < 0:
            raise ValueError(f"epochs={self.epochs}. Expected the epochs of all stages, which are {self.stage_epochs}.")
        if (self.network in RECURRENT) != (self.codec == "range") and self.network != "dense":
            raise ValueError(
                f"network={self.network!r} with codec={self.codec!r}. Expected codec='range' for the recurrent networks "
                f"{', '.join(RECURRENT)}, and another for 'gaussian', which needs components."
            )
        if self.network == "timegan" and self.final_share != 1:
            raise ValueError(
                f"final_share={self.final_share} with network='timegan', whose stages make different numbers of updates per "
                "batch. Expected final_share=1.0: its learning rates are constant."
            )
        if self.network == "timegan" and self.conditional:
            raise ValueError("conditional=True with network='timegan', which takes no labels. Expected conditional=False.")
        if not self.epsilon:
            return
        if self.network not in PRIVATE_NETWORKS:
            problem = f"network={self.network!r}, which learns from real windows in other ways, or slowly"
        elif self.codec != "components":
            problem = f"codec={self.codec!r}, which reads ranges off the windows"
        elif self.loss.startswith("relativistic"):
            problem = f"loss={self.loss!r}, by which real windows reach the generator"
        elif not self.released_share:
            problem = "released_share=0, which pays for noised components"
        else:
            return
        raise ValueError(
            f"epsilon={self.epsilon:g} with {problem}. Expected the private preset: `--preset private --epsilon 3 --set "
            "bounds.COLUMN=[LOW,HIGH]`."
        )


def check_separate(series):
    """Raises `ValueError` unless the windows of a private training are rows of their own: whole, and without common steps."""
    if series.overlaps:
        raise ValueError(
            f"{series.name} has windows that share steps, so that a step would count as often as windows hold it. Expected "
            f"windows side by side: stride={series.window} (`--set stride={series.window}`)."
        )
    if series.varying or series.missing is not None:
        problem = "windows of several lengths" if series.varying else "missing cells, which are filled from other windows"
        raise ValueError(
            f"{series.name} has {problem}. Expected whole windows of one length for a private training: `--set length=24`, and "
            "files without empty cells."
        )


PRESETS = {
    "default": SeriesPreset(
        "relativistic loss with R1 and R2 on principal components of windows: dense layers, fast",
        latent_dim=32,
        batch_size=128,
        epochs=100,
        steps_per_epoch=30,
        final_share=0.05,
        **relativistic(gamma=0.1, learning_rate=1e-3, beta_2=0.99),
    ),
    "sensors": SeriesPreset(
        "the default on normal scores, with a generator that starts as a Gaussian: for many or skewed columns",
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
        "embedding, supervisor, then joint training; 10,000 steps each on Google's stock prices",
        network="timegan",
        codec="range",
        width=24,
        latent_dim=6,
        conditional=False,
        loss="non_saturating",
        beta_1=0.9,
        batch_size=128,
        embedding_epochs=360,
        supervised_epochs=360,
        epochs=1080,
        generator_ema=0.0,
        **adam(1e-3),
    ),
    "rcgan": SeriesPreset(
        "LSTMs that read noise, and the label if there is one, at each step",
        network="rcgan",
        codec="range",
        width=100,
        latent_dim=5,
        epochs=100,
        **NON_SATURATING,
        **adam(1e-3),
    ),
    "private": SeriesPreset(
        "differential privacy: begins as a Gaussian of noised moments, which a private discriminator corrects",
        network="gaussian",
        width=128,
        latent_dim=16,
        stride=24,
        loss="non_saturating",
        beta_1=0.5,
        batch_size=512,
        epochs=30,
        steps_per_epoch=50,
        discriminator_steps=3,
        patience=0,
        epsilon=10.0,
        released_share=0.5,
        **adam(3e-3),
    ),
    "tiny": SeriesPreset(
        "small dense networks for 4 epochs: trains in seconds, for tests and notebooks; its series are poor",
        width=16,
        latent_dim=8,
        epochs=4,
        steps_per_epoch=4,
        generator_ema=0.9,
        **relativistic(gamma=0.1, learning_rate=1e-3, beta_2=0.99),
    ),
}
