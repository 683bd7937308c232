"""Batch normalisation by a batch that never changes: a sample no longer depends on those beside it."""

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable(package="gan_keras")
class VirtualBatchNormalization(layers.Layer):
    """Normalises each sample by the statistics of the reference samples and of itself, then scales and shifts.

    The first `num_reference` rows of the batch are the reference; `networks.WithReference` puts them there. They are
    normalised by their own statistics. For images these are taken over all pixels too.

    Args:
        num_reference: How many rows are the reference, >= 1.
        epsilon: Added to the variance.

    Raises:
        ValueError: If `num_reference` is below 1.

    Reference: [Salimans et al., 2016](https://arxiv.org/abs/1606.03498), section 3.4.
    """

    def __init__(self, num_reference=64, epsilon=1e-5, **kwargs):
        super().__init__(**kwargs)
        if num_reference < 1:
            raise ValueError(f"num_reference={num_reference}. Expected at least one sample to normalise by.")
        self.num_reference, self.epsilon = num_reference, epsilon

    def build(self, input_shape):
        self.gamma = self.add_weight(name="gamma", shape=(input_shape[-1],), initializer="ones")
        self.beta = self.add_weight(name="beta", shape=(input_shape[-1],), initializer="zeros")

    def call(self, inputs):
        features = ops.cast(inputs, "float32")
        reference, others = features[: self.num_reference], features[self.num_reference :]
        inner = tuple(range(1, len(inputs.shape) - 1))
        mean, variance = moments(reference, (0, *inner))
        own_mean, own_variance = moments(others, inner)
        share = 1.0 / (self.num_reference + 1)
        joint_mean = mean + share * (own_mean - mean)
        between = share * (1 - share) * ops.square(own_mean - mean)
        joint_variance = (1 - share) * variance + share * own_variance + between
        normalized = [self.normalize(reference, mean, variance), self.normalize(others, joint_mean, joint_variance)]
        return ops.cast(ops.concatenate(normalized) * self.gamma + self.beta, inputs.dtype)

    def normalize(self, features, mean, variance):
        return (features - mean) * ops.rsqrt(variance + self.epsilon)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "num_reference": self.num_reference, "epsilon": self.epsilon}


def moments(features, axes):
    return ops.mean(features, axis=axes, keepdims=True), ops.var(features, axis=axes, keepdims=True)
