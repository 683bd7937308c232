"""Convolutions that see a group of the channels each."""

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable(package="gan_keras")
class GroupedConv2D(layers.Layer):
    """A convolution of stride 1 on groups of channels, as many outputs as inputs, with a bias.

    Keras' own `Conv2D(groups=...)` is compiled by XLA on a processor, which model servers switch off and which is slow for
    gradients of gradients. Here each group is an ordinary convolution.

    Args:
        groups: How many groups; must divide the channels.
        kernel_size: Height and width of the kernel.
        kernel_initializer: Of the kernel `(height, width, channels / groups, channels)`.

    Raises:
        ValueError: On building, if `groups` does not divide the channels.

    Reference: [ResNeXt, Xie et al., 2016](https://arxiv.org/abs/1611.05431), section 3.3.
    """

    def __init__(self, groups, kernel_size=3, kernel_initializer="glorot_uniform", **kwargs):
        super().__init__(**kwargs)
        self.groups, self.kernel_size = groups, kernel_size
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def build(self, input_shape):
        channels = input_shape[-1]
        if channels % self.groups:
            raise ValueError(
                f"{channels} channels do not divide into {self.groups} groups. Expected a multiple: change the width."
            )
        shape = (self.kernel_size, self.kernel_size, channels // self.groups, channels)
        self.kernel = self.add_weight(name="kernel", shape=shape, initializer=self.kernel_initializer)
        self.bias = self.add_weight(name="bias", shape=(channels,), initializer="zeros")

    def call(self, inputs):
        pairs = zip(ops.split(inputs, self.groups, axis=-1), ops.split(self.kernel, self.groups, axis=-1), strict=True)
        return ops.concatenate([ops.conv(group, kernel, padding="same") for group, kernel in pairs], axis=-1) + self.bias

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        initializer = keras.initializers.serialize(self.kernel_initializer)
        config = {"groups": self.groups, "kernel_size": self.kernel_size, "kernel_initializer": initializer}
        return {**super().get_config(), **config}
