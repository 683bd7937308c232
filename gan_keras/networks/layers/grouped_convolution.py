"""Grouped convolutions that need no XLA."""

import functools

import keras
import tensorflow as tf
from keras import layers, ops


@keras.saving.register_keras_serializable(package="gan_keras")
class GroupedConv2D(layers.Layer):
    """A convolution of stride 1 over groups of channels, with as many output channels as input channels, and a bias.

    On a CPU, Keras' `Conv2D(groups=...)` is compiled by XLA, which model servers disable and which is slow for gradients of
    gradients. This layer uses TensorFlow's grouped operation where it has a gradient (on a GPU, and on a CPU with oneDNN), and
    one convolution per group otherwise. Both compute the same sums.

    Args:
        groups: Number of groups; must divide the channels.
        kernel_size: Height and width of the kernel.
        kernel_initializer: Initializer of the kernel `(height, width, channels / groups, channels)`.

    Raises:
        ValueError: When built, if `groups` does not divide the channels.

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
        convolution = tf.nn.conv2d if groups_have_gradients() else one_by_one
        kernel = ops.convert_to_tensor(self.kernel)  # in the layer's own precision
        return convolution(inputs, kernel, strides=1, padding="SAME") + self.bias

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        initializer = keras.initializers.serialize(self.kernel_initializer)
        return {**super().get_config(), "groups": self.groups, "kernel_size": self.kernel_size, "kernel_initializer": initializer}


def one_by_one(inputs, kernel, **options):
    """Convolves each group of channels by its own `tf.nn.conv2d`."""
    groups = inputs.shape[-1] // kernel.shape[2]
    pairs = zip(ops.split(inputs, groups, axis=-1), ops.split(kernel, groups, axis=-1), strict=True)
    return ops.concatenate([tf.nn.conv2d(group, part, **options) for group, part in pairs], axis=-1)


@functools.cache
def groups_have_gradients():
    """Returns True if TensorFlow can differentiate grouped convolutions on this machine. Tries it, once per process."""
    with tf.init_scope():
        image, kernel = tf.ones((1, 1, 1, 2)), tf.ones((1, 1, 1, 2))
        with tf.GradientTape() as tape:
            tape.watch(image)
            outputs = tf.nn.conv2d(image, kernel, strides=1, padding="SAME")
        try:
            tape.gradient(outputs, image)
        except tf.errors.OpError:
            return False
    return True
