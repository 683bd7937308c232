"""Self-attention over all pixels of a feature map."""

import keras
from keras import layers, ops

from gan_keras.networks.layers.spectral_normalization import SpectralNormalization


@keras.saving.register_keras_serializable(package="gan_keras")
class SelfAttention2D(layers.Layer):
    """`y = x + gamma * o(x)`, where `o` attends to the whole feature map. `gamma` is learned and starts at 0.

    Queries, keys and values have 1/8 of the channels. All four 1x1 convolutions are spectrally normalised, as in both networks of
    the paper. Time and memory are quadratic in the number of pixels.

    Reference: [Zhang et al., 2018](https://arxiv.org/abs/1805.08318), equations 1 to 3.
    """

    def build(self, input_shape):
        channels = input_shape[-1]
        self.query, self.key, self.value = (pointwise(max(1, channels // 8), self.dtype_policy) for _ in range(3))
        self.output_convolution = pointwise(channels, self.dtype_policy)
        for layer in (self.query, self.key, self.value):
            layer.build(input_shape)
        self.output_convolution.build((*input_shape[:-1], max(1, channels // 8)))
        self.gamma = self.add_weight(name="gamma", shape=(), initializer="zeros")

    def call(self, inputs, training=False):
        query, key, value = (layer(inputs, training=training) for layer in (self.query, self.key, self.value))
        scores = ops.matmul(as_rows(query), ops.swapaxes(as_rows(key), 1, 2))
        weights = ops.cast(ops.softmax(ops.cast(scores, "float32")), value.dtype)
        gathered = ops.reshape(ops.matmul(weights, as_rows(value)), ops.shape(value))
        return inputs + self.gamma * self.output_convolution(gathered, training=training)

    def compute_output_shape(self, input_shape):
        return input_shape


def pointwise(filters, dtype):
    return SpectralNormalization(layers.Conv2D(filters, 1, use_bias=False, dtype=dtype))


def as_rows(features):
    """`(batch, height, width, channels)` -> `(batch, pixels, channels)`."""
    return ops.reshape(features, (-1, features.shape[1] * features.shape[2], features.shape[3]))
