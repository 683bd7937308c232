"""Normalisation of every channel of every image by itself."""

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable(package="gan_keras")
class InstanceNormalization(layers.Layer):
    """Scales each channel of each image to mean 0 and variance 1 over its pixels, then by a learnt scale and shift.

    No image knows of the others of its batch, in training or after it: there are no running statistics, and a batch of one is
    as good as any. It computes in float32 whatever its precision.

    Args:
        epsilon: Added to the variance.

    Reference: [Ulyanov et al., 2016](https://arxiv.org/abs/1607.08022).
    """

    def __init__(self, epsilon=1e-5, **kwargs):
        super().__init__(**kwargs)
        self.epsilon = epsilon

    def build(self, input_shape):
        self.gamma = self.add_weight(name="gamma", shape=(input_shape[-1],), initializer="ones")
        self.beta = self.add_weight(name="beta", shape=(input_shape[-1],), initializer="zeros")

    def call(self, inputs):
        mean, variance = ops.moments(ops.cast(inputs, "float32"), axes=(1, 2), keepdims=True)
        scale = ops.rsqrt(variance + self.epsilon) * ops.cast(self.gamma, "float32")
        shift = ops.cast(self.beta, "float32") - mean * scale
        return inputs * ops.cast(scale, inputs.dtype) + ops.cast(shift, inputs.dtype)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "epsilon": self.epsilon}
