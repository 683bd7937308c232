"""Residual blocks that double or halve the resolution, shared by WGAN-GP, SN-GAN and BigGAN.

The papers' blocks differ only in their convolutions and normalisations, which subclasses override.

Reference: [Gulrajani et al., 2017](https://arxiv.org/abs/1704.00028), appendix;
[Miyato et al., 2018](https://arxiv.org/abs/1802.05957), figure 8.
"""

import keras
from keras import layers, ops

from gan_keras.networks.base import OnePrecision
from gan_keras.networks.image_base import ImageDiscriminator
from gan_keras.networks.layers import BatchNormalization, ConditionalBatchNormalization, SpectralNormalization


class ResidualBlock(OnePrecision, layers.Layer):
    """Base class of the blocks, with `filters` output channels."""

    def __init__(self, filters, **kwargs):
        super().__init__(**kwargs)
        self.filters = filters

    def convolution(self, filters, size):
        """A `size` x `size` convolution that keeps the resolution."""
        return layers.Conv2D(filters, size, padding="same")

    def get_config(self):
        return {**super().get_config(), "filters": self.filters}


@keras.saving.register_keras_serializable(package="gan_keras")
class UpBlock(ResidualBlock):
    """Doubles the resolution: twice batch normalisation, ReLU and convolution, repeating pixels before the first convolution.

    The shortcut repeats pixels, with a 1x1 convolution.

    Args:
        filters: Channels of the output.
        num_labels: Number of labels with a scale and shift of their own in the normalisation; 0 for none.
    """

    def __init__(self, filters, num_labels=0, **kwargs):
        super().__init__(filters, **kwargs)
        self.num_labels = num_labels
        self.normalizations = [self.normalization() for _ in range(2)]
        self.convolutions = [self.convolution(filters, 3) for _ in range(2)]
        self.shortcut, self.upsampling = self.convolution(filters, 1), layers.UpSampling2D()

    def normalization(self):
        if self.num_labels:
            return ConditionalBatchNormalization(self.num_labels)
        return BatchNormalization(momentum=0.9, epsilon=1e-5)

    def call(self, inputs, labels=None, training=False):
        features = ops.relu(normalize(self.normalizations[0], inputs, labels, training))
        features = self.convolutions[0](self.upsampling(features), training=training)
        features = ops.relu(normalize(self.normalizations[1], features, labels, training))
        # The 1x1 convolution before the upsampling gives the same result as after it, with a quarter of the work.
        return self.convolutions[1](features, training=training) + self.upsampling(self.shortcut(inputs, training=training))

    def get_config(self):
        return {**super().get_config(), "num_labels": self.num_labels}


@keras.saving.register_keras_serializable(package="gan_keras")
class DownBlock(ResidualBlock):
    """Halves the resolution: twice ReLU and convolution, then the mean of 2x2 pixels. No batch normalisation.

    The shortcut is the mean of 2x2 pixels, with a 1x1 convolution.
    """

    def __init__(self, filters, **kwargs):
        super().__init__(filters, **kwargs)
        self.convolutions = [self.convolution(filters, 3) for _ in range(2)]
        self.shortcut, self.pooling = self.convolution(filters, 1), layers.AveragePooling2D(2)

    def call(self, inputs, training=False):
        features = self.convolutions[0](self.before(inputs), training=training)
        features = self.convolutions[1](ops.relu(features), training=training)
        # The 1x1 convolution after the pooling gives the same result as before it, with a quarter of the work.
        return self.pooling(features) + self.shortcut(self.pooling(inputs), training=training)

    def before(self, inputs):
        return ops.relu(inputs)


@keras.saving.register_keras_serializable(package="gan_keras")
class FirstDownBlock(DownBlock):
    """`DownBlock` for images, without the first ReLU, which would discard everything darker than grey."""

    def before(self, inputs):
        return inputs


@keras.saving.register_keras_serializable(package="gan_keras")
class PlainBlock(ResidualBlock):
    """Twice ReLU and convolution, added to the input, which must have `filters` channels."""

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
    """Base class of discriminators that sum their last features over the image, with spectral normalisation up to the logit.

    Subclasses implement `feature_map(samples, training)`. The arguments are those of `ImageDiscriminator`.
    """

    def add_head(self, filters):
        self.logit = SpectralNormalization(layers.Dense(1, dtype="float32"))
        self.label_embedding = None
        if self.num_labels:
            self.label_embedding = SpectralNormalization(layers.Embedding(self.num_labels, filters, dtype="float32"))

    def features(self, samples, training=False):
        """Inputs of the last layer: `(batch, filters)`, float32."""
        return ops.sum(ops.cast(ops.relu(self.feature_map(samples, training)), "float32"), axis=(1, 2))


def normalize(normalization, features, condition, training):
    """Normalises features, passing the condition (labels or vectors) to a conditional layer only."""
    if isinstance(normalization, layers.BatchNormalization):
        return normalization(features, training=training)
    return normalization(features, condition, training=training)
