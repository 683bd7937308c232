"""Change of resolution by a factor of two with a fixed smooth kernel, so that no grid of pixels shows.

Both kernels are binomial: `[1, 2, 1]` after pixels are doubled, `[1, 3, 3, 1]` where every other one is dropped. Away from the
border, upsampling is bilinear interpolation. Borders are padded with zeros.

Reference: [Zhang, 2019](https://arxiv.org/abs/1904.11486); in a GAN [Karras et al., 2018](https://arxiv.org/abs/1812.04948).
"""

import keras
import numpy as np
from keras import layers, ops


@keras.saving.register_keras_serializable(package="gan_keras")
class SmoothUpsampling2D(layers.Layer):
    """`(batch, height, width, channels)` -> `(batch, 2 * height, 2 * width, channels)`."""

    def call(self, inputs):
        doubled = ops.repeat(ops.repeat(inputs, 2, axis=1), 2, axis=2)
        return ops.depthwise_conv(doubled, smoothing_kernel([1, 2, 1], doubled), padding="same")

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        return (batch, height * 2, width * 2, channels)


@keras.saving.register_keras_serializable(package="gan_keras")
class SmoothDownsampling2D(layers.Layer):
    """`(batch, height, width, channels)` -> `(batch, height / 2, width / 2, channels)`, of even height and width."""

    def call(self, inputs):
        return ops.depthwise_conv(inputs, smoothing_kernel([1, 3, 3, 1], inputs), strides=2, padding="same")

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        return (batch, height // 2, width // 2, channels)


def smoothing_kernel(weights, inputs):
    """The outer product of the weights, with sum 1, for each channel: `(size, size, channels, 1)`."""
    kernel = np.outer(weights, weights) / np.sum(weights) ** 2
    return ops.convert_to_tensor(np.tile(kernel[:, :, None, None], (1, 1, inputs.shape[-1], 1)), inputs.dtype)
