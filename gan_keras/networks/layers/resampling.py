"""Changes of resolution by a factor of two with a fixed smooth kernel, and random shifts in time (phase shuffle)."""

import operator

import keras
import numpy as np
from keras import layers, ops

from gan_keras import replicas


@keras.saving.register_keras_serializable(package="gan_keras")
class SmoothUpsampling2D(layers.Layer):
    """`(batch, height, width, channels)` -> `(batch, 2 * height, 2 * width, channels)`, without a visible pixel grid.

    Repeats pixels, then smooths by the binomial kernel `[1, 2, 1]`. Away from the zero-padded border this is bilinear
    interpolation.

    Reference: [Zhang, 2019](https://arxiv.org/abs/1904.11486); in a GAN [Karras et al., 2018](https://arxiv.org/abs/1812.04948).
    """

    def call(self, inputs):
        doubled = ops.repeat(ops.repeat(inputs, 2, axis=1), 2, axis=2)
        return ops.depthwise_conv(doubled, smoothing_kernel([1, 2, 1], doubled), padding="same")

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        return (batch, height * 2, width * 2, channels)


@keras.saving.register_keras_serializable(package="gan_keras")
class SmoothDownsampling2D(layers.Layer):
    """`(batch, height, width, channels)` -> `(batch, height / 2, width / 2, channels)`, for even heights and widths.

    Smooths by the binomial kernel `[1, 3, 3, 1]`, zero-padded, then drops every other pixel. References as for
    `SmoothUpsampling2D`.
    """

    def call(self, inputs):
        return ops.depthwise_conv(inputs, smoothing_kernel([1, 3, 3, 1], inputs), strides=2, padding="same")

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        return (batch, height // 2, width // 2, channels)


def smoothing_kernel(weights, inputs):
    """Outer product of the weights, scaled to sum 1, for each channel: `(size, size, channels, 1)`."""
    kernel = np.outer(weights, weights) / np.sum(weights) ** 2
    return ops.convert_to_tensor(np.tile(kernel[:, :, None, None], (1, 1, inputs.shape[-1], 1)), inputs.dtype)


@keras.saving.register_keras_serializable(package="gan_keras")
class PhaseShuffle(layers.Layer):
    """Shifts each row of features `(batch, length, channels)` in time by a few random steps, during training, with reflection.

    Transposed convolutions leave a hum of fixed phase in all samples, which gives them away to a discriminator. After a random
    shift, the phase carries no information.

    Args:
        most: Largest shift in either direction, in steps, >= 0; 2 works best in the paper.
        seed: Seed of the shifts; None for one from Keras' global seed. The random state is saved with the `GAN`.

    Raises:
        TypeError: If `most` is not a whole number.
        ValueError: If `most` is negative.

    Reference: [Donahue et al., 2019](https://arxiv.org/abs/1802.04208), section 3.3.
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
        shifts = replicas.rows_of_all(
            lambda num: keras.random.randint((num,), -self.most, self.most + 1, seed=self.seed_generator), ops.shape(features)[0]
        )
        sources = ops.arange(length)[None, :] - shifts[:, None]
        sources = ops.abs(sources)  # reflected at the start,
        sources = ops.clip((length - 1) - ops.abs((length - 1) - sources), 0, length - 1)  # and at the end
        return ops.take_along_axis(features, sources[:, :, None], axis=1)

    def get_config(self):
        return {**super().get_config(), "most": self.most, "seed": self.seed}
