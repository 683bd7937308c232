"""Presets of points of a space, such as mixtures of Gaussians in the plane."""

import copy
import dataclasses

import keras
import numpy as np
import tensorflow as tf

from gan_keras.codecs import PointCodec
from gan_keras.gans.gan import GAN
from gan_keras.networks import ComponentGenerator, FourierDiscriminator
from gan_keras.penalties import R1, R2

_RANGES = {
    "at least 1": (
        ("components", "embedding_dim", "waves", "batch_size", "steps", "steps_per_execution"),
        lambda value: value >= 1,
    ),
    "at least 2": (("latent_dim",), lambda value: value >= 2),
    "more than 0": (("learning_rate", "final_learning_rate", "gamma", "final_gamma"), lambda value: 0 < value < float("inf")),
    "more than 1": (("highest_frequency",), lambda value: 1 < value < float("inf")),
    "in [0, 1)": (("beta_1", "beta_2", "generator_ema"), lambda value: 0 <= value < 1),
}


@dataclasses.dataclass
class PointsPreset:
    """A recipe for a `GAN` of points. Any field can be changed before `build`.

    Points are standardised, so that lengths below are in deviations of the data. `gamma` is the square of a length: what is
    finer, the penalised discriminator hardly sees. It falls evenly in its logarithm from `gamma`, the size of the whole, to
    `final_gamma`, the size of the finest detail; the learning rates fall with it, as details are lost by large steps.

    Attributes:
        description: One line about it.
        latent_dim: Numbers of noise for a sample, >= 2; the first chooses a component.
        components: Learned vectors among which it chooses: several times the number of modes that are expected.
        embedding_dim: Width of these vectors.
        units: Widths of the hidden layers of both networks.
        waves: Sines that the discriminator reads.
        highest_frequency: Of the first of them.
        batch_size: Points in a batch.
        steps: Updates that the schedules are made for; training ends there.
        learning_rate: Of both networks, at first.
        final_learning_rate: The same, at the end.
        gamma: Strength of R1 and R2, at first.
        final_gamma: The same, at the end.
        beta_1: Adam's momentum.
        beta_2: Adam's memory of squares.
        generator_ema: Decay of the averaged generator, in [0, 1).
        steps_per_execution: See `keras.Model.compile`.
    """

    description: str = ""
    latent_dim: int = 3
    components: int = 128
    embedding_dim: int = 8
    units: tuple = (64, 64, 64)
    waves: int = 32
    highest_frequency: float = 10.0
    batch_size: int = 128
    steps: int = 12_000
    learning_rate: float = 2e-3
    final_learning_rate: float = 3e-5
    gamma: float = 1.0
    final_gamma: float = 3e-4
    beta_1: float = 0.0
    beta_2: float = 0.99
    generator_ema: float = 0.995
    steps_per_execution: int = 100

    def build(self, points, seed=0):
        """A compiled `GAN` for some training points, whose place and scale its codec learns.

        Args:
            points: `(num, columns)`, finite, in any units.
            seed: Of all weights and noise; Keras' global seed is set to it.

        Raises:
            ValueError: If a field is out of its range or the points will not do.
        """
        self.check()
        codec = PointCodec()
        codec.adapt(points)
        keras.utils.set_random_seed(seed)
        gan = GAN(self.generator(np.shape(points)[1:]), self.discriminator(), codec, seed)
        gan.compile(
            *self.optimizers(),
            loss="relativistic_paired",
            penalties=self.penalties(),
            generator_ema=self.generator_ema,
            steps_per_execution=self.steps_per_execution,
        )
        return gan

    def batches(self, points, seed=0):
        """An endless data set of shuffled batches, for `fit(..., steps_per_epoch=preset.steps)`; `seed` is of their order."""
        shuffled = tf.data.Dataset.from_tensor_slices(np.asarray(points, np.float32)).shuffle(len(points), seed)
        return shuffled.repeat().batch(self.batch_size, drop_remainder=True).prefetch(tf.data.AUTOTUNE)

    def generator(self, sample_shape):
        return ComponentGenerator(sample_shape, self.latent_dim, self.units, self.components, self.embedding_dim)

    def discriminator(self):
        return FourierDiscriminator(self.units, self.waves, self.highest_frequency)

    def optimizers(self):
        """Adam of the generator and Adam of the discriminator."""
        rates = (self.falling(self.learning_rate, self.final_learning_rate) for _ in range(2))
        return [keras.optimizers.Adam(rate, self.beta_1, self.beta_2) for rate in rates]

    def penalties(self):
        return [kind(self.falling(self.gamma, self.final_gamma)) for kind in (R1, R2)]

    def falling(self, first, last):
        """A schedule from `first` to `last` in `steps`, by the same factor in each."""
        return keras.optimizers.schedules.ExponentialDecay(first, self.steps, last / first)

    def check(self):
        """Raises `ValueError` unless every field is in its range."""
        for expected, (fields, is_valid) in _RANGES.items():
            for name in fields:
                if not is_valid(getattr(self, name)):
                    raise ValueError(f"{name}={getattr(self, name)!r}. Expected {expected}.")
        if not self.units or min(self.units) < 1:
            raise ValueError(f"units={self.units!r}. Expected the width, at least 1, of one hidden layer or more.")

    def to_config(self):
        """All fields as JSON can hold them."""
        return {field.name: copy.deepcopy(getattr(self, field.name)) for field in dataclasses.fields(self)}

    @classmethod
    def from_config(cls, config):
        """The preset of which `config` is the `to_config`."""
        return cls(**{**config, "units": tuple(config["units"])})


PRESETS = {
    "default": PointsPreset("relativistic pairing with R1 and R2 that weaken, latents in components: minutes on one core"),
}
