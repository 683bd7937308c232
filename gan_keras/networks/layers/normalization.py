"""Normalisations over the batch, the pixels or the channels of feature maps `(batch, height, width, channels)`."""

import keras
from keras import layers, ops

from gan_keras import replicas
from gan_keras.networks.layers.spectral_normalization import SpectralNormalization


@keras.saving.register_keras_serializable(package="gan_keras")
class BatchNormalization(layers.BatchNormalization):
    """`keras.layers.BatchNormalization` over the whole batch, also if several replicas share it: same numbers as on one device.

    As in Keras' layer, gradients of gradients treat the mean in the deviations from it as a constant. The gradient of penalties
    such as `R1` behind convolutions is therefore off by up to 3 %, but training is steadier. With the exact gradient, the image
    preset `default` on MNIST with `width=4` reached Frechet distances of 2.9, 49.6 and 11.9 (seeds 0 to 2) after 1,500 steps,
    instead of 5.2, 5.6 and 5.5.
    """

    def _moments(self, inputs, mask):
        if replicas.count() == 1 or mask is not None:
            return super()._moments(inputs, mask)
        mean = replicas.mean(ops.mean(inputs, self._reduction_axes))
        deviations = inputs - ops.stop_gradient(mean)
        return mean, replicas.mean(ops.mean(ops.square(deviations), self._reduction_axes))


@keras.saving.register_keras_serializable(package="gan_keras")
class ConditionalBatchNormalization(layers.Layer):
    """Batch normalisation with a scale and shift per label: `call(inputs, labels, training=False)`.

    Args:
        num_labels: Number of labels, >= 1. Labels are integers from 0, shape `(batch,)`.
        momentum: Decay of the statistics for inference, in [0, 1).
        epsilon: Added to the variance.

    Raises:
        ValueError: If `num_labels` is below 1.

    Reference: [Dumoulin et al., 2016](https://arxiv.org/abs/1610.07629), section 2.2.
    """

    def __init__(self, num_labels, momentum=0.9, epsilon=1e-5, **kwargs):
        super().__init__(**kwargs)
        if num_labels < 1:
            raise ValueError(f"num_labels={num_labels}. Expected at least 1; without labels use `BatchNormalization`.")
        self.num_labels, self.momentum, self.epsilon = num_labels, momentum, epsilon
        self.normalization = plain_batch_normalization(momentum, epsilon, self.dtype_policy)

    def build(self, input_shape):
        self.normalization.build(input_shape)
        shape = (self.num_labels, input_shape[-1])
        self.gamma = self.add_weight(name="gamma", shape=shape, initializer="ones")
        self.beta = self.add_weight(name="beta", shape=shape, initializer="zeros")

    def call(self, inputs, labels, training=False):
        normalized = self.normalization(inputs, training=training)
        rows = (-1, *[1] * (len(inputs.shape) - 2), inputs.shape[-1])
        gamma, beta = (ops.reshape(ops.take(table, labels, axis=0), rows) for table in (self.gamma, self.beta))
        return normalized * gamma + beta

    def compute_output_shape(self, input_shape, labels_shape=None):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "num_labels": self.num_labels, "momentum": self.momentum, "epsilon": self.epsilon}


