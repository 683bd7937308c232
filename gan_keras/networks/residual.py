"""Residual blocks that double or halve the resolution, shared by the networks of WGAN-GP, SN-GAN and BigGAN.

A subclass of a block says what a convolution is: that is all in which the papers' blocks differ.

Reference: [Gulrajani et al., 2017](https://arxiv.org/abs/1704.00028), appendix;
[Miyato et al., 2018](https://arxiv.org/abs/1802.05957), figure 8.
"""

import keras
from keras import layers, ops

from gan_keras.networks.image_base import ImageDiscriminator, check_labels
from gan_keras.networks.layers import BatchNormalization, ConditionalBatchNormalization, SpectralNormalization
from gan_keras.networks.precision import OnePrecision


class ResidualBlock(OnePrecision, layers.Layer):
    """Base of the blocks.

    Args:
        filters: Channels of the output.
    """

    def __init__(self, filters, **kwargs):
        super().__init__(**kwargs)
        self.filters = filters

    def convolution(self, filters, size):
        """A convolution of `size` x `size` that keeps the resolution."""
        return layers.Conv2D(filters, size, padding="same")

    def get_config(self):
        return {**super().get_config(), "filters": self.filters}


@keras.saving.register_keras_serializable(package="gan_keras")
class UpBlock(ResidualBlock):
    """Batch normalisation, ReLU, doubled pixels, convolution, and a second convolution; beside it doubled pixels and 1x1.

    Args:
        filters: Channels of the output.
        num_labels: How many labels set the scale and shift of the normalisation; 0 for none.
    """

    def __init__(self, filters, num_labels=0, **kwargs):
        super().__init__(filters, **kwargs)
        self.num_labels = num_labels
        self.normalizations = [self.normalization() for _ in range(2)]
        self.convolutions = [self.convolution(filters, 3) for _ in range(2)]
        self.shortcut, self.upsampling = self.convolution(filters, 1), layers.UpSampling2D()

    def normalization(self):
        return normalization_for(self.num_labels)

    def call(self, inputs, labels=None, training=False):
        features = ops.relu(normalize(self.normalizations[0], inputs, labels, training))
        features = self.convolutions[0](self.upsampling(features), training=training)
        features = ops.relu(normalize(self.normalizations[1], features, labels, training))
        # A convolution of 1x1 before the pixels are doubled gives the same as after, at a quarter of the work.
        return self.convolutions[1](features, training=training) + self.upsampling(self.shortcut(inputs, training=training))

    def get_config(self):
        return {**super().get_config(), "num_labels": self.num_labels}


@keras.saving.register_keras_serializable(package="gan_keras")
class DownBlock(ResidualBlock):
    """ReLU, convolution, ReLU, convolution, mean of 2x2 pixels; beside it 1x1 and mean. No normalisation over the batch.

    Args:
        filters: Channels of the output.
    """

    def __init__(self, filters, **kwargs):
        super().__init__(filters, **kwargs)
        self.convolutions = [self.convolution(filters, 3) for _ in range(2)]
        self.shortcut, self.pooling = self.convolution(filters, 1), layers.AveragePooling2D(2)

    def call(self, inputs, training=False):
        features = self.convolutions[0](self.before(inputs), training=training)
        features = self.convolutions[1](ops.relu(features), training=training)
        # The mean of 2x2 pixels first gives the same 1x1 convolution at a quarter of the work.
        return self.pooling(features) + self.shortcut(self.pooling(inputs), training=training)

    def before(self, inputs):
        return ops.relu(inputs)


@keras.saving.register_keras_serializable(package="gan_keras")
class FirstDownBlock(DownBlock):
    """A `DownBlock` that reads an image: without the first ReLU, which would throw away all that is darker than grey."""

    def before(self, inputs):
        return inputs


@keras.saving.register_keras_serializable(package="gan_keras")
class PlainBlock(ResidualBlock):
    """ReLU, convolution, ReLU, convolution, added to the input, which must have as many channels."""

    def __init__(self, filters, **kwargs):
        super().__init__(filters, **kwargs)
        self.convolutions = [self.convolution(filters, 3) for _ in range(2)]

    def call(self, inputs, training=False):
        features = inputs
        for convolution in self.convolutions:
            features = convolution(ops.relu(features), training=training)
        return inputs + features


class SpectralConvolutions:
    """Makes the convolutions of a block spectrally normalised."""

    def convolution(self, filters, size):
        return SpectralNormalization(super().convolution(filters, size))


@keras.saving.register_keras_serializable(package="gan_keras")
class SpectralUpBlock(SpectralConvolutions, UpBlock):
    """`UpBlock` with spectral normalisation."""


@keras.saving.register_keras_serializable(package="gan_keras")
class SpectralDownBlock(SpectralConvolutions, DownBlock):
    """`DownBlock` with spectral normalisation."""


@keras.saving.register_keras_serializable(package="gan_keras")
class SpectralFirstDownBlock(SpectralConvolutions, FirstDownBlock):
    """`FirstDownBlock` with spectral normalisation."""


@keras.saving.register_keras_serializable(package="gan_keras")
class SpectralPlainBlock(SpectralConvolutions, PlainBlock):
    """`PlainBlock` with spectral normalisation."""


class SpectralDiscriminator(ImageDiscriminator):
    """Base of discriminators that sum their last features over the image, with spectral normalisation up to the logit.

    A subclass implements `feature_map(samples, training)`. Arguments as of `ImageDiscriminator`.
    """

    def add_head(self, filters):
        """Makes the last layers, for features of so many channels."""
        self.logit = SpectralNormalization(layers.Dense(1, dtype="float32"))
        self.label_embedding = None
        if self.num_labels:
            self.label_embedding = SpectralNormalization(layers.Embedding(self.num_labels, filters, dtype="float32"))

    def call(self, samples, labels=None, training=False):
        check_labels(labels, self.num_labels)
        features = self.features(samples, training=training)
        return self.with_labels(self.logit(features, training=training), features, labels)

    def features(self, samples, training=False):
        """What the last layer reads: `(batch, filters)`, float32."""
        return ops.sum(ops.cast(ops.relu(self.feature_map(samples, training)), "float32"), axis=(1, 2))


def normalization_for(num_labels):
    """Batch normalisation, with a scale and shift for each label where there are labels."""
    return ConditionalBatchNormalization(num_labels) if num_labels else BatchNormalization(momentum=0.9, epsilon=1e-5)


def normalize(normalization, features, condition, training):
    """Keras' own layer knows no condition; those of this package take labels or a vector."""
    if isinstance(normalization, layers.BatchNormalization):
        return normalization(features, training=training)
    return normalization(features, condition, training=training)
