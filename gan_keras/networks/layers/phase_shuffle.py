"""Phase shuffle: [Donahue et al., 2019](https://arxiv.org/abs/1802.04208), section 3.3."""

import operator

import keras
from keras import layers, ops

from gan_keras import replicas


@keras.saving.register_keras_serializable(package="gan_keras")
class PhaseShuffle(layers.Layer):
    """Shifts each row of features `(batch, length, channels)` in time by a few steps, at random, in training.

    Transposed convolutions leave a hum of one phase in all that they make, by which a discriminator tells it. Shifted, the
    phase says nothing. What comes in from outside is reflected.

    Args:
        most: The furthest shift, either way, >= 0; the paper's best is 2.
        seed: Of the shifts; None for one by Keras' global seed. Its state is saved with the `GAN`.

    Raises:
        TypeError: If `most` is no whole number.
        ValueError: If it is negative.
    """

    def __init__(self, most=2, seed=None, **kwargs):
        super().__init__(**kwargs)
        if most < 0:
            raise ValueError(f"most={most}. Expected a number of steps >= 0.")
        self.most, self.seed = operator.index(most), seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, features, training=False):
        if not training or not self.most:
            return features
        length = features.shape[1]
        shifts = replicas.rows_of_all(self.draw, ops.shape(features)[0])
        sources = ops.arange(length)[None, :] - shifts[:, None]
        sources = ops.abs(sources)  # reflected at the beginning,
        sources = ops.clip((length - 1) - ops.abs((length - 1) - sources), 0, length - 1)  # and at the end
        return ops.take_along_axis(features, sources[:, :, None], axis=1)

    def draw(self, num):
        """Shifts for so many rows, whole numbers from `-most` to `most`."""
        return keras.random.randint((num,), -self.most, self.most + 1, seed=self.seed_generator)

    def get_config(self):
        return {**super().get_config(), "most": self.most, "seed": self.seed}