@keras.saving.register_keras_serializable(package="gan_keras")
class ModulatedBatchNormalization(layers.Layer):
    """Batch normalisation scaled and shifted by linear functions of a vector per sample: `call(inputs, vectors, training)`.

    The scale is 1 plus a function of the vector. Both functions are spectrally normalised and have no bias.

    Args:
        momentum: Decay of the statistics for inference, in [0, 1).
        epsilon: Added to the variance.

    Reference: [Brock et al., 2018](https://arxiv.org/abs/1809.11096), appendix B.
    """

    def __init__(self, momentum=0.9, epsilon=1e-5, **kwargs):
        super().__init__(**kwargs)
        self.momentum, self.epsilon = momentum, epsilon
        self.normalization = plain_batch_normalization(momentum, epsilon, self.dtype_policy)

    def build(self, inputs_shape, vectors_shape):
        self.normalization.build(inputs_shape)
        options = {"use_bias": False, "dtype": self.dtype_policy}
        self.scale, self.shift = (SpectralNormalization(layers.Dense(inputs_shape[-1], **options)) for _ in range(2))
        for layer in (self.scale, self.shift):
            layer.build(vectors_shape)

    def call(self, inputs, vectors, training=False):
        normalized = self.normalization(inputs, training=training)
        rows = (-1, *[1] * (len(inputs.shape) - 2), inputs.shape[-1])
        scale, shift = (ops.reshape(layer(vectors, training=training), rows) for layer in (self.scale, self.shift))
        return normalized * (1.0 + scale) + shift

    def compute_output_shape(self, inputs_shape, vectors_shape=None):
        return inputs_shape

    def get_config(self):
        return {**super().get_config(), "momentum": self.momentum, "epsilon": self.epsilon}


@keras.saving.register_keras_serializable(package="gan_keras")
class MinibatchStandardDeviation(layers.Layer):
    """Adds a channel with the spread of the samples in a group, so that a discriminator sees a lack of variety.

    The standard deviation over the group is computed per feature and averaged over all features: one number per group.

    Args:
        group_size: Samples per group, >= 2. A batch that is not a multiple of it is one group.

    Raises:
        ValueError: If `group_size` is below 2.

    Reference: [Karras et al., 2017](https://arxiv.org/abs/1710.10196), section 3.
    """

    def __init__(self, group_size=4, **kwargs):
        super().__init__(**kwargs)
        if group_size < 2:
            raise ValueError(f"group_size={group_size}. Expected at least 2: a single sample has no spread.")
        self.group_size = group_size

    def call(self, inputs):
        batch, *features = ops.shape(inputs)
        num_groups = ops.where(batch % self.group_size == 0, batch // self.group_size, 1)
        grouped = ops.reshape(ops.cast(inputs, "float32"), (-1, num_groups, *features))
        deviation = ops.sqrt(ops.var(grouped, axis=0) + 1e-8)
        mean = ops.mean(deviation, axis=tuple(range(1, len(features) + 1)), keepdims=True)
        mean = ops.tile(mean, (batch // num_groups, *features[:-1], 1))
        return ops.concatenate([inputs, ops.cast(mean, inputs.dtype)], axis=-1)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], input_shape[-1] + 1)

    def get_config(self):
        return {**super().get_config(), "group_size": self.group_size}


@keras.saving.register_keras_serializable(package="gan_keras")
class PixelNormalization(layers.Layer):
    """Scales the channels of each pixel to a mean square of 1.

    Args:
        epsilon: Added to the mean square.

    Reference: [Karras et al., 2017](https://arxiv.org/abs/1710.10196), section 4.2.
    """

    def __init__(self, epsilon=1e-8, **kwargs):
        super().__init__(**kwargs)
        self.epsilon = epsilon

    def call(self, inputs):
        mean_square = ops.mean(ops.square(ops.cast(inputs, "float32")), axis=-1, keepdims=True)
        return inputs * ops.cast(ops.rsqrt(mean_square + self.epsilon), inputs.dtype)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "epsilon": self.epsilon}


def plain_batch_normalization(momentum, epsilon, dtype):
    """Batch normalisation without a scale and shift of its own."""
    return BatchNormalization(momentum=momentum, epsilon=epsilon, center=False, scale=False, dtype=dtype)


@keras.saving.register_keras_serializable(package="gan_keras")
class InstanceNormalization(layers.Layer):
    """Normalises each channel of each image to mean 0 and variance 1 over its pixels, followed by a learned scale and shift.

    An image does not depend on the others in its batch, neither in training nor in inference: there are no running statistics.
    Computes in float32, whatever its precision.

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
