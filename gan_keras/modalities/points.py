"""Presets of points in a space, such as mixtures of Gaussians in the plane."""

import dataclasses

from gan_keras.modalities.preset import fields_of
from gan_keras.modalities.settings import at_least, below_one, check_ranges, positive

_RANGES = (
    at_least(1, "components", "embedding_dim", "waves", "batch_size", "steps", "steps_per_execution"),
    at_least(2, "latent_dim"),
    positive("learning_rate", "final_learning_rate", "gamma", "final_gamma"),
    ("more than 1", ("highest_frequency",), lambda value: 1 < value < float("inf")),
    below_one("beta_1", "beta_2", "generator_ema"),
)


@dataclasses.dataclass
class PointsPreset:
    """A recipe for a `GAN` of points. Any field can be changed before `build`.

    Points are standardised, so the lengths below are in standard deviations of the data. `gamma` is the square of a length: the
    penalised discriminator hardly sees finer structure. It decays exponentially from `gamma`, the scale of the whole, to
    `final_gamma`, the scale of the finest detail. The learning rates decay along with it, as large steps lose details.

    Attributes:
        description: One line for `gan-keras presets`.
        latent_dim: Size of the noise vector of a sample, >= 2; the first number chooses a component.
        components: Learned vectors to choose from: several times the expected number of modes.
        embedding_dim: Size of these vectors.
        units: Widths of the hidden layers of both networks.
        waves: Sines that the discriminator reads.
        highest_frequency: Frequency of the first sine.
        batch_size: Points per batch.
        steps: Updates that the schedules are made for; training ends there.
        learning_rate: First learning rate of both networks.
        final_learning_rate: Last learning rate of both networks.
        gamma: First strength of R1 and R2.
        final_gamma: Last strength of R1 and R2.
        beta_1: Adam's decay of the first moment.
        beta_2: Adam's decay of the second moment.
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
        """Returns a compiled `GAN` with a codec that standardises the training points.

        Args:
            points: `(num, columns)`, finite, in any units.
            seed: Seed of all weights and noise; Keras' global seed is set to it.

        Raises:
            ValueError: If a field is out of its range, or the points are not finite rows.
        """
        import keras
        import numpy as np

        from gan_keras.codecs import PointCodec
        from gan_keras.gans.gan import GAN

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
        """Returns endless shuffled batches, for `fit(..., steps_per_epoch=preset.steps)`; `seed` determines their order."""
        import numpy as np
        import tensorflow as tf

        shuffled = tf.data.Dataset.from_tensor_slices(np.asarray(points, np.float32)).shuffle(len(points), seed)
        return shuffled.repeat().batch(self.batch_size, drop_remainder=True).prefetch(tf.data.AUTOTUNE)

    def generator(self, sample_shape):
        from gan_keras.networks import ComponentGenerator

        return ComponentGenerator(sample_shape, self.latent_dim, self.units, self.components, self.embedding_dim)

    def discriminator(self):
        from gan_keras.networks import FourierDiscriminator

        return FourierDiscriminator(self.units, self.waves, self.highest_frequency)

    def optimizers(self):
        """Adam for the generator, and another for the discriminator."""
        import keras

        rates = (self.decay(self.learning_rate, self.final_learning_rate) for _ in range(2))
        return [keras.optimizers.Adam(rate, self.beta_1, self.beta_2) for rate in rates]

    def penalties(self):
        from gan_keras.penalties import R1, R2

        return [kind(self.decay(self.gamma, self.final_gamma)) for kind in (R1, R2)]

    def decay(self, first, last):
        """A schedule from `first` to `last` over `steps`, with the same factor at each step."""
        import keras

        return keras.optimizers.schedules.ExponentialDecay(first, self.steps, last / first)

    def check_fields(self):
        """Raises `ValueError` unless every field is in its range."""
        check_ranges(self, _RANGES)
        if not self.units or min(self.units) < 1:
            raise ValueError(f"units={self.units!r}. Expected the width, at least 1, of each of one or more hidden layers.")

    check = check_fields

    def to_config(self):
        """Returns all fields in a form that JSON can hold."""
        return fields_of(self)

    @classmethod
    def from_config(cls, config):
        """Restores a preset from its `to_config`."""
        return cls(**{**config, "units": tuple(config["units"])})


PRESETS = {
    "default": PointsPreset("relativistic loss with decaying R1 and R2, latents in learned components: minutes on one core"),
}
